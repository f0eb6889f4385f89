//! `migrate demo`: the example infrastructure, embedded, as a real git repository.
//!
//! Knows: the folder `example/` and what to type next. Must not know: what the example is about.

use std::fs;
use std::io;
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};

use crate::error::{Error, Result};
use crate::repo;
use crate::report;
use crate::shell;

static EXAMPLE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/example");

/// Writes the example to `dir`, which must not exist or be empty, as a git repository with one commit, and returns what
/// to type next.
///
/// # Errors
/// The folder exists and holds something, or cannot be written.
pub fn write(dir: &Path) -> Result<String> {
    let folder = dir.to_string_lossy();
    let shown = report::visible(&folder);
    match fs::read_dir(dir).map(Iterator::count) {
        Ok(1..) => {
            return Err(
                Error::user(format!("{shown} exists and is not empty")).hint("name another folder: migrate demo DIR")
            );
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Error::user(format!("{shown} is no folder")).hint("name another folder: migrate demo DIR"));
        }
        _ => {}
    }
    let mut files = 0;
    write_all(&EXAMPLE, dir, &mut files)
        .map_err(|error| Error::user(format!("cannot write the example to {shown}: {error}")))?;
    repo::create(dir, "An example infrastructure to try migrate on")?;
    Ok(format!(
        "Wrote an example infrastructure to {shown}: {files} files, one commit.\n\nNow type:\n  {}\n  migrate kairos --host puck\n",
        shell::command(&["cd", &*shell::path(&folder)])
    ))
}

fn write_all(folder: &Dir<'_>, root: &Path, files: &mut usize) -> io::Result<()> {
    fs::create_dir_all(root.join(folder.path()))?;
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => write_all(inner, root, files)?,
            DirEntry::File(file) => {
                let path = root.join(file.path());
                fs::write(&path, file.contents())?;
                if file.contents().starts_with(b"#!") {
                    make_executable(&path)?;
                }
                *files += 1;
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}
