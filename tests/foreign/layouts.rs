//! Ways from a playbook to the files of a service.

use migrate::plan::Verdict;

use crate::repo::{SOCKET, after, compose, listener, moved, plan, repo, result, told};

/// Moves `kairos` off `puck`, and asserts what everybody expects of it.
fn moves(files: &[(&str, &str)], compose_file: &str, alloy_file: &str) {
    let snapshot = repo(files);
    let plan = plan(&snapshot, "kairos", "puck");
    assert_eq!(plan.verdict, Verdict::Ready, "{:?}", told(&plan));
    assert_eq!(plan.moved.as_ref().map(|moved| moved.project.as_str()), Some("kairos"));
    let file = after(&snapshot, &plan, compose_file);
    assert!(file.starts_with(&moved("web")) && !file.contains("logging"), "{file}");
    assert!(!after(&snapshot, &plan, alloy_file).contains("\"kairos\""));
    assert!(after(&snapshot, &plan, alloy_file).ends_with(SOCKET.trim_start()));
    let again = crate::repo::plan(&result(&snapshot, &plan), "kairos", "puck");
    assert_eq!(again.verdict, Verdict::NothingToDo, "{:?}", told(&again));
}

#[test]
fn a_role_whose_tasks_are_imported_and_end_early_elsewhere() {
    let config = format!(
        "{{% if kairos_port is defined %}}\n{}{{% endif %}}\n{}{SOCKET}",
        listener("kairos", "{{ kairos_port }}"),
        listener("argos", "51409")
    );
    moves(
        &[
            ("hosts", "[docker]\npuck\nportia\n"),
            ("host_vars/puck", "kairos_port: 51401\n"),
            ("site.yml", "- hosts: docker\n  roles: [kairos]\n  tasks:\n    - include_role: {name: alloy}\n"),
            (
                "roles/kairos/tasks/main.yml",
                "- meta: end_host\n  when: kairos_port is not defined\n- import_tasks: up.yml\n",
            ),
            (
                "roles/kairos/tasks/up.yml",
                "- template: src=c.yml.j2 dest=/opt/kairos/compose.yml\n- command: docker compose up -d\n  args: {chdir: /opt/kairos}\n",
            ),
            ("roles/kairos/templates/c.yml.j2", &compose("web", "{{ kairos_port }}")),
            ("roles/alloy/tasks/main.yml", "- template: {src: a.j2, dest: /etc/alloy/config.alloy}\n"),
            ("roles/alloy/templates/a.j2", &config),
        ],
        "roles/kairos/templates/c.yml.j2",
        "roles/alloy/templates/a.j2",
    );
}

#[test]
fn one_role_for_all_stacks_loops_over_dicts() {
    moves(
        &[
            ("hosts", "puck\n"),
            ("host_vars/puck/main.yml", "stacks:\n  - {name: argos}\n  - {name: kairos}\nports: {kairos: 51401}\n"),
            ("site.yml", "- hosts: all\n  roles: [stacks, alloy]\n"),
            (
                "roles/stacks/tasks/main.yml",
                "- template:\n    src: \"{{ item.name }}/compose.yml\"\n    dest: \"/srv/{{ item.name }}/compose.yml\"\n  loop: \"{{ stacks }}\"\n- docker_compose_v2: {project_src: \"/srv/{{ item.name }}\"}\n  loop: \"{{ stacks }}\"\n",
            ),
            ("roles/stacks/templates/kairos/compose.yml", &compose("web", "{{ ports['kairos'] }}")),
            ("roles/stacks/templates/argos/compose.yml", "services:\n  argos: {image: argos}\n"),
            (
                "roles/alloy/tasks/main.yml",
                "- template: {src: \"{{ item }}\", dest: /etc/alloy/config.alloy}\n  with_first_found:\n    - \"{{ inventory_hostname }}.alloy.j2\"\n    - default.alloy.j2\n",
            ),
            ("roles/alloy/templates/puck.alloy.j2", &(listener("kairos", "{{ ports.kairos }}") + SOCKET)),
            ("roles/alloy/templates/default.alloy.j2", SOCKET),
        ],
        "roles/stacks/templates/kairos/compose.yml",
        "roles/alloy/templates/puck.alloy.j2",
    );
}

#[test]
fn folders_are_copied_whole_and_the_shell_brings_them_up() {
    moves(
        &[
            ("inventory.ini", "puck ansible_host=10.0.0.1\n"),
            (
                "play.yml",
                "- hosts: \"{{ target | default('puck') }}\"\n  tasks:\n    - copy: {src: stacks/, dest: /opt/}\n    - shell: docker compose -f /opt/{{ item }}/compose.yml up -d\n      loop: [kairos, argos]\n    - synchronize: {src: alloy, dest: /etc}\n",
            ),
            ("stacks/kairos/compose.yml", &compose("web", "51401")),
            ("stacks/argos/compose.yml", "services:\n  argos: {image: argos}\n"),
            ("alloy/kairos.alloy", &(listener("kairos", "51401") + &listener("argos", "51402") + SOCKET)),
        ],
        "stacks/kairos/compose.yml",
        "alloy/kairos.alloy",
    );
}

#[test]
fn the_same_role_with_other_parameters_is_another_project() {
    moves(
        &[
            ("hosts", "puck\n"),
            ("host_vars/puck.yml", "base: 51400\n"),
            (
                "site.yml",
                "- hosts: puck\n  roles:\n    - {role: stack, stack: kairos, listens: \"{{ base + 1 }}\"}\n    - {role: stack, stack: argos, listens: \"{{ base + 2 }}\"}\n  tasks:\n    - copy: {src: a.alloy, dest: /etc/alloy/config.alloy}\n",
            ),
            (
                "roles/stack/tasks/main.yml",
                "- template: {src: \"{{ stack }}.yml\", dest: \"/srv/{{ stack }}/docker-compose.yml\"}\n- docker_compose_v2: {project_src: \"/srv/{{ stack }}\"}\n",
            ),
            (
                "roles/stack/templates/kairos.yml",
                // Unquoted Jinja in a plain `.yml`, and a condition on a parameter of the role.
                &format!(
                    "{}{{% if listens is defined %}}\n    user: {{{{ stack }}}}:{{{{ stack }}}}\n{{% endif %}}\n",
                    compose("web", "{{ listens }}")
                ),
            ),
            ("roles/stack/templates/argos.yml", &compose("web", "{{ listens }}")),
            ("a.alloy", &(listener("kairos", "51401") + &listener("argos", "51402") + SOCKET)),
        ],
        "roles/stack/templates/kairos.yml",
        "a.alloy",
    );
}

#[test]
fn task_files_run_in_a_loop_under_the_name_of_the_item() {
    moves(
        &[
            (
                "inventory/hosts.yml",
                "all:\n  hosts:\n    puck: {services: [alloy, kairos]}\n    portia: {services: [alloy]}\n",
            ),
            (
                "books/site.yml",
                "- hosts: all\n  tasks:\n    - include_tasks: \"services/{{ one }}.yml\"\n      loop: \"{{ services }}\"\n      loop_control: {loop_var: one}\n",
            ),
            (
                "books/services/kairos.yml",
                "- template: {src: \"../../{{ one }}/compose.yml.j2\", dest: \"/srv/{{ one }}/compose.yml\"}\n- shell: {cmd: docker compose up -d, chdir: \"/srv/{{ one }}\"}\n",
            ),
            (
                "books/services/alloy.yml",
                "- template: {src: \"../../alloy/{{ inventory_hostname }}.j2\", dest: /etc/alloy/config.alloy}\n",
            ),
            ("kairos/compose.yml.j2", &compose("web", "51401")),
            ("alloy/puck.j2", &(listener("kairos", "51401") + SOCKET)),
            ("alloy/portia.j2", SOCKET),
        ],
        "kairos/compose.yml.j2",
        "alloy/puck.j2",
    );
}

#[test]
fn a_compose_file_no_task_writes_is_tied_by_its_port_and_named_by_itself() {
    let named = format!("name: kairos\n{}", compose("web", "51401"));
    let files = [
        ("hosts", "puck\nportia\n"),
        ("stacks/kairos/compose.yml", named.as_str()),
        ("alloy/puck/config.alloy", &(listener("kairos", "51401") + SOCKET)),
        ("alloy/portia/config.alloy", SOCKET),
    ];
    let snapshot = repo(&files);
    let ready = plan(&snapshot, "kairos", "puck");
    assert_eq!(ready.verdict, Verdict::Ready, "{:?}", told(&ready));
    assert_eq!(after(&snapshot, &ready, files[1].0), format!("name: kairos\n{}", moved("web")));
    let again = plan(&result(&snapshot, &ready), "kairos", "puck");
    assert_eq!(
        (again.verdict, told(&again)),
        (Verdict::NothingToDo, vec![format!("compose/undeployed {}:1", files[1].0)])
    );
}

#[test]
fn an_override_file_loses_what_it_held() {
    let snapshot = repo(&[
        ("hosts", "puck\n"),
        (
            "play.yml",
            "- hosts: puck\n  tasks:\n    - copy: {src: kairos/, dest: /srv/kairos}\n    - docker_compose_v2: {project_src: /srv/kairos}\n    - copy: {src: a.alloy, dest: /etc/alloy/config.alloy}\n",
        ),
        ("kairos/compose.yml", "services:\n  web: {image: web}\n  db: {image: db}\n"),
        (
            "kairos/compose.override.yml",
            "services:\n  web:\n    logging: {driver: syslog, options: {syslog-address: \"tcp://127.0.0.1:51401\"}}\n",
        ),
        ("a.alloy", &(listener("kairos", "51401") + SOCKET)),
    ]);
    let plan = plan(&snapshot, "kairos", "puck");
    assert_eq!(plan.verdict, Verdict::Ready, "{:?}", told(&plan));
    let moved = plan.moved.as_ref().map(|moved| (moved.components.clone(), moved.siblings.clone()));
    assert_eq!(moved, Some((vec!["web".to_owned()], vec!["db".to_owned()])));
    // Compose refuses a bare `services:` (real-world C19).
    assert_eq!(after(&snapshot, &plan, "kairos/compose.override.yml"), "services: {}\n");
}
