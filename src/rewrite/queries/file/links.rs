//! What leads to logs from elsewhere: short links, values of Logs Drilldown, tags of spans.
//!
//! Knows: when such a place may lead to the moved service. Must not know: how it is found.

use crate::finding::Level;
use crate::rewrite::queries::ids;
use crate::rewrite::queries::variables::name_serves;
use crate::text::{Edit, Encoding, Span, Why};
use crate::topology::sites::language::Language;
use crate::topology::sites::{ApartKind, Site, SiteKind};

use super::{State, Work};

impl Work<'_, '_> {
    /// The tag of a span by which logs are looked for, whatever service it is of (label-surface 8).
    pub(super) fn tag(&mut self, site: &Site, language: &Language) -> State {
        let serves = name_serves(self.before, "$job");
        let value = site.keys.first();
        let says_job = value.is_none_or(|value| matches!(value.text(), "" | "job"));
        if site.filter.is_none() && !says_job {
            return State::Untouched;
        }
        if let (Language::Loki(fact), true, None) = (language, serves, &site.filter) {
            let why =
                Why { rule: ids::TAG.of(site.kind), message: ids::TAG.say(site.kind, &[]), fact: Some(fact.clone()) };
            let edit = match value {
                Some(value) => value.edit(Span::new(0, value.text().len()), "service_name", why).ok(),
                None => beside(site, why),
            };
            if let Some(edit) = edit {
                self.outcome.edits.push((self.file.source.path.clone(), edit));
                self.say(Level::Note, ids::TAG, site.kind, &site.view, site.query, None);
                return State::Rewritten { renames: Vec::new() };
            }
        }
        let proposed = self.before.names_serve().then_some("service_name").filter(|_| site.filter.is_some());
        self.say(Level::Review, ids::TAG_LEFT, site.kind, &site.view, site.query, proposed);
        State::Left(Vec::new())
    }

    pub(super) fn apart(&mut self, states: &[State]) {
        let file = self.file;
        let concerned = states.iter().any(|state| *state != State::Untouched);
        for link in &file.apart {
            match &link.kind {
                // What it leads to is known to the server alone; where nothing else is concerned, nothing speaks for it.
                ApartKind::ShortLink if concerned => {
                    self.say(Level::Review, ids::SHORT_LINK, SiteKind::Link, &link.view, link.span, None);
                }
                ApartKind::ShortLink => {}
                ApartKind::Drilldown { label } => {
                    let moved = self.before.moved;
                    let names = moved.jobs.iter().any(|job| *job == link.span.of(link.view.text()));
                    let by_name = matches!(label.as_str(), "service" | "service_name");
                    if names && (label == "job" || by_name && !self.before.same_name()) {
                        let proposed = Some(moved.project.as_str()).filter(|_| by_name);
                        self.say(Level::Review, ids::DRILLDOWN, SiteKind::Link, &link.view, link.span, proposed);
                    }
                }
            }
        }
    }
}

/// `value: service_name` behind the key of a tag, which is the only key of its mapping or the last one on its line.
fn beside(site: &Site, why: Why) -> Option<Edit> {
    let text = site.view.source().text().filter(|_| site.view.encoding() != Encoding::Json)?;
    let end = site.view.raw(site.query).end();
    let quoted = text.get(end..).is_some_and(|rest| rest.starts_with(['"', '\'']));
    let end = end + usize::from(quoted);
    let rest = text.get(end..)?;
    if rest.trim_start_matches(' ').starts_with(['}', ',']) {
        return Some(Edit { span: Span::at(end), new: ", value: service_name".to_owned(), why });
    }
    let line_end = rest.find(['\r', '\n']).unwrap_or(rest.len());
    if !rest[..line_end].trim().is_empty() {
        return None;
    }
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[start..end];
    let column = line.find("key")?;
    let column = if line[..column].ends_with(['"', '\'']) { column - 1 } else { column };
    let ending = if rest[line_end..].starts_with("\r\n") { "\r\n" } else { "\n" };
    let new = format!("{ending}{}value: service_name", " ".repeat(column));
    Some(Edit { span: Span::at(end + line_end), new, why })
}
