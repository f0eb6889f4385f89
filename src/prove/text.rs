//! Two texts of a query by themselves.
//!
//! Knows: which stretch of time they look at, what they say without thresholds. Must not know: streams.

use super::world::Times;
use crate::logql_eval;
use crate::syntax::logql::BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
use crate::syntax::logql::{ExprKind, Query};
use crate::text::Span;

/// When the last moment is that is asked about.
const END: i64 = 1_700_000_000_000;

/// The windows of both texts.
pub(super) fn times(old: &Query<'_>, new: &Query<'_>) -> Times {
    let of = |query: &Query<'_>| query.logs().filter_map(|(_, log)| logql_eval::window(query, log)).collect::<Vec<_>>();
    let mut windows = of(old);
    windows.extend(of(new));
    windows.sort_unstable();
    windows.dedup();
    let step = windows.iter().map(|(length, _)| length / 3).min().unwrap_or(60_000).max(1);
    Times { windows, end: END, step }
}

/// The query without comparisons of series with a number.
pub(super) fn bare(query: &Query<'_>) -> Option<String> {
    let text = query.text();
    let mut cut: Vec<Span> = Vec::new();
    for (_, expr) in query.exprs() {
        let ExprKind::Binary { op, matching, left, right } = &expr.kind else { continue };
        let compares = matches!(op, Equal | NotEqual | Greater | GreaterEqual | Less | LessEqual);
        let number =
            matches!(query.expr(*right).kind, ExprKind::Number) && !matches!(query.expr(*left).kind, ExprKind::Number);
        if !compares || !number || matching.is_some() {
            continue;
        }
        let (from, to) = (query.expr(*left).span.end(), query.expr(*right).span);
        let sign = text.get(from..to.start())?.find(['=', '!', '<', '>'])? + from;
        if text.get(sign..to.start())?.contains('(') {
            continue;
        }
        cut.push(Span::new(sign, to.end()));
    }
    let mut out = text.to_owned();
    for span in &cut {
        out.replace_range(span.start()..span.end(), &" ".repeat(span.len()));
    }
    (!cut.is_empty()).then_some(out)
}
