//! What texts were evaluated to: the same templates are rendered for each host, and again for each service of a batch.
//!
//! Knows: that an evaluation hangs on its text and on the variables it asks for: what stands in force under these names,
//! whichever host that is. Must not know: how a text is evaluated. Whatever asks beyond the host itself is not kept.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::Value;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHasher};

use super::{Content, Resolved, Unresolved};

/// What came of an evaluation.
pub(super) struct Evaluated {
    pub(super) result: Result<Resolved, Unresolved>,
    /// The names of all variables it asked this host for, there or not; `None` when it asked for something else as well.
    pub(super) asked: Option<Vec<String>>,
}

/// What is in force under a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum InForce {
    /// A variable above those of the host.
    Above(Value),
    /// One of the host or below it.
    Own(Content),
    Nothing,
}

/// Evaluations of one text that asked for the same variables. What they did not ask for makes no difference: hundreds of
/// hosts have the same text among other variables.
#[derive(Debug)]
struct Asking {
    names: Box<[String]>,
    /// By a [`hint`].
    kept: FxHashMap<u64, Vec<One>>,
}

/// What was in force under the names, and what came of it.
type One = (Box<[InForce]>, Arc<Result<Resolved, Unresolved>>);

/// Evaluations of texts.
type Kept = FxHashMap<Arc<str>, Vec<Asking>>;

/// Evaluations by text, in parts, so that threads seldom wait for each other.
#[derive(Debug, Default)]
pub struct Memo {
    parts: [Mutex<Kept>; 32],
}

impl Memo {
    /// The result of `find` for this text where names mean what `in_force` says, found once.
    pub(super) fn of(
        &self,
        text: &str,
        in_force: impl Fn(&str) -> InForce,
        find: impl FnOnce() -> Evaluated,
    ) -> Result<Resolved, Unresolved> {
        let part = &self.parts[FxBuildHasher.hash_one(text) as usize % self.parts.len()];
        let kept = || part.lock().unwrap_or_else(PoisonError::into_inner);
        let all = |names: &[String]| names.iter().map(|name| in_force(name)).collect::<Box<[InForce]>>();
        let known = kept().get(text).into_iter().flatten().find_map(|asking| {
            let values = all(&asking.names);
            let (_, result) = asking.kept.get(&hint(&values))?.iter().find(|(had, _)| *had == values)?;
            Some(Arc::clone(result))
        });
        if let Some(known) = known {
            return (*known).clone();
        }
        let Evaluated { result, asked } = find();
        if let Some(names) = asked.map(Vec::into_boxed_slice) {
            let values = all(&names);
            let one = (hint(&values), (values, Arc::new(result.clone())));
            let mut kept = kept();
            let askings = kept.entry(text.into()).or_default();
            let at = askings.iter().position(|asking| asking.names == names).unwrap_or_else(|| {
                askings.push(Asking { names, kept: FxHashMap::default() });
                askings.len() - 1
            });
            askings[at].kept.entry(one.0).or_default().push(one.1);
        }
        result
    }

    /// How many evaluations are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let count = |part: &Mutex<Kept>| {
            let kept = part.lock().unwrap_or_else(PoisonError::into_inner);
            kept.values().flatten().flat_map(|asking| asking.kept.values()).map(Vec::len).sum::<usize>()
        };
        self.parts.iter().map(count).sum()
    }
}

/// The same for equal values; most values that differ are texts and numbers, which it tells apart.
fn hint(values: &[InForce]) -> u64 {
    let mut hasher = FxHasher::default();
    for value in values {
        if let InForce::Above(value) | InForce::Own(Content::Plain(value) | Content::Template(value)) = value {
            (value.as_str(), value.as_i64()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::{Frame, Scope, World, evaluate};
    use super::*;

    #[test]
    fn hosts_with_the_same_under_the_names_a_text_asks_for_share_what_it_comes_to() {
        let host = |name: &str, port: i64| {
            let vars =
                [("port", Value::from(port)), ("name", Value::from(name)), ("at", Value::from("{{ port + 1 }}"))];
            let vars = vars.map(|(name, value)| (name.to_owned(), Content::of(value))).into();
            (name.to_owned(), Arc::new(Scope { name: name.into(), vars, ..Scope::default() }))
        };
        let hosts = [host("a.x", 1), host("b.x", 1), host("c.x", 2)];
        let world = Arc::new(World { hosts: hosts.into(), ..World::default() });
        let all =
            |text: &str| ["a.x", "b.x", "c.x"].map(|host| evaluate(&world, host, text, &Arc::default()).unwrap().text);
        // `a` and `b` have the same port; nothing else that differs between them is asked for.
        assert_eq!(all("at {{ at }}"), ["at 2", "at 2", "at 3"]);
        assert_eq!(world.memo.len(), 2);
        assert_eq!(all("on {{ inventory_hostname_short }}"), ["on a", "on b", "on c"]);
        assert_eq!(world.memo.len(), 5);
        // A third time, and below what stands around the host.
        assert_eq!(all("at {{ at }}"), ["at 2", "at 2", "at 3"]);
        assert_eq!(world.memo.len(), 5);
        let frame = Arc::new(Frame { above: vec![("at".to_owned(), Value::from(7))], below: None });
        assert_eq!(evaluate(&world, "a.x", "at {{ at }}", &frame).unwrap().text, "at 7");
        // What asks for other hosts is not kept.
        assert_eq!(all("{{ hostvars['a.x'].port }}"), ["1", "1", "1"]);
        assert_eq!(world.memo.len(), 6);
        assert!(world.hosts["b.x"].beyond.load(Ordering::Relaxed));
    }
}
