//! Asks a person about each text that is proposed, with the keys of `git add -p`.
//!
//! Knows: keys, standard input, and that standard output belongs to the report. Must not know: what becomes of the answers.

use std::io::{self, BufRead, Write};

use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::report::{Offer, summary, visible};

const HELP: &str = "\
y - take this text
n - do not take it
q - quit; take neither this nor any that is left
a - take this text and all that are left of this question
d - take neither this nor any that is left of this question
? - print help
";

/// The names of the findings whose texts are said yes to. Answers may come from a terminal or from a pipe; where they end, nothing
/// more is taken.
pub(super) fn all(offers: &[Offer<'_>]) -> Result<Vec<String>> {
    walk(offers, &mut io::stdin().lock(), &mut io::stderr().lock())
        .map_err(|error| Error::user(format!("cannot ask: {error}")))
}

fn walk(offers: &[Offer<'_>], answers: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<Vec<String>> {
    let mut taken = Vec::new();
    for offer in offers {
        writeln!(out, "{}  {}", offer.letter, offer.ask)?;
        let texts: Vec<&&Finding> = offer.findings.iter().filter(|one| one.can_be_taken()).collect();
        if texts.is_empty() {
            writeln!(out, "   no text is proposed that could be taken\n")?;
        }
        let mut rest = None;
        for (index, &&finding) in texts.iter().enumerate() {
            let answer = match rest {
                Some(answer) => answer,
                None => answer(finding, (index + 1, texts.len()), answers, out)?,
            };
            match answer {
                b'q' => return Ok(taken),
                b'a' | b'd' => rest = Some(answer),
                _ => {}
            }
            if matches!(answer, b'y' | b'a') {
                taken.push(finding.id.clone());
            }
        }
    }
    Ok(taken)
}

/// Shows a text and asks until a key is typed that means something.
fn answer(
    finding: &Finding,
    (index, count): (usize, usize),
    answers: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<u8> {
    let (Some(at), Some(new), Some(trust)) = (&finding.at, &finding.proposed, finding.trust()) else { return Ok(b'n') };
    writeln!(out, "   {} {}, {}", finding.id, summary::place(at), trust.phrase())?;
    writeln!(out, "   - {}", visible(at.text().trim_end()))?;
    if !new.is_empty() {
        writeln!(out, "   + {}", visible(new))?;
    }
    loop {
        write!(out, "({index}/{count}) Take this text [y,n,q,a,d,?]? ")?;
        out.flush()?;
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            writeln!(out)?;
            return Ok(b'q');
        }
        match line.trim().to_lowercase().bytes().next() {
            Some(key @ (b'y' | b'n' | b'q' | b'a' | b'd')) => return Ok(key),
            _ => out.write_all(HELP.as_bytes())?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::Level;
    use crate::text::{Place, Source, Span};

    fn finding(id: &str, proposed: Option<&str>) -> Finding {
        let source = Arc::new(Source::new("a.md", 0o100_644, Vec::new(), b"old\n".to_vec()));
        let finding = Finding::new(Level::Review, "a/b", "m").at(Place::new(&source, Span::new(0, 3)));
        Finding { id: id.into(), ..proposed.map_or_else(|| finding.clone(), |new| finding.clone().fixing(new)) }
    }

    #[test]
    fn keys_mean_what_they_mean_to_git() {
        let all = ["1", "2", "3", "4"].map(|id| finding(id, Some("new")));
        let none = finding("5", None);
        let offers = [
            Offer { letter: "a".into(), ask: "first?", findings: vec![&all[0], &all[1], &all[2], &none] },
            Offer { letter: "b".into(), ask: "second?", findings: vec![&all[3]] },
        ];
        for (answers, taken) in [
            ("y\nn\ny\ny\n", "134"),
            ("a\nn\n", "123"),
            ("y\nd\ny\n", "14"),
            ("n\na\nY\n", "234"),
            ("y\nq\n", "1"),
            ("?\nx\n\ny\nd\nn\n", "1"),
            ("y\n", "1"),
            ("", ""),
        ] {
            let mut out = Vec::new();
            assert_eq!(walk(&offers, &mut answers.as_bytes(), &mut out).unwrap().concat(), taken, "{answers:?}");
            let out = String::from_utf8(out).unwrap();
            assert!(
                out.starts_with(
                    "a  first?\n   1 a.md:1:1, safe\n   - old\n   + new\n(1/3) Take this text [y,n,q,a,d,?]? "
                ),
                "{out}"
            );
            assert_eq!(out.contains("q - quit"), answers.contains('?'));
        }
    }
}
