//! The options of a run in words, as they are typed: a commit names those that shaped it.
//!
//! Knows: which options change what is planned. Must not know: the command line that reads them, commits.

use super::Bridge;

const BRIDGE: &str = "--bridge";
const KEEP_HISTORY: &str = "--keep-history";

impl Bridge {
    /// Every way, with the word it is typed as.
    const WORDS: [(Self, &'static str); 4] =
        [(Self::Auto, "auto"), (Self::ServiceName, "service-name"), (Self::Filter, "filter"), (Self::Review, "review")];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(bridge, _)| *bridge == self).map_or("auto", |(_, word)| word)
    }

    fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, one)| *one == word).map(|(bridge, _)| *bridge)
    }
}

/// The options that are not as they come, as they are typed; empty when all are.
pub fn typed(bridge: Bridge, keep_history: bool) -> String {
    let mut words = Vec::new();
    if bridge != Bridge::default() {
        words.extend([BRIDGE, bridge.word()]);
    }
    if keep_history {
        words.push(KEEP_HISTORY);
    }
    words.join(" ")
}

/// What [`typed`] has written; `None` when it says something this version does not know.
pub fn read(text: &str) -> Option<(Bridge, bool)> {
    let (mut bridge, mut keep_history) = (Bridge::default(), false);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            BRIDGE => bridge = Bridge::of(words.next()?)?,
            KEEP_HISTORY => keep_history = true,
            _ => return None,
        }
    }
    Some((bridge, keep_history))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (bridge, _) in Bridge::WORDS {
            for keep_history in [false, true] {
                assert_eq!(read(&typed(bridge, keep_history)), Some((bridge, keep_history)));
            }
        }
        assert_eq!(typed(Bridge::Auto, false), "");
        assert_eq!(typed(Bridge::ServiceName, true), "--bridge service-name --keep-history");
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for text in ["--bridge", "--bridge by-magic", "--keep-history --later"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
