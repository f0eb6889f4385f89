//! Reads the case folders of `rewrites/`: what is asked, what is there before, what is expected after.
//!
//! Knows: the shape of a case folder and of `rewrites/base`. Must not know: how a plan is made. `rewrites/README.md`
//! describes the shape for people.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Files by path from the root of the repository.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// `case.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// One sentence that names the shape.
    pub(crate) about: String,
    /// What the user types.
    #[serde(default)]
    pub(crate) request: Typed,
    /// Folders of `rewrites/base/with` that are laid over the base, in this order.
    #[serde(default)]
    pub(crate) with: Vec<String>,
    /// How the plan ends.
    pub(crate) verdict: Verdict,
    /// Findings expected. All of level `blocked` and `review` are listed; of the notes, those the case is about.
    #[serde(default)]
    pub(crate) findings: Vec<Expected>,
    /// Files of `rewrites/base` that this case's repository does not have.
    #[serde(default)]
    pub(crate) absent: Vec<String>,
    /// Files of `rewrites/base/after` that stay as they are in this case.
    #[serde(default)]
    pub(crate) kept: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Typed {
    pub(crate) service: String,
    pub(crate) host: String,
    /// `--bridge`.
    pub(crate) bridge: Bridge,
    /// `--alert-labels`.
    pub(crate) alert_labels: AlertLabels,
    /// `--keep-history`.
    pub(crate) keep_history: bool,
}

impl Default for Typed {
    fn default() -> Self {
        let (bridge, alert_labels) = (Bridge::Auto, AlertLabels::Auto);
        Self { service: "kairos".into(), host: "puck".into(), bridge, alert_labels, keep_history: false }
    }
}

impl Typed {
    pub(crate) fn request(&self) -> migrate::plan::Request {
        let bridge = match self.bridge {
            Bridge::Auto => migrate::topology::Bridge::Auto,
            Bridge::ServiceName => migrate::topology::Bridge::ServiceName,
            Bridge::Filter => migrate::topology::Bridge::Filter,
            Bridge::Review => migrate::topology::Bridge::Review,
        };
        let alert_labels = match self.alert_labels {
            AlertLabels::Auto => migrate::topology::AlertLabels::Auto,
            AlertLabels::Keep => migrate::topology::AlertLabels::Keep,
            AlertLabels::Follow => migrate::topology::AlertLabels::Follow,
        };
        let (service, host, keep_history) = (self.service.clone(), self.host.clone(), self.keep_history);
        migrate::plan::Request { service, host, bridge, alert_labels, keep_history, ..Default::default() }
    }
}

/// Values of `--bridge`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bridge {
    Auto,
    ServiceName,
    Filter,
    Review,
}

/// Values of `--alert-labels`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AlertLabels {
    Auto,
    Keep,
    Follow,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Ready,
    NothingToDo,
    Blocked,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Blocked,
    #[serde(alias = "review")]
    Decide,
    Note,
}

impl From<migrate::finding::Level> for Level {
    fn from(level: migrate::finding::Level) -> Self {
        match level {
            migrate::finding::Level::Blocked => Self::Blocked,
            migrate::finding::Level::Review => Self::Decide,
            migrate::finding::Level::Note => Self::Note,
        }
    }
}

/// One finding: level, rule and, where it has a place, path and 1-based line.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) level: Level,
    pub(crate) rule: String,
    pub(crate) path: Option<String>,
    pub(crate) line: Option<usize>,
}

/// A case, ready to be run.
pub(crate) struct Case {
    /// `<artefact>/<name>`.
    pub(crate) name: String,
    pub(crate) asked: Asked,
    /// The whole repository before.
    pub(crate) before: Files,
    /// The files that change, as they are afterwards.
    pub(crate) after: Files,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rewrites")
}

/// All cases of all artefacts, in order of their names.
pub(crate) fn all() -> Vec<Case> {
    let (base, usual) = base();
    let mut out = Vec::new();
    for artefact in folders(&root()) {
        for folder in folders(&artefact.join("cases")) {
            let name = format!("{}/{}", file_name(&artefact), file_name(&folder));
            out.push(read(name, &folder, &base, &usual));
        }
    }
    out
}

/// The repository all cases share, and the files the usual move changes in it, as they are afterwards.
pub(crate) fn base() -> (Files, Files) {
    (files(&root().join("base/before")), files(&root().join("base/after")))
}

fn read(name: String, folder: &Path, base: &Files, usual: &Files) -> Case {
    let entries: BTreeSet<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| file_name(&entry.unwrap().path())).collect();
    for entry in &entries {
        let known = matches!(entry.as_str(), "case.yaml" | "before" | "after");
        assert!(known, "{name}: `{entry}` is no part of a case");
    }
    let text = std::fs::read_to_string(folder.join("case.yaml")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let asked: Asked = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}/case.yaml: {error}"));
    let laid = files(&folder.join("before"));
    let (mut before, mut usual) = (base.clone(), usual.clone());
    for layer in asked.with.iter().map(|layer| root().join("base/with").join(layer)) {
        assert!(layer.is_dir(), "{name}: with: no {}", layer.display());
        before.extend(files(&layer.join("before")));
        usual.extend(files(&layer.join("after")));
    }
    before.extend(laid.clone());
    for path in &asked.absent {
        assert!(!laid.contains_key(path) && before.remove(path).is_some(), "{name}: absent: no {path} in the base");
    }
    let stands = |path: &String| before.contains_key(path) && !laid.contains_key(path);
    let mut after = Files::new();
    if asked.verdict == Verdict::Ready {
        after.extend(usual.iter().filter(|(path, _)| stands(path)).map(|(a, b)| (a.clone(), b.clone())));
        for path in &asked.kept {
            assert!(after.remove(path).is_some(), "{name}: kept: {path} would not have changed");
        }
    }
    for (path, bytes) in files(&folder.join("after")) {
        assert!(asked.verdict == Verdict::Ready, "{name}: after/{path}: only a move changes files");
        assert!(before.get(&path).is_some_and(|old| *old != bytes), "{name}: after/{path} is as before");
        after.insert(path, bytes);
    }
    Case { name, asked, before, after }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut out: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    out.sort();
    out
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn files(top: &Path) -> Files {
    let mut out = Files::new();
    let mut work = vec![top.to_owned()];
    while let Some(folder) = work.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                work.push(path);
            } else {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().replace('\\', "/");
                out.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    out
}
