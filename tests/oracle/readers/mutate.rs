//! Small damage to a text, as a typing error or a bad merge does it.

use crate::random::Random;

/// What is put in. Signs that mean something in either language, and characters that are read in odd ways.
const PIECES: &[&str] = &[
    "{", "}", "(", ")", "[", "]", ",", "=", "!=", "=~", "!~", "|", "|=", "|~", "|>", "!>", "==", ">", "<=", "\"", "`",
    "'", "\\", "\n", "\r", "\t", " ", "#", "//", "/*", "*/", ".", "..", "-", "+", "*", "^", "%", "0", "1", "5m",
    "10KB", "0x", "1e", "_", "job", "by", "or", "and", "unless", "on", "ip", "json", "unwrap", "rate", "sum", "bool",
    "offset", "without", "vector", "--strict", "true", "null", "é", "ß", "\u{fffd}", "\u{feff}", "\u{a0}", "\u{2028}",
    "\0", "\u{7f}", "\u{660}", "日", "\"a\"", "`b`", "\\x", "\\u00e9", "\\400", "$", "$x", "@", ";", ":", "&&", "||",
    "?", "~",
];

/// The text with one to three places damaged.
pub(super) fn text(random: &mut Random, text: &str, others: &[String]) -> String {
    let mut text = text.to_owned();
    for _ in 0..=random.below(3) {
        let from = boundary(&text, random.below(text.len() + 1));
        let to = boundary(&text, (from + 1 + random.below(6)).min(text.len()));
        match random.below(8) {
            0 | 1 => text.replace_range(from..to, ""),
            2 | 3 => text.insert_str(from, random.word(PIECES)),
            4 => text.replace_range(from..to, random.word(PIECES)),
            5 => {
                let piece = text[from..to].to_owned();
                text.insert_str(from, &piece);
            }
            6 => {
                let other = random.pick(others);
                let start = boundary(other, random.below(other.len() + 1));
                let end = boundary(other, (start + random.below(30)).min(other.len()));
                text.insert_str(from, &other[start..end]);
            }
            _ => {
                let at = boundary(&text, random.below(text.len() + 1));
                let (low, high) = (from.min(at), from.max(at));
                let piece = text[low..high].to_owned();
                text.replace_range(low..high, "");
                let place = boundary(&text, random.below(text.len() + 1));
                text.insert_str(place, &piece);
            }
        }
    }
    text
}

fn boundary(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}
