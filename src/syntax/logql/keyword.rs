//! The words and signs of `LogQL` (label-surface 1.1).
//!
//! Knows: which word is which keyword. Must not know: where a word stands; whether a function name is followed by a
//! parenthesis, which decides between keyword and label name, is the lexer's business.

use super::ast::Function;

/// A word or sign with a meaning of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Comma,
    Dot,
    OpenBrace,
    CloseBrace,
    OpenParen,
    CloseParen,
    CloseBracket,
    Equal,
    NotEqual,
    Regex,
    NotRegex,
    NotPattern,
    PipeExact,
    PipeMatch,
    PipePattern,
    Pipe,
    CmpEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Or,
    And,
    Unless,
    By,
    Without,
    Bool,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Offset,
    Unwrap,
    Json,
    Regexp,
    Logfmt,
    Unpack,
    Pattern,
    LabelFormat,
    LineFormat,
    Decolorize,
    Drop,
    Keep,
    Variants,
    Of,
    Ip,
    Vector,
    LabelReplace,
    Conversion,
    Function(Function),
}

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Always this keyword.
    Always(Keyword),
    /// This keyword before `(`, `by (` or `without (`; a name elsewhere.
    Called(Keyword),
    /// A name.
    Name,
}

/// The longest keyword, in bytes: `quantile_over_time`.
const LONGEST: usize = 18;

/// Looks a word up, whatever its case.
pub(super) fn word(text: &str) -> Word {
    if text.len() < 2 || text.len() > LONGEST {
        return if text.is_ascii() || text.len() > 2 * LONGEST { Word::Name } else { folded(text) };
    }
    let mut buffer = [0_u8; LONGEST];
    let Some(lower) = buffer.get_mut(..text.len()) else { return Word::Name };
    lower.copy_from_slice(text.as_bytes());
    lower.make_ascii_lowercase();
    if lower.is_ascii() { lower_word(lower) } else { folded(text) }
}

/// A word with letters outside ASCII. Two such letters have an ASCII letter as their small form in Go.
fn folded(text: &str) -> Word {
    if !text.contains(['\u{130}', '\u{212a}']) {
        return Word::Name;
    }
    let lower: String = text
        .chars()
        .map(|c| match c {
            '\u{130}' => 'i',
            '\u{212a}' => 'k',
            c => c.to_ascii_lowercase(),
        })
        .collect();
    lower_word(lower.as_bytes())
}

fn lower_word(word: &[u8]) -> Word {
    use Keyword as K;
    let always = match word {
        b"or" => K::Or,
        b"and" => K::And,
        b"unless" => K::Unless,
        b"by" => K::By,
        b"without" => K::Without,
        b"bool" => K::Bool,
        b"on" => K::On,
        b"ignoring" => K::Ignoring,
        b"group_left" => K::GroupLeft,
        b"group_right" => K::GroupRight,
        b"offset" => K::Offset,
        b"unwrap" => K::Unwrap,
        b"json" => K::Json,
        b"regexp" => K::Regexp,
        b"logfmt" => K::Logfmt,
        b"unpack" => K::Unpack,
        b"pattern" => K::Pattern,
        b"label_format" => K::LabelFormat,
        b"line_format" => K::LineFormat,
        b"decolorize" => K::Decolorize,
        b"drop" => K::Drop,
        b"keep" => K::Keep,
        b"variants" => K::Variants,
        b"of" => K::Of,
        _ => return called(word),
    };
    Word::Always(always)
}

fn called(word: &[u8]) -> Word {
    use Function as F;
    use Keyword as K;
    let function = match word {
        b"ip" => return Word::Called(K::Ip),
        b"vector" => return Word::Called(K::Vector),
        b"label_replace" => return Word::Called(K::LabelReplace),
        b"bytes" | b"duration" | b"duration_seconds" => return Word::Called(K::Conversion),
        b"count_over_time" => F::CountOverTime,
        b"rate" => F::Rate,
        b"rate_counter" => F::RateCounter,
        b"bytes_over_time" => F::BytesOverTime,
        b"bytes_rate" => F::BytesRate,
        b"avg_over_time" => F::AvgOverTime,
        b"sum_over_time" => F::SumOverTime,
        b"min_over_time" => F::MinOverTime,
        b"max_over_time" => F::MaxOverTime,
        b"stdvar_over_time" => F::StdvarOverTime,
        b"stddev_over_time" => F::StddevOverTime,
        b"quantile_over_time" => F::QuantileOverTime,
        b"first_over_time" => F::FirstOverTime,
        b"last_over_time" => F::LastOverTime,
        b"absent_over_time" => F::AbsentOverTime,
        b"sum" => F::Sum,
        b"avg" => F::Avg,
        b"max" => F::Max,
        b"min" => F::Min,
        b"count" => F::Count,
        b"stddev" => F::Stddev,
        b"stdvar" => F::Stdvar,
        b"bottomk" => F::Bottomk,
        b"topk" => F::Topk,
        b"approx_topk" => F::ApproxTopk,
        b"sort" => F::Sort,
        b"sort_desc" => F::SortDesc,
        _ => return Word::Name,
    };
    Word::Called(K::Function(function))
}

/// The sign that starts with `first` and may go on with `second`, and its length in bytes.
pub(super) fn sign(first: u8, second: Option<u8>) -> Option<(Keyword, usize)> {
    use Keyword as K;
    let two = match (first, second) {
        (b'!', Some(b'=')) => K::NotEqual,
        (b'!', Some(b'~')) => K::NotRegex,
        (b'!', Some(b'>')) => K::NotPattern,
        (b'|', Some(b'=')) => K::PipeExact,
        (b'|', Some(b'~')) => K::PipeMatch,
        (b'|', Some(b'>')) => K::PipePattern,
        (b'=', Some(b'~')) => K::Regex,
        (b'=', Some(b'=')) => K::CmpEqual,
        (b'>', Some(b'=')) => K::GreaterEqual,
        (b'<', Some(b'=')) => K::LessEqual,
        _ => return one_byte(first).map(|keyword| (keyword, 1)),
    };
    Some((two, 2))
}

fn one_byte(sign: u8) -> Option<Keyword> {
    use Keyword as K;
    Some(match sign {
        b',' => K::Comma,
        b'.' => K::Dot,
        b'{' => K::OpenBrace,
        b'}' => K::CloseBrace,
        b'(' => K::OpenParen,
        b')' => K::CloseParen,
        b']' => K::CloseBracket,
        b'=' => K::Equal,
        b'|' => K::Pipe,
        b'>' => K::Greater,
        b'<' => K::Less,
        b'+' => K::Add,
        b'-' => K::Sub,
        b'*' => K::Mul,
        b'/' => K::Div,
        b'%' => K::Mod,
        b'^' => K::Pow,
        _ => return None,
    })
}
