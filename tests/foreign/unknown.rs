//! Values the repository does not tell: what hangs on them is left open, and everything else goes on.

use migrate::plan::{self, Plan, Request, Verdict};
use migrate::snapshot::Snapshot;

use crate::repo::{SOCKET, after, compose, listener, plan, repo, told};

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

/// A host with one project, whose tasks are these, and a dashboard.
fn brought_up_by(tasks: &str, compose_file: &str, files: &[(&str, &str)]) -> Snapshot {
    let site = format!("- hosts: all\n  tasks:\n    - template: {{src: a.j2, dest: /etc/alloy/config.alloy}}\n{tasks}");
    let config = listener("kairos", "51401") + SOCKET;
    let first = [("hosts", "puck\n"), ("host_vars/puck.yml", "base: /srv\n"), ("site.yml", &site), ("a.j2", &config)];
    let compose = compose("web", "51401");
    let panel = r#"{"schemaVersion": 39, "panels": [{"datasource": {"type": "loki", "uid": "l"}, "targets": [{"expr": "{job=\"kairos\"}"}]}]}"#;
    let more = [(compose_file, compose.as_str()), ("board.json", panel)];
    let mut all: Vec<(&str, &str)> = first.into_iter().chain(more).collect();
    for (path, text) in files {
        all.retain(|(have, _)| have != path);
        all.push((path, text));
    }
    repo(&all)
}

fn project(plan: &Plan) -> Option<&str> {
    plan.moved.as_ref().map(|moved| moved.project.as_str())
}

fn assumes(plan: &Plan) -> Vec<String> {
    told(plan).into_iter().filter(|told| told.starts_with("assumed/")).collect()
}

#[test]
fn a_folder_has_a_name_however_it_is_written() {
    let write = |dest: &str| format!("    - template: {{src: c.j2, dest: \"{dest}\"}}\n");
    let up = |src: &str| format!("    - docker_compose_v2: {{project_src: \"{src}\"}}\n");
    let command = |line: &str| format!("    - command: {line}\n");
    for (dest, up) in [
        ("{{ base }}/kairos/compose.yml", up("{{ base }}/kairos/")),
        ("{{ base }}/kairos/", up("{{ base }}//kairos//")),
        ("/srv/./kairos/c/../compose.yml", up("/srv/kairos/./")),
        ("{{ ansible_env.HOME }}/kairos/compose.yml", up("{{ ansible_env.HOME }}/kairos")),
        ("{{ vaulted }}/Kairos/compose.yml", up("{{ vaulted }}/Kairos/")),
        ("{{ vaulted }}/kairos/compose.yml", command("docker compose -f {{ vaulted }}/kairos/compose.yml up -d")),
        ("/srv/kairos/compose.yml", "    - shell: cd /srv && docker compose -f kairos/compose.yml up -d\n".to_owned()),
    ] {
        let plan = plan(&brought_up_by(&(write(dest) + &up), "c.j2", &[]), "kairos", "puck");
        assert_eq!((project(&plan), assumes(&plan)), (Some("kairos"), vec![]), "{dest} {up} {:?}", told(&plan));
    }
}

#[test]
fn a_project_that_nothing_names_is_called_as_its_folder() {
    let unit =
        "    - template: {src: c.j2, dest: /srv/kairos/compose.yml}\n    - systemd: {name: kairos, state: started}\n";
    let snapshot = brought_up_by(unit, "c.j2", &[]);
    let plan = plan(&snapshot, "kairos", "puck");
    assert_eq!(project(&plan), Some("kairos"), "{:?}", told(&plan));
    assert_eq!(assumes(&plan), ["assumed/project-folder site.yml:4"]);
    assert!(after(&snapshot, &plan, "board.json").contains("{service=\\\"kairos\\\"}"));
    let body = &plan.steps.last().expect("a commit").body;
    let said = "\nNot told by the repository:\n- assumed that the Compose project is called `kairos`";
    assert!(body.contains(said) && body.contains("(site.yml:4)\n\nRollout"), "{body}");
}

#[test]
fn a_file_no_task_writes_is_called_as_where_it_lies() {
    for (path, files, name, assumed) in [
        (
            "stacks/kairos/compose.yml",
            vec![],
            Some("kairos"),
            vec!["assumed/project-folder stacks/kairos/compose.yml:1"],
        ),
        (
            "kairos/compose.yml",
            vec![("kairos/compose.yml", compose("web", "51401") + "name: front\n")],
            Some("front"),
            vec![],
        ),
        (
            "kairos/compose.yml",
            vec![("kairos/compose.yml", compose("web", "51401") + "name: ${P:-front}\n")],
            Some("front"),
            vec![],
        ),
        ("kairos/compose.yml", vec![("kairos/compose.yml", compose("web", "51401") + "name: ${P}\n")], None, vec![]),
        ("kairos/templates/compose.yml", vec![], None, vec![]),
        ("puck/compose.yml", vec![], None, vec![]),
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let plan = plan(&brought_up_by("", path, &files), "kairos", "puck");
        assert_eq!(
            (project(&plan), assumes(&plan)),
            (name, assumed.into_iter().map(str::to_owned).collect()),
            "{path}"
        );
        if name.is_none() {
            assert_eq!(plan.findings[0].rule, "compose/project-unknown");
            assert!(plan.findings[0].hint.as_ref().is_some_and(|hint| hint.contains("`name: kairos`")));
        }
    }
}

#[test]
fn the_user_may_say_the_name_and_may_want_none_assumed() {
    let write = "    - template: {src: c.j2, dest: \"{{ nowhere }}/compose.yml\"}\n";
    let snapshot = brought_up_by(write, "c.j2", &[]);
    assert_eq!(plan(&snapshot, "kairos", "puck").verdict, Verdict::Blocked);
    let ask = |snapshot: &Snapshot, project: Option<&str>, strict: bool| {
        let request = Request { service: "kairos".into(), host: "puck".into(), ..Request::default() };
        plan::plan(snapshot, &Request { project: project.map(str::to_owned), strict, ..request }).expect("a plan")
    };
    let front = ask(&snapshot, Some("front"), true);
    assert_eq!((project(&front), front.verdict), (Some("front"), Verdict::Ready), "{:?}", told(&front));
    assert!(after(&snapshot, &front, "board.json").contains("{service=\\\"front\\\"}"));
    assert!(front.steps.last().is_some_and(|step| step.body.contains("\nMigrate-Options: --project front\n")));
    let assumed = brought_up_by("    - template: {src: c.j2, dest: /srv/kairos/compose.yml}\n", "c.j2", &[]);
    assert_eq!(ask(&assumed, None, false).verdict, Verdict::Ready);
    let strict = ask(&assumed, None, true);
    assert_eq!(
        (strict.verdict, told(&strict)),
        (Verdict::Blocked, vec!["assumed/project-folder site.yml:4".to_owned()])
    );
    assert_eq!(ask(&assumed, Some("kairos"), true).verdict, Verdict::Ready);
}
