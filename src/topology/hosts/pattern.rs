//! Names of hosts: the one a user asks for, and those a play's `hosts:` selects.
//!
//! Knows: Ansible's host patterns. Must not know: variables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::topology::values::{World, is_template};

use super::Host;

/// How many near names are listed.
const MOST_NEAR: usize = 5;

/// No host, or more than one, answers to the name asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostNotFound {
    /// The name asked for.
    pub asked: String,
    /// All hosts it may mean, when there is more than one.
    pub ambiguous: Vec<String>,
    /// Else the hosts with the most similar names, the nearest first.
    pub near: Vec<String>,
}

impl fmt::Display for HostNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ambiguous.is_empty() {
            write!(f, "no host `{}` in the repository", self.asked)
        } else {
            write!(f, "`{}` may be any of {}", self.asked, self.ambiguous.join(", "))
        }
    }
}

impl std::error::Error for HostNotFound {}

/// The host of exactly this name, else the only one whose first label is `asked`.
pub(super) fn find<'h>(hosts: &'h BTreeMap<String, Host>, asked: &str) -> Result<&'h Host, HostNotFound> {
    if let Some(host) = hosts.get(asked) {
        return Ok(host);
    }
    let short: Vec<&Host> = hosts
        .values()
        .filter(|host| host.name.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.')) && !asked.is_empty())
        .collect();
    match short.as_slice() {
        [only] => Ok(only),
        [] => Err(HostNotFound { asked: asked.to_owned(), ambiguous: Vec::new(), near: near(hosts, asked) }),
        several => {
            let ambiguous = several.iter().map(|host| host.name.clone()).collect();
            Err(HostNotFound { asked: asked.to_owned(), ambiguous, near: Vec::new() })
        }
    }
}

/// Hosts whose name is a few letters away, or holds what was asked for.
fn near(hosts: &BTreeMap<String, Host>, asked: &str) -> Vec<String> {
    // Names have at most 255 characters; comparing a longer one would only cost time.
    if asked.len() > 255 {
        return Vec::new();
    }
    let asked = asked.to_lowercase();
    let reach = (asked.chars().count() / 3).max(2);
    let mut found: Vec<(usize, &str)> = hosts
        .values()
        .filter(|host| host.name.len() <= 255)
        .filter_map(|host| {
            let (full, short) = (host.name.to_lowercase(), host.short().to_lowercase());
            let apart = strsim::osa_distance(&asked, &full).min(strsim::osa_distance(&asked, &short));
            let holds = asked.len() > 2 && (full.contains(&asked) || asked.starts_with(&format!("{full}.")));
            (apart <= reach || holds).then_some((apart, host.name.as_str()))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().take(MOST_NEAR).map(|(_, name)| name.to_owned()).collect()
}

/// The names a pattern selects over all inventories. Nothing when it cannot be told (a template, a regular
/// expression that cannot be read).
pub(super) fn select(worlds: &[Arc<World>], pattern: &str) -> Option<BTreeSet<String>> {
    if is_template(pattern) {
        return None;
    }
    let parts = split(pattern);
    let mut out = BTreeSet::new();
    for world in worlds {
        let mut names = BTreeSet::new();
        let operators = parts.iter().all(|part| part.starts_with(['!', '&']));
        if operators && !parts.is_empty() {
            names.extend(one(world, "all")?);
        }
        for part in parts.iter().filter(|part| !part.starts_with(['!', '&'])) {
            names.extend(one(world, part)?);
        }
        for part in parts.iter().filter_map(|part| part.strip_prefix('&')) {
            let also: BTreeSet<String> = one(world, part)?.into_iter().collect();
            names.retain(|name| also.contains(name));
        }
        for part in parts.iter().filter_map(|part| part.strip_prefix('!')) {
            for name in one(world, part)? {
                names.remove(&name);
            }
        }
        out.extend(names);
    }
    Some(out)
}

/// The parts of a pattern: at `,` if there is one, else at `:` outside of brackets.
fn split(pattern: &str) -> Vec<String> {
    let by_comma = pattern.contains(',');
    let mut depth = 0_usize;
    let mut parts = vec![String::new()];
    for next in pattern.chars() {
        match next {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (next == ',' || next == ':' && !by_comma && !pattern.starts_with('~')) {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(next);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The hosts of one part without operator, in inventory order.
fn one(world: &World, part: &str) -> Option<Vec<String>> {
    let (base, subscript) = match part.strip_suffix(']').and_then(|part| part.rsplit_once('[')) {
        Some((base, inside)) if is_subscript(inside) && !part.starts_with('~') => (base, Some(inside)),
        _ => (part, None),
    };
    let test = matcher(base)?;
    let mut names: Vec<String> = Vec::new();
    let groups: Vec<&String> = world.groups.keys().filter(|group| test.is_match(group)).collect();
    if base == "all" || base == "*" {
        names.extend(world.hosts.keys().cloned());
    } else {
        names.extend(groups.iter().filter_map(|group| world.groups.get(*group)).flatten().cloned());
        if groups.is_empty() || base.contains(['*', '?', '[', '.']) || base.starts_with('~') {
            names.extend(world.hosts.keys().filter(|host| test.is_match(host)).cloned());
        }
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    match subscript {
        Some(inside) => sliced(&names, inside),
        None => Some(names),
    }
}

fn is_subscript(inside: &str) -> bool {
    !inside.is_empty()
        && inside.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'-'))
        && inside.bytes().any(|b| b.is_ascii_digit())
}

/// `[0]`, `[-1]`, `[0:2]` (both ends included), `[1:]`.
fn sliced(names: &[String], inside: &str) -> Option<Vec<String>> {
    let place = |text: &str| -> Option<usize> {
        let at: isize = text.parse().ok()?;
        if at < 0 { names.len().checked_sub(at.unsigned_abs()) } else { usize::try_from(at).ok() }
    };
    let Some((from, to)) = inside.split_once([':', '-']).filter(|_| !inside.starts_with('-')) else {
        return Some(place(inside).and_then(|at| names.get(at)).into_iter().cloned().collect());
    };
    let from = if from.is_empty() { 0 } else { place(from)? };
    let to = if to.is_empty() { names.len() } else { place(to)?.saturating_add(1).min(names.len()) };
    Some(names.get(from..to).unwrap_or_default().to_vec())
}

/// A shell pattern, or after `~` a regular expression that has to match at the start.
fn matcher(pattern: &str) -> Option<regex::Regex> {
    let source = pattern.strip_prefix('~').map_or_else(|| glob(pattern), |regex| format!("^(?:{regex})"));
    regex::RegexBuilder::new(&source).size_limit(1 << 20).build().ok()
}

fn glob(pattern: &str) -> String {
    let mut out = "(?s)^".to_owned();
    let mut class = false;
    for next in pattern.chars() {
        match next {
            '[' if !class && pattern.contains(']') => {
                class = true;
                out.push('[');
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            '!' if class && out.ends_with('[') => out.push('^'),
            '-' if class => out.push('-'),
            '*' if !class => out.push_str(".*"),
            '?' if !class => out.push('.'),
            plain => out.push_str(&regex::escape(plain.encode_utf8(&mut [0; 4]))),
        }
    }
    out + "$"
}
