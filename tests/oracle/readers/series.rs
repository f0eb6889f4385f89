//! The part of a query that computes series: aggregations, binary operations, ranges.

use super::queries::Make;
use super::words::{
    BINARY, INTERVALS, NUMBERS, ODD_DURATIONS, ODD_NUMBERS, ODD_REGEXES, ODD_VALUES, RANGES, REGEXES, UNWRAPPED,
    VECTORS,
};

impl Make<'_> {
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

    pub(super) fn metric(&mut self, depth: usize) {
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

    pub(super) fn variants(&mut self) {
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
