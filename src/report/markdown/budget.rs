//! Puts sections together without passing a limit. What does not fit is left out, and the text says so.
//!
//! Knows: lengths, ranks. Must not know: what a section is about.

use super::super::review::number;

/// A part of the text with items that can be left out from the end.
pub(super) struct Section {
    /// What matters most is kept longest: 0 first.
    pub(super) rank: u8,
    /// Heading and what stands above the items.
    pub(super) head: String,
    /// Whole pieces of Markdown, each ending in a line end.
    pub(super) items: Vec<String>,
    /// What closes the section.
    pub(super) tail: String,
    /// What an item is: one, many.
    pub(super) what: (&'static str, &'static str),
}

impl Section {
    /// A section of text that is never cut.
    pub(super) fn whole(text: String) -> Self {
        Self { rank: 0, head: text, items: Vec::new(), tail: String::new(), what: ("", "") }
    }

    fn fixed(&self) -> usize {
        self.head.len() + self.tail.len() + if self.items.is_empty() { 0 } else { LEFT_OUT_LENGTH }
    }

    /// The sentence in the place of the items from `kept` on.
    fn left_out(&self, kept: usize) -> String {
        let missing = number(self.items.len() - kept, self.what.0, self.what.1);
        format!("\n**Left out here: {missing} of {}.**\n", self.items.len())
    }
}

/// Room kept in each section for the sentence about what is left out.
const LEFT_OUT_LENGTH: usize = 80;

/// The sections in their order, in at most `limit` bytes. `notice` stands first when something is left out.
pub(super) fn fit(sections: &[Section], limit: usize, notice: &str) -> String {
    let whole: usize = sections.iter().map(|one| one.fixed() + one.items.iter().map(String::len).sum::<usize>()).sum();
    if whole <= limit {
        return sections.iter().map(|one| write(one, one.items.len())).collect();
    }
    let mut order: Vec<usize> = (0..sections.len()).collect();
    order.sort_by_key(|&index| sections[index].rank);
    // Headings come first, those of the most important sections before the others; then items, in the same order.
    let mut room = limit.saturating_sub(notice.len());
    let mut kept: Vec<Option<usize>> = vec![None; sections.len()];
    for &index in &order {
        if sections[index].fixed() <= room {
            room -= sections[index].fixed();
            kept[index] = Some(0);
        }
    }
    for &index in &order {
        let Some(count) = kept[index].as_mut() else { continue };
        for item in &sections[index].items {
            if item.len() > room {
                break;
            }
            room -= item.len();
            *count += 1;
        }
    }
    let parts = sections.iter().zip(&kept).filter_map(|(one, kept)| Some(write(one, (*kept)?)));
    std::iter::once(notice.to_owned()).chain(parts).collect()
}

fn write(section: &Section, kept: usize) -> String {
    if kept == 0 && !section.items.is_empty() {
        return section.left_out(0);
    }
    let mut out = section.head.clone();
    out.extend(section.items.iter().take(kept).map(String::as_str));
    if kept < section.items.len() {
        out.push_str(&section.left_out(kept));
    }
    out.push_str(&section.tail);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(rank: u8, name: &str, items: usize) -> Section {
        let items = (0..items).map(|at| format!("- {name}{at}\n")).collect();
        Section { rank, head: format!("# {name}\n"), items, tail: String::new(), what: ("thing", "things") }
    }

    #[test]
    fn what_fits_stays_whole() {
        let text = fit(&[section(0, "a", 1), section(1, "b", 2)], 1000, "cut\n");
        assert_eq!(text, "# a\n- a0\n# b\n- b0\n- b1\n");
    }

    #[test]
    fn the_least_important_goes_first_and_is_said_to() {
        // 4 + 80 for each head, 5 for each item, 4 for the notice: 25 bytes are left for items.
        let limit = 4 + 84 + 84 + 25;
        let text = fit(&[section(1, "a", 60), section(0, "b", 3)], limit, "cut\n");
        let want = "cut\n# a\n- a0\n- a1\n\n**Left out here: 58 things of 60.**\n# b\n- b0\n- b1\n- b2\n";
        assert_eq!(text, want);
        assert!(text.len() <= limit);
    }

    #[test]
    fn not_even_all_headings_may_fit() {
        let sections: Vec<_> = (0..50).map(|_| section(2, "c", 1)).chain([section(1, "b", 0)]).collect();
        let text = fit(&sections, 200, "cut\n");
        assert!(text.len() <= 200 && text.starts_with("cut\n# c\n") && text.contains("# b\n"), "{text}");
    }
}
