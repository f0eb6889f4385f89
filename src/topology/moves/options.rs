//! The options of a run in words, as they are typed: a commit names those that shaped it.
//!
//! Knows: which options change what is planned. Must not know: the command line that reads them, commits.

use super::{Bridge, Request};

const BRIDGE: &str = "--bridge";
const ALERT_LABELS: &str = "--alert-labels";
const KEEP_HISTORY: &str = "--keep-history";
const PROJECT: &str = "--project";

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

/// What becomes of the label `job` of an alert whose query loses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertLabels {
    /// The rule puts it back where the repository reads it, by a route, an inhibition, a silence or a template.
    #[default]
    Auto,
    /// The rule puts it back.
    Keep,
    /// The alert goes without it.
    Follow,
}

impl AlertLabels {
    /// Every way, with the word it is typed as.
    const WORDS: [(Self, &'static str); 3] = [(Self::Auto, "auto"), (Self::Keep, "keep"), (Self::Follow, "follow")];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(how, _)| *how == self).map_or("auto", |(_, word)| word)
    }

    fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, one)| *one == word).map(|(how, _)| *how)
    }
}

/// The options that shape a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// See [`super::Request::bridge`].
    pub bridge: Bridge,
    /// See [`super::Request::alert_labels`].
    pub alert_labels: AlertLabels,
    /// See [`super::Request::keep_history`].
    pub keep_history: bool,
    /// See [`super::Request::project`].
    pub project: Option<String>,
}

/// The options that are not as they come, as they are typed; empty when all are.
pub fn typed(Options { bridge, alert_labels, keep_history, project }: &Options) -> String {
    let mut words = Vec::new();
    if *bridge != Bridge::default() {
        words.extend([BRIDGE, bridge.word()]);
    }
    if *alert_labels != AlertLabels::default() {
        words.extend([ALERT_LABELS, alert_labels.word()]);
    }
    if *keep_history {
        words.push(KEEP_HISTORY);
    }
    if let Some(project) = project {
        words.extend([PROJECT, project]);
    }
    words.join(" ")
}

/// Those of a request, as [`typed`].
pub fn of_request(request: &Request) -> String {
    let &Request { bridge, alert_labels, keep_history, .. } = request;
    typed(&Options { bridge, alert_labels, keep_history, project: request.project.clone() })
}

/// What [`typed`] has written; `None` when it says something this version does not know.
pub fn read(text: &str) -> Option<Options> {
    let mut options = Options::default();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            BRIDGE => options.bridge = Bridge::of(words.next()?)?,
            ALERT_LABELS => options.alert_labels = AlertLabels::of(words.next()?)?,
            KEEP_HISTORY => options.keep_history = true,
            PROJECT => options.project = Some(words.next()?.to_owned()),
            _ => return None,
        }
    }
    Some(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (bridge, _) in Bridge::WORDS {
            for (keep_history, project) in [(false, None), (true, None), (false, Some("a-b".to_owned()))] {
                for (alert_labels, _) in AlertLabels::WORDS {
                    let options = Options { bridge, alert_labels, keep_history, project: project.clone() };
                    assert_eq!(read(&typed(&options)), Some(options));
                }
            }
        }
        assert_eq!(typed(&Options::default()), "");
        let alert_labels = AlertLabels::Keep;
        let all =
            Options { bridge: Bridge::ServiceName, alert_labels, keep_history: true, project: Some("web".into()) };
        assert_eq!(typed(&all), "--bridge service-name --alert-labels keep --keep-history --project web");
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for text in ["--bridge", "--project", "--bridge by-magic", "--alert-labels", "--keep-history --later"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
