//! Anchors after a removal: definitions nobody uses go, definitions that lost their home move (C13, C14).
//!
//! Knows: anchors and aliases of one file. Must not know: which services moved.

use super::remove::{Refusal, Remover};
use crate::syntax::tree::{Kind, Ref, Style};
use crate::text::{Span, lines};

/// Looks at every anchor one of whose users, or whose definition, an edit removes.
pub(super) fn settle(remover: &mut Remover<'_>) -> Result<(), Refusal> {
    let tree = remover.file.tree;
    let anchored: Vec<_> = tree.iter().filter(|node| node.node().anchor.is_some()).collect();
    for definition in anchored {
        let users: Vec<_> =
            tree.iter().filter(|node| matches!(node.node().kind, Kind::Alias(to) if to == definition.id())).collect();
        let (gone, kept): (Vec<_>, Vec<_>) = users.into_iter().partition(|user| remover.is_gone(user.span()));
        let name = definition.node().anchor.map_or("", |span| span.of(remover.file.text)).trim_start_matches('&');
        if remover.is_gone(definition.span()) {
            if let Some(&heir) = kept.first() {
                move_definition(remover, definition, heir, name);
            }
        } else if kept.is_empty() && !gone.is_empty() {
            drop_extension(remover, definition, name)?;
        }
    }
    Ok(())
}

/// A top-level `x-…` key whose value nobody refers to any more.
fn drop_extension<'a>(remover: &mut Remover<'a>, definition: Ref<'a, 'a>, name: &str) -> Result<(), Refusal> {
    let Some((key, value)) = definition.own_entry() else { return Ok(()) };
    let Some(root) = definition.parent().filter(|root| root.parent().is_none()) else { return Ok(()) };
    if key.str().is_some_and(|key| key.starts_with("x-")) {
        remover.pair(root, key, value, "compose/extension-removed", &[("anchor", name)])?;
    }
    Ok(())
}

/// Writes the definition at its first remaining alias, in that place's indentation.
fn move_definition<'a>(remover: &mut Remover<'a>, definition: Ref<'a, 'a>, heir: Ref<'a, 'a>, name: &str) {
    let text = remover.file.text;
    let body = definition.span().of(text);
    let new = if definition.node().style == Style::Block {
        let column = lines::indent(text, definition.span().start()).len();
        let from = definition.own_entry().map_or(0, |(key, _)| lines::indent(text, key.span().start()).len());
        let to = lines::indent(text, heir.span().start()).len() + column.saturating_sub(from);
        let mut out = format!("&{name}");
        for line in body.lines() {
            out.push_str(lines::eol(text));
            out.push_str(&shifted(line, column, to));
        }
        out
    } else {
        format!("&{name} {body}")
    };
    let why = remover.why("compose/anchor-moved", &[("anchor", name)]);
    remover.push(Span::new(heir.span().start(), heir.span().end()), new, why);
}

/// One line moved from indentation `from` to `to`. The first line of a block comes without its indentation, and lines
/// further left than the block (Jinja tags at column 0, blank lines) stay where they are.
fn shifted(line: &str, from: usize, to: usize) -> String {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    if line.trim().is_empty() {
        String::new()
    } else if blanks >= from {
        format!("{}{}", " ".repeat(blanks - from + to), &line[blanks..])
    } else if blanks == 0 && !line.starts_with("{%") && !line.starts_with("{#") {
        format!("{}{line}", " ".repeat(to))
    } else {
        line.to_owned()
    }
}
