//! A place as SARIF says it: a URI below the root of the repository, and a region counted in lines, characters and bytes.
//!
//! Knows: how SARIF counts (a byte order mark is no character of the text). Must not know: findings.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::text::{Place, Source};

/// The name of the repository's root.
pub(super) const ROOT: &str = "%SRCROOT%";
/// All but what RFC 3986 calls unreserved, and the slash between segments.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
const BOM: &str = "\u{feff}";
/// A longer text is not repeated.
const LONGEST_SNIPPET: usize = 2000;

/// The file.
pub(super) fn artifact(source: &Source) -> Value {
    json!({ "uri": utf8_percent_encode(source.path.as_str(), ESCAPED).to_string(), "uriBaseId": ROOT })
}

/// The file and the region in it.
pub(super) fn physical(place: &Place) -> Value {
    let mut region = region(place);
    let text = place.text();
    if !text.is_empty() && text.len() <= LONGEST_SNIPPET {
        region.insert("snippet".into(), json!({ "text": text }));
    }
    json!({ "artifactLocation": artifact(&place.source), "region": region })
}

/// Where a place starts and how long it is, thrice. Lines and columns are 1-based, offsets 0-based.
pub(super) fn region(place: &Place) -> Map<String, Value> {
    let (source, span) = (&place.source, place.span);
    let (start, end) = (source.position(span.start()), source.position(span.end()));
    let bom = source.bytes().starts_with(BOM.as_bytes());
    let column = |at: crate::text::Position| at.column - usize::from(bom && at.line == 1 && at.column > 1);
    let characters = |upto: usize| {
        let bytes = &source.bytes()[..upto.min(source.bytes().len())];
        let count = source.text().and_then(|text| text.get(..bytes.len())).map(|text| text.chars().count());
        let count = count.unwrap_or_else(|| String::from_utf8_lossy(bytes).chars().count());
        count - usize::from(bom && count > 0)
    };
    let offset = characters(span.start());
    let region = json!({
        "startLine": start.line,
        "startColumn": column(start),
        "endLine": end.line,
        "endColumn": column(end),
        "charOffset": offset,
        "charLength": characters(span.end()) - offset,
        "byteOffset": span.start(),
        "byteLength": span.len(),
    });
    match region {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{file, nth};
    use super::*;

    #[test]
    fn lines_characters_and_bytes_are_counted_apart() {
        // Line 2, after `日本 ` (3 characters, 7 bytes); `é` is one character of two bytes.
        let source = file("a.yml", "x: 1\r\n日本 é: y\r\n".as_bytes());
        let place = nth(&source, "é: y", 0);
        let want = json!({
            "startLine": 2, "startColumn": 4, "endLine": 2, "endColumn": 8,
            "charOffset": 9, "charLength": 4, "byteOffset": 13, "byteLength": 5,
        });
        assert_eq!(Value::Object(region(&place)), want);
    }

    #[test]
    fn a_byte_order_mark_is_no_character_but_three_bytes() {
        let source = file("a.yml", "\u{feff}job: x\njob: y\n".as_bytes());
        let numbers = |nth_one| {
            let region = region(&nth(&source, "job", nth_one));
            ["startLine", "startColumn", "endColumn", "charOffset", "byteOffset"]
                .map(|key| region[key].as_u64().unwrap())
        };
        assert_eq!(numbers(0), [1, 1, 4, 0, 3]);
        assert_eq!(numbers(1), [2, 1, 4, 7, 10]);
    }

    #[test]
    fn a_path_is_a_relative_uri() {
        let uri = |path: &str| artifact(&file(path, b""))["uri"].as_str().unwrap().to_owned();
        assert_eq!(uri("a b/ü#?%[x]:y.yml"), "a%20b/%C3%BC%23%3F%25%5Bx%5D%3Ay.yml");
        assert_eq!(uri("ansible/x_y-z~1.j2"), "ansible/x_y-z~1.j2");
    }
}
