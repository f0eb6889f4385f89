//! Compose files made at random in the ways people write them: what a move does to them, judged by another Jinja engine
//! set-up and another YAML reader than the program's own.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_yaml::Value;

use crate::{again, case, last, snapshot, undo};
use migrate::plan::{self, Request, Verdict};

const COMPOSE: &str = "ansible/kairos/docker-compose.yml.j2";

/// How one service logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Logging {
    Block,
    OptionsFirst,
    Flow,
    FlowLines,
    FlowService,
    Alias,
    MergeKey,
    MergeList,
    MergeInside,
    If,
    IfTrimmed,
    IfMore,
    Arms,
    Local,
    LocalOverMerge,
    Nothing,
}

impl Logging {
    fn is_syslog(self) -> bool {
        !matches!(self, Self::Local | Self::LocalOverMerge | Self::Nothing)
    }
}

#[derive(Clone, Debug)]
struct Service {
    logging: Logging,
    /// Where `logging` stands among `image` and `restart`: 0 to 2.
    at: usize,
    comments: bool,
    blank: bool,
}

#[derive(Clone, Debug)]
struct File {
    services: Vec<Service>,
    step: usize,
    crlf: bool,
    mark: bool,
    last_newline: bool,
    /// What stands behind `services`.
    tail: &'static str,
}

fn service() -> impl Strategy<Value = Service> {
    use Logging::{
        Alias, Arms, Block, Flow, FlowLines, FlowService, If, IfMore, IfTrimmed, Local, LocalOverMerge, MergeInside,
        MergeKey, MergeList, Nothing, OptionsFirst,
    };
    let all = [
        Block,
        OptionsFirst,
        Flow,
        FlowLines,
        FlowService,
        Alias,
        MergeKey,
        MergeList,
        MergeInside,
        If,
        IfTrimmed,
        IfMore,
        Arms,
        Local,
        LocalOverMerge,
        Nothing,
    ];
    (proptest::sample::select(all.to_vec()), 0..3_usize, any::<bool>(), any::<bool>())
        .prop_map(|(logging, at, comments, blank)| Service { logging, at, comments, blank })
}

fn file() -> impl Strategy<Value = File> {
    let services = proptest::collection::vec(service(), 1..5);
    let tail = proptest::sample::select(vec!["", "networks:\n  default: {}\n"]);
    (services, 2..5_usize, any::<bool>(), any::<bool>(), any::<bool>(), tail).prop_map(
        |(services, step, crlf, mark, last_newline, tail)| File { services, step, crlf, mark, last_newline, tail },
    )
}

impl File {
    fn text(&self) -> String {
        let mut out = String::new();
        let has = |wanted: &[Logging]| self.services.iter().any(|one| wanted.contains(&one.logging));
        let pad = |depth: usize| " ".repeat(self.step * depth);
        let options = |depth: usize| {
            format!(
                "{0}driver: syslog\n{0}options:\n{1}syslog-address: \"tcp://127.0.0.1:{{{{ kairos_syslog_port }}}}\"\n",
                pad(depth),
                pad(depth + 1)
            )
        };
        if has(&[Logging::Alias, Logging::MergeInside]) {
            let _ = write!(out, "x-logging: &logging\n{}", options(1));
        }
        if has(&[Logging::MergeKey, Logging::LocalOverMerge]) {
            let _ = write!(out, "x-base: &base\n{0}hostname: puck\n{0}logging:\n{1}", pad(1), options(2));
        }
        if has(&[Logging::MergeList]) {
            let _ = write!(out, "x-tz: &tz\n{0}tty: true\nx-syslog: &syslog\n{0}logging:\n{1}", pad(1), options(2));
        }
        out.push_str("# keep-services\nservices:\n");
        for (number, service) in self.services.iter().enumerate() {
            self.service(&mut out, number, service, &options);
        }
        out.push_str(self.tail);
        if !self.last_newline {
            out.truncate(out.trim_end_matches('\n').len());
        }
        if self.crlf {
            out = out.replace('\n', "\r\n");
        }
        if self.mark { format!("\u{feff}{out}") } else { out }
    }

    fn service(&self, out: &mut String, number: usize, service: &Service, options: &dyn Fn(usize) -> String) {
        let one = " ".repeat(self.step);
        let two = " ".repeat(self.step * 2);
        let flow = "logging: {driver: syslog, options: {syslog-address: \"tcp://127.0.0.1:{{ kairos_syslog_port }}\"}}";
        if service.logging == Logging::FlowService {
            let mut parts = vec!["image: a".to_owned(), "restart: always".to_owned()];
            parts.insert(service.at, flow.to_owned());
            let _ = writeln!(out, "{one}s{number}: {{{}}}", parts.join(", "));
            return;
        }
        let logging = self.logging(service, flow, options);
        let mut parts = vec![format!("{two}image: a\n"), format!("{two}restart: always\n")];
        if service.comments {
            parts[0] = format!("{two}# keep-image-{number}\n{}", parts[0]);
            parts[1] = format!("{two}restart: always # keep-restart-{number}\n");
        }
        if service.blank {
            parts[1].push('\n');
        }
        parts.insert(service.at, logging);
        let _ = write!(out, "{one}s{number}:\n{}", parts.concat());
    }

    fn logging(&self, service: &Service, flow: &str, options: &dyn Fn(usize) -> String) -> String {
        let two = " ".repeat(self.step * 2);
        let three = " ".repeat(self.step * 3);
        let block = format!("{two}logging:\n{}", options(3));
        let gone = if service.comments { format!("{two}# gone\n") } else { String::new() };
        match service.logging {
            Logging::Block => format!("{gone}{block}"),
            Logging::OptionsFirst => format!(
                "{gone}{two}logging:\n{three}options:   \n{three}  # gone inside\n{three}  'syslog-address': \
                 'tcp://localhost:{{{{ kairos_syslog_port }}}}'\n{three}driver: \"syslog\" # gone behind\n"
            ),
            Logging::Flow => format!("{gone}{two}{flow}\n"),
            Logging::FlowLines => format!(
                "{two}logging: {{\n{three}driver: syslog,\n{three}options: {{syslog-address: \
                 \"tcp://127.0.0.1:{{{{ kairos_syslog_port }}}}\"}},\n{two}}}\n"
            ),
            Logging::Alias => format!("{gone}{two}logging: *logging\n"),
            Logging::MergeKey => format!("{two}<<: *base\n"),
            Logging::MergeList => format!("{two}<<: [*tz, *syslog]\n"),
            Logging::MergeInside => format!("{two}logging:\n{three}<<: *logging\n"),
            Logging::If => format!("{{% if true %}}\n{block}{{% endif %}}\n"),
            Logging::IfTrimmed => format!("{{%- if true %}}\n\n{block}{{%- endif %}}\n\n"),
            Logging::IfMore => format!("{{% if true %}}\n{two}tty: true\n{block}{{% endif %}}\n"),
            Logging::Arms => {
                format!("{{% if true %}}\n{block}{{% else %}}\n{two}logging:\n{three}driver: local\n{{% endif %}}\n")
            }
            Logging::Local => format!("{two}logging:\n{three}driver: local # keep-local\n"),
            Logging::LocalOverMerge => format!("{two}<<: *base\n{two}logging: {{driver: local}}\n"),
            Logging::FlowService | Logging::Nothing => String::new(),
        }
    }
}

/// The file as Ansible would write it, read by the YAML reader of the rule files, merge keys resolved, `x-` keys out.
fn rendered(text: &str) -> Value {
    let mut engine = minijinja::Environment::new();
    let syntax = minijinja::syntax::SyntaxConfig::builder().trim_blocks(true).keep_trailing_newline(true).build();
    engine.set_syntax(syntax.unwrap());
    let text = text.replace("\r\n", "\n");
    let text = engine
        .render_str(text.trim_start_matches('\u{feff}'), minijinja::context! { kairos_syslog_port => 51401 })
        .unwrap();
    let mut value: Value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    value.apply_merge().unwrap();
    value.as_mapping_mut().unwrap().retain(|key, _| !key.as_str().unwrap().starts_with("x-"));
    value
}

/// The driver of each service, taken out of the value.
fn take_logging(value: &mut Value, of: &[bool]) -> Vec<Option<String>> {
    let services = value.get_mut("services").unwrap().as_mapping_mut().unwrap();
    assert_eq!(services.len(), of.len());
    let mut out = Vec::new();
    for ((_, service), moves) in services.iter_mut().zip(of) {
        let driver = service.get("logging").and_then(|logging| logging.get("driver"));
        out.push(driver.and_then(Value::as_str).map(str::to_owned));
        if *moves {
            service.as_mapping_mut().unwrap().remove("logging");
        }
    }
    out
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_once("# ")).map(|(_, comment)| comment.trim_end()).collect()
}

fn check(file: &File) {
    let (mut files, _) = case::base();
    let text = file.text();
    files.insert(COMPOSE.to_owned(), text.clone().into_bytes());
    let moves: Vec<bool> = file.services.iter().map(|one| one.logging.is_syslog()).collect();
    let request = Request { service: "kairos".into(), host: "puck".into(), ..Request::default() };
    let plan = plan::plan(&snapshot(&files), &request).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    if !moves.contains(&true) {
        assert_eq!(plan.verdict, Verdict::NothingToDo, "{text}");
        return;
    }
    assert_eq!(plan.verdict, Verdict::Ready, "{:?}\n{text}", plan.findings.first().map(|one| &one.message));
    undo(&plan).unwrap();
    again(&plan, &request).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let after = last(&plan).unwrap();
    let new = after.get(COMPOSE).unwrap().text().unwrap();
    let (mut old_value, mut new_value) = (rendered(&text), rendered(new));
    let before = take_logging(&mut old_value, &moves);
    let drivers = take_logging(&mut new_value, &moves);
    for ((old, new), moves) in before.iter().zip(&drivers).zip(&moves) {
        assert_eq!(old.as_deref() == Some("syslog"), *moves);
        assert_ne!(new.as_deref(), Some("syslog"), "{text}");
    }
    assert_eq!(old_value, new_value, "{text}\n--- after\n{new}");
    let kept: Vec<&str> = comments(&text).into_iter().filter(|one| !one.starts_with("gone")).collect();
    assert_eq!(kept, comments(new), "{text}\n--- after\n{new}");
    assert_eq!(text.starts_with('\u{feff}'), new.starts_with('\u{feff}'));
    assert_eq!(text.ends_with('\n'), new.ends_with('\n'), "{text}\n--- after\n{new}");
    assert_eq!(
        new.matches('\n').count(),
        if file.crlf { new.matches("\r\n").count() } else { new.lines().count() - usize::from(!new.ends_with('\n')) }
    );
    let trailing = |text: &str| text.lines().filter(|line| line.ends_with(' ')).count();
    assert!(trailing(new) <= trailing(&text), "{text}\n--- after\n{new}");
    let port = String::from_utf8(after.get("ansible/inventory/host_vars/puck.incus.yml").unwrap().bytes().to_vec());
    assert_eq!(port.unwrap().contains("kairos_syslog_port"), new.contains("kairos_syslog_port"), "{text}\n{new}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_generated_compose_file_keeps_everything_but_its_logging(file in file()) {
        check(&file);
    }
}
