//! Every form of `migrate verify`, rendered from the one [`Verified`].
//!
//! Knows: [`Verified`]. Must not know: how an answer comes about, secrets.

mod human;
mod json;
#[cfg(test)]
mod tests;

use super::Look;
use crate::verify::Verified;

/// For a person at a terminal.
pub fn human(verified: &Verified, look: &Look) -> String {
    human::render(verified, *look)
}

/// One JSON object and a line end. Keys and their meaning: `docs/verify-json.md`.
pub fn json(verified: &Verified) -> String {
    json::render(verified)
}
