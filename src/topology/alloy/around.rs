//! The Jinja blocks around a place of a configuration: under which conditions it is printed, and how often.
//!
//! Knows: `if` and `for`. Must not know: Alloy, or any value.

use super::Repeats;
use crate::syntax::jinja::{Arm, Mask};
use crate::text::Span;

/// The `for` tag around an offset.
pub(super) fn loop_tag(mask: &Mask, offset: usize) -> Option<Span> {
    let arm = mask.arms_at(offset).into_iter().find(|arm| is_loop(mask, arm))?;
    Some(mask.tags()[mask.blocks()[arm.block].open].span)
}

fn is_loop(mask: &Mask, arm: &Arm) -> bool {
    mask.keyword(mask.blocks()[arm.block].open) == "for"
}

/// The conditions under which an offset is printed: those of the arms it stands in, and that the arms before do not
/// apply.
pub(super) fn conditions(text: &str, mask: &Mask, offset: usize) -> Vec<String> {
    let mut out = Vec::new();
    for arm in mask.arms_at(offset) {
        let block = &mask.blocks()[arm.block];
        if mask.keyword(block.open) != "if" {
            continue;
        }
        let heads = std::iter::once(block.open).chain(block.middles.iter().copied());
        for (index, tag) in heads.enumerate().take(arm.body + 1) {
            let inner = mask.tags()[tag].inner.of(text).trim();
            match inner.strip_prefix("elif").or_else(|| inner.strip_prefix("if")).map(str::trim) {
                Some(condition) if index == arm.body => out.push(condition.to_owned()),
                Some(condition) => out.push(format!("not ({condition})")),
                None => {}
            }
        }
    }
    out
}

/// What the only loop around an offset runs over. A loop with a filter, and one that calls itself, are left alone.
pub(super) fn only_loop(text: &str, mask: &Mask, offset: usize) -> Option<Repeats> {
    let loops: Vec<Arm> = mask.arms_at(offset).into_iter().filter(|arm| is_loop(mask, arm)).collect();
    let [only] = loops.as_slice() else { return None };
    let tag = &mask.tags()[mask.blocks()[only.block].open];
    let (names, over) = tag.inner.of(text).trim().strip_prefix("for")?.split_once(" in ")?;
    let names = names.split(',').map(|name| name.trim().trim_matches(['(', ')']).to_owned()).collect();
    let plain = !over.contains(" if ") && !over.contains(" recursive");
    plain.then(|| Repeats { names, over: over.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::jinja::{Delims, mask};

    #[test]
    fn arms_and_loops_around_an_offset() {
        let text =
            "{% if a %}\n1\n{% elif b %}\n2\n{% else %}\n3\n{% endif %}\n{% for k, v in d.items() %}4{% endfor %}\n";
        let mask = mask(text, &Delims::default()).unwrap();
        let at = |digit: &str| text.find(digit).unwrap();
        assert_eq!(conditions(text, &mask, at("1")), ["a"]);
        assert_eq!(conditions(text, &mask, at("2")), ["not (a)", "b"]);
        assert_eq!(conditions(text, &mask, at("3")), ["not (a)", "not (b)"]);
        assert!(conditions(text, &mask, at("4")).is_empty());
        let found = only_loop(text, &mask, at("4")).unwrap();
        assert_eq!((found.names, found.over.as_str()), (vec!["k".to_owned(), "v".to_owned()], "d.items()"));
        assert!(loop_tag(&mask, at("3")).is_none() && loop_tag(&mask, at("4")).is_some());
    }
}
