//! The pages that are looked at: of the example by the built program, one service and all of them, with a hostile
//! dashboard, and of a larger batch than the example has.
//!
//! Knows: how they come about. Must not know: a browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use migrate::plan::{self, Plan, Request, Verdict};
use migrate::repo::{Load, Repo};
use migrate::report::{self, Outcome, Written};
use migrate::topology::Topology;

/// Text that would do harm if it were taken for markup.
pub(crate) const HOSTILE: &str =
    "</style></title><script>document.title='owned'</script><img src=x onerror=alert(1)><!-- \u{202e}evil \u{1b}[2J";
/// Services of the example's host that the batch is made of.
const SERVICES: [&str; 6] = ["angelia", "athena", "daedalus", "jupyterlab", "kairos", "spelunker"];
/// As many services are usual on a large host.
pub(crate) const MANY: usize = 50;

/// The pages, in a folder of their own.
pub(crate) struct Pages {
    _folder: tempfile::TempDir,
    pub(crate) example: PathBuf,
    /// What the same run says to a program: another form, so another count of the same things.
    pub(crate) told: serde_json::Value,
    pub(crate) hostile: PathBuf,
    pub(crate) blocked: PathBuf,
    pub(crate) batch: PathBuf,
    pub(crate) many: PathBuf,
}

impl Pages {
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let infra = at("infra");
        migrate(folder.path(), &["demo", "infra"], 0);
        let page = |name: &str, service: &str, code: i32| {
            let path = at(name);
            migrate(&infra, &[service, "--host", "puck", "--dry-run", "--report", path.to_str().unwrap()], code);
            path
        };
        let example = page("example.html", "kairos", 3);
        let told = migrate(&infra, &["kairos", "--host", "puck", "--dry-run", "--format", "json"], 3);
        let told = serde_json::from_slice(&told).unwrap();
        let blocked = at("blocked.html");
        let batch = at("batch.html");
        migrate(&infra, &["--all", "--dry-run", "--report", batch.to_str().unwrap()], 3);
        let large = at("many.html");
        let plans = plans(&infra);
        std::fs::write(&large, many(&plans)).unwrap();
        std::fs::write(&blocked, stopped(&plans)).unwrap();
        harm(&infra);
        let hostile = page("hostile.html", "kairos", 3);
        Self { example, told, hostile, blocked, batch, many: large, _folder: folder }
    }
}

fn migrate(folder: &Path, arguments: &[&str], code: i32) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_migrate")).current_dir(folder).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Gives a panel whose query is rewritten a title that is not friendly, and commits it.
fn harm(infra: &Path) {
    let path = infra.join("ansible/pplg/grafana/dashboards/kairos-2021.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let title = serde_json::to_string(HOSTILE).unwrap();
    assert!(text.contains("\"title\": \"Lines\""));
    std::fs::write(&path, text.replace("\"title\": \"Lines\"", &format!("\"title\": {title}"))).unwrap();
    let user = ["-c", "user.name=Rosalind", "-c", "user.email=rosalind@example.org"];
    let committed =
        Command::new("git").current_dir(infra).args(user).args(["commit", "-qam", "harm"]).status().unwrap();
    assert!(committed.success());
}

/// A plan for each service, from the repository as it is.
fn plans(infra: &Path) -> Vec<Plan> {
    let repo = Repo::open(Some(infra)).unwrap();
    let mut snapshot = repo.snapshot(None).unwrap();
    repo.load(&mut snapshot, &|_| Load::Always).unwrap();
    let topology = Topology::of(&snapshot);
    let plan = |service: &&str| {
        let request = Request { service: (*service).into(), host: "puck".into(), ..Request::default() };
        plan::plan_on(&topology, &request).unwrap()
    };
    SERVICES.iter().map(plan).collect()
}

/// The page of [`MANY`] services, each on a branch of its own.
fn many(plans: &[Plan]) -> String {
    let plans: Vec<Plan> = plans.iter().cycle().take(MANY).cloned().collect();
    let branches: Vec<Written> = plans
        .iter()
        .enumerate()
        .filter(|(_, plan)| plan.verdict == Verdict::Ready)
        .map(|(index, plan)| Written {
            plans: vec![index],
            branch: format!("migrate/puck/{}-{index}", plan.request.service),
            commits: plan.steps.iter().map(|_| "0123456789abcdef0123456789abcdef01234567".to_owned()).collect(),
            outcome: Some(Outcome::Created),
            ..Written::default()
        })
        .collect();
    report::html(report::Run { plans: &plans, branches: &branches, batch: true })
}

/// The page of a service that cannot move.
fn stopped(plans: &[Plan]) -> String {
    let mut plan = plans[0].clone();
    let mut finding = plan.findings[0].clone();
    finding.level = migrate::finding::Level::Blocked;
    plan = Plan {
        verdict: Verdict::Blocked,
        moved: None,
        steps: Vec::new(),
        queries: Vec::new(),
        rollout: Vec::new(),
        ..plan
    };
    plan.findings = vec![finding];
    report::html(report::Run::one(&plan, &Written::default()))
}
