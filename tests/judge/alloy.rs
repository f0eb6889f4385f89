//! The Alloy configuration of a host.
//!
//! Knows: how such files are written. Must not know: what their streams are.

use std::fmt::Write as _;

use super::infra::{Host, Journal, Listener};

pub(crate) fn config(host: &Host) -> String {
    let labels = |first: &str| {
        let environment =
            if host.environment { ", environment = \"{{ deployment_environment }}\"" } else { Default::default() };
        format!("{{ {first}hostname = \"{{{{ inventory_hostname }}}}\"{environment} }}")
    };
    let mut text = String::from(
        "loki.write \"default\" {\n  endpoint {\n    url = \"http://127.0.0.1:3100/loki/api/v1/push\"\n  }\n}\n",
    );
    if host.socket {
        text.push_str(DISCOVERY);
        if host.container {
            text.push_str(
                "  rule {\n    source_labels = [\"__meta_docker_container_name\"]\n    regex = \"/(.*)\"\n    \
                 target_label = \"container\"\n  }\n",
            );
        }
        let _ = write!(
            text,
            "}}\n\nloki.source.docker \"containers\" {{\n  host       = \"unix:///var/run/docker.sock\"\n  targets    = \
             discovery.relabel.containers.output\n  forward_to = [loki.write.default.receiver]\n  labels     = {}\n}}\n",
            labels("")
        );
    }
    for Listener { name, job, tier } in &host.listeners {
        let _ = write!(
            text,
            "\nloki.source.syslog \"{name}\" {{\n  listener {{\n    address = \"127.0.0.1:{{{{ {name}_syslog_port \
             }}}}\"\n    labels  = {}\n  }}\n  forward_to = [loki.write.default.receiver]\n}}\n",
            labels(&format!(
                "job = \"{job}\", {}",
                tier.map(|tier| format!("tier = \"{tier}\", ")).unwrap_or_default()
            ))
        );
    }
    if let Some(job) = host.file_job {
        let _ = write!(
            text,
            "\nlocal.file_match \"access\" {{\n  path_targets = [{{ __path__ = \"/var/log/access.log\", job = \"{job}\", \
             hostname = \"{{{{ inventory_hostname }}}}\" }}]\n}}\n\nloki.source.file \"access\" {{\n  targets    = \
             local.file_match.access.targets\n  forward_to = [loki.write.default.receiver]\n}}\n"
        );
    }
    if host.journal != Journal::None {
        let rules = if host.journal == Journal::Rules { "  relabel_rules = loki.relabel.journal.rules\n" } else { "" };
        let _ = write!(
            text,
            "\nloki.source.journal \"systemd\" {{\n  forward_to = [loki.write.default.receiver]\n{rules}  labels     = {}\n}}\n",
            labels("job = \"systemd\", ")
        );
    }
    if host.journal == Journal::Rules {
        text.push_str(JOURNAL);
    }
    text
}

const DISCOVERY: &str = r#"
discovery.docker "containers" {
  host = "unix:///var/run/docker.sock"
}

discovery.relabel "containers" {
  targets = discovery.docker.containers.targets

  rule {
    source_labels = ["__meta_docker_container_label_com_docker_compose_project"]
    target_label  = "service"
  }
  rule {
    source_labels = ["__meta_docker_container_label_com_docker_compose_service"]
    target_label  = "component"
  }
"#;

const JOURNAL: &str = r#"
loki.relabel "journal" {
  forward_to = []

  rule {
    source_labels = ["__journal__systemd_unit"]
    regex         = "pallas.service"
    target_label  = "job"
    replacement   = "pallas"
  }
}
"#;
