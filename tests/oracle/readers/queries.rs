//! Queries made from the whole grammar of `LogQL`, now and then with a part that does not belong.

use crate::random::Random;

use super::words::{
    BYTES, DURATIONS, NAMES, NUMBERS, ODD_DURATIONS, ODD_NAMES, ODD_NUMBERS, ODD_PROPERTIES, ODD_REGEXES,
    ODD_TEMPLATES, ODD_VALUES, REGEXES, TEMPLATES, VALUES,
};

/// One query.
pub(super) fn query(random: &mut Random) -> String {
    let mut make = Make { random, out: String::new() };
    match make.random.below(20) {
        0..8 => make.log(),
        8..19 => make.metric(3),
        _ => make.variants(),
    }
    if make.random.percent(2) {
        make.put(" # end");
    }
    make.out
}

pub(super) struct Make<'r> {
    pub(super) random: &'r mut Random,
    out: String,
}

impl Make<'_> {
    pub(super) fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A part, from the odd ones once in a hundred.
    pub(super) fn one(&mut self, good: &[&'static str], odd: &[&'static str]) {
        let from = if self.random.below(150) == 0 && !odd.is_empty() { odd } else { good };
        let text = self.random.word(from);
        self.put(text);
        self.gap();
    }

    pub(super) fn sign(&mut self, text: &str) {
        self.put(text);
        self.gap();
    }

    /// A keyword, set off from what stands before and behind it, rarely in capitals.
    pub(super) fn keyword(&mut self, text: &str) {
        self.put(" ");
        if self.random.percent(2) {
            self.out.push_str(&text.to_uppercase());
        } else {
            self.put(text);
        }
        self.put(" ");
    }

    /// What may stand between any two tokens.
    fn gap(&mut self) {
        let gap = match self.random.below(60) {
            0..10 => " ",
            10 => "\n",
            11 => "\t",
            12 => " # c {a=\"b\"}\n",
            13 => " /* c */ ",
            14 => " // c\n",
            _ => "",
        };
        self.put(gap);
    }

    pub(super) fn name(&mut self) {
        self.one(NAMES, ODD_NAMES);
    }

    pub(super) fn list(&mut self, most: usize, item: impl Fn(&mut Self)) {
        for at in 0..=self.random.below(most) {
            if at > 0 {
                self.sign(",");
            }
            item(self);
        }
        if self.random.below(200) == 0 {
            self.sign(",");
        }
    }

    fn matcher(&mut self) {
        self.name();
        if self.random.percent(60) {
            let op = if self.random.percent(70) { "=" } else { "!=" };
            self.sign(op);
            self.one(VALUES, ODD_VALUES);
        } else {
            let op = if self.random.percent(70) { "=~" } else { "!~" };
            self.sign(op);
            let odd = if self.random.percent(50) { ODD_REGEXES } else { ODD_PROPERTIES };
            self.one(REGEXES, odd);
        }
    }

    pub(super) fn selector(&mut self) {
        self.sign("{");
        match self.random.below(100) {
            0..90 => {
                self.sign("job=\"kairos\"");
                if self.random.percent(50) {
                    self.sign(",");
                    self.list(2, Self::matcher);
                }
            }
            90..99 => self.list(3, Self::matcher),
            _ => {}
        }
        self.sign("}");
    }

    fn log(&mut self) {
        let wrapped = self.random.percent(5);
        if wrapped {
            self.sign("(");
        }
        self.selector();
        self.pipeline(3);
        if wrapped {
            self.sign(")");
        }
    }

    pub(super) fn pipeline(&mut self, most: usize) {
        for _ in 0..self.random.below(most + 1) {
            if self.random.percent(35) { self.line_filter() } else { self.stage() }
        }
    }

    fn line_filter(&mut self) {
        let op = self.random.word(&["|=", "!=", "|~", "!~", "|>", "!>"]);
        self.sign(op);
        match (op, self.random.below(12)) {
            (_, 0) => self.sign("ip(\"10.0.0.0/8\")"),
            ("|~" | "!~", _) => self.one(REGEXES, ODD_REGEXES),
            ("|>" | "!>", _) => {
                self.one(&["\"<_> a\"", "`a <_> b <_>`", "\"a\"", "`<_>`"], &["`<_><_>`", "\"<a> <a>\"", "\"\""]);
            }
            _ => self.one(VALUES, ODD_VALUES),
        }
        while self.random.percent(12) {
            self.keyword("or");
            if self.random.percent(10) { self.sign("ip(\"::1\")") } else { self.one(VALUES, ODD_VALUES) }
        }
    }

    fn stage(&mut self) {
        self.sign("|");
        match self.random.below(14) {
            0 => self.extraction("json"),
            1 => self.extraction("logfmt"),
            2 => {
                self.keyword("regexp");
                self.one(
                    &["\"(?P<a>x)\"", "`(?P<job>\\w+) (?P<b>.*)`", "\"(?P<a>x)|(?P<b>y)\""],
                    &["\"x\"", "`(?P<a>x)(?P<a>y)`", "\"(?P<a\"", "`(?P<1>x)`", "\"(\""],
                );
            }
            3 => {
                self.keyword("pattern");
                self.one(
                    &["\"<a> <b>\"", "`<_> <job>`", "`[<a>] <_>`", "\"a <b>\""],
                    &["\"<a><b>\"", "\"a\"", "`<a> <a>`", "\"\"", "`<_>`", "`<1>`"],
                );
            }
            4 => self.keyword("unpack"),
            5 => self.keyword("decolorize"),
            6 => {
                self.keyword("line_format");
                self.one(TEMPLATES, ODD_TEMPLATES);
            }
            7 => {
                self.keyword("label_format");
                self.list(2, |make| {
                    make.name();
                    make.sign("=");
                    if make.random.percent(50) { make.name() } else { make.one(TEMPLATES, ODD_TEMPLATES) }
                });
            }
            8 | 9 => {
                let word = if self.random.percent(50) { "keep" } else { "drop" };
                self.keyword(word);
                self.list(2, |make| if make.random.percent(60) { make.name() } else { make.matcher() });
            }
            _ => self.filter(3),
        }
    }

    fn extraction(&mut self, parser: &'static str) {
        self.keyword(parser);
        if parser == "logfmt" {
            for flag in ["--strict", "--keep-empty"] {
                if self.random.percent(10) {
                    self.keyword(flag);
                }
            }
        }
        if self.random.percent(35) {
            self.list(2, |make| {
                make.name();
                if make.random.percent(60) {
                    make.sign("=");
                    make.one(
                        &["\"a\"", "\"a.b\"", "`a[0]`", "\"a[\\\"b\\\"]\"", "`[\"a b\"]`"],
                        &["\"a[\"", "\"a b\"", "\"\"", "`.a`", "`a[x]`", "\"a..b\""],
                    );
                }
            });
        }
    }

    pub(super) fn filter(&mut self, depth: usize) {
        match self.random.below(if depth > 0 { 10 } else { 7 }) {
            0..4 => self.matcher(),
            4 => {
                self.name();
                let op = self.random.word(&["=", "!="]);
                self.sign(op);
                self.one(&["ip(\"10.0.0.1\")", "ip ( `::1-::5` )"], &["ip(\"x\")", "ip()", "ip"]);
            }
            5 | 6 => {
                self.name();
                let op = self.random.word(&[">", ">=", "<", "<=", "=", "==", "!="]);
                self.sign(op);
                match self.random.below(3) {
                    0 => self.one(DURATIONS, ODD_DURATIONS),
                    1 => self.one(BYTES, ODD_NUMBERS),
                    _ => self.one(NUMBERS, ODD_NUMBERS),
                }
            }
            7 => {
                self.sign("(");
                self.filter(depth - 1);
                self.sign(")");
            }
            _ => {
                self.filter(depth - 1);
                match self.random.below(4) {
                    0 => self.put(" "),
                    1 => self.sign(","),
                    2 => self.keyword("and"),
                    _ => self.keyword("or"),
                }
                self.filter(depth - 1);
            }
        }
    }
}
