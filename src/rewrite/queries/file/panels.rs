//! Settings of a panel that name the label `job`: they follow when every query of the panel does.
//!
//! Knows: which queries of a panel were rewritten. Must not know: what a setting does beyond its role.

use crate::finding::Level;
use crate::rewrite::queries::follow::Follower;
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::Rename;
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
        let renames = all_renames(mine);
        let Some(rename) = renames.iter().find(|rename| rename.old == "job") else { return };
        let follows = rename_of_all(mine).filter(|_| mine.len() == targets);
        // A panel that makes a field of that name itself: which of the two a setting means cannot be told.
        let made = holder.settings.iter().any(|one| one.role == SettingRole::Made);
        for setting in holder.settings.iter().filter(|one| one.role != SettingRole::Made) {
            if self.linked(setting) {
                continue;
            }
            let sure = match setting.role {
                SettingRole::Name => true,
                SettingRole::Value => self.before.same_name(),
                SettingRole::Made | SettingRole::Pattern => false,
            };
            let new = follows.filter(|new| sure && !made && !setting.beside.contains(*new));
            let proposed = new.or(match rename.new.as_slice() {
                [only] if setting.role != SettingRole::Pattern => Some(*only),
                _ => None,
            });
            let follower = Follower { span: setting.span, new: proposed.map(String::from) };
            let certain = new.is_some().then_some(fact);
            self.follow(kind, &setting.view, &follower, rename, (ids::SETTING, ids::NAMED), certain);
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

/// The one label that stands in the place of `job` in every series of the panel.
fn rename_of_all(mine: &[Sited<'_, '_>]) -> Option<&'static str> {
    let mut found = None;
    for one in mine {
        let State::Rewritten { renames, .. } = one.state else { return None };
        match renames.iter().find(|rename| rename.old == "job") {
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
