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

/// A Compose file whose template hangs on what only Ansible knows, with `more` beside it, and the rows of `status`.
fn rows(template: &str, more: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let site = "- hosts: all\n  tasks:\n    - stat: {path: /dev/dri}\n      register: gpu\n    - template: {src: c.yml.j2, dest: /opt/app/compose.yml}\n    - docker_compose_v2: {project_src: /opt/app}\n";
    let file = format!("{template}{{% if gpu.stat.exists %}}\n    devices: [/dev/dri]\n{{% endif %}}\n");
    let mut files = vec![("hosts", "puck\n"), ("site.yml", site), ("c.yml.j2", file.as_str())];
    files.extend_from_slice(more);
    let topology = migrate::topology::Topology::of(&repo(&files));
    let status = migrate::status::of(&topology, None, &migrate::status::Branches::default()).unwrap();
    let rows = status.rows.iter().map(|row| format!("{} {}", row.service, row.state.word())).collect();
    let path = |one: &migrate::status::Unread| one.path.as_ref().map_or_else(String::new, RepoPath::to_string);
    (rows, status.unread.iter().map(path).collect())
}

#[test]
fn what_cannot_be_read_and_says_nothing_of_syslog_is_in_no_way() {
    let plain = "services:\n  web:\n    image: nginx\n";
    let other = [("d/compose.yml", "services: {db: {image: x, logging: {driver: syslog}}}\n")];
    for more in [&[][..], &other, &[("roles/x/tasks/main.yml", "- file: {path: /var/log/x, owner: syslog}\n")]] {
        let (rows, unread) = rows(plain, more);
        assert!(!rows.iter().any(|row| row.starts_with("c ")), "{rows:?}");
        assert!(unread.contains(&"c.yml.j2".to_owned()), "{unread:?}");
    }
}

#[test]
fn what_cannot_be_read_and_may_be_on_syslog_is_blocked() {
    let blocked = |template: &str, more: &[(&str, &str)]| {
        let (rows, _) = rows(template, more);
        assert!(rows.contains(&"c blocked".to_owned()), "{template}: {rows:?}");
    };
    blocked("services:\n  web:\n    image: nginx\n    logging: {driver: syslog}\n", &[]);
    let by_variable = "services:\n  web:\n    image: nginx\n    logging: {driver: \"{{ unknown }}\"}\n";
    blocked(by_variable, &[("vars/x.yml", "unknown: syslog\n")]);
    assert_eq!(rows(by_variable, &[]).0, [""; 0]);
    let by_include = "services:\n  web:\n    image: nginx\n{% include 'log.j2' %}\n";
    blocked(by_include, &[("templates/log.j2", "    logging:\n      driver: syslog\n")]);
    let by_extends = "services:\n  web:\n    extends: {file: base.yml, service: web}\n";
    blocked(by_extends, &[("base.yml", "services: {web: {image: x, logging: {driver: syslog}}}\n")]);
    assert_eq!(rows(by_extends, &[("base.yml", "services: {web: {image: x}}\n")]).0, [""; 0]);
    let daemon = "- hosts: all\n  tasks:\n    - copy: {content: '{\"log-driver\": \"syslog\"}', dest: /etc/docker/daemon.json}\n";
    blocked("services:\n  web:\n    image: nginx\n", &[("docker.yml", daemon)]);
}
