//! Words that queries are made of. What is called odd Loki refuses, at least in some places.

pub(super) const NAMES: &[&str] = &[
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
pub(super) const ODD_NAMES: &[&str] = &[
    "by", "on", "or", "bool", "unwrap", "a.b", "a-b", "1a", "\"job\"", "日", "offset", "$x", "", "json", "keep", "of",
];
pub(super) const VALUES: &[&str] = &[
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
pub(super) const ODD_VALUES: &[&str] =
    &["'a'", "\"a", "`a", "\"\\q\"", "\"\\400\"", "\"a\nb\"", "`a\nb`", "a", "5", "\"\0\"", "\"\\0\""];
pub(super) const REGEXES: &[&str] = &[
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
pub(super) const ODD_REGEXES: &[&str] =
    &["\"(\"", "\"[\"", "\"*\"", "`a{1001}`", "`\\Z`", "`(?<x>a)`", "`(?=a)`", "\"a**\"", "`\\8`"];
/// Refused in matchers. `label_replace` goes by another regular expression engine, which takes some of them.
pub(super) const ODD_PROPERTIES: &[&str] =
    &["`\\pp`", "`\\p{greek}`", "`\\p{Grek}`", "`\\p{Letter}`", "`\\p{Alphabetic}`"];
pub(super) const DURATIONS: &[&str] = &["5m", "1h30m", "500ms", "10us", "5µs", "1.5h", "0s", "3ns", "1h0m5s", "1d"];
pub(super) const INTERVALS: &[&str] = &["5m", "1h30m", "500ms", "1d", "1w", "0s", "1y", "1h0m5s"];
pub(super) const ODD_DURATIONS: &[&str] =
    &["5", "m", "5x", "-5m", "5m:1m", "$__interval", "5 m", "1_0m", "5M", "1h-5m", ""];
pub(super) const BYTES: &[&str] = &["5KB", "1.5MiB", "10b", "3kb", "2TB", "5B", "1GiB", "1e3KB"];
pub(super) const NUMBERS: &[&str] = &[
    "1", "0.5", "100", "1e3", ".5", "1.", "0x1F", "0b11", "0o17", "017", "1_000", "-1", "+2", "0x1p4", "1E-2", "0",
    "99",
];
pub(super) const ODD_NUMBERS: &[&str] =
    &["08", "1e", "0x", "0b2", "1__0", "Inf", "NaN", "- 1", "--1", "1.2.3", "0xg", "1_", "5PB"];
pub(super) const TEMPLATES: &[&str] = &[
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
pub(super) const ODD_TEMPLATES: &[&str] =
    &["\"{{\"", "`{{ .a `", "`{{ nofunc .a }}`", "`{{ end }}`", "`{{ . | }}`", "`{{ if }}`"];
pub(super) const RANGES: &[&str] =
    &["count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time", "RATE", "Count_Over_Time"];
pub(super) const UNWRAPPED: &[&str] = &[
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
pub(super) const VECTORS: &[&str] = &[
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
pub(super) const BINARY: &[&str] =
    &["or", "and", "unless", "+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<=", "AND"];
