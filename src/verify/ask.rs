//! What is asked of Loki, and how its answers are read. Pure.
//!
//! Knows: paths, parameters and answers of Loki's HTTP interface. Must not know: HTTP, why anything is asked.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Failure;

/// Most points of a range query: enough to see whether there is anything.
const POINTS: i128 = 20;
/// Bytes of an answer that a message repeats.
const MOST_REPEATED: usize = 200;

/// The labels of a stream as Loki tells them.
pub type Labels = BTreeMap<String, String>;

/// A question to Loki.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Get {
    /// Path below the address of Loki.
    pub path: &'static str,
    /// Parameters, not encoded.
    pub parameters: Vec<(&'static str, String)>,
}

/// What came back, whatever the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The address that was asked, without parameters.
    pub address: String,
    /// The status.
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First moment.
    pub from: Timestamp,
    /// Last moment.
    pub to: Timestamp,
}

impl Window {
    /// What lies `length` before `to`.
    pub fn before(to: Timestamp, length: SignedDuration) -> Self {
        Self { from: to.saturating_sub(length).unwrap_or(Timestamp::MIN), to }
    }

    fn parameters(self) -> Vec<(&'static str, String)> {
        // Loki leaves the end out.
        let end = self.to.as_nanosecond().saturating_add(1);
        vec![("start", self.from.as_nanosecond().to_string()), ("end", end.to_string())]
    }
}

/// Is it ready?
pub fn ready() -> Get {
    Get { path: "/ready", parameters: Vec::new() }
}

/// Which version is it?
pub fn build() -> Get {
    Get { path: "/loki/api/v1/status/buildinfo", parameters: Vec::new() }
}

/// Which streams does `selector` select?
pub fn series(selector: &str, window: Window) -> Get {
    let mut parameters = vec![("match[]", selector.to_owned())];
    parameters.extend(window.parameters());
    Get { path: "/loki/api/v1/series", parameters }
}

/// The newest line or, of a metric query, a few points. It costs Loki as little as can be: one line, few points.
pub fn query(text: &str, window: Window) -> Get {
    let length = window.to.as_nanosecond() - window.from.as_nanosecond();
    let step = (length / POINTS / 1_000_000_000).max(15);
    let mut parameters = vec![("query", text.to_owned()), ("limit", "1".to_owned())];
    parameters.extend([("direction", "backward".to_owned()), ("step", format!("{step}s"))]);
    parameters.extend(window.parameters());
    Get { path: "/loki/api/v1/query_range", parameters }
}

#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: T,
}

#[derive(Deserialize)]
struct Build {
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    /// Each begins with a time; what stands behind it does not matter.
    #[serde(default)]
    values: Vec<Vec<serde_json::Value>>,
}

/// When a line or a point is: nanoseconds as text, or seconds as a number.
fn time(value: &[serde_json::Value]) -> Option<Timestamp> {
    match value.first()? {
        serde_json::Value::String(nanoseconds) => Timestamp::from_nanosecond(nanoseconds.parse().ok()?).ok(),
        seconds => Timestamp::from_duration(SignedDuration::try_from_secs_f64(seconds.as_f64()?).ok()?).ok(),
    }
}

/// The version of Loki.
///
/// # Errors
/// The reply is not what Loki says.
pub fn read_build(reply: &Reply) -> Result<String, Failure> {
    Ok(read::<Build>(reply)?.version)
}

/// The streams.
///
/// # Errors
/// The reply is not what Loki says.
pub fn read_series(reply: &Reply) -> Result<Vec<Labels>, Failure> {
    Ok(read::<Envelope<Option<Vec<Labels>>>>(reply)?.checked(reply)?.unwrap_or_default())
}

/// When the newest line or point is; `None` when there is none.
///
/// # Errors
/// The reply is not what Loki says.
pub fn read_newest(reply: &Reply) -> Result<Option<Timestamp>, Failure> {
    let data = read::<Envelope<Data>>(reply)?.checked(reply)?;
    if !matches!(data.result_type.as_str(), "streams" | "matrix") {
        return Err(reply.garbage(&format!("a result of type `{}`", data.result_type)));
    }
    let mut newest = None;
    for value in data.result.iter().flat_map(|series| &series.values) {
        let at = time(value).ok_or_else(|| reply.garbage("a time that cannot be read"))?;
        newest = newest.max(Some(at));
    }
    Ok(newest)
}

impl<T> Envelope<T> {
    fn checked(self, reply: &Reply) -> Result<T, Failure> {
        if self.status == "success" {
            return Ok(self.data);
        }
        Err(reply.garbage(&format!("an answer with the status `{}`", self.status)))
    }
}

fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, Failure> {
    reply.check()?;
    serde_json::from_slice(&reply.body).map_err(|error| {
        // What serde says may repeat the body; where it stopped is enough.
        let what = match error.classify() {
            serde_json::error::Category::Eof => "JSON that ends too early",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "something that is not JSON",
            serde_json::error::Category::Data => "JSON, but not what Loki answers",
        };
        reply.garbage(&format!("{what} (it stops making sense at line {}, column {})", error.line(), error.column()))
    })
}

impl Reply {
    /// Whether it is an answer at all.
    ///
    /// # Errors
    /// A status that is none, or a page for people.
    pub fn check(&self) -> Result<(), Failure> {
        let hint = match self.status {
            200..=299 if self.is_page() => {
                return Err(self.failure(
                    "an HTML page instead of an answer",
                    "the address is that of something else, such as Grafana or a login page; --loki takes the address of \
                     Loki itself",
                    false,
                ));
            }
            200..=299 => return Ok(()),
            300..=399 => return Err(self.redirect()),
            401 | 403 => {
                "set LOKI_BEARER_TOKEN, or LOKI_USERNAME and LOKI_PASSWORD, and LOKI_ORG_ID for the tenant; or give \
                 --bearer-token-file or --password-file"
            }
            404 => "--loki takes the address that `/loki/api/v1/…` can be added to",
            400 | 422 => "Loki does not take the question, for the reason it gives; a shorter --since asks for less",
            429 => "Loki limits how often it may be asked: try again later, or with --wait 5m",
            _ => "look at the log of Loki, or of the proxy before it; with --wait 5m it is asked again",
        };
        Err(self.failure(
            &format!("{}{}", name(self.status), self.repeated()),
            hint,
            self.status == 429 || self.status >= 500,
        ))
    }

    fn redirect(&self) -> Failure {
        let to = self.location.as_deref().map_or_else(String::new, |to| format!(" to {}", without_query(to)));
        self.failure(
            &format!("{}, a redirect{to} that is not followed", self.status),
            "credentials go to the address that was typed and to no other; if the new address is right, give it with --loki",
            false,
        )
    }

    fn is_page(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    fn garbage(&self, came: &str) -> Failure {
        self.failure(came, "the address may be that of something else than Loki, or a proxy before it fails", false)
    }

    fn failure(&self, came: &str, hint: &str, passing: bool) -> Failure {
        Failure { message: format!("asked {} and got {came}", self.address), hint: hint.to_owned(), passing }
    }

    /// What Loki says about an error, in short.
    pub fn repeated(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(MOST_REPEATED)]);
        let first = text.trim().lines().next().unwrap_or_default();
        if first.is_empty() || self.is_page() { String::new() } else { format!(" (`{first}`)") }
    }
}

/// An address without what may be secret in it.
fn without_query(address: &str) -> &str {
    let address = address.split(['?', '#']).next().unwrap_or(address);
    // What stands before `@` may be a password.
    if address.contains('@') { "another address" } else { address }
}

fn name(status: u16) -> String {
    let words = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return format!("the status {status}"),
    };
    format!("{status} {words}")
}
