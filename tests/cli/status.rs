//! `migrate status`: on the example, and on small repositories in every state.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Run, Scratch, command, git, migrate, run};

const HOST_VARS: &str = "ansible/inventory/host_vars/puck.incus.yml";
const HOSTS: &str = "ansible/inventory/hosts.yml";
const ALLOY: &str = "ansible/alloy/puck/config.alloy.j2";
const KAIROS: &str = "ansible/kairos/docker-compose.yml.j2";
const ANGELIA: &str = "ansible/angelia/docker-compose.yml.j2";

/// One host with two services on syslog and the Docker socket: the repository that the cases of `rewrites/` start from.
fn small() -> Scratch {
    let scratch = Scratch::bare_folder();
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("rewrites/base/before/.");
    assert!(Command::new("cp").arg("-r").arg(base).arg(&scratch.root).status().unwrap().success());
    scratch.git(&["init", "-q", "-b", "main"]);
    scratch.commit("infrastructure");
    scratch
}

fn status(scratch: &Scratch, options: &[&str]) -> Value {
    let run = scratch.migrate(&[&["status", "--format", "json"], options].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    run.json()
}

/// The entry of one service.
fn service<'v>(status: &'v Value, host: &str, name: &str) -> &'v Value {
    let mut all = status["services"].as_array().unwrap().iter();
    all.find(|one| one["short_host"] == host && one["service"] == name)
        .unwrap_or_else(|| panic!("{name} on {host}: {status}"))
}

fn state(scratch: &Scratch, name: &str) -> String {
    service(&status(scratch, &[]), "puck", name)["state"].as_str().unwrap().to_owned()
}

/// Types a command that was proposed, in a shell, as it stands.
fn typed(scratch: &Scratch, line: &str) -> Run {
    let folder = Path::new(env!("CARGO_BIN_EXE_migrate")).parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    run(command("sh", &scratch.root).env("PATH", path).args(["-c", line]))
}

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
    ("rosalind", "gitea", "ready"),
    ("rosalind", "hass", "ready"),
    ("rosalind", "jellyfin", "ready"),
    ("rosalind", "lobechat", "ready"),
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
    let review: Vec<Value> = list("findings").into_iter().filter(|one| one["level"] == "review").collect();
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

#[test]
fn from_ready_to_merged() {
    let scratch = small();
    let all = status(&scratch, &[]);
    assert_eq!(all["base"].as_str().unwrap(), scratch.git(&["rev-parse", "HEAD"]));
    assert_eq!(service(&all, "puck", "kairos")["state"], "ready");
    assert_eq!(service(&all, "puck", "angelia")["state"], "ready");
    // kairos is named in no query, so its move is the smaller one.
    assert_eq!(all["next"][0]["command"], "migrate kairos --host puck");
    assert_eq!(typed(&scratch, all["next"][0]["command"].as_str().unwrap()).code, 0);

    let held = status(&scratch, &[]);
    let kairos = service(&held, "puck", "kairos");
    assert_eq!(kairos["state"], "on-branch");
    assert_eq!(kairos["branches"][0]["name"], "migrate/puck/kairos");
    assert_eq!(kairos["branches"][0]["commit"].as_str().unwrap(), scratch.git(&["rev-parse", "migrate/puck/kairos"]));
    assert_eq!(kairos["branches"][0]["base"], held["base"]);
    assert_eq!(kairos["branches"][0]["foreign"], Value::Null);
    assert_eq!(service(&held, "puck", "angelia")["state"], "ready");
    let review =
        held["next"].as_array().unwrap().iter().find(|next| next["text"].as_str().unwrap().contains("review migrate"));
    let shown = typed(&scratch, review.unwrap()["command"].as_str().unwrap());
    assert!(shown.out.contains("-kairos_syslog_port: 51401"), "{} {}", shown.out, shown.err);

    // Merged with a commit of its own, and with the branch still there.
    scratch.git(&["merge", "-q", "--no-ff", "-m", "merge", "migrate/puck/kairos"]);
    let merged = status(&scratch, &[]);
    let kairos = service(&merged, "puck", "kairos");
    assert_eq!((&kairos["state"], &kairos["branches"]), (&"migrated".into(), &serde_json::json!([])));
    // On the commit before, it is on the branch as it was.
    let before = status(&scratch, &["--base", "main~1"]);
    assert_eq!(service(&before, "puck", "kairos")["state"], "on-branch");
}

#[test]
fn a_branch_that_was_squashed_can_go() {
    let scratch = small();
    assert_eq!(scratch.kairos(&[]).code, 0);
    scratch.git(&["merge", "-q", "--squash", "migrate/puck/kairos"]);
    scratch.commit("kairos moves");
    let all = status(&scratch, &[]);
    assert_eq!(service(&all, "puck", "kairos")["state"], "migrated");
    assert_eq!(service(&all, "puck", "kairos")["branches"][0]["name"], "migrate/puck/kairos");
    let said = scratch.migrate(&["status"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("so the branch can be deleted"), "{said}");
}

#[test]
fn a_branch_under_another_name_and_one_that_is_checked_out() {
    let scratch = small();
    assert_eq!(scratch.kairos(&["--branch", "mine"]).code, 0);
    assert_eq!(service(&status(&scratch, &[]), "puck", "kairos")["branches"][0]["name"], "mine");
    scratch.git(&["checkout", "-q", "mine"]);
    assert_eq!(state(&scratch, "kairos"), "migrated");
    scratch.git(&["checkout", "-q", "main"]);
    // A branch of somebody else that stands on it holds the move, too.
    scratch.git(&["branch", "later", "mine"]);
    let all = status(&scratch, &[]);
    let names: Vec<&Value> =
        service(&all, "puck", "kairos")["branches"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["later", "mine"]);
}

#[test]
fn a_commit_of_a_person_on_the_branch_is_told() {
    let scratch = small();
    assert_eq!(scratch.kairos(&[]).code, 0);
    scratch.git(&["checkout", "-q", "migrate/puck/kairos"]);
    scratch.write("note.txt", "mine");
    scratch.commit("by hand");
    let hand = scratch.git(&["rev-parse", "HEAD"]);
    scratch.git(&["checkout", "-q", "main"]);
    let all = status(&scratch, &[]);
    let kairos = service(&all, "puck", "kairos");
    assert_eq!(kairos["state"], "on-branch");
    let foreign = kairos["branches"][0]["foreign"].as_str().unwrap();
    assert_eq!(foreign, format!("commit {} was not made by this program", &hand[..10]));
    let said = scratch.migrate(&["status"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("so --replace leaves it alone"), "{said}");
}

#[test]
fn a_branch_from_an_older_commit_is_made_anew() {
    let scratch = small();
    assert_eq!(scratch.kairos(&[]).code, 0);
    scratch.write("more.txt", "x");
    scratch.commit("main goes on");
    let all = status(&scratch, &[]);
    assert_eq!(service(&all, "puck", "kairos")["state"], "on-branch");
    let anew = "migrate kairos --host puck --replace";
    assert!(all["next"].as_array().unwrap().iter().any(|next| next["command"] == anew), "{}", all["next"]);
    assert_eq!(typed(&scratch, anew).code, 0);
    let base = status(&scratch, &[]);
    assert_eq!(service(&base, "puck", "kairos")["branches"][0]["base"], base["base"]);
}

#[test]
fn what_is_left_and_what_is_in_the_way() {
    let scratch = small();
    let off = "services:\n  kairos:\n    image: kairos:3\n    ports:\n      - \"{{ kairos_port }}:8000\"\n";
    scratch.write(KAIROS, off);
    scratch.replace(ANGELIA, "{{ angelia_syslog_port }}", "{{ nowhere_defined }}");
    scratch.commit("by hand");
    let all = status(&scratch, &[]);
    let kairos = service(&all, "puck", "kairos");
    assert_eq!(kairos["state"], "leftovers");
    // The listener; its variable is still named in it.
    assert_eq!(kairos["findings"][0]["rule"], "alloy/leftover");
    let angelia = service(&all, "puck", "angelia");
    assert_eq!(angelia["state"], "blocked");
    assert_eq!(angelia["findings"][0]["rule"], "compose/address-unknown");
    // The listener of angelia has no sender now; it is one service all the same.
    assert_eq!(all["services"].as_array().unwrap().len(), 2, "{}", all["services"]);
    let run = scratch.migrate(&["status"]);
    assert_eq!(run.code, 0);
    let said = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("hint: define the variable for this host in a readable file"), "{said}");
    assert!(said.contains("Next clear what stands in the way"), "{said}");
}

#[test]
fn a_branch_in_the_way_is_waited_for() {
    let scratch = small();
    scratch.git(&["branch", "migrate/puck"]);
    let all = status(&scratch, &[]);
    let kairos = service(&all, "puck", "kairos");
    assert_eq!(kairos["state"], "syslog");
    let said = kairos["findings"][0]["message"].as_str().unwrap();
    assert_eq!(said, "the branch `migrate/puck/kairos` cannot be made because the branch `migrate/puck` exists");
    // So says the migration itself.
    scratch.kairos(&[]).fails(1, &["cannot be made because the branch migrate/puck exists"]);
    scratch.git(&["branch", "-m", "migrate/puck", "migrate/puck/kairos"]);
    assert_eq!((state(&scratch, "kairos"), state(&scratch, "angelia")), ("syslog".into(), "ready".into()));
}

#[test]
fn services_on_neither_do_not_clutter() {
    let scratch = small();
    scratch.write(ANGELIA, "services:\n  angelia:\n    image: angelia:1\n    logging: {driver: none}\n");
    let alloy = String::from_utf8(scratch.read(ALLOY)).unwrap();
    let (head, tail) = alloy.split_once("loki.source.syslog \"angelia\"").unwrap();
    scratch.write(ALLOY, head);
    scratch.commit("angelia logs nowhere");
    let names = |all: &Value| -> Vec<String> {
        all["services"].as_array().unwrap().iter().map(|one| one["service"].as_str().unwrap().to_owned()).collect()
    };
    // Docker keeps no log of it, so the socket does not bring it.
    assert_eq!(names(&status(&scratch, &[])), ["kairos"]);
    // Neither does the socket of a host that does not read it.
    scratch.write(ANGELIA, "services:\n  angelia:\n    image: angelia:1\n");
    let blocks = head.find("discovery.docker").unwrap()..head.find("loki.source.syslog").unwrap();
    scratch.write(ALLOY, [&head[..blocks.start], &head[blocks.end..]].concat());
    scratch.commit("no socket");
    let all = status(&scratch, &[]);
    assert_eq!(names(&all), ["kairos"]);
    assert_eq!(service(&all, "puck", "kairos")["touches"]["brings_blocks"], true);
    // A listener without a sender is a service of its own, and blocked.
    scratch.write(ALLOY, format!("{head}loki.source.syslog \"angelia\"{}", tail.replace("\"angelia\"", "\"ghost\"")));
    scratch.commit("a listener for nobody");
    let all = status(&scratch, &[]);
    assert_eq!(service(&all, "puck", "ghost")["state"], "blocked");
    assert_eq!(service(&all, "puck", "ghost")["findings"][0]["rule"], "compose/no-sender");
}

#[test]
fn a_service_on_two_hosts_is_two_lines() {
    let scratch = small();
    scratch.write(HOSTS, "all:\n  hosts:\n    puck.incus:\n    puck.lab:\n");
    scratch.write("ansible/inventory/host_vars/puck.lab.yml", scratch.read(HOST_VARS));
    scratch.write("ansible/alloy/puck.lab/config.alloy.j2", scratch.read(ALLOY));
    scratch.replace("ansible/kairos/deploy.yml", "- hosts: puck.incus", "- hosts: all");
    scratch.commit("two pucks");
    let all = status(&scratch, &[]);
    let found: Vec<[&str; 2]> = all["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["short_host", "service"].map(|key| one[key].as_str().unwrap()))
        .collect();
    let both = ["puck.incus", "puck.lab"].map(|host| [[host, "angelia"], [host, "kairos"]]).concat();
    assert_eq!(found, both);
    // Its listener came along, its containers did not.
    assert_eq!(service(&all, "puck.lab", "angelia")["findings"][0]["rule"], "compose/no-sender");
    scratch.migrate(&["status", "--host", "puck"]).fails(1, &["could be any of puck.incus, puck.lab"]);
}

#[test]
fn where_nothing_can_be_looked_at() {
    let unknown = small();
    let migration = unknown.migrate(&["kairos", "--host", "pukc"]);
    let looked = unknown.migrate(&["status", "--host", "pukc"]);
    looked.fails(1, &["no host `pukc`", "puck.incus"]);
    assert_eq!(looked.err, migration.err);
    assert_eq!(unknown.migrate(&["status", "kairos"]).code, 2);
    assert_eq!(unknown.migrate(&["status", "--format", "sarif"]).code, 2);
    let empty = Scratch::bare_folder();
    empty.migrate(&["status"]).fails(1, &["not inside a git repository", "migrate demo"]);
    empty.git(&["init", "-q"]);
    empty.migrate(&["status"]).fails(1, &["the repository is empty"]);
    empty.write("README.md", "# nothing\n");
    empty.commit("no Ansible here");
    let run = empty.migrate(&["status"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("No Ansible host at commit "), "{}", run.out);
    assert!(run.out.contains("with -C DIR") && run.out.contains("    migrate demo\n"), "{}", run.out);
    assert_eq!(status(&empty, &[])["services"], serde_json::json!([]));
}

#[test]
fn any_kind_of_repository() {
    let scratch = small();
    assert_eq!(scratch.kairos(&[]).code, 0);
    let states = |all: &Value| {
        [service(all, "puck", "angelia")["state"].clone(), service(all, "puck", "kairos")["state"].clone()]
    };
    let want = ["ready", "on-branch"].map(Value::from);
    scratch.git(&["checkout", "-q", "--detach"]);
    assert_eq!(states(&status(&scratch, &[])), want);
    scratch.git(&["checkout", "-q", "main"]);
    scratch.git(&["pack-refs", "--all"]);
    // The working tree is no matter.
    scratch.write(KAIROS, "{{{");
    assert_eq!(states(&status(&scratch, &[])), want);
    let bare = scratch.beside("bare.git");
    git(&scratch.beside("."), &["clone", "-q", "--bare", "infra", "bare.git"]);
    let run = migrate(&bare, &["status", "--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(states(&run.json()), want);
    // A clone without the branch has nothing on a branch: those of a remote are not looked at.
    git(&scratch.beside("."), &["clone", "-q", "infra", "clone"]);
    let run = migrate(&scratch.beside("clone"), &["status", "--format", "json"]);
    assert_eq!(states(&run.json()), ["ready", "ready"].map(Value::from));
}

#[test]
fn from_elsewhere_the_commands_say_where() {
    let scratch = small();
    let folder = scratch.beside(".");
    let run = migrate(&folder, &["status", "-C", "infra", "--base", "main", "--format", "json"]);
    let next = run.json()["next"][0]["command"].as_str().unwrap().to_owned();
    assert_eq!(next, "migrate kairos --host puck -C infra --base main");
    let all = run.json()["next"]
        .as_array()
        .unwrap()
        .iter()
        .any(|next| next["command"] == "migrate --all --host puck -C infra --base main");
    assert!(all, "{}", run.out);
}

#[test]
fn a_service_called_like_a_command_is_asked_for_as_a_service() {
    let scratch = small();
    scratch.replace(
        "ansible/kairos/deploy.yml",
        "project_src: /srv/kairos",
        "project_src: /srv/kairos\n        project_name: status",
    );
    scratch.commit("an odd name");
    let all = status(&scratch, &[]);
    assert_eq!(all["next"][0]["command"], "migrate --host puck -- status");
    assert_eq!(typed(&scratch, "migrate --host puck -- status").code, 0);
    assert_eq!(state(&scratch, "status"), "on-branch");
}

#[test]
fn a_pipe_gets_one_line_for_each_service() {
    let scratch = small();
    let run = scratch.migrate(&["status"]);
    let line = |name: &str| {
        let found: Vec<&str> = run.out.lines().filter(|line| line.starts_with(&format!("puck  {name} "))).collect();
        assert_eq!(found.len(), 1, "{}", run.out);
        found[0].split_whitespace().collect::<Vec<_>>()
    };
    // Compose, listener and variable; nothing to review but that the documents and routes do not name it either.
    assert_eq!(line("kairos"), ["puck", "kairos", "ready", "3", "0", "0", "0", "0"]);
    // A panel and a rule name angelia.
    let angelia = line("angelia");
    assert_eq!((angelia[2], angelia[5], angelia[6]), ("ready", "1", "1"), "{angelia:?}");
    assert!(!run.out.contains('\u{1b}'));
    let painted = scratch.migrate(&["status", "--color", "always"]).out;
    assert!(painted.contains("\u{1b}[32mready"), "{painted:?}");
}
