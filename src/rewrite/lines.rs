//! Whole lines to take out, Jinja blocks included, and what comments may call the service they are of.
//!
//! Knows: lines, comments above them (by `text`), and Jinja blocks around them. Must not know: any language.

use crate::syntax::jinja::{Cut, Mask};
use crate::text::{Edit, Owner, RepoPath, Span, Style, lines};
use crate::topology::runs::Host;
use crate::topology::{Move, Topology};

/// Something of the service that moves, as comments call it beside what else runs on the host.
pub(super) fn owner(style: Style, host: &Host, moved: &Move) -> Owner {
    let names = [moved.service.as_str(), moved.project.as_str()];
    let owner = Owner::new(style).called(names).called(moved.jobs.iter().map(String::as_str));
    owner.called_together(&moved.components).beside(others(host))
}

/// What runs on a host, by all the names there are for it.
pub(super) fn others(host: &Host) -> impl Iterator<Item = &str> {
    let jobs = host.listeners.iter().filter_map(|listener| listener.job());
    let named = host.deployments.iter().flat_map(|one| {
        let folder = one.file.path.segments().rev().nth(1);
        one.project.as_ref().ok().map(|project| project.name.as_str()).into_iter().chain(folder)
    });
    jobs.chain(named)
}

/// The whole lines of `span` with the comments that belong to it, and the Jinja block that holds nothing else
/// (DESIGN 4.1, real-world C1).
///
/// # Errors
/// The tag that would be cut, or the first one of the block that would be.
pub(super) fn removable(text: &str, mask: &Mask, span: Span, owner: &Owner) -> Result<Span, Span> {
    let mut span = lines::whole_lines(text, span, owner);
    if let Some(block) = mask.wrapping(span) {
        span = lines::whole_lines(text, block.span, owner);
    }
    whole(mask, span)
}

/// A span that cuts no tag and no block.
///
/// # Errors
/// As [`removable`].
pub(super) fn whole(mask: &Mask, span: Span) -> Result<Span, Span> {
    match mask.cuts(span) {
        None => Ok(span),
        Some(Cut::Tag(tag)) => Err(mask.tags()[tag].span),
        Some(Cut::Block(block)) => {
            let block = &mask.blocks()[block];
            Err(block.tags().next().map_or(block.span, |tag| mask.tags()[tag].span))
        }
    }
}

/// Neighbours that both go share the blank line between them: the first takes it; and of two blank lines around all of
/// them, the last takes one. What goes at the end of a file takes the blank line before it along, as one component by
/// itself does.
pub(super) fn apart(topology: &Topology, edits: &mut [(RepoPath, Edit)]) {
    edits.sort_by(|(a, one), (b, two)| (a, one.span).cmp(&(b, two.span)));
    let mut first = 0;
    for at in 1..edits.len() {
        let (left, right) = edits.split_at_mut(at);
        let ((path, one), (other, two)) = (&left[at - 1], &mut right[0]);
        let both = path == other && one.new.is_empty() && two.new.is_empty();
        if !both || two.span.start() > one.span.end() || one.span.end() > two.span.end() {
            first = at;
            continue;
        }
        two.span = Span::new(one.span.end(), two.span.end());
        let text = topology.snapshot.get(path.as_str()).and_then(|source| source.text()).unwrap_or("");
        let (end, run) = (two.span.end(), &mut left[first].1);
        let before = text.get(..run.span.start()).unwrap_or("");
        let blank = ["\r\n", "\n"].into_iter().find(|eol| before.ends_with(&eol.repeat(2)));
        let Some(eol) = blank else { continue };
        if end == text.len() {
            run.span = Span::new(run.span.start() - eol.len(), run.span.end());
        } else if text[end..].starts_with(eol) {
            two.span = Span::new(two.span.start(), end + eol.len());
        }
    }
}

/// The block in whose two arms `a` and `b` stand, one in each; `None` when they do not (real-world C2).
pub(super) fn two_arms(mask: &Mask, a: Span, b: Span) -> Option<Span> {
    let (a, b) = (mask.arms_at(a.start()), mask.arms_at(b.start()));
    let (a, b) = (a.last()?, b.last()?);
    let block = &mask.blocks()[a.block];
    (a.block == b.block && a.body != b.body && block.bodies.len() == 2).then_some(block.span)
}

/// An item of a list or mapping in brackets, with one comma and the blanks that go with it; whole lines where it has
/// them to itself (real-world C17, V1).
pub(super) fn flow_item(text: &str, item: Span, owner: &Owner) -> Span {
    let after = &text[item.end()..];
    let rest = after.trim_start_matches([' ', '\t']);
    if let Some(behind) = rest.strip_prefix(',') {
        let with_comma = Span::new(item.start(), text.len() - behind.len());
        let trimmed = behind.trim_start_matches([' ', '\t']);
        return lines::own_lines(text, with_comma, owner)
            .unwrap_or_else(|| Span::new(item.start(), text.len() - trimmed.len()));
    }
    let before = text[..item.start()].trim_end();
    match before.strip_suffix(',') {
        Some(kept) => Span::new(kept.len(), item.end()),
        None => item,
    }
}
