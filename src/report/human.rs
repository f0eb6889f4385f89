//! The report for a person at a terminal.
//!
//! Knows: the order in which a reviewer wants to read. Must not know: how widths, colours or control characters are
//! handled (`style`, `plain`).

mod batch;
mod branch;
mod page;

use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::plan::{Move, Plan, QueryChange, RolloutStep, Verdict};
use crate::text::Place;

use super::review::{self, MOST_STREAMS, number};
use super::style::{BAD, FAINT, INFO, LOOK, NEW, OLD, Page, STRONG};
use super::summary::{self, FileChange, Legends};
use super::{Detail, Look, Run, Written, diff, overview, snippet};

/// Texts up to this many bytes are shown on the line of their place.
const LONGEST_SWAP: usize = 40;

/// The level that nothing has to be done about now, and its heading.
const NOTES: (Level, &str) = (Level::Note, "Worth knowing");

/// See [`super::human()`].
pub(super) fn render(run: Run<'_>, look: Look, detail: Detail) -> String {
    let mut page = Page::new(look);
    let is_ready = run.plans.iter().any(|plan| plan.verdict == Verdict::Ready);
    match run.only() {
        Some((plan, _)) if plan.verdict == Verdict::Blocked => blocked(&mut page, plan),
        Some((plan, written)) if plan.verdict == Verdict::NothingToDo => nothing_to_do(&mut page, plan, written),
        Some((plan, written)) if written.already_there() && detail == Detail::default() => {
            already_there(&mut page, plan, written);
        }
        Some((plan, written)) if detail.verbose => ready(&mut page, run, plan, written),
        None if detail.verbose || !is_ready => batch::render(&mut page, run),
        _ => page::render(&mut page, run),
    }
    if detail.diff && is_ready {
        patch(&mut page, run);
    }
    page.finish()
}

/// What the branches change, service by service.
fn patch(page: &mut Page, run: Run<'_>) {
    for plan in run.plans.iter().filter(|plan| plan.verdict == Verdict::Ready) {
        page.heading(&if run.plans.len() > 1 { format!("Diff of {}", plan.subject()) } else { "Diff".to_owned() });
        for file in summary::results(plan) {
            diff::render(page, file.path.as_str(), file.before, &file.after);
        }
    }
}

/// An earlier run wrote this very branch.
fn already_there(page: &mut Page, plan: &Plan, written: &Written) {
    page.heading(&format!("{}: nothing to do, an earlier run wrote the branch", plan.subject()));
    branch::render(page, &plan.base, &titles(plan), written);
    page.gap();
    let review = summary::count(plan, Level::Review);
    let left = if review > 0 {
        format!(", with {} left for you to decide", number(review, "place", "places"))
    } else {
        String::new()
    };
    page.prose("", "", &format!("--dry-run shows the page again{left}, -v all of it, --diff the patch."));
}

fn ready(page: &mut Page, run: Run<'_>, plan: &Plan, written: &Written) {
    page.heading(&format!("{}: {}", plan.subject(), review::verdict(plan)));
    page.prose("", "", &review::Counts::of(plan).sentence());
    page.gap();
    if let Some(moved) = &plan.moved {
        what_moves(page, moved);
    }
    files(page, plan);
    queries(page, plan);
    decisions(page, run);
    findings(page, plan, &[NOTES]);
    rollout(page, &plan.rollout);
    branch::render(page, &plan.base, &titles(plan), written);
}

/// The titles of its commits.
fn titles(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.title.as_str()).collect()
}

fn what_moves(page: &mut Page, moved: &Move) {
    let mut row = |name: &str, lines: &[String]| {
        for (index, line) in lines.iter().enumerate() {
            let label = page.paint(FAINT, &format!("{:<11}", if index == 0 { name } else { "" }));
            page.prose(&format!("  {label}"), &" ".repeat(13), line);
        }
    };
    let listeners: Vec<_> = moved.listeners.iter().map(summary::place).collect();
    row(if listeners.len() == 1 { "listener" } else { "listeners" }, &listeners);
    row("project", &[format!("{} (from {})", moved.project, summary::project_from(moved))]);
    row(if moved.components.len() == 1 { "component" } else { "components" }, &[moved.components.join(", ")]);
    if !moved.siblings.is_empty() {
        row("not moved", &[format!("{} (same project, not on these listeners)", moved.siblings.join(", "))]);
    }
    let jobs: Vec<_> = moved.jobs.iter().map(|job| format!("job=\"{job}\"")).collect();
    let labels: Vec<_> = moved
        .components
        .iter()
        .map(|component| format!("service=\"{}\", component=\"{component}\"", moved.project))
        .collect();
    row("labels", &[jobs.join(", ")]);
    row("", &labels.iter().map(|labels| format!("→ {labels}")).collect::<Vec<_>>());
}

fn files(page: &mut Page, plan: &Plan) {
    page.heading("Changes, in the order of rollout");
    let mut step = None;
    for file in summary::files(plan) {
        if plan.steps.len() > 1 && step != Some(file.step) {
            step = Some(file.step);
            let title = plan.steps.get(file.step).map_or("", |step| step.title.as_str());
            page.prose(&format!("  commit {}: ", file.step + 1), "  ", title);
        }
        file_change(page, &file);
    }
}

fn file_change(page: &mut Page, file: &FileChange<'_>) {
    let path = page.paint(STRONG, file.path.as_str());
    let new = if file.before.is_none() { "  (new file)" } else { "" };
    page.raw(&format!("  {path}{new}\n"));
    for reason in review::reasons(file) {
        let label = page.paint(FAINT, &format!("{}: ", review::lines(&reason.lines)));
        let because = reason.fact.map(|fact| format!(" (see {})", summary::place(fact))).unwrap_or_default();
        page.prose(&format!("    {label}"), "      ", &format!("{}{because}", reason.message));
    }
}

/// The rewritten queries, those that select the same streams together; the ones left alone are findings.
fn queries(page: &mut Page, plan: &Plan) {
    let groups = summary::rewritten(plan);
    if groups.is_empty() {
        return;
    }
    page.heading("Rewritten queries");
    for group in groups {
        let Some(first) = group.first() else { continue };
        page.gap();
        if group.len() > 1 {
            page.prose("  ", "  ", &format!("these {} select the same:", number(group.len(), "query", "queries")));
        }
        if first.streams_before == first.streams_after {
            streams(page, "before and after the move", &first.streams_before);
        } else {
            streams(page, "before the move", &first.streams_before);
            streams(page, "after the move", &first.streams_after);
        }
        for query in group {
            page.gap();
            render_query(page, query);
        }
    }
}

fn render_query(page: &mut Page, query: &QueryChange) {
    page.code("  ", STRONG, &summary::place(&query.at));
    let how = query.how.map(|how| format!(": {}", how.phrase())).unwrap_or_default();
    page.prose("    ", "    ", &format!("{}{how}", query.context));
    let (minus, plus) = (page.paint(OLD, "- "), page.paint(NEW, "+ "));
    page.code(&format!("    {minus}"), OLD, &query.before);
    page.code(&format!("    {plus}"), NEW, &query.after);
}

fn streams(page: &mut Page, when: &str, list: &[Arc<str>]) {
    let what =
        if list.is_empty() { "no stream".to_owned() } else { format!("{}:", number(list.len(), "stream", "streams")) };
    page.prose("  ", "    ", &format!("{when}, {what}"));
    for stream in list.iter().take(MOST_STREAMS) {
        page.code("    ", FAINT, stream);
    }
    if list.len() > MOST_STREAMS {
        page.prose("    ", "    ", &format!("and {} more, all in --format json", list.len() - MOST_STREAMS));
    }
}

/// Findings of these levels.
fn findings(page: &mut Page, plan: &Plan, levels: &[(Level, &str)]) {
    for &(level, heading) in levels {
        let groups = summary::grouped(plan, level, &Legends::default());
        if !groups.is_empty() {
            page.heading(heading);
        }
        for group in groups {
            page.gap();
            finding_group(page, &group, &Legends::default());
        }
    }
}

/// Every place that is to be decided, by question.
fn decisions(page: &mut Page, run: Run<'_>) {
    let all = overview::questions(run);
    if all.is_empty() {
        return;
    }
    page.heading("For you to decide: left as it is");
    let legends = run.only().map(|(plan, _)| Legends::of_plan(plan)).unwrap_or_default();
    for (index, asked) in all.iter().enumerate() {
        page.gap();
        let also = if asked.every_move { " (left by every move)" } else { "" };
        let letter = page.paint(LOOK, &overview::letter(index));
        // Where the only sentence is the finding's own, it is said below.
        let is_own = asked.about.iter().all(|one| one.finding.message == asked.ask);
        page.prose(&format!("{letter}  "), "   ", &format!("{}{also}", if is_own { "" } else { asked.ask }));
        let mut groups: Vec<Vec<&overview::Decision<'_>>> = Vec::new();
        for one in asked.about.iter().filter(|one| !legends.hold(one.finding)) {
            match groups.iter_mut().find(|group| group.first().is_some_and(|first| first.says_the_same(one))) {
                Some(group) => group.push(one),
                None => groups.push(vec![one]),
            }
        }
        for (index, group) in groups.into_iter().enumerate() {
            if !is_own || index > 0 {
                page.gap();
            }
            if run.plans.len() > 1 {
                page.prose("", "  ", &format!("left by {}:", overview::left_by(&group)));
                // Places of the base: later moves of the batch see files that are changed already.
                let placed: Vec<Finding> = group.iter().map(|one| one.in_the_base()).collect();
                finding_group(page, &placed.iter().collect::<Vec<_>>(), &Legends::default());
            } else {
                finding_group(page, &group.iter().map(|one| one.finding).collect::<Vec<_>>(), &legends);
            }
        }
    }
}

/// One finding by itself.
pub(super) fn finding(page: &mut Page, one: &Finding) {
    finding_group(page, &[one], &Legends::default());
}

/// Findings that say the same: the sentence once, each place with its proposal, the way out once.
fn finding_group(page: &mut Page, group: &[&Finding], legends: &Legends<'_>) {
    let Some(first) = group.first() else { return };
    let style = match first.level {
        Level::Blocked => BAD,
        Level::Review => LOOK,
        Level::Note => INFO,
    };
    let places = if group.len() > 1 { format!(" ({} places)", group.len()) } else { String::new() };
    page.labelled(style, first.level.word(), &format!("{}{places} [{}{}]", first.message, first.rule, id_of(group)));
    let short = group.len() > 1 && group.iter().all(|finding| swap(finding).is_some());
    for finding in group {
        if let Some((place, old, new)) = swap(finding).filter(|_| short) {
            one_swap(page, finding, place, (old, new));
        } else {
            if let Some(place) = &finding.at {
                let snippet = snippet::render(place, style, page.look);
                let (head, lines) = snippet.split_once('\n').unwrap_or((&snippet, ""));
                let id = if group.len() > 1 { finding.id.as_str() } else { "" };
                page.raw(&format!("{}\n{lines}", format!("{head} {id}").trim_end()));
            }
            proposal(page, finding);
        }
        for legend in legends.of(finding) {
            if let Some((place, old, new)) = swap(legend) {
                let label = page.paint(STRONG, "proposed");
                let line = summary::start(place).line;
                let id = if legend.id.is_empty() { String::new() } else { format!(" ({})", legend.id) };
                let trust = in_brackets(legend);
                page.prose(&label, "  ", &format!(", in the legend on line {line}{id}: {old} → {new}{trust}"));
            }
        }
    }
    if let Some(hint) = &first.hint {
        page.labelled(STRONG, "hint", hint);
    }
}

/// The name of the only finding; where there are several, each place has its own.
fn id_of(group: &[&Finding]) -> String {
    match group {
        [one] if !one.id.is_empty() => format!(" {}", one.id),
        _ => String::new(),
    }
}

/// Place, text and proposal of a finding that fits on one line.
fn swap(finding: &Finding) -> Option<(&Place, &str, &str)> {
    let (place, new) = (finding.at.as_ref()?, finding.proposed.as_deref()?);
    let old = place.text();
    let fits = |text: &str| !text.is_empty() && text.len() <= LONGEST_SWAP && !text.contains('\n');
    (fits(old) && fits(new)).then_some((place, old, new))
}

fn one_swap(page: &mut Page, finding: &Finding, place: &Place, (old, new): (&str, &str)) {
    let at = page.paint(STRONG, format!("{} {}", finding.id, summary::place(place)).trim_start());
    let (old, new) = (page.paint(OLD, old), page.paint(NEW, new));
    page.raw(&format!("  {at}: {old} → {new}{}\n", in_brackets(finding)));
}

/// How far the proposal can be taken.
fn in_brackets(finding: &Finding) -> String {
    finding.trust().map(|trust| format!(" ({})", trust.phrase())).unwrap_or_default()
}

fn proposal(page: &mut Page, finding: &Finding) {
    let Some(text) = finding.proposed.as_deref() else { return };
    let label = page.paint(STRONG, &format!("proposed{}: ", in_brackets(finding)));
    if text.is_empty() {
        page.prose(&label, "  ", "delete this text");
    } else {
        page.code(&label, NEW, text);
    }
}

fn rollout(page: &mut Page, steps: &[RolloutStep]) {
    if steps.is_empty() {
        return;
    }
    page.heading("Rollout, in the order that loses no line");
    for (index, step) in steps.iter().enumerate() {
        let first = format!("{:>3}. ", index + 1);
        page.prose(&first, "     ", &step.text);
        if let Some(command) = &step.command {
            page.code("     $ ", STRONG, command);
        }
    }
}

fn nothing_to_do(page: &mut Page, plan: &Plan, written: &Written) {
    page.heading(&format!("{}: {}", plan.subject(), review::verdict(plan)));
    findings(page, plan, &[(Level::Review, "For you to decide"), NOTES]);
    branch::notes(page, written);
}

fn blocked(page: &mut Page, plan: &Plan) {
    page.heading(&format!("{}: blocked, nothing was written", plan.subject()));
    page.raw("\n");
    let all = summary::findings(plan);
    let mut blocking = all.iter().filter(|finding| finding.level == Level::Blocked);
    if let Some(first) = blocking.next() {
        finding_group(page, &[first], &Legends::default());
    }
    let rest: Vec<_> = blocking.collect();
    if !rest.is_empty() {
        page.heading("Also in the way");
        for finding in rest {
            one_line(page, finding);
        }
    }
    let others = plan.findings.len() - summary::count(plan, Level::Blocked);
    if others > 0 {
        page.gap();
        let what = number(others, "other finding", "other findings");
        page.prose("", "", &format!("{what} will matter once this is solved; --format json lists them"));
    }
}

fn one_line(page: &mut Page, finding: &Finding) {
    let place = finding.at.as_ref().map(|at| format!("{}: ", page.paint(STRONG, &summary::place(at))));
    page.prose(&format!("  {}", place.unwrap_or_default()), "    ", &finding.message);
}
