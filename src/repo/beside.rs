//! A file for the user, beside the repository: written whole, or not at all.
//!
//! Knows: how to find out early that a file cannot be written. Must not know: what is in it.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Repo;
use crate::error::{Error, Result};

/// A file that is about to be written. Until [`OutFile::write`] nothing is there under its name but what was before.
#[derive(Debug)]
pub struct OutFile {
    path: PathBuf,
    folder: PathBuf,
}

impl Repo {
    /// A file that is about to be written, at `path`, but not among git's own.
    ///
    /// # Errors
    /// A folder or a device of this name, no such folder, no permission, a file of git's own.
    pub fn out_file(&self, path: &Path) -> Result<OutFile> {
        OutFile::prepare(path, &[&self.common, self.git.path()])
    }
}

impl OutFile {
    /// Makes sure that `path` can be written: its folder is there and takes a file. A regular file that is there is
    /// replaced in the end, as `-o` of other programs does; anything else is refused. A link is followed. Nothing is written
    /// below the folders in `kept`, nor to what belongs to git elsewhere.
    ///
    /// # Errors
    /// A folder or a device of this name, no such folder, no permission, a file of git's own.
    fn prepare(path: &Path, kept: &[&Path]) -> Result<Self> {
        let shown = path.display();
        let cannot = |error: &io::Error| Error::user(format!("cannot write the report to {shown}: {error}"));
        let target = match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                return Err(Error::user(format!("cannot write the report to {shown}: it is a folder"))
                    .hint("name a file in it: --report FILE.html"));
            }
            Ok(meta) if !meta.is_file() => {
                return Err(Error::user(format!("cannot write the report to {shown}: it is no regular file"))
                    .hint("name a file: --report FILE.html"));
            }
            Ok(_) => fs::canonicalize(path).map_err(|error| cannot(&error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_path_buf(),
            Err(error) => return Err(cannot(&error)),
        };
        let folder = match target.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => return Err(Error::user(format!("cannot write the report to {shown}: it is no name of a file"))),
        };
        if target.file_name().is_none() || path.as_os_str().to_string_lossy().ends_with('/') {
            return Err(Error::user(format!("cannot write the report to {shown}: it is no name of a file"))
                .hint("name a file: --report FILE.html"));
        }
        let whole = fs::canonicalize(folder).unwrap_or_default().join(target.file_name().unwrap_or_default());
        let is_kept = |kept: &&&Path| fs::canonicalize(kept).is_ok_and(|kept| whole.starts_with(kept));
        if kept.iter().any(|kept| is_kept(&kept)) || whole.components().any(|part| part.as_os_str() == ".git") {
            return Err(Error::user(format!("cannot write the report to {shown}: git keeps its own files there"))
                .hint("name a file elsewhere: --report FILE.html"));
        }
        // It goes at once: a run that is killed leaves nothing.
        part(folder).map(drop).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Error::user(format!("cannot write the report to {shown}: there is no folder {}", folder.display()))
                    .hint("make the folder first")
            }
            // The library adds the name of its own file, which nobody asked for.
            kind => Error::user(format!("cannot write the report to {shown}: {kind}")),
        })?;
        let folder = folder.to_path_buf();
        Ok(Self { path: target, folder })
    }

    /// Writes the whole file and gives it its name.
    ///
    /// # Errors
    /// The disk is full, or somebody took the folder away meanwhile. What was there before stays.
    pub fn write(self, text: &str) -> Result<()> {
        let shown = self.path.display().to_string();
        let write = || {
            let mut part = part(&self.folder)?;
            part.write_all(text.as_bytes())?;
            part.as_file().sync_all()?;
            part.persist(&self.path).map(|_| ()).map_err(|error| error.error)
        };
        write().map_err(|error| {
            Error::user(format!("cannot write the report to {shown}: {error}"))
                .hint("the same command with --report writes the report again, once there is room for it")
        })
    }
}

/// A file beside the one that is to be, for what it will hold.
fn part(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".migrate-").suffix(".part");
    readable(&mut builder).tempfile_in(folder)
}

/// A report is no secret: the usual permissions, less what the umask takes away.
#[cfg(unix)]
fn readable<'b>(builder: &'b mut tempfile::Builder<'static, 'static>) -> &'b tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn readable<'b>(builder: &'b mut tempfile::Builder<'static, 'static>) -> &'b tempfile::Builder<'static, 'static> {
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_and_replaces_one_that_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.html");
        for text in ["one", "two"] {
            let out = OutFile::prepare(&path, &[]).unwrap();
            assert_ne!(fs::read_to_string(&path).unwrap_or_default(), text);
            out.write(text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_left_of_a_file_that_was_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let out = OutFile::prepare(&folder.path().join("r.html"), &[]).unwrap();
        // Not even where the run ends here without a chance to take it away.
        std::mem::forget(out);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_written_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path, words: &str| {
            let error = OutFile::prepare(path, &[]).unwrap_err();
            assert!(error.message.contains(words) && !error.message.contains(".part"), "{error}");
            assert!(!error.hints.is_empty(), "{error}");
        };
        refused(folder.path(), "it is a folder");
        refused(&folder.path().join("none/r.html"), "there is no folder");
        refused(&folder.path().join("none/"), "no name of a file");
        #[cfg(unix)]
        refused(Path::new("/dev/null"), "no regular file");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_among_gits_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["bare.git/refs", ".git/info", "sub"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("bare.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        std::os::unix::fs::symlink(at("bare.git/HEAD"), at("head.html")).unwrap();
        std::os::unix::fs::symlink(at("bare.git/refs"), at("refs")).unwrap();
        let bare = at("bare.git");
        for name in [
            "bare.git/HEAD",
            "bare.git/r.html",
            "head.html",
            "refs/r.html",
            "sub/../bare.git/HEAD",
            ".git/r.html",
            "sub/.git",
        ] {
            let error = OutFile::prepare(&at(name), &[&bare]).unwrap_err();
            assert!(error.message.contains("git keeps its own files there"), "{name}: {error}");
        }
        assert_eq!(fs::read_to_string(at("bare.git/HEAD")).unwrap(), "ref: refs/heads/main\n");
        OutFile::prepare(&at("sub/r.html"), &[&bare]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_the_file_is_readable() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.html"), folder.path().join("link.html"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        OutFile::prepare(&link, &[]).unwrap().write("new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
        assert_ne!(fs::metadata(&real).unwrap().permissions().mode() & 0o044, 0);
    }
}
