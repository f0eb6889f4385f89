//! `migrate status` as Markdown: a table and lists, for an issue or a wiki.
//!
//! Knows: how a text is written so that Markdown shows it and does nothing with it. Must not know: what a state means.

use std::fmt::Write as _;

use super::{Asked, WayOut, loki, remark, sentence, table, totals, ways_out};
use crate::report::human::short;
use crate::report::plain;
use crate::status::{Row, State, Status};

/// See [`super::markdown()`].
pub(super) fn render(status: &Status, asked: Asked<'_>) -> String {
    let mut out = String::new();
    let commit = short(&status.base);
    let title = match (status.hosts.is_empty(), status.rows.is_empty()) {
        (true, _) => "no Ansible host".to_owned(),
        (false, true) => "no service logs to syslog or is read from the Docker socket".to_owned(),
        _ => totals(status),
    };
    let _ = writeln!(out, "## Off syslog: {title}\n\nAt commit `{commit}`.");
    if !status.rows.is_empty() {
        table_of(&mut out, &status.rows);
        let _ = writeln!(out, "\n{}.", capital(table::LEGEND));
    }
    in_the_way(&mut out, status);
    if !status.rows.is_empty() {
        let _ = writeln!(out, "\n{}.", capital(loki(&status.loki)));
    }
    if !status.unread.is_empty() {
        out.push_str("\n### Not read, and not looked at\n\n");
        for one in &status.unread {
            let place = one.path.as_ref().map(|path| format!("{}: ", code(path.as_str()))).unwrap_or_default();
            let _ = writeln!(out, "- {place}{}", text(&one.why));
        }
    }
    out.push_str("\n### Next\n\n");
    for next in &status.next {
        let command = asked.next(status, next).map(|command| format!(": {}", code(&command))).unwrap_or_default();
        let _ = writeln!(out, "- {}{command}", text(&next.text));
    }
    out
}

fn table_of(out: &mut String, rows: &[Row]) {
    out.push_str("\n| host | service | state | edits | review | dashboards | alerts | other | |\n");
    out.push_str("|---|---|---|---:|---:|---:|---:|---:|---|\n");
    for row in rows {
        let numbers = table::numbers(row.touch).join(" | ");
        let remark = if row.state == State::OnBranch { code(&remark(row)) } else { text(&remark(row)) };
        let remark = if remark == "``" { String::new() } else { remark };
        let (host, service) = (code(&row.short_host), code(&row.service));
        let _ = writeln!(out, "| {host} | {service} | {} | {numbers} | {remark} |", row.state.word());
    }
}

/// What to do about the services that cannot move as they are, each way out once.
fn in_the_way(out: &mut String, status: &Status) {
    let list = ways_out(status, &[State::Syslog, State::Blocked]);
    if !list.is_empty() {
        out.push_str("\n### What stands in the way\n\n");
    }
    for WayOut { hint, services } in list {
        for (row, finding) in services {
            let (service, host) = (code(&row.service), code(&row.short_host));
            let _ = writeln!(out, "- {service} on {host}: {}", text(&sentence(finding)));
        }
        if let Some(hint) = hint {
            let _ = writeln!(out, "  - way out: {}", text(hint));
        }
    }
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), chars.as_str()))
}

/// A text that Markdown shows as it is: in one line, with every sign that could mean something escaped, but for the
/// code in it, which the sentences of this program put between backticks.
fn text(said: &str) -> String {
    let said = plain::line(said);
    let mut parts = said.split('`');
    let mut out = escaped(parts.next().unwrap_or_default());
    let rest: Vec<&str> = parts.collect();
    for pair in rest.chunks(2) {
        match pair {
            [inside, outside] if !inside.is_empty() => {
                out.push_str(&code(inside));
                out.push_str(&escaped(outside));
            }
            // A backtick that nothing closes.
            _ => out.push_str(&escaped(&format!("`{}", pair.join("`")))),
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // A reference or a mention is cut in two by an empty comment-free entity.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A code span that holds any text. A bar would end the cell of a table, so it is written as one is there.
fn code(text: &str) -> String {
    let text = plain::line(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}
