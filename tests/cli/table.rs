//! The outcome of every service on every host of the example, worked out by hand from its files, and what is there
//! after the moves.

use crate::support::{Run, Scratch};

/// Host, service as typed, and the verdict; a blocked one with the rule that blocks it.
const TABLE: &[(&str, &str, &str)] = &[
    // The template of the graph database is one for both hosts of its group.
    ("ariel", "neo4j", "compose/shared-template"),
    ("umbriel", "neo4j", "compose/shared-template"),
    ("ariel", "alloy", "compose/native"),
    ("caliban", "alloy", "compose/native"),
    ("caliban", "chrony", "compose/native"),
    ("miranda", "argos", "ready"),
    ("miranda", "gitea-mcp", "ready"),
    ("miranda", "gitea_mcp", "ready"),
    ("miranda", "grafana_mcp", "ready"),
    ("miranda", "neo4j-cypher", "ready"),
    ("miranda", "searxng", "ready"),
    // Its listener makes a label out of the line.
    ("oberon", "rabbitmq", "alloy/own-pipeline"),
    ("oberon", "smtp4dev", "ready"),
    ("prospero", "pplg", "compose/no-project"),
    ("puck", "angelia", "ready"),
    ("puck", "jupyterlab", "ready"),
    ("puck", "kairos", "ready"),
    ("puck", "spelunker", "ready"),
    ("puck", "athena", "nothing-to-do"),
    ("puck", "daedalus", "nothing-to-do"),
    ("puck", "mnemosyne", "nothing-to-do"),
    ("puck", "pallas", "compose/native"),
    // It writes log files, which Alloy reads as they are.
    ("rosalind", "apache", "compose/native"),
    ("rosalind", "docker", "compose/native"),
    ("rosalind", "gitea", "ready"),
    ("rosalind", "hass", "ready"),
    ("rosalind", "jellyfin", "ready"),
    ("rosalind", "lobechat", "ready"),
    ("rosalind", "searxng", "ready"),
    ("titania", "casdoor", "ready"),
    // The Compose project is called `edge`.
    ("titania", "haproxy", "ready"),
];

/// Migrates from `base` to `branch`.
fn step(scratch: &Scratch, host: &str, service: &str, base: &str, branch: &str) -> Run {
    scratch.migrate(&[service, "--host", host, "--base", base, "--branch", branch, "--format", "json"])
}

/// The verdict on a commit, nothing written.
fn verdict(scratch: &Scratch, host: &str, service: &str, base: &str) -> String {
    let run = scratch.migrate(&[service, "--host", host, "--base", base, "--dry-run", "--format", "json"]);
    assert_eq!(run.err, "", "{service} on {host}");
    let report = run.json();
    match report["verdict"].as_str() {
        Some("blocked") => {
            assert_eq!(run.code, 4);
            let first = &report["findings"][0];
            assert_eq!(first["level"], "blocked");
            assert!(first["hint"].is_string(), "{service} on {host}: no way out of {first}");
            assert!(first["path"].is_string(), "{service} on {host}: no fact for {first}");
            let said = format!("{} {}", first["message"], first["hint"]);
            assert!(!said.contains('{'), "{said}");
            first["rule"].as_str().unwrap().to_owned()
        }
        other => {
            let review = report["findings"].as_array().unwrap().iter().any(|one| one["level"] == "decide");
            let code = if other == Some("ready") && review { 3 } else { 0 };
            assert_eq!(run.code, code, "{service} on {host}");
            other.unwrap().to_owned()
        }
    }
}

#[test]
fn every_service_of_every_host() {
    let scratch = Scratch::demo();
    let found: Vec<_> =
        TABLE.iter().map(|(host, service, _)| (*host, *service, verdict(&scratch, host, service, "main"))).collect();
    let expected: Vec<_> = TABLE.iter().map(|(host, service, word)| (*host, *service, (*word).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_has_moved_names_its_leftovers() {
    let scratch = Scratch::demo();
    let run = scratch.migrate(&["athena", "--host", "puck"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("athena on puck: nothing to do"), "{}", run.out);
    assert!(run.out.contains("`athena_syslog_port` still stands here"), "{}", run.out);
    assert!(!scratch.exists("migrate/puck/athena"));
}

/// Migrates these one after another, each from the branch before; gives the last branch. After each step the service
/// has moved and its Compose file is YAML without a word of syslog for it.
fn chain(scratch: &Scratch, host: &str, services: &[&str], name: &str) -> String {
    let mut base = "main".to_owned();
    for (number, service) in services.iter().enumerate() {
        let branch = format!("{name}-{number}");
        let run = step(scratch, host, service, &base, &branch);
        assert!(matches!(run.code, 0 | 3), "{service} on {host}: {} {}", run.out, run.err);
        assert_eq!(verdict(scratch, host, service, &branch), "nothing-to-do", "{service} on {host}");
        base = branch;
    }
    scratch.sound();
    base
}

/// Every path of a commit with the id of its bytes.
fn tree(scratch: &Scratch, rev: &str) -> Vec<String> {
    scratch.git(&["ls-tree", "-r", rev]).lines().map(str::to_owned).collect()
}

#[test]
fn puck_in_two_orders_ends_in_the_same_files() {
    let scratch = Scratch::demo();
    let one = chain(&scratch, "puck", &["angelia", "jupyterlab", "kairos", "spelunker"], "one");
    let two = chain(&scratch, "puck", &["spelunker", "kairos", "angelia", "jupyterlab"], "two");
    let (one, two) = (tree(&scratch, &one), tree(&scratch, &two));
    let differs = one.iter().filter(|line| !two.contains(line)).collect::<Vec<_>>();
    // A query on several services says them in the order they moved in; `order` holds that it selects the same. The
    // rest is the same to the byte.
    let infrastructure: Vec<&String> = differs.into_iter().filter(|line| !line.contains("/pplg/")).collect();
    assert_eq!(infrastructure, Vec::<&String>::new());
    let alloy = String::from_utf8(scratch.show("two-3", "ansible/alloy/puck/config.alloy.j2")).unwrap();
    assert!(!alloy.contains("loki.source.syslog"), "{alloy}");
    assert!(alloy.contains("loki.source.docker"), "{alloy}");
}

#[test]
fn a_host_without_the_socket_gets_it_first_and_once() {
    for (host, services) in [
        ("rosalind", &["lobechat", "gitea", "searxng", "hass", "jellyfin"][..]),
        ("miranda", &["neo4j-cypher", "argos", "searxng", "gitea-mcp", "grafana-mcp"]),
        ("titania", &["haproxy", "casdoor"]),
        ("oberon", &["smtp4dev"]),
    ] {
        let scratch = Scratch::demo();
        let last = chain(&scratch, host, services, "b");
        // Two commits for the first service, one for each other.
        let count = scratch.git(&["rev-list", "--count", &format!("main..{last}")]);
        assert_eq!(count, (services.len() + 1).to_string(), "{host}");
        let path = format!("ansible/alloy/{host}/config.alloy.j2");
        let first =
            scratch.git(&["rev-list", "--reverse", &format!("main..{last}")]).lines().next().unwrap().to_owned();
        assert_eq!(scratch.git(&["diff", "--name-only", "main", &first]), path);
        assert_eq!(scratch.git(&["diff", "--numstat", "main", &first]).split('\t').nth(1), Some("0"), "only added");
        for rev in scratch.git(&["rev-list", &format!("main..{last}")]).lines() {
            let bytes = scratch.show(rev, &path);
            let text = std::str::from_utf8(&bytes).unwrap();
            let mask = migrate::syntax::jinja::mask(text, &migrate::syntax::jinja::Delims::default()).unwrap();
            migrate::syntax::alloy::read(mask.text()).unwrap();
            assert_eq!(text.matches("loki.source.docker \"").count(), 1, "{host} {rev}");
            assert_eq!(text.matches("discovery.docker \"").count(), 1, "{host} {rev}");
        }
        for (_, service, word) in TABLE.iter().filter(|(one, ..)| *one == host) {
            let word = if *word == "ready" { "nothing-to-do" } else { word };
            assert_eq!(verdict(&scratch, host, service, &last), word, "{service} on {host}");
        }
    }
}

/// Every Compose template of the branch still is YAML once its Jinja is masked, and says nothing of syslog any more.
#[test]
fn what_is_left_of_the_compose_files_is_yaml() {
    let scratch = Scratch::demo();
    for (host, service, path) in [
        ("puck", "kairos", "ansible/kairos/docker-compose.yml.j2"),
        ("puck", "angelia", "ansible/angelia/docker-compose.yml.j2"),
        ("puck", "spelunker", "ansible/spelunker/docker-compose.yml.j2"),
        ("rosalind", "gitea", "ansible/gitea/docker-compose.yml.j2"),
        ("rosalind", "hass", "ansible/hass/docker-compose.yml.j2"),
        ("rosalind", "jellyfin", "ansible/jellyfin/docker-compose.yml.j2"),
        ("oberon", "smtp4dev", "ansible/smtp4dev/docker-compose.yml.j2"),
        ("titania", "haproxy", "ansible/haproxy/docker-compose.yml.j2"),
    ] {
        let branch = format!("one/{host}/{service}");
        let run = step(&scratch, host, service, "main", &branch);
        assert!(matches!(run.code, 0 | 3), "{service} on {host}: {} {}", run.out, run.err);
        let text = String::from_utf8(scratch.show(&branch, path)).unwrap();
        assert!(!text.contains("syslog"), "{path}: {text}");
        let mask = migrate::syntax::jinja::mask(&text, &migrate::syntax::jinja::Delims::default()).unwrap();
        let value: serde_yaml::Value =
            serde_yaml::from_str(mask.text()).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
        assert!(value["services"].is_mapping(), "{path}");
    }
}
