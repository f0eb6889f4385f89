//! Changes beside each other, the changed words marked.
//!
//! Knows: how lines that go and lines that come are paired. Must not know: which file it is, why it changes.

use similar::ChangeTag;

use super::super::diff::{Change, Line};
use super::markup::Markup;

/// The change of a file as a table of four columns: number and line before, number and line after.
pub(super) fn table(out: &mut Markup, path: &str, before: &[u8], after: &[u8]) {
    let change = Change::of(before, after);
    out.raw("<table class=\"diff\"><caption class=\"aside\">Change of ").text(path).raw(
        "</caption><colgroup><col class=\"n\"><col><col class=\"n\"><col></colgroup>\
         <thead class=\"aside\"><tr><th scope=\"col\">Line<th scope=\"col\">Before\
         <th scope=\"col\">Line<th scope=\"col\">After</thead>\n<tbody>\n",
    );
    if change.crlf {
        out.raw("<tr class=\"hunk\"><td colspan=\"4\">every line ends in CRLF</tr>\n");
    }
    for hunk in &change.hunks {
        out.raw("<tr class=\"hunk\"><td colspan=\"4\">").text(hunk.header.trim_end()).raw("</tr>\n");
        rows(out, &hunk.lines);
    }
    out.raw("</table>\n");
}

/// Pairs each run of lines that go with the run of lines that come behind it.
fn rows(out: &mut Markup, lines: &[Line]) {
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.tag == ChangeTag::Equal {
            out.raw("<tr>");
            cell(out, line, line.old, "<td>");
            cell(out, line, line.new, "<td>");
            out.raw("</tr>\n");
            at += 1;
            continue;
        }
        let run = |tag: ChangeTag, from: usize| lines[from..].iter().take_while(|line| line.tag == tag).count();
        let gone = run(ChangeTag::Delete, at);
        let come = run(ChangeTag::Insert, at + gone);
        for row in 0..gone.max(come) {
            out.raw("<tr class=\"c\">");
            match lines.get(at + row).filter(|_| row < gone) {
                Some(line) => cell(out, line, line.old, "<td class=\"o\">"),
                None => {
                    out.raw("<td><td>");
                }
            }
            match lines.get(at + gone + row).filter(|_| row < come) {
                Some(line) => cell(out, line, line.new, "<td class=\"w\">"),
                None => {
                    out.raw("<td><td>");
                }
            }
            out.raw("</tr>\n");
        }
        at += gone + come;
    }
}

/// Number and text of one line. End tags that HTML does not need are left out: a batch has many of them.
fn cell(out: &mut Markup, line: &Line, number: Option<usize>, open: &'static str) {
    out.raw("<td>");
    if let Some(number) = number {
        out.number(number);
    }
    out.raw(open);
    words(out, line);
}

fn words(out: &mut Markup, line: &Line) {
    let (open, close) = match line.tag {
        ChangeTag::Equal => ("", ""),
        ChangeTag::Delete => ("<del>", "</del>"),
        ChangeTag::Insert => ("<ins>", "</ins>"),
    };
    // Where all of a line is new, marking it says nothing.
    let some = line.parts.iter().any(|(changed, _)| !changed);
    for (changed, text) in &line.parts {
        if *changed && some {
            out.raw(open).text(text).raw(close);
        } else {
            out.text(text);
        }
    }
    if line.cr {
        out.raw("<i>␍</i>");
    }
    if line.unended {
        out.raw("<i> (no line end)</i>");
    }
}

/// A short text and what it becomes, one below the other; with `None`, nothing is left of it.
pub(super) fn pair(out: &mut Markup, before: &str, after: Option<&str>) {
    out.raw("<div class=\"pair\">");
    // Line ends are added, so that none is remarked on.
    let (old, new) = (format!("{before}\n"), after.map_or_else(String::new, |after| format!("{after}\n")));
    for line in Change::of(old.as_bytes(), new.as_bytes()).hunks.iter().flat_map(|hunk| &hunk.lines) {
        out.raw(match line.tag {
            ChangeTag::Equal => "<code class=\"t\">",
            ChangeTag::Delete => "<code class=\"o\">",
            ChangeTag::Insert => "<code class=\"w\">",
        });
        words(out, line);
        out.raw("</code>");
    }
    out.raw("</div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_of(before: &str, after: &str) -> Vec<String> {
        let mut out = Markup::new();
        table(&mut out, "f", before.as_bytes(), after.as_bytes());
        out.finish().lines().filter(|line| line.starts_with("<tr")).map(str::to_owned).collect()
    }

    #[test]
    fn lines_that_go_stand_beside_lines_that_come() {
        let rows = table_of("a\nold one\ntwo\nz\n", "a\nnew one\nz\n");
        assert_eq!(rows.len(), 5, "{rows:?}");
        assert_eq!(rows[0], "<tr class=\"hunk\"><td colspan=\"4\">@@ -1,4 +1,3 @@</tr>");
        assert_eq!(rows[1], "<tr><td>1<td>a<td>1<td>a</tr>");
        assert_eq!(
            rows[2],
            "<tr class=\"c\"><td>2<td class=\"o\"><del>old</del> one<td>2<td class=\"w\"><ins>new</ins> one</tr>"
        );
        assert_eq!(rows[3], "<tr class=\"c\"><td>3<td class=\"o\">two<td><td></tr>");
        assert_eq!(rows[4], "<tr><td>4<td>z<td>3<td>z</tr>");
    }

    #[test]
    fn line_ends_are_said() {
        let rows = table_of("a\r\nb\n", "a\nb");
        assert_eq!(rows[1], "<tr class=\"c\"><td>1<td class=\"o\">a<i>␍</i><td>1<td class=\"w\">a</tr>");
        assert_eq!(rows[2], "<tr class=\"c\"><td>2<td class=\"o\">b<td>2<td class=\"w\">b<i> (no line end)</i></tr>");
        assert!(table_of("a\r\n", "b\r\n")[0].ends_with("every line ends in CRLF</tr>"));
    }

    #[test]
    fn a_text_that_goes_whole_leaves_no_line() {
        let mut out = Markup::new();
        pair(&mut out, "a <b>", None);
        assert_eq!(out.finish(), "<div class=\"pair\"><code class=\"o\">a &lt;b&gt;</code></div>\n");
    }
}
