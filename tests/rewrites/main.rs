//! Every case of `rewrites/<artefact>/cases` is held to its expected bytes, verdict and findings, to undo, to a second
//! run that finds nothing, and to the same in other line ends, with a byte order mark and without a last newline.
//!
//! The expectations are written by hand; nothing here writes them.

// What fails here fails the test: a reason to panic with.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod case;
mod generated;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use case::{Case, Expected, Files, Level, Verdict};
use migrate::plan::{self, Plan, Request};
use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::text::{RepoPath, Source};

#[test]
fn every_case_holds() {
    let cases = case::all();
    assert!(!cases.is_empty());
    let mut failures = String::new();
    for case in &cases {
        for form in FORMS {
            if let Err(why) = hold(case, form) {
                let _ = writeln!(failures, "\n=== {} ({}): {}\n{why}", case.name, form.name, case.asked.about);
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn each_rule_of_files_changes_leaves_alone_and_refuses() {
    let cases = case::all();
    for artefact in ["compose", "alloy", "host_vars", "dashboards", "alerts", "loki"] {
        let of = |wanted: &dyn Fn(&Case) -> bool| {
            cases.iter().filter(|case| case.name.starts_with(&format!("{artefact}/")) && wanted(case)).count()
        };
        assert!(of(&|case| case.asked.verdict == Verdict::Ready) >= 3, "{artefact}: too few cases that change");
        assert!(of(&|case| case.name.contains("/leaves-")) >= 3, "{artefact}: too few cases that leave alone");
        assert!(of(&|case| case.name.contains("/refuses-")) >= 3, "{artefact}: too few cases that refuse");
    }
}

/// A way to write the same files.
struct Form {
    name: &'static str,
    /// The same file in this form; `None` where the file has none of that.
    write: fn(&[u8]) -> Option<Vec<u8>>,
}

const FORMS: &[Form] = &[
    Form { name: "as written", write: |bytes| Some(bytes.to_vec()) },
    Form { name: "CRLF", write: crlf },
    Form { name: "byte order mark", write: byte_order_mark },
    Form { name: "no last newline", write: |bytes| bytes.strip_suffix(b"\n").map(<[u8]>::to_vec) },
];

fn crlf(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\r'))?;
    Some(text.replace('\n', "\r\n").into_bytes())
}

fn byte_order_mark(bytes: &[u8]) -> Option<Vec<u8>> {
    // JSON has no byte order mark, and a `#jinja2:` line counts only at the very start.
    let odd = bytes.first().is_some_and(|first| *first == b'{') || bytes.starts_with(b"#jinja2");
    let marked = bytes.starts_with("\u{feff}".as_bytes());
    (!odd && !marked).then(|| ["\u{feff}".as_bytes(), bytes].concat())
}

fn hold(case: &Case, form: &Form) -> Result<(), String> {
    let mut before = case.before.clone();
    let mut after = case.after.clone();
    for (path, expected) in &mut after {
        let old = before.get_mut(path).ok_or_else(|| format!("{path} is expected, but is not there before"))?;
        // A file that ends without line end as it stands has no further form of that.
        if let (Some(old_form), Some(new_form)) = ((form.write)(old), (form.write)(expected)) {
            (*old, *expected) = (old_form, new_form);
        }
    }
    let snapshot = snapshot(&before);
    let request = case.asked.request.request();
    let plan = plan::plan(&snapshot, &request).map_err(|error| format!("{error:?}"))?;
    verdict(case, &plan)?;
    bytes(&before, &after, &result(&snapshot, &plan))?;
    undo(&plan)?;
    if plan.verdict == plan::Verdict::Ready {
        again(&plan, &request)?;
    }
    Ok(())
}

fn snapshot(files: &Files) -> Snapshot {
    let entry = |path: &String| Entry { path: RepoPath::from(path.as_str()), kind: EntryKind::File };
    let mut out = Snapshot::new("0".repeat(40), files.keys().map(entry).collect());
    for (path, bytes) in files {
        out.add(Arc::new(Source::new(path.as_str(), 0o100_644, Vec::new(), bytes.clone())));
    }
    out
}

fn last(plan: &Plan) -> Option<Snapshot> {
    plan.steps.last().map(|step| step.before.edited(&step.edits))
}

fn result(before: &Snapshot, plan: &Plan) -> Files {
    let after = last(plan).unwrap_or_else(|| before.clone());
    after.sources().map(|source| (source.path.to_string(), source.bytes().to_vec())).collect()
}

fn verdict(case: &Case, plan: &Plan) -> Result<(), String> {
    let have: Vec<Expected> = plan
        .findings
        .iter()
        .map(|finding| Expected {
            level: finding.level.into(),
            rule: finding.rule.to_owned(),
            path: finding.at.as_ref().map(|at| at.source.path.to_string()),
            line: finding.at.as_ref().map(|at| at.source.position(at.span.start()).line),
        })
        .collect();
    let found = || {
        let with_text = have.iter().zip(&plan.findings);
        with_text.map(|(short, long)| format!("  {short:?} {}", long.message)).collect::<Vec<_>>().join("\n")
    };
    let wanted = match case.asked.verdict {
        Verdict::Ready => plan::Verdict::Ready,
        Verdict::NothingToDo => plan::Verdict::NothingToDo,
        Verdict::Blocked => plan::Verdict::Blocked,
    };
    if plan.verdict != wanted {
        return Err(format!("the verdict is {:?}, not {wanted:?}:\n{}", plan.verdict, found()));
    }
    for one in &case.asked.findings {
        if !have.contains(one) {
            return Err(format!("expected and not found: {one:?}; found:\n{}", found()));
        }
    }
    for one in have.iter().filter(|one| one.level != Level::Note) {
        if !case.asked.findings.contains(one) {
            return Err(format!("found and not expected: {one:?}; found:\n{}", found()));
        }
    }
    Ok(())
}

fn bytes(before: &Files, after: &Files, have: &Files) -> Result<(), String> {
    for (path, old) in before {
        let want = after.get(path).unwrap_or(old);
        let have = have.get(path).ok_or_else(|| format!("{path} is gone"))?;
        if want != have {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\r', "\\r");
            return Err(format!("{path}\n--- expected\n{}\n--- found\n{}", text(want), text(have)));
        }
    }
    if before.len() == have.len() { Ok(()) } else { Err("there are files that were not there before".into()) }
}

fn undo(plan: &Plan) -> Result<(), String> {
    for step in &plan.steps {
        for (path, edits) in &step.edits {
            let original = step.before.get(path.as_str()).ok_or_else(|| format!("{path} is edited and not there"))?;
            let mut bytes = edits.apply(original.bytes());
            for (span, old) in edits.invert(original.bytes()).into_iter().rev() {
                bytes.splice(span.range(), old);
            }
            if bytes != original.bytes() {
                return Err(format!("{path}: undoing the edits does not give back the file"));
            }
        }
    }
    Ok(())
}

fn again(plan: &Plan, request: &Request) -> Result<(), String> {
    let after = last(plan).ok_or("ready, and no step")?;
    let files: BTreeMap<_, _> = after.sources().map(|one| (one.path.to_string(), one.bytes().to_vec())).collect();
    let second = plan::plan(&snapshot(&files), request).map_err(|error| format!("second run: {error:?}"))?;
    if second.verdict == plan::Verdict::NothingToDo {
        return Ok(());
    }
    Err(format!("the second run is {:?}: {:?}", second.verdict, second.findings.first().map(|one| &one.message)))
}
