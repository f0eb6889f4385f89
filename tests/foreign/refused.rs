//! What is refused, and the fact that is named.

use migrate::plan::Verdict;

use crate::repo::{SOCKET, compose, listener, plan, repo, told};

fn refused(files: &[(&str, &str)], expected: &[&str]) {
    let plan = plan(&repo(files), "kairos", "puck");
    assert_eq!(plan.verdict, Verdict::Blocked, "{:?}", told(&plan));
    assert_eq!(told(&plan), expected);
}

const UP: &str =
    "    - docker_compose_v2: {project_src: /srv/kairos}\n    - copy: {src: a.alloy, dest: /etc/alloy/config.alloy}\n";

#[test]
fn two_files_that_both_set_logging() {
    let play = format!("- hosts: puck\n  tasks:\n    - copy: {{src: kairos/, dest: /srv/kairos}}\n{UP}");
    let over = "services:\n  web:\n    logging: {options: {tag: web}}\n";
    refused(
        &[
            ("hosts", "puck\n"),
            ("play.yml", &play),
            ("kairos/compose.yml", &compose("web", "51401")),
            ("kairos/compose.override.yml", over),
            ("a.alloy", &(listener("kairos", "51401") + SOCKET)),
        ],
        &["compose/merged kairos/compose.override.yml:1"],
    );
}

#[test]
fn services_of_files_that_are_included() {
    let play = format!("- hosts: puck\n  tasks:\n    - copy: {{src: kairos/, dest: /srv/kairos}}\n{UP}");
    let file = format!("include: [more.yml]\n{}", compose("web", "51401"));
    refused(
        &[
            ("hosts", "puck\n"),
            ("play.yml", &play),
            ("kairos/compose.yml", &file),
            ("a.alloy", &(listener("kairos", "51401") + SOCKET)),
        ],
        &["compose/includes kairos/compose.yml:1"],
    );
}

#[test]
fn a_compose_file_inside_a_task() {
    let play = "- hosts: puck\n  tasks:\n    - copy:\n        dest: /srv/kairos/compose.yml\n        content: |\n          services:\n            web:\n              logging: {driver: syslog, options: {syslog-address: \"tcp://127.0.0.1:51401\"}}\n    - copy: {src: a.alloy, dest: /etc/alloy/config.alloy}\n";
    refused(
        &[("hosts", "puck\n"), ("play.yml", play), ("a.alloy", &(listener("kairos", "51401") + SOCKET))],
        &["compose/inline play.yml:5"],
    );
}

#[test]
fn an_alloy_configuration_inside_a_variable() {
    let play = "- hosts: puck\n  tasks:\n    - copy: {src: kairos/compose.yml, dest: /srv/kairos/compose.yml}\n    - docker_compose_v2: {project_src: /srv/kairos}\n    - copy: {content: \"{{ alloy_config }}\", dest: /etc/alloy/config.alloy}\n";
    let config = format!("  {}\n", listener("kairos", "51401").trim_end().replace('\n', "\n  "));
    refused(
        &[
            ("hosts", "puck\n"),
            ("play.yml", play),
            ("kairos/compose.yml", &compose("web", "51401")),
            ("host_vars/puck.yml", &format!("a: 1\nalloy_config: |\n{config}")),
        ],
        &["alloy/inline host_vars/puck.yml:2", "compose/no-listener kairos/compose.yml:2"],
    );
}

#[test]
fn a_listener_that_a_loop_writes() {
    let play = format!(
        "- hosts: puck\n  tasks:\n    - template: {{src: kairos/compose.yml, dest: /srv/kairos/compose.yml}}\n{}",
        UP.replace("copy: {src: a.alloy", "template: {src: a.j2")
    );
    let config = format!(
        "loki.source.syslog \"docker\" {{\n{{% for name, port in ports.items() %}}\n  listener {{\n    address = \"127.0.0.1:{{{{ port }}}}\"\n    labels = {{ job = \"{{{{ name }}}}\" }}\n  }}\n{{% endfor %}}\n  forward_to = [loki.write.default.receiver]\n}}\n{SOCKET}"
    );
    refused(
        &[
            ("hosts", "puck\nportia\n"),
            ("host_vars/puck", "ports: {kairos: 51401}\n"),
            ("play.yml", &play),
            ("kairos/compose.yml", &compose("web", "{{ ports.kairos }}")),
            ("a.j2", &config),
        ],
        &["alloy/in-loop a.j2:2"],
    );
}
