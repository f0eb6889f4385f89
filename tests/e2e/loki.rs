//! A person's own Loki with the example's configuration and rules, and what it answers.
//!
//! Of the rendered configuration these differ: folders lie in the test's own, addresses are 127.0.0.1 (or its parts talk over
//! the machine's outer address), it is ready at once, and recorded metrics are not sent on, as there is no Prometheus.
//!
//! Must not know: what a line or a query is about.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;
use serde_yaml::{Mapping, Value};

use super::http::{agent, free_port, get};
use super::lines::SECOND;
use super::parts::Parts;
use super::process::{Process, Result, until};
use super::store::{Entry, Labels};

/// Lines of one answer at most: Loki's default.
const PAGE: usize = 5000;

/// A running Loki.
pub(crate) struct Loki {
    process: Option<Process>,
    program: PathBuf,
    /// The host it stands for.
    machine: PathBuf,
    folder: PathBuf,
    port: u16,
    agent: ureq::Agent,
}

/// What a query gives.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Lines(Vec<Entry>),
    /// Series with their value at one instant.
    Series(Vec<(Labels, f64)>),
}

impl Loki {
    /// `machine` holds the rendered configuration and rules.
    pub(crate) fn new(parts: &Parts, machine: &Path, folder: &Path, port: u16) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self {
            process: None,
            program: parts.path("loki")?.to_owned(),
            machine: machine.to_owned(),
            folder: folder.to_owned(),
            port,
            agent: agent(),
        })
    }

    /// Its address, as `migrate verify --loki` takes it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it, or ends it and starts it again with what is rendered now, as its handler does.
    pub(crate) fn restart(&mut self) -> Result<()> {
        drop(self.process.take());
        let config = self.folder.join("config.yml");
        let adapted = self.adapt()?;
        fs::write(&config, adapted).map_err(|error| format!("{}: {error}", config.display()))?;
        let mut command = Command::new(&self.program);
        command.arg("-config.file").arg(&config).current_dir(&self.folder);
        let mut process = Process::start("loki", &self.folder, &mut command)?;
        let ready = format!("{}/ready", self.url());
        process.until("Loki to be ready", Duration::from_secs(60), || {
            Ok(get(&self.agent, &ready, &[]).is_ok_and(|(status, _)| status == 200).then_some(()))
        })?;
        self.process = Some(process);
        Ok(())
    }

    fn adapt(&self) -> Result<String> {
        let from = self.machine.join("etc/loki/config.yml");
        let text = fs::read_to_string(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        let text = text
            .replace("/var/lib/loki", &self.folder.join("data").to_string_lossy())
            .replace("/etc/loki", &self.machine.join("etc/loki").to_string_lossy());
        let mut config: Mapping =
            serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", from.display()))?;
        let grpc = u64::from(free_port()?);
        let set: [(&[&str], Value); 8] = [
            (&["server", "http_listen_address"], "127.0.0.1".into()),
            (&["server", "grpc_listen_address"], "127.0.0.1".into()),
            (&["server", "grpc_listen_port"], grpc.into()),
            (&["frontend", "address"], "127.0.0.1".into()),
            (&["frontend_worker", "frontend_address"], format!("127.0.0.1:{grpc}").into()),
            (&["ingester", "lifecycler", "min_ready_duration"], "0s".into()),
            (&["memberlist", "bind_addr"], Value::Sequence(vec!["127.0.0.1".into()])),
            (&["ruler", "remote_write", "enabled"], false.into()),
        ];
        for (path, value) in set {
            put(&mut config, path, value)?;
        }
        serde_yaml::to_string(&config).map_err(|error| error.to_string())
    }

    fn ask(&self, path: &str, query: &[(&str, String)]) -> Result<Json> {
        let url = format!("{}{path}", self.url());
        // When a query ends early, the parts of a Loki in one process lose sight of each other for a moment.
        let mut refused = None;
        let answer = until("Loki to answer", Duration::from_secs(20), || {
            let answer = get(&self.agent, &url, query)?;
            if answer.0 < 500 {
                return Ok(Some(answer));
            }
            refused = Some(answer);
            Ok(None)
        });
        let (status, body) = answer.or_else(|why| refused.ok_or(why))?;
        let said = || query.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
        if status != 200 {
            return Err(format!("Loki answered {status} to {path} {}: {body:.500}", said()));
        }
        serde_json::from_str(&body).map_err(|error| format!("{path} {}: {error}: {body:.200}", said()))
    }

    /// The answer to a query: lines from `from` until just before `to` in nanoseconds, or series at `to`.
    pub(crate) fn query(&self, text: &str, from: i64, to: i64) -> Result<Answer> {
        let instant = self.ask(
            "/loki/api/v1/query",
            &[("query", text.to_owned()), ("time", to.to_string()), ("limit", "1".to_owned())],
        );
        match instant {
            Ok(said) if said["data"]["resultType"] == "vector" => {
                let series = said["data"]["result"].as_array().into_iter().flatten();
                Ok(Answer::Series(series.map(|one| (labels(&one["metric"]), number(&one["value"][1]))).collect()))
            }
            // Loki does not take a query for lines at an instant; what else is wrong shows again here.
            _ => self.lines(text, from, to).map(Answer::Lines),
        }
    }

    /// Every line of a query for lines, page by page, each once.
    pub(crate) fn lines(&self, text: &str, from: i64, to: i64) -> Result<Vec<Entry>> {
        let (mut start, mut all) = (from, BTreeSet::new());
        loop {
            let said = self.ask(
                "/loki/api/v1/query_range",
                &[
                    ("query", text.to_owned()),
                    ("start", start.to_string()),
                    ("end", to.to_string()),
                    ("limit", PAGE.to_string()),
                    ("direction", "forward".to_owned()),
                ],
            )?;
            let (mut count, mut last) = (0, start);
            for stream in said["data"]["result"].as_array().into_iter().flatten() {
                let labels = labels(&stream["stream"]);
                for value in stream["values"].as_array().into_iter().flatten() {
                    let at = value[0].as_str().and_then(|at| at.parse().ok()).unwrap_or_default();
                    let line = value[1].as_str().unwrap_or_default().to_owned();
                    (count, last) = (count + 1, last.max(at));
                    all.insert(Entry { at, labels: labels.clone(), line });
                }
            }
            if count < PAGE || last == start {
                return Ok(all.into_iter().collect());
            }
            start = last;
        }
    }

    /// How many lines of a selector match a regular expression.
    pub(crate) fn count(&self, selector: &str, pattern: &str, from: i64, to: i64) -> Result<usize> {
        let seconds = (to - from) / SECOND;
        let text = format!("sum(count_over_time({selector} |~ {pattern:?} [{seconds}s]))");
        match self.query(&text, to, to)? {
            #[allow(clippy::cast_sign_loss, reason = "a count")]
            Answer::Series(series) => Ok(series.first().map_or(0, |(_, count)| *count as usize)),
            Answer::Lines(_) => Err("a count is not a list of lines".to_owned()),
        }
    }

    /// The label sets of the streams that a selector takes in.
    pub(crate) fn streams(&self, selector: &str, from: i64, to: i64) -> Result<BTreeSet<Labels>> {
        let said = self.ask(
            "/loki/api/v1/series",
            &[("match[]", selector.to_owned()), ("start", from.to_string()), ("end", to.to_string())],
        )?;
        Ok(said["data"].as_array().into_iter().flatten().map(labels).collect())
    }

    /// The rules that the ruler has loaded: file, group, name, and what went wrong with it.
    pub(crate) fn rules(&self) -> Result<Vec<[String; 4]>> {
        let said = self.ask("/prometheus/api/v1/rules", &[])?;
        let mut out = Vec::new();
        for group in said["data"]["groups"].as_array().into_iter().flatten() {
            for rule in group["rules"].as_array().into_iter().flatten() {
                let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
                out.push([text(&group["file"]), text(&group["name"]), text(&rule["name"]), text(&rule["lastError"])]);
            }
        }
        out.sort();
        Ok(out)
    }

    /// The end of its log, for a message.
    pub(crate) fn tail(&self) -> String {
        self.process.as_ref().map(Process::tail).unwrap_or_default()
    }
}

fn labels(value: &Json) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn number(value: &Json) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// Sets a value below the keys of `path`, making what is not there.
fn put(config: &mut Mapping, path: &[&str], value: Value) -> Result<()> {
    match path {
        [] => Ok(()),
        [last] => {
            config.insert((*last).into(), value);
            Ok(())
        }
        [first, rest @ ..] => {
            let inner = config.entry((*first).into()).or_insert_with(|| Value::Mapping(Mapping::new()));
            put(inner.as_mapping_mut().ok_or_else(|| format!("Loki's `{first}` is no mapping"))?, rest, value)
        }
    }
}
