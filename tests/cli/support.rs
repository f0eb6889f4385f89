//! A scratch copy of the example, the program and `git`, each run without any configuration of the machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The branch of kairos on puck.
pub(crate) const BRANCH: &str = "migrate/puck/kairos";

/// What a run of the program gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The report as JSON; the run must not have failed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }

    /// Asserts a failure: its code, nothing on standard output, and each of these words in the message.
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        assert!(!self.err.contains("internal error") && !self.err.contains("panicked"), "{}", self.err);
        // Prose is wrapped; where is no matter here.
        let said = self.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
    }
}

/// A git repository in a temporary folder.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    pub(crate) root: PathBuf,
}

impl Scratch {
    /// A copy of what `migrate demo` writes.
    pub(crate) fn demo() -> Self {
        static DEMO: OnceLock<tempfile::TempDir> = OnceLock::new();
        let demo = DEMO.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let run = migrate(folder.path(), &["demo", "infra"]);
            assert_eq!(run.code, 0, "{}", run.err);
            folder
        });
        let folder = tempfile::tempdir().unwrap();
        let copied = Command::new("cp").arg("-a").arg(demo.path().join("infra")).arg(folder.path()).status().unwrap();
        assert!(copied.success());
        let root = folder.path().join("infra");
        Self { folder, root }
    }

    /// A folder without anything.
    pub(crate) fn bare_folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("infra");
        std::fs::create_dir(&root).unwrap();
        Self { folder, root }
    }

    /// A place beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.root.join(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Replaces the one `old` of a file by `new`.
    pub(crate) fn replace(&self, path: &str, old: &str, new: &str) {
        let text = String::from_utf8(self.read(path)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {path}");
        self.write(path, text.replace(old, new));
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    pub(crate) fn migrate(&self, arguments: &[&str]) -> Run {
        migrate(&self.root, arguments)
    }

    /// Migrates kairos on puck with these options.
    pub(crate) fn kairos(&self, options: &[&str]) -> Run {
        self.migrate(&[&["kairos", "--host", "puck"], options].concat())
    }

    /// Runs git, expects success, gives its output without the last line end.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.root, arguments)
    }

    pub(crate) fn exists(&self, branch: &str) -> bool {
        let name = format!("refs/heads/{branch}");
        try_git(&self.root, &["rev-parse", "-q", "--verify", &name]).status.success()
    }

    /// The bytes of a file in a commit.
    pub(crate) fn show(&self, rev: &str, path: &str) -> Vec<u8> {
        let output = try_git(&self.root, &["cat-file", "blob", &format!("{rev}:{path}")]);
        assert!(output.status.success(), "{rev}:{path}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Everything that no run may change: every ref, `HEAD`, the bytes of the index, each file of the working tree.
    pub(crate) fn state(&self) -> State {
        let control = |name: &str| std::fs::read(self.root.join(".git").join(name)).unwrap_or_default();
        let mut files = Vec::new();
        walk(&self.root, &mut files);
        files.sort();
        let refs = try_git(&self.root, &["for-each-ref"]).stdout;
        State { refs: String::from_utf8(refs).unwrap(), head: control("HEAD"), index: control("index"), files }
    }

    /// `git fsck --strict` finds nothing; what nothing refers to is no fault.
    pub(crate) fn sound(&self) {
        let output = try_git(&self.root, &["fsck", "--strict", "--full", "--no-dangling"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// `git apply --check` of a patch on the working tree.
    pub(crate) fn applies(&self, patch: &[u8]) {
        let path = self.beside("a.patch");
        std::fs::write(&path, patch).unwrap();
        self.git(&["apply", "--check", path.to_str().unwrap()]);
    }
}

/// See [`Scratch::state`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) refs: String,
    pub(crate) head: Vec<u8>,
    pub(crate) index: Vec<u8>,
    pub(crate) files: Vec<(PathBuf, u64, std::time::SystemTime)>,
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, u64, std::time::SystemTime)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let meta = std::fs::symlink_metadata(entry.path()).unwrap();
        if entry.file_name() == ".git" {
            continue;
        }
        if meta.is_dir() {
            walk(&entry.path(), files);
        } else {
            files.push((entry.path(), meta.len(), meta.modified().unwrap()));
        }
    }
}

/// A command that sees nothing of the machine: no home, no git configuration, no colours, no width.
pub(crate) fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null());
    command
}

/// Runs the program in `folder`.
pub(crate) fn migrate(folder: &Path, arguments: &[&str]) -> Run {
    run(command(env!("CARGO_BIN_EXE_migrate"), folder).args(arguments))
}

pub(crate) fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = try_git(folder, arguments);
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Runs git as a person called Rosalind, without touching the index on the way.
pub(crate) fn try_git(folder: &Path, arguments: &[&str]) -> Output {
    command("git", folder)
        .args(["--no-optional-locks", "-c", "user.name=Rosalind", "-c", "user.email=rosalind@example.org"])
        .args(arguments)
        .output()
        .unwrap()
}
