//! The page that answers by default: how long it is, in which order it speaks, and what the options make of it.

use crate::support::{BRANCH, Run, Scratch, command, run};

/// Lines that nothing but a blocked service may make more of.
const LONGEST: usize = 40;

/// The page at a width.
fn page(scratch: &Scratch, words: &[&str], columns: usize) -> Run {
    let mut asked = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
    run(asked.args(words).env("COLUMNS", columns.to_string()))
}

/// Where each of these begins a line or stands in it, each behind the one before.
#[track_caller]
fn in_this_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { panic!("`{part}` is not there, or not there yet: {text}") };
        rest = after;
    }
}

#[test]
fn it_fits_a_screen_and_says_the_same_for_one_and_for_many() {
    for words in [
        &["kairos", "--host", "puck"][..],
        &["kairos", "--host", "puck", "--dry-run"],
        &["angelia", "--host", "puck"],
        &["kairos", "angelia", "--host", "puck"],
        &["--all", "--host", "puck"],
        &["--all", "--host", "rosalind", "--dry-run"],
        &["gitea", "--host", "rosalind"],
    ] {
        let scratch = Scratch::demo();
        scratch.git(&["config", "user.name", "Rosalind"]);
        scratch.git(&["config", "user.email", "rosalind@example.org"]);
        let run = page(&scratch, words, 80);
        assert_eq!(run.code, 3, "{words:?}: {}", run.err);
        assert!(run.out.lines().count() <= LONGEST, "{words:?}: {} lines: {}", run.out.lines().count(), run.out);
        // Commands and selectors are not wrapped, all else is.
        let wide =
            |line: &&str| line.chars().count() > 80 && !line.contains("ansible-playbook") && !line.contains("git ");
        assert_eq!(run.out.lines().find(wide), None, "{words:?}");
        in_this_order(
            &run.out,
            &[
                "syslog → Docker socket",
                "nothing is deployed yet",
                "Compose file",
                "rewritten",
                "To decide: ",
                "not seen",
                "Rollout, ",
                "\nBranch migrate/",
                "git diff ",
                "  -v: ",
            ],
        );
        assert!(run.out.lines().last().unwrap().contains("--diff"), "{}", run.out);
    }
}

/// Who reads it for the first time finds the answers by hand from the files of the example.
#[test]
fn the_page_of_kairos_names_what_a_person_asks_for() {
    let scratch = Scratch::demo();
    let out = page(&scratch, &["kairos", "--host", "puck"], 80).out;
    let said = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        // Which files.
        "1 Compose file: ansible/kairos/docker-compose.yml.j2",
        "1 Alloy configuration: ansible/alloy/puck/config.alloy.j2",
        // The Prometheus rule on the listener.
        "logging.yml:24",
        // Which alerts, by name.
        "AppTracebacks, Kairos import failed, KairosErrors, KairosSilent",
        // What to run.
        "ansible-playbook kairos/deploy.yml --limit puck.incus",
        "ansible-playbook alloy/deploy.yml --limit puck.incus",
        // What nobody looked at.
        "not seen dashboards and alerts kept in Grafana alone",
    ] {
        assert!(said.contains(part), "{part} is not in {out}");
    }
    // A recorded metric is no alert.
    assert!(!said.contains("kairos:log_errors:rate5m"), "{out}");
}

#[test]
fn the_same_places_have_the_same_names_everywhere() {
    let scratch = Scratch::demo();
    let words = ["kairos", "--host", "puck", "--dry-run"];
    let html = scratch.beside("page.html");
    let with = |more: &[&str]| scratch.migrate(&[&words[..], more].concat()).out;
    let json = scratch.migrate(&[&words[..], &["--format", "json"]].concat()).json();
    let whole = with(&["-v", "--report", html.to_str().unwrap()]);
    let texts =
        [whole, with(&["--format", "markdown"]), with(&["--format", "sarif"]), std::fs::read_to_string(html).unwrap()];
    let mut names = Vec::new();
    for finding in json["findings"].as_array().unwrap().iter().filter(|one| one["level"] == "decide") {
        let name = finding["id"].as_str().unwrap();
        assert!(texts.iter().all(|text| text.contains(name)), "{finding}");
        names.push(name.to_owned());
    }
    assert!(texts[3].contains(&format!("id=\"d-{}\"", names[0])));
    // Lines that are put above change no name.
    let path = json["findings"][0]["path"].as_str().unwrap();
    let text = String::from_utf8(scratch.read(path)).unwrap();
    scratch.write(path, format!("\n\n{text}"));
    scratch.commit("two lines more");
    let again = scratch.migrate(&[&words[..], &["--format", "json"]].concat()).json();
    assert_eq!(again["findings"][0]["id"], names[0].as_str());
    assert_ne!(again["findings"][0]["line"], json["findings"][0]["line"]);
}

#[test]
fn more_and_less_than_the_page() {
    let scratch = Scratch::demo();
    let quiet = scratch.kairos(&["-q"]);
    assert_eq!((quiet.code, quiet.out.as_str(), quiet.err.as_str()), (3, &*format!("{BRANCH}\n"), ""));
    // The branch is there: the short form says so, and the page is there when it is asked for.
    let whole = scratch.kairos(&["-v"]).out;
    assert!(whole.contains("\nRewritten queries\n") && !whole.contains("\n@@ "), "{whole}");
    let patch = scratch.kairos(&["--diff"]).out;
    in_this_order(&patch, &["An earlier run wrote its branch", "To decide: ", "\nDiff\n", "-    logging:\n"]);
    let all = scratch.migrate(&["--all", "--host", "puck", "--dry-run", "--diff"]).out;
    in_this_order(
        &all,
        &["angelia, jupyterlab, spelunker on puck.incus: ", "\nDiff of angelia on puck", "\nDiff of spelunker on puck"],
    );
}
