//! INI inventories: `[group]`, `[group:children]`, `[group:vars]`, hosts with inline variables, ranges.
//!
//! Knows: Ansible's INI grammar, line by line. Must not know: what the variables are for.

use std::sync::Arc;

use minijinja::Value;

use crate::finding::{Finding, Level};
use crate::text::{Place, Source, Span};
use crate::topology::values::Content;

use super::definition::{Layer, Owner, Written};
use super::graph::Graph;
use super::scalar;

/// Hosts one pattern may unfold to.
const MOST_HOSTS: usize = 20_000;
/// How long a pattern with ranges may be: no name of a host is longer.
const LONGEST_NAME: usize = 255;

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Hosts,
    Children,
    Vars,
    /// A header that cannot be read; its lines are skipped.
    Unknown,
}

/// Reads `source` into `graph`.
pub(super) fn read(source: &Arc<Source>, text: &str, graph: &mut Graph, findings: &mut Vec<Finding>) {
    let mut group = "ungrouped".to_owned();
    let mut section = Section::Hosts;
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_start_matches('\u{feff}').trim();
        let offset = start + raw.find(line).unwrap_or(0);
        start += raw.len();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let at = Place::new(source, Span::new(offset, offset + line.len()));
        if let Some(found) = header(line) {
            section = found.1;
            if section == Section::Unknown {
                findings.push(unreadable(at, "the section header cannot be read"));
            } else {
                graph.group(found.0);
                found.0.clone_into(&mut group);
            }
            continue;
        }
        let problem = match section {
            Section::Hosts => hosts(&at, line, &group, graph),
            Section::Vars => vars(&at, line, &group, graph),
            Section::Children => {
                let name = line.split(['#', ';']).next().unwrap_or(line).trim();
                graph.add_child(&group, name);
                None
            }
            Section::Unknown => None,
        };
        findings.extend(problem.map(|problem| unreadable(at, problem)));
    }
}

fn unreadable(at: Place, problem: &str) -> Finding {
    Finding::new(Level::Note, "hosts/unreadable-line", format!("this inventory line is passed over: {problem}")).at(at)
}

/// A `[group]` or `[group:kind]` line; [`Section::Unknown`] if it is a broken one.
fn header(line: &str) -> Option<(&str, Section)> {
    let inside = line.strip_prefix('[')?;
    let (inside, after) = inside.split_once(']')?;
    let after = after.trim_start();
    if !after.is_empty() && !after.starts_with('#') {
        return None;
    }
    let (name, kind) = inside.split_once(':').unwrap_or((inside, "hosts"));
    let section = match kind {
        "hosts" => Section::Hosts,
        "children" => Section::Children,
        "vars" => Section::Vars,
        _ => Section::Unknown,
    };
    let good = !name.is_empty() && !name.contains([':', '[', ' ', '\t']);
    Some((name, if good { section } else { Section::Unknown }))
}

/// `name[01:03] key=value …`
fn hosts(at: &Place, line: &str, group: &str, graph: &mut Graph) -> Option<&'static str> {
    let Some(words) = words(line) else { return Some("a quote is not closed") };
    let mut words = words.into_iter();
    let pattern = words.next()?;
    if pattern.text == "---" || pattern.text.ends_with(':') {
        return Some("this looks like YAML");
    }
    let Some(names) = expand(without_port(&pattern.text)) else { return Some("the range cannot be read") };
    let vars: Option<Vec<_>> =
        words.map(|word| word.text.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned(), word.span))).collect();
    let Some(vars) = vars else { return Some("a word is no `key=value`") };
    if !graph.may_unfold(names.len(), vars.len()) {
        return Some("its ranges stand for more hosts and variables than are followed");
    }
    for name in names {
        graph.add_host(group, &name);
        let owner = Owner::Host(name.clone());
        for (key, value, span) in &vars {
            let span = span.shifted(at.span.start());
            let from = span.start() + key.len() + 1;
            let place = Place::new(&at.source, span);
            let definition =
                definition(key, scalar::python(value), place, from).for_owner(&owner, Layer::InventoryHost);
            graph.hosts.entry(name.clone()).or_default().push(definition);
        }
    }
    None
}

/// `key = value`
fn vars(at: &Place, line: &str, group: &str, graph: &mut Graph) -> Option<&'static str> {
    let Some((key, value)) = line.split_once('=') else { return Some("it is no `key=value`") };
    let from = at.span.end() - value.trim_start().len();
    let (key, value) = (key.trim(), scalar::python(value.trim()));
    if key == "ansible_group_priority" {
        graph.group(group).priority = value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(1);
        return None;
    }
    let layer = if group == "all" { Layer::InventoryAll } else { Layer::InventoryGroup };
    let owner = Owner::Group(group.to_owned());
    graph.group(group).vars.push(definition(key, value, at.clone(), from).for_owner(&owner, layer));
    None
}

fn definition(key: &str, value: Value, entry: Place, value_from: usize) -> Written {
    let value_at = Place::new(&entry.source, Span::new(value_from, entry.span.end()));
    Written { name: key.to_owned(), content: Content::of(value), value_at, entry, own_lines: false }
}

/// A name without the `:22` of an address.
pub(super) fn without_port(pattern: &str) -> &str {
    match pattern.rsplit_once(':') {
        Some((name, port))
            if !name.is_empty()
                && !name.contains(':')
                && !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit()) =>
        {
            name
        }
        Some((name, port)) if name.ends_with(']') && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => pattern,
    }
}

/// One word of a host line, quotes and escapes undone.
struct Word {
    text: String,
    span: Span,
}

/// Splits as a shell does; a `#` outside quotes ends the line. Nothing when a quote stays open.
fn words(line: &str) -> Option<Vec<Word>> {
    let mut out = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote = None;
    let mut rest = line.char_indices().peekable();
    while let Some((at, next)) = rest.next() {
        if quote.is_none() && matches!(next, ' ' | '\t' | '#') {
            out.extend(word.take());
            if next == '#' {
                break;
            }
            continue;
        }
        let current = word.get_or_insert_with(|| Word { text: String::new(), span: Span::at(at) });
        match (quote, next) {
            (Some(open), _) if next == open => quote = None,
            (None, '\'' | '"') => quote = Some(next),
            (None, '\\') => current.text.extend(rest.next().map(|(_, escaped)| escaped)),
            (Some('"'), '\\') => {
                let escaped = rest.next_if(|(_, after)| matches!(after, '"' | '\\'));
                current.text.push(escaped.map_or('\\', |(_, escaped)| escaped));
            }
            _ => current.text.push(next),
        }
        let end = rest.peek().map_or(line.len(), |(at, _)| *at);
        current.span = current.span.join(Span::at(end));
    }
    out.extend(word);
    quote.is_none().then_some(out)
}

/// The names of a pattern with ranges: `web[01:03]`, `db-[a:c]`, `n[0:10:5]`. Nothing when a range makes no sense.
pub(super) fn expand(pattern: &str) -> Option<Vec<String>> {
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((head, after)) = rest.split_once('[') {
        let (range, tail) = after.split_once(']')?;
        let steps = steps(range)?;
        if pattern.len() > LONGEST_NAME {
            return None;
        }
        if names.len().checked_mul(steps.len())? > MOST_HOSTS {
            return None;
        }
        names = names.iter().flat_map(|name| steps.iter().map(move |step| format!("{name}{head}{step}"))).collect();
        rest = tail;
    }
    Some(names.into_iter().map(|name| name + rest).collect())
}

/// What `01:03`, `a:c` or `0:10:5` counts through.
fn steps(range: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = range.split(':').collect();
    let (first, last, step) = match parts.as_slice() {
        [first, last] => (*first, *last, 1),
        [first, last, step] => (*first, *last, step.parse::<usize>().ok().filter(|&step| step > 0)?),
        _ => return None,
    };
    if let ([a], [z]) = (first.as_bytes(), last.as_bytes())
        && a.is_ascii_alphabetic()
        && z.is_ascii_alphabetic()
    {
        // Ansible's alphabet: a to z, then A to Z.
        let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
        let place = |letter: u8| letters.iter().position(|&have| have == char::from(letter));
        let (from, to) = (place(*a)?, place(*z)?);
        return letters.get(from..=to).map(|some| some.iter().step_by(step).map(ToString::to_string).collect());
    }
    let padded = first.len() > 1 && first.starts_with('0');
    if padded && first.len() != last.len() {
        return None;
    }
    let width = if padded { first.len() } else { 0 };
    let from: usize = if first.is_empty() { 0 } else { first.parse().ok()? };
    let to: usize = last.parse().ok()?;
    if to < from || to - from > MOST_HOSTS {
        return None;
    }
    Some((from..=to).step_by(step).map(|number| format!("{number:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_unfold_as_ansible_counts() {
        assert_eq!(expand("web[08:10].incus").unwrap(), ["web08.incus", "web09.incus", "web10.incus"]);
        assert_eq!(expand("db-[a:c]").unwrap(), ["db-a", "db-b", "db-c"]);
        assert_eq!(expand("n[0:10:5]").unwrap(), ["n0", "n5", "n10"]);
        assert_eq!(expand("r[1:2]-[a:b]").unwrap(), ["r1-a", "r1-b", "r2-a", "r2-b"]);
        assert_eq!(expand("puck.incus").unwrap(), ["puck.incus"]);
        for odd in ["x[", "x[1]", "x[01:3]", "x[2:1]", "x[1:999999999]", "x[a:]", "x[1:9:0]"] {
            assert!(expand(odd).is_none(), "{odd}");
        }
        assert!(expand(&format!("{}[1:2]", "x".repeat(LONGEST_NAME))).is_none());
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        let split = |line| words(line).map(|all| all.into_iter().map(|word| word.text).collect::<Vec<_>>());
        assert_eq!(split("a b='c d' e=\"f\" # g").unwrap(), ["a", "b=c d", "e=f"]);
        assert_eq!(split("a b=c#d").unwrap(), ["a", "b=c"]);
        assert_eq!(split(r#"a b="x\"y" c=d\ e"#).unwrap(), ["a", "b=x\"y", "c=d e"]);
        assert!(split("a b='c").is_none());
    }
}
