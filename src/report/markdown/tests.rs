//! The body of a pull request of the sample plans, read by a Markdown engine as the forges use them.

use super::super::{Run, Written, sample};
use super::{LONGEST, render};
use crate::finding::{Finding, Level};

/// The body as HTML, by GitLab's engine with all that the forges switch on, and raw HTML let through.
fn html(body: &str) -> String {
    let mut options = comrak::Options::default();
    let on = &mut options.extension;
    (on.table, on.autolink, on.strikethrough, on.tasklist, on.footnotes) = (true, true, true, true, true);
    (on.math_dollars, on.math_code, on.underline) = (true, true, true);
    options.render.r#unsafe = true;
    comrak::markdown_to_html(body, &options)
}

/// The tags of a page, without attributes.
fn tags(html: &str) -> std::collections::BTreeSet<String> {
    let names = html.split('<').skip(1);
    names.map(|part| part.chars().take_while(|c| c.is_alphanumeric() || "/!-".contains(*c)).collect()).collect()
}

/// The text outside of code, where names, numbers and commits would be made links.
fn outside_code(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find("<code") {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once("</code>").map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn text_of_the_repository_does_nothing() {
    let (plans, branches) = sample::several();
    let body = render(Run { plans: &plans, branches: &branches, batch: true });
    let html = html(&body);
    let allowed = [
        "p", "h2", "h3", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "ul", "ol", "li", "input",
        "strong", "details", "summary", "br", "span",
    ];
    let strange: Vec<_> =
        tags(&html).into_iter().filter(|tag| !allowed.contains(&tag.trim_start_matches('/'))).collect();
    assert!(strange.is_empty(), "{strange:?}\n{body}");
    let text = outside_code(&html);
    for word in ["rosalind", "evil", "#12", "GH-3", "$x$", ":smile:", "alert"] {
        assert!(!text.contains(word), "`{word}` stands outside of code:\n{text}");
    }
    assert!(!body.contains(['\u{1b}', '\u{202e}']));
    // It is shown all the same.
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") || html.contains("&#60;script"), "{html}");
}

#[test]
fn a_table_has_the_cells_it_is_to_have() {
    let (plans, branches) = sample::several();
    let html = html(&render(Run { plans: &plans, branches: &branches, batch: true }));
    for row in html.split("<tr>").skip(1) {
        let row = row.split("</tr>").next().unwrap();
        let cells = row.matches("<td").count() + row.matches("<th").count() - row.matches("<thead").count();
        assert!([2, 3, 7].contains(&cells), "{cells} cells: {row}");
    }
}

#[test]
fn each_place_to_decide_has_a_box_to_tick() {
    let (plan, written) = sample::full();
    let body = render(Run::one(&plan, &written));
    assert_eq!(html(&body).matches("type=\"checkbox\"").count(), 2);
    let want = "\
- [ ] The selector matches more jobs than kairos, so it was left as it is. After the move it no longer selects kairos. \
(`alerts/regex`)
  `loki/rules.yml:4:34` `sbcw2`, proposed (to check):

  ```diff
  -       - expr: sum by (job) (rate({job=~\"kai.*\"}[5m]))
  +       - expr: sum by (job) (rate({job=~\"kai.*\"} or {service=\"kairos\"}[5m]))
  ```

  What to do: write it as two queries, or as a filter behind a common selector
";
    assert!(body.contains(want), "{body}");
    let blocked = render(Run::one(&sample::blocked(), &Written::default()));
    assert!(blocked.contains("### What stands in the way") && !blocked.contains("[ ]"), "{blocked}");
}

#[test]
fn every_verdict_has_a_body() {
    let none = Written::default();
    let done = render(Run::one(&sample::nothing_to_do(), &none));
    assert!(done.starts_with("## kairos on puck: nothing to do, it does not log to syslog any more\n"), "{done}");
    let (plans, branches) = sample::several();
    let body = render(Run { plans: &plans, branches: &branches, batch: true });
    for row in [
        "| `kairos` | `puck.incus` | ready | 3 | 1 | 2 | 5 |",
        "| `angelia` | `puck.incus` | ready | 1 | 1 | 2 | 1 |",
        "| `spelunker` | `puck` | blocked | 0 | 0 | 0 | 1 |",
        "| `athena` | `puck` | nothing-to-do | 0 | 0 | 0 | 1 |",
    ] {
        assert!(body.contains(row), "{row}\n{body}");
    }
    assert_eq!(
        render(Run { plans: &[], branches: &[], batch: true }),
        "## Nothing to do: no service logs to syslog\n\n\n"
    );
}

#[test]
fn places_that_one_answer_settles_are_one_question() {
    let (mut plan, written) = sample::full();
    let source = sample::file("loki/rules.yml", b"a: job\nb: job\n");
    plan.findings = (0..2)
        .map(|at| Finding::new(Level::Review, "mentions/other", "names it").at(sample::nth(&source, "job", at)))
        .collect();
    crate::finding::name(&mut plan.findings);
    let (one, two) = (&plan.findings[0].id, &plan.findings[1].id);
    let want = format!(
        "### Questions\n\n1. documents, scripts and links name the old label: name the new one? 2 places: \
         `{one} rules.yml:1`, `{two} rules.yml:2`\n"
    );
    let body = render(Run::one(&plan, &written));
    assert!(body.contains(&want), "{want}{body}");
    let page = super::super::html(Run::one(&plan, &written));
    for id in [one, two] {
        assert!(page.contains(&format!("<a href=\"#d-{id}\">")) && page.contains(&format!(" id=\"d-{id}\"")), "{page}");
    }
}

#[test]
fn a_long_body_is_cut_and_says_so() {
    let (mut plan, written) = sample::full();
    let source = sample::file("a.json", "x job\n".repeat(4000).as_bytes());
    plan.findings = (0..4000)
        .map(|at| Finding::new(Level::Review, "a/b", format!("Number {at}.")).at(sample::nth(&source, "job", at)))
        .collect();
    let body = render(Run::one(&plan, &written));
    assert!(body.len() <= LONGEST, "{}", body.len());
    assert!(body.len() > LONGEST - 2000, "{}", body.len());
    assert!(body.starts_with("> **This text is cut.**"), "{body}");
    let ticks = body.matches("- [ ] ").count();
    assert!(body.contains(&format!("**Left out here: {} places of 4000.**", 4000 - ticks)), "{ticks}");
    // What is left after the rollout is the room of the findings.
    assert!(body.contains("### Rollout") && body.contains("1. Deploy the Docker-socket block"), "{body}");
}

#[test]
fn one_huge_line_does_not_fill_the_body() {
    let (mut plan, written) = sample::full();
    let source = sample::file("a.json", format!("{}job{}", "x".repeat(900_000), "y".repeat(900_000)).as_bytes());
    plan.findings = vec![Finding::new(Level::Review, "a/b", "m").at(sample::nth(&source, "job", 0)).proposing("z")];
    let body = render(Run::one(&plan, &written));
    assert!(body.contains("…") && body.contains("+ …") && body.len() < 10_000, "{}", body.len());
}

#[test]
fn leftovers_have_a_body_and_a_page() {
    let (plan, written) = sample::full();
    let plan = crate::plan::Plan { task: crate::plan::Task::Prune, moved: None, ..plan };
    let run = Run::one(&plan, &written);
    let body = render(run);
    assert!(
        body.contains("## leftovers on puck: what nothing needs any more goes\n") && !body.contains("What moves"),
        "{body}"
    );
    let page = super::super::html(run);
    assert!(page.contains("<h1>leftovers on puck: what nothing needs any more goes</h1>") && !page.contains("-moves"));
    let log = super::super::sarif(run, None);
    assert!(log.contains("\"id\": \"migrate/puck/prune/\""));
}
