//! What brings the lines of a host to the store: a person's own Alloy where there is one, else the stand-in of this test.

use std::path::Path;

use super::alloy::Alloy;
use super::parts::Parts;
use super::process::Result;
use super::standin::StandIn;

/// The running collector of a host.
pub(crate) enum Collector {
    Alloy(Alloy),
    StandIn(StandIn),
}

impl Collector {
    /// Starts it with the configuration that was rendered for the host.
    pub(crate) fn start(parts: &Parts, host: &str, rendered: &Path, folder: &Path, socket: &str) -> Result<Self> {
        if parts.has("alloy") {
            Alloy::start(parts, host, rendered, folder, socket).map(Self::Alloy)
        } else {
            StandIn::start(rendered, socket).map(Self::StandIn)
        }
    }

    /// Reads the rendered configuration anew, as `systemctl reload alloy` does.
    pub(crate) fn reload(&mut self) -> Result<()> {
        match self {
            Self::Alloy(alloy) => alloy.reload(),
            Self::StandIn(stand_in) => stand_in.reload(),
        }
    }

    /// The end of its log, for a message.
    pub(crate) fn tail(&self) -> String {
        match self {
            Self::Alloy(alloy) => alloy.tail(),
            Self::StandIn(stand_in) => stand_in.tail(),
        }
    }
}
