//! Which values each placeholder of a pair of queries is given.
//!
//! Knows: values of variables and labels. Must not know: what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use super::fill::{self, Stands};
use super::senders::{Role, Sender};
use super::{Pair, Worlds, world};
use crate::topology::Label;

/// Before a value that nobody can choose any more: what nothing is called.
pub(super) const GONE: &str = "gone-";
/// Most values that a variable is given.
const VALUES: usize = 4;

impl Worlds {
    /// Values for each placeholder, several times: before the move and after it.
    pub(super) fn assignments(
        &self,
        placeholders: &BTreeMap<String, BTreeSet<Stands>>,
        pair: &Pair<'_>,
    ) -> Vec<BTreeMap<String, (String, String)>> {
        let lists: Vec<(&String, Vec<(String, String)>)> = placeholders
            .iter()
            .map(|(written, stands)| (written, self.values_of(written, stands, pair)))
            .filter(|(_, list)| !list.is_empty())
            .collect();
        let count = lists.iter().map(|(_, list)| list.len()).max().unwrap_or(1);
        let one = |at: usize| {
            let value = |list: &Vec<(String, String)>| list.get(at % list.len()).cloned().unwrap_or_default();
            lists.iter().map(|(written, list)| ((*written).clone(), value(list))).collect()
        };
        (0..count).map(one).collect()
    }

    fn values_of(&self, written: &str, stands: &BTreeSet<Stands>, pair: &Pair<'_>) -> Vec<(String, String)> {
        let same = |value: &str| (value.to_owned(), value.to_owned());
        let mut pattern = false;
        let mut labels: Vec<&str> = Vec::new();
        for one in stands {
            match one {
                Stands::Value(label, regex) => {
                    pattern |= regex;
                    labels.push(label);
                }
                Stands::Name => return ["level", "job"].map(same).to_vec(),
                Stands::Duration => return vec![same("5m")],
                Stands::Number => return vec![same("1")],
                Stands::Needle => return vec![same("needle")],
                Stands::Template => return Vec::new(),
            }
        }
        let name = fill::name(written);
        let known = name.and_then(|name| (pair.values)(name));
        let (all, free) = known.as_ref().map_or((None, true), |known| (known.all.clone(), known.is_free));
        let mut list = known.and_then(|known| known.list).unwrap_or_else(|| self.some_values(&labels));
        // What moves is tried whatever else there is.
        list.sort_by_key(|value| !self.moving.contains(value));
        let after = |value: &String| match name {
            Some(name) => (pair.after)(name, value).unwrap_or_else(|| format!("{GONE}{value}")),
            None => value.clone(),
        };
        let all_values: Vec<(String, String)> = list.iter().map(|value| (value.clone(), after(value))).collect();
        let mut list = all_values.get(..VALUES.min(all_values.len())).unwrap_or_default().to_vec();
        if pattern {
            if all_values.len() > 1 {
                let join = |new: bool| {
                    let values = all_values.iter().map(|(old, after)| if new { after.as_str() } else { old });
                    values.collect::<Vec<_>>().join("|")
                };
                list.push((join(false), join(true)));
            }
            list.extend(free.then(|| same(".+")));
        }
        list.extend(all.map(|all| same(&all)));
        // A label that no stream has may be empty.
        if list.is_empty() { vec![same("some"), same("")] } else { list }
    }

    /// Values that these labels have on streams of today: of what moves first.
    fn some_values(&self, labels: &[&str]) -> Vec<String> {
        let known = |one: &Sender, label: &str| match one.before.as_ref()?.get(label)? {
            Label::Known(value) => Some(value.clone()),
            Label::Symbol(symbol) => Some(world::symbolic(symbol, None)),
            Label::Unknown => None,
        };
        let moves = |one: &&Sender| one.role == Role::Moves;
        let all = self.senders.iter().filter(moves).chain(self.senders.iter().filter(|one| !moves(one)));
        let mut found: Vec<String> = Vec::new();
        for one in all {
            for value in labels.iter().filter_map(|label| known(one, label)) {
                if found.len() < VALUES && !found.contains(&value) {
                    found.push(value);
                }
            }
        }
        found
    }
}
