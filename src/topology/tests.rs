use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::snapshot::{Entry, EntryKind};
use crate::text::{Edit, Edits, Span, Why};

/// Lines of each file that are taken out, one at a time.
const LINES: usize = 2;

/// The files of the example, by path.
pub(super) fn files() -> BTreeMap<RepoPath, Vec<u8>> {
    let mut files = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("example");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(RepoPath::from(name.as_str()), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The files of the example but for dashboards and pages, which say what they say alone, and a template that reads a
/// variable of another host.
fn example() -> Snapshot {
    let mut files = files();
    let neighbour =
        "services:\n  app:\n    image: x\n    container_name: \"{{ hostvars['puck.incus'].kairos_syslog_port }}\"\n";
    let play = "- hosts: titania.incus\n  tasks:\n    - template:\n        src: neighbour.yml.j2\n        dest: /srv/neighbour/compose.yml\n";
    files.insert(RepoPath::from("ansible/neighbour/neighbour.yml.j2"), neighbour.into());
    files.insert(RepoPath::from("ansible/neighbour/deploy.yml"), play.into());
    files.retain(|path, _| ![".json", ".md"].iter().any(|end| path.name().ends_with(end)));
    let entries = files.keys().map(|path| Entry { path: path.clone(), kind: EntryKind::File }).collect();
    let mut snapshot = Snapshot::new("0".repeat(40), entries);
    for (path, bytes) in files {
        snapshot.add(Arc::new(Source::new(path.as_str(), 0o100_644, Vec::new(), bytes)));
    }
    snapshot
}

/// `snapshot` without one line of a file.
fn without(snapshot: &Snapshot, path: &RepoPath, line: Span) -> Snapshot {
    let why = Why { rule: "a/b", message: String::new(), fact: None };
    let mut edits = Edits::new();
    edits.insert(Edit { span: line, new: String::new(), why }).unwrap();
    snapshot.edited(&BTreeMap::from([(path.clone(), edits)]))
}

/// Everything a topology says, as text.
fn told(topology: &Topology) -> String {
    let mut out = String::new();
    for host in &topology.hosts {
        let runs::Host { name, configs, listeners, deployments, links, .. } = &**host;
        writeln!(out, "{name}\n{configs:?}\n{listeners:?}\n{deployments:?}\n{links:?}").unwrap();
        let variables: Vec<_> = topology.inventory.get(name).unwrap().definitions().collect();
        writeln!(out, "{variables:?}").unwrap();
    }
    let tasks = topology.deploys.tasks.iter().map(|task| (task.playbook(), task.at.span)).collect::<Vec<_>>();
    let Topology { alloy, findings, loki, named, queries, plays, .. } = topology;
    writeln!(out, "{tasks:?}\n{alloy:?}\n{findings:?}\n{:?}\n{:?}", loki.derives, queries.servers).unwrap();
    writeln!(out, "{:?}", plays.hosts.iter().collect::<BTreeMap<_, _>>()).unwrap();
    writeln!(out, "{:?}", named.iter().map(|(source, named)| (source, &named.lists)).collect::<Vec<_>>()).unwrap();
    writeln!(out, "{:?}", topology.queries()).unwrap();
    out
}

/// What is taken over from before an edit is what would be read afresh, whichever file is edited: also by the edit that
/// takes the first one back.
#[test]
fn read_again_is_read_afresh() {
    let start = example();
    let base = Topology::of(&start);
    let before = told(&base);
    let mut kept = 0;
    for source in start.sources() {
        let Some(text) = source.text() else { continue };
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let apart = lines.len().div_ceil(LINES).max(1);
        for line in (apart / 2..lines.len()).step_by(apart) {
            let at = lines[..line].iter().map(|line| line.len()).sum::<usize>();
            let edited = without(&start, &source.path, Span::new(at, at + lines[line].len()));
            let again = base.again(&edited);
            assert_eq!(told(&again), told(&Topology::of(&edited)), "{} without line {}", source.path, line + 1);
            let mut back = edited.clone();
            back.add(Arc::clone(source));
            assert_eq!(told(&again.again(&back)), before, "{} with line {} again", source.path, line + 1);
            kept += again.hosts.iter().zip(&base.hosts).filter(|(one, other)| Arc::ptr_eq(one, other)).count();
        }
    }
    assert!(kept > 0, "no host is ever taken over");
}
