//! Files made to take all memory, all time or the stack: each ends as any other, with what it makes said or passed over.

use std::fmt::Write as _;

use crate::support::{Scratch, command, run};

const VARIABLES: &str = "ansible/inventory/host_vars/puck.incus.yml";
const PORT: &str = "kairos_syslog_port: 51431";

/// Kilobytes of address space a run may take.
const MEMORY: usize = 1_500_000;

/// Plans, tells the state and completes, all in bounded memory; gives what planning said.
#[track_caller]
fn ends(scratch: &Scratch) -> String {
    scratch.commit("hostile");
    let mut said = String::new();
    for arguments in [&["status"][..], &["--", "migrate", ""], &["kairos", "--host", "puck", "--dry-run", "-v"]] {
        let mut bounded = command("sh", &scratch.root);
        let limited = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
        bounded.args(["-c", &limited, env!("CARGO_BIN_EXE_migrate")]).args(arguments);
        if arguments[0] == "--" {
            bounded.env("MIGRATE_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "1");
        }
        let run = run(&mut bounded);
        assert!(matches!(run.code, 0 | 3 | 4), "{arguments:?}: {} {}", run.code, run.err);
        assert!(!run.err.contains("panicked") && !run.err.contains("overflow"), "{arguments:?}: {}", run.err);
        said = run.out;
    }
    said
}

fn with_port(value: &str) -> Scratch {
    let scratch = Scratch::demo();
    scratch.replace(VARIABLES, PORT, &format!("kairos_syslog_port: '{value}'"));
    scratch
}

#[test]
fn merge_keys_that_double_at_each_level() {
    let scratch = Scratch::demo();
    let mut chain = "x-b0: &b0 {a: 1}\n".to_owned();
    for at in 1..60 {
        let _ = writeln!(chain, "x-b{at}: &b{at} {{<<: [*b{0}, *b{0}], k{at}: v}}", at - 1);
    }
    let path = "ansible/kairos/docker-compose.yml.j2";
    scratch.replace(path, "\nservices:\n", &format!("\n{chain}services:\n  bomb:\n    <<: *b59\n    image: x\n"));
    let said = ends(&scratch);
    assert!(said.contains("kairos on puck.incus"), "{said}");
}

#[test]
fn an_expression_of_many_operators() {
    let said = ends(&with_port(&format!("{{{{ {}1 }}}}", "not ".repeat(20_000))));
    assert!(said.contains("blocked"), "{said}");
}

#[test]
fn a_replacement_that_grows() {
    ends(&with_port("{{ (\"a\" * 90000) | regex_replace(\"a\", \"b\" * 90000) | length }}"));
}

#[test]
fn lists_that_name_lists() {
    let scratch = with_port("{{ v0 | length }}");
    let text = String::from_utf8(scratch.read(VARIABLES)).unwrap();
    let lists: Vec<String> =
        (0..20).map(|at| format!("v{at}: [{}]\n", vec![format!("\"{{{{ v{} }}}}\"", at + 1); 4].join(", "))).collect();
    scratch.write(VARIABLES, format!("{text}\n{}v20: [1, 2]\n", lists.concat()));
    ends(&scratch);
}

#[test]
fn thousands_of_targets_in_a_panel() {
    let scratch = Scratch::demo();
    let path = "ansible/pplg/grafana/dashboards/kairos.json";
    let mut dashboard: serde_json::Value = serde_json::from_slice(&scratch.read(path)).unwrap();
    let targets = &mut dashboard["panels"][1]["targets"];
    *targets = vec![targets[0].clone(); 1_500].into();
    scratch.write(path, serde_json::to_vec_pretty(&dashboard).unwrap());
    ends(&scratch);
}

#[test]
fn queries_of_many_operators() {
    let scratch = Scratch::demo();
    let path = "ansible/pplg/grafana/dashboards/kairos.json";
    let mut dashboard: serde_json::Value = serde_json::from_slice(&scratch.read(path)).unwrap();
    let sum = |count: usize| vec!["sum(rate({job=\"kairos\"}[5m]))"; count].join(" + ");
    let any = |count: usize| format!("{{job=\"kairos\"}} | {}", vec!["a=\"b\""; count].join(" or "));
    let targets = &mut dashboard["panels"][1]["targets"];
    let of = |expr: String| {
        let mut target = targets[0].clone();
        target["expr"] = expr.into();
        target
    };
    *targets = [sum(500), any(500), sum(5_000), any(5_000)].map(of).to_vec().into();
    scratch.write(path, serde_json::to_vec(&dashboard).unwrap());
    let said = ends(&scratch);
    assert!(said.contains("more operators than are followed"), "{said}");
}

#[test]
fn hosts_and_groups_by_the_thousand() {
    let scratch = Scratch::demo();
    let folder = "ansible/inventory";
    let chain: Vec<String> = (0..2_000).map(|at| format!("[g{at}:children]\ng{}\n", (at + 1) % 1_999)).collect();
    scratch.write(&format!("{folder}/chain.ini"), format!("[g7]\nlast.incus\n{}", chain.concat()));
    scratch.write(&format!("{folder}/ranges.ini"), "[many]\nhost[1:1000000]\nweb[1:1000].incus\n");
    ends(&scratch);
}

#[test]
fn annotations_of_many_blocks_and_parentheses() {
    let scratch = Scratch::demo();
    let many = 20_000;
    let texts = [
        format!("{}{}", "{{ if $labels.job }}".repeat(2_000), "{{ end }}".repeat(2_000)),
        format!("{{{{ {} eq $labels.job 1 {} }}}}", "(".repeat(many), ")".repeat(many)),
        format!("{{{{ or {} }}}}", "(eq $labels.job 1) ".repeat(many)),
    ];
    let mut rules = "groups:\n- name: odd\n  rules:\n".to_owned();
    for text in texts {
        let rule =
            "  - alert: A\n    expr: sum by (job) (rate({job=\"kairos\"}[5m])) > 1\n    annotations:\n      summary: '";
        let _ = writeln!(rules, "{rule}{text}'");
    }
    scratch.write("ansible/pplg/loki/rules/odd.yml", rules);
    ends(&scratch);
}

#[test]
fn mappings_lines_and_variables_by_the_thousand() {
    let scratch = Scratch::demo();
    let folder = "ansible/pplg/grafana/dashboards";
    let panel = r#""title":"p","datasource":{"type":"loki","uid":"loki"},"targets""#;
    let query = r#""expr":"{job=\"kairos\"}""#;
    let keys: Vec<String> = (0..2_000).map(|at| format!(r#""k{at}":{{{query}}}"#)).collect();
    scratch.write(&format!("{folder}/keys.json"), format!(r#"{{"panels":[{{{panel}:{{{}}}}}]}}"#, keys.join(",")));
    let panels: Vec<String> = (0..500).map(|_| format!("{{{panel}:[{{{query}}}]}}")).collect();
    scratch.write(&format!("{folder}/line.json"), format!(r#"{{"panels":[{}]}}"#, panels.join(",")));
    let variable = r#""type":"query","datasource":{"type":"loki","uid":"loki"},"query":"label_values(job)""#;
    let variables: Vec<String> = (0..300).map(|at| format!(r#"{{"name":"v{at}",{variable}}}"#)).collect();
    let uses: Vec<String> = (0..300).map(|at| format!(r#"{{{panel}:[{{"expr":"{{job=~\"$v{at}\"}}"}}]}}"#)).collect();
    let text = format!(r#"{{"templating":{{"list":[{}]}},"panels":[{}]}}"#, variables.join(","), uses.join(","));
    scratch.write(&format!("{folder}/variables.json"), text);
    ends(&scratch);
}

#[test]
fn expressions_beside_an_unknown_filter() {
    let scratch = Scratch::demo();
    let path = "ansible/kairos/docker-compose.yml.j2";
    let tags: Vec<String> = (0..1_500).map(|at| format!("{{{{ v{at} | default(1) }}}}")).collect();
    let text = format!("# {} {{{{ inventory_hostname | odd }}}}\nservices:\n", tags.join(" "));
    scratch.replace(path, "services:\n", &text);
    let said = ends(&scratch);
    assert!(said.contains("kairos on puck.incus"), "{said}");
}

#[test]
fn relabel_patterns_too_large_to_be_kept() {
    let scratch = Scratch::demo();
    let rules: Vec<String> =
        (0..40).map(|at| format!("rule {{\n regex = \"(k{at}.{{1,900}}b)+\"\n target_label = \"x\"\n}}\n")).collect();
    let from = "  rule { // Compose project → service";
    scratch.replace("ansible/alloy/puck/config.alloy.j2", from, &format!("{}{from}", rules.concat()));
    let said = ends(&scratch);
    assert!(said.contains("the regular expressions of"), "{said}");
}
