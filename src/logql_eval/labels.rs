//! Labels of a stream or series, and the labels of one line on its way through a pipeline.
//!
//! Knows: that what a line brings stands over what its stream has, what was dropped, and which error a line carries.
//! Must not know: which stage does what.

use std::sync::Arc;

/// The label that says which error a line carries.
pub(super) const ERROR: &str = "__error__";
/// The label of a line whose error counts as no failure of a metric, since the query asks for it.
pub(super) const KEPT_ERROR: &str = "__preserve_error__";
/// The label that says more of it: the same for the same reason, in words of its own.
pub(super) const ERROR_DETAILS: &str = "__error_details__";

/// Names and values, sorted by name. A label whose value is empty can be there: it makes a series of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<(Arc<str>, Arc<str>)>);

impl Labels {
    fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| &**own == name).map(|(_, value)| &**value)
    }

    /// The value of a label; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or("")
    }

    /// Whether the label is there, with whatever value.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Sets a label.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.binary_search_by(|(own, _)| (**own).cmp(name)) {
            Ok(at) => self.0[at].1 = value.into(),
            Err(at) => self.0.insert(at, (name.into(), value.into())),
        }
    }

    /// Takes a label out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| &**own != name);
    }

    /// Keeps the labels for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Labels {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(labels: T) -> Self {
        let mut all = Self::default();
        for (name, value) in labels {
            all.set(name.as_ref(), value.as_ref());
        }
        all
    }
}

/// Where a label of a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Its stream, or a label of the stream under another name.
    Stream,
    /// The line itself, or a template.
    Line,
}

/// The labels of one line.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    base: &'a Labels,
    renamed: Vec<(String, String)>,
    parsed: Vec<(String, String)>,
    dropped: Vec<String>,
    /// The error the line carries, if any.
    pub(super) error: Option<&'static str>,
    details: Option<String>,
    /// What parsers have made so far, by name: it counts for what a grouping still needs.
    pub(super) extracted: Vec<String>,
}

fn find<'l>(list: &'l [(String, String)], name: &str) -> Option<&'l str> {
    list.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

fn put(list: &mut Vec<(String, String)>, name: &str, value: &str) {
    match list.iter_mut().find(|(own, _)| own == name) {
        Some((_, old)) => value.clone_into(old),
        None => list.push((name.to_owned(), value.to_owned())),
    }
}

impl<'a> Entry<'a> {
    pub(super) fn new(base: &'a Labels) -> Self {
        let (renamed, parsed) = (Vec::new(), Vec::new());
        Self { base, renamed, parsed, dropped: Vec::new(), error: None, details: None, extracted: Vec::new() }
    }

    /// Whether the stream came with this label, dropped since or not: a field of that name gets another one.
    pub(super) fn stream_has(&self, name: &str) -> bool {
        self.base.has(name)
    }

    /// Whether a stage has set this label.
    pub(super) fn is_set(&self, name: &str) -> bool {
        find(&self.parsed, name).is_some() || find(&self.renamed, name).is_some()
    }

    /// The value of a label and where it comes from.
    pub(super) fn find(&self, name: &str) -> Option<(&str, Origin)> {
        if let Some(value) = find(&self.renamed, name) {
            return Some((value, Origin::Stream));
        }
        if let Some(value) = find(&self.parsed, name) {
            return Some((value, Origin::Line));
        }
        if self.dropped.iter().any(|own| own == name) || !self.base.has(name) {
            return None;
        }
        Some((self.base.get(name), Origin::Stream))
    }

    /// The value of a label as filters see it; `__error__` is one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        if name == ERROR {
            return self.error;
        }
        self.find(name).map(|(value, _)| value)
    }

    /// Sets a label.
    pub(super) fn set(&mut self, origin: Origin, name: &str, value: &str) {
        match origin {
            Origin::Line => {
                self.renamed.retain(|(own, _)| own != name);
                put(&mut self.parsed, name, value);
            }
            Origin::Stream => {
                self.parsed.retain(|(own, _)| own != name);
                put(&mut self.renamed, name, value);
            }
        }
    }

    /// Takes a label out.
    pub(super) fn remove(&mut self, name: &str) {
        match name {
            ERROR => return self.error = None,
            ERROR_DETAILS => self.details = None,
            _ => {}
        }
        self.renamed.retain(|(own, _)| own != name);
        self.parsed.retain(|(own, _)| own != name);
        self.dropped.push(name.to_owned());
    }

    /// What more is said of the error of the line.
    pub(super) fn details(&self) -> &str {
        self.details.as_deref().unwrap_or("")
    }

    /// Marks the line with an error and what caused it.
    pub(super) fn fail(&mut self, error: &'static str, details: &str) {
        self.error = Some(error);
        self.details = Some(details.to_owned());
    }

    /// All labels the line has now, its error included.
    pub(super) fn labels(&self) -> Labels {
        let untouched = self.renamed.is_empty() && self.parsed.is_empty() && self.dropped.is_empty();
        if untouched && self.error.is_none() {
            return self.base.clone();
        }
        let mut labels = self.base.clone();
        labels.retain(|name| !self.dropped.iter().any(|own| own == name));
        for (name, value) in self.renamed.iter().chain(&self.parsed) {
            labels.set(name, value);
        }
        if let Some(error) = self.error {
            labels.set(ERROR, error);
        }
        if let Some(details) = &self.details {
            labels.set(ERROR_DETAILS, details);
        }
        labels
    }

    /// The labels that a grouping leaves. A label that was dropped counts as gone even where it was set again.
    pub(super) fn grouped(&self, grouping: &Grouping) -> Labels {
        if self.error.is_some() {
            return self.labels();
        }
        match grouping {
            Grouping::All => self.labels(),
            Grouping::Nothing => Labels::default(),
            Grouping::Without(names) => {
                let mut labels = self.labels();
                labels.retain(|name| name != ERROR_DETAILS && !names.iter().any(|own| own == name));
                labels
            }
            Grouping::By(names) => {
                let kept = names.iter().filter(|name| !self.dropped.contains(name));
                kept.filter_map(|name| Some((name.as_str(), self.find(name)?.0))).collect()
            }
        }
    }
}

/// Which labels a series keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    /// All of them.
    All,
    /// None.
    Nothing,
    /// These.
    By(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}
