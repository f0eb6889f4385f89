//! Plans made by hand, with what real files have: tabs, CRLF, emoji, long lines, bytes that are not UTF-8.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::{self, Finding, Level};
use crate::plan::{How, Move, Part, Plan, QueryChange, Request, RolloutStep, Step, Task, Verdict};
use crate::snapshot::{Entry, EntryKind, Snapshot};
use crate::text::{Edit, Edits, Place, RepoPath, Source, Span, Why};
use crate::topology::Streams;

use super::Written;

/// Compose template with CRLF line ends.
pub(super) const COMPOSE: &str = "services:\r\n  api:\r\n    image: kairos:1\r\n    logging:\r\n      driver: syslog\r\n      options:\r\n        syslog-address: \"tcp://127.0.0.1:{{ kairos_syslog_port }}\"\r\n    restart: always\r\n";
/// Alloy config indented with tabs, without a line end at its end, with an emoji before the listener.
pub(super) const ALLOY: &str = "// logs 🪵 of puck\nloki.source.syslog \"puck\" {\n\tlistener {\n\t\taddress = \"127.0.0.1:51450\"\n\t\tlabels  = { job = \"kairos\" } // 日本 \u{1b}[31mred\n\t}\n\n\tlistener {\n\t\taddress = \"127.0.0.1:51451\"\n\t}\n}";
/// Dashboard whose query stands in a line of 300 columns.
pub(super) fn dashboard() -> String {
    let pad = "x".repeat(240);
    format!("{{\n  \"title\": \"Kairos\", \"note\": \"{pad}\", \"expr\": \"{{job=\\\"kairos\\\"}}\"\n}}\n")
}
/// Not UTF-8.
pub(super) const LATIN: &[u8] = b"# caf\xe9 kairos\nkairos_syslog_port: 51450\n";

/// A file of the sample repository.
pub(super) fn file(path: &str, bytes: &[u8]) -> Arc<Source> {
    Arc::new(Source::new(path, 0o100_644, vec![0; 20], bytes.to_vec()))
}

/// The `nth` (0-based) occurrence of `needle`.
pub(super) fn nth(source: &Arc<Source>, needle: &str, nth: usize) -> Place {
    let at = memchr::memmem::find_iter(source.bytes(), needle).nth(nth).expect(needle);
    Place::new(source, Span::new(at, at + needle.len()))
}

fn edit(at: &Place, new: &str, rule: &'static str, message: &str, fact: Option<Place>) -> Edit {
    Edit { span: at.span, new: new.into(), why: Why { rule, message: message.into(), fact } }
}

/// Everything a plan can hold, at least once.
pub(super) fn full() -> (Plan, Written) {
    let compose = file("ansible/kairos/docker-compose.yml.j2", COMPOSE.as_bytes());
    let alloy = file("ansible/alloy/puck/config.alloy.j2", ALLOY.as_bytes());
    let board = file("grafana/dashboards/kairos.json", dashboard().as_bytes());
    let latin = file("ansible/host_vars/puck.incus/old.yml", LATIN);
    let rules = file(
        "loki/rules.yml",
        b"groups:\n  - name: kairos\n    rules:\n      - expr: sum by (job) (rate({job=~\"kai.*\"}[5m]))\n",
    );
    let all = [&compose, &alloy, &board, &latin, &rules];
    let mut entries: Vec<_> =
        all.iter().map(|source| Entry { path: source.path.clone(), kind: EntryKind::File }).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mut snapshot = Snapshot::new("0123456789abcdef0123456789abcdef01234567".into(), entries);
    for source in all {
        snapshot.add(Arc::clone(source));
    }

    let listener = nth(
        &alloy,
        "listener {\n\t\taddress = \"127.0.0.1:51450\"\n\t\tlabels  = { job = \"kairos\" } // 日本 \u{1b}[31mred\n\t}",
        0,
    );
    let steps = steps(&snapshot, &compose, &alloy, &board, &listener);
    let query = nth(&board, "{job=\\\"kairos\\\"}", 0);
    let plan = Plan {
        task: Task::Move,
        request: Request { service: "kairos".into(), host: "puck".into(), ..Request::default() },
        verdict: Verdict::Ready,
        base: snapshot.base.clone(),
        moved: Some(moved(&compose, &listener)),
        steps: steps.into_iter().map(Arc::new).collect(),
        findings: findings(&compose, &alloy, &latin, &rules),
        queries: vec![
            QueryChange {
                at: query,
                context: "panel \"Errors\"".into(),
                before: "{job=\"kairos\"}\n  |= \"error\"".into(),
                after: "{service=\"kairos\"}\n  |= \"error\"".into(),
                how: Some(How::Swap),
                streams_before: ["{job=\"kairos\", hostname=\"puck.incus\"}".into()].into(),
                streams_after: ["{service=\"kairos\", component=\"api\", hostname=\"puck.incus\"}".into()].into(),
            },
            QueryChange {
                at: nth(&rules, "sum by (job) (rate({job=~\"kai.*\"}[5m]))", 0),
                context: "rule \"KairosErrors\"".into(),
                before: "sum by (job) (rate({job=~\"kai.*\"}[5m]))".into(),
                after: "sum by (job) (rate({job=~\"kai.*\"}[5m]))".into(),
                how: None,
                streams_before: ["{job=\"kairos\", hostname=\"puck.incus\"}".into()].into(),
                streams_after: [].into(),
            },
        ],
        rollout: vec![
            RolloutStep {
                part: Part::Blocks,
                text: "Deploy the Docker-socket block, so that no line is lost when the driver changes".into(),
                command: Some("ansible-playbook ansible/alloy/deploy.yml --limit puck.incus".into()),
            },
            RolloutStep {
                part: Part::Service,
                text: "Deploy kairos: its containers are created anew and leave the listener".into(),
                command: None,
            },
        ],
    };
    let written = Written {
        plans: vec![0],
        branch: "migrate/puck/kairos".into(),
        commits: vec![
            "1111111111111111111111111111111111111111".into(),
            "2222222222222222222222222222222222222222".into(),
        ],
        patch: b"diff --git a/x b/x\n".to_vec(),
        differing: vec![RepoPath::from("grafana/dashboards/kairos.json")],
        dry_run: false,
        outcome: Some(super::Outcome::Created),
        conflicts: Vec::new(),
        notes: vec!["git knows no name and e-mail of yours; the commits are by migrate".to_owned()],
        held: false,
    };
    (plan, written)
}

fn moved(compose: &Arc<Source>, listener: &Place) -> Move {
    Move {
        service: "kairos".into(),
        host: "puck.incus".into(),
        short_host: "puck".into(),
        project: "kairos".into(),
        project_at: nth(compose, "services", 0),
        components: vec!["api".into(), "worker".into()],
        siblings: vec!["db".into()],
        jobs: vec!["kairos".into()],
        listeners: vec![listener.clone()],
        streams: Streams::default(),
        bridge: crate::topology::Bridge::Auto,
        alert_labels: crate::topology::AlertLabels::Auto,
        keep_history: false,
        former: BTreeMap::new(),
        project_given: false,
        host_index: 0,
        deployment: 0,
        going: vec![0],
        staying: Vec::new(),
    }
}

fn steps(
    snapshot: &Snapshot,
    compose: &Arc<Source>,
    alloy: &Arc<Source>,
    board: &Arc<Source>,
    listener: &Place,
) -> Vec<Step> {
    let mut first = Edits::new();
    let end = Place::new(alloy, Span::at(ALLOY.len()));
    first
        .insert(edit(
            &end,
            "\n\ndiscovery.docker \"containers\" {\n\thost = \"unix:///var/run/docker.sock\"\n}\n",
            "alloy/add-socket",
            "collects the logs of all containers from the Docker socket",
            None,
        ))
        .expect("one edit");
    let first = BTreeMap::from([(alloy.path.clone(), first)]);
    let after = snapshot.edited(&first);

    let mut drop = Edits::new();
    let logging = nth(
        compose,
        "    logging:\r\n      driver: syslog\r\n      options:\r\n        syslog-address: \"tcp://127.0.0.1:{{ kairos_syslog_port }}\"\r\n",
        0,
    );
    drop.insert(edit(
        &logging,
        "",
        "compose/drop-logging",
        "drops the syslog driver: without it the daemon's json-file is used, which the Docker socket serves",
        Some(listener.clone()),
    ))
    .expect("one edit");
    let mut gone = Edits::new();
    let lines = Place::new(alloy, Span::new(listener.span.start() - 1, listener.span.end() + 2));
    gone.insert(edit(
        &lines,
        "",
        "alloy/drop-listener",
        "removes the listener on port 51450, which nothing logs to any more",
        None,
    ))
    .expect("one edit");
    let mut panel = Edits::new();
    panel
        .insert(edit(
            &nth(board, "job=\\\"kairos\\\"", 0),
            "service=\\\"kairos\\\"",
            "dashboards/selector",
            "selects by the Compose project: the job label is gone",
            None,
        ))
        .expect("one edit");
    vec![
        Step {
            title: "Collect container logs of puck from the Docker socket".into(),
            body: "Body\n".into(),
            before: snapshot.clone(),
            edits: first,
            accepted: Vec::new(),
        },
        Step {
            title: "Move kairos on puck to Docker-socket collection".into(),
            body: "Body\n".into(),
            before: after,
            edits: BTreeMap::from([
                (compose.path.clone(), drop),
                (alloy.path.clone(), gone),
                (board.path.clone(), panel),
            ]),
            accepted: Vec::new(),
        },
    ]
}

fn findings(compose: &Arc<Source>, alloy: &Arc<Source>, latin: &Arc<Source>, rules: &Arc<Source>) -> Vec<Finding> {
    let mut list = vec![
        Finding::new(Level::Note, "streams/history", "History up to the day of the rollout stays under job=\"kairos\". A panel that looks further back than that shows two series."),
        Finding::new(Level::Review, "alerts/regex", "The selector matches more jobs than kairos, so it was left as it is. After the move it no longer selects kairos.")
            .at(nth(rules, "{job=~\"kai.*\"}", 0))
            .proposing("{job=~\"kai.*\"} or {service=\"kairos\"}")
            .hint("write it as two queries, or as a filter behind a common selector"),
        Finding::new(Level::Note, "files/not-utf8", "This file is not UTF-8 and was not read.").at(Place::new(latin, Span::new(5, 6))),
        Finding::new(Level::Review, "alloy/comment", "This comment still speaks of job.").at(nth(alloy, "// 日本 \u{1b}[31mred", 0)).fixing(""),
        Finding::new(Level::Note, "compose/rotation", "No rotation is set here.").at(Place::new(compose, Span::at(COMPOSE.len()))),
        Finding::new(Level::Note, "alloy/end", "The file ends without a line end.").at(Place::new(alloy, Span::at(ALLOY.len()))),
        Finding::new(Level::Note, "alloy/block", "The whole block is shown by its first line.").at(Place::new(alloy, Span::new(ALLOY.find("loki").expect("loki"), ALLOY.len()))),
    ];
    finding::name(&mut list);
    list
}

/// Text of a repository that would do harm if it were taken for markup.
pub(super) const HOSTILE: &str = "</style></script><script>alert(1)</script><!-- `x``| [a](http://evil.example) ![b](c) @rosalind #12 GH-3 $x$ :smile: \u{1b}[2J\u{202e}evil";

/// A batch: kairos; angelia on the same branch, with hostile texts; one that is blocked; one that has moved.
pub(super) fn several() -> (Vec<Plan>, Vec<Written>) {
    let (first, written) = full();
    let second = angelia(&first);
    let mut blocked = blocked();
    blocked.request.service = "spelunker".into();
    let mut done = nothing_to_do();
    done.request.service = "athena".into();
    let mut commits = written.commits.clone();
    commits.push("3333333333333333333333333333333333333333".into());
    let branch = Written { plans: vec![0, 1], branch: "migrate/puck".into(), commits, ..written };
    (vec![first, second, blocked, done], vec![branch])
}

/// Stands on the last commit of `first`.
fn angelia(first: &Plan) -> Plan {
    let last = first.steps.last().expect("steps");
    let before = last.before.edited(&last.edits);
    let alloy = Arc::clone(before.get("ansible/alloy/puck/config.alloy.j2").expect("alloy"));
    let board = Arc::clone(before.get("grafana/dashboards/kairos.json").expect("board"));
    let listener = nth(&alloy, "listener {\n\t\taddress = \"127.0.0.1:51451\"\n\t}", 0);
    let mut gone = Edits::new();
    gone.insert(edit(&listener, "", "alloy/listener", HOSTILE, Some(nth(&board, "title", 0)))).expect("one edit");
    let title = format!("Moved {HOSTILE}.");
    let query = nth(&board, "{service=\\\"kairos\\\"}", 0);
    let compose = before.get("ansible/kairos/docker-compose.yml.j2").expect("compose");
    let mut moved = moved(compose, &listener);
    (moved.service, moved.project, moved.jobs) = ("angelia".into(), HOSTILE.into(), vec!["angelia".into()]);
    moved.project_at = nth(&board, "title", 0);
    Plan {
        request: Request { service: "angelia".into(), host: "puck".into(), ..Request::default() },
        moved: Some(moved),
        steps: vec![Arc::new(Step {
            title,
            body: "Body\n".into(),
            before,
            edits: [(alloy.path.clone(), gone)].into(),
            accepted: Vec::new(),
        })],
        findings: vec![
            // Not touched by the commits before: a comment.
            Finding::new(Level::Review, "alloy/name", HOSTILE).at(nth(&alloy, "logs 🪵", 0)).fixing(HOSTILE),
            // Written by the commit before.
            Finding::new(Level::Review, "dashboards/variable", "Written a commit ago.")
                .at(nth(&board, "service", 0))
                .fixing("x"),
            Finding::new(Level::Note, "alloy/history", "About no place."),
        ],
        queries: vec![QueryChange {
            at: query,
            context: format!("panel \"{HOSTILE}\""),
            before: format!("{{a=\"1\"}} |= `{HOSTILE}`"),
            after: format!("{{a=\"2\"}} |= `{HOSTILE}`"),
            how: Some(How::Filter),
            streams_before: [format!("{{a=\"{HOSTILE}\"}}").into()].into(),
            streams_after: [].into(),
        }],
        rollout: vec![RolloutStep { part: Part::Service, text: HOSTILE.into(), command: Some(HOSTILE.into()) }],
        ..first.clone()
    }
}

/// A blocked plan with two facts in the way.
pub(super) fn blocked() -> Plan {
    let alloy = file("ansible/alloy/puck/config.alloy.j2", ALLOY.as_bytes());
    let (full, _) = full();
    let findings = vec![
        Finding::new(
            Level::Blocked,
            "alloy/own-pipeline",
            "The listener forwards to loki.process \"kairos\", whose stages would be lost",
        )
        .at(nth(&alloy, "listener", 0))
        .hint("move the stages to the Docker-socket pipeline first"),
        Finding::new(Level::Blocked, "compose/project-name", "The project name cannot be computed")
            .at(nth(&alloy, "puck", 1)),
        Finding::new(Level::Note, "streams/history", "History stays under job."),
    ];
    Plan {
        verdict: Verdict::Blocked,
        steps: Vec::new(),
        queries: Vec::new(),
        rollout: Vec::new(),
        findings,
        moved: None,
        ..full
    }
}

/// A service that has moved and left its port variable behind.
pub(super) fn nothing_to_do() -> Plan {
    let vars = file("ansible/host_vars/puck.incus/vars.yml", b"kairos_syslog_port: 51450\n");
    let (full, _) = full();
    let findings =
        vec![Finding::new(Level::Note, "host-vars/leftover", "Nothing refers to this variable any more.").at(nth(
            &vars,
            "kairos_syslog_port",
            0,
        ))];
    Plan {
        verdict: Verdict::NothingToDo,
        steps: Vec::new(),
        queries: Vec::new(),
        rollout: Vec::new(),
        findings,
        moved: None,
        ..full
    }
}
