//! The real parts: which there are and where they lie, as `.ci/real-parts --look` says.
//!
//! Must not know: how a part is built or started.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::Result;

/// Name, version and place of each part.
pub(crate) struct Parts(BTreeMap<String, (String, PathBuf)>);

impl Parts {
    /// Looks for all of them.
    ///
    /// # Errors
    /// One is missing, or this is not root: the message says which and why. Nothing is checked then.
    pub(crate) fn find() -> Result<Self> {
        let me = fs::metadata("/proc/self").map_err(|error| format!("/proc/self: {error}"))?;
        if me.uid() != 0 {
            return Err(format!(
                "this test starts Docker Engines of its own, which needs root; it runs as user {}",
                me.uid()
            ));
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/real-parts");
        let output = Command::new(&script)
            .arg("--look")
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| format!("{}: {error}", script.display()))?;
        if !output.status.success() {
            return Err(format!("a real part is missing\n{}", String::from_utf8_lossy(&output.stderr)));
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let parts = said.lines().filter_map(|line| {
            let mut words = line.split('\t');
            Some((words.next()?.to_owned(), (words.next()?.to_owned(), PathBuf::from(words.next()?))))
        });
        Ok(Self(parts.collect()))
    }

    /// Where a part lies.
    pub(crate) fn path(&self, name: &str) -> Result<&Path> {
        self.0.get(name).map(|(_, path)| path.as_path()).ok_or_else(|| format!(".ci/real-parts says nothing of {name}"))
    }

    /// Whether there is a part that only a person can bring.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What nobody judges in this run, one sentence for each part that is not there.
    pub(crate) fn unjudged(&self) -> String {
        let told = [
            (
                "loki",
                "not judged, because MIGRATE_LOKI names no Loki: what queries give before and after, whether the ruler loads \
                 the rules, what `migrate verify` says of live streams; lines go to VictoriaLogs\n",
            ),
            (
                "alloy",
                "not judged, because MIGRATE_ALLOY names no Alloy: what Alloy makes of a configuration beyond its syntax; lines \
                 are collected by a stand-in that does what the configuration says\n",
            ),
        ];
        told.iter().filter(|(name, _)| !self.has(name)).map(|(_, text)| *text).collect()
    }

    /// Names with versions, for the report.
    pub(crate) fn versions(&self) -> String {
        self.0.iter().map(|(name, (version, _))| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
    }
}
