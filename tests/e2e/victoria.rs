//! `VictoriaLogs`: it takes Loki's push protocol and answers in its own language, whose stream filters are written like Loki's
//! selectors.
//!
//! Must not know: what a line is about.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value as Json;

use super::http::{agent, get};
use super::parts::Parts;
use super::process::{Process, Result};
use super::store::{Entry, Labels};

/// A running `VictoriaLogs`.
pub(crate) struct Victoria {
    process: Process,
    port: u16,
    agent: ureq::Agent,
}

impl Victoria {
    pub(crate) fn start(parts: &Parts, folder: &Path, port: u16) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut command = Command::new(parts.path("victoria-logs")?);
        command
            .arg(format!("-storageDataPath={}", folder.join("data").display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            // A line stays as it is, also where it is JSON.
            .args(["-loki.disableMessageParsing", "-inmemoryDataFlushInterval=1s"])
            .current_dir(folder);
        let process = Process::start("victoria-logs", folder, &mut command)?;
        let mut victoria = Self { process, port, agent: agent() };
        let (url, agent) = (victoria.url("/health"), victoria.agent.clone());
        victoria.process.until("VictoriaLogs to be ready", Duration::from_secs(60), || {
            Ok(get(&agent, &url, &[]).is_ok_and(|(status, _)| status == 200).then_some(()))
        })?;
        Ok(victoria)
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Asks within a time; a JSON value for each line of the answer.
    fn ask(&self, path: &str, query: &str, from: i64, to: i64) -> Result<Vec<Json>> {
        let query = format!("_time:[{}, {}) {query}", time(from)?, time(to)?);
        let (status, body) = get(&self.agent, &self.url(path), &[("query", query.clone())])?;
        if status != 200 {
            return Err(format!("VictoriaLogs answered {status} to {path} {query}: {body:.500}"));
        }
        let read = |line: &str| serde_json::from_str(line).map_err(|error| format!("{path}: {error}: {line:.200}"));
        body.lines().filter(|line| !line.is_empty()).map(read).collect()
    }

    pub(crate) fn lines(&self, selector: &str, from: i64, to: i64) -> Result<Vec<Entry>> {
        let rows = self.ask("/select/logsql/query", selector, from, to)?;
        let entries = rows.iter().map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or_default();
            let at: Timestamp = text("_time").parse().map_err(|error| format!("{error}: {row}"))?;
            let at = i64::try_from(at.as_nanosecond()).map_err(|error| format!("{error}: {row}"))?;
            Ok(Entry { at, labels: labels(text("_stream")), line: text("_msg").to_owned() })
        });
        Ok(entries.collect::<Result<BTreeSet<Entry>>>()?.into_iter().collect())
    }

    pub(crate) fn count(&self, selector: &str, pattern: &str, from: i64, to: i64) -> Result<usize> {
        let query = format!("{selector} ~{pattern:?} | stats count() as lines");
        let rows = self.ask("/select/logsql/query", &query, from, to)?;
        let lines = rows.first().and_then(|row| row["lines"].as_str()?.parse().ok());
        lines.ok_or_else(|| format!("no count of lines in {rows:?}"))
    }

    pub(crate) fn streams(&self, selector: &str, from: i64, to: i64) -> Result<BTreeSet<Labels>> {
        let rows = self.ask("/select/logsql/streams", selector, from, to)?;
        let values = rows.iter().flat_map(|row| row["values"].as_array().into_iter().flatten());
        Ok(values.map(|one| labels(one["value"].as_str().unwrap_or_default())).collect())
    }

    pub(crate) fn tail(&self) -> String {
        self.process.tail()
    }
}

fn time(nanoseconds: i64) -> Result<Timestamp> {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).map_err(|error| error.to_string())
}

/// `{service="kairos",component="web"}` as labels.
fn labels(stream: &str) -> Labels {
    static PAIR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"([^\s,{}="]+)=("(?:[^"\\]|\\.)*")"#).unwrap_or_else(|error| panic!("{error}")));
    let value = |quoted: &str| serde_json::from_str(quoted).unwrap_or_else(|_| quoted.to_owned());
    PAIR.captures_iter(stream).map(|pair| (pair[1].to_owned(), value(&pair[2]))).collect()
}
