//! The one place that talks to a network: GET requests to one address, bounded in time and size.
//!
//! Knows: HTTP, TLS, credentials. Must not know: what is asked, what an answer means. A secret never leaves this file but
//! in the header of a request: not in an error, not in debug output, and not in an answer that repeats it.

use core::fmt;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::Failure;
use super::ask::{Get, Reply};
use crate::error::{Error, Result};

/// Bytes of an answer at most. A listing of the streams of one service has a few thousand.
const LARGEST: u64 = 8 << 20;

/// A secret of fewer bytes may stand in an answer by chance.
const SHORT: usize = 8;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes what a file or the environment holds, without a line end behind it.
    ///
    /// # Errors
    /// It is empty, or cannot stand in a header.
    pub fn new(what: &str, text: &str) -> Result<Self> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(Error::user(format!("{what} is empty")));
        }
        if text.chars().any(char::is_control) {
            return Err(Error::user(format!("{what} holds a control character or a line end"))
                .hint("it is one line of text; the value is not shown here"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How to be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// By nothing.
    #[default]
    None,
    /// `Authorization: Bearer …`
    Bearer(Secret),
    /// `Authorization: Basic …`
    Basic(String, Secret),
}

/// Where Loki is, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads what was typed.
    ///
    /// # Errors
    /// It is no address of a web server, or holds credentials, which then stand in the list of processes.
    pub fn parse(typed: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::usage(format!("--loki {why}"))
                .hint("it is an address such as http://127.0.0.1:3100 or https://loki.example.org")
        };
        if typed.contains('@') {
            return Err(wrong("must not hold a user name or password")
                .hint("set LOKI_USERNAME and LOKI_PASSWORD instead; what is typed can be seen by others"));
        }
        let uri: Uri = typed.parse().map_err(|_| wrong("is not an address"))?;
        let host = uri.host().filter(|host| !host.is_empty() && *host != "[]");
        let (Some("http" | "https"), Some(host)) = (uri.scheme_str(), host) else {
            return Err(wrong("must begin with http:// or https:// and name a host"));
        };
        // A port that cannot be read would be left out: what is sent would go to another server.
        let port = uri.port_u16().filter(|port| *port > 0).map(|port| format!("{host}:{port}"));
        if uri.authority().is_none_or(|whole| whole != host && Some(whole.as_str()) != port.as_deref()) {
            return Err(wrong("has something behind the host that is no port from 1 to 65535"));
        }
        if typed.contains(['?', '#']) {
            return Err(wrong("must not hold parameters"));
        }
        let typed = typed.trim_end_matches('/');
        if typed.contains("/loki/api/") {
            return Err(wrong("is the address of Loki itself, without `/loki/api/…`"));
        }
        Ok(Self(typed.to_owned()))
    }

    /// The address, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent there can be read on the way.
    pub fn is_open(&self) -> bool {
        let local = |host: &str| host == "localhost" || host.starts_with("127.") || host == "[::1]";
        let uri: Option<Uri> = self.0.parse().ok();
        uri.is_some_and(|uri| uri.scheme_str() == Some("http") && !uri.host().is_some_and(local))
    }
}

/// A Loki server to ask.
pub struct Client {
    agent: ureq::Agent,
    address: Address,
    timeout: Duration,
    headers: Vec<(&'static str, String)>,
    /// What must not be repeated.
    secrets: Vec<String>,
}

impl Client {
    /// For the server at `address`, each request within `timeout`. `authorities`: PEM certificates to trust instead of
    /// those of the system.
    ///
    /// # Errors
    /// `authorities` holds no certificate.
    pub fn new(
        address: Address,
        login: &Login,
        tenant: Option<&str>,
        timeout: Duration,
        authorities: Option<&[u8]>,
    ) -> Result<Self> {
        let roots = match authorities {
            Some(pem) => RootCerts::Specific(Arc::new(certificates(pem)?)),
            None => RootCerts::PlatformVerifier,
        };
        let agent = ureq::Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // Where a redirect leads must not learn what was meant for this server.
            .max_redirects(0)
            .user_agent(concat!("migrate/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let mut headers = Vec::new();
        let mut secrets = Vec::new();
        match login {
            Login::None => {}
            Login::Bearer(token) => {
                headers.push(("Authorization", format!("Bearer {}", token.0)));
                secrets.push(token.0.clone());
            }
            Login::Basic(user, password) => {
                let both = STANDARD.encode(format!("{user}:{}", password.0));
                headers.push(("Authorization", format!("Basic {both}")));
                secrets.extend([both, password.0.clone()]);
            }
        }
        headers.extend(tenant.map(|tenant| ("X-Scope-OrgID", tenant.to_owned())));
        Ok(Self { agent, address, timeout, headers, secrets })
    }

    /// Asks.
    ///
    /// # Errors
    /// No reply came, or not all of one. A reply of any status is one.
    pub fn get(&self, get: &Get) -> std::result::Result<Reply, Failure> {
        let address = format!("{}{}", self.address.as_str(), get.path);
        let mut request = self.agent.get(&address);
        for (name, value) in &get.parameters {
            request = request.query(*name, value);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut response = request.call().map_err(|error| self.failed(&address, &error))?;
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        let location =
            location.map(|value| String::from_utf8_lossy(&self.scrubbed(value.as_bytes().to_vec(), 0)).into_owned());
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
        let mut body = body.map_err(|error| self.failed(&address, &error))?;
        // What Loki says of an error is repeated to the user. Of an answer only labels and a version are, and a short secret
        // may well be part of one.
        body = self.scrubbed(body, if (200..300).contains(&status) { SHORT } else { 0 });
        Ok(Reply { address, status, location, body })
    }

    /// A text for the user without secrets, but for those that are so short that a word of the text may be the same.
    pub fn hushed(&self, text: &str) -> String {
        let long = self.secrets.iter().filter(|secret| secret.len() >= SHORT);
        long.fold(text.to_owned(), |text, secret| {
            // As it is, and as it stands in JSON.
            let escaped = serde_json::to_string(secret).unwrap_or_default();
            text.replace(secret.as_str(), "***").replace(escaped.trim_matches('"'), "***")
        })
    }

    /// The text without secrets of so many bytes and more: a server may say back what it was sent.
    fn scrubbed(&self, mut text: Vec<u8>, length: usize) -> Vec<u8> {
        for secret in self.secrets.iter().filter(|secret| secret.len() >= length) {
            let places: Vec<usize> = memmem::find_iter(&text, secret.as_bytes()).collect();
            for at in places.into_iter().rev() {
                text.splice(at..at + secret.len(), *b"***");
            }
        }
        text
    }

    fn failed(&self, address: &str, error: &ureq::Error) -> Failure {
        let timeout = format!("{:?}", self.timeout);
        let (came, hint, passing) = told(error, &timeout);
        Failure { message: format!("asked {address}, but {came}"), hint: hint.to_owned(), passing }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What happened, what to do, and whether it may pass by itself.
fn told(error: &ureq::Error, timeout: &str) -> (String, &'static str, bool) {
    const CERTIFICATE: &str = "if the certificate is signed by an authority of your own, name it with --ca-file FILE";
    match error {
        ureq::Error::Timeout(_) => (
            format!("there was no whole answer within {timeout}"),
            "--timeout 30s waits longer for each answer; is it the right address, and is nothing in between that drops packets?",
            true,
        ),
        ureq::Error::HostNotFound => {
            ("there is no host of that name".into(), "look at the address given with --loki", false)
        }
        ureq::Error::BodyExceedsLimit(_) => (
            format!("the answer does not end within {} MiB", LARGEST >> 20),
            "the address may be that of something else than Loki; a shorter --since asks for less",
            false,
        ),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => (
            "the connection was refused: nothing listens there".into(),
            "is Loki running, and is it the right port? With --wait 5m it is asked again",
            true,
        ),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            (format!("TLS failed: {error}"), CERTIFICATE, false)
        }
        ureq::Error::Io(error) => (
            format!("the connection broke: {error}"),
            "is it http or https there, and is Loki running? With --wait 5m it is asked again",
            true,
        ),
        ureq::Error::Rustls(error) => (format!("TLS failed: {error}"), CERTIFICATE, false),
        ureq::Error::Tls(why) => (format!("TLS failed: {why}"), CERTIFICATE, false),
        // Their texts may hold what was sent.
        ureq::Error::Http(_) => {
            ("the request could not be written as HTTP".into(), "look at the address and LOKI_ORG_ID", false)
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => (
            "what came is not HTTP".into(),
            "is it http or https there, and is it the port of Loki's HTTP interface?",
            false,
        ),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            ("the proxy did not connect".into(), "look at HTTP_PROXY, HTTPS_PROXY and NO_PROXY", false)
        }
        _ => ("no answer came".into(), "look at the address given with --loki", true),
    }
}

/// The certificates of a PEM file.
fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>> {
    let none = || {
        Error::user("the file given with --ca-file holds no certificate")
            .hint("it must hold PEM: lines between BEGIN CERTIFICATE and END CERTIFICATE")
    };
    let mut list = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(one) = item.map_err(|_| none())? {
            list.push(one);
        }
    }
    if list.is_empty() { Err(none()) } else { Ok(list) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (typed, want) in [
            ("http://127.0.0.1:3100", "http://127.0.0.1:3100"),
            ("https://loki.example.org/prefix/", "https://loki.example.org/prefix"),
            ("http://[::1]:3100/", "http://[::1]:3100"),
        ] {
            assert_eq!(Address::parse(typed).unwrap().as_str(), want);
        }
        for wrong in [
            "",
            "loki",
            "ftp://loki",
            "http://",
            "http://u:p@loki",
            "http://loki?x",
            "http://loki#x",
            "http://loki/#x",
            "http://loki/loki/api/v1",
            "http://loki:65536",
            "http://127.0.0.1:70000/prefix",
            "http://[::1]:99999",
            "http://loki:0",
            "http://loki:",
            "http://loki:x",
            "http://loki:-1",
            "http://loki:+80",
            "http://loki:3100:80",
            "http://:3100",
            "http://[]:3100",
            "http:///x",
            "http://loki:3100@other",
            "http://a:u:p@loki",
            "http://lo ki",
            "http://loki\\x",
            "http://loki\n",
        ] {
            let error = Address::parse(wrong).unwrap_err();
            assert!(error.kind == crate::error::Kind::Usage && !error.message.contains("u:p"), "{wrong}: {error}");
        }
        let open = |typed: &str| Address::parse(typed).unwrap().is_open();
        assert!(
            open("http://loki:3100") && !open("https://loki") && !open("http://[::1]:1") && !open("http://127.0.0.1")
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let login = Login::Basic("user".into(), Secret::new("it", "hush\n").unwrap());
        assert_eq!(format!("{login:?}"), "Basic(\"user\", Secret(…))");
        let address = Address::parse("http://loki").unwrap();
        let client = Client::new(address, &login, Some("t"), Duration::from_secs(1), None).unwrap();
        assert_eq!(format!("{client:?}"), "Client { address: Address(\"http://loki\"), .. }");
        // `user:hush` in base64, by hand.
        assert_eq!(client.scrubbed(b"a hush b dXNlcjpodXNo hush".to_vec(), 0), b"a *** b *** ***");
        for wrong in ["", "\n", "a\nb", "a\u{7}"] {
            assert!(Secret::new("it", wrong).is_err_and(|error| !error.message.contains("a\n")), "{wrong:?}");
        }
    }
}
