//! Queries made at random about one world: most concern the job that moves, in every way a query can name a label.
//!
//! Knows: `LogQL`, names of the world. Must not know: what becomes of a query.

use crate::random::Random;

use super::lines::{FIELD, STYLES, Style};

/// Names that queries are made of.
pub(crate) struct Names {
    /// `job` values of what moves.
    pub(crate) jobs: Vec<String>,
    /// Other `job` values.
    pub(crate) other_jobs: Vec<String>,
    /// All projects.
    pub(crate) projects: Vec<String>,
    /// All hosts by their inventory names.
    pub(crate) hosts: Vec<String>,
    /// The host on which something moves.
    pub(crate) host: String,
    /// How most lines are written.
    pub(crate) style: Style,
}

/// Jobs that no repository knows.
pub(crate) const GHOSTS: [&str; 2] = ["ghost", "elsewhere"];

const JSON: &[&str] = &["json", "json", "json", "json level, svc=\"service\"", "json job, lvl=\"level\"", "unpack"];
const LOGFMT: &[&str] = &["logfmt", "logfmt", "logfmt", "logfmt level, service", "logfmt --strict"];
const PLAIN: &[&str] =
    &[r"regexp `id.{1,3}(?P<id>n\d+)`", "pattern `<first> <_>`", "regexp `(?P<level>info|error|warn)`"];
const LINES: &[&str] = &[
    "|= \"error\"",
    "!= \"debug\"",
    "|~ \"(?i)error|warn\"",
    "|= `request` != `cache`",
    "!~ \"n1.\"",
    "|> `<_>done<_>`",
    "|= \"error\" or \"job\"",
];
const FILTERS: &[&str] = &[
    "level=\"error\"",
    "level=~\"error|warn\"",
    "status >= 500",
    "took > 0.5",
    "dur > 100ms",
    "level!=\"debug\" and status=\"200\"",
    "__error__=\"\"",
    "size < 50KB or level=\"info\"",
    "(level=\"info\", took < 1)",
];
const RANGES: &[&str] = &["[1m]", "[1m]", "[30s]", "[5m]", "[$__auto]", "[1m] offset 10s"];
const COUNTS: &[&str] = &["rate", "count_over_time", "bytes_rate", "bytes_over_time"];
const UNWRAPS: &[&str] = &[
    "sum_over_time",
    "avg_over_time",
    "max_over_time",
    "min_over_time",
    "first_over_time",
    "last_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "quantile_over_time",
    "rate",
];
const SUMS: &[&str] = &["sum", "sum", "sum", "count", "max", "min", "avg", "topk", "bottomk", "sort_desc", "stddev"];

/// One query.
pub(crate) fn query(random: &mut Random, names: &Names) -> String {
    let mut make = Make { random, names, out: String::new() };
    if make.random.percent(35) {
        make.log();
    } else {
        make.metric(2);
    }
    // One variable of the two in one query.
    if make.out.contains("$which") { make.out.replace("$job", "$which") } else { make.out }
}

/// One query that a rule may hold.
pub(crate) fn metric(random: &mut Random, names: &Names) -> String {
    let mut make = Make { random, names, out: String::new() };
    make.metric(2);
    let text = make.out.replace("[$__auto]", "[1m]").replace("$hostname", ".+");
    // A rule knows no variables.
    text.replace("$job", &names.jobs[0]).replace("$which", &names.jobs[0])
}

struct Make<'r> {
    random: &'r mut Random,
    names: &'r Names,
    out: String,
}

impl Make<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn job(&mut self) -> String {
        self.random.pick(&self.names.jobs).clone()
    }

    /// Another job; a name nobody has where there is none.
    fn other(&mut self) -> String {
        if self.names.other_jobs.is_empty() || self.random.percent(8) {
            return self.random.word(&GHOSTS).to_owned();
        }
        self.random.pick(&self.names.other_jobs).clone()
    }

    /// A value as a string.
    fn quoted(&mut self, value: &str) -> String {
        match self.random.below(40) {
            0..6 => format!("`{value}`"),
            6 if value.starts_with('k') => format!("\"\\x6b{}\"", &value[1..]),
            _ => format!("{value:?}"),
        }
    }

    /// A comparison with `job`, and whether it needs no company in a selector.
    fn on_job(&mut self) -> (String, bool) {
        let (job, other) = (self.job(), self.other());
        let (sign, value, alone) = match self.random.below(100) {
            0..40 => ("=", job, true),
            40..46 => ("=", other, true),
            46..58 if self.random.percent(50) => ("=~", format!("{job}|{other}"), true),
            46..58 => ("=~", format!("{other}|{job}"), true),
            58..62 => ("=~", job, true),
            62..65 => ("=~", format!("{job}.*"), true),
            65..67 => ("=~", format!("({job}|{other})"), true),
            67..70 => ("=~", self.names.jobs.join("|"), true),
            70..72 => ("=~", ".+".to_owned(), true),
            72 => ("=~", ".*".to_owned(), false),
            73..81 => ("!=", job, false),
            81..86 => ("!~", format!("{job}|{other}"), false),
            86..88 => ("!~", format!("{job}.*"), false),
            88..92 => ("!=", other, false),
            92..94 => ("!=", String::new(), true),
            94 => ("=", String::new(), false),
            95 => ("=~", format!("|{job}"), false),
            96 => ("=~", "$job".to_owned(), true),
            97 => (if self.random.percent(50) { "=" } else { "=~" }, "$which".to_owned(), true),
            _ => ("=~", format!("{}.+", &job[..2]), true),
        };
        let value = self.quoted(&value);
        (format!("job{sign}{value}"), alone)
    }

    /// Any other matcher, and whether it needs no company.
    fn beside(&mut self) -> (String, bool) {
        let host = self.random.pick(&self.names.hosts).clone();
        let at = self.names.host.clone();
        match self.random.below(21) {
            20 => (self.random.word(&["tier=\"public\"", "tier=~\"public|private\""]).to_owned(), true),
            0..6 => (format!("hostname={}", self.quoted(&at)), true),
            6..8 => (format!("hostname={}", self.quoted(&host)), true),
            8 => (format!("hostname=~\"{}|{host}\"", at.replace('.', "\\\\.")), true),
            9 => (format!("hostname=~\"{}.*\"", &at[..3]), true),
            10..12 => ("hostname=~\"$hostname\"".to_owned(), true),
            12 => (format!("hostname!=\"{host}\""), false),
            13..16 => ("environment=\"prod\"".to_owned(), true),
            16 => ("environment=~\"prod|test\"".to_owned(), true),
            17 => ("component!=\"web\"".to_owned(), false),
            18 => (format!("service!={:?}", self.random.pick(&self.names.projects)), false),
            _ => ("filename=\"\"".to_owned(), false),
        }
    }

    fn selector(&mut self) {
        let mut parts = Vec::new();
        match self.random.below(100) {
            0..86 => parts.push(self.on_job()),
            86..89 => {
                parts.push(self.on_job());
                parts.push(self.on_job());
            }
            89..91 => {
                let name = self.random.pick(&self.names.projects).clone();
                parts.push((format!("service={name:?}"), true));
            }
            91..94 => {
                let (job, other) = (self.job(), self.other());
                let text = self.random.pick(&[format!("={job:?}"), format!("=~\"{job}|{other}\"")]).clone();
                parts.push((format!("service_name{text}"), true));
            }
            _ => {}
        }
        while self.random.percent(35) && parts.len() < 4 {
            let part = self.beside();
            parts.push(part);
        }
        if !parts.iter().any(|(_, alone)| *alone) {
            parts.push((format!("hostname={:?}", self.names.host.clone()), true));
        }
        if self.random.percent(40) {
            self.random.shuffle(&mut parts);
        }
        let by = if self.random.percent(85) { ", " } else { "," };
        let text = parts.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(by);
        self.put(&format!("{{{text}}}"));
    }

    /// A label filter that names a stream label or a field of that name.
    fn naming(&mut self) -> String {
        let (job, other) = (self.job(), self.other());
        match self.random.below(12) {
            0..3 => format!("job={job:?}"),
            3 => format!("job=~\"{job}|{other}\""),
            4 => format!("job!={job:?}"),
            5 => format!("job={job:?} or job={other:?}"),
            6 => format!("(job={job:?} or level=\"error\")"),
            7 => format!("service=\"{FIELD}service0\""),
            8 => format!("component=~\"{FIELD}.*\""),
            9 => format!("service_extracted=\"{FIELD}service1\""),
            10 => format!("job_extracted=\"{FIELD}job1\""),
            _ => format!("job!~\"{other}|x\""),
        }
    }

    /// Mostly one that can read the lines.
    fn parser(&mut self) -> &'static str {
        let style = if self.random.percent(80) { self.names.style } else { *self.random.pick(STYLES) };
        self.random.word(match style {
            Style::Json => JSON,
            Style::Logfmt => LOGFMT,
            Style::Plain => PLAIN,
        })
    }

    fn stage(&mut self) {
        let text = match self.random.below(20) {
            0..4 => self.random.word(LINES).to_owned(),
            4..8 => format!("| {}", self.parser()),
            8..11 => format!("| {}", self.random.word(FILTERS)),
            11..15 => format!("| {}", self.naming()),
            15 => format!(
                "| {}",
                self.random.word(&[
                    "label_format app=job",
                    "label_format app=`{{.job}}/{{.level}}`",
                    "label_format lvl=level",
                    "label_format job=level",
                    "label_format app=service, lvl=`{{.level}}`",
                ])
            ),
            16 | 17 => {
                let job = self.job();
                let forms = [
                    "line_format \"{{.job}} {{.msg}}\"".to_owned(),
                    "line_format `{{.hostname}} {{ .level | ToUpper }}`".to_owned(),
                    format!("line_format `{{{{if eq .job \"{job}\"}}}}a{{{{else}}}}b{{{{end}}}} {{{{.msg}}}}`"),
                    "line_format `{{.service}}: {{.id}}`".to_owned(),
                    "line_format `{{ __line__ }} {{ index . \"job\" }}`".to_owned(),
                ];
                format!("| {}", self.random.pick(&forms))
            }
            18 => format!(
                "| {}",
                self.random.word(&["keep job", "keep job, level", "keep level", "keep hostname, job=~\".+\""])
            ),
            _ => format!(
                "| {}",
                self.random.word(&["drop job", "drop hostname", "drop level, job", "drop __error__", "decolorize"])
            ),
        };
        self.put(" ");
        self.put(&text);
    }

    fn pipeline(&mut self, most: usize) {
        for _ in 0..self.random.below(most + 1) {
            self.stage();
        }
    }

    fn log(&mut self) {
        self.selector();
        self.pipeline(4);
    }

    fn labels(&mut self) -> String {
        let mut list = vec![self.random.word(&[
            "job",
            "job",
            "job",
            "hostname",
            "level",
            "service",
            "component",
            "service_name",
            "environment",
            "app",
        ])];
        while self.random.percent(35) {
            list.push(self.random.word(&["job", "level", "hostname", "status", "container", "filename"]));
        }
        list.dedup();
        list.join(", ")
    }

    fn grouping(&mut self) -> String {
        let word = if self.random.percent(80) { "by" } else { "without" };
        format!("{word} ({})", self.labels())
    }

    fn range(&mut self) {
        let unwrap = self.random.percent(25);
        let absent = self.random.percent(4);
        let function =
            if absent { "absent_over_time" } else { self.random.word(if unwrap { UNWRAPS } else { COUNTS }) };
        self.put(function);
        self.put(if function == "quantile_over_time" { "(0.9, " } else { "(" });
        self.selector();
        if unwrap {
            let parser = if self.names.style == Style::Json { "json" } else { "logfmt" };
            self.put(&format!(" | {parser} | __error__=\"\""));
            self.pipeline(1);
            let unwrap = self.random.word(&["took", "took", "duration(dur)", "bytes(size)", "status"]);
            self.put(&format!(" | unwrap {unwrap} | __error__=\"\""));
        } else {
            self.pipeline(2);
            if self.random.percent(70) {
                self.put(" | __error__=\"\"");
            }
        }
        let range = self.random.word(RANGES);
        self.put(&format!(" {range})"));
        let own = unwrap && !absent && !matches!(function, "sum_over_time" | "rate");
        if own && self.random.percent(40) {
            let grouping = self.grouping();
            self.put(&format!(" {grouping}"));
        }
    }

    fn metric(&mut self, depth: usize) {
        match self.random.below(if depth == 0 { 7 } else { 20 }) {
            0..7 => self.range(),
            7..14 => self.aggregation(depth - 1),
            14..17 => self.binary(depth - 1),
            17 => {
                self.put("label_replace(");
                self.metric(depth - 1);
                let (job, rest) = (self.job(), self.random.below(4));
                self.put(&match rest {
                    0 => format!(", \"app\", \"$1\", \"job\", \"({}.*)\")", &job[..2]),
                    1 => ", \"app\", \"$1-x\", \"job\", \"(.+)\")".to_owned(),
                    2 => ", \"job\", \"fixed\", \"\", \".*\")".to_owned(),
                    _ => ", \"host\", \"$1\", \"hostname\", \"([^.]+).*\")".to_owned(),
                });
            }
            18 => {
                self.put("(");
                self.metric(depth - 1);
                let rest = self.random.word(&["> 1", ">= bool 2", "* 100", "/ 60", "or vector(0)", "== 0"]);
                self.put(&format!(") {rest}"));
            }
            _ => {
                self.put("sum(");
                self.metric(depth - 1);
                self.put(")");
            }
        }
    }

    fn aggregation(&mut self, depth: usize) {
        let function = self.random.word(SUMS);
        let mut grouping = if self.random.percent(75) { self.grouping() } else { String::new() };
        if function == "sort_desc" {
            grouping.clear();
        }
        let behind = self.random.percent(40);
        self.put(function);
        if !behind && !grouping.is_empty() {
            self.put(&format!(" {grouping} "));
        }
        self.put(if function.ends_with('k') { "(2, " } else { "(" });
        self.metric(depth);
        self.put(")");
        if behind && !grouping.is_empty() {
            self.put(&format!(" {grouping}"));
        }
    }

    fn binary(&mut self, depth: usize) {
        let side = |make: &mut Self| {
            if make.random.percent(60) { make.aggregation(depth) } else { make.metric(depth) }
        };
        side(self);
        let operator = self.random.word(&["/", "/", "+", "-", "or", "and", "unless", ">"]);
        let matching = match self.random.below(10) {
            0 | 1 => "on(job) ",
            2 => "ignoring(level) ",
            3 => "on(hostname) ",
            4 if !matches!(operator, "or" | "and" | "unless") => "on(job) group_left(level) ",
            5 => "ignoring(job) ",
            _ => "",
        };
        self.put(&format!(" {operator} {matching}"));
        side(self);
    }
}
