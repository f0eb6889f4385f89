//! Where an alert rule takes the label `job`, in the style of its file.
//!
//! Knows: how labels of a rule are written, in YAML and JSON, indented and in braces. Must not know: which rule takes it.

use super::document::Document;
use crate::syntax::tree::{Kind, Ref, Style};
use crate::text::{Span, lines};

/// How far a line is looked at: a longer one was written by no person.
const FAR: usize = 4096;
/// Words that mean something else than themselves in YAML.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// What a rule says of the label `job`, and whether it can be told to say more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OwnJob {
    /// It sets the label itself, or its group does.
    Set,
    /// It can be set here.
    At(Slot),
    /// Setting it is not certain to concern this rule, always and alone.
    #[default]
    Nowhere,
}

/// A place for one more label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The offset in the file.
    pub at: usize,
    before: String,
    after: String,
    /// Whether names and values stand in quotes.
    json: bool,
    /// Whether the file is a template, in which braces are tags.
    template: bool,
}

impl Slot {
    /// The text that sets `job` to `value` there; `None` where the style of the file cannot say it.
    pub fn text(&self, value: &str) -> Option<String> {
        let odd = |c: char| c.is_control() || matches!(c, '"' | '\'' | '\\');
        if value.contains(odd) || self.template && value.contains('{') {
            return None;
        }
        let plain = value.starts_with(|c: char| c.is_ascii_alphabetic())
            && value.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
            && !WORDS.contains(&value.to_ascii_lowercase().as_str());
        let pair = match (self.json, plain) {
            (true, _) => format!("\"job\": \"{value}\""),
            (false, true) => format!("job: {value}"),
            (false, false) => format!("job: '{value}'"),
        };
        Some(format!("{}{pair}{}", self.before, self.after))
    }
}

/// What `rule` says of it.
pub(super) fn of(document: &Document<'_>, rule: Ref<'_, '_>) -> OwnJob {
    let group = rule.parent().and_then(Ref::parent);
    let sets = |one: Ref<'_, '_>| one.lookup("labels").is_some_and(|labels| labels.lookup("job").is_some());
    if sets(rule) || group.is_some_and(sets) {
        return OwnJob::Set;
    }
    Writing::of(document)
        .filter(|writing| writing.is_plain(rule))
        .and_then(|writing| writing.slot(rule))
        .map_or(OwnJob::Nowhere, OwnJob::At)
}

/// A document as it stands in its file.
struct Writing<'d, 'a> {
    document: &'d Document<'a>,
    text: &'d str,
    eol: &'static str,
}

impl<'d, 'a> Writing<'d, 'a> {
    fn of(document: &'d Document<'a>) -> Option<Self> {
        let text = document.source.text()?;
        Some(Self { document, text, eol: lines::eol(&text[..lines::floor(text, FAR)]) })
    }

    /// Whether the lines of a rule stand in the file as they are read, and no template decides about parts of it.
    fn is_plain(&self, rule: Ref<'_, '_>) -> bool {
        let raw = self.document.raw(rule).of(self.text);
        let read = rule.span().of(self.document.text());
        !raw.contains("{%") && (raw.len() == read.len() || raw.lines().map(str::trim).eq(read.lines().map(str::trim)))
    }

    fn slot(&self, rule: Ref<'_, '_>) -> Option<Slot> {
        let Some((_, value)) = rule.entry("labels") else {
            return if rule.lookup("labels").is_some() { None } else { self.new_mapping(rule) };
        };
        let shared = matches!(value.node().kind, Kind::Alias(_)) || value.node().anchor.is_some();
        (!shared && value.is_mapping()).then(|| self.last(value)).flatten()
    }

    /// A place for labels in a rule that has none: before its annotations, where they begin a line, else at its end.
    fn new_mapping(&self, rule: Ref<'_, '_>) -> Option<Slot> {
        let slot = self.last(rule)?;
        if rule.node().style == Style::Flow {
            let (open, close) = if slot.json { ("\"labels\": {", "}") } else { ("labels: {", "}") };
            return Some(Slot { before: slot.before + open, after: close.into(), ..slot });
        }
        let end = format!("labels:{}", slot.before);
        let step = " ".repeat(self.step(rule));
        let annotations = rule.entries().skip(1).find(|(key, _)| key.str() == Some("annotations"));
        let begins = annotations.map(|(key, _)| self.document.raw(key).start());
        let free = |at: &usize| {
            let above = self.text[..*at].trim_end_matches([' ', '\t']).trim_end_matches(['\r', '\n']);
            !above[above.rfind('\n').map_or(0, |line| line + 1)..].trim_start().starts_with('#')
        };
        match begins.filter(free) {
            Some(at) => Some(Slot { at, before: end + &step, after: slot.before, ..slot }),
            None => Some(Slot { before: format!("{}{end}{step}", slot.before), ..slot }),
        }
    }

    /// How much deeper a mapping of the rule stands than the rule.
    fn step(&self, rule: Ref<'_, '_>) -> usize {
        let column = |node: Ref<'_, '_>| self.head(node).chars().count();
        let inner = rule.entries().find_map(|(key, value)| {
            let first = value.entries().next().filter(|_| value.node().style == Style::Block)?.0;
            column(first).checked_sub(column(key))
        });
        inner.filter(|step| (1..=8).contains(step)).unwrap_or(2)
    }

    /// The place behind the last entry of a mapping.
    fn last(&self, mapping: Ref<'_, '_>) -> Option<Slot> {
        let raw = |node: Ref<'_, '_>| self.document.raw(node);
        let flow = mapping.node().style == Style::Flow;
        let name = self.document.source.path.name();
        let template = name.strip_suffix(".j2").is_some();
        let mut names = mapping.entries().next_back().into_iter().chain(mapping.own_entry()).map(|(key, _)| key);
        let json = names.next().is_some_and(|key| key.node().style == Style::Json);
        let slot = |at: usize, before: String| Some(Slot { at, before, after: String::new(), json, template });
        let Some((key, value)) = mapping.entries().next_back() else {
            return if flow { slot(raw(mapping).start() + 1, String::new()) } else { None };
        };
        let head = self.head(key);
        let own_line = head.trim().is_empty();
        let indent: String = head.chars().map(|c| if c.is_whitespace() { c } else { ' ' }).collect();
        let end = raw(value).end().max(raw(key).end());
        if flow {
            let before = if own_line { format!(",{}{indent}", self.eol) } else { ", ".into() };
            return slot(end, before);
        }
        let end = self.text[..end].trim_end().len();
        let rest = &self.text[end..];
        let rest = &rest[..rest.find(['\r', '\n']).unwrap_or(rest.len())];
        let free = rest.trim().is_empty() || rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#');
        if free { slot(end + rest.len(), format!("{}{indent}", self.eol)) } else { None }
    }

    /// What stands before a node in its line.
    fn head(&self, node: Ref<'_, '_>) -> &'d str {
        let at: Span = self.document.raw(node);
        let before = &self.text[lines::floor(self.text, at.start().saturating_sub(FAR))..at.start()];
        &before[before.rfind('\n').map_or(0, |line| line + 1)..]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::text::Source;

    const EXPR: &str = "expr: sum(rate({a=\"b\"}[5m])) > 1";

    /// The file with `job: x` set by its first rule.
    fn set(path: &str, text: &str) -> Option<String> {
        let source = Arc::new(Source::new(path, 0o100_644, Vec::new(), text.into()));
        match &crate::topology::sites::read(&source).holders[0].own_job {
            OwnJob::At(slot) => Some(format!("{}{}{}", &text[..slot.at], slot.text("x")?, &text[slot.at..])),
            OwnJob::Set | OwnJob::Nowhere => None,
        }
    }

    #[test]
    fn the_label_stands_as_those_beside_it() {
        for (rule, with) in [
            ("  labels:\n    a: b", "  labels:\n    a: b\n    job: x"),
            (
                "  labels:\n      a: |\n        b\n\n  for: 1m",
                "  labels:\n      a: |\n        b\n      job: x\n\n  for: 1m",
            ),
            ("  labels: {a: b} # c", "  labels: {a: b, job: x} # c"),
            ("  labels: {\n    a: b,\n  }", "  labels: {\n    a: b,\n    job: x,\n  }"),
            ("  labels: {}", "  labels: {job: x}"),
            ("  for: 1m # c", "  for: 1m # c\n  labels:\n    job: x"),
            ("  annotations:\n     a: b", "  labels:\n     job: x\n  annotations:\n     a: b"),
            ("  # c\n  annotations: {}", "  # c\n  annotations: {}\n  labels:\n    job: x"),
        ] {
            let file = |rule: &str| format!("groups:\n- name: g\n  rules:\n  - alert: A\n    {EXPR}\n{rule}\n");
            let deeper = |rule: &str| rule.split('\n').map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n");
            let (rule, with) = (file(&deeper(rule)), file(&deeper(with)));
            assert_eq!(set("r.yml", &rule).as_deref(), Some(&*with));
            let crlf = |text: &str| text.replace('\n', "\r\n");
            assert_eq!(set("r.yml", &crlf(&rule)), Some(crlf(&with)));
        }
    }

    #[test]
    fn rules_inside_another_document_take_it_in_its_lines() {
        let text = format!(
            "kind: ConfigMap\ndata:\n  r.yaml: |\n    groups:\n    - rules:\n      - alert: A\n        {EXPR}\n"
        );
        assert_eq!(set("c.yml", &text), Some(format!("{text}        labels:\n          job: x\n")));
        let quoted = r#"{"r.yaml": "groups:\n- rules:\n  - alert: A\n    expr: sum(rate({a=~\"b\"}[5m])) > 1\n"}"#;
        assert_eq!(set("c.json", quoted), None);
    }

    #[test]
    fn where_it_would_reach_others_there_is_no_place() {
        for rule in [
            "labels: &l {a: b}",
            "labels: {a: b, job: c}",
            "labels:",
            "labels: '{{ labels }}'",
            "<<: {labels: {a: b}}",
            "labels:\n      {% if a %}\n      a: b\n      {% endif %}",
        ] {
            let text = format!("groups:\n- name: g\n  rules:\n  - alert: A\n    {EXPR}\n    {rule}\n");
            assert_eq!(set("r.yml.j2", &text), None, "{rule}");
        }
    }

    #[test]
    fn a_value_is_quoted_where_it_has_to_be() {
        let slot = Slot { at: 0, before: String::new(), after: String::new(), json: false, template: false };
        let text = |value: &str| slot.text(value);
        assert_eq!(text("kairos-1.x").as_deref(), Some("job: kairos-1.x"));
        assert_eq!(text("{{ $labels.service }}").as_deref(), Some("job: '{{ $labels.service }}'"));
        assert_eq!((text("1").as_deref(), text("No").as_deref()), (Some("job: '1'"), Some("job: 'No'")));
        assert_eq!((text("it's"), text("a\"")), (None, None));
        assert_eq!(Slot { template: true, ..slot }.text("{{ x }}"), None);
    }
}
