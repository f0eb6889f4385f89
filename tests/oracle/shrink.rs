//! The shortest text that still shows what a longer one shows.

/// Leaves out parts of `text`, large ones first, as long as `shows` says that the rest still shows it.
pub(crate) fn shortest(text: &str, mut shows: impl FnMut(&str) -> bool) -> String {
    let mut text = text.to_owned();
    let mut size = text.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < text.len() {
            let end = (at + size).min(text.len());
            let shorter = (text.is_char_boundary(at) && text.is_char_boundary(end))
                .then(|| format!("{}{}", &text[..at], &text[end..]));
            match shorter.filter(|shorter| shows(shorter)) {
                Some(shorter) => text = shorter,
                None => at += 1,
            }
        }
        size = size * 2 / 3;
    }
    text
}
