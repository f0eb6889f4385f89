//! Ids of the sentences, one table: a test holds it against the two rule files.
//!
//! Knows: names of sentences. Must not know: their wording, which stands in `rewrites/*/rule.yaml`.

use crate::rule;
use crate::topology::sites::SiteKind;

/// A sentence as it is called for a dashboard and for an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) dashboards: &'static str,
    pub(super) alerts: &'static str,
}

impl Id {
    /// The id for a site of this kind.
    pub(super) fn of(self, kind: SiteKind) -> &'static str {
        if kind.on_dashboard() { self.dashboards } else { self.alerts }
    }

    /// The sentence for a site of this kind.
    pub(super) fn say(self, kind: SiteKind, values: &[(&str, &str)]) -> String {
        rule::say(self.of(kind), values)
    }
}

macro_rules! ids {
    ($($name:ident = $text:literal;)*) => {
        $(pub(super) const $name: Id =
            Id { dashboards: concat!("dashboards/", $text), alerts: concat!("alerts/", $text) };)*
        #[cfg(test)]
        pub(super) const ALL: &[Id] = &[$($name),*];
    };
}

ids! {
    SELECTOR = "selector";
    FILTER = "filter";
    GROUPING = "grouping";
    WITHOUT = "without";
    SOURCE = "source";
    LEGEND = "legend";
    COPY = "copy";
    TEXT = "text";
    ABSENT = "absent";
    UNCHECKED = "unchecked";
    DIFFERS = "differs";
    MIXED = "mixed";
    VARIABLE = "variable";
    VARIABLE_VALUES = "variable-values";
    AD_HOC = "ad-hoc";
    COLLISION = "collision";
    EXTRACTED = "extracted";
    MATCHING = "matching";
    TEMPLATE_LABEL = "template-label";
    PICK = "pick";
    RECORD = "record";
    UNREADABLE = "unreadable";
    UNPROVEN = "unproven";
    NOT_ENCODABLE = "not-encodable";
    LEGEND_LEFT = "legend-left";
    ANEW = "anew";
    TEXT_LEFT = "text-left";
    NAMED = "named";
    UNREAD_FILE = "unread-file";
    LINK = "link";
    COMPARED = "compared";
    OWN_LABEL = "own-label";
    TEXT_DROPPED = "text-dropped";
    SETTING = "setting";
    COLUMNS = "columns";
    SHORT_LINK = "short-link";
    DRILLDOWN = "drilldown";
    GROUP_BY = "group-by";
    AD_HOC_NAME = "ad-hoc-name";
    VARIABLE_NAMES = "variable-names";
    ALL_VALUE = "all-value";
    DOUBT_PANE = "doubt-pane";
    VALUES = "values";
    VALUE_NAMED = "value-named";
    TAG = "tag";
    TAG_LEFT = "tag-left";
    DOUBT_DEFAULT = "doubt-default";
    DOUBT_UNKNOWN = "doubt-unknown";
    DOUBT_UNCLEAR = "doubt-unclear";
    DOUBT_VARIABLE = "doubt-variable";
    DOUBT_TEMPLATE = "doubt-template";
    DOUBT_ORDER = "doubt-order";
    DOUBT_DISAGREE = "doubt-disagree";
    DOUBT_ADDRESS = "doubt-address";
    DOUBT_RULE_FILE = "doubt-rule-file";
    DOUBT_BOTH_LANGUAGES = "doubt-both-languages";
    DOUBT_TEXT = "doubt-text";
    APPENDED = "appended";
    DERIVED = "derived";
    GUARDED = "guarded";
    PUT_BACK = "put-back";
    UNION = "union";
    GROUND = "ground";
    BRIDGE_GONE = "bridge-gone";
    BRIDGED = "bridged";
    COPIES = "copies";
    MERGED = "merged";
    LOST = "lost";
    LOST_READ = "lost-read";
    LOST_ROUTED = "lost-routed";
    TEXT_PRINTED = "text-printed";
    OWN_JOB = "own-job";
    OWN_JOB_LEFT = "own-job-left";
    ANEW_WITH_JOB = "anew-with-job";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rule::Rule;

    #[test]
    fn every_sentence_has_an_id_and_every_id_a_sentence() {
        let names: BTreeSet<&str> = ALL.iter().filter_map(|id| id.alerts.split('/').nth(1)).collect();
        let dashboards: Rule = serde_yaml::from_str(include_str!("../../../rewrites/dashboards/rule.yaml")).unwrap();
        let alerts: Rule = serde_yaml::from_str(include_str!("../../../rewrites/alerts/rule.yaml")).unwrap();
        let mut said = BTreeSet::new();
        for rule in [&dashboards, &alerts] {
            said.extend(rule.sentences.keys().map(String::as_str));
        }
        assert_eq!(said, names);
        // What only one of the two can need.
        let only = |rule: &Rule, other: &Rule| -> Vec<String> {
            rule.sentences.keys().filter(|id| !other.sentences.contains_key(*id)).cloned().collect()
        };
        let dashboards_only = [
            "ad-hoc",
            "ad-hoc-name",
            "all-value",
            "columns",
            "copy",
            "drilldown",
            "group-by",
            "legend",
            "legend-left",
            "named",
            "setting",
            "short-link",
            "tag",
            "tag-left",
            "value-named",
            "values",
            "variable-names",
            "variable-values",
        ];
        assert_eq!(only(&dashboards, &alerts), dashboards_only);
        let alerts_only = [
            "anew",
            "anew-with-job",
            "compared",
            "doubt-both-languages",
            "doubt-rule-file",
            "doubt-text",
            "lost-routed",
            "own-job",
            "own-job-left",
            "own-label",
            "record",
            "text",
            "text-dropped",
            "text-left",
            "text-printed",
        ];
        assert_eq!(only(&alerts, &dashboards), alerts_only);
    }
}
