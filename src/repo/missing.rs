//! Whether blobs that git does not find are not there, or only out of reach.
//!
//! Knows: where git keeps objects. Must not know: what they hold. git says of an object in a pack that cannot be opened that
//! there is none; what is decided without it may be wrong.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use git2::{Oid, Repository};

use super::fault::fault;
use crate::error::{Error, Result};
use crate::snapshot::Blob;

/// Makes sure that none of `blobs` is there. `common` is the folder of the repository, `git` a fresh handle on it.
///
/// # Errors
/// A pack or an object that is there and cannot be read.
pub(super) fn sure(common: &Path, git: &Repository, blobs: &[&Blob]) -> Result<()> {
    let objects = common.join("objects");
    let unreadable = |path: &Path, error: &io::Error| {
        Error::user(format!("cannot read {}: {error}", path.display()))
            .hint("nothing is written while something that may matter cannot be read")
    };
    let packs = objects.join("pack");
    match fs::read_dir(&packs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unreadable(&packs, &error)),
        Ok(entries) => {
            for entry in entries {
                let path = entry.map_err(|error| unreadable(&packs, &error))?.path();
                let is_read = path.extension().is_some_and(|end| end == "pack" || end == "idx");
                // One that is gone by now has been packed anew.
                match File::open(&path).map(|_| ()) {
                    Err(error) if is_read && error.kind() != io::ErrorKind::NotFound => {
                        return Err(unreadable(&path, &error));
                    }
                    _ => {}
                }
            }
        }
    }
    let odb = git.odb().map_err(|error| fault("open the object database", &error))?;
    for blob in blobs {
        let id = Oid::from_bytes(&blob.id).map_err(|error| fault("read the id of a file", &error))?;
        let name = id.to_string();
        let loose = objects.join(&name[..2]).join(&name[2..]);
        match loose.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&loose, &error)),
            Ok(_) => return Err(there(blob)),
        }
        if odb.exists(id) {
            return Err(there(blob));
        }
    }
    Ok(())
}

fn there(blob: &Blob) -> Error {
    Error::user(format!("{} could not be read, and is in the repository all the same", blob.path))
        .hint("run again; if it stays so, `git fsck` says more")
}
