//! The page of the sample plans, as text; what a browser makes of it is measured in `tests/pages`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::super::{Run, Written, sample};
use super::{STYLE, STYLE_HASH, render};

#[test]
fn the_policy_allows_this_style_and_nothing_else() {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    assert_eq!(STYLE_HASH, hash, "the style has changed: STYLE_HASH in src/report/html/mod.rs must be {hash}");
    let page = render(Run { plans: &[], branches: &[], batch: true });
    assert_eq!(page.matches("<style>").count(), 1);
    assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{hash}';")), "{page}");
}

#[test]
fn no_script_no_address_no_style_of_its_own() {
    let (plan, written) = sample::full();
    let page = render(Run::one(&plan, &written));
    for word in ["<script", "javascript:", "http://", "https://", "url(", "@import", " style=", "<img", "<link"] {
        let found = page.find(word).map(|at| &page[at..page.floor_char_boundary(at + 60)]);
        assert!(found.is_none(), "{found:?}");
    }
}

/// The tags of a page, without attributes.
fn tags(page: &str) -> std::collections::BTreeSet<String> {
    let names = page.split('<').skip(1);
    names.map(|part| part.chars().take_while(|c| c.is_alphanumeric() || "/!-".contains(*c)).collect()).collect()
}

#[test]
fn text_of_the_repository_is_data_wherever_it_stands() {
    let (plans, branches) = sample::several();
    let page = render(Run { plans: &plans, branches: &branches, batch: true });
    assert_eq!((page.matches("<script").count(), page.matches("</style>").count()), (0, 1));
    assert!(!page.contains(['\u{1b}', '\u{202e}']));
    let known = "!doctype html head meta title style body a header h1 h2 h3 h4 p code nav table thead tbody tr th td main \
                 details summary div section dl dt dd br figure figcaption svg desc rect text path article span strong ul li \
                 ol pre del ins mark i b col colgroup caption footer";
    let known: Vec<&str> = known.split_whitespace().collect();
    let strange: Vec<_> = tags(&page).into_iter().filter(|tag| !known.contains(&tag.trim_start_matches('/'))).collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(page.contains("&lt;/style&gt;&lt;/script&gt;&lt;script&gt;alert(1)"));
}

#[test]
fn every_verdict_has_a_page() {
    let none = Written::default();
    let blocked = render(Run::one(&sample::blocked(), &none));
    assert!(blocked.contains("<title>kairos on puck: blocked, nothing was written for it</title>"));
    assert!(blocked.contains("What stands in the way") && blocked.contains("move the stages to the Docker-socket"));
    let done = render(Run::one(&sample::nothing_to_do(), &none));
    assert!(done.contains("nothing to do, it does not log to syslog any more") && done.contains("Worth knowing"));
    let (plans, branches) = sample::several();
    let several = render(Run { plans: &plans, branches: &branches, batch: true });
    assert_eq!(several.matches("<details class=\"service\">").count(), 4 + 1, "and the rollout of the branch");
    for (index, name) in ["kairos", "angelia", "spelunker", "athena"].iter().enumerate() {
        assert!(several.contains(&format!("<a href=\"#s{index}\">{name}</a>")), "{name}");
        assert!(several.contains(&format!("<div id=\"s{index}\">")), "{name}");
    }
    assert!(several.contains("<h2>Rollout of migrate/puck</h2>"));
    // One branch holds two of them: it is said once, at the top.
    assert_eq!(several.matches("Branch <code>migrate/puck</code>, 3 commits from").count(), 1);
}

#[test]
fn what_became_of_a_branch_is_said() {
    let (plan, written) = sample::full();
    let page = |written: &Written| render(Run::one(&plan, written));
    assert!(page(&written).contains("2 commits from <code>0123456789ab</code>.</p>"));
    assert!(page(&Written { dry_run: true, ..written.clone() }).contains("a dry run"));
    let frozen = Some(super::super::Outcome::Frozen("`abc` is not by migrate".into()));
    let left = page(&Written { outcome: frozen, ..written.clone() });
    assert!(left.contains("It was left as it is:</strong> <code>abc</code> is not by migrate"));
    let outcome = Some(super::super::Outcome::Replaced("9999999999999999".into()));
    assert!(
        page(&Written { outcome, ..written }).contains("It takes the place of</strong> <code>999999999999</code>.")
    );
}
