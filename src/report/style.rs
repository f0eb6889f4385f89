//! A page of terminal text: colours, indents, wrapped prose and code that is never wrapped.
//!
//! Knows: widths and ANSI styles. Must not know: plans. Whatever is written on a page passes through `plain`.

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};

use super::{Look, plain};

/// Headings and names.
pub(super) const STRONG: Style = Style::new().bold();
/// Line numbers, rule ids, what may be overlooked.
pub(super) const FAINT: Style = Style::new().dimmed();
/// Errors and blocked findings.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Review findings.
pub(super) const LOOK: Style = AnsiColor::Yellow.on_default().bold();
/// Notes.
pub(super) const INFO: Style = AnsiColor::Cyan.on_default().bold();
/// A line that goes, and the words of it that go.
pub(super) const OLD: Style = AnsiColor::Red.on_default();
/// The changed words of a line that goes.
pub(super) const OLD_WORD: Style = AnsiColor::Red.on_default().invert();
/// A line that comes.
pub(super) const NEW: Style = AnsiColor::Green.on_default();
/// The changed words of a line that comes.
pub(super) const NEW_WORD: Style = AnsiColor::Green.on_default().invert();

/// Prose wider than this is hard to read, however wide the terminal.
const WIDEST: usize = 100;
/// Narrower than this, wrapping only makes it worse.
const NARROWEST: usize = 24;

/// The text under construction.
pub(super) struct Page {
    out: String,
    /// Length of `out` right after a heading: nothing parts it from its text.
    headed: usize,
    /// How it is to look.
    pub(super) look: Look,
}

impl Page {
    pub(super) fn new(look: Look) -> Self {
        Self { out: String::new(), headed: 0, look }
    }

    /// `text` in `style`, made safe, in one line.
    pub(super) fn paint(&self, style: Style, text: &str) -> String {
        let text = plain::line(text);
        if self.look.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.into_owned() }
    }

    /// Columns that a line of prose may have.
    pub(super) fn room(&self) -> usize {
        self.look.width.clamp(NARROWEST, WIDEST)
    }

    /// Adds text that is safe already, as it is.
    pub(super) fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// An empty line, unless there is one already or a heading is above.
    pub(super) fn gap(&mut self) {
        if self.out.len() != self.headed && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A heading with an empty line above.
    pub(super) fn heading(&mut self, text: &str) {
        self.headed = 0;
        self.gap();
        let painted = self.paint(STRONG, text);
        self.prose_raw("", "", &painted);
        self.headed = self.out.len();
    }

    /// Prose after `first` (safe, painted), further lines after `rest`; wrapped between words, never inside one.
    pub(super) fn prose(&mut self, first: &str, rest: &str, text: &str) {
        self.prose_raw(first, rest, &plain::line(text));
    }

    fn prose_raw(&mut self, first: &str, rest: &str, text: &str) {
        let width = self.room();
        let mut indent = first;
        for paragraph in text.lines() {
            let options = Options::new(width)
                .initial_indent(indent)
                .subsequent_indent(rest)
                .break_words(false)
                .word_splitter(WordSplitter::NoHyphenation);
            for line in textwrap::wrap(paragraph, options) {
                self.out.push_str(line.trim_end());
                self.out.push('\n');
            }
            indent = rest;
        }
        if text.is_empty() {
            self.out.push_str(first.trim_end());
            self.out.push('\n');
        }
    }

    /// `label: text`, the label in `style`, wrapped with a hanging indent of two.
    pub(super) fn labelled(&mut self, style: Style, label: &str, text: &str) {
        let first = format!("{}: ", self.paint(style, label));
        self.prose(&first, "  ", text);
    }

    /// Code, line by line behind `first` (safe, painted); a further line stands behind blanks of the same width.
    /// Never wrapped.
    pub(super) fn code(&mut self, first: &str, style: Style, code: &str) {
        let blank = " ".repeat(textwrap::core::display_width(first));
        let mut indent = first;
        for line in code.split('\n') {
            let painted = self.paint(style, line.strip_suffix('\r').unwrap_or(line));
            self.out.push_str(format!("{indent}{painted}").trim_end());
            self.out.push('\n');
            indent = &blank;
        }
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.out
    }
}
