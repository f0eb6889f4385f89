//! Which version of Loki is installed, going by what installs it.
//!
//! Knows: image tags, package names with a version, release addresses. Must not know: what a version can do. Only what
//! runs or installs Loki counts; a variable called `loki_version` that nothing uses says nothing.

use std::sync::Arc;

use memchr::memmem;

use crate::syntax::yaml;
use crate::text::{Place, Source};
use crate::topology::deploys::Task;
use crate::topology::values::is_template;
use crate::topology::{Scope, Topology, compose};

/// What an image, package or address that is Loki's says of its major version; `None` when nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Major(pub(super) Option<u32>);

/// Something that runs or installs Loki.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Its major version; `None` when it is not stated (`latest`, no tag, a package without version).
    pub(super) major: Option<u32>,
    pub(super) at: Place,
}

/// All of it: images of Compose files, and tasks that start a container, install a package or fetch a release.
pub(super) fn evidence(topology: &Topology) -> Vec<Evidence> {
    let mut out = Vec::new();
    images(topology, &mut out);
    for task in topology.deploys.tasks.iter().filter(|task| may_tell(task)) {
        let same_everywhere = !task.args.iter().any(|arg| is_template(&arg.text));
        let hosts = topology.hosts.iter().filter(|host| topology.runs_on(task, host));
        'hosts: for scope in hosts.filter_map(|host| topology.scope(host)) {
            for scope in scope.instances(task, &topology.snapshot) {
                if !scope.is_false(task.when()) {
                    self::task(&scope, task, &mut out);
                    if same_everywhere {
                        break 'hosts;
                    }
                }
            }
        }
    }
    out
}

/// Whether a task may tell of a version: it names Loki, and installs packages, names an image or an address, or hangs on
/// variables.
fn may_tell(task: &Task) -> bool {
    let says = |word: &str| task.args.iter().any(|arg| arg.text.contains(word));
    says("loki") && (is_package(task) || says("grafana") || says("{{"))
}

fn is_package(task: &Task) -> bool {
    matches!(task.module.as_str(), "apt" | "dnf" | "yum" | "package" | "zypper" | "apk" | "pacman")
}

/// Images of Compose files, as each host sees them. A file that runs on no host counts as written.
fn images(topology: &Topology, out: &mut Vec<Evidence>) {
    let holds = |source: &Source| ["grafana/loki", "grafana-loki"].iter().any(|name| find(source, name).is_some());
    let mut seen: Vec<Arc<Source>> = Vec::new();
    for host in &topology.hosts {
        for deployment in &host.deployments {
            for file in deployment.files.iter().filter(|file| holds(file)) {
                seen.push(Arc::clone(file));
                let scope = topology.scope(host).map(|scope| scope.with(&deployment.vars));
                let rendered = scope.and_then(|scope| scope.render(file, deployment.is_template).ok());
                out.extend(rendered.into_iter().flat_map(|rendered| in_compose(file, &rendered.text)));
            }
        }
    }
    let deployed = |file: &Source| seen.iter().any(|one| one.path == file.path);
    let apart = |file: &Source| {
        let set_aside = ["molecule", "tests", "test", "examples", "archive", "archived", ".github"];
        file.path.segments().any(|part| set_aside.contains(&part))
    };
    let others = topology.composes.iter().map(|(file, _)| file).filter(|file| holds(file));
    for file in others.filter(|file| !deployed(file) && !apart(file)) {
        // Written as a template, it says what it says only once somebody fills it in.
        let text = file.text().unwrap_or_default().replace("{{", "\u{E000}");
        out.extend(in_compose(file, &text));
    }
}

fn in_compose(file: &Arc<Source>, text: &str) -> Vec<Evidence> {
    let Ok(tree) = yaml::read(text) else { return Vec::new() };
    let services = tree.root().and_then(|root| root.target().get("services"));
    let images = services.into_iter().flat_map(crate::syntax::tree::Ref::entries);
    let images = images.filter_map(|(_, service)| service.target().lookup("image")?.str());
    let at = || Place::new(file, file.line_at(find(file, "grafana/loki").unwrap_or(0)));
    images.filter_map(|image| Some(Evidence { major: major_of_image(image)?.0, at: at() })).collect()
}

fn find(source: &Source, word: &str) -> Option<usize> {
    memmem::find(source.bytes(), word.as_bytes())
}

/// What one task says, its arguments filled in.
fn task(scope: &Scope<'_>, task: &Task, out: &mut Vec<Evidence>) {
    if task.text(&["state"]) == Some("absent") {
        return;
    }
    let packages = is_package(task);
    for arg in &task.args {
        let text = scope.resolve(&arg.text).unwrap_or_else(|| arg.text.replace("{{", "\u{E000}"));
        let mut add = |major: Major| out.push(Evidence { major: major.0, at: task.place(arg) });
        // A list in a variable is printed as one.
        let apart = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | ',' | '"' | '\'');
        for word in text.split(apart).filter(|word| word.contains("loki")) {
            if let Some(major) = major_of_url(word) {
                add(major);
            } else if let Some(major) = major_of_package(word).filter(|_| packages) {
                add(major);
            } else if let Some(major) = major_of_image(word).filter(|_| !word.contains("://")) {
                add(major);
            }
        }
    }
}

/// The major version of a tag or a package version: `3.4.2`, `v3.4.2-amd64`, `3`.
pub(super) fn major_of_tag(tag: &str) -> Option<u32> {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let digits = tag.bytes().take_while(u8::is_ascii_digit).count();
    let (major, rest) = tag.split_at(digits);
    let behind = rest.bytes().next();
    let plain = matches!(behind, None | Some(b'.' | b'-' | b'+' | b'~' | b'*'));
    // A nightly build or a date is no version.
    let major = major.parse().ok().filter(|_| plain && (1..=2).contains(&digits));
    major.filter(|_| !compose::is_unresolved(tag))
}

/// Whether an image is Loki's, and its major version where the tag states it: `docker.io/grafana/loki:3.4.2-amd64`.
pub(super) fn major_of_image(image: &str) -> Option<Major> {
    let image = image.split('@').next().unwrap_or(image);
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    };
    let is = |wanted: &str| name == wanted || name.strip_suffix(wanted).is_some_and(|before| before.ends_with('/'));
    (is("grafana/loki") || is("bitnami/grafana-loki")).then(|| Major(tag.and_then(major_of_tag)))
}

/// Whether a package is Loki, and its major version where it is pinned: `loki=3.4.2`, `loki-3.4.2`.
pub(super) fn major_of_package(package: &str) -> Option<Major> {
    let rest = package.strip_prefix("loki")?;
    match rest.chars().next() {
        None => Some(Major(None)),
        Some('=' | '>' | '<' | '\u{E000}') => {
            Some(Major(rest.strip_prefix('=').and_then(|rest| major_of_tag(rest.trim_start_matches('=')))))
        }
        Some('-') if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => Some(Major(major_of_tag(&rest[1..]))),
        Some(_) => None,
    }
}

/// Whether an address is a release of the server (promtail and logcli are released beside it), and its major version.
pub(super) fn major_of_url(url: &str) -> Option<Major> {
    let (_, rest) = url.split_once("grafana/loki/releases/")?;
    let rest = rest.strip_prefix("download/").unwrap_or(rest);
    let (tag, file) = rest.split_once('/')?;
    let behind = file.strip_prefix("loki")?;
    let server = ["-linux", "-freebsd", "-darwin", "-windows", "_", "-"].iter().any(|start| behind.starts_with(start));
    let other = ["-canary", "-docker"].iter().any(|start| behind.starts_with(start));
    (server && !other).then(|| Major(major_of_tag(tag)))
}
