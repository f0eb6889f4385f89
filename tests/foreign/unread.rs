//! Files that were not read: reported where they matter, counted where they do not.

use migrate::snapshot::{Entry, EntryKind, Skip};
use migrate::text::RepoPath;

use crate::repo::{SOCKET, compose, listener, plan, repo};

#[test]
fn only_what_can_matter_is_reported() {
    let config = listener("kairos", "51401") + SOCKET;
    let file = format!("name: kairos\n{}", compose("web", "51401"));
    let mut snapshot = repo(&[
        ("hosts", "puck\nportia\n"),
        ("host_vars/puck.yml", "a: 1\na: 2\n"),
        ("host_vars/portia.yml", "a: 1\na: 2\n"),
        ("puck/kairos/compose.yml", &file),
        ("puck/config.alloy", &config),
        ("old/angelia.alloy", "loki.source.syslog \"angelia\" {\n"),
        ("old/kairos.alloy", "loki.source.syslog \"kairos\" {\n"),
    ]);
    snapshot.skipped = vec![
        (RepoPath::from("dashboards/a.json"), Skip::LfsPointer),
        (RepoPath::from("video/a.mp4.txt"), Skip::LfsPointer),
        (RepoPath::from("dumps/all.sql"), Skip::TooLarge { bytes: 90 << 20, searched: false }),
        (RepoPath::from("dumps/kairos.sql"), Skip::TooLarge { bytes: 90 << 20, searched: true }),
    ];
    let link = Entry { path: RepoPath::from("zz/link.json"), kind: EntryKind::Symlink };
    snapshot.entries = snapshot.entries.iter().cloned().chain([link]).collect();
    let plan = plan(&snapshot, "kairos", "puck");
    let about = |rule: &str| -> Vec<String> {
        let found = plan.findings.iter().filter(|finding| finding.rule == rule);
        found
            .map(|finding| finding.at.as_ref().map_or(finding.message.clone(), |at| at.source.path.to_string()))
            .collect()
    };
    assert_eq!(about("host-vars/duplicate-key"), ["host_vars/puck.yml"]);
    assert_eq!(about("alloy/unreadable"), ["old/kairos.alloy"]);
    assert_eq!(about("unread/pointer").len(), 1);
    assert!(about("unread/large")[0].starts_with("dumps/kairos.sql has 90 MB"));
    assert!(about("unread/others")[0].ends_with("names kairos: old/angelia.alloy"));
    assert!(about("unread/links")[0].ends_with("zz/link.json"));
}
