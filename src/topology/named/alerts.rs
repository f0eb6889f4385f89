//! Places that read the label `job` of alerts: routes, inhibitions, groupings, silences, templates of notifications.
//!
//! Knows: how people write these, in YAML and JSON, in files that hold others, in commands. Must not know: which alerts
//! there are, or which job moves.

use memchr::memmem;

use super::is_word;
use crate::patterns;
use crate::text::Span;
use crate::text::lines::floor;

/// How far before a matcher the key of its list may stand; a value stands no further than a quarter of that behind.
const NEAR: usize = 512;
/// Most lines of a command.
const MOST_LINES: usize = 32;
/// Keys of lists of labels: what is grouped by, what two alerts must share.
const LISTS: [&str; 3] = ["group_by", "groupBy", "equal"];
/// Files that describe, and do not route.
const PROSE: [&str; 5] = [".md", ".rst", ".adoc", ".txt", ".html"];
const QUOTES: [char; 3] = ['"', '\'', '\\'];

/// A place that reads the label `job` of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The name of the label.
    pub span: Span,
    value: Value,
}

/// What the label is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    /// Every value counts, or it is filled in.
    Any,
    /// This, as a name or as a pattern.
    Is(Box<str>),
}

impl Reader {
    /// Whether it takes an alert of this job for another once the alert has no `job`.
    pub fn tells(&self, job: &str) -> bool {
        let Value::Is(value) = &self.value else { return true };
        // How it compares makes no difference: both kinds of a comparison change their answer, or neither does.
        **value == *job
            || patterns::compiled(&format!("^(?:{value})$"))
                .is_none_or(|pattern| pattern.is_match(job) != pattern.is_match(""))
    }
}

/// All of them in the text of a file of this name; `templates` are those of notifications.
pub(super) fn readers(name: &str, text: &str, templates: &[Span]) -> Vec<Reader> {
    let holds = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    if !holds("job") {
        return Vec::new();
    }
    let any = |span: Span| Reader { span, value: Value::Any };
    let mut found: Vec<Reader> = templates.iter().copied().map(any).collect();
    let routes = routes(text) && !PROSE.iter().any(|suffix| name.ends_with(suffix));
    let (commands, silences) = (holds("amtool"), holds("/silences"));
    if routes || commands || silences {
        found.extend(words(text).filter_map(|at| {
            let value = if routes { routed(text, at) } else { None };
            let value = value.or_else(|| commands.then(|| commanded(text, at)).flatten());
            let value = value.or_else(|| silences.then(|| named(text, at)).flatten())?;
            Some(Reader { span: Span::new(at, at + 3), value })
        }));
    }
    found.sort_by_key(|reader| reader.span);
    found
}

/// Whether a file routes alerts: it has the key `receiver`.
pub(super) fn routes(text: &str) -> bool {
    let bytes = text.as_bytes();
    memmem::find_iter(bytes, b"receiver").any(|at| {
        let behind = &bytes[at + "receiver".len()..];
        (at == 0 || !is_word(bytes[at - 1])) && (behind.starts_with(b":") || behind.starts_with(b"\":"))
    })
}

/// Every `job` that is a whole word outside of a comment.
fn words(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let whole = move |at: &usize| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let begins = !before.is_some_and(|byte| is_word(byte) || byte == b'$');
        begins && !bytes.get(at + 3).copied().is_some_and(is_word)
    };
    let said = move |at: &usize| {
        let head = head(text, *at);
        !head.trim_start().starts_with(['#', '/']) && !head.contains(" #")
    };
    memmem::find_iter(bytes, b"job").filter(whole).filter(said)
}

/// What a route, an inhibition or a grouping compares the word at `at` with.
fn routed(text: &str, at: usize) -> Option<Value> {
    if let Some(found) = named(text, at) {
        return Some(found);
    }
    let before = back(text, at);
    let behind = ahead(text, at + 3);
    let in_list = behind.lines().next().unwrap_or_default().trim_start_matches([' ', '"', '\'']);
    let key = before.rfind([':', '=']).map(|end| last_word(&before[..end]));
    if (in_list.is_empty() || in_list.starts_with([',', ']', '#'])) && key.is_some_and(|key| LISTS.contains(&key)) {
        return Some(Value::Any);
    }
    if !before.contains("match") {
        return None;
    }
    // `job: kairos`, then `job="kairos"` and `[job, "=", kairos]`, in one line or in several.
    let value = behind.trim_start_matches(QUOTES).strip_prefix(':').or_else(|| {
        let rest =
            behind.trim_start_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c) || c == ',' || c == '-');
        let value = rest.trim_start_matches(['=', '!', '~']);
        let item =
            value.trim_start_matches('\\').strip_prefix(['"', '\'']).filter(|rest| rest.starts_with([',', '\n', '\r']));
        (value.len() < rest.len()).then_some(item.unwrap_or(value))
    })?;
    Some(compared(value))
}

/// What a command that speaks to Alertmanager compares the word at `at` with.
fn commanded(text: &str, at: usize) -> Option<Value> {
    let mut start = at - head(text, at).len();
    for _ in 0..MOST_LINES {
        let before = text[..start].strip_suffix('\n').map(|before| before.strip_suffix('\r').unwrap_or(before));
        let Some(before) = before.and_then(|before| before.strip_suffix('\\')) else { break };
        start = before.len() - head(text, before.len()).len();
    }
    let rest = ahead(text, at + 3).trim_start_matches(' ');
    let value = rest.trim_start_matches(['=', '!', '~']);
    (text[start..at].contains("amtool") && value.len() < rest.len()).then(|| compared(value))
}

/// What the value beside it is where the word at `at` is the value of a key that names a label.
fn named(text: &str, at: usize) -> Option<Value> {
    let before = back(text, at).trim_end_matches([' ', '"', '\'', '\\']).strip_suffix([':', '='])?;
    let value = ahead(text, at + 3).split_once("value").filter(|_| ["name", "label"].contains(&last_word(before)))?.1;
    Some(compared(value.trim_start_matches([' ', '"', '\'', '\\']).trim_start_matches([':', '='])))
}

/// A value as it stands there.
fn compared(text: &str) -> Value {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == '-');
    let inner = text.trim_start_matches('\\');
    let value = match inner.chars().next() {
        Some(quote @ ('"' | '\'')) => inner[1..].split([quote, '\n']).next().unwrap_or_default().trim_end_matches('\\'),
        _ => text.split([' ', ',', '}', ']', '"', '\'', '\r', '\n']).next().unwrap_or_default(),
    };
    let filled = value.starts_with('$') || value.contains("{{") || value.contains("${") || text.starts_with("{{");
    if filled { Value::Any } else { Value::Is(value.replace("\\\\", "\\").into()) }
}

/// The last word of a text, without the quotes around it.
fn last_word(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '"', '\'', '\\']);
    &text[text.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| floor(text, at + 1))..]
}

/// What stands before `at` in its line, as far as it counts.
fn head(text: &str, at: usize) -> &str {
    let before = back(text, at);
    &before[before.rfind('\n').map_or(0, |line| line + 1)..]
}

/// What stands before `at`, as far as it counts.
fn back(text: &str, at: usize) -> &str {
    &text[floor(text, at.saturating_sub(NEAR))..at]
}

/// What stands behind, from `at` on.
fn ahead(text: &str, at: usize) -> &str {
    &text[at..floor(text, at + NEAR / 4)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values read in a file, `*` for any.
    fn read(name: &str, text: &str) -> Vec<String> {
        let all = readers(name, text, &[]);
        let value = |one: Reader| match one.value {
            Value::Any => "*".to_owned(),
            Value::Is(value) => value.into(),
        };
        all.into_iter().map(value).collect()
    }

    #[test]
    fn routes_are_read_however_they_are_written() {
        for (text, values) in [
            ("matchers: ['job=\"kairos\"']", &["kairos"][..]),
            ("matchers: [job = kairos, severity=page]", &["kairos"]),
            ("matchers:\n- severity=page\n- job=~\"kai.*|x\"", &["kai.*|x"]),
            ("matchers: \"{job!=\\\"kairos\\\"}\"", &["kairos"]),
            ("match: {severity: page, job: kairos}", &["kairos"]),
            ("match_re:\n  job: kai.*\n", &["kai.*"]),
            ("object_matchers: [[job, \"=\", kairos]]", &["kairos"]),
            ("object_matchers:\n- - job\n  - =~\n  - kai.+\n", &["kai.+"]),
            ("matchers: [{name: job, value: kairos, matchType: '='}]", &["kairos"]),
            ("matchers:\n- name: \"job\"\n  value: \"kairos\"\n", &["kairos"]),
            ("matchers: ['job=\"{{ item }}\"']", &["*"]),
            ("group_by: [alertname, job]", &["*"]),
            ("group_by:\n- alertname\n- 'job'\n- x", &["*"]),
            ("\"group_by\": [\"job\", \"x\"]", &["*"]),
            ("equal: [job]", &["*"]),
            ("group_by: ['...']", &[]),
            ("group_by: [job_name, x-job]", &[]),
            ("# matchers: [job=kairos]", &[]),
            ("keep: [job]", &[]),
            ("name: job\nurl: x", &[]),
            ("labels: {job: kairos}", &[]),
        ] {
            assert_eq!(read("a.yml", &format!("receiver: x\n{text}\n")), values, "{text}");
        }
        assert_eq!(read("a.yml", "my_receiver: x\nmatchers: [job=kairos]\n"), [""; 0]);
        assert_eq!(read("a.md", "receiver: x\nmatchers: [job=kairos]\n"), [""; 0]);
    }

    #[test]
    fn silences_are_read_in_commands_and_requests() {
        for (text, values) in [
            ("amtool silence add job=kairos -d 2h", &["kairos"][..]),
            ("amtool silence add \\\n  --comment='job done' \\\n  job=\"$job\"", &["*"]),
            ("amtool alert query 'job=~\"kai.*\"'", &["kai.*"]),
            ("job=kairos\namtool silence add job=\"$job\"", &["*"]),
            (
                "curl http://x/api/v2/silences -d '{\"matchers\":[{\"name\":\"job\",\"value\":\"kairos\"}]}'",
                &["kairos"],
            ),
            ("logcli query '{job=\"kairos\"}'; amtool silence query", &[]),
        ] {
            assert_eq!(read("a.sh", text), values, "{text}");
        }
    }

    #[test]
    fn a_reader_counts_if_it_answers_otherwise_without_the_label() {
        let reader = |value: &str| Reader { span: Span::at(0), value: Value::Is(value.into()) };
        for value in ["kairos", "kai.*", ".+", "kairos|angelia", "", "("] {
            assert!(reader(value).tells("kairos"), "{value}");
        }
        for value in ["node", ".*", "angelia|x"] {
            assert!(!reader(value).tells("kairos"), "{value}");
        }
    }
}
