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
fn a_file_beside_a_project_is_not_called_as_its_folder() {
    let base = "    - template: {src: c.j2, dest: /srv/kairos/compose.yml}\n    - copy: {src: base.yml, dest: /srv/kairos/base.yml}\n";
    let up = "    - docker_compose_v2: {project_src: /srv/kairos}\n";
    for (tasks, assumed) in [(base.to_owned() + up, 0), (base.to_owned(), 1)] {
        let snapshot = brought_up_by(&tasks, "c.j2", &[("base.yml", "services:\n  gpu: {image: gpu}\n")]);
        let plan = plan(&snapshot, "kairos", "puck");
        let called = assumes(&plan).into_iter().filter(|told| told.starts_with("assumed/project-folder"));
        assert_eq!((project(&plan), called.count()), (Some("kairos"), assumed), "{:?}", told(&plan));
        assert!(after(&snapshot, &plan, "board.json").contains("{service=\\\"kairos\\\"}"));
    }
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

/// What a dashboard asks, before the move and after it, of a host whose Alloy configuration is this.
fn asked(config: &str, files: &[(&str, &str)], queries: &[&str]) -> (Plan, Vec<String>) {
    let targets: Vec<String> = queries.iter().map(|query| format!("{{\"expr\": {query:?}}}")).collect();
    let ds = r#"{"type": "loki", "uid": "l"}"#;
    let board = format!(
        "{{\"schemaVersion\": 39, \"panels\": [{{\"datasource\": {ds}, \"targets\": [{}]}}]}}",
        targets.join(", ")
    );
    let tasks = "    - template: {src: c.j2, dest: /srv/kairos/compose.yml}\n    - docker_compose_v2: {project_src: /srv/kairos}\n";
    let mut all = vec![("a.j2", config), ("board.json", board.as_str())];
    all.extend(files);
    let snapshot = brought_up_by(tasks, "c.j2", &all);
    let plan = plan(&snapshot, "kairos", "puck");
    if plan.verdict != Verdict::Ready {
        return (plan, Vec::new());
    }
    let found: serde_json::Value = serde_json::from_str(&after(&snapshot, &plan, "board.json")).expect("JSON");
    let found = found["panels"][0]["targets"].as_array().expect("targets").iter();
    let found = found.map(|target| target["expr"].as_str().unwrap_or_default().to_owned()).collect();
    (plan, found)
}

#[test]
fn a_label_whose_value_alloy_works_out_is_one_label_unknown() {
    let source = |labels: &str| SOCKET.replace("  forward_to", &format!("  labels     = {{ {labels} }}\n  forward_to"));
    let ours =
        |labels: &str| listener("kairos", "51401").replace("job = \"kairos\"", &format!("job = \"kairos\", {labels}"));
    let write = |labels: &str| SOCKET.replace("  endpoint", &format!("  external_labels = {{ {labels} }}\n  endpoint"));
    let host = "host = constants.hostname";
    let rule = SOCKET.replacen(
        "  rule",
        "  rule {\n    target_label = \"host\"\n    replacement  = constants.hostname\n  }\n  rule",
        1,
    );
    let stage = SOCKET.replacen("loki.write.default", "loki.process.p", 1)
        + "loki.process \"p\" {\n  stage.static_labels { values = { host = constants.hostname } }\n  forward_to = [loki.write.default.receiver]\n}\n";
    let plain = ["{job=\"kairos\"}", "sum by (job) (rate({job=\"kairos\"} |= \"x\" [5m]))"];
    let pinned = ["{job=\"kairos\", host=\"puck\"}", "{job=\"kairos\", host=~\"$host\"}"];
    for (config, same) in [
        (ours(host) + &source(host), true),
        (ours(host) + &rule, true),
        (ours(host) + &stage, true),
        (listener("kairos", "51401") + &write("host = constants.hostname, site = sys.env(\"SITE\")"), true),
        (ours("host = sys.env(\"HOST\") + \".lan\"") + &source("host = sys.env(\"HOST\") + \".lan\""), true),
        (ours("host = \"{{ ansible_hostname }}\"") + &source("host = \"{{ ansible_hostname }}\""), true),
        (
            ours("host = \"{{ vaulted }}{{ inventory_hostname }}\"")
                + &source("host = \"{{ vaulted }}{{ inventory_hostname }}\""),
            true,
        ),
        (ours(host) + SOCKET, false),
        (ours(host) + &source("host = sys.env(\"HOST\")"), false),
        (ours(host) + &source("host = \"puck\""), false),
    ] {
        let (plan, found) = asked(&config, &[], &[plain[0], plain[1], pinned[0], pinned[1]]);
        let swapped = |query: &str| query.replace("job=", "service=").replace("(job)", "(service)");
        assert_eq!(found.len(), 4, "{config} {:?}", told(&plan));
        assert_eq!(found[..2], plain.map(swapped), "{config}");
        assert_eq!(found[2..], if same { pinned.map(swapped) } else { pinned.map(str::to_owned) }, "{config}");
        assert_eq!(assumes(&plan), Vec::<String>::new());
    }
    // The job itself must be known.
    let (plan, _) =
        asked(&(listener("kairos", "51401").replace("\"kairos\" }", "sys.env(\"JOB\") }") + SOCKET), &[], &plain);
    assert_eq!((plan.verdict, plan.findings[0].rule), (Verdict::Blocked, "alloy/labels-computed"));
}

#[test]
fn the_blocks_that_come_take_the_host_along() {
    let write = SOCKET.rsplit_once("loki.write").expect("it has one").1;
    let ours = listener("kairos", "51401").replace("job = \"kairos\"", "job = \"kairos\", host = constants.hostname");
    let (plan, found) = asked(&(ours + "loki.write" + write), &[], &["{job=\"kairos\", host=\"puck\"}"]);
    assert_eq!(found, ["{service=\"kairos\", host=\"puck\"}"], "{:?}", told(&plan));
    let edits = plan.steps[0].edits.values().flat_map(|edits| edits.iter());
    assert!(edits.into_iter().any(|edit| edit.new.contains("    host = constants.hostname,")));
}

#[test]
fn a_project_without_a_name_spoils_nothing_else() {
    let site = "- hosts: all\n  tasks:\n    - template: {src: a.j2, dest: /etc/alloy/config.alloy}\n    - template: {src: c.j2, dest: /srv/kairos/compose.yml}\n    - docker_compose_v2: {project_src: /srv/kairos}\n    - template: {src: odd.j2, dest: /srv/odd/compose.yml}\n";
    let queries = [
        "{job=\"kairos\"}",
        "sum by (job) (count_over_time({job=\"kairos\"} |= \"error\" [5m]))",
        "{job!=\"kairos\", host=\"puck\"}",
        "absent_over_time({job=\"kairos\", host=\"puck\"}[10m])",
    ];
    let config = (listener("kairos", "51401") + &listener("odd", "51402") + SOCKET)
        .replace("job =", "host = \"puck\", job =")
        .replace(
            "forward_to = [loki.write.default.receiver]\n}\nloki.write",
            "labels = { host = \"puck\" }\n  forward_to = [loki.write.default.receiver]\n}\nloki.write",
        );
    let up = |how: &str| format!("{site}    - docker_compose_v2: {{project_src: /srv/odd, project_name: \"{how}\"}}\n");
    for name in ["{{ lookup('env', 'ODD') }}", "{{ nowhere }}", "{{ ansible_hostname }}-odd"] {
        for compose_file in [compose("db", "51402"), "services:\n  db: {image: db}\n".to_owned()] {
            let files = [("site.yml", up(name)), ("odd.j2", compose_file)];
            let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
            let (plan, found) = asked(&config, &files, &queries);
            let expected = [
                "{service=\"kairos\"}",
                "sum by (service) (count_over_time({service=\"kairos\"} |= \"error\" [5m]))",
                "{job!=\"kairos\", service!=\"kairos\", host=\"puck\"}",
                "absent_over_time({service=\"kairos\", host=\"puck\"}[10m])",
            ];
            assert_eq!(found, expected, "{name} {:?}", plan.findings);
            let said: Vec<&str> =
                plan.findings.iter().filter(|one| one.is_assumption()).map(|one| one.message.as_str()).collect();
            let want = "assumed that the `service` of the project of odd.j2 in /srv/odd on puck, which the repository does not tell, is none of those it tells";
            assert_eq!(said, [want]);
            let body = &plan.steps.last().expect("a commit").body;
            let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(want), "{body}");
        }
    }
}

#[test]
fn one_value_in_a_list_leaves_its_other_values() {
    let vars = "root: \"{{ vault_root }}\"\nstacks:\n\
        \x20 - {name: argos, port: 51402, dir: \"{{ root }}/argos\", password: \"{{ vault_argos }}\"}\n\
        \x20 - {name: kairos, port: 51401, dir: \"{{ root }}/kairos\", password: \"{{ lookup('env', 'P') }}\", more: [\"{{ nowhere }}\", x]}\n\
        \x20 - {name: plain, port: \"{{ vault_port }}\", dir: /srv/plain, password: !vault \"x\"}\n";
    let site = "- hosts: all\n  tasks:\n    - template: {src: a.j2, dest: /etc/alloy/config.alloy}\n    - template: {src: \"{{ item.name }}/compose.yml\", dest: \"{{ item.dir }}/compose.yml\"}\n      loop: \"{{ stacks }}\"\n    - docker_compose_v2: {project_src: \"{{ item.dir }}/\"}\n      loop: \"{{ stacks }}\"\n";
    let with_password =
        |service: &str| compose(service, "{{ item.port }}") + "    environment: {P: \"{{ item.password }}\"}\n";
    let config = listener("argos", "51402") + &listener("kairos", "{{ stacks[1].port }}") + SOCKET;
    let snapshot = repo(&[
        ("hosts", "puck\n"),
        ("host_vars/puck.yml", vars),
        ("site.yml", site),
        ("a.j2", &config),
        ("argos/compose.yml", &with_password("argos")),
        ("kairos/compose.yml", &with_password("web")),
        ("plain/compose.yml", &with_password("plain")),
    ]);
    let kairos = plan(&snapshot, "kairos", "puck");
    assert_eq!((project(&kairos), kairos.verdict), (Some("kairos"), Verdict::Ready), "{:?}", kairos.findings);
    let file = after(&snapshot, &kairos, "kairos/compose.yml");
    assert_eq!(file, "services:\n  web:\n    image: web\n    environment: {P: \"{{ item.password }}\"}\n");
    assert_eq!(project(&plan(&snapshot, "argos", "puck")), Some("argos"));
    // Its port is not known, and so not taken for any.
    let plain = plan(&snapshot, "plain", "puck");
    assert_eq!((plain.verdict, plain.findings[0].rule), (Verdict::Blocked, "compose/address-unknown"));
}
