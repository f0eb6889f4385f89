//! The default driver of the Docker daemon, as other people set it.

use migrate::plan::Verdict;

use crate::repo::{SOCKET, after, compose, listener, moved, plan, repo, told};

const UP: &str = "- hosts: puck\n  tasks:\n    - copy: {src: kairos/compose.yml, dest: /srv/kairos/compose.yml}\n    - docker_compose_v2: {project_src: /srv/kairos}\n    - copy: {src: a.alloy, dest: /etc/alloy/config.alloy}\n";

/// The Compose file after the move, and whether rotation is spoken of.
fn moves(files: &[(&str, &str)]) -> (String, bool) {
    let (file, config) = (compose("web", "51401"), listener("kairos", "51401") + SOCKET);
    let mut all = vec![("hosts", "puck\n"), ("up.yml", UP), ("kairos/compose.yml", &file), ("a.alloy", &config)];
    all.extend_from_slice(files);
    let snapshot = repo(&all);
    let plan = plan(&snapshot, "kairos", "puck");
    assert_eq!(plan.verdict, Verdict::Ready, "{:?}", told(&plan));
    (after(&snapshot, &plan, "kairos/compose.yml"), told(&plan).iter().any(|one| one == "compose/rotation"))
}

#[test]
fn another_driver_is_written_over() {
    let written = "services:\n  web:\n    image: web\n    logging:\n      driver: json-file\n";
    let play = |rest: &str| format!("- hosts: puck\n{rest}");
    let role = "  roles: [geerlingguy.docker]\n";
    let options = "docker_daemon_options: {log-driver: journald}\n";
    for files in [
        // A role that is not here, by variables of the host, the play, the role and the task.
        vec![("docker.yml", play(role)), ("host_vars/puck.yml", options.to_owned())],
        vec![("docker.yml", play(&format!("  vars: {{{}}}\n{role}", options.trim_end())))],
        vec![("docker.yml", play(&format!("  roles:\n    - role: geerlingguy.docker\n      {options}")))],
        vec![(
            "docker.yml",
            play(&format!(
                "  tasks:\n    - include_role: {{name: geerlingguy.docker}}\n      vars:\n        {options}"
            )),
        )],
        vec![("docker.yml", play(role)), ("host_vars/puck.yml", "docker_log_driver: none\n".to_owned())],
        // Flags, a command, a dict in a task, a file that is not here.
        vec![(
            "docker.yml",
            play(
                "  tasks:\n    - lineinfile: {path: /etc/default/docker, line: 'DOCKER_OPTS=\"--log-driver=gelf\"'}\n",
            ),
        )],
        vec![(
            "docker.yml",
            play("  tasks:\n    - shell: |\n        echo '{\"log-driver\": \"none\"}' > /etc/docker/daemon.json\n"),
        )],
        vec![(
            "docker.yml",
            play("  tasks:\n    - copy: {dest: /etc/docker/daemon.json, content: {log-driver: '{{ driver }}'}}\n"),
        )],
        vec![("docker.yml", play("  tasks:\n    - template: {src: daemon.json.j2, dest: /etc/docker/daemon.json}\n"))],
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        assert_eq!(moves(&files), (written.to_owned(), true), "{files:?}");
    }
}

#[test]
fn a_driver_of_files_is_left_to_the_daemon() {
    let task = |content: &str| {
        format!("- hosts: puck\n  tasks:\n    - copy: {{dest: /etc/docker/daemon.json, content: {content}}}\n")
    };
    for (content, rotation) in [
        ("{log-driver: json-file}", true),
        ("{data-root: '{{ docker_root }}'}", true),
        ("{log-driver: local}", false),
        ("'{\"log-opts\": {\"max-size\": \"10m\"}}'", false),
    ] {
        assert_eq!(moves(&[("docker.yml", &task(content))]), (moved("web"), rotation), "{content}");
    }
    // Neither another daemon's file nor another host's.
    let other = task("{log-driver: none}").replace("hosts: puck", "hosts: elsewhere");
    assert_eq!(moves(&[("docker.yml", &other)]), (moved("web"), true));
}
