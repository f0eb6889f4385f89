//! Calls to servers on this machine. Each ends.

use std::time::Duration;

use super::process::Result;

/// A port of this machine that is free now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// GET, with a time limit: status and body.
pub(crate) fn get(agent: &ureq::Agent, url: &str, query: &[(&str, String)]) -> Result<(u16, String)> {
    let request = query.iter().fold(agent.get(url), |request, (key, value)| request.query(*key, value));
    let mut reply = request.call().map_err(|error| format!("{url}: {error}"))?;
    let body = reply.body_mut().with_config().limit(256 << 20).read_to_string();
    Ok((reply.status().as_u16(), body.map_err(|error| format!("{url}: {error}"))?))
}

/// POST of JSON, with a time limit.
///
/// # Errors
/// Nobody answers, or not with a status that means it was taken.
pub(crate) fn post(agent: &ureq::Agent, url: &str, json: &str) -> Result<()> {
    let reply = agent.post(url).content_type("application/json").send(json);
    let mut reply = reply.map_err(|error| format!("{url}: {error}"))?;
    if reply.status().is_success() {
        return Ok(());
    }
    let said = reply.body_mut().read_to_string().unwrap_or_default();
    Err(format!("{url} answered {}: {said}", reply.status()))
}

/// A client whose every call ends.
pub(crate) fn agent() -> ureq::Agent {
    let config =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(20))).http_status_as_error(false);
    config.build().into()
}
