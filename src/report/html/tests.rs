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
    let page = render(Run { plans: &[], branches: &[] });
    assert_eq!(page.matches("<style>").count(), 1);
    assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{hash}';")), "{page}");
}

#[test]
fn no_script_no_address_no_style_of_its_own() {
    let (plan, written) = sample::full();
    let page = render(Run::one(&plan, &written));
    for word in ["<script", "javascript:", "http://", "https://", "url(", "@import", " style=", " on", "<img", "<link"]
    {
        let found = page.find(word).map(|at| &page[at..(at + 60).min(page.len())]);
        // ` on` stands in sentences as well: only an attribute matters.
        assert!(word == " on" || found.is_none(), "{found:?}");
    }
    let _ = Written::default();
}
