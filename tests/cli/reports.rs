//! The outputs made for review, of the example, by the built program.

use serde_json::Value;

use crate::support::{BRANCH, Scratch};

#[test]
fn the_body_of_a_pull_request() {
    let scratch = Scratch::demo();
    let run = scratch.kairos(&["--format", "markdown"]);
    assert_eq!((run.code, run.err.as_str()), (3, ""));
    assert!(run.out.starts_with(&format!("Branch `{BRANCH}`, 1 commit from `")), "{}", run.out);
    assert_eq!(run.out.matches("- [ ] ").count(), 13);
    for part in
        ["What moves", "### To decide", "### Files", "### Rewritten queries", "### Rollout", "22 notes</summary>"]
    {
        assert_eq!(run.out.matches(part).count(), 1, "{part}");
    }
    assert!(run.out.len() < 65_536);
    assert!(scratch.exists(BRANCH));
}

#[test]
fn the_message_of_a_commit_is_narrow_and_says_nothing_twice() {
    let scratch = Scratch::demo();
    scratch.kairos(&[]);
    let message = scratch.git(&["log", "-1", "--format=%B", BRANCH]);
    for line in message.lines() {
        // A command is copied as it stands, a path is one word.
        let is_whole = line.starts_with("       ansible-playbook ") || line.split_whitespace().count() == 1;
        assert!(is_whole || line.chars().count() <= 72, "{line}");
    }
    let said: Vec<&str> = message.split("\n- ").map(|one| one.split("\n    ").next().unwrap()).collect();
    let mut once = said.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), said.len(), "{message}");
    let (_, left) = message.split_once("\nLeft to decide:\n").unwrap();
    let (left, _) = left.split_once("\nRollout").unwrap();
    for place in ["ansible/pplg/prometheus/rules/logging.yml:24", "docs/alerts.md:12,", "scripts/logs.sh:19"] {
        assert!(left.contains(place), "{place}: {left}");
    }
}

/// A stretch of bytes by line and column, both 1-based, columns in characters.
fn by_lines(text: &str, region: &Value) -> (usize, usize) {
    let at = |line: &str, column: &str| {
        let number = |key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
        let before: usize = text.split_inclusive('\n').take(number(line) - 1).map(str::len).sum();
        before + text[before..].chars().take(number(column) - 1).map(char::len_utf8).sum::<usize>()
    };
    (at("startLine", "startColumn"), at("endLine", "endColumn"))
}

#[test]
fn every_fix_of_the_sarif_log_fits_main() {
    let scratch = Scratch::demo();
    let run = scratch.kairos(&["--format", "sarif", "--dry-run"]);
    assert_eq!(run.code, 3);
    let log = run.json();
    let report = scratch.kairos(&["--format", "json", "--dry-run"]).json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(results.len(), findings.len());
    // Only what is safe is a fix.
    let safe = findings.iter().filter(|one| one["proposal"] == "safe").count();
    let mut fixes = 0;
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        let path = place["artifactLocation"]["uri"].as_str().unwrap();
        let text = String::from_utf8(scratch.show("main", path)).unwrap();
        let number = |key: &str| usize::try_from(place["region"][key].as_u64().unwrap()).unwrap();
        let (start, end) = by_lines(&text, &place["region"]);
        assert_eq!((start, end - start), (number("byteOffset"), number("byteLength")), "{result}");
        assert_eq!(text[..start].chars().count(), number("charOffset"), "{result}");
        for fix in result["fixes"].as_array().into_iter().flatten() {
            let change = &fix["artifactChanges"][0]["replacements"][0];
            let old = &text[start..end];
            let said = findings
                .iter()
                .find(|one| one["text"] == old && one["path"] == path && one["rule"] == result["ruleId"]);
            assert!(said.is_some(), "{fix}");
            assert_eq!(by_lines(&text, &change["deletedRegion"]), (start, end));
            fixes += 1;
        }
    }
    assert_eq!((fixes, safe), (5, 5));
    assert_eq!(log["runs"][0]["properties"]["base"].as_str().unwrap(), scratch.git(&["rev-parse", "main"]));
}

#[test]
fn the_log_names_the_repository_it_was_cloned_from_and_no_password() {
    let scratch = Scratch::demo();
    let provenance = |scratch: &Scratch| {
        scratch.kairos(&["--format", "sarif", "--dry-run"]).json()["runs"][0]["versionControlProvenance"].clone()
    };
    assert_eq!(provenance(&scratch), Value::Null);
    scratch.git(&["remote", "add", "origin", "https://me:s3cret@git.example.org/infra.git"]);
    let said = provenance(&scratch);
    assert_eq!(said[0]["repositoryUri"], "https://git.example.org/infra.git");
    assert_eq!(said[0]["revisionId"].as_str().unwrap(), scratch.git(&["rev-parse", "main"]));
}

#[test]
fn the_page_is_written_besides_the_usual_output() {
    let scratch = Scratch::demo();
    let page = scratch.beside("r.html");
    let plain = scratch.kairos(&["--dry-run"]);
    let run = scratch.kairos(&["--dry-run", "--report", page.to_str().unwrap()]);
    assert_eq!((run.code, run.out, run.err.as_str()), (3, plain.out, ""));
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"));
    // Again, over the old one, now with the branch; a relative name is one of the folder it was typed in.
    let run = scratch.kairos(&["--report", "../r.html"]);
    assert_eq!(run.code, 3);
    let now = std::fs::read_to_string(&page).unwrap();
    assert!(text.contains("a dry run") && !now.contains("a dry run"));
    // A service with nothing to do, and a run that had nothing to do, have a page as well.
    assert_eq!(scratch.kairos(&["--report", page.to_str().unwrap()]).code, 0);
    assert!(std::fs::read_to_string(&page).unwrap().contains("It was there already"));
    assert_eq!(scratch.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_page_that_cannot_be_written_is_found_out_before_the_branch() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    scratch.kairos(&["--report", "docs"]).fails(1, &["cannot write the report to docs: it is a folder"]);
    scratch.kairos(&["--report", "none/r.html"]).fails(1, &["there is no folder none", "make the folder first"]);
    scratch.kairos(&["--report", "/dev/null"]).fails(1, &["it is no regular file"]);
    assert_eq!(scratch.state(), before);
    assert!(!scratch.exists(BRANCH));
}

#[test]
fn a_run_that_fails_leaves_no_page() {
    let scratch = Scratch::demo();
    scratch.migrate(&["kairos", "--host", "nowhere", "--report", "../r.html"]).fails(1, &["nowhere"]);
    assert!(!scratch.beside("r.html").exists());
    assert_eq!(std::fs::read_dir(scratch.beside(".")).unwrap().count(), 1);
}
