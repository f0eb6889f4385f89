//! What the containers print, and whether each line of it is in the store.
//!
//! Every container prints the same pattern once in [`EVERY`] seconds of the clock, at the start of the slot, and is silent for
//! the rest of it. So two windows of whole slots hold the same lines, but for the mark in each: project, component, container
//! and a number that counts up. What a container printed it also writes into a file, without Docker: the tally.
//!
//! Must not know: labels and queries.

use core::ops::RangeInclusive;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use regex::Regex;

use super::process::Result;
use super::store::Entry;

/// Seconds of a slot.
pub(crate) const EVERY: i64 = 5;
/// Nanoseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// The program of a container. It ends between two lines, so that what is printed and what is written down are the same, and
/// says so in a last line. After each slot comes a line without a mark: a listener hands a line on when the next one comes,
/// so this one is late, and not one that counts.
const PROGRAM: &str = r#"
trap 'stop=1' TERM INT
slot=$(( $(date +%s) / EVERY )); n=1000000
say() {
    n=$((n + 1))
    line="${1%%@*}$HOSTNAME:$n${1#*@}"
    echo "$line"
    echo "$line" >>/tally/$HOSTNAME
}
while [ -z "$stop" ]; do
    now=$(( $(date +%s) / EVERY ))
    if [ "$now" = "$slot" ]; then usleep 100000; continue; fi
    slot=$now
    while IFS= read -r line && [ -z "$stop" ]; do say "$line"; done <"/say/$1"
    echo "end of the slot"
done
say "stopping mark=@"
"#;

/// What each query of the example looks for, as often as its threshold asks, in two slots of at least one container. `@` is
/// the mark.
const LINES: &[(usize, &str)] = &[
    (3, "2025-11-03 12:00:00,123 ERROR kairos.jobs amqp connection lost mark=@"),
    (1, "level=error msg=\"disk full\" root=/data/archive files=3 mark=@"),
    (1, "level=info msg=\"indexed\" root=/data/inbox files=12 mark=@"),
    (1, "GET /healthz 200 mark=@"),
    (1, "GET /metrics 200 mark=@"),
    (1, "starting kairos 3.2.0 mark=@"),
    (2, "event=job.done outcome=ok queue=mail duration=1.25s mark=@"),
    (1, "event=job.done outcome=late queue=push duration=40s mark=@"),
    (1, "job.failed import failed mark=@"),
    (1, "worker heartbeat mark=@"),
    (1, "worker is idle mark=@"),
    (2, "Traceback (most recent call last): mark=@"),
    (2, "  File \"/app/jobs.py\", line 12, in run  # mark=@"),
    (1, "KeyError: 'größe' \u{2192} \\u00e9 \"quoted\" mark=@  "),
    (1, r#"{"level":"info","event":"mail.sent","status":200,"duration_ms":2500,"component":"billing","mark":"@"}"#),
    (4, r#"{"level":"error","event":"mail.bounced","status":550,"duration_ms":12,"component":"billing","mark":"@"}"#),
    (1, "Kernel started mark=@"),
    (7, "Login Failed for admin mark=@"),
    (1, "event=superuser_login mark=@"),
];

/// The same for a proxy, whose lines are all of one format: a query that counts by status fails on others.
const EDGE: &[(usize, &str)] = &[
    (3, "10.0.0.7:51234 [03/Nov/2025:12:00:00.000] https kairos/kairos 503 1187 mark=@"),
    (2, "10.0.0.8:51235 [03/Nov/2025:12:00:00.000] https gitea/gitea 502 12 mark=@"),
    (2, "10.0.0.9:51236 [03/Nov/2025:12:00:00.000] https athena/athena 200 99 mark=@"),
];

/// Which pattern a container of this image prints.
pub(crate) fn pattern(image: &str) -> &'static str {
    if image.contains("haproxy") { "edge" } else { "lines" }
}

/// Writes program and patterns into a folder that the containers see.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let text = |lines: &[(usize, &str)]| -> String {
        lines.iter().flat_map(|(times, line)| std::iter::repeat_n(format!("{line}\n"), *times)).collect()
    };
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(folder.join("program"), PROGRAM))
        .and_then(|()| fs::write(folder.join("lines"), text(LINES)))
        .and_then(|()| fs::write(folder.join("edge"), text(EDGE)))
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// The mark: container and number.
pub(crate) const MARK: &str = "([0-9a-f]{12}):([0-9]{7})";
static MARKED: LazyLock<Regex> = LazyLock::new(|| Regex::new(MARK).unwrap_or_else(|error| panic!("the mark: {error}")));

/// Container and number of a line.
pub(crate) fn mark(line: &str) -> Option<(&str, &str)> {
    let found = MARKED.captures(line)?;
    Some((found.get(1)?.as_str(), found.get(2)?.as_str()))
}

/// A text with each mark replaced by what does not change from slot to slot: who printed it.
pub(crate) fn unmarked(text: &str, who: &HashMap<String, String>) -> String {
    let named = |found: &regex::Captures<'_>| who.get(&found[1]).cloned().unwrap_or_else(|| "somebody else".to_owned());
    MARKED.replace_all(text, named).into_owned()
}

/// What was printed: container, then number, then the line.
pub(crate) struct Tally(pub(crate) BTreeMap<String, BTreeMap<String, String>>);

impl Tally {
    /// Reads what all containers have written down until now.
    pub(crate) fn read(folders: &[PathBuf]) -> Result<Self> {
        let mut all = BTreeMap::new();
        for folder in folders {
            for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
                let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
                let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let lines = text.lines().filter_map(|line| Some((mark(line)?.1.to_owned(), line.to_owned())));
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                all.insert(name, lines.collect());
            }
        }
        Ok(Self(all))
    }

    /// How many lines there are.
    pub(crate) fn count(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Lines that are not in the store the number of times that `copies` says for their container, one sentence each.
    pub(crate) fn missing(&self, found: &[Entry], copies: impl Fn(&str) -> RangeInclusive<usize>) -> Vec<String> {
        let mut seen: HashMap<(&str, &str), Vec<&Entry>> = HashMap::new();
        for entry in found {
            if let Some(mark) = mark(&entry.line) {
                seen.entry(mark).or_default().push(entry);
            }
        }
        let mut wrong = Vec::new();
        for (container, lines) in &self.0 {
            let wanted = copies(container);
            for (number, line) in lines {
                let here = seen.get(&(container.as_str(), number.as_str())).map_or(&[][..], Vec::as_slice);
                if !wanted.contains(&here.len()) {
                    let labels: Vec<_> = here.iter().map(|entry| format!("{:?}", entry.labels)).collect();
                    wrong.push(format!(
                        "{container} {number}: {} times, not {wanted:?}: {line} {}",
                        here.len(),
                        labels.join(" ")
                    ));
                } else if let Some(other) = here.iter().find(|entry| entry.line != *line) {
                    wrong.push(format!("{container} {number}: {line:?} became {:?} in {:?}", other.line, other.labels));
                }
            }
        }
        wrong
    }
}

/// Now, in nanoseconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The end of the slot that is running at `at`, a second early: all that is printed in it has been printed by then, and the
/// next has not begun.
pub(crate) fn slot_end(at: i64) -> i64 {
    (at / (EVERY * SECOND) + 1) * EVERY * SECOND - SECOND
}
