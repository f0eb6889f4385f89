//! Which files of a commit can matter: first by name, then by bytes.
//!
//! Knows: what must stand in a file for it to take part in a migration, and why the rest can be ruled out unread.
//! Must not know: git, or what is done with a file.
//!
//! Ruling a file out is a proof, not a guess. Files of the kinds that say what runs where are always read
//! ([`infrastructure`]). Any other file takes part in one of these ways only:
//!
//! 1. It names something of the move: the service, the project, a job, a port variable, a component of the listener.
//!    What is looked for there is looked for by its letters, so the letters have to stand in the file. In a dashboard
//!    the name of a service counts as a value of `job` only, and not in a query that is plainly `PromQL`: whatever else
//!    asks for it is way 3.
//!    Or it is a program that asks for the logs of a service which it is told when it runs.
//! 2. It is infrastructure under an odd name: it speaks of syslog, or holds a word that no Alloy or Compose file of
//!    interest is without.
//! 3. It is JSON with a query of Loki, or of nobody knows what, that the move concerns. Such a query names the label
//!    `job`, a label that containers have afterwards, or one that the listener gives and they do not have; and
//!    - the word `loki` (a type, a plugin id) stands in the file, or the name or uid of a provisioned Loki; or the default
//!      datasource is not proven to be something else; or
//!    - it can be read as `LogQL`. Then it has a selector: a brace that no metric name stands in front of
//!      (`has_selector`), or a variable in that place, with stages behind it (`has_piped_variable`). A query that
//!      cannot be read matters by way 1 only. Or
//!    - it is no query but the values or a filter of a dashboard variable: `label_values`, `stream`, `adhoc`.
//!
//!    Letters hidden in escapes (`\u006a`, `\x6a`, `\152`, `%6A`) would get past a search for words, so JSON with such an
//!    escape is always read.

mod json;
mod names;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem::Finder;

use crate::repo::Load;
use crate::topology::datasources::Lookup;
use crate::topology::{Topology, named};

use json::{has_piped_variable, has_selector, hides_letters};
pub use names::{Names, names};

/// Suffixes of files that hold no text.
const NO_TEXT: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "ico", "webp", "pdf", "zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "jar", "woff",
    "woff2", "ttf", "otf", "eot", "mp3", "mp4", "webm", "so", "a", "o", "exe", "dll", "bin", "iso", "deb", "rpm",
    "whl", "pyc",
];

/// Files that may say what runs where: small text files of the kinds Ansible, Compose and Alloy read. JSON and prose
/// are left for [`Needles`].
pub fn infrastructure(path: &str) -> Load<'static> {
    if is_infrastructure(path) { Load::Always } else { Load::No }
}

/// Folders whose files Ansible reads whatever their names.
const READ_BY_ANSIBLE: &[&str] =
    &["host_vars", "group_vars", "inventory", "inventories", "environments", "defaults", "vars"];

fn is_infrastructure(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".j2").unwrap_or(name);
    let suffix = stem.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    let read_by_ansible = || path.split('/').any(|part| READ_BY_ANSIBLE.contains(&part));
    match suffix {
        "yml" | "yaml" | "rules" | "rule" | "alloy" | "river" | "cfg" | "ini" | "env" | "" => true,
        "json" => stem.contains("daemon") || stem == "inventory.json" || read_by_ansible(),
        // Flags of the Docker daemon.
        "conf" | "service" => path.contains("docker"),
        _ => name.ends_with(".j2") || (!holds_no_text(path) && read_by_ansible()),
    }
}

fn holds_no_text(path: &str) -> bool {
    let suffix = path.rsplit_once('.').map_or("", |(_, suffix)| suffix).to_ascii_lowercase();
    NO_TEXT.contains(&suffix.as_str())
}

/// Whether a file can hold a dashboard, going by its name.
pub fn is_json(path: &str) -> bool {
    path.strip_suffix(".j2").unwrap_or(path).ends_with(".json")
}

/// Words that files of interest have, under whatever name: Alloy's log components, a Compose file, its `.env`, a
/// template of notifications that reads the label, what silences alerts.
const INFRASTRUCTURE: &[&str] = &[
    "syslog",
    "loki.source.",
    "loki.write",
    "loki.process",
    "loki.relabel",
    "services:",
    "COMPOSE_PROJECT_NAME",
    "Labels.job",
    "amtool",
    "/silences",
];
/// How a selector begins that a script may fill a job into.
const SELECTORS: &[&str] = &["{job=", "{job!", "%7Bjob%"];
/// Labels whose name stands in every query that a move concerns.
const LABELS: &[&str] = &["job", "service", "component", "container"];
/// Words of Loki itself, in any of the ways people write it.
const LOKI: &[&str] = &["oki", "OKI"];
/// Where `job` matters without a query around it; and a list of datasources, which decides about other files.
const BESIDE_QUERIES: &[&str] = &["label_values", "stream", "adhoc", "datasources"];

/// What no dashboard is without.
const DASHBOARD: &[&str] = &["\"panels\"", "\"elements\""];

/// How many words get a table: fewer are found faster without, and more would make it too large.
const MANY: std::ops::Range<usize> = 40..4096;

/// What a file must hold to matter for some requests.
pub struct Needles {
    names: Names,
    datasources: Vec<String>,
    /// Queries without a datasource of their own may go to Loki.
    default_may_be_loki: bool,
    /// Any word of these is enough. All are looked for in one pass, however many services are asked for; `None` when
    /// they are too many for that, and then every file matters.
    any: Option<AhoCorasick>,
    /// Those of them that matter anywhere in a dashboard.
    words: Option<AhoCorasick>,
    dashboard: Vec<Finder<'static>>,
    selectors: Vec<Finder<'static>>,
    by_component: Finder<'static>,
    labels: Vec<Finder<'static>>,
    /// One of these together with a label is enough.
    loki: Vec<Finder<'static>>,
}

impl Needles {
    /// For moves that concern `names`, in a repository whose Loki datasources go by `datasources`.
    pub fn new(mut names: Names, mut datasources: Vec<String>, default_may_be_loki: bool) -> Self {
        for list in
            [&mut names.values, &mut names.variables, &mut names.components, &mut names.labels, &mut datasources]
        {
            list.retain(|name| !name.is_empty());
            list.sort();
            list.dedup();
        }
        let finder = |text: &str| Finder::new(text.as_bytes()).into_owned();
        let all = |fixed: &[&str], more: &[String]| -> Vec<Finder<'static>> {
            fixed.iter().copied().chain(more.iter().map(String::as_str)).map(finder).collect()
        };
        // A name with a word of interest in it is found by that word.
        let is_found = |name: &&str| INFRASTRUCTURE.iter().any(|word| name.contains(word));
        let variables = names.variables.iter().map(String::as_str).filter(|name| !is_found(name));
        let words = || INFRASTRUCTURE.iter().copied().chain(variables.clone());
        let more = names.values.iter().chain(&names.components).map(String::as_str);
        Self {
            any: automaton(words().chain(more).collect()),
            words: automaton(words().collect()),
            dashboard: all(DASHBOARD, &[]),
            selectors: all(SELECTORS, &[]),
            by_component: finder("component_id"),
            labels: all(LABELS, &names.labels),
            loki: all(&[LOKI, BESIDE_QUERIES].concat(), &datasources),
            names,
            datasources,
            default_may_be_loki,
        }
    }

    /// For files that hold one of these names, going by what is known of the repository so far.
    pub fn of(topology: &Topology, names: Names) -> Self {
        let datasources = &topology.queries.servers.datasources;
        let maybe_loki = datasources.iter().filter(|one| one.kind.as_deref().is_none_or(|kind| kind == "loki"));
        let called = maybe_loki.flat_map(|one| [&one.name, &one.uid]).flatten().cloned().collect();
        // A Prometheus datasource whose address is Loki's is in doubt, so the type alone proves nothing.
        let other = |kind: Option<&str>, url: Option<&str>| {
            kind.is_some_and(|kind| kind != "loki") && url.is_none_or(|url| !url.to_lowercase().contains("loki"))
        };
        let default = match datasources.by_default() {
            Lookup::Found(one) => !other(one.kind.as_deref(), one.url.as_deref()),
            Lookup::Missing | Lookup::Unclear(_) => true,
        };
        Self::new(names, called, default)
    }

    /// Whether these needles find no more than `other` did.
    pub fn is_covered_by(&self, other: &Self) -> bool {
        let names = |of: &Self| of.names.lists().map(<[String]>::to_vec);
        names(self).iter().zip(&names(other)).all(|(these, those)| these.iter().all(|name| those.contains(name)))
            && self.datasources.iter().all(|name| other.datasources.contains(name))
            && (!self.default_may_be_loki || other.default_may_be_loki)
    }

    /// Whether the bytes of a file can matter that was not read as [`infrastructure`] and is no JSON.
    pub fn matter(&self, bytes: &[u8]) -> bool {
        self.names_any(bytes) || self.selectors.iter().any(|finder| finder.find(bytes).is_some())
    }

    fn names_any(&self, bytes: &[u8]) -> bool {
        self.any.as_ref().is_none_or(|any| any.is_match(bytes))
    }

    /// Whether the bytes of a JSON file can matter.
    pub fn matter_in_json(&self, bytes: &[u8]) -> bool {
        let named = || match std::str::from_utf8(bytes) {
            Ok(text) if self.is_dashboard(bytes) => self.matter_in_dashboard(text),
            _ => self.names_any(bytes),
        };
        self.is_concerned(bytes) || named() || hides_letters(bytes)
    }

    /// Whether it is a dashboard that asks for nothing by a component of Alloy.
    fn is_dashboard(&self, bytes: &[u8]) -> bool {
        let has = |finder: &Finder<'_>| finder.find(bytes).is_some();
        self.dashboard.iter().any(has) && !has(&self.by_component)
    }

    /// Whether what a dashboard names is anything of a move: the name of a service by itself is not.
    fn matter_in_dashboard(&self, text: &str) -> bool {
        let is_wanted = |value: &str| self.names.values.binary_search_by(|name| name.as_str().cmp(value)).is_ok();
        self.words.as_ref().is_none_or(|words| words.is_match(text))
            || named::sets_job_to(text, |value, at| is_wanted(value) && !json::is_plainly_promql(text, at))
    }

    fn is_concerned(&self, bytes: &[u8]) -> bool {
        let has = |finder: &Finder<'_>| finder.find(bytes).is_some();
        let maybe_loki = || {
            self.default_may_be_loki || self.loki.iter().any(has) || has_selector(bytes) || has_piped_variable(bytes)
        };
        self.labels.iter().any(has) && maybe_loki()
    }
}

/// What finds any of these words in one pass; `None` when they are too many for it.
fn automaton(words: Vec<&str>) -> Option<AhoCorasick> {
    // With a table for each state, the names of fifty services are looked for nearly as fast as those of one.
    let kind = MANY.contains(&words.len()).then_some(AhoCorasickKind::DFA);
    AhoCorasick::builder().kind(kind).build(words).ok()
}

/// Files that were not read as [`infrastructure`] and hold text.
pub fn others(path: &str) -> bool {
    !is_infrastructure(path) && !holds_no_text(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matters(text: &str) -> bool {
        let list = |name: &str| vec![name.to_owned()];
        let names = Names {
            values: list("kairos"),
            variables: list("kairos_port"),
            components: list("kairos_logs"),
            labels: list("team"),
        };
        Needles::new(names, vec!["P8E80F9AEF21F6940".into()], false).matter_in_json(text.as_bytes())
    }

    #[test]
    fn in_a_dashboard_a_service_matters_as_a_value_of_job() {
        let dashboard = |key: &str, text: &str| format!(r#"{{"panels":[{{"targets":[{{"{key}": "{text}"}}]}}]}}"#);
        for (key, text) in [
            ("description", r#"up{job=\"kairos\"}"#),
            ("url", "/explore?left=%7Bjob%3D%5C%22kairos"),
            ("title", "x on {{ kairos_port }}"),
            ("expr", r#"rate(x{component_id=\"loki.source.x.kairos_logs\"}[5m])"#),
            ("expr", r#"job=\"kairos\""#),
            ("expr", r#"up{a=\"b\"} or {job=\"kairos\"}"#),
            ("expr", r#"up{{% if x %}job=\"kairos\"{% endif %}}"#),
            ("expr", r#"up{{{ x }},job=\"kairos\"}"#),
            ("expr", r#"up\", a{job=\"kairos\"}", "b": "job=\"kairos\""#),
        ] {
            assert!(matters(&dashboard(key, text)), "{text}");
        }
        for (key, text) in [
            ("title", "kairos"),
            ("title", "kairos_logs"),
            ("expr", r#"up{job=\"kairos\"}"#),
            ("expr", r#"sum by (job) (rate(a:b{x=\"y\"}[5m])) / up{a=\"b\",job=~\"angelia|kairos\"}"#),
            ("description", r#"up{job=\"angelia\",path=\"/kairos\"}"#),
            ("description", r#"up{job=\"kairos-2\"}"#),
        ] {
            assert!(!matters(&dashboard(key, text)), "{text}");
        }
        assert!(matters(r#"{"project": "kairos"}"#), "whatever else it is");
    }

    #[test]
    fn a_file_matters_by_name_or_by_a_query_on_loki() {
        assert!(matters(r#"{job="kairos"}"#));
        assert!(matters(r#"{"type":"loki"},"expr":"x{job=~\"kai.*\"}""#));
        assert!(matters(r#"{"uid":"P8E80F9AEF21F6940"},"expr":"x{job=~\"$job\"}""#));
        assert!(!matters(r#"{"type":"prometheus"},"expr":"up{job=\"angelia\"}""#));
        assert!(!matters(r#"{"type":"loki"},"expr":"{app=\"angelia\"}""#));
        assert!(matters(r#"{"type":"loki"},"expr":"{team=\"mail\"}""#), "a label that the listener sets");
        assert!(!matters(r#"{"type":"prometheus"},"expr":"up{team=\"mail\"}""#));
    }

    #[test]
    fn a_file_matters_by_a_query_that_nothing_proves_to_be_promql() {
        for query in [
            r#""{job=~\"kai.*\"}""#,
            r#""sum(rate({ job=~\"kai.*\"}[5m]))""#,
            r#""rate( # all\n {job=~\"kai.*\"}[5m])""#,
            r#""rate(\n\t{job=~\"kai.*\"}[5m])""#,
            r#""{% raw %}{job=~\"kai.*\"}{% endraw %}""#,
            r#""$logs | job=~`kai.*`""#,
            r#""${logs:raw} |= `x` | job=~`kai.*`""#,
            r#""[[logs]] != `x` | job=~`kai.*`""#,
            r#""label_values(job)""#,
        ] {
            assert!(matters(&format!("{{\n \"targets\": [\n  {{ \"expr\": {query} }}\n ]\n}}")), "{query}");
        }
        for query in [
            r#""sum by (job) (rate(x_total{job=~\"kai.*\"}[$__rate_interval])) != 0", "legend": "{{job}}""#,
            r#""x {job=~\"a|b\"} or y", "custom": {}, "uid": "${datasource}""#,
        ] {
            assert!(!matters(&format!("{{\n \"targets\": [\n  {{ \"expr\": {query} }}\n ]\n}}")), "{query}");
        }
    }

    #[test]
    fn hidden_letters_make_a_file_matter() {
        assert!(matters(r"\u006aob"));
        assert!(matters(r"kai\x72os"));
        assert!(matters(r"k\141iros"));
        assert!(matters("%6Bairos"));
        assert!(!matters(r#"\u003c \" \n 100% %7D%22"#.replace("%7D", "%22").as_str()));
    }

    #[test]
    fn without_a_named_datasource_the_default_decides() {
        let default = Needles::new(Names { values: vec!["kairos".into()], ..Names::default() }, Vec::new(), true);
        assert!(default.matter_in_json(br#""query":{"label":"job"}"#));
        assert!(!default.matter(br#""query":{"label":"job"}"#));
    }

    #[test]
    fn needles_that_find_no_more_are_covered() {
        let needles = |names: &[&str], default| {
            let list = || names.iter().map(|&name| name.to_owned()).collect();
            Needles::new(
                Names { values: list(), variables: list(), components: list(), labels: list() },
                Vec::new(),
                default,
            )
        };
        assert!(needles(&["a"], false).is_covered_by(&needles(&["b", "a"], true)));
        assert!(!needles(&["a", "c"], false).is_covered_by(&needles(&["a"], true)));
        assert!(!needles(&["a"], true).is_covered_by(&needles(&["a"], false)));
    }

    #[test]
    fn files_are_told_apart_by_name() {
        for path in [
            "ansible/kairos/docker-compose.yml.j2",
            "ansible/host_vars/puck.incus",
            "hosts",
            "a/config.alloy.j2",
            "x/.env.j2",
        ] {
            assert!(is_infrastructure(path), "{path}");
        }
        for path in ["grafana/a.json", "grafana/a.json.j2", "README.md", "logo.png"] {
            assert!(!is_infrastructure(path), "{path}");
        }
    }
}
