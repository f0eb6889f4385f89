//! Reads the files of a commit that can matter, on all cores.
//!
//! Knows: blobs. Must not know: which files matter; the caller says it, by path and by bytes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use git2::{ErrorCode, ObjectType, Odb, Oid, Repository, RepositoryOpenFlags};

use super::fault::fault;
use super::{LARGEST_FILE, LARGEST_SEARCHED, Repo, missing, tree};
use crate::error::{Error, Result};
use crate::snapshot::{Blob, Skip, Snapshot};
use crate::text::Source;

/// Whether a file is to be read.
#[derive(Clone, Copy)]
pub enum Load<'a> {
    /// It cannot matter, whatever it holds.
    No,
    /// It matters.
    Always,
    /// It matters if its bytes do. They are looked at where they were read and dropped at once if not.
    If(&'a (dyn Fn(&[u8]) -> bool + Sync)),
}

/// Blobs that one thread takes at a time: neighbours in the tree tend to be neighbours in the pack, and share deltas.
const BATCH: usize = 64;

enum Read {
    File(Source),
    Skipped(usize, Skip),
    /// git does not find it.
    Missing(usize),
    /// To be searched once the threads are done, one at a time, so that only one is in memory.
    Large(usize),
}

impl Repo {
    /// Lists the commit `rev` (default `HEAD`): every path, nothing read yet. Trees are checked against their hashes.
    ///
    /// # Errors
    /// No such commit, no commit at all, an unfinished merge or the like without `rev`, a damaged tree.
    pub fn snapshot(&self, rev: Option<&str>) -> Result<Snapshot> {
        let commit = self.commit(rev)?;
        let tree = commit.tree().map_err(|error| fault("read the tree of the commit", &error))?;
        let listing = tree::list(&self.git, &tree)?;
        let mut snapshot = Snapshot::new(commit.id().to_string(), listing.entries).with_blobs(listing.blobs);
        snapshot.skipped = listing.skipped;
        Ok(snapshot)
    }

    /// Reads the files of `snapshot` that `wanted` asks for, as raw blob bytes: no line-end conversion, no filter.
    /// What was asked for and could not be read is added to `snapshot.skipped`.
    ///
    /// The bytes are not checked against their hash, which would more than double the time; [`Repo::publish`]
    /// checks those of the files it edits.
    ///
    /// # Errors
    /// The object database cannot be opened, or something that is there cannot be read: what it says is not known, so nothing
    /// may be decided without it. A blob that is not there, as in a partial clone, is no error.
    pub fn load<'a>(&self, snapshot: &mut Snapshot, wanted: &(dyn Fn(&str) -> Load<'a> + Sync)) -> Result<()> {
        let blobs = Arc::clone(snapshot.blobs());
        let asked: Vec<(usize, Load<'a>)> = blobs
            .iter()
            .enumerate()
            .map(|(at, blob)| (at, wanted(blob.path.as_str())))
            .filter(|(_, load)| !matches!(load, Load::No))
            .collect();
        let unchecked = Unchecked::begin();
        let read = self.read_all(&blobs, &asked)?;
        let git = self.handle()?;
        let odb = git.odb().map_err(|error| fault("open the object database", &error))?;
        let mut missing = Vec::new();
        for item in read {
            match item {
                Read::Missing(at) => missing.push(&blobs[at]),
                Read::File(source) => snapshot.add(Arc::new(source)),
                Read::Skipped(at, skip) => snapshot.skipped.push((blobs[at].path.clone(), skip)),
                Read::Large(index) => {
                    let (at, load) = asked[index];
                    let blob = &blobs[at];
                    let found = search_large(&odb, blob, load);
                    if let Some(skip) = found.map_err(|error| fault(&format!("read {}", blob.path), &error))? {
                        snapshot.skipped.push((blobs[at].path.clone(), skip));
                    }
                }
            }
        }
        drop(unchecked);
        if !missing.is_empty() {
            missing::sure(&self.common, &git, &missing)?;
            let why = || Skip::Unreadable("the blob is not in the repository".to_owned());
            snapshot.skipped.extend(missing.into_iter().map(|blob| (blob.path.clone(), why())));
        }
        snapshot.skipped.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(())
    }

    fn read_all(&self, blobs: &[Blob], asked: &[(usize, Load<'_>)]) -> Result<Vec<Read>> {
        let next = AtomicUsize::new(0);
        let common = &self.common;
        let opened = |error: git2::Error| fault("open the object database", &error);
        let parts = rayon::broadcast(|_| -> Result<Vec<Read>> {
            let mut found = Vec::new();
            let mut handle = None;
            loop {
                let start = next.fetch_add(BATCH, Ordering::Relaxed);
                let Some(rest) = asked.get(start..).filter(|rest| !rest.is_empty()) else { return Ok(found) };
                // Opened on first use: a thread that comes late finds nothing left to do.
                let git = match &mut handle {
                    Some(git) => git,
                    empty => empty.insert(Repository::open_bare(common).map_err(opened)?),
                };
                let odb = git.odb().map_err(opened)?;
                for (index, (at, load)) in rest.iter().take(BATCH).enumerate() {
                    let read = read(&odb, start + index, *at, &blobs[*at], *load);
                    found.extend(read.map_err(|error| fault(&format!("read {}", blobs[*at].path), &error))?);
                }
            }
        });
        let mut all = Vec::new();
        for part in parts {
            all.extend(part?);
        }
        Ok(all)
    }

    /// Another handle on the objects and branches of the repository.
    pub(super) fn handle(&self) -> Result<Repository> {
        // As opposed to `open_bare`, this knows where a shallow clone ends.
        let (flags, none) = (RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT, [] as [&Path; 0]);
        Repository::open_ext(&self.common, flags, none).map_err(|error| fault("open the repository again", &error))
    }

    /// A handle of its own whose new objects stay in memory.
    pub(super) fn memory(&self) -> Result<Repository> {
        let memory = self.handle()?;
        let odb = memory.odb().map_err(|error| fault("open the object database", &error))?;
        odb.add_new_mempack_backend(1000).map_err(|error| fault("set up a store in memory", &error))?;
        drop(odb);
        Ok(memory)
    }
}

/// Reads one blob; `None` when it does not matter.
fn read(
    odb: &Odb<'_>,
    index: usize,
    at: usize,
    blob: &Blob,
    load: Load<'_>,
) -> std::result::Result<Option<Read>, git2::Error> {
    let id = Oid::from_bytes(&blob.id)?;
    match odb.read_header(id) {
        Ok((size, ObjectType::Blob)) if size as u64 > LARGEST_FILE => return Ok(Some(Read::Large(index))),
        Ok((_, ObjectType::Blob)) => {}
        Ok(_) => return Ok(Some(Read::Skipped(at, Skip::Unreadable("the object is not a file".to_owned())))),
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(Some(Read::Missing(at))),
        Err(error) => return Err(error),
    }
    let object = odb.read(id)?;
    let bytes = object.data();
    if let Some(pointer) = pointer(bytes) {
        return Ok(Some(Read::Skipped(at, pointer)));
    }
    if let Load::If(matters) = load
        && !matters(bytes)
    {
        return Ok(None);
    }
    if bytes.iter().take(8000).any(|byte| *byte == 0) {
        return Ok(Some(Read::Skipped(at, Skip::Binary)));
    }
    Ok(Some(Read::File(Source::new(blob.path.clone(), blob.mode, blob.id.clone(), bytes.to_vec()))))
}

/// Looks into a file that is too large to parse; `None` when its bytes do not matter.
fn search_large(odb: &Odb<'_>, blob: &Blob, load: Load<'_>) -> std::result::Result<Option<Skip>, git2::Error> {
    let id = Oid::from_bytes(&blob.id)?;
    let (size, _) = odb.read_header(id)?;
    let bytes = size as u64;
    if bytes > LARGEST_SEARCHED {
        return Ok(Some(Skip::TooLarge { bytes, searched: false }));
    }
    let matters = match load {
        Load::No => false,
        Load::Always => true,
        Load::If(matters) => matters(odb.read(id)?.data()),
    };
    Ok(matters.then_some(Skip::TooLarge { bytes, searched: true }))
}

/// Whether these bytes only say where the real content is.
fn pointer(bytes: &[u8]) -> Option<Skip> {
    // Both formats promise to stay this small; a longer file that begins so is about pointers.
    if bytes.len() >= 1024 {
        return None;
    }
    if bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Some(Skip::LfsPointer);
    }
    bytes.starts_with(b"/annex/objects/").then_some(Skip::AnnexPointer)
}

/// While it lives, libgit2 does not hash what it reads. The switch is one for the whole process, so nothing may rely
/// on it for safety: files that are edited are hashed by hand.
struct Unchecked;

impl Unchecked {
    fn begin() -> Self {
        git2::opts::strict_hash_verification(false);
        Self
    }
}

impl Drop for Unchecked {
    fn drop(&mut self) {
        git2::opts::strict_hash_verification(true);
    }
}

/// The bytes of a blob, checked against its hash.
pub(super) fn checked(git: &Repository, id: Oid, path: &str) -> Result<Vec<u8>> {
    let odb = git.odb().map_err(|error| fault("open the object database", &error))?;
    let object = odb.read(id).map_err(|error| fault(&format!("read {path}"), &error))?;
    let hash = Oid::hash_object(object.kind(), object.data()).map_err(|error| fault("hash a file", &error))?;
    if hash != id || object.kind() != ObjectType::Blob {
        return Err(Error::user(format!("the stored content of {path} is damaged: its hash does not match"))
            .hint("`git fsck` says more; nothing was written"));
    }
    Ok(object.data().to_vec())
}
