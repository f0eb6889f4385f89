//! A real git repository in a temporary folder, set up and judged with the `git` command.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use migrate::error::Error;
use migrate::plan::Step;
use migrate::repo::{Load, NewBranch, PublishOptions, Published, Repo};
use migrate::snapshot::Snapshot;
use migrate::text::{Edit, Edits, RepoPath, Span, Why};

/// The branch that the tests publish.
pub(crate) const BRANCH: &str = "migrate/puck/kairos";

pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    /// The repository.
    pub(crate) root: PathBuf,
}

impl Scratch {
    /// An initialised repository without a commit.
    pub(crate) fn empty() -> Self {
        Self::init(&["-b", "main"])
    }

    pub(crate) fn init(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("infra");
        std::fs::create_dir(&root).unwrap();
        let scratch = Self { folder, root };
        scratch.git(&[&["init", "-q"], options].concat());
        scratch.git(&["config", "user.name", "Rosalind"]);
        scratch.git(&["config", "user.email", "rosalind@example.org"]);
        scratch
    }

    /// One commit with `compose.yml` (`one`, `two`, `three` on lines of their own) and an executable `deploy.sh`.
    pub(crate) fn new() -> Self {
        let scratch = Self::empty();
        scratch.write("compose.yml", b"one\ntwo\nthree\n");
        scratch.write("deep/er/deploy.sh", b"#!/bin/sh\none\n");
        scratch.git(&["add", "."]);
        scratch.git(&["update-index", "--chmod=+x", "deep/er/deploy.sh"]);
        scratch.commit("start");
        scratch.git(&["checkout", "-q", "--", "."]);
        scratch
    }

    /// A folder beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    pub(crate) fn commit_all(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.commit(message);
    }

    /// Runs git here, expects success, gives its output without the last line end.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub(crate) fn try_git(&self, arguments: &[&str]) -> Output {
        git_in(&self.root, arguments)
    }

    pub(crate) fn repo(&self) -> Repo {
        Repo::open(Some(&self.root)).unwrap()
    }

    /// The state that nothing may change: `HEAD`, the index bytes, `git status`, every ref but the one published.
    pub(crate) fn outside(&self) -> (Vec<u8>, Vec<u8>, String, String) {
        let read = |name: &str| std::fs::read(self.root.join(".git").join(name)).unwrap_or_default();
        let (head, index) = (read("HEAD"), read("index"));
        let status = self.git(&["--no-optional-locks", "status", "--porcelain=v2", "--untracked-files=all"]);
        let refs = self.git(&["for-each-ref"]);
        let refs = refs.lines().filter(|line| !line.contains("refs/heads/migrate/")).collect();
        (head, index, status, refs)
    }

    /// The whole contents of `.git` but objects: path and bytes.
    pub(crate) fn control_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut todo = vec![self.root.join(".git")];
        while let Some(folder) = todo.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    todo.push(path);
                } else if !path.components().any(|part| part.as_os_str() == "objects") {
                    files.insert(path.clone(), std::fs::read(path).unwrap());
                }
            }
        }
        files
    }
}

pub(crate) fn git_in(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_DATE", "2024-05-06T07:08:09+0200")
        .env("GIT_COMMITTER_DATE", "2024-05-06T07:08:09+0200")
        .env("LC_ALL", "C")
        .output()
        .unwrap()
}

/// The snapshot of `rev` with every file read.
pub(crate) fn load(repo: &Repo, rev: Option<&str>) -> Snapshot {
    let mut snapshot = repo.snapshot(rev).unwrap();
    repo.load(&mut snapshot, &|_| Load::Always).unwrap();
    snapshot
}

/// A step that replaces the first `old` of each file by `new`.
pub(crate) fn step(before: &Snapshot, changes: &[(&str, &str, &str)]) -> Step {
    let mut edits: BTreeMap<RepoPath, Edits> = BTreeMap::new();
    for (path, old, new) in changes {
        let source = before.get(path).unwrap_or_else(|| panic!("{path} was not read"));
        let bytes = source.bytes();
        let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
        let why = Why { rule: "test/test", message: String::new(), fact: None };
        let edit = Edit { span: Span::new(at, at + old.len()), new: (*new).to_owned(), why };
        edits.entry(RepoPath::from(*path)).or_default().insert(edit).unwrap();
    }
    Step {
        title: "Move kairos on puck".to_owned(),
        body: format!("Why and how.\n\nMigrated-Service: kairos\nMigrated-Host: puck\nMigrate-Base: {}", before.base),
        before: before.clone(),
        edits,
        accepted: Vec::new(),
    }
}

pub(crate) fn options() -> PublishOptions {
    PublishOptions { patch: true, ..PublishOptions::default() }
}

/// Publishes one step from `HEAD`.
pub(crate) fn publish(repo: &Repo, changes: &[(&str, &str, &str)]) -> Result<Published, Error> {
    publish_with(repo, changes, options())
}

pub(crate) fn publish_with(
    repo: &Repo,
    changes: &[(&str, &str, &str)],
    options: PublishOptions,
) -> Result<Published, Error> {
    let snapshot = load(repo, None);
    publish_steps(repo, &snapshot.base, &[step(&snapshot, changes)], options)
}

/// Publishes these steps on [`BRANCH`].
pub(crate) fn publish_steps(
    repo: &Repo,
    base: &str,
    steps: &[Step],
    options: PublishOptions,
) -> Result<Published, Error> {
    publish_as(repo, base, BRANCH, steps, options)
}

pub(crate) fn publish_as(
    repo: &Repo,
    base: &str,
    name: &str,
    steps: &[Step],
    options: PublishOptions,
) -> Result<Published, Error> {
    let branch = NewBranch { name: name.to_owned(), steps: steps.iter().collect() };
    repo.publish(base, &[branch], options).map(|mut all| all.remove(0))
}

/// The message of an error and its hints, one line each.
pub(crate) fn words<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("expected an error"),
        Err(error) => [vec![error.message], error.hints].concat().join("\n"),
    }
}

/// `git apply --check` of a patch on standard input.
pub(crate) fn applies(scratch: &Scratch, patch: &[u8]) {
    let mut child = Command::new("git")
        .current_dir(&scratch.root)
        .args(["apply", "--check", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(patch).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
