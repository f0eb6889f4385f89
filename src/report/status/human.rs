//! `migrate status` for a person: the table, what stands behind it, and what to type next.
//!
//! Knows: the order in which it is read. Must not know: columns, colours.

use super::{Asked, WayOut, loki, sentence, table, totals, ways_out};
use crate::report::human::short;
use crate::report::style::{Page, STRONG};
use crate::report::{Look, summary};
use crate::status::{HostFacts, Row, State, Status};
use crate::topology::Derives;

/// How many files that could not be read are named.
const MOST: usize = 5;

/// See [`super::human()`].
pub(super) fn render(status: &Status, asked: Asked<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let commit = short(&status.base);
    if status.hosts.is_empty() {
        page.heading(&format!("No Ansible host at commit {commit}"));
        page.prose("", "", "No inventory and no host_vars in this commit name a host, so there is nothing to look at.");
    } else if status.rows.is_empty() {
        page.heading(&format!("No service at commit {commit}"));
        page.prose("", "", "No container logs to syslog, and none is read from the Docker socket.");
    } else {
        page.heading(&totals(status));
        page.prose("", "", &format!("at commit {commit}"));
        page.gap();
        table::render(&mut page, &status.rows);
        page.gap();
        page.prose("", "", table::LEGEND);
    }
    told(&mut page, "What they wait for", status, &[State::Syslog]);
    told(&mut page, "What stands in the way", status, &[State::Blocked]);
    branches(&mut page, status);
    told(&mut page, "Left over", status, &[State::Leftovers]);
    hosts(&mut page, status);
    unread(&mut page, status);
    next(&mut page, status, asked);
    page.finish()
}

/// The findings of rows in one of these states. What has the same way out stands together, the way out once.
fn told(page: &mut Page, heading: &str, status: &Status, states: &[State]) {
    let list = ways_out(status, states);
    if list.is_empty() {
        return;
    }
    page.heading(heading);
    for WayOut { hint, services } in list {
        for (row, finding) in services {
            let more = row.findings.len() - 1;
            let more = if more > 0 { format!(" (and {more} more, in --format json)") } else { String::new() };
            subject(page, row, &format!("{}{more}", sentence(finding)));
        }
        if let Some(hint) = hint {
            let label = page.paint(STRONG, "hint");
            page.prose(&format!("  {label}: "), "    ", hint);
        }
    }
}

/// `  host service: text`.
fn subject(page: &mut Page, row: &Row, text: &str) {
    let name = page.paint(STRONG, &format!("{} {}", row.short_host, row.service));
    page.prose(&format!("  {name}: "), "    ", text);
}

fn branches(page: &mut Page, status: &Status) {
    let rows: Vec<&Row> = status.rows.iter().filter(|row| !row.branches.is_empty()).collect();
    if rows.is_empty() {
        return;
    }
    page.heading("On a branch that is not merged");
    for row in rows {
        for held in &row.branches {
            let mut parts = vec![format!("{}, from {}", held.branch, short(&held.base))];
            if row.state != State::OnBranch {
                parts.push("this commit has the move already, so the branch can be deleted".to_owned());
            } else if held.base != status.base {
                parts.push("made from another commit than this one".to_owned());
            }
            parts.extend(held.foreign.as_ref().map(|why| format!("{why}, so --replace leaves it alone")));
            subject(page, row, &parts.join("; "));
        }
    }
}

fn hosts(page: &mut Page, status: &Status) {
    let named = |wanted: &dyn Fn(&HostFacts) -> bool| {
        let has_row = |host: &HostFacts| status.rows.iter().any(|row| row.host == host.name);
        let names = status.hosts.iter().filter(|host| has_row(host) && wanted(host)).map(|host| host.short.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    if status.rows.is_empty() {
        return;
    }
    page.heading("Hosts");
    let lines = [
        ("read the Docker socket", named(&|host| host.socket.is_some())),
        (
            "do not read it, so their first move brings the blocks",
            named(&|host| host.socket.is_none() && !host.configs.is_empty()),
        ),
        ("have no Alloy configuration here", named(&|host| host.configs.is_empty())),
    ];
    for (what, names) in lines.iter().filter(|(_, names)| !names.is_empty()) {
        page.prose(&format!("  {what}: "), "    ", names);
    }
    let at = match &status.loki {
        Derives::From(_, Some(at)) | Derives::Never(at) => format!(" ({})", summary::place(at)),
        _ => String::new(),
    };
    page.prose("  ", "    ", &format!("{}{at}", loki(&status.loki)));
}

fn unread(page: &mut Page, status: &Status) {
    if status.unread.is_empty() {
        return;
    }
    page.heading("Not read, and not looked at");
    for one in status.unread.iter().take(MOST) {
        let place = match (&one.at, &one.path) {
            (Some(at), _) => format!("{}: ", summary::place(at)),
            (None, Some(path)) => format!("{path}: "),
            (None, None) => String::new(),
        };
        page.prose("  ", "    ", &format!("{place}{}", one.why));
    }
    if status.unread.len() > MOST {
        page.prose("  ", "    ", &format!("and {} more, in --format json", status.unread.len() - MOST));
    }
}

fn next(page: &mut Page, status: &Status, asked: Asked<'_>) {
    page.heading("Next");
    for next in &status.next {
        page.prose("  ", "  ", &next.text);
        if let Some(command) = asked.next(status, next) {
            page.code("    ", STRONG, &command);
        }
    }
}
