//! One line for each service, as wide as it may be.
//!
//! Knows: columns and what is left out first where they do not fit. Must not know: what stands below the table.

use std::fmt::Write as _;

use anstyle::Style;
use textwrap::core::display_width;

use super::remark;
use crate::report::plain;
use crate::report::style::{BAD, FAINT, INFO, LOOK, NEW, Page};
use crate::status::{Row, State, Touch};

/// Heads of the numbers: wide, and short for a narrow terminal.
const NUMBERS: [(&str, &str); 5] =
    [("EDITS", "EDIT"), ("DECIDE", "DEC"), ("DASHBOARDS", "DASH"), ("ALERTS", "ALRT"), ("OTHER", "OTH")];
/// What the numbers count.
pub(super) const LEGEND: &str = "edits: changes in all files; decide: places left for you, behind a + those \
    that every move leaves; dashboards: files with a \
    query, variable or setting that is rewritten or left; alerts: rules; other: routes, templates, settings of Loki, \
    links and documents";

/// How the columns are laid out.
#[derive(Clone, Copy)]
struct Layout {
    /// Between two columns.
    gap: usize,
    /// Whether heads are short.
    short: bool,
    /// Whether the remark follows.
    remark: bool,
}

/// The first that fits is taken; the last one has its names cut.
const LAYOUTS: [Layout; 3] = [
    Layout { gap: 2, short: false, remark: true },
    Layout { gap: 2, short: false, remark: false },
    Layout { gap: 1, short: true, remark: false },
];

/// Writes the table.
pub(super) fn render(page: &mut Page, rows: &[Row]) {
    let cells: Vec<[String; 8]> = rows.iter().map(cells).collect();
    let remarks: Vec<String> = rows.iter().map(|row| plain::line(&remark(row)).into_owned()).collect();
    let room = page.look.width;
    let all = |layout: &Layout| total(*layout, &widths(*layout, &cells), &remarks);
    let layout = LAYOUTS.into_iter().find(|layout| all(layout) <= room).unwrap_or(LAYOUTS[2]);
    let mut widths = widths(layout, &cells);
    // Names give way, the longer first, down to what still tells them apart.
    while total(layout, &widths, &remarks) > room && widths[0].max(widths[1]) > 8 {
        let longer = usize::from(widths[1] >= widths[0]);
        widths[longer] -= 1;
    }
    let heads = heads(layout);
    let head = if layout.remark { "REMARK" } else { "" };
    line(page, layout, &widths, &heads.map(str::to_owned), FAINT, head);
    for ((row, cells), remark) in rows.iter().zip(&cells).zip(&remarks) {
        line(page, layout, &widths, cells, style(row.state), if layout.remark { remark } else { "" });
    }
}

fn heads(layout: Layout) -> [&'static str; 8] {
    let number = |index: usize| if layout.short { NUMBERS[index].1 } else { NUMBERS[index].0 };
    ["HOST", "SERVICE", "STATE", number(0), number(1), number(2), number(3), number(4)]
}

fn cells(row: &Row) -> [String; 8] {
    let [edits, decide, dashboards, alerts, others] = numbers(row.touch);
    let name = |text: &str| plain::line(text).into_owned();
    let state = row.state.word().to_owned();
    [name(&row.short_host), name(&row.service), state, edits, decide, dashboards, alerts, others]
}

/// The numbers of a move, in the order of the heads; a service without a move has none.
pub(super) fn numbers(touch: Option<Touch>) -> [String; 5] {
    let Some(touch) = touch else { return std::array::from_fn(|_| "-".to_owned()) };
    let [edits, dashboards, alerts, others] =
        [touch.edits, touch.dashboards, touch.alerts, touch.others].map(|count| count.to_string());
    [edits, touch.to_decide(), dashboards, alerts, others]
}

fn widths(layout: Layout, cells: &[[String; 8]]) -> [usize; 8] {
    let heads = heads(layout);
    std::array::from_fn(|at| {
        let longest = cells.iter().map(|row| display_width(&row[at])).max().unwrap_or(0);
        longest.max(display_width(heads[at]))
    })
}

fn total(layout: Layout, widths: &[usize; 8], remarks: &[String]) -> usize {
    let remark = remarks.iter().map(|text| display_width(text)).max().unwrap_or(0);
    let columns = widths.iter().sum::<usize>() + layout.gap * 7;
    columns + if layout.remark && remark > 0 { layout.gap + remark } else { 0 }
}

fn line(page: &mut Page, layout: Layout, widths: &[usize; 8], cells: &[String; 8], state: Style, remark: &str) {
    let gap = " ".repeat(layout.gap);
    let mut out = String::new();
    for (at, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        let cell = cut(cell, width);
        let blank = " ".repeat(width.saturating_sub(display_width(&cell)));
        let painted = if at == 2 || state == FAINT { page.paint(state, &cell) } else { cell };
        let (left, right) = if at > 2 { (blank.as_str(), "") } else { ("", blank.as_str()) };
        let _ = write!(out, "{}{left}{painted}{right}", if at == 0 { "" } else { &gap });
    }
    if !remark.is_empty() {
        let _ = write!(out, "{gap}{}", page.paint(if state == FAINT { FAINT } else { Style::new() }, remark));
    }
    page.raw(out.trim_end());
    page.raw("\n");
}

/// `text` in at most `width` columns; what is cut away leaves a mark.
fn cut(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if display_width(&out) + display_width(c.encode_utf8(&mut [0; 4])) + 1 > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

fn style(state: State) -> Style {
    match state {
        State::Syslog | State::OnBranch => LOOK,
        State::Ready => NEW,
        State::Blocked => BAD,
        State::Leftovers => INFO,
        State::Migrated => Style::new(),
    }
}
