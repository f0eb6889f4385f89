//! `migrate verify`: what can be typed.
//!
//! Knows: names, defaults and the help. Must not know: what is asked of Loki. Secrets are not here: a command line can be
//! read by every user of a machine.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::Color;

const AFTER_HELP: &str = "\
Questions:
  loki         Is Loki there?
  new-streams  Are the new streams there, with the planned labels?
  new-lines    Do they carry young lines?
  old-streams  Are the old streams silent?
  queries      Do the rewritten queries still return something?
  unplanned    Are all streams of the service planned?

Environment:
  LOKI_BEARER_TOKEN  A token to be let in with.
  LOKI_USERNAME      A user name to be let in with, and
  LOKI_PASSWORD      the password.
  LOKI_ORG_ID        The tenant.
  HTTP_PROXY, HTTPS_PROXY, NO_PROXY  Proxies, as other programs take them.

Examples:
  migrate verify kairos --host puck --loki http://127.0.0.1:3100
  migrate verify kairos --host puck --loki https://loki.example.org --wait 5m
  LOKI_ORG_ID=ouranos migrate verify kairos --host puck --loki URL --bearer-token-file FILE

Exit codes:
  0  every answer is yes
  1  failed: no answer from Loki that can be read, or nothing to ask for
  2  wrong command line
  3  something to look at, or not rolled out yet";

/// What `migrate verify` asks, and of whom.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Verify {
    /// Ask about this Compose service
    #[arg(value_name = "SERVICE", value_parser = NonEmptyStringValueParser::new())]
    pub service: String,

    /// On this inventory host, by full or short name
    #[arg(long, value_name = "HOST", value_parser = NonEmptyStringValueParser::new())]
    pub host: String,

    /// Ask the Loki server at this address
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub loki: String,

    /// Look this far back for streams, and for what was before
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "24h")]
    pub since: SignedDuration,

    /// Take lines younger than this for young
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "5m")]
    pub fresh: SignedDuration,

    /// Wait at most this long for each answer of Loki
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s")]
    pub timeout: SignedDuration,

    /// Ask again until every answer is yes, at most this long
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub wait: Option<SignedDuration>,

    /// Read a token to be let in with from this file
    #[arg(long, value_name = "FILE")]
    pub bearer_token_file: Option<PathBuf>,

    /// Read the password that goes with the user name from this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// Trust the certificates in this PEM file instead of those of the system
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Use the repository that holds this folder
    #[arg(short = 'C', long = "repo", value_name = "DIR")]
    pub repo: Option<PathBuf>,

    /// Take the plan from this commit, branch or tag [default: HEAD]
    #[arg(long, value_name = "REV", value_parser = NonEmptyStringValueParser::new())]
    pub base: Option<String>,

    /// Choose the form of the answers
    #[arg(long, value_name = "human|json", value_enum, hide_possible_values = true, default_value_t = Format::Human)]
    pub format: Format,

    /// Choose when to use colours
    #[arg(long, value_name = "auto|always|never", value_enum, hide_possible_values = true, default_value_t = Color::Auto)]
    pub color: Color,
}

/// The form of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Human,
    /// One JSON object for tools
    Json,
}

/// `24h`, `90s`, `1h30m`.
fn time(typed: &str) -> Result<SignedDuration, String> {
    let parsed: Option<SignedDuration> = typed.parse().ok();
    // A year is longer than any Loki keeps or takes.
    parsed
        .filter(|time| time.is_positive() && *time <= SignedDuration::from_hours(24 * 366))
        .ok_or_else(|| "a time is a number with h, m or s behind it, such as 24h or 90s, and at most a year".to_owned())
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times() {
        assert_eq!(time("90s").unwrap().as_secs(), 90);
        assert_eq!(time("1h30m").unwrap().as_secs(), 5400);
        for wrong in ["", "5", "0s", "-5m", "x", "1d", "9999999h", "99999999999999999999h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
