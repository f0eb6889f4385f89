//! Whose defaults count where, and which hosts a play means when its `hosts:` has a template in it.

use migrate::plan::{Plan, Verdict};
use migrate::snapshot::Snapshot;
use migrate::topology::runs::Link;

use crate::repo::{SOCKET, compose, listener, plan, repo, told};

/// A role that writes a Compose file and brings it up, under a name and with a port of its own.
const STACK: &str = "- template: {src: compose.yml.j2, dest: \"/opt/{{ stack }}/compose.yml\"}\n- docker_compose_v2: {project_src: \"/opt/{{ stack }}\"}\n";

/// Two such roles with the same names of variables, `said` in the file `kind` of each, below `folder`.
fn two_roles(folder: &str, kind: &str, more: &[(&str, &str)]) -> Snapshot {
    let template = compose("web", "{{ port }}");
    let mut files: Vec<(String, String)> = Vec::new();
    for (name, port) in [("argos", "51402"), ("kairos", "51401")] {
        let role = format!("{folder}/{name}");
        files.push((format!("{role}/{kind}"), format!("stack: {name}\nport: {port}\n")));
        files.push((format!("{role}/tasks/main.yml"), STACK.to_owned()));
        files.push((format!("{role}/templates/compose.yml.j2"), template.clone()));
    }
    let config = listener("argos", "51402") + &listener("kairos", "51401") + SOCKET;
    files.push(("alloy.alloy".to_owned(), config));
    files.push(("hosts".to_owned(), "puck\n".to_owned()));
    files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    repo(&files)
}

/// Asserts that `argos` and `kairos` each leave their own listener on `host`.
fn each_its_own(snapshot: &Snapshot, host: &str) {
    for service in ["argos", "kairos"] {
        let plan = plan(snapshot, service, host);
        assert_eq!(plan.verdict, Verdict::Ready, "{service}: {:?}", told(&plan));
        assert_eq!(facts(&plan), (service.to_owned(), vec![service.to_owned()]));
    }
}

/// Project and jobs of a move.
fn facts(plan: &Plan) -> (String, Vec<String>) {
    let moved = plan.moved.as_ref().unwrap_or_else(|| panic!("{:?}", told(plan)));
    (moved.project.clone(), moved.jobs.clone())
}

const ALLOY: &str = "    - copy: {src: alloy.alloy, dest: /etc/alloy/config.alloy}\n";

#[test]
fn defaults_count_in_their_role() {
    let site = format!("- hosts: all\n  roles: [argos, kairos]\n  tasks:\n{ALLOY}");
    for kind in ["defaults/main.yml", "defaults/main.yaml", "defaults/main/stack.yml", "vars/main.yml"] {
        each_its_own(&two_roles("roles", kind, &[("site.yml", &site)]), "puck");
    }
}

#[test]
fn defaults_count_whatever_runs_the_role() {
    let include = |module: &str, names: [&str; 2]| {
        let one = |name: &str| format!("    - {module}: {{name: {name}}}\n");
        format!("- hosts: all\n  tasks:\n{}{}{ALLOY}", one(names[0]), one(names[1]))
    };
    for module in ["include_role", "import_role"] {
        let site = include(module, ["argos", "kairos"]);
        each_its_own(&two_roles("roles", "defaults/main.yml", &[("site.yml", &site)]), "puck");
        let site = include(module, ["apps/argos", "apps/kairos"]);
        each_its_own(&two_roles("roles/apps", "defaults/main.yml", &[("site.yml", &site)]), "puck");
    }
    let site = format!("- hosts: all\n  roles: [both]\n  tasks:\n{ALLOY}");
    let meta = "dependencies:\n  - argos\n  - role: kairos\n";
    let more = [("site.yml", site.as_str()), ("roles/both/meta/main.yml", meta)];
    each_its_own(&two_roles("roles", "defaults/main.yml", &more), "puck");
    let site = format!(
        "- hosts: all\n  tasks:\n    - include_role: {{name: \"{{{{ item }}}}\"}}\n      loop: [argos, kairos]\n{ALLOY}"
    );
    each_its_own(&two_roles("roles", "defaults/main.yml", &[("site.yml", &site)]), "puck");
}

#[test]
fn a_default_stands_below_the_host_and_below_what_the_play_says() {
    let site = format!("- hosts: all\n  roles: [argos]\n  tasks:\n{ALLOY}");
    let more = [("site.yml", site.as_str()), ("host_vars/puck", "port: 51401\n")];
    let moved = plan(&two_roles("roles", "defaults/main.yml", &more), "argos", "puck");
    assert_eq!(facts(&moved), ("argos".to_owned(), vec!["kairos".to_owned()]), "{:?}", told(&moved));
    let site = format!("- hosts: all\n  vars: {{port: 51401}}\n  roles: [argos]\n  tasks:\n{ALLOY}");
    let moved = plan(&two_roles("roles", "defaults/main.yml", &[("site.yml", &site)]), "argos", "puck");
    assert_eq!(facts(&moved), ("argos".to_owned(), vec!["kairos".to_owned()]), "{:?}", told(&moved));
}

#[test]
fn the_defaults_of_a_listed_role_are_seen_in_its_play_and_in_no_other() {
    let task = "    - template: {src: web.yml.j2, dest: \"/opt/{{ stack | default('web') }}/compose.yml\"}\n    - docker_compose_v2: {project_src: \"/opt/{{ stack | default('web') }}\"}\n";
    let web = compose("app", "51403");
    let project = |site: &str, service: &str| {
        let mut snapshot = two_roles("roles", "defaults/main.yml", &[("site.yml", site), ("web.yml.j2", &web)]);
        let config = listener("web", "51403") + SOCKET;
        let config = repo(&[("alloy.alloy", &config)]).get("alloy.alloy").cloned().unwrap();
        snapshot.add(config);
        facts(&plan(&snapshot, service, "puck")).0
    };
    let listed = format!("- hosts: all\n  roles: [argos]\n  tasks:\n{task}{ALLOY}");
    assert_eq!(project(&listed, "web"), "argos");
    let apart = format!("- hosts: all\n  roles: [argos]\n- hosts: all\n  tasks:\n{task}{ALLOY}");
    assert_eq!(project(&apart, "web"), "web");
}

/// Two groups of one host each; the host variables of the second name the second.
fn hosts_of(play: &str, more: &[(&str, &str)]) -> Vec<String> {
    let site = format!("{play}  tasks:\n    - copy: {{src: c.yml, dest: /opt/kairos/compose.yml}}\n");
    let mut files = vec![
        ("hosts", "[prod]\npuck\n[vpn]\nbelinda\n"),
        ("host_vars/puck.yml", "target: prod\n"),
        ("host_vars/belinda.yml", "target: vpn\n"),
        ("group_vars/vpn.yml", "zone: vpn\n"),
        ("c.yml", "services: {web: {image: x}}\n"),
        ("site.yml", site.as_str()),
    ];
    files.extend_from_slice(more);
    let topology = migrate::topology::Topology::of(&repo(&files));
    let runs = topology.hosts.iter().filter(|host| !host.deployments.is_empty());
    runs.map(|host| host.name.clone()).collect()
}

#[test]
fn hosts_are_filled_in_before_there_is_a_host() {
    assert_eq!(hosts_of("- hosts: \"{{ target | default('prod') }}\"\n", &[]), ["puck"]);
    assert_eq!(hosts_of("- hosts: \"{{ zone | default('prod') }}\"\n", &[]), ["puck"]);
    assert_eq!(hosts_of("- hosts: \"{{ target }}\"\n", &[]), [""; 0]);
    assert_eq!(hosts_of("- hosts: \"{{ target }}\"\n  vars: {target: vpn}\n", &[]), ["belinda"]);
    assert_eq!(hosts_of("- hosts: \"{{ one | default(target) }}\"\n  vars: {target: vpn}\n", &[]), ["belinda"]);
    let file = [("plays/target.yml", "target: \"{{ 'vp' ~ 'n' }}\"\n")];
    assert_eq!(hosts_of("- hosts: \"{{ target }}\"\n  vars_files: [plays/target.yml]\n", &file), ["belinda"]);
    assert_eq!(hosts_of("- hosts: \"{{ groups['vpn'] | first }}\"\n", &[]), ["belinda"]);
    assert_eq!(hosts_of("- hosts: \"{{ groups['vpn'] + groups['prod'] }}\"\n", &[]), ["belinda", "puck"]);
    assert_eq!(hosts_of("- hosts: \"{{ ansible_limit | default('vpn') }}\"\n", &[]), ["belinda"]);
}

/// Forty roles of which each includes others by a variable that nobody sets.
#[test]
fn includes_by_variable_end() {
    let mut files = vec![("hosts".to_owned(), "puck\n".to_owned())];
    for number in 0..40 {
        let task = |name: &str| format!("- include_role: {{name: \"{{{{ {name} }}}}\"}}\n");
        let own = format!("- copy: {{src: {number}.yml, dest: /opt/x/compose.yml}}\n");
        let tasks = own + &task("wanted") + &task(&format!("wanted{number}")) + "- import_tasks: main.yml\n";
        files.push((format!("roles/r{number}/tasks/main.yml"), tasks));
    }
    let list: Vec<String> = (0..40).map(|number| format!("r{number}")).collect();
    files.push(("site.yml".to_owned(), format!("- hosts: all\n  roles: [{}]\n", list.join(", "))));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let topology = migrate::topology::Topology::of(&repo(&files));
    assert!(topology.deploys.tasks.len() < 20_000, "{}", topology.deploys.tasks.len());
}

#[test]
fn an_include_by_variable_runs_the_role_it_names() {
    let site = format!("- hosts: all\n  tasks:\n    - include_role: {{name: \"{{{{ wanted }}}}\"}}\n{ALLOY}");
    let more = [("site.yml", site.as_str()), ("host_vars/puck", "wanted: kairos\n")];
    let snapshot = two_roles("roles", "defaults/main.yml", &more);
    let topology = migrate::topology::Topology::of(&snapshot);
    let written = topology.hosts[0].deployments.iter().filter(|one| one.written_by.is_some());
    assert_eq!(
        written.map(|one| one.file.path.as_str()).collect::<Vec<_>>(),
        ["roles/kairos/templates/compose.yml.j2"]
    );
    assert_eq!(facts(&plan(&snapshot, "kairos", "puck")), ("kairos".to_owned(), vec!["kairos".to_owned()]));
    // What no task writes sees the defaults of the role it lies in.
    let host = &topology.hosts[0];
    let at = host.deployments.iter().position(|one| one.written_by.is_none()).unwrap();
    let Link::Listener(listener) = host.links[at][0] else { panic!("{:?}", host.links[at]) };
    assert_eq!(host.listeners[listener].job(), Some("argos"));
}

#[test]
fn scenarios_of_tests_are_no_plays() {
    let play = "- hosts: all\n  tasks:\n    - copy: {src: ../c.yml, dest: /opt/kairos/compose.yml}\n";
    for path in ["molecule/default/converge.yml", "roles/x/tests/test.yml", ".github/smoke.yml"] {
        let files = [("hosts", "puck\n"), ("c.yml", "services: {web: {image: x}}\n"), (path, play)];
        let topology = migrate::topology::Topology::of(&repo(&files));
        assert!(topology.deploys.tasks.is_empty(), "{path}");
    }
}
