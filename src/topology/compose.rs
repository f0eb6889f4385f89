//! One Compose file as Compose reads it: services, their logging driver and where it sends.
//!
//! Knows: the Compose specification as far as logging and names go. Must not know: Ansible, Alloy, which host runs it.
//! It reads *rendered* text; an expression that could not be resolved stands there as [`unresolved`] text.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::syntax::tree::{Ref, Tree};
use crate::syntax::yaml;

/// What a text says as a Compose file; `None` when it is none.
type Read = Result<Option<Compose>, String>;

/// Most texts whose reading is kept.
const MOST: usize = 4096;

thread_local! {
    static KEPT: RefCell<FxHashMap<String, Read>> = RefCell::default();
}

/// Reads a whole text, each only once: most files are rendered to the same text after each commit of a run.
///
/// # Errors
/// It is no YAML, or none that Compose takes; what is wrong, as a sentence part.
pub fn read_text(text: &str) -> Read {
    KEPT.with_borrow_mut(|kept| {
        if let Some(found) = kept.get(text) {
            return found.clone();
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        let found = parse(text);
        kept.insert(text.to_owned(), found.clone());
        found
    })
}

fn parse(text: &str) -> Read {
    let tree = yaml::read(text).map_err(|error| error.to_string())?;
    match twice(&tree) {
        Some(name) => Err(format!("`{name}` is there twice, which Compose refuses")),
        None => Ok(read(&tree)),
    }
}

/// Around what stands for a value that is not known.
pub(crate) const OPEN: char = '\u{E000}';
/// Its end.
pub(crate) const CLOSE: char = '\u{E001}';
/// Inside, before the host whose own value it is.
pub(crate) const ON: char = '\u{E002}';

/// Wraps a Jinja expression whose value is not known, so that what depends on it can be told from a real value.
///
/// Only word characters are kept of it, so that it is one plain word wherever it stands.
pub fn unresolved(expression: &str) -> String {
    let word: String =
        expression.trim().chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '_' }).collect();
    format!("{OPEN}{word}{CLOSE}")
}

/// A text with marks in it, for people: only the expressions.
pub fn readable(text: &str) -> String {
    text.replace(ON, " on ").replace([OPEN, CLOSE], "")
}

/// Whether a text depends on an expression that could not be resolved.
pub fn is_unresolved(text: &str) -> bool {
    text.contains(OPEN)
}

/// The logging driver in force for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    /// No `logging`, or none with a driver: the daemon's default.
    Default,
    /// `syslog`, with its `syslog-address` if there is one.
    Syslog(Option<String>),
    /// Another driver.
    Other(String),
    /// The value depends on an expression that could not be resolved.
    Unknown(String),
}

impl Driver {
    /// Whether a container with this driver is off syslog and its log can be read from the Docker socket: the default,
    /// or one of the drivers that Docker reads back itself.
    pub fn is_read_from_socket(&self) -> bool {
        match self {
            Self::Default => true,
            Self::Other(name) => matches!(name.as_str(), "json-file" | "local" | "journald"),
            Self::Syslog(_) | Self::Unknown(_) => false,
        }
    }
}

/// One entry of `services:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The Compose service name: the `component` label.
    pub name: String,
    /// Logging driver in force, aliases and merge keys evaluated.
    pub driver: Driver,
    /// Whether it sets `logging` itself, through an alias, a merge key or a base in the same file.
    pub has_logging: bool,
    /// `container_name`, if set.
    pub container_name: Option<String>,
    /// `image`, if set.
    pub image: Option<String>,
    /// Whether the socket of Docker is mounted into it.
    pub has_socket: bool,
    /// File named by `extends.file`, if the base lies in another file.
    pub extends_file: Option<String>,
    /// `cache-disabled: "true"`: Docker keeps no local copy, so nothing reads this container's log from the socket.
    pub cache_disabled: bool,
}

/// A Compose file, evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compose {
    /// Top-level `name:`.
    pub name: Option<String>,
    /// The services, in file order.
    pub services: Vec<Service>,
    /// `include:` or other files that add services nobody sees here.
    pub includes: bool,
}

/// A key that stands twice at the top, among the services or in one of them: Compose refuses such a file, and which one
/// counts is a guess.
pub fn twice(tree: &Tree<'_>) -> Option<String> {
    let root = tree.root()?.target();
    let services = root.get("services").map(Ref::target);
    let each = services.into_iter().flat_map(Ref::entries).map(|(_, value)| value.target());
    let second = std::iter::once(root).chain(services).chain(each).find_map(Ref::second_key)?;
    second.str().map(str::to_owned)
}

/// Reads the services of a Compose file; `None` when the document is no Compose file.
pub fn read(tree: &Tree<'_>) -> Option<Compose> {
    let root = tree.root()?.target();
    let services = root.get("services")?;
    if !services.is_mapping() && !services.is_null() {
        return None;
    }
    let read = services.entries().filter_map(|(key, value)| service(services, key.str()?, value.target())).collect();
    Some(Compose {
        name: root.get_str("name").map(str::to_owned),
        services: read,
        includes: root.get("include").is_some(),
    })
}

fn service(all: Ref<'_, '_>, name: &str, value: Ref<'_, '_>) -> Option<Service> {
    if name == "<<" {
        return None;
    }
    let extends = value.lookup("extends");
    let base = extends.and_then(|extends| extends.str().or_else(|| extends.get_str("service")));
    let extends_file = extends.and_then(|extends| extends.get_str("file")).map(str::to_owned);
    let mut logging = value.lookup("logging");
    if logging.is_none() && extends_file.is_none() {
        logging = base.and_then(|base| all.get(base)).and_then(|base| base.lookup("logging"));
    }
    Some(Service {
        name: name.to_owned(),
        driver: logging.map_or(Driver::Default, driver),
        has_logging: logging.is_some(),
        container_name: value.lookup("container_name").and_then(Ref::str).map(str::to_owned),
        image: value.lookup("image").and_then(Ref::str).map(str::to_owned),
        has_socket: value.lookup("volumes").into_iter().flat_map(Ref::items).any(|item| {
            let item = item.target();
            let from = item.str().or_else(|| item.get_str("source")).unwrap_or_default();
            from.contains("docker.sock") || ["/var/run", "/run"].contains(&from.split(':').next().unwrap_or_default())
        }),
        extends_file,
        cache_disabled: logging
            .and_then(|logging| logging.lookup("options"))
            .and_then(|options| options.lookup("cache-disabled"))
            .and_then(Ref::str)
            == Some("true"),
    })
}

fn driver(logging: Ref<'_, '_>) -> Driver {
    let address = logging.lookup("options").and_then(|options| options.lookup("syslog-address"));
    match logging.lookup("driver").and_then(Ref::str) {
        None | Some("") => Driver::Default,
        Some("syslog") => Driver::Syslog(address.and_then(Ref::str).map(str::to_owned)),
        Some(name) if is_unresolved(name) => Driver::Unknown(name.to_owned()),
        Some(name) => Driver::Other(name.to_owned()),
    }
}

/// Where a `syslog-address` sends (label-surface 7.1, real-world "syslog-address").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `tcp://` or `udp://` to a port.
    Port {
        /// `tcp` or `udp`.
        protocol: &'static str,
        /// Host part, brackets of IPv6 removed, lower case.
        host: String,
        /// Port; 514 when none is written.
        port: u16,
    },
    /// A local syslog socket: ends in the journal.
    Socket,
    /// TLS to somewhere: not Alloy's listener on this host.
    Tls,
    /// Cannot be told; the text says why.
    Unknown(String),
}

/// Takes an address apart. No address at all is the local syslog socket.
pub fn address(text: Option<&str>) -> Address {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Address::Socket };
    if is_unresolved(text) {
        return Address::Unknown(text.to_owned());
    }
    let (protocol, rest) = match text.split_once("://") {
        Some(("tcp", rest)) => ("tcp", rest),
        Some(("udp", rest)) => ("udp", rest),
        Some(("tcp+tls", _)) => return Address::Tls,
        Some(("unix" | "unixgram", _)) => return Address::Socket,
        _ => return Address::Unknown(text.to_owned()),
    };
    match host_and_port(rest) {
        Some((host, port)) => Address::Port { protocol, host, port: port.unwrap_or(514) },
        None => Address::Unknown(text.to_owned()),
    }
}

/// `host:port`, `[::1]:port`, `:port`, `host`. `None` when the port is no number.
pub fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim().trim_end_matches('/');
    let (host, port) = match text.rfind(']') {
        Some(end) => (text.get(..=end)?, text.get(end + 1..)?.strip_prefix(':')),
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    let port = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    Some((host, port))
}

/// A Compose project name as Compose normalises a folder or `name:`: lower case, `[a-z0-9_-]` kept, leading `_-` cut.
pub fn normalise(name: &str) -> String {
    let kept: String = name
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// Fills in `${VAR}`, `$VAR`, `${VAR:-default}`, `${VAR-default}` and `$$` from `env`; a variable without value and
/// without default stays [`unresolved`].
pub fn interpolate(text: &str, env: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(behind) = after.strip_prefix('$') {
            out.push('$');
            rest = behind;
        } else if let Some((inner, behind)) = after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            out.push_str(&expand(inner, env));
            rest = behind;
        } else {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            out.push_str(&if end == 0 { "$".to_owned() } else { expand(&after[..end], env) });
            rest = &after[end..];
        }
    }
    out.push_str(rest);
    out
}

fn expand(inner: &str, env: &dyn Fn(&str) -> Option<String>) -> String {
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, operator) = inner.split_at(end);
    let value = env(name);
    if let Some(default) = operator.strip_prefix(":-") {
        return value.filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned());
    }
    if let Some(default) = operator.strip_prefix('-') {
        return value.unwrap_or_else(|| default.to_owned());
    }
    value.unwrap_or_else(|| unresolved(&format!("${{{inner}}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_apart() {
        let port = |protocol, host: &str, port| Address::Port { protocol, host: host.into(), port };
        assert_eq!(address(Some("tcp://127.0.0.1:51401")), port("tcp", "127.0.0.1", 51401));
        assert_eq!(address(Some("udp://[::1]:514")), port("udp", "::1", 514));
        assert_eq!(address(Some("udp://LogHost")), port("udp", "loghost", 514));
        assert_eq!(address(Some("unixgram:///dev/log")), Address::Socket);
        assert_eq!(address(None), Address::Socket);
        assert_eq!(address(Some("tcp+tls://logs.example.net:6514")), Address::Tls);
        assert!(matches!(address(Some("tcp://127.0.0.1:${P}")), Address::Unknown(_)));
        assert!(matches!(address(Some(&format!("tcp://127.0.0.1:{}", unresolved("p")))), Address::Unknown(_)));
    }

    #[test]
    fn project_names_are_normalised_as_compose_does() {
        assert_eq!(normalise("Gitea MCP"), "giteamcp");
        assert_eq!(normalise("_neo4j-Cypher.d"), "neo4j-cypherd");
        assert_eq!(normalise("grafana_mcp"), "grafana_mcp");
    }

    #[test]
    fn variables_are_interpolated_as_compose_does() {
        let env = |name: &str| (name == "PORT").then(|| "51401".to_owned());
        assert_eq!(interpolate("tcp://h:${PORT}", &env), "tcp://h:51401");
        assert_eq!(interpolate("tcp://h:${NONE:-51402}/$$x", &env), "tcp://h:51402/$x");
        assert!(is_unresolved(&interpolate("$NONE", &env)));
    }
}
