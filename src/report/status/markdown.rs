//! `migrate status` as Markdown: a table and lists, for an issue or a wiki.
//!
//! Knows: the order of the parts. Must not know: what a state means, what Markdown reads as markup.

use std::fmt::Write as _;

use super::{Asked, WayOut, loki, remark, sentence, table, totals, ways_out};
use crate::report::markdown::text::{In, code, prose};
use crate::report::review::short;
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
            let place =
                one.path.as_ref().map(|path| format!("{}: ", code(path.as_str(), In::Line))).unwrap_or_default();
            let _ = writeln!(out, "- {place}{}", prose(&one.why, In::Line));
        }
    }
    out.push_str("\n### Next\n\n");
    for next in &status.next {
        let command =
            asked.next(status, next).map(|command| format!(": {}", code(&command, In::Line))).unwrap_or_default();
        let _ = writeln!(out, "- {}{command}", prose(&next.text, In::Line));
    }
    out
}

fn table_of(out: &mut String, rows: &[Row]) {
    out.push_str("\n| host | service | state | edits | decide | dashboards | alerts | other | |\n");
    out.push_str("|---|---|---|---:|---:|---:|---:|---:|---|\n");
    for row in rows {
        let numbers = table::numbers(row.touch).join(" | ");
        let remark = match remark(row) {
            remark if row.state == State::OnBranch && !remark.is_empty() => code(&remark, In::Cell),
            remark => prose(&remark, In::Cell),
        };
        let (host, service) = (code(&row.short_host, In::Cell), code(&row.service, In::Cell));
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
            let (service, host) = (code(&row.service, In::Line), code(&row.short_host, In::Line));
            let _ = writeln!(out, "- {service} on {host}: {}", prose(&sentence(finding), In::Line));
        }
        if let Some(hint) = hint {
            let _ = writeln!(out, "  - way out: {}", prose(hint, In::Line));
        }
    }
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), chars.as_str()))
}
