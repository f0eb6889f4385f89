//! Boxes in a column with arrows between them, as SVG that is as wide as a phone and grows downwards.
//!
//! Knows: sizes of letters, frames, arrows. Must not know: what the boxes stand for.

use textwrap::core::display_width;

use super::markup::Markup;

/// Width of the whole, in units of the drawing; about a phone's pixels.
const WIDTH: usize = 380;
/// From the edge of a frame to what is in it, and from a box to its text.
const PAD: usize = 12;
/// Height of a line of text.
const LINE: usize = 17;
/// Height of an arrow with the word beside it.
const ARROW: usize = 34;
/// Characters of code in a line: at 11.5 units they are less than 7 wide in every common font.
const CODE_COLUMNS: usize = 44;

/// A part of the column.
pub(super) enum Node {
    /// Something that runs or is kept.
    Box {
        /// What it is.
        title: String,
        /// What it is called, line by line, in code letters.
        lines: Vec<String>,
        /// How it stands out.
        kind: Kind,
    },
    /// The way from the box above to the one below, and a word on it.
    Arrow(String),
    /// Room between two boxes that no way joins.
    Gap,
    /// What the boxes in it have in common.
    Frame(String, Vec<Self>),
}

/// How a box stands out. Its title says the same in words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is there before and after.
    Stays,
    /// It is there before only.
    Goes,
    /// It is there after only.
    Comes,
}

/// The drawing, with a title and a description for those who do not see it. `id` is unique on the page.
pub(super) fn draw(out: &mut Markup, id: (usize, &'static str), title: &str, description: &str, nodes: &[Node]) {
    let height: usize = nodes.iter().map(height).sum::<usize>() + 2;
    let name = |out: &mut Markup, part: &'static str| {
        out.raw("r").number(id.0).raw(id.1).raw(part);
    };
    out.raw("<svg role=\"img\" viewBox=\"0 0 ").number(WIDTH).raw(" ").number(height).raw("\" aria-labelledby=\"");
    name(out, "t");
    out.raw("\" aria-describedby=\"");
    name(out, "d");
    out.raw("\"><title id=\"");
    name(out, "t");
    out.raw("\">").text(title).raw("</title><desc id=\"");
    name(out, "d");
    out.raw("\">").text(description).raw("</desc>\n");
    let mut top = 1;
    for node in nodes {
        top = place(out, node, 1, WIDTH - 2, top);
    }
    out.raw("</svg>\n");
}

fn height(node: &Node) -> usize {
    match node {
        Node::Box { lines, .. } => 2 * PAD + LINE * (1 + wrapped(lines).count()) - 4,
        Node::Arrow(_) => ARROW,
        Node::Gap => PAD,
        Node::Frame(_, nodes) => 2 * PAD + LINE + 4 + nodes.iter().map(height).sum::<usize>(),
    }
}

/// Draws a node from `top` on and returns where the next one starts.
fn place(out: &mut Markup, node: &Node, left: usize, width: usize, top: usize) -> usize {
    let bottom = top + height(node);
    match node {
        Node::Box { title, lines, kind } => {
            rectangle(out, left, top, width, bottom - top, class(*kind));
            label(out, "h", left + PAD, top + PAD + 11, title);
            for (index, line) in wrapped(lines).enumerate() {
                label(out, "m", left + PAD, top + PAD + 11 + LINE * (index + 1), &line);
            }
        }
        Node::Gap => {}
        Node::Arrow(word) => arrow(out, left + width / 2, top, word),
        Node::Frame(title, nodes) => {
            rectangle(out, left, top, width, bottom - top, "<rect class=\"frame\" rx=\"7\" ");
            label(out, "h", left + PAD, top + PAD + 11, title);
            let mut inner = top + PAD + LINE + 4;
            for node in nodes {
                inner = place(out, node, left + PAD, width - 2 * PAD, inner);
            }
        }
    }
    bottom
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Stays => "<rect class=\"box\" rx=\"4\" ",
        Kind::Goes => "<rect class=\"box goes\" rx=\"4\" ",
        Kind::Comes => "<rect class=\"box comes\" rx=\"4\" ",
    }
}

fn rectangle(out: &mut Markup, left: usize, top: usize, width: usize, height: usize, open: &'static str) {
    out.raw(open).raw("x=\"").number(left).raw("\" y=\"").number(top).raw("\" width=\"").number(width);
    out.raw("\" height=\"").number(height).raw("\"/>");
}

fn label(out: &mut Markup, class: &'static str, left: usize, base: usize, text: &str) {
    out.raw("<text class=\"").raw(class).raw("\" x=\"").number(left).raw("\" y=\"").number(base).raw("\">");
    out.text(text).raw("</text>\n");
}

fn arrow(out: &mut Markup, middle: usize, top: usize, word: &str) {
    out.raw("<path class=\"arrow\" d=\"M").number(middle).raw(" ").number(top + 2).raw("v").number(ARROW - 9);
    out.raw("m-5 -6l5 6l5 -6\"/>");
    if !word.is_empty() {
        label(out, "s", middle + 12, top + ARROW / 2 + 4, word);
    }
}

/// Lines that fit, broken behind a comma where there is one.
fn wrapped(lines: &[String]) -> impl Iterator<Item = String> {
    lines.iter().flat_map(|line| {
        let mut out = vec![String::new()];
        for part in line.split_inclusive([' ', '/']) {
            let room = CODE_COLUMNS - if out.len() > 1 { 2 } else { 0 };
            let fits = |have: &str| display_width(have) + display_width(part.trim_end()) <= room;
            if out.last().is_some_and(|have| !have.trim().is_empty() && !fits(have)) {
                out.push("  ".to_owned());
            }
            for c in part.chars() {
                if out.last().is_some_and(|have| display_width(have) >= CODE_COLUMNS) {
                    out.push("  ".to_owned());
                }
                if let Some(last) = out.last_mut() {
                    last.push(c);
                }
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        wrapped(&[text.to_owned()]).collect()
    }

    #[test]
    fn long_names_are_broken_where_they_can_be() {
        assert_eq!(lines("{job=\"kairos\"}"), ["{job=\"kairos\"}"]);
        let long = lines("{service=\"kairos\", component=\"web\", environment=\"ouranos\", hostname=\"puck.incus\"}");
        assert_eq!(long[0], "{service=\"kairos\", component=\"web\", ");
        assert_eq!(long[1], "  environment=\"ouranos\", ");
        assert_eq!(long[2], "  hostname=\"puck.incus\"}");
        for text in ["x".repeat(200), "日本".repeat(60), "a/".repeat(100), " ".repeat(100)] {
            assert!(lines(&text).iter().all(|line| display_width(line) <= CODE_COLUMNS), "{text}");
            assert_eq!(lines(&text).concat().replace("  ", ""), text.replace("  ", ""));
        }
    }

    #[test]
    fn a_drawing_is_as_high_as_what_is_in_it() {
        let node = || Node::Box { title: "t".into(), lines: vec!["<l>".into()], kind: Kind::Goes };
        let nodes = [Node::Frame("host".into(), vec![node(), Node::Arrow("word".into()), node()])];
        let mut out = Markup::new();
        draw(&mut out, (3, "b"), "T", "D", &nodes);
        let text = out.finish();
        // Two boxes of 24 + 2 × 17 - 4, an arrow of 34, the frame 24 + 17 + 4, and 2 around.
        assert!(text.starts_with("<svg role=\"img\" viewBox=\"0 0 380 189\""), "{text}");
        assert!(text.contains("<title id=\"r3bt\">T</title><desc id=\"r3bd\">D</desc>"), "{text}");
        assert!(text.contains("&lt;l&gt;") && !text.contains("<l>"), "{text}");
    }
}
