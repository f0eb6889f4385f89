//! Alloy configurations made from the whole grammar, now and then with a part that does not belong.

use crate::random::Random;

const NAMES: &[&str] = &["a", "labels", "forward_to", "address", "x1", "_y", "Ünder", "日", "true_", "nullx", "loki"];
const ODD_NAMES: &[&str] = &["1a", "a-b", "\"a\"", "true", "null", "a.", ".a", "$x", "a..b", ""];
const BLOCKS: &[&str] = &[
    "loki.write",
    "loki.source.syslog",
    "listener",
    "rule",
    "discovery.docker",
    "declare",
    "argument",
    "a . b",
    "logging",
    "loki./* c */process",
];
const LABELS: &[&str] = &["\"default\"", "\"x_1\"", "\"\"", "\"A\"", "\"Ünder\""];
const ODD_LABELS: &[&str] =
    &["\"a-b\"", "\"1\"", "`a`", "a", "\"a.b\"", "\"a\" \"b\"", "\"\\u0061\"", "\"true\"", "\"日本\""];
const LITERALS: &[&str] = &[
    "1",
    "0",
    "1.5",
    "1e3",
    ".5",
    "017",
    "\"text\"",
    "\"\"",
    "`raw`",
    "`a\nb`",
    "\"\\u00e9\\n\\t\\\"\\\\\"",
    "\"\\x41\"",
    "\"\\101\"",
    "\"\\U0001F600\"",
    "\"{{ inventory_hostname }}\"",
    "true",
    "false",
    "null",
    "\"é\"",
    "12345678901234567890",
];
const ODD_LITERALS: &[&str] = &[
    "'a'",
    "\"a\nb\"",
    "\"\\q\"",
    "\"\\400\"",
    "\"\\ud800\"",
    "1e",
    "1.2.3",
    "0x1F",
    "0b1",
    "1_000",
    "\"a",
    "`a",
    "08",
    "\"\\U00110000\"",
    "1a",
    "1.",
    "\"\\'\"",
    "\"\\x4\"",
    "TRUE",
];
const BINARY: &[&str] = &["+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "&&", "||"];
const ODD_BINARY: &[&str] = &["=", "&", "|", "===", "!", "**", "and", "??", ":"];

/// One configuration.
pub(super) fn config(random: &mut Random) -> String {
    let mut make = Make { random, out: String::new() };
    if make.random.below(50) == 0 {
        make.put("\u{feff}");
    }
    let most = make.random.below(4);
    make.body(3, most);
    if make.random.percent(20) {
        make.out = make.out.trim_end().to_owned();
    }
    make.out
}

struct Make<'r> {
    random: &'r mut Random,
    out: String,
}

impl Make<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn one(&mut self, good: &[&'static str], odd: &[&'static str]) {
        let from = if self.random.below(200) == 0 { odd } else { good };
        let text = self.random.word(from);
        self.put(text);
    }

    fn sign(&mut self, text: &str) {
        self.gap();
        self.put(text);
        self.gap();
    }

    /// What may stand between two tokens of a statement.
    fn gap(&mut self) {
        let gap = match self.random.below(40) {
            0..12 => " ",
            12 => "\t",
            13 => " /* c */ ",
            14 => "\r",
            _ => "",
        };
        self.put(gap);
    }

    /// A gap that may hold line ends, where the language allows them.
    fn line_gap(&mut self) {
        let gap = match self.random.below(16) {
            0..3 => "\n",
            3 => " // c\n",
            4 => "\r\n",
            5 => "\n\n",
            6 => "/* a\nb */",
            _ => "",
        };
        self.put(gap);
        self.gap();
    }

    fn body(&mut self, depth: usize, most: usize) {
        for _ in 0..=most {
            self.line_gap();
            if self.random.percent(if depth > 0 { 55 } else { 0 }) {
                self.block(depth);
            } else {
                self.attribute();
            }
            let end = match self.random.below(120) {
                0..5 => " // end\n",
                5..9 => "\r\n",
                9 => ";",
                10 => " ",
                _ => "\n",
            };
            self.put(end);
        }
    }

    fn attribute(&mut self) {
        self.one(NAMES, ODD_NAMES);
        self.sign("=");
        self.expression(3);
    }

    fn block(&mut self, depth: usize) {
        self.one(BLOCKS, ODD_NAMES);
        self.put(" ");
        if self.random.percent(50) {
            self.one(LABELS, ODD_LABELS);
            self.put(" ");
        }
        self.put("{");
        if self.random.percent(10) {
            self.gap();
        } else {
            if self.random.percent(95) {
                self.put("\n");
            }
            let most = self.random.below(3);
            self.body(depth - 1, most);
        }
        self.put("}");
    }

    fn expression(&mut self, depth: usize) {
        match self.random.below(if depth > 0 { 16 } else { 6 }) {
            0..4 => self.one(LITERALS, ODD_LITERALS),
            4 | 5 => self.one(NAMES, ODD_NAMES),
            6 => {
                let sign = self.random.word(&["-", "!", "- -", "!!"]);
                self.put(sign);
                self.expression(depth - 1);
            }
            7 => {
                self.sign("(");
                self.line_gap();
                self.expression(depth - 1);
                self.sign(")");
            }
            8 | 9 => {
                self.expression(depth - 1);
                self.gap();
                self.one(BINARY, ODD_BINARY);
                self.line_gap();
                self.expression(depth - 1);
            }
            10 | 11 => self.array(depth - 1),
            12 | 13 => self.object(depth - 1),
            _ => self.access(depth - 1),
        }
    }

    fn array(&mut self, depth: usize) {
        self.sign("[");
        self.line_gap();
        let count = self.random.below(4);
        for at in 0..count {
            self.expression(depth);
            if at + 1 < count || self.random.percent(30) {
                self.sign(",");
                self.line_gap();
            }
        }
        if self.random.below(100) == 0 {
            self.line_gap();
        }
        self.put("]");
    }

    fn object(&mut self, depth: usize) {
        self.sign("{");
        self.line_gap();
        let count = self.random.below(4);
        for at in 0..count {
            if self.random.percent(75) {
                self.one(NAMES, ODD_NAMES);
            } else {
                self.one(&["\"a b\"", "\"job\""], ODD_LABELS);
            }
            self.sign("=");
            self.expression(depth);
            if at + 1 < count || self.random.percent(50) {
                self.sign(",");
                self.line_gap();
            }
        }
        self.put("}");
    }

    fn access(&mut self, depth: usize) {
        self.one(NAMES, ODD_NAMES);
        for _ in 0..=self.random.below(3) {
            match self.random.below(4) {
                0 | 1 => {
                    self.gap();
                    self.put(".");
                    self.gap();
                    self.one(NAMES, ODD_NAMES);
                }
                2 => {
                    self.sign("[");
                    self.expression(depth);
                    self.sign("]");
                }
                _ => {
                    self.sign("(");
                    let count = self.random.below(3);
                    for at in 0..count {
                        self.expression(depth);
                        if at + 1 < count || self.random.percent(10) {
                            self.sign(",");
                            self.line_gap();
                        }
                    }
                    self.put(")");
                }
            }
        }
    }
}
