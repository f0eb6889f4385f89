//! Tables: one configuration of one host, and the streams that come of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::snapshot::{Entry, EntryKind, Snapshot};
use crate::text::{RepoPath, Source};
use crate::topology::streams::Leaving;
use crate::topology::{Label, Streams, Topology};

const WRITE: &str = "loki.write \"default\" {\n  endpoint {\n    url = \"http://loki:3100/loki/api/v1/push\"\n  }\n}\n";

/// The streams of a host with this configuration, each as `name=value` by name; `?` for what is not known.
fn streams(config: &str) -> Vec<String> {
    let config = if config.contains("loki.write \"default\"") { config.to_owned() } else { format!("{WRITE}{config}") };
    let compose = "name: kairos\nservices: {web: {container_name: kairos-web}, worker: {}}\n";
    let hosts = "all: {hosts: {puck: {env: prod, list: '[1]'}}}\n";
    let play = "- hosts: puck\n  tasks:\n    - template: {src: compose.yml, dest: /srv/kairos/compose.yml}\n    - template: {src: config.alloy.j2, dest: /etc/alloy/config.alloy}\n";
    let files =
        [("compose.yml", compose), ("config.alloy.j2", &config), ("deploy.yml", play), ("inventory/hosts.yml", hosts)];
    let entry = |path: &str| Entry { path: RepoPath::from(path), kind: EntryKind::File };
    let mut snapshot = Snapshot::new("0".repeat(40), files.iter().map(|(path, _)| entry(path)).collect());
    for (path, text) in files {
        snapshot.add(Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec())));
    }
    let topology = Topology::of(&snapshot);
    assert_eq!(topology.alloy.len(), 1, "{:?}", topology.findings);
    let nothing = Leaving { host: usize::MAX, deployment: 0, services: &BTreeSet::new(), project: None };
    let streams = Streams::of(&topology, nothing).unwrap();
    let show = |(name, label): (&String, &Label)| match label {
        Label::Known(value) => format!("{name}={value}"),
        Label::Symbol(_) | Label::Unknown => format!("{name}=?"),
    };
    let mut out: Vec<String> =
        streams.before.iter().map(|one| one.labels.iter().map(show).collect::<Vec<_>>().join(" ")).collect();
    out.sort();
    out
}

/// A listener with `labels` that forwards to `to`, and what follows.
fn listener(labels: &str, to: &str, rest: &str) -> Vec<String> {
    streams(&format!(
        "loki.source.syslog \"a\" {{\n  listener {{\n    address = \"127.0.0.1:5140\"\n    labels = {labels}\n  }}\n  forward_to = {to}\n}}\n{rest}"
    ))
}

#[test]
fn external_labels_fill_what_is_missing() {
    let write = "loki.write \"default\" {\n  endpoint {\n    url = \"x\"\n  }\n  external_labels = { env = \"{{ env }}\", job = \"other\", cluster = \"{{ nobody }}\" }\n}\n";
    let found = listener("{ job = \"kairos\" }", "[loki.write.default.receiver]", write);
    assert_eq!(found, ["cluster=? env=prod job=kairos"]);
}

#[test]
fn several_receivers_are_one_stream() {
    let second = "loki.write \"second\" {\n  endpoint {\n    url = \"y\"\n  }\n}\n";
    let to = "[loki.write.default.receiver, loki.write.second.receiver]";
    assert_eq!(listener("{ job = \"kairos\" }", to, second), ["job=kairos"]);
    let second = second.replace("  endpoint", "  external_labels = { site = \"b\" }\n  endpoint");
    assert_eq!(listener("{ job = \"kairos\" }", to, &second), ["job=kairos site=?"]);
}

#[test]
fn stages_one_by_one() {
    for (stage, expected) in [
        ("stage.static_labels {\n values = { env = \"{{ env }}\", job = \"b\", none = \"\" }\n}", "env=prod job=b"),
        ("stage.static_labels {\n values = some.function()\n}", "job=?"),
        ("stage.labels {\n values = { level = \"\", job = \"name\" }\n}", "job=? level=?"),
        ("stage.label_drop {\n values = [\"job\"]\n}", ""),
        ("stage.label_keep {\n values = [\"level\"]\n}", ""),
        ("stage.label_keep {\n values = [\"job\"]\n}", "job=a"),
        ("stage.json {\n expressions = { job = \"x\" }\n}", "job=a"),
        ("stage.timestamp {\n source = \"t\"\n format = \"RFC3339\"\n}", "job=a"),
        ("stage.cri { }", "job=a stream=?"),
        ("stage.regex {\n expression = \"(?P<level>x)\"\n}", "job=a"),
        ("stage.regex {\n expression = \"(?P<level>x)\"\n labels_from_groups = true\n}", "job=a level=?"),
        ("stage.structured_metadata {\n values = { trace = \"\", j = \"job\" }\n}", "job=? trace=?"),
        ("stage.pack {\n labels = [\"job\"]\n}", "job=?"),
        ("stage.nobody_knows { }", "job=?"),
        (
            "stage.match {\n selector = \"{job=\\\"a\\\"}\"\n stage.static_labels {\n values = { job = \"b\" }\n }\n}",
            "job=b",
        ),
        (
            "stage.match {\n selector = \"{job!=\\\"a\\\"}\"\n stage.static_labels {\n values = { job = \"b\" }\n }\n}",
            "job=a",
        ),
        (
            "stage.match {\n selector = \"{job=~\\\"a|b\\\"} |= \\\"x\\\"\"\n stage.static_labels {\n values = { level = \"b\" }\n }\n}",
            "job=a level=?",
        ),
        ("stage.match {\n selector = \"{job=\\\"a\\\"} |= \\\"x\\\"\"\n action = \"drop\"\n}", "job=a"),
        ("{% if nobody %}\nstage.static_labels {\n values = { job = \"b\" }\n}\n{% endif %}\n", "job=?"),
    ] {
        let process = format!("loki.process \"p\" {{\n{stage}\nforward_to = [loki.write.default.receiver]\n}}\n");
        assert_eq!(listener("{ job = \"a\" }", "[loki.process.p.receiver]", &process), [expected], "{stage}");
    }
    let dropped = "loki.process \"p\" {\nstage.match {\n selector = \"{job=\\\"a\\\"}\"\n action = \"drop\"\n}\nforward_to = [loki.write.default.receiver]\n}\n";
    assert!(listener("{ job = \"a\" }", "[loki.process.p.receiver]", dropped).is_empty());
}

#[test]
fn chains_of_components() {
    let chain = "
loki.process \"one\" {
  stage.static_labels {
    values = { step = \"one\" }
  }
  forward_to = [loki.relabel.two.receiver]
}
loki.relabel \"two\" {
  rule {
    source_labels = [\"step\"]
    regex = \"one\"
    target_label = \"env\"
    replacement = \"{{ env }}\"
  }
  forward_to = [loki.process.three.receiver]
}
loki.process \"three\" {
  stage.match {
    selector = \"{env=\\\"prod\\\"}\"
    stage.label_drop {
      values = [\"step\"]
    }
  }
  forward_to = [loki.write.default.receiver]
}
";
    assert_eq!(listener("{ job = \"a\" }", "[loki.process.one.receiver]", chain), ["env=prod job=a"]);
    // In a circle nothing ever arrives, and nobody waits for it.
    let circle = "loki.process \"p\" {\n  forward_to = [loki.process.p.receiver]\n}\n";
    assert!(listener("{ job = \"a\" }", "[loki.process.p.receiver]", circle).is_empty());
    assert_eq!(listener("{ job = \"a\" }", "[loki.process.elsewhere.receiver]", ""), ["job=?"]);
    assert_eq!(listener("{ job = \"a\" }", "argument.receivers.value", ""), ["job=?"]);
}

#[test]
fn journal_with_its_rules() {
    let journal = |rules: &str| {
        streams(&format!(
            "loki.source.journal \"j\" {{\n  relabel_rules = loki.relabel.r.rules\n  labels = {{ host = \"h\" }}\n  forward_to = [loki.write.default.receiver]\n}}\nloki.relabel \"r\" {{\n  forward_to = []\n{rules}}}\n"
        ))
    };
    let rule = |source: &str, regex: &str, target: &str, value: &str| {
        format!(
            "  rule {{\n    source_labels = [\"{source}\"]\n    regex = \"{regex}\"\n    target_label = \"{target}\"\n    replacement = \"{value}\"\n  }}\n"
        )
    };
    let unit = "__journal__systemd_unit";
    let name = "loki.source.journal.j";
    assert_eq!(journal(""), [format!("host=h job={name}")]);
    let some = [rule(unit, ".+", "job", "systemd"), rule(unit, "alloy\\\\.service", "job", "alloy")].concat();
    assert_eq!(
        journal(&some),
        ["host=h job=alloy".to_owned(), format!("host=h job={name}"), "host=h job=systemd".to_owned()]
    );
    let received = "loki.source.journal \"j\" {\n  labels = { job = \"x\" }\n  forward_to = [loki.relabel.r.receiver]\n}\nloki.relabel \"r\" {\n  forward_to = [loki.write.default.receiver]\n";
    // What a source hides does not reach the components behind it.
    assert_eq!(streams(&format!("{received}{some}}}\n")), ["job=x"]);
    let all = [some, rule("job", ".*", "job", "systemd")].concat();
    assert_eq!(journal(&all), ["host=h job=systemd"]);
    assert_eq!(
        journal(&rule(unit, "(.+)", "unit", "$1")),
        [format!("host=h job={name}"), format!("host=h job={name} unit=?")]
    );
}

#[test]
fn file_sources_and_others() {
    let file = |targets: &str, rest: &str| {
        streams(&format!(
            "loki.source.file \"f\" {{\n  targets = {targets}\n  forward_to = [loki.write.default.receiver]\n}}\n{rest}"
        ))
    };
    let one = "[{ __path__ = \"/var/log/a.log\", job = \"a\" }, { __path__ = \"/var/log/*.log\", job = \"b\" }]";
    let both = ["filename=/var/log/a.log job=a", "filename=? job=b"];
    assert_eq!(file(one, ""), both);
    let matched = format!("local.file_match \"m\" {{\n  path_targets = {one}\n}}\n");
    assert_eq!(file("local.file_match.m.targets", &matched), both);
    let relabel = format!(
        "{matched}discovery.relabel \"r\" {{\n  targets = local.file_match.m.targets\n  rule {{\n    source_labels = [\"job\"]\n    regex = \"b\"\n    action = \"drop\"\n  }}\n  rule {{\n    target_label = \"kind\"\n    replacement = \"file\"\n  }}\n}}\n"
    );
    assert_eq!(file("discovery.relabel.r.output", &relabel), ["filename=/var/log/a.log job=a kind=file"]);
    assert_eq!(file("array.concat(local.file_match.m.targets, discovery.relabel.r.output)", &relabel).len(), 3);
    assert_eq!(file("discovery.kubernetes.k.targets", ""), ["filename=? job=?"]);
    let api =
        "loki.source.api \"a\" {\n  labels = { job = \"api\" }\n  forward_to = [loki.write.default.receiver]\n}\n";
    assert_eq!(streams(api), ["job=api"]);
    let both = format!(
        "{api}loki.source.gelf \"g\" {{\n  forward_to = [loki.write.default.receiver]\n}}\nloki.source.heroku \"h\" {{\n  labels = {{ x = \"y\" }}\n  forward_to = [loki.write.default.receiver]\n}}\n"
    );
    assert_eq!(streams(&both), ["job=api x=?", "job=loki.source.gelf.g", "x=y"]);
}

#[test]
fn containers_and_the_order_of_their_labels() {
    let socket = |labels: &str, rest: &str| {
        streams(&format!(
            "discovery.docker \"d\" {{\n  host = \"unix:///var/run/docker.sock\"\n}}\ndiscovery.relabel \"r\" {{\n  targets = discovery.docker.d.targets\n  rule {{\n    source_labels = [\"__meta_docker_container_label_com_docker_compose_service\"]\n    target_label = \"component\"\n  }}\n}}\nloki.source.docker \"s\" {{\n  host = \"unix:///var/run/docker.sock\"\n  targets = discovery.relabel.r.output\n  labels = {labels}\n  forward_to = [loki.write.default.receiver]\n{rest}"
        ))
    };
    assert_eq!(socket("{ env = \"{{ env }}\" }", "}\n"), ["component=web env=prod", "component=worker env=prod"]);
    // `labels` override what the targets bring, and the source's own rules come last.
    let own = "  relabel_rules = loki.relabel.own.rules\n}\nloki.relabel \"own\" {\n  forward_to = []\n  rule {\n    source_labels = [\"component\"]\n    target_label = \"copy\"\n  }\n  rule {\n    source_labels = [\"__meta_docker_container_log_stream\"]\n    target_label = \"stream\"\n  }\n}\n";
    assert_eq!(socket("{ component = \"all\" }", own), ["component=all copy=all stream=?"; 2]);
    let second = "}\nloki.source.docker \"again\" {\n  host = \"unix:///var/run/docker.sock\"\n  targets = discovery.docker.d.targets\n  labels = { again = \"yes\" }\n  forward_to = [loki.write.default.receiver]\n}\n";
    assert_eq!(socket("{ }", second), ["again=yes", "again=yes", "component=web", "component=worker"]);
}
