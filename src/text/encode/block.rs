//! YAML block scalars, literal and folded.

use super::{Decoded, NotEncodable, Span};

/// What the header says about line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Clip,
    Strip,
    Keep,
}

/// One line: its content without indent, and the whole of it with its line break.
struct Line {
    content: Span,
    next: usize,
    /// Whether it has the whole indent, or nothing after what it has of it.
    reached: bool,
}

/// Decodes the scalar whose header starts at `span`. Its text goes on behind `span` with the line break of its last
/// line and the blank lines after it, as far as the header keeps them.
pub(super) fn decode(out: &mut Decoded<'_>, span: Span, indent: Option<usize>, folded: bool) -> Option<()> {
    let below = out.below;
    let header = span.of(below);
    let header = &header[..header.find('\n').unwrap_or(header.len())];
    let mut signs = header.strip_prefix(if folded { '>' } else { '|' })?.chars();
    let (first, second) = (signs.next(), signs.next());
    let chomp = match (first, second) {
        (Some('-'), _) | (Some('0'..='9'), Some('-')) => Chomp::Strip,
        (Some('+'), _) | (Some('0'..='9'), Some('+')) => Chomp::Keep,
        _ => Chomp::Clip,
    };
    let body = below[span.start()..].find('\n').map_or(below.len(), |at| span.start() + at + 1);
    let digit = [first, second].into_iter().flatten().find_map(|sign| sign.to_digit(10));
    let given = digit.map(|digit| parent_indent(&below[..span.start()]) + digit as usize);
    let indent = indent.or(given).unwrap_or_else(|| first_indent(&below[body..], span.end().saturating_sub(body)));
    let mut at = body;
    out.start = span.end();
    // End of the last content, and the breaks since then.
    let mut last: Option<Span> = None;
    let mut breaks: Vec<Span> = Vec::new();
    while at < below.len() {
        let line = line(below, at, indent);
        if at >= span.end() && !(line.reached && below[at..line.next].trim().is_empty()) {
            break;
        }
        if !line.reached && !line.content.of(below).trim().is_empty() {
            // Less indented than the first line: YAML would end the scalar here.
            return None;
        }
        if !line.content.is_empty() {
            between(out, last, &breaks, line.content, folded);
            out.copy(line.content.start(), line.content.end());
            last = Some(line.content);
            breaks.clear();
        }
        if line.next > line.content.end() {
            breaks.push(Span::new(line.content.end(), line.next));
        }
        at = line.next;
    }
    out.reach = at.max(span.end());
    let kept = match chomp {
        Chomp::Strip => 0,
        Chomp::Clip => usize::from(last.is_some()),
        Chomp::Keep => breaks.len(),
    };
    for end in breaks.iter().take(kept) {
        out.unit(end.start(), end.end(), "\n");
    }
    Some(())
}

/// What the breaks between two contents stand for.
fn between(out: &mut Decoded<'_>, last: Option<Span>, breaks: &[Span], next: Span, folded: bool) {
    let indented = |span: Span| span.of(out.below).starts_with([' ', '\t']);
    let folds = folded && last.is_some_and(|last| !indented(last)) && !indented(next);
    match breaks {
        [one] if folds => out.unit(one.start(), next.start(), " "),
        // Of several breaks the first folds away, so an edit may only take the group as one.
        [one, .., _] if folds => out.unit(one.start(), next.start(), &"\n".repeat(breaks.len() - 1)),
        _ => {
            for end in breaks {
                out.unit(end.start(), end.end(), "\n");
            }
        }
    }
}

fn line(below: &str, at: usize, indent: usize) -> Line {
    let bytes = below.as_bytes();
    let (end, next) = match memchr::memchr(b'\n', &bytes[at..]) {
        Some(length) => (at + length, at + length + 1),
        None => (bytes.len(), bytes.len()),
    };
    let end = if next > end && end > at && bytes[end - 1] == b'\r' { end - 1 } else { end };
    let start = at + bytes[at..end].iter().take(indent).take_while(|&&byte| byte == b' ').count();
    Line { content: Span::new(start, end), next, reached: start == end || start == at + indent }
}

/// Whether `written` has the indent of `before`: without an indicator in the header its first line sets it for all.
pub(super) fn holds(written: &str, before: &str) -> Result<(), NotEncodable> {
    let (header, body) = written.split_once('\n').unwrap_or((written, ""));
    let (_, old) = before.split_once('\n').unwrap_or((before, ""));
    if body.trim().is_empty() {
        return Err(NotEncodable { reason: "a block scalar must keep a line that is not blank".to_owned() });
    }
    let indent = first_indent(body, body.len());
    let mut blank = body.lines().take_while(|line| line.trim().is_empty());
    if header.chars().skip(1).take(2).any(|sign| sign.is_ascii_digit())
        || (indent == first_indent(old, old.len()) && blank.all(|line| line.len() <= indent))
    {
        return Ok(());
    }
    Err(NotEncodable { reason: "this would change the indent of the block scalar".to_owned() })
}

/// The indent that an indicator in the header counts from, seen from what stands before the header: the column of its
/// key, or of its dash.
fn parent_indent(before: &str) -> usize {
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let rest = line.trim_start_matches([' ', '-']);
    if rest.is_empty() { line.rfind('-').unwrap_or(0) } else { line.len() - rest.len() }
}

/// The indent of the first line that is not blank and starts before `end`; if there is none, of the longest blank line.
fn first_indent(body: &str, end: usize) -> usize {
    let mut longest = 0;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let width = line.len() - line.trim_start_matches(' ').len();
        // A tab is content here, though a scalar of nothing but blanks ends with its header.
        let content = !line.trim_matches([' ', '\r', '\n']).is_empty();
        if content && (at < end || line.trim().is_empty()) {
            return width;
        }
        if content {
            return longest;
        }
        longest = longest.max(width);
        at += line.len();
    }
    longest
}
