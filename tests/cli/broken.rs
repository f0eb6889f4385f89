//! Files that cannot be read stop no others, are never edited, and are told of.

use crate::support::{BRANCH, Run, Scratch};

const COMPOSE: &str = "ansible/kairos/docker-compose.yml.j2";
const DASHBOARDS: &str = "ansible/pplg/grafana/dashboards";

/// Commits these files, migrates kairos; the run is done, and each file is byte for byte as it was.
#[track_caller]
fn migrates_beside(files: &[(&str, &[u8])]) -> (Scratch, Run) {
    let scratch = Scratch::demo();
    for (path, bytes) in files {
        scratch.write(path, bytes);
    }
    scratch.commit("odd files");
    let run = scratch.kairos(&["--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (3, ""));
    for (path, bytes) in files {
        assert!(scratch.show(BRANCH, path) == *bytes, "{path} was changed");
    }
    scratch.sound();
    (scratch, run)
}

/// Whether a finding names this path.
#[track_caller]
fn tells_of(run: &Run, path: &str) {
    let report = run.json();
    let findings = report["findings"].as_array().unwrap();
    let named = |one: &serde_json::Value| {
        one["path"] == path || one["message"].as_str().is_some_and(|message| message.contains(path))
    };
    assert!(findings.iter().any(named), "nothing is said of {path}");
}

/// Blocked or refused, with one of these words; nothing written.
#[track_caller]
fn stops(scratch: &Scratch, words: &[&str]) {
    let before = scratch.state();
    let run = scratch.kairos(&[]);
    let said = format!("{}{}", run.out, run.err).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(matches!(run.code, 1 | 4), "{said}");
    assert!(!said.contains("internal error"), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
    assert_eq!(scratch.state(), before);
}

#[test]
fn json_that_nests_too_deep() {
    let path = format!("{DASHBOARDS}/deep.json");
    let deep = "[".repeat(100_000) + "\"{job=\\\"kairos\\\"} loki\"" + &"]".repeat(100_000);
    let (_, run) = migrates_beside(&[(&path, deep.as_bytes())]);
    tells_of(&run, &path);
}

#[test]
fn json_of_a_hundred_megabytes() {
    let path = format!("{DASHBOARDS}/huge.json");
    let mut huge = b"{\"panels\": [".to_vec();
    while huge.len() < 100 << 20 {
        huge.extend_from_slice(b"{\"datasource\": \"loki\", \"expr\": \"{job=\\\"kairos\\\"}\"},\n");
    }
    huge.extend_from_slice(b"{}]}");
    let (_, run) = migrates_beside(&[(&path, &huge)]);
    tells_of(&run, &path);
}

#[test]
fn json_that_is_none() {
    let path = format!("{DASHBOARDS}/broken.json");
    let (_, run) = migrates_beside(&[(&path, b"{\"type\": \"loki\", \"expr\": \"{job=\\\"kairos\\\"}\",,\n")]);
    tells_of(&run, &path);
}

#[test]
fn an_lfs_pointer() {
    let path = format!("{DASHBOARDS}/kairos-lfs.json");
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let (_, run) = migrates_beside(&[(&path, pointer)]);
    tells_of(&run, &path);
}

#[test]
fn yaml_with_faults() {
    let rules = "ansible/pplg/loki/rules";
    let (alias, twice, bytes) = (format!("{rules}/a.yml"), format!("{rules}/twice.yml"), format!("{rules}/c.yml"));
    let (_, run) = migrates_beside(&[
        (&alias, b"groups: *nothing\n# {job=\"kairos\"}\n"),
        (
            &twice,
            b"groups: []\ngroups:\n  - name: x\n    rules:\n      - {alert: a, expr: 'rate({job=\"kairos\"}[1m])'}\n",
        ),
        (&bytes, b"groups:\n  - name: \xff\xfe\n    rules:\n      - {alert: a, expr: '{job=\"kairos\"}'}\n"),
    ]);
    tells_of(&run, &alias);
    tells_of(&run, &twice);
    tells_of(&run, &bytes);
}

#[test]
fn files_of_no_concern() {
    let (_, run) = migrates_beside(&[
        ("docs/logo.png", b"\x89PNG\r\n\x1a\n\0\0kairos job"),
        ("odd name \"quoted\".md", b"nothing\n"),
    ]);
    assert_eq!(run.code, 3);
}

#[test]
fn a_submodule() {
    let scratch = Scratch::demo();
    let id = scratch.git(&["rev-parse", "HEAD"]);
    scratch.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},vendor/kairos")]);
    scratch.git(&["commit", "-q", "-m", "submodule"]);
    assert_eq!(scratch.kairos(&[]).code, 3);
    assert!(scratch.git(&["ls-tree", BRANCH, "vendor/kairos"]).starts_with("160000 commit"));
}

#[test]
fn a_template_with_unbalanced_jinja() {
    let scratch = Scratch::demo();
    let text = String::from_utf8(scratch.read(COMPOSE)).unwrap();
    scratch.write(COMPOSE, format!("{{% if x %}}\n{text}"));
    scratch.commit("unbalanced");
    stops(&scratch, &["kairos"]);
    scratch.write(COMPOSE, text.replace("{{ kairos_syslog_port }}", "{{ kairos_syslog_port "));
    scratch.commit("open");
    stops(&scratch, &["kairos"]);
}

#[test]
fn host_variables_that_cannot_be_read() {
    for bytes in [&b"kairos_syslog_port: 51431\nname: \xff\xfe\n"[..], b"a: [\n", b"a: *nothing\n"] {
        let scratch = Scratch::demo();
        scratch.write("ansible/inventory/host_vars/puck.incus.yml", bytes);
        scratch.commit("odd");
        stops(&scratch, &["ansible/inventory/host_vars/puck.incus.yml"]);
    }
}

#[test]
fn duplicate_keys_in_the_compose_file() {
    let scratch = Scratch::demo();
    let text = String::from_utf8(scratch.read(COMPOSE)).unwrap();
    scratch.write(COMPOSE, format!("{text}\nservices: {{}}\n"));
    scratch.commit("twice");
    stops(&scratch, &["kairos"]);
}

#[test]
fn alloy_that_cannot_be_read() {
    let scratch = Scratch::demo();
    scratch.replace(
        "ansible/alloy/puck/config.alloy.j2",
        "loki.source.syslog \"kairos_logs\" {",
        "loki.source.syslog \"kairos_logs\" {{",
    );
    scratch.commit("odd");
    stops(&scratch, &["ansible/alloy/puck/config.alloy.j2:", "could not be read"]);
}
