//! Lines made at random, some of them out of the queries that are asked: what a filter looks for is there.
//!
//! Knows: the fields that queries name. Must not know: streams.

use crate::random::Random;

/// When the first line comes, in milliseconds; all come within a minute.
pub(crate) const START: i64 = 1_700_000_000_000;

/// Values of fields that are called like a label begin like this, so that an answer tells a field from a label.
pub(crate) const FIELD: &str = "fld-";

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Json,
    Logfmt,
    Plain,
}

pub(crate) const STYLES: &[Style] = &[Style::Json, Style::Json, Style::Logfmt, Style::Logfmt, Style::Plain];

/// Makes the lines of one container or file after the other; no two are equal, nor at one time.
pub(crate) struct Lines<'r> {
    pub(crate) random: &'r mut Random,
    /// How most are written.
    pub(crate) usual: Style,
    /// Words that queries look for.
    pub(crate) words: &'r [String],
    count: i64,
}

impl<'r> Lines<'r> {
    pub(crate) fn new(random: &'r mut Random, usual: Style, words: &'r [String]) -> Self {
        Self { random, usual, words, count: 0 }
    }

    /// The lines of one source, each with its time in milliseconds.
    pub(crate) fn some(&mut self) -> Vec<(i64, String)> {
        let random = &mut *self.random;
        let style = if random.percent(80) { self.usual } else { *random.pick(STYLES) };
        let clashing: Vec<&str> = ["job", "service", "component", "container", "service_name", "hostname"]
            .into_iter()
            .filter(|_| random.percent(15))
            .collect();
        let count = 2 + random.below(6);
        (0..count).map(|_| self.line(style, &clashing)).collect()
    }

    fn line(&mut self, style: Style, clashing: &[&str]) -> (i64, String) {
        self.count += 1;
        let random = &mut *self.random;
        let at = START + (self.count * 7_919) % 60_000;
        let level = random.word(&["info", "error", "warn", "debug"]);
        let message = random.word(&["request done", "request failed: timeout", "job started", "cache error"]);
        let mut message = message.to_owned();
        if !self.words.is_empty() && random.percent(30) {
            message = format!("{message} {}", random.pick(self.words));
        }
        let mut fields = vec![
            ("id", format!("n{}", self.count)),
            ("level", level.to_owned()),
            ("msg", message),
            ("status", random.word(&["200", "404", "500"]).to_owned()),
            ("took", format!("{}.{}", random.below(3), random.below(1000))),
            ("dur", format!("{}ms", 1 + random.below(900))),
            ("size", format!("{}KB", 1 + random.below(90))),
        ];
        if random.percent(10) {
            let at = random.below(fields.len() - 1) + 1;
            fields.remove(at);
        }
        for name in clashing {
            if random.percent(85) {
                fields.push((name, format!("{FIELD}{name}{}", random.below(2))));
            }
        }
        let mut line = written(style, &fields);
        if random.percent(4) {
            line.truncate(line.len() * 2 / 3);
        }
        (at, line)
    }
}

fn written(style: Style, fields: &[(&str, String)]) -> String {
    let all = fields.iter();
    match style {
        Style::Json => {
            let parts: Vec<String> = all.map(|(name, value)| format!("\"{name}\":{value:?}")).collect();
            format!("{{{}}}", parts.join(","))
        }
        Style::Logfmt => all.map(|(name, value)| format!("{name}={value:?}")).collect::<Vec<_>>().join(" "),
        Style::Plain => all.map(|(_, value)| value.clone()).collect::<Vec<_>>().join(" "),
    }
}
