//! Table tests of the evidence, and small repositories.

use std::sync::Arc;

use super::version::{major_of_image, major_of_package, major_of_tag, major_of_url};
use super::*;
use crate::snapshot::{Entry, EntryKind, Snapshot};
use crate::text::{RepoPath, Source};

#[test]
fn versions_in_every_place_they_are_written() {
    for (tag, major) in [
        ("3.4.2", Some(3)),
        ("v2.9.8", Some(2)),
        ("3.4.2-amd64", Some(3)),
        ("3", Some(3)),
        ("10.0.0", Some(10)),
        ("latest", None),
        ("main-5f2a1b", None),
        ("k240", None),
        ("20240101", None),
        ("3a", None),
        ("", None),
    ] {
        assert_eq!(major_of_tag(tag), major, "{tag}");
    }
    for (image, major) in [
        ("grafana/loki:3.4.2", Some(Some(3))),
        ("docker.io/grafana/loki:2.9.8-amd64", Some(Some(2))),
        ("registry.example.net:5000/mirror/grafana/loki:3.0.0@sha256:00", Some(Some(3))),
        ("grafana/loki", Some(None)),
        ("registry.example.net:5000/grafana/loki", Some(None)),
        ("grafana/loki:latest", Some(None)),
        ("grafana/loki@sha256:00", Some(None)),
        ("grafana/loki-canary:3.4.2", None),
        ("example/loki:3.4.2", None),
        ("notgrafana/loki:3.4.2", None),
    ] {
        assert_eq!(major_of_image(image).map(|one| one.0), major, "{image}");
    }
    for (package, major) in [
        ("loki=3.2.1", Some(Some(3))),
        ("loki=2.9.*", Some(Some(2))),
        ("loki-3.2.1", Some(Some(3))),
        ("loki", Some(None)),
        ("loki-canary", None),
        ("lokitool", None),
    ] {
        assert_eq!(major_of_package(package).map(|one| one.0), major, "{package}");
    }
    let release = "https://github.com/grafana/loki/releases/download";
    for (url, major) in [
        (format!("{release}/v3.2.1/loki-linux-amd64.zip"), Some(Some(3))),
        (format!("{release}/v2.9.1/loki_2.9.1_amd64.deb"), Some(Some(2))),
        (format!("{release}/v2.9.1/promtail-linux-amd64.zip"), None),
        (format!("{release}/v2.9.1/loki-canary-linux-amd64.zip"), None),
        ("https://example.net/loki-linux-amd64.zip".to_owned(), None),
    ] {
        assert_eq!(major_of_url(&url).map(|one| one.0), major, "{url}");
    }
}

const CONFIG: &str = "schema_config: {configs: []}\nlimits_config:\n  retention_period: 744h\n";

fn derives(files: &[(&str, &str)]) -> Derives {
    let mut all = vec![("inventory/hosts.yml", "all: {hosts: {puck: {loki_tag: 3.4.2}}}\n")];
    all.extend(files);
    all.sort_unstable();
    let entry = |path: &str| Entry { path: RepoPath::from(path), kind: EntryKind::File };
    let mut snapshot = Snapshot::new("0".repeat(40), all.iter().map(|(path, _)| entry(path)).collect());
    for (path, text) in all {
        snapshot.add(Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec())));
    }
    Topology::of(&snapshot).loki.derives
}

fn compose(image: &str) -> String {
    format!("services:\n  loki:\n    image: {image}\n")
}

const DEPLOY: &str =
    "- hosts: puck\n  tasks:\n    - template: {src: docker-compose.yml.j2, dest: /srv/loki/docker-compose.yml}\n";

#[test]
fn image_on_its_host_with_its_variables() {
    let with = |image: &str| {
        derives(&[
            ("loki/deploy.yml", DEPLOY),
            ("loki/docker-compose.yml.j2", &compose(image)),
            ("loki/config.yml", CONFIG),
        ])
    };
    let Derives::From(list, Some(at)) = with("grafana/loki:{{ loki_tag }}") else { panic!("not proven") };
    assert_eq!(list, DISCOVERED);
    assert_eq!(format!("{at:?}"), "loki/docker-compose.yml.j2:3:1");
    assert!(matches!(with("grafana/loki:2.9.8"), Derives::Never(_)));
    for image in ["grafana/loki", "grafana/loki:latest", "grafana/loki:{{ nobody_knows }}", "grafana/promtail:3.0.0"] {
        assert!(matches!(with(image), Derives::Unknown), "{image}");
    }
}

#[test]
fn task_that_installs_it() {
    let with = |task: &str| {
        let play = format!(
            "- hosts: puck\n  vars: {{loki_version: 3.2.1}}\n  tasks:\n    - template: {{src: x, dest: y}}\n    - {task}\n"
        );
        derives(&[("loki/deploy.yml", &play), ("loki/config.yml", CONFIG)])
    };
    for task in [
        "apt: {name: 'loki={{ loki_version }}'}",
        "apt: {name: [grafana, 'loki={{ loki_version }}']}",
        "get_url: {url: 'https://github.com/grafana/loki/releases/download/v{{ loki_version }}/loki-linux-amd64.zip', dest: /opt}",
        "community.docker.docker_container: {name: loki, image: 'grafana/loki:{{ loki_version }}'}",
        "command: docker run -d grafana/loki:3.2.1 -config.file=/etc/loki/x.yml",
    ] {
        assert!(with(task).is_proven(), "{task}: {:?}", with(task));
    }
    for task in [
        "apt: {name: [loki, grafana]}",
        "debug: {msg: '{{ loki_version }}'}",
        "apt: {name: 'loki=3.2.1', state: absent}",
        "apt: {name: 'loki=3.2.1'}\n      when: false",
    ] {
        assert!(matches!(with(task), Derives::Unknown), "{task}");
    }
}

#[test]
fn setting_of_the_configuration() {
    let with = |config: &str| {
        derives(&[("loki/docker-compose.yml", &compose("grafana/loki:3.4.2")), ("loki/config.yml.j2", config)])
    };
    let own = "limits_config:\n  discover_service_name: [job, service]\n";
    let Derives::From(list, Some(at)) = with(own) else { panic!("not proven") };
    assert_eq!((list.join(","), at.source.position(at.span.start()).line), ("job,service".to_owned(), 2));
    assert!(matches!(with("limits_config: {discover_service_name: []}\n"), Derives::Never(_)));
    for config in [
        "limits_config: {discover_service_name: {{ some_list }} }\n",
        "{% if x %}\nlimits_config: {discover_service_name: [job]}\n{% endif %}\nschema_config: {}\n",
        "overrides: {fake: {discover_service_name: [job]}}\n",
        "# none at all\n",
    ] {
        assert!(matches!(with(config), Derives::Unknown), "{config}");
    }
}

#[test]
fn key_that_only_loki_3_knows_proves_the_version() {
    let own = "limits_config: {discover_service_name: [job]}\n";
    assert!(derives(&[("loki/config.yml", own)]).is_proven());
    assert!(derives(&[("loki/config.yml", "limits_config: {discover_log_levels: true}\n")]).is_proven());
    let old = ("loki/docker-compose.yml", "services: {loki: {image: 'grafana/loki:2.9.8'}}\n");
    assert!(matches!(derives(&[("loki/config.yml", own), old]), Derives::Unknown), "they contradict each other");
}

#[test]
fn two_that_disagree_are_as_good_as_none() {
    let three = ("a/docker-compose.yml", "services: {loki: {image: 'grafana/loki:3.4.2'}}\n");
    let two = ("b/docker-compose.yml", "services: {loki: {image: 'grafana/loki:2.9.8'}}\n");
    let some = ("b/docker-compose.yml", "services: {loki: {image: 'grafana/loki'}}\n");
    let config = ("a/config.yml", CONFIG);
    assert!(derives(&[three, config]).is_proven());
    assert!(matches!(derives(&[three, two, config]), Derives::Unknown));
    assert!(matches!(derives(&[three, some, config]), Derives::Unknown));
    let own = ("b/config.yml", "limits_config: {discover_service_name: [job]}\n");
    assert!(matches!(derives(&[three, config, own]), Derives::Unknown));
    let flag = ("c/docker-compose.yml", "services: {x: {command: -validation.discover-service-name=job}}\n");
    assert!(matches!(derives(&[three, config, flag]), Derives::Unknown));
}

#[test]
fn service_name_is_right_for_every_loki_3() {
    let at = Place::new(&Arc::new(Source::new("x", 0o100_644, Vec::new(), Vec::new())), crate::text::Span::at(0));
    let default = Derives::From(DISCOVERED.map(str::to_owned).to_vec(), Some(at.clone()));
    let of = |derives: &Derives, pairs: &[(&str, &str)]| {
        let label = |value: &str| if value == "?" { Label::Unknown } else { Label::Known(value.to_owned()) };
        let labels = pairs.iter().map(|(name, value)| ((*name).to_owned(), label(value))).collect();
        derives.service_name(&labels)
    };
    let known = |value: &str| Some(Label::Known(value.to_owned()));
    assert_eq!(of(&default, &[("job", "kairos"), ("hostname", "puck")]), known("kairos"));
    assert_eq!(of(&default, &[("service", "kairos"), ("job", "x"), ("container", "?")]), known("kairos"));
    assert_eq!(of(&default, &[("hostname", "puck")]), known("unknown_service"));
    assert_eq!(of(&default, &[("service_name", "own"), ("job", "x")]), known("own"));
    assert_eq!(of(&default, &[("container", "?"), ("job", "x")]), Some(Label::Unknown));
    // 3.0 looks at `job`, later versions at `app_name` before it.
    assert_eq!(of(&default, &[("app_name", "a"), ("job", "x")]), Some(Label::Unknown));
    assert_eq!(of(&default, &[("app_name", "a"), ("app", "x")]), known("x"));
    assert_eq!(of(&default, &[("k8s_job_name", "a")]), Some(Label::Unknown));
    let between = [("app_name", "a"), ("k8s_container_name", "b"), ("job", "a")];
    assert_eq!(of(&default, &between), Some(Label::Unknown), "a version may know only one of them");
    let own = Derives::From(vec!["app_name".to_owned()], Some(at.clone()));
    assert_eq!(of(&own, &[("app_name", "a"), ("job", "x")]), known("a"));
    assert_eq!(of(&Derives::Never(at), &[("job", "x")]), None);
    assert_eq!(of(&Derives::Unknown, &[("job", "x")]), Some(Label::Unknown));
}

#[test]
fn example_says_which_loki_it_runs() {
    let mut snapshot = Snapshot::new("0".repeat(40), Vec::new());
    for (path, bytes) in super::super::tests::files() {
        snapshot.add(Arc::new(Source::new(path.as_str(), 0o100_644, Vec::new(), bytes)));
    }
    let Derives::From(list, Some(at)) = Topology::of(&snapshot).loki.derives else { panic!("not proven") };
    assert_eq!((list.len(), at.source.path.as_str()), (DISCOVERED.len(), "ansible/pplg/deploy.yml"));
    assert_eq!(at.text(), "\"loki={{ loki_version }}\"");
}
