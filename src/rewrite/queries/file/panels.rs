//! Settings of a panel that name a renamed label: they follow when every query of the panel does.
//!
//! Knows: which queries of a panel were rewritten. Must not know: what a setting does beyond its role.

use crate::finding::Level;
use crate::rewrite::queries::follow::Follower;
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::Rename;
use crate::syntax::logql;
use crate::text::{Place, Span};
use crate::topology::sites::{Holder, Setting, SettingRole, SiteKind, values};

use super::{Sited, State, Work, all_renames};

impl<'w> Work<'w, '_> {
    /// `targets` is how many queries the results shown are of.
    pub(super) fn settings(
        &mut self,
        holder: &'w Holder,
        mine: &[Sited<'w, '_>],
        targets: usize,
        kind: SiteKind,
        fact: &Place,
    ) {
        for rename in all_renames(mine) {
            let follows = rename_of_all(mine, rename.old).filter(|_| mine.len() == targets);
            self.settings_of(holder, &rename, follows, kind, fact);
        }
    }

    /// Settings that name one label; `follows` is what all results have in its place.
    fn settings_of(
        &mut self,
        holder: &'w Holder,
        rename: &Rename,
        follows: Option<&'static str>,
        kind: SiteKind,
        fact: &Place,
    ) {
        let all = || holder.settings.iter().filter(|one| one.label == rename.old);
        // A panel that makes a field of that name itself: which of the two a setting means cannot be told.
        let made = all().any(|one| one.role == SettingRole::Made);
        for setting in all().filter(|one| one.role != SettingRole::Made) {
            if self.linked(setting) {
                continue;
            }
            let sure = match setting.role {
                SettingRole::Name => true,
                SettingRole::Value => rename.old != "job" || self.before.same_name(),
                SettingRole::Made | SettingRole::Pattern => false,
            };
            let new = follows.filter(|new| sure && !made && !setting.beside.contains(*new));
            let follower = match (new, rename.new.as_slice()) {
                (Some(new), _) => Follower { span: setting.span, new: Some(new.to_owned()) },
                (None, [only]) if setting.role != SettingRole::Pattern => {
                    Follower { span: setting.span, new: Some((*only).to_owned()) }
                }
                (None, [only]) => self.series(setting, only),
                (None, _) => Follower { span: setting.span, new: None },
            };
            let certain = new.is_some().then_some(fact);
            self.follow(kind, &setting.view, &follower, rename, (ids::SETTING, ids::NAMED), certain);
        }
    }

    /// The name of a whole series, `{job="kairos", level="error"}`, as it is called afterwards.
    fn series(&self, setting: &Setting, new: &str) -> Follower {
        let moved = self.before.moved;
        let text = setting.view.text();
        let renamed = || {
            let query = logql::read(text).ok().filter(|_| text.starts_with('{') && text.ends_with('}'))?;
            let (_, selector) = query.selectors().next()?;
            let mut pairs = Vec::new();
            for one in query.matchers(selector) {
                let (name, value) = (one.name.text, &*one.value.value);
                let is_moved = moved.jobs.iter().any(|job| job == value);
                pairs.push(match (name == setting.label, name == "job") {
                    (false, _) => (name, value),
                    (true, false) => (new, value),
                    (true, true) => (new, is_moved.then_some(moved.project.as_str())?),
                });
            }
            // Loki sorts them.
            pairs.sort_unstable();
            let pairs: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{name}={}", crate::proof::quoted(value))).collect();
            Some(format!("{{{}}}", pairs.join(", ")))
        };
        match renamed() {
            Some(new) => Follower { span: Span::new(0, text.len()), new: Some(new) },
            None => Follower { span: setting.span, new: None },
        }
    }

    /// Values of the job that panels name, when the moved service has another name.
    pub(super) fn named_values(&mut self, states: &[State]) {
        if self.before.same_name() {
            return;
        }
        let file = self.file;
        let renamed = file.sites.iter().zip(states).filter(|(site, state)| {
            site.kind == SiteKind::Panel && state.renames().iter().any(|rename| rename.old == "job")
        });
        let panels: Vec<Span> = renamed.filter_map(|(site, _)| Some(self.holder_of(site)?.at)).collect();
        if panels.is_empty() {
            return;
        }
        for view in values(&file.source, &self.before.moved.jobs) {
            let all = Span::new(0, view.text().len());
            if panels.iter().any(|panel| panel.contains(view.raw(all))) {
                let proposed = Some(self.before.moved.project.as_str());
                self.say(Level::Review, ids::VALUE_NAMED, SiteKind::Panel, &view, all, proposed);
            }
        }
    }

    /// Whether a query in a link answers for this place.
    fn linked(&self, setting: &Setting) -> bool {
        let raw = setting.view.raw(setting.span);
        let holds = |span: Span| span.contains(raw);
        self.file.sites.iter().any(|site| site.kind.is_link() && holds(site.view.raw(site.query)))
    }
}

/// The one label that stands in the place of another in every series of the panel.
pub(super) fn rename_of_all(mine: &[Sited<'_, '_>], old: &str) -> Option<&'static str> {
    let mut found = None;
    for one in mine {
        let State::Rewritten { renames, .. } = one.state else { return None };
        match renames.iter().find(|rename| rename.old == old) {
            None => {}
            Some(Rename { new, .. }) => match (new.as_slice(), found) {
                ([new], None) => found = Some(*new),
                ([new], Some(have)) if *new == have => {}
                _ => return None,
            },
        }
    }
    found
}
