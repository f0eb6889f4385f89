//! Queries made from the whole grammar of `LogQL`, now and then with a part that does not belong.

use crate::random::Random;

const NAMES: &[&str] = &[
    "job",
    "service",
    "component",
    "hostname",
    "level",
    "status",
    "jöb",
    "_x",
    "a1",
    "Job",
    "__error__",
    "ip",
    "bytes",
    "duration",
    "rate",
    "sum",
    "vector",
    "min",
    "count_over_time",
];
const ODD_NAMES: &[&str] = &[
    "by", "on", "or", "bool", "unwrap", "a.b", "a-b", "1a", "\"job\"", "日", "offset", "$x", "", "json", "keep", "of",
];
const VALUES: &[&str] = &[
    "\"kairos\"",
    "`kairos`",
    "\"a\"",
    "\"\"",
    "``",
    "\"kai\\x72os\"",
    "\"k\\141iros\"",
    "\"\\u00e9\\n\\\"\"",
    "\"日\"",
    "\"a|b\"",
    "\"a b\"",
    "\"\\xff\"",
    "`a\\nb`",
    "\"#\"",
    "\"//\"",
    "\"{}\"",
];
const ODD_VALUES: &[&str] =
    &["'a'", "\"a", "`a", "\"\\q\"", "\"\\400\"", "\"a\nb\"", "`a\nb`", "a", "5", "\"\0\"", "\"\\0\""];
const REGEXES: &[&str] = &[
    "\".+\"",
    "\"a|b\"",
    "\"kairos.*\"",
    "`(a|b)?c`",
    "\".*\"",
    "\"|a\"",
    "\"(?i)a\"",
    "\"[a-z]{2,3}\"",
    "`\\d+`",
    "\"a\\\\.b\"",
    "\"\"",
    "\"^a$\"",
    "`\\pL+`",
    "\"(?P<x>a)\"",
    "`[[:alpha:]]`",
    "\"a{2}\"",
    "`\\p{Greek}`",
];
const ODD_REGEXES: &[&str] = &[
    "\"(\"",
    "\"[\"",
    "\"*\"",
    "`a{1001}`",
    "`\\Z`",
    "`(?<x>a)`",
    "`(?=a)`",
    "\"a**\"",
    "`\\8`",
    "`\\pp`",
    "`\\p{greek}`",
    "`\\p{Grek}`",
    "`\\p{Letter}`",
    "`\\p{Alphabetic}`",
];
const DURATIONS: &[&str] = &["5m", "1h30m", "500ms", "10us", "5µs", "1.5h", "0s", "3ns", "1h0m5s", "1d"];
const INTERVALS: &[&str] = &["5m", "1h30m", "500ms", "1d", "1w", "0s", "1y", "1h0m5s"];
const ODD_DURATIONS: &[&str] = &["5", "m", "5x", "-5m", "5m:1m", "$__interval", "5 m", "1_0m", "5M", "1h-5m", ""];
const BYTES: &[&str] = &["5KB", "1.5MiB", "10b", "3kb", "2TB", "5B", "1GiB", "1e3KB"];
const NUMBERS: &[&str] = &[
    "1", "0.5", "100", "1e3", ".5", "1.", "0x1F", "0b11", "0o17", "017", "1_000", "-1", "+2", "0x1p4", "1E-2", "0",
    "99",
];
const ODD_NUMBERS: &[&str] =
    &["08", "1e", "0x", "0b2", "1__0", "Inf", "NaN", "- 1", "--1", "1.2.3", "0xg", "1_", "5PB"];
const TEMPLATES: &[&str] = &[
    "\"{{.job}}\"",
    "`{{ .job | ToUpper }}`",
    "\"x\"",
    "`{{ if eq .job \"a\" }}b{{ end }}`",
    "\"\"",
    "`{{ index . \"a\" }}`",
    "`{{ range $i, $e := .x }}{{ end }}`",
    "`{{ __line__ }}`",
    "`{{- .a -}}`",
    "`{{ printf \"%s\" .a }}`",
];
const ODD_TEMPLATES: &[&str] = &["\"{{\"", "`{{ .a `", "`{{ nofunc .a }}`", "`{{ end }}`", "`{{ . | }}`", "`{{ if }}`"];
const RANGES: &[&str] =
    &["count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time", "RATE", "Count_Over_Time"];
const UNWRAPPED: &[&str] = &[
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "stdvar_over_time",
    "stddev_over_time",
    "first_over_time",
    "last_over_time",
    "rate",
    "rate_counter",
    "absent_over_time",
    "quantile_over_time",
];
const VECTORS: &[&str] = &[
    "sum",
    "avg",
    "max",
    "min",
    "count",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "sort",
    "sort_desc",
    "approx_topk",
    "SUM",
];
const BINARY: &[&str] = &["or", "and", "unless", "+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<=", "AND"];

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

struct Make<'r> {
    random: &'r mut Random,
    out: String,
}

impl Make<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A part, from the odd ones once in a hundred.
    fn one(&mut self, good: &[&'static str], odd: &[&'static str]) {
        let from = if self.random.below(150) == 0 && !odd.is_empty() { odd } else { good };
        let text = self.random.word(from);
        self.put(text);
        self.gap();
    }

    fn sign(&mut self, text: &str) {
        self.put(text);
        self.gap();
    }

    /// A keyword, set off from what stands before and behind it, rarely in capitals.
    fn keyword(&mut self, text: &str) {
        self.put(" ");
        if self.random.percent(2) {
            self.out.push_str(&text.to_uppercase())
        } else {
            self.put(text)
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

    fn name(&mut self) {
        self.one(NAMES, ODD_NAMES);
    }

    fn list(&mut self, most: usize, item: impl Fn(&mut Self)) {
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
            self.one(REGEXES, ODD_REGEXES);
        }
    }

    fn selector(&mut self) {
        self.sign("{");
        if self.random.percent(90) {
            self.sign("job=\"kairos\"");
            if self.random.percent(50) {
                self.sign(",");
                self.list(2, Self::matcher);
            }
        } else if self.random.percent(90) {
            self.list(3, Self::matcher);
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

    fn pipeline(&mut self, most: usize) {
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
                self.one(&["\"<_> a\"", "`a <_> b <_>`", "\"a\"", "`<_>`"], &["`<_><_>`", "\"<a> <a>\"", "\"\""])
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

    fn filter(&mut self, depth: usize) {
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

    /// What a range aggregation reads. The range stands before or behind the pipeline.
    fn range(&mut self, unwrap: bool) {
        let early = self.random.percent(15);
        let wrapped = !early && self.random.percent(10);
        if wrapped {
            self.sign("(");
        }
        self.selector();
        if early {
            self.interval();
        }
        self.pipeline(2);
        if unwrap {
            self.unwrap();
        }
        if wrapped {
            self.sign(")");
        }
        if !early {
            self.interval();
        }
    }

    fn interval(&mut self) {
        self.put("[");
        let odd = self.random.below(150) == 0;
        let text = self.random.word(if odd { ODD_DURATIONS } else { INTERVALS });
        self.put(text);
        self.sign("]");
        if self.random.percent(8) {
            self.keyword("offset");
            self.one(&["5m", "-1h", "1d"], ODD_DURATIONS);
        }
    }

    fn unwrap(&mut self) {
        self.sign("|");
        self.keyword("unwrap");
        if self.random.percent(30) {
            let conversion = self.random.word(&["duration", "bytes", "duration_seconds", "Bytes"]);
            self.sign(conversion);
            self.sign("(");
            self.name();
            self.sign(")");
        } else {
            self.name();
        }
        if self.random.percent(20) {
            self.sign("|");
            self.filter(1);
        }
    }

    fn grouping(&mut self) {
        let word = if self.random.percent(75) { "by" } else { "without" };
        self.keyword(word);
        self.sign("(");
        if self.random.percent(92) {
            self.list(3, Self::name);
        }
        self.sign(")");
    }

    fn range_aggregation(&mut self) {
        let unwrap = self.random.percent(35);
        let function = self.random.word(if unwrap { UNWRAPPED } else { RANGES });
        self.sign(function);
        self.sign("(");
        if (function == "quantile_over_time") != (self.random.below(150) == 0) {
            self.one(&["0.99", "0.5", "1", "1e-2"], ODD_NUMBERS);
            self.sign(",");
        }
        self.range(unwrap);
        self.sign(")");
        if unwrap && self.random.percent(30) || self.random.percent(1) {
            self.grouping();
        }
    }

    fn vector_aggregation(&mut self, depth: usize) {
        let function = self.random.word(VECTORS);
        let odd = self.random.below(150) == 0;
        self.sign(function);
        let plain = function.starts_with("sort") || function == "approx_topk";
        let place = if plain && !odd { 2 } else { self.random.below(3) };
        if place == 0 {
            self.grouping();
        }
        self.sign("(");
        if function.contains("topk") || function == "bottomk" || odd {
            self.one(&["1", "5", "10"], &["0", "-1", "1.5", "x", "1e2", "0x1"]);
            self.sign(",");
        }
        self.metric(depth);
        self.sign(")");
        if place == 1 {
            self.grouping();
        }
    }

    fn metric(&mut self, depth: usize) {
        match self.random.below(if depth > 0 { 20 } else { 8 }) {
            0..7 => self.range_aggregation(),
            7 => match self.random.below(2) {
                0 => self.one(NUMBERS, ODD_NUMBERS),
                _ => self.one(&["vector(1)", "vector(0.5)", "vector ( 2 )"], &["vector()", "vector(-1)", "vector"]),
            },
            8..14 => self.vector_aggregation(depth - 1),
            14..17 => {
                self.metric(depth - 1);
                self.binary();
                self.metric(depth - 1);
            }
            17 => {
                self.sign("(");
                self.metric(depth - 1);
                self.sign(")");
            }
            _ => self.label_replace(depth - 1),
        }
    }

    fn binary(&mut self) {
        let op = self.random.word(BINARY);
        self.keyword(op);
        if self.random.percent(10) {
            self.keyword("bool");
        }
        if self.random.percent(20) {
            let word = self.random.word(&["on", "ignoring"]);
            self.keyword(word);
            self.sign("(");
            if self.random.percent(90) {
                self.list(2, Self::name);
            }
            self.sign(")");
            if self.random.percent(30) {
                let word = self.random.word(&["group_left", "group_right"]);
                self.keyword(word);
                if self.random.percent(60) {
                    self.sign("(");
                    if self.random.percent(80) {
                        self.list(2, Self::name);
                    }
                    self.sign(")");
                }
            }
        }
    }

    fn label_replace(&mut self, depth: usize) {
        self.sign("label_replace");
        self.sign("(");
        self.metric(depth);
        self.sign(",");
        self.one(&["\"job\"", "`x`", "\"a_b\""], &["\"\"", "\"a-b\"", "\"1\""]);
        self.sign(",");
        self.one(&["\"$1\"", "\"x\"", "\"${a}\""], ODD_VALUES);
        self.sign(",");
        self.one(&["\"job\"", "\"x\"", "\"\""], &["\"a-b\"", "job"]);
        self.sign(",");
        self.one(REGEXES, ODD_REGEXES);
        self.sign(")");
    }

    fn variants(&mut self) {
        self.sign("variants");
        self.sign("(");
        self.list(2, Self::range_aggregation);
        self.sign(")");
        self.keyword("of");
        self.sign("(");
        self.range(false);
        self.sign(")");
    }
}
