//! `migrate verify`, asked before a rollout and after it: it must tell the two apart.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use super::loki::Loki;
use super::process::Result;

/// Asks about a service. `wait` lets it ask again until all is as planned.
fn ask(loki: &Loki, repository: &Path, service: &str, host: &str, wait: bool) -> Result<(i32, Json)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    command.current_dir(repository).args(["verify", service, "--host", host, "--loki", &loki.url()]);
    command.args(["--since", "1h", "--fresh", "30s", "--format", "json"]);
    if wait {
        command.args(["--wait", "2m"]);
    }
    let output = command.output().map_err(|error| format!("migrate verify: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let code = output.status.code().unwrap_or(-1);
    let report = serde_json::from_str(&said).map_err(|error| {
        format!("migrate verify {service} ended with {code}: {error}\n{}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok((code, report))
}

fn answers(report: &Json) -> String {
    let questions = report["questions"].as_array().into_iter().flatten();
    let one =
        |question: &Json| format!("\n    {}: {} ({})", question["question"], question["answer"], question["said"]);
    questions.map(one).collect()
}

/// Before the rollout: exit code 3, and lines still come by syslog.
pub(crate) fn before(loki: &Loki, repository: &Path, service: &str, host: &str) -> Result<()> {
    let (code, report) = ask(loki, repository, service, host, false)?;
    expect(service, "before the rollout", (3, "not-yet"), code, &report)
}

/// After it: exit code 0, every answer is yes.
pub(crate) fn after(loki: &Loki, repository: &Path, service: &str, host: &str) -> Result<()> {
    let (code, report) = ask(loki, repository, service, host, true)?;
    expect(service, "after the rollout", (0, "as-planned"), code, &report)
}

fn expect(service: &str, when: &str, wanted: (i32, &str), code: i32, report: &Json) -> Result<()> {
    let standing = report["standing"].as_str().unwrap_or_default();
    if (code, standing) == wanted && report["exit_code"] == code {
        return Ok(());
    }
    Err(format!("migrate verify {service} {when}: {standing}, exit code {code}, not {wanted:?}{}", answers(report)))
}
