//! Takes proposed texts: one more commit behind those of the move, which a person chose what is in.
//!
//! Knows: which finding proposes what, how a place is found again behind the commits. Must not know: how texts are chosen, git.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::build::collect;
use super::{Plan, Step, message};
use crate::error::{Error, Result};
use crate::finding::{Finding, Level, Trust};
use crate::text::{Edit, Edits, Place, RepoPath, Span, Why};

/// Adds a commit with the texts of these findings, by name, to the last of the plans whose commits are on one branch, and takes
/// the findings out of all of them. Nothing is added where no name is one of theirs.
///
/// # Errors
/// A name whose finding has no text that can be taken, a text that no longer fits, two that want the same bytes.
pub fn accept(plans: &mut [Plan], on: &[usize], ids: &[String]) -> Result<()> {
    let steps: Vec<Arc<Step>> = on.iter().flat_map(|&index| plans[index].steps.iter().cloned()).collect();
    let (Some(last), Some(&holder)) = (steps.last(), on.last()) else { return Ok(()) };
    let mut edits: Vec<(RepoPath, Edit)> = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for id in ids {
        for finding in on.iter().flat_map(|&index| &plans[index].findings).filter(|one| one.id == *id) {
            edits.push(edit(&steps, finding)?);
            taken.insert(id.clone());
        }
    }
    if taken.is_empty() {
        return Ok(());
    }
    let edits = collect(edits).map_err(|_| {
        Error::user("two of these texts want the same bytes").hint("take one of them, and write the other by hand")
    })?;
    let before = last.before.edited(&last.edits);
    let accepted: Vec<String> = ids.iter().filter(|id| taken.contains(*id)).cloned().collect();
    let whose = plans[holder].moved.as_ref().filter(|_| on.len() == 1);
    let whose = whose.map_or(plans[holder].request.host.as_str(), |moved| &moved.service);
    let (title, body) = message::accepted(whose, &edits, &accepted, &plans[holder].base);
    plans[holder].steps.push(Arc::new(Step { title, body, before, edits, accepted }));
    for &index in on {
        plans[index].findings.retain(|finding| !taken.contains(&finding.id));
    }
    Ok(())
}

/// The names of the findings whose texts can be taken without a look: none that another one clashes with.
pub fn safe(plans: &[Plan], on: &[usize]) -> Vec<String> {
    let steps: Vec<Arc<Step>> = on.iter().flat_map(|&index| plans[index].steps.iter().cloned()).collect();
    let mut ids: Vec<String> = Vec::new();
    let mut edits: BTreeMap<RepoPath, Edits> = BTreeMap::new();
    for finding in on.iter().flat_map(|&index| &plans[index].findings) {
        let is_safe = finding.level == Level::Review && finding.trust() == Some(Trust::Safe);
        let Some((path, edit)) = Some(finding).filter(|_| is_safe).and_then(|one| edit(&steps, one).ok()) else {
            continue;
        };
        if edits.entry(path).or_default().insert(edit).is_ok() && !ids.contains(&finding.id) {
            ids.push(finding.id.clone());
        }
    }
    ids
}

/// The edit that a finding proposes, in its file behind all commits.
fn edit(steps: &[Arc<Step>], finding: &Finding) -> Result<(RepoPath, Edit)> {
    let Finding { id, .. } = finding;
    let (Some(new), Some(at), Some(trust)) = (&finding.proposed, &finding.at, finding.trust()) else {
        return Err(Error::user(format!("no text is proposed for {id}: {}", finding.message)));
    };
    if trust == Trust::ShownOnly {
        return Err(Error::user(format!("the text for {id} says what to write and cannot stand there itself"))
            .hint("write it by hand, where it belongs"));
    }
    let span = carried(steps, at).ok_or_else(|| {
        Error::user(format!("the text for {id} does not fit any more: the move changes what it stands in"))
    })?;
    let why = Why { rule: finding.rule, message: finding.message.clone(), fact: None };
    Ok((at.source.path.clone(), Edit { span, new: new.clone(), why }))
}

/// Where the bytes of a place stand behind all of these commits; `None` where one of them touches them.
fn carried(steps: &[Arc<Step>], place: &Place) -> Option<Span> {
    let path = place.source.path.as_str();
    let reads = |step: &Arc<Step>| step.before.get(path).is_some_and(|one| one.bytes() == place.source.bytes());
    let first = steps.iter().position(reads)?;
    let changes = steps[first..].iter().filter_map(|step| step.edits.get(path));
    changes.into_iter().try_fold(place.span, |span, edits| edits.carry(span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Request, Task, Verdict};
    use crate::snapshot::{Entry, EntryKind, Snapshot};
    use crate::text::Source;

    const TEXT: &str = "one two three";

    fn put(span: (usize, usize), new: &str) -> Edit {
        let why = Why { rule: "a/b", message: "m".into(), fact: None };
        Edit { span: Span::new(span.0, span.1), new: new.into(), why }
    }

    /// A plan with a commit that makes `one` longer, and what it proposes for these stretches of the file.
    fn plan(proposed: &[(&str, (usize, usize), &str)]) -> Plan {
        let entry = Entry { path: RepoPath::from("a.md"), kind: EntryKind::File };
        let mut before = Snapshot::new("0".repeat(40), vec![entry]);
        let source = Arc::new(Source::new("a.md", 0o100_644, Vec::new(), TEXT.into()));
        before.add(Arc::clone(&source));
        let mut edits = Edits::new();
        edits.insert(put((0, 3), "first")).unwrap();
        let edits = BTreeMap::from([(RepoPath::from("a.md"), edits)]);
        let step = Step { title: "t".into(), body: "b".into(), before, edits, accepted: Vec::new() };
        let finding = |(id, (start, end), new): &(&str, (usize, usize), &str)| {
            let place = Place::new(&source, Span::new(*start, *end));
            Finding { id: (*id).into(), ..Finding::new(Level::Review, "a/b", "m").at(place).fixing(*new) }
        };
        Plan {
            task: Task::Move,
            request: Request { service: "kairos".into(), host: "puck".into(), ..Request::default() },
            verdict: Verdict::Ready,
            base: "0".repeat(40),
            moved: None,
            steps: vec![Arc::new(step)],
            findings: proposed.iter().map(finding).collect(),
            queries: Vec::new(),
            rollout: Vec::new(),
        }
    }

    fn named(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_text_is_put_where_its_place_stands_behind_the_commits() {
        let mut plans = [plan(&[("aaaaa", (4, 7), "2"), ("bbbbb", (8, 13), "3")])];
        accept(&mut plans, &[0], &named(&["bbbbb"])).unwrap();
        accept(&mut plans, &[0], &named(&["aaaaa", "zzzzz"])).unwrap();
        let [_, second, third] = &plans[0].steps[..] else { panic!() };
        let text = |step: &Step| String::from_utf8(step.edits["a.md"].apply(step.before.get("a.md").unwrap().bytes()));
        assert_eq!((text(second).unwrap(), text(third).unwrap()), ("first two 3".into(), "first 2 3".into()));
        assert_eq!((second.accepted.join(" "), third.accepted.join(" ")), ("bbbbb".into(), "aaaaa".into()));
        assert!(third.body.ends_with(&format!("\nMigrate-Accepted: aaaaa\nMigrate-Base: {}\n", "0".repeat(40))));
        assert!(plans[0].findings.is_empty());
        accept(&mut plans, &[0], &named(&["aaaaa"])).unwrap();
        assert_eq!(plans[0].steps.len(), 3);
    }

    #[test]
    fn what_does_not_fit_is_not_taken() {
        let mut plans = [plan(&[("aaaaa", (2, 7), "2"), ("bbbbb", (8, 13), "3"), ("ccccc", (10, 13), "4")])];
        plans[0]
            .findings
            .push(Finding { id: "ddddd".into(), ..Finding::new(Level::Review, "a/b", "why").showing("x") });
        plans[0].findings.push(Finding { id: "eeeee".into(), ..Finding::new(Level::Review, "a/b", "why") });
        for (ids, said) in [
            (&["aaaaa"][..], "does not fit any more"),
            (&["bbbbb", "ccccc"], "the same bytes"),
            (&["ddddd"], "no text is proposed"),
            (&["eeeee"], "no text is proposed for eeeee: why"),
        ] {
            let error = accept(&mut plans, &[0], &named(ids)).unwrap_err();
            assert!(error.message.contains(said), "{error}");
        }
        assert_eq!((plans[0].steps.len(), plans[0].findings.len()), (1, 5));
        // Of two that clash, the first one is safe.
        assert_eq!(safe(&plans, &[0]), ["bbbbb"]);
    }
}
