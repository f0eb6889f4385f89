//! The judge: the Go program of `judge/`, built once for each version of its sources, asked over pipes.
//!
//! Knows: where it lies, how it is built, the shapes of questions and answers. Must not know: what is asked and why.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use git2::{ObjectType, Oid};
use serde::Deserialize;
use serde_json::json;

/// What Alloy's parser makes of a text.
#[derive(Deserialize)]
pub(crate) struct Read {
    /// Empty when Alloy accepts it.
    #[serde(default)]
    pub(crate) error: String,
    /// Its statements in order, inner ones after the block they stand in.
    pub(crate) body: Option<Vec<Statement>>,
}

/// One block or attribute.
#[derive(Deserialize)]
pub(crate) struct Statement {
    /// Blocks around it.
    pub(crate) depth: usize,
    pub(crate) block: bool,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) label: String,
}

/// The judge's sources.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/judge")
}

/// Where slow build output is kept, as `.ci/run` has it.
fn cache() -> Result<PathBuf, String> {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = || from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")));
    from("MIGRATE_CACHE")
        .or_else(|| user().map(|folder| folder.join("migrate-ci")))
        .ok_or_else(|| "none of MIGRATE_CACHE, XDG_CACHE_HOME and HOME says where the judge can be kept".to_owned())
}

/// The built judge. Builds it unless one of exactly these sources is in the cache.
///
/// # Errors
/// Go is missing, or the build fails.
pub(crate) fn build() -> Result<PathBuf, String> {
    let folder = sources();
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "go" || suffix == "mod" || suffix == "sum"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for path in &files {
        all.extend(fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    let key = Oid::hash_object(ObjectType::Blob, &all).map_err(|error| error.to_string())?;
    let kept = cache()?.join("judge");
    let program = kept.join(key.to_string());
    if program.exists() {
        return Ok(program);
    }
    fs::create_dir_all(&kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    println!("building the judge ({})", program.display());
    let begun = kept.join(format!("{key}.{}", std::process::id()));
    let status = Command::new("go")
        .args(["build", "-mod=readonly", "-trimpath", "-o"])
        .args([begun.as_os_str(), ".".as_ref()])
        .env("CGO_ENABLED", "0")
        .current_dir(&folder)
        .status()
        .map_err(|error| format!("cannot run `go`: {error}. The judge is a Go program: install Go 1.26 or newer"))?;
    if !status.success() {
        return Err(format!("`go build` in {} failed ({status}); nothing was compared", folder.display()));
    }
    fs::rename(&begun, &program).map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(program)
}

/// A running judge. It ends when this is dropped.
pub(crate) struct Judge {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Judge {
    /// Starts the built judge.
    pub(crate) fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the judge can be started");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        Self { child, input, output }
    }

    /// Asks about texts, and waits for the answer.
    pub(crate) fn ask(&mut self, texts: &[String]) -> Vec<Read> {
        let mut line = serde_json::to_vec(&json!({ "texts": texts })).expect("a question is plain data");
        line.push(b'\n');
        self.input.as_mut().expect("it runs").write_all(&line).expect("the judge reads its questions");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("the judge answers");
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("the judge answered {error}: {answer:.2000}"))
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
