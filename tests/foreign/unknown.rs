//! Values the repository does not tell: what hangs on them is left open, and everything else goes on.

use migrate::plan::Verdict;

use crate::repo::{SOCKET, after, listener, plan, repo, told};

const TASKS: &str = "- hosts: all\n  tasks:\n    - template: {src: kairos/compose.yml.j2, dest: /srv/kairos/compose.yml}\n    - docker_compose_v2: {project_src: /srv/kairos}\n    - template: {src: config.alloy.j2, dest: /etc/alloy/config.alloy}\n";

#[test]
fn a_value_reached_through_other_variables() {
    let vars = "kairos_port: 51401\n\
        domain: \"{{ zone }}\"\nzone: \"web.{{ vault_zone }}\"\nvault_zone: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n\
        db: {name: kairos, password: !vault \"x\", again: \"{{ nowhere }}\"}\n\
        key: \"{{ lookup('community.hashi_vault.hashi_vault', 'secret/kairos') }}\"\n\
        address: \"{{ ansible_default_ipv4.address }}\"\ntoken: \"{{ registered.stdout }}\"\n";
    let head = "{%- set full = 'a.' ~ domain -%}\n{% set loud = full | upper %}\n{# {{ domain }} #}\n";
    let start = "services:\n  web:\n    image: web\n    # {{ domain }} and {{ key }}\n    environment:\n      A: \"{{ db.password }}\"\n      B: \"{{ db.again }}\"\n      C: {{ key | b64encode }}\n      D: \"{{ address }} {{ token }} {{ full }} {{ loud }}\"\n{% for n in [1, 2] %}\n      N{{ n }}: \"{{ n }}.{{ domain | upper }}\"\n{% endfor %}\n";
    let logging = "    logging:\n      driver: syslog\n      options:\n        syslog-address: \"tcp://127.0.0.1:{{ kairos_port }}\"\n";
    let end = "    labels:\n      - \"traefik.http.routers.web.rule=Host(`{{ domain }}`)\"\n";
    let snapshot = repo(&[
        ("hosts", "puck\n"),
        ("host_vars/puck.yml", vars),
        ("site.yml", TASKS),
        ("kairos/compose.yml.j2", &[head, start, logging, end].concat()),
        ("config.alloy.j2", &(listener("kairos", "{{ kairos_port }}") + SOCKET)),
    ]);
    let plan = plan(&snapshot, "kairos", "puck");
    assert_eq!(plan.verdict, Verdict::Ready, "{:?}", told(&plan));
    assert_eq!(after(&snapshot, &plan, "kairos/compose.yml.j2"), [head, start, end].concat());
}
