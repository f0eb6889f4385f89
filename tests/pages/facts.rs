//! What `measure.js` found, and what must be true of every page in every look.
//!
//! Knows: the names of the facts. Must not know: which page it is.

use serde_json::Value;

use crate::browser::Browser;

/// Facts about the page as it is laid out.
pub(crate) struct Facts(Value);

/// Measures.
pub(crate) fn of(browser: &mut Browser) -> Facts {
    Facts(browser.value(include_str!("measure.js")))
}

impl Facts {
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("{name}: {}", self.0[name]))
    }

    /// How many faults of a kind there are.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.0[name].as_array().unwrap_or_else(|| panic!("{name}: {}", self.0[name])).len()
    }

    /// Everything the page says.
    pub(crate) fn text(&self) -> String {
        self.0["text"].as_str().unwrap().to_owned()
    }

    /// Asserts what is always true.
    pub(crate) fn hold(&self, what: &str) {
        // A measure that looks at nothing would hold anything.
        assert!(self.number("texts") > 5, "{what}: there is no text");
        assert!(self.number("scrollWidth") <= self.number("width"), "{what}: wider than the window");
        let none = [
            ("outside", "stands outside of the window"),
            ("clipped", "is cut off"),
            ("spilled", "leaves its box in a drawing"),
            ("faint", "has a contrast below 4.5"),
            ("skipped", "is a heading that skips a level"),
            ("doubled", "is an id that is there twice"),
            ("dangling", "refers to what is not there"),
            ("strange", "is an element that has no business here"),
            ("handlers", "is an attribute that has no business here"),
        ];
        for (name, wrong) in none {
            let found = self.0[name].as_array().unwrap_or_else(|| panic!("{name}: {}", self.0[name]));
            assert!(
                found.is_empty(),
                "{what}: {} {wrong}: {:#}",
                found.len(),
                Value::from(found[..found.len().min(8)].to_vec())
            );
        }
        assert_eq!(self.number("h1"), 1, "{what}");
        assert_eq!(self.number("headless"), 0, "{what}: a table without headers");
    }
}
