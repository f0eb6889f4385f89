//! Go's regular expressions (RE2), as far as reading a query needs them.
//!
//! Knows: which patterns Go accepts, whether one matches the empty text, which groups it names. Must not know: how to
//! match anything else. The `regex` crate differs in what it accepts (`{{` is literal for Go, an error there), and
//! compiling would cost more than all other reading. Nesting costs no call stack.

use super::property;

/// Largest count in `{n,m}`, and largest product of nested ones.
const MOST: u32 = 1000;

/// What is known of a valid pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether it matches the empty text, anchored at both ends.
    pub(super) empty: bool,
    /// The bytes of the names of its named groups, in order.
    pub(super) names: Vec<(usize, usize)>,
}

/// What is known of `pattern`; `None` when Go refuses it.
pub(super) fn facts(pattern: &str) -> Option<Facts> {
    let mut reader =
        Reader { text: pattern, at: 0, open: Vec::new(), group: Group::default(), names: Vec::new(), posix: true };
    reader.read()?;
    Some(Facts { empty: reader.group.empty(), names: reader.names })
}

/// Something a repetition can apply to.
#[derive(Clone, Copy)]
struct Atom {
    empty: bool,
    /// Product of the counts of the repetitions in it.
    count: u32,
}

/// What stands for one character.
#[derive(Clone, Copy)]
enum Item {
    Char(char),
    Set,
}

/// What was read of a group.
#[derive(Clone, Copy)]
struct Group {
    /// Whether an alternative before this one matches the empty text.
    earlier: bool,
    /// Whether this alternative up to `last` does.
    before: bool,
    last: Option<Atom>,
    count: u32,
}

impl Default for Group {
    fn default() -> Self {
        Self { earlier: false, before: true, last: None, count: 1 }
    }
}

impl Group {
    fn push(&mut self, atom: Atom) {
        self.before &= self.last.is_none_or(|last| last.empty);
        self.last = Some(atom);
        self.count = self.count.max(atom.count);
    }

    fn empty(&self) -> bool {
        self.earlier || (self.before && self.last.is_none_or(|last| last.empty))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Group>,
    group: Group,
    names: Vec<(usize, usize)>,
    /// Whether a `:]` may still come.
    posix: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let eaten = self.rest().starts_with(prefix);
        if eaten {
            self.at += prefix.len();
        }
        eaten
    }

    fn atom(&mut self, empty: bool) {
        self.group.push(Atom { empty, count: 1 });
    }

    fn read(&mut self) -> Option<()> {
        let mut repeated = false;
        loop {
            let before = self.at;
            let Some(c) = self.next() else { break };
            let was_repeated = std::mem::take(&mut repeated);
            match c {
                '(' => self.open_group()?,
                ')' => {
                    let inner = Atom { empty: self.group.empty(), count: self.group.count };
                    self.group = self.open.pop()?;
                    self.group.push(inner);
                }
                '|' => self.group = Group { earlier: self.group.empty(), count: self.group.count, ..Group::default() },
                '^' | '$' => self.atom(true),
                '[' => {
                    self.class()?;
                    self.atom(false);
                }
                '\\' => self.escape()?,
                '*' | '+' | '?' | '{' => {
                    let range = match c {
                        '*' => Some((0, None)),
                        '+' => Some((1, None)),
                        '?' => Some((0, Some(1))),
                        _ => self.range()?,
                    };
                    if let Some((least, most)) = range {
                        self.repeat(least, most, c == '{', was_repeated)?;
                        repeated = true;
                    } else {
                        self.at = before + 1;
                        self.atom(false);
                    }
                }
                _ => self.atom(false),
            }
        }
        self.open.is_empty().then_some(())
    }

    /// What follows `(`.
    fn open_group(&mut self) -> Option<()> {
        if self.eat("?") {
            if self.eat("P<") || self.eat("<") {
                self.name()?;
            } else if !self.flags()? {
                return Some(());
            }
        }
        // Go gives up at a height of 1000.
        if self.open.len() >= MOST as usize {
            return None;
        }
        self.open.push(std::mem::take(&mut self.group));
        Some(())
    }

    fn name(&mut self) -> Option<()> {
        let length = self.rest().find(|c: char| c != '_' && !c.is_ascii_alphanumeric())?;
        let start = self.at;
        self.at += length;
        if length == 0 || !self.eat(">") {
            return None;
        }
        self.names.push((start, start + length));
        Some(())
    }

    /// `i`, `m-s` and so on; whether a group follows.
    fn flags(&mut self) -> Option<bool> {
        let mut negative = false;
        let mut any = false;
        loop {
            match self.next()? {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negative => {
                    negative = true;
                    any = false;
                }
                end @ (':' | ')') if any || !negative => return Some(end == ':'),
                _ => return None,
            }
        }
    }

    /// `n}`, `n,}`, `n,m}` after `{`; inner `None` when it is no repetition, outer `None` when it is out of bounds.
    #[expect(clippy::option_option, reason = "not a repetition and not a pattern are two things")]
    fn range(&mut self) -> Option<Option<(u32, Option<u32>)>> {
        let Some(least) = self.integer() else { return Some(None) };
        let most = if self.eat(",") {
            if self.rest().starts_with('}') {
                None
            } else {
                let Some(most) = self.integer() else { return Some(None) };
                Some(most)
            }
        } else {
            Some(least)
        };
        if !self.eat("}") {
            return Some(None);
        }
        let fits = least <= MOST && most.is_none_or(|most| most <= MOST && least <= most);
        fits.then_some(Some((least, most)))
    }

    /// A whole number without leading zero; a large one becomes one that is too large.
    fn integer(&mut self) -> Option<u32> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let digits = rest.get(..length)?;
        if digits.is_empty() || (length > 1 && digits.starts_with('0')) {
            return None;
        }
        self.at += length;
        Some(digits.parse().unwrap_or(u32::MAX))
    }

    fn repeat(&mut self, least: u32, most: Option<u32>, counted: bool, again: bool) -> Option<()> {
        self.eat("?");
        let atom = self.group.last.as_mut().filter(|_| !again)?;
        atom.empty |= least == 0;
        let factor = most.unwrap_or(least);
        if counted && factor > 0 {
            atom.count = atom.count.saturating_mul(factor);
            if factor > 1 && atom.count > MOST {
                return None;
            }
        }
        self.group.count = self.group.count.max(atom.count);
        Some(())
    }

    /// What follows `\` outside a class.
    fn escape(&mut self) -> Option<()> {
        match self.rest().chars().next()? {
            'A' | 'z' | 'B' => {
                self.at += 1;
                self.atom(true);
            }
            'b' => {
                self.at += 1;
                self.atom(false);
            }
            'C' => return None,
            'Q' => {
                self.at += 1;
                let rest = self.rest();
                let length = rest.find("\\E").unwrap_or(rest.len());
                for _ in rest.get(..length)?.chars() {
                    self.atom(false);
                }
                self.at = (self.at + length + 2).min(self.text.len());
            }
            _ => {
                self.set_or_char()?;
                self.atom(false);
            }
        }
        Some(())
    }

    /// `\d`, `\pL` and so on, or an escaped character, after the `\`.
    fn set_or_char(&mut self) -> Option<Item> {
        match self.rest().chars().next()? {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
                self.at += 1;
                Some(Item::Set)
            }
            'p' | 'P' => {
                self.at += 1;
                self.property()?;
                Some(Item::Set)
            }
            _ => self.escaped().map(Item::Char),
        }
    }

    fn property(&mut self) -> Option<()> {
        let start = self.at;
        if self.next()? == '{' {
            let length = self.rest().find(['}', '\\'])?;
            self.at += length;
            if !self.eat("}") {
                return None;
            }
        }
        let name = self.text.get(start..self.at)?;
        let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
        let name = name.strip_prefix('^').unwrap_or(name);
        property::is_known(name).then_some(())
    }

    fn escaped(&mut self) -> Option<char> {
        match self.next()? {
            first @ '0'..='7' => {
                let mut value = first.to_digit(8)?;
                let digits = self.rest().bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                if first != '0' && digits == 0 {
                    return None;
                }
                for digit in self.rest().chars().take(digits) {
                    value = value * 8 + digit.to_digit(8)?;
                }
                self.at += digits;
                char::from_u32(value)
            }
            'x' => self.hexadecimal(),
            'a' => Some('\u{7}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        }
    }

    fn hexadecimal(&mut self) -> Option<char> {
        let digits = if self.eat("{") { self.rest().find('}').filter(|&length| length <= 8)? } else { 2 };
        let braced = digits != 2 || self.text.get(..self.at)?.ends_with('{');
        let text = self.rest().get(..digits)?;
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(text, 16).ok().filter(|&value| value <= 0x10_ffff)?;
        self.at += digits + usize::from(braced);
        Some(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// What follows `[`.
    fn class(&mut self) -> Option<()> {
        self.eat("^");
        let mut first = true;
        while first || !self.rest().starts_with(']') {
            first = false;
            if self.rest().starts_with("[:") && self.posix_class()? {
                continue;
            }
            let Item::Char(low) = self.class_char()? else { continue };
            let rest = self.rest();
            if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
                self.at += 1;
                // A set such as `\d` cannot end a range.
                match self.class_char()? {
                    Item::Char(high) if low <= high => {}
                    _ => return None,
                }
            }
        }
        self.at += 1;
        Some(())
    }

    /// One character of a class, or a set.
    fn class_char(&mut self) -> Option<Item> {
        match self.next()? {
            '\\' => self.set_or_char(),
            c => Some(Item::Char(c)),
        }
    }

    /// `[:name:]`; `false` when it is not closed, so that the bracket stands for itself.
    fn posix_class(&mut self) -> Option<bool> {
        let Some(length) = self.rest().get(2..).filter(|_| self.posix).and_then(|rest| rest.find(":]")) else {
            self.posix = false;
            return Some(false);
        };
        let name = self.rest().get(2..2 + length)?;
        self.at += length + 4;
        let known = matches!(
            name.strip_prefix('^').unwrap_or(name),
            "alnum"
                | "alpha"
                | "ascii"
                | "blank"
                | "cntrl"
                | "digit"
                | "graph"
                | "lower"
                | "print"
                | "punct"
                | "space"
                | "upper"
                | "word"
                | "xdigit"
        );
        known.then_some(true)
    }
}
