//! Small repositories in memory, and what is asked of them.

use std::sync::Arc;

use migrate::plan::{self, Plan, Request};
use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::text::{RepoPath, Source};

/// The Docker-socket blocks that every configuration here ends with.
pub(crate) const SOCKET: &str = r#"
discovery.docker "all" {
  host = "unix:///var/run/docker.sock"
}
discovery.relabel "all" {
  targets = discovery.docker.all.targets
  rule {
    source_labels = ["__meta_docker_container_label_com_docker_compose_project"]
    target_label  = "service"
  }
  rule {
    source_labels = ["__meta_docker_container_label_com_docker_compose_service"]
    target_label  = "component"
  }
}
loki.source.docker "all" {
  host       = "unix:///var/run/docker.sock"
  targets    = discovery.relabel.all.output
  forward_to = [loki.write.default.receiver]
}
loki.write "default" {
  endpoint { url = "http://loki:3100/loki/api/v1/push" }
}
"#;

/// A component with one listener.
pub(crate) fn listener(job: &str, port: &str) -> String {
    format!(
        "loki.source.syslog \"{job}\" {{\n  listener {{\n    address = \"127.0.0.1:{port}\"\n    labels = {{ job = \"{job}\" }}\n  }}\n  forward_to = [loki.write.default.receiver]\n}}\n"
    )
}

/// A Compose file with one container on syslog.
pub(crate) fn compose(service: &str, port: &str) -> String {
    format!(
        "services:\n  {service}:\n    image: {service}\n    logging:\n      driver: syslog\n      options:\n        syslog-address: \"tcp://127.0.0.1:{port}\"\n"
    )
}

/// The same container afterwards.
pub(crate) fn moved(service: &str) -> String {
    format!("services:\n  {service}:\n    image: {service}\n")
}

/// A commit with these files.
pub(crate) fn repo(files: &[(&str, &str)]) -> Snapshot {
    let mut entries: Vec<Entry> =
        files.iter().map(|(path, _)| Entry { path: RepoPath::from(*path), kind: EntryKind::File }).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mut snapshot = Snapshot::new("0".repeat(40), entries);
    for (path, text) in files {
        snapshot.add(Arc::new(Source::new(*path, 0o100_644, Vec::new(), text.as_bytes().to_vec())));
    }
    snapshot
}

/// The plan for a service on a host; an error is a test failure.
pub(crate) fn plan(snapshot: &Snapshot, service: &str, host: &str) -> Plan {
    let request = Request { service: service.to_owned(), host: host.to_owned(), ..Request::default() };
    plan::plan(snapshot, &request).unwrap_or_else(|error| panic!("{service} on {host}: {error:?}"))
}

/// A file after the plan.
pub(crate) fn after(snapshot: &Snapshot, plan: &Plan, path: &str) -> String {
    let mut now = snapshot.clone();
    for step in &plan.steps {
        now = now.edited(&step.edits);
    }
    now.get(path).and_then(|source| source.text()).unwrap_or_else(|| panic!("{path} is not there")).to_owned()
}

/// The snapshot after the plan.
pub(crate) fn result(snapshot: &Snapshot, plan: &Plan) -> Snapshot {
    plan.steps.iter().fold(snapshot.clone(), |now, step| now.edited(&step.edits))
}

/// Rule ids of the findings, with the line (from 1) and the path they are about.
pub(crate) fn told(plan: &Plan) -> Vec<String> {
    let line = |finding: &migrate::finding::Finding| {
        finding
            .at
            .as_ref()
            .map_or(String::new(), |at| format!(" {}:{}", at.source.path, at.source.position(at.span.start()).line))
    };
    plan.findings.iter().map(|finding| format!("{}{}", finding.rule, line(finding))).collect()
}
