//! `migrate status` on the example: every service, and the numbers of one beside those of its migration.

use serde_json::Value;

use crate::status::{service, status};
use crate::support::Scratch;

/// By hand from the files of the example; `tests/cli/table.rs` has the verdict of each.
const EXAMPLE: [(&str, &str, &str); 23] = [
    ("ariel", "neo4j", "blocked"),
    ("miranda", "argos", "ready"),
    ("miranda", "gitea_mcp", "ready"),
    ("miranda", "grafana-mcp", "ready"),
    ("miranda", "neo4j_cypher", "ready"),
    ("miranda", "searxng", "ready"),
    ("oberon", "rabbitmq", "blocked"),
    ("oberon", "smtp4dev", "ready"),
    ("puck", "angelia", "ready"),
    ("puck", "athena", "leftovers"),
    ("puck", "daedalus", "leftovers"),
    ("puck", "jupyterlab", "ready"),
    ("puck", "kairos", "ready"),
    ("puck", "mnemosyne", "leftovers"),
    ("puck", "spelunker", "ready"),
    // Its `.env` names the project; the folder is `lobechat`.
    ("rosalind", "chat", "ready"),
    ("rosalind", "gitea", "ready"),
    ("rosalind", "hass", "ready"),
    ("rosalind", "jellyfin", "ready"),
    ("rosalind", "searxng", "ready"),
    ("titania", "casdoor", "ready"),
    // Deployed from the folder `haproxy`.
    ("titania", "edge", "ready"),
    ("umbriel", "neo4j", "blocked"),
];

#[test]
fn every_service_of_the_example() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    let all = status(&scratch, &[]);
    assert_eq!(scratch.state(), before);
    let found: Vec<(&str, &str, &str)> = all["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["short_host", "service", "state"].map(|key| one[key].as_str().unwrap()).into())
        .collect();
    assert_eq!(found, EXAMPLE);
    assert_eq!(all["counts"]["ready"], 17);
    assert_eq!(all["loki"]["derives_service_name"], true);
    let reads: Vec<&Value> =
        all["hosts"].as_array().unwrap().iter().filter(|host| host["reads_socket"] == true).collect();
    assert_eq!(reads.len(), 1, "{reads:?}");
    assert_eq!(reads[0]["host"], "puck.incus");
    for (host, name, brings) in [("puck", "kairos", false), ("titania", "edge", true)] {
        assert_eq!(service(&all, host, name)["touches"]["brings_blocks"], brings, "{name}");
    }
    let blocked = service(&all, "oberon", "rabbitmq");
    assert_eq!(blocked["findings"][0]["rule"], "alloy/own-pipeline");
    assert_eq!(blocked["findings"][0]["path"], "ansible/alloy/oberon/config.alloy.j2");
    assert_eq!(blocked["touches"], Value::Null);
}

/// The numbers are those of the migration itself.
#[test]
fn the_numbers_are_those_of_the_migration() {
    let scratch = Scratch::demo();
    let touches = service(&status(&scratch, &["--host", "puck"]), "puck", "kairos")["touches"].clone();
    let report = scratch.kairos(&["--dry-run", "--format", "json"]).json();
    let list = |key: &str| report[key].as_array().unwrap().clone();
    let edits: Vec<Value> = list("files").iter().flat_map(|file| file["edits"].as_array().unwrap().clone()).collect();
    let review: Vec<Value> = list("findings").into_iter().filter(|one| one["level"] == "decide").collect();
    let is_of = |one: &&Value, artefact: &str| one["rule"].as_str().unwrap().starts_with(artefact);
    let mut dashboards: Vec<&str> = edits
        .iter()
        .chain(&review)
        .filter(|one| is_of(one, "dashboards/"))
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    dashboards.sort_unstable();
    dashboards.dedup();
    assert_eq!(touches["edits"], edits.len());
    assert_eq!(touches["files"], list("files").len());
    assert_eq!(touches["review"], review.len());
    assert_eq!(touches["queries"], list("queries").iter().filter(|one| one["before"] != one["after"]).count());
    assert_eq!(touches["dashboards"], dashboards.len());
    // By hand: the rules `Kairos import failed`, `AppTracebacks`, `KairosErrors`, `KairosSilent` and
    // `kairos:log_errors:rate5m` are rewritten, `A service writes far more than usual` is left.
    assert_eq!(touches["alerts"], 6);
    // One setting of Loki is added; mentions in routes, templates, links and documents are left.
    let mentions = review.iter().filter(|one| is_of(one, "mentions/")).count();
    assert_eq!(touches["other"], mentions + 1);
}
