//! Every form of one status. Each expected text under `tests/report` was read before it was kept.

use snapbox::{assert_data_eq, file};

use super::{Asked, human, json, markdown};
use crate::finding::{Finding, Level};
use crate::report::pages::{described_keys, described_values, keys};
use crate::report::{Look, sample};
use crate::status::{Held, HostFacts, Next, Row, State, Status, Step, Touch, Unread};
use crate::topology::Derives;

fn look(width: usize) -> Look {
    Look { width, colour: false }
}

fn row(host: &str, service: &str, state: State) -> Row {
    Row {
        host: format!("{host}.incus"),
        short_host: host.into(),
        service: service.into(),
        project: Some(service.into()),
        state,
        touch: None,
        findings: Vec::new(),
        branches: Vec::new(),
    }
}

fn touch(edits: usize, brings_blocks: bool) -> Touch {
    Touch {
        edits,
        files: 4,
        queries: 3,
        review: 2,
        every_move: usize::from(!brings_blocks),
        dashboards: 7,
        alerts: 1,
        others: 5,
        brings_blocks,
    }
}

fn held(branch: &str, foreign: Option<&str>) -> Held {
    Held {
        branch: branch.into(),
        commit: "1".repeat(40),
        host: "puck.incus".into(),
        service: "kairos".into(),
        base: "0".repeat(40),
        options: String::new(),
        foreign: foreign.map(str::to_owned),
    }
}

/// Every state at least once, with names that are long and names that are made to do harm.
fn full() -> Status {
    let vars = sample::file("ansible/host_vars/puck.incus.yml", b"a: 1\nathena_syslog_port: 51401\n");
    let compose = sample::file("ansible/neo4j/docker-compose.yml.j2", b"services:\n  neo4j:\n    logging:\n");
    let blocked = |place: &str, message: &str| {
        Finding::new(Level::Blocked, "compose/shared-template", message)
            .at(sample::nth(&compose, place, 0))
            .hint("give each host a template of its own")
    };
    let rows = vec![
        Row {
            findings: vec![
                blocked("logging", "also puts containers on syslog on umbriel.incus"),
                blocked("neo4j", "more"),
            ],
            ..row("ariel", "neo4j", State::Blocked)
        },
        Row { touch: Some(touch(8, true)), ..row("miranda", "argos", State::Ready) },
        Row {
            touch: Some(touch(26, false)),
            findings: vec![
                Finding::new(
                    Level::Review,
                    "status/branch-taken",
                    "the branch `migrate/puck/angelia` cannot be made because the branch `migrate` exists",
                )
                .hint("delete it"),
            ],
            ..row("puck", "angelia", State::Syslog)
        },
        Row {
            findings: vec![
                Finding::new(Level::Note, "host_vars/leftover", "`athena_syslog_port` still stands here")
                    .at(sample::nth(&vars, "athena_syslog_port: 51401", 0)),
            ],
            ..row("puck", "athena", State::Leftovers)
        },
        Row { touch: Some(touch(5, false)), ..row("puck", "demo", State::Ready) },
        Row {
            touch: Some(touch(66, false)),
            branches: vec![
                held("migrate/puck/kairos", None),
                held("try this", Some("commit 2222222222 was not made by this program")),
            ],
            ..row("puck", "kairos", State::OnBranch)
        },
        row("puck", "mnemosyne", State::Migrated),
        Row {
            findings: vec![blocked("neo4j", "`x|y` *has* <b>a</b> listener\u{1b}[31m, see #12 @all")],
            project: None,
            ..row("umbriel", "x|y`z<b>\u{202e}@all_with_a_long_name_and_more", State::Blocked)
        },
    ];
    let host = |name: &str, socket| HostFacts {
        name: format!("{name}.incus"),
        short: name.into(),
        configs: if name == "umbriel" { Vec::new() } else { vec!["ansible/alloy/config.alloy.j2".into()] },
        socket,
        listeners: 2,
    };
    let socket = sample::nth(&vars, "a: 1", 0);
    Status {
        base: "0123456789abcdef0123456789abcdef01234567".into(),
        hosts: vec![
            host("ariel", None),
            host("miranda", None),
            host("puck", Some(socket.clone())),
            host("umbriel", None),
        ],
        loki: Derives::From(vec!["service".into()], Some(socket.clone())),
        rows,
        unread: vec![
            Unread { path: Some("ansible/broken.yml".into()), at: Some(socket), why: "it is no YAML".into() },
            Unread {
                path: Some("big.json".into()),
                at: None,
                why: "its content is in Git LFS, not in the repository".into(),
            },
            Unread { path: None, at: None, why: "two inventories".into() },
        ],
        next: vec![
            Next {
                text: "the smallest move: 5 edits, 2 places left for you to decide".into(),
                step: Some(Step::Migrate { service: "demo".into(), host: "puck".into(), replace: false }),
            },
            Next { text: "all 2 that are ready on puck".into(), step: Some(Step::All { host: "puck".into() }) },
            Next { text: "review it".into(), step: Some(Step::Review { branch: "try this".into() }) },
        ],
    }
}

fn commands() -> Vec<String> {
    ["demo", "status"].map(str::to_owned).to_vec()
}

fn plain(status: &Status, width: usize) -> String {
    human(status, Asked { commands: &commands(), ..Asked::default() }, &look(width))
}

#[test]
fn table_at_three_widths() {
    assert_data_eq!(plain(&full(), 60), file!["../../../tests/report/status-60.txt"].raw());
    assert_data_eq!(plain(&full(), 80), file!["../../../tests/report/status-80.txt"].raw());
    // Piped: as wide as it takes, one line for each service.
    assert_data_eq!(plain(&full(), usize::MAX), file!["../../../tests/report/status-pipe.txt"].raw());
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    for width in [40, 50, 60, 72, 80, 100, 140] {
        let text = plain(&full(), width);
        let table = text.split("\n\n").nth(1).unwrap();
        for line in table.lines() {
            let wide = textwrap::core::display_width(line);
            assert!(wide <= width.max(50), "{wide} > {width}: {line}");
        }
        assert_eq!(table.lines().count(), 9, "{table}");
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let asked = Asked { commands: &commands(), ..Asked::default() };
    let painted = human(&full(), asked, &Look { width: 80, colour: true });
    assert!(painted.contains('\u{1b}'));
    let bare = anstream::adapter::strip_str(&painted).to_string();
    let unpainted = plain(&full(), 80);
    assert!(bare.lines().map(str::trim_end).eq(unpainted.lines().map(str::trim_end)), "{bare}\n{unpainted}");
    assert!(!unpainted.contains('\u{1b}'));
}

#[test]
fn other_forms() {
    let (list, repo) = (commands(), "my infra");
    let asked = Asked { repo: Some(repo), base: Some("v1"), commands: &list };
    assert_data_eq!(json(&full(), asked), file!["../../../tests/report/status.json"].raw());
    assert_data_eq!(markdown(&full(), asked), file!["../../../tests/report/status.md"].raw());
}

#[test]
fn nothing_of_the_repository_does_anything_in_markdown() {
    let text = markdown(&full(), Asked::default());
    let (_, rest) = text.split_once("| `umbriel` |").unwrap();
    let cell = rest.lines().next().unwrap();
    // A name with a bar is an element without one; what could mean something is code.
    let name = "<code>x&#124;y&#96;z&#60;b&#62;&#92;u{202e}<span>&#64;</span>all&#95;with&#95;a&#95;long&#95;name&#95;and&#95;more</code>";
    assert!(cell.starts_with(&format!(" {name} | blocked |")), "{cell}");
    assert!(cell.ends_with("<code>x&#124;y</code> `*has*` `<b>a</b>` `listener␛[31m`, see `#12` `@all` |"), "{cell}");
    assert_eq!(cell.matches('|').count(), 8);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
}

#[test]
fn a_command_is_typed_as_it_is_shown() {
    let list = commands();
    let plain = Asked { commands: &list, ..Asked::default() };
    let there = Asked { repo: Some("my infra"), base: Some("it's"), commands: &list };
    let step = |service: &str, replace| Step::Migrate { service: service.into(), host: "puck".into(), replace };
    for (asked, step, want) in [
        (plain, step("kairos", false), "migrate kairos --host puck"),
        (plain, step("kairos", true), "migrate kairos --host puck --replace"),
        (plain, step("demo", false), "migrate --host puck -- demo"),
        (plain, step("-x", false), "migrate --host puck -- -x"),
        (plain, step("a b", false), "migrate 'a b' --host puck"),
        (there, step("demo", false), r"migrate --host puck -C 'my infra' --base 'it'\''s' -- demo"),
        (there, Step::All { host: "puck".into() }, r"migrate --all --host puck -C 'my infra' --base 'it'\''s'"),
        (there, Step::Review { branch: "b c".into() }, "git -C 'my infra' diff '0123456789ab...b c'"),
        (there, Step::Demo, "migrate demo"),
    ] {
        assert_eq!(asked.command("0123456789abcdef", &step), want);
    }
}

#[test]
fn a_repository_without_hosts_or_services_says_so() {
    let none = Status { hosts: Vec::new(), rows: Vec::new(), unread: Vec::new(), ..full() };
    let text = plain(&none, 80);
    assert!(text.starts_with("No Ansible host at commit 0123456789ab\n"), "{text}");
    let idle = Status { rows: Vec::new(), unread: Vec::new(), ..full() };
    let text = plain(&idle, 80);
    assert!(text.contains("No container logs to syslog, and none is read from the Docker socket."), "{text}");
}

#[test]
fn the_json_page_describes_every_key_and_every_state_and_no_other() {
    let page = include_str!("../../../docs/status-json.md");
    assert_eq!(described_values(page), State::ALL.map(|state| state.word().to_owned()).into());
    assert_eq!(keys(&json(&full(), Asked::default())), described_keys(page));
}
