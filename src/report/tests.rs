//! The outputs of the sample plans. Each expected text under `tests/report` was read before it was kept.

use snapbox::{assert_data_eq, file};

use super::pages::{described, keys};
use super::{Detail, Look, Run, Written, error, human, json, sample, summary};
use crate::error::Error;
use crate::finding::{Finding, Level};
use crate::text::{Edit, Edits, RepoPath, Span, Why};

fn look(width: usize) -> Look {
    Look { width, colour: false }
}

/// All there is to say, with the patch.
fn whole(run: Run<'_>, look: &Look) -> String {
    human(run, look, Detail { verbose: true, diff: true })
}

#[test]
fn full_report_at_three_widths() {
    let (plan, written) = sample::full();
    assert_data_eq!(whole(Run::one(&plan, &written), &look(40)), file!["../../tests/report/full-40.txt"].raw());
    assert_data_eq!(whole(Run::one(&plan, &written), &look(80)), file!["../../tests/report/full-80.txt"].raw());
    assert_data_eq!(whole(Run::one(&plan, &written), &look(120)), file!["../../tests/report/full-120.txt"].raw());
}

#[test]
fn the_page_at_three_widths() {
    let (plan, written) = sample::full();
    let page = |width| human(Run::one(&plan, &written), &look(width), Detail::default());
    assert_data_eq!(page(40), file!["../../tests/report/page-40.txt"].raw());
    assert_data_eq!(page(80), file!["../../tests/report/page-80.txt"].raw());
    assert_data_eq!(page(120), file!["../../tests/report/page-120.txt"].raw());
    let (plans, branches) = sample::several();
    let page = human(Run { plans: &plans, branches: &branches, batch: true }, &look(80), Detail::default());
    assert_data_eq!(page, file!["../../tests/report/page-batch.txt"].raw());
}

#[test]
fn short_forms() {
    let none = Written::default();
    assert_data_eq!(
        whole(Run::one(&sample::blocked(), &none), &look(80)),
        file!["../../tests/report/blocked.txt"].raw()
    );
    assert_data_eq!(
        whole(Run::one(&sample::nothing_to_do(), &none), &look(80)),
        file!["../../tests/report/nothing.txt"].raw()
    );
}

#[test]
fn json_of_everything() {
    let (plan, written) = sample::full();
    assert_data_eq!(json(Run::one(&plan, &written)), file!["../../tests/report/full.json"].raw());
}

#[test]
fn colour_adds_nothing_but_colour() {
    let (plan, written) = sample::full();
    let painted = whole(Run::one(&plan, &written), &Look { width: 80, colour: true });
    let bare = anstream::adapter::strip_str(&painted).to_string();
    let unpainted = whole(Run::one(&plan, &written), &look(80));
    // Where a line ends in painted blanks, they stay.
    assert!(bare.lines().map(str::trim_end).eq(unpainted.lines().map(str::trim_end)));
    assert!(!unpainted.contains('\u{1b}'));
}

#[test]
fn a_dry_run_says_so_and_offers_no_branch() {
    let (plan, written) = sample::full();
    let text = whole(Run::one(&plan, &Written { dry_run: true, ..written }), &look(80));
    assert!(text.contains("Dry run: branch migrate/puck/kairos was not created"), "{text}");
    assert!(text.contains("git diff 0123456789ab...222222222222"), "{text}");
    assert!(!text.contains("git switch"), "{text}");
}

#[test]
fn exit_codes() {
    let none = Written { plans: vec![0], ..Written::default() };
    let (mut plan, _) = sample::full();
    assert_eq!(summary::exit_code(Run::one(&plan, &none)), 3);
    plan.findings.retain(|finding| finding.level == Level::Note);
    assert_eq!(summary::exit_code(Run::one(&plan, &none)), 0);
    assert_eq!(summary::exit_code(Run::one(&sample::blocked(), &none)), 4);
    let mut done = sample::nothing_to_do();
    done.findings.push(Finding::new(Level::Review, "a/b", "m"));
    assert_eq!(summary::exit_code(Run::one(&done, &none)), 0);
}

#[test]
fn errors_with_hints() {
    let user = Error::user("no host \u{1b}[31mpuk").hint("near names: puck.incus").hint("list them with git grep");
    assert_eq!(
        error(&user, &look(80)),
        "error: no host ␛[31mpuk\nhint: near names: puck.incus\nhint: list them with git grep\n"
    );
    assert_eq!(
        error(&Error::internal("edits clash"), &look(80)),
        "internal error: edits clash\nhint: nothing was written; this is a bug in migrate, please report it\n"
    );
}

#[test]
fn the_json_page_describes_every_key_and_no_other() {
    let (plan, written) = sample::full();
    assert_eq!(keys(&json(Run::one(&plan, &written))), described(include_str!("../../docs/json-output.md")));
}

#[test]
fn the_page_of_the_batch_describes_every_key_and_no_other() {
    let (plan, written) = sample::full();
    let conflicts = vec![("migrate/puck/gaeta".to_owned(), vec!["a.yml".to_owned()])];
    let (plans, branches) = ([plan, sample::blocked()], [Written { conflicts, ..written }]);
    let run = Run { plans: &plans, branches: &branches, batch: true };
    let text = json(run);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (services, own) = keys(&text).into_iter().partition::<Vec<_>, _>(|key| key.starts_with("services[]."));
    assert_eq!(
        own.into_iter().collect::<std::collections::BTreeSet<_>>(),
        described(include_str!("../../docs/batch-json.md"))
    );
    let alone = described(include_str!("../../docs/json-output.md"));
    assert!(services.iter().all(|key| alone.contains(&key["services[].".len()..])), "{services:?}");
    assert_eq!(value["services"][0]["commits"][1]["id"], "2222222222222222222222222222222222222222");
}

#[test]
fn json_is_there_for_every_verdict() {
    for (plan, verdict) in [(sample::blocked(), "blocked"), (sample::nothing_to_do(), "nothing-to-do")] {
        let value: serde_json::Value = serde_json::from_str(&json(Run::one(&plan, &Written::default()))).unwrap();
        assert_eq!(value["verdict"], verdict);
        assert_eq!(value["branch"], serde_json::Value::Null);
        assert_eq!(value["move"], serde_json::Value::Null);
        assert_eq!(value["files"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn the_same_finding_about_many_places_is_said_once() {
    let (mut plan, written) = sample::full();
    let source = sample::file("a.json", b"{job=~\"$a\"}\n{job=~\"$b\"}\n");
    plan.findings = ["$a", "$b"]
        .map(|text| {
            let finding = Finding::new(Level::Review, "dashboards/variable", "Built from a variable.");
            finding.at(sample::nth(&source, text, 0)).proposing(format!("{text}1")).hint("Edit the variable.")
        })
        .to_vec();
    let text = whole(Run::one(&plan, &written), &look(80));
    let want = "\
For you to decide: left as it is
a  queries over any `job` lose what moves: ask by `service_name` instead? (left
   by every move)

decide: Built from a variable. (2 places) [dashboards/variable]
  a.json:1:8: $a → $a1 (to check)
  a.json:2:8: $b → $b1 (to check)
hint: Edit the variable.
";
    assert!(text.contains(want), "{text}");
    // A proposal that is long is shown below the text in question.
    plan.findings[1].proposed = Some("b".repeat(41));
    let text = whole(Run::one(&plan, &written), &look(80));
    let want = "\
 --> a.json:1:8
  |
1 | {job=~\"$a\"}
  |        ^^
proposed (to check): $a1
 --> a.json:2:8
";
    assert!(text.contains(want), "{text}");
}

#[test]
fn a_legend_is_told_with_its_query() {
    let (mut plan, written) = sample::full();
    let source = sample::file("loki/rules.yml", b"{job=~\"$a\"}\n{{job}}\n\n\n\n\n\n{{JOB}}\n");
    for step in &mut plan.steps {
        std::sync::Arc::make_mut(step).before.add(std::sync::Arc::clone(&source));
    }
    let finding =
        |rule, text| Finding::new(Level::Review, rule, rule).at(sample::nth(&source, text, 0)).proposing("service");
    plan.findings = vec![
        finding("dashboards/variable", "$a"),
        finding("dashboards/legend-left", "{{job}}"),
        finding("dashboards/legend-left", "{{JOB}}"),
    ];
    let text = whole(Run::one(&plan, &written), &look(80));
    assert!(
        text.contains(
            "proposed (to check): service\nproposed, in the legend on line 2: {{job}} → service (to check)\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("decide: dashboards/legend-left [dashboards/legend-left]\n --> loki/rules.yml:8:1\n"),
        "{text}"
    );
    assert!(text.contains("3 places left for you to decide"), "{text}");
}

#[test]
fn a_new_file_is_called_new() {
    let (mut plan, written) = sample::full();
    let path = RepoPath::from("ansible/alloy/rosalind/config.alloy.j2");
    let mut edits = Edits::new();
    let why = Why { rule: "alloy/own-config", message: "gives the host a config of its own".into(), fact: None };
    edits.insert(Edit { span: Span::at(0), new: "// rosalind\n".into(), why }).unwrap();
    plan.steps.truncate(1);
    std::sync::Arc::make_mut(&mut plan.steps[0]).edits = [(path, edits)].into();
    let text = whole(Run::one(&plan, &written), &look(80));
    assert!(
        text.contains("  ansible/alloy/rosalind/config.alloy.j2  (new file)\n    line 1: gives the host"),
        "{text}"
    );
    let diff = "--- /dev/null\n+++ b/ansible/alloy/rosalind/config.alloy.j2\n@@ -0,0 +1 @@\n+// rosalind\n";
    assert!(text.ends_with(diff), "{text}");
    let value: serde_json::Value = serde_json::from_str(&json(Run::one(&plan, &written))).unwrap();
    assert_eq!(value["files"][0]["created"], true);
}

#[test]
fn a_branch_name_is_quoted_for_the_shell() {
    let (plan, written) = sample::full();
    let text = whole(Run::one(&plan, &Written { branch: "it's/$x".into(), ..written }), &look(80));
    assert!(text.contains(r"git switch 'it'\''s/$x'"), "{text}");
}

#[test]
fn many_streams_are_counted() {
    let (mut plan, written) = sample::full();
    plan.queries[0].streams_before = (0..20).map(|at| format!("{{n=\"{at}\"}}").into()).collect();
    let text = whole(Run::one(&plan, &written), &look(80));
    assert!(
        text.contains("before the move, 20 streams:") && text.contains("and 12 more, all in --format json"),
        "{text}"
    );
}
