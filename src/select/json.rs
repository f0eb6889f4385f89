//! What stands in JSON, going by its bytes alone: selectors, variables with stages behind them, hidden letters, `PromQL`.
//!
//! Knows: how JSON writes the text of a query. Must not know: what is looked for. Nothing is parsed; each of these is
//! right for every file, and says "it may" where it cannot tell.

/// Whether a `LogQL` selector may stand in JSON: a brace at the start of a string, behind a parenthesis, a tag of a
/// template or a line break inside the string, and no second brace behind it (a legend). A brace of JSON itself has a
/// colon, a comma or a bracket in front of it, a brace of `PromQL` a metric name.
pub(super) fn has_selector(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'{', bytes).any(|at| {
        if matches!(bytes.get(at + 1), Some(b'{' | b'%' | b'#')) {
            return false;
        }
        let (before, broken) = skip_back(bytes, at);
        broken || before.checked_sub(1).is_some_and(|last| matches!(bytes[last], b'"' | b'\'' | b'`' | b'(' | b'}'))
    })
}

/// Whether stages stand behind a variable: `$logs |= "x"`, `${logs} | job="kairos"`, `[[logs]] != "x"`.
pub(super) fn has_piped_variable(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'|', b'!', bytes).any(|at| {
        let (end, broken) = skip_back(bytes, at);
        let head = &bytes[..end];
        let (head, close) = match head {
            [head @ .., b'}'] => (head, Some(b'{')),
            [head @ .., b']', b']'] => (head, Some(b'[')),
            head => (head, None),
        };
        let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
        let start = head.len() - head.iter().rev().take_while(is_word).count();
        let opened = &head[..start];
        match close {
            Some(b'{') => opened.ends_with(b"${"),
            Some(_) => opened.ends_with(b"[["),
            // Behind a line break stands what a comment may have hidden.
            None => opened.ends_with(b"$") || broken,
        }
    })
}

/// Steps over blanks in front of `at`, as JSON writes them: the end of what stands there, and whether a line of the
/// string was broken in between.
fn skip_back(bytes: &[u8], at: usize) -> (usize, bool) {
    let (mut end, mut broken) = (at, false);
    loop {
        match bytes[..end] {
            [.., b' ' | b'\t' | b'\n' | b'\r'] => end -= 1,
            [.., b'\\', b'n' | b'r'] => (end, broken) = (end - 2, true),
            [.., b'\\', b't'] => end -= 2,
            _ => return (end, broken),
        }
    }
}

/// Whether an ASCII letter may be written as an escape: `\u006a`, `\x6a`, `\152`, `%6A`.
pub(super) fn hides_letters(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'\\', b'%', bytes).any(|at| match bytes[at..] {
        // Braces and the bar are among the codes below; the other two signs of a query are not.
        [b'\\', b'u', b'0', b'0', b'2', b'1' | b'4', ..] | [b'\\', b'1', b'0'..=b'7', b'0'..=b'7', ..] => true,
        [b'\\', b'u', b'0', b'0', high, ..] | [b'\\', b'x', high, ..] => matches!(high, b'4'..=b'7'),
        [b'%', high, low, ..] => is_letter_code(high, low),
        _ => false,
    })
}

fn is_letter_code(high: u8, low: u8) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let code = digit(high).zip(digit(low)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
    code.is_some_and(|code| code.is_ascii_alphabetic())
}

/// Whether what stands at `at`, in a JSON text, is part of a query that nobody can take for `LogQL`: the text of an `expr`
/// in which a metric's name stands in front of every brace (label-surface 1.1), and no template.
pub(super) fn is_plainly_promql(json: &str, at: usize) -> bool {
    let bytes = json.as_bytes();
    let escaped = |quote: usize| bytes[..quote].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    let mut quotes = memchr::memrchr_iter(b'"', &bytes[..at]);
    let (Some(open), Some(close)) = (
        quotes.find(|&quote| !escaped(quote)),
        memchr::memchr_iter(b'"', &bytes[at..]).map(|offset| at + offset).find(|&quote| !escaped(quote)),
    ) else {
        return false;
    };
    let key = json[..open].trim_end().strip_suffix(':').map(str::trim_end);
    let query = &bytes[open + 1..close];
    let mut braces = memchr::memchr_iter(b'{', query).peekable();
    let metric = |brace: usize| {
        let before = brace.checked_sub(1).map(|last| query[last]);
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
            && !matches!(query.get(brace + 1), Some(b'%' | b'#'))
    };
    key.is_some_and(|key| key.ends_with("\"expr\""))
        && braces.peek().is_some_and(|first| open + 1 + first < at)
        && braces.all(metric)
}
