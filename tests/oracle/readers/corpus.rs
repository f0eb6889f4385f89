//! Every Alloy configuration of the cases and of the example repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Texts that people could have written, as they are and without the lines of their templates' statements.
pub(super) fn configs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["example", "rewrites"].into_iter().flat_map(|top| walk(&root.join(top)));
    let texts = files.filter(|path| path.to_string_lossy().contains(".alloy")).filter_map(|path| {
        let text = String::from_utf8(fs::read(path).ok()?).ok()?;
        Some([plain(&text), text])
    });
    let mut configs: Vec<String> = texts.flatten().collect();
    configs.sort();
    configs.dedup();
    assert!(configs.len() > 20, "the cases and the example are not where they were");
    configs
}

/// A template without the lines of its statements; expressions in strings are no trouble.
fn plain(text: &str) -> String {
    text.lines().filter(|line| !line.contains("{%")).fold(String::new(), |text, line| text + line + "\n")
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
