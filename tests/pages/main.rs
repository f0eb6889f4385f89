//! The page of `--report` in a real browser, without network and with scripts off.
//!
//! Needs Chromium and fails without it: `cargo test --test pages`. Pictures and PDFs are left in the folder that is
//! printed, to be looked at.

// What fails here fails the run: a reason to panic with. It talks to whoever started it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod browser;
mod facts;
mod made;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use browser::{Browser, Look};
use made::{HOSTILE, MANY, Pages};
use serde_json::{Value, json};

const PHONE: u32 = 390;
const DESK: u32 = 1280;
/// Text width of A4 within the page's margins, in CSS pixels.
const PAPER: u32 = 703;
/// A page of many services is no larger than this.
const LARGEST: u64 = 6 << 20;

fn main() -> ExitCode {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let pages = Pages::make();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&out).unwrap();
    for (name, path) in
        [("example", &pages.example), ("hostile", &pages.hostile), ("blocked", &pages.blocked), ("batch", &pages.batch)]
    {
        screen(&mut browser, name, path, &out);
        paper(&mut browser, name, path, &out);
    }
    sensitive(&mut browser, &pages.example);
    harmless(&mut browser, &pages.hostile);
    whole(&mut browser, &pages.example, &pages.told);
    keyboard(&mut browser, &pages.example);
    spoken(&mut browser, &pages.example, &pages.told);
    batch(&mut browser, &pages.batch);
    large(&mut browser, &pages.many);
    println!("pages: all well; pictures in {}", out.display());
    ExitCode::SUCCESS
}

fn address(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn keep(out: &Path, name: &str, look: Look, picture: &[u8]) {
    let scheme = if look.dark { "dark" } else { "light" };
    let file: PathBuf = out.join(format!("{name}-{}-{scheme}.png", look.width));
    std::fs::write(file, picture).unwrap();
}

/// On a phone and at a desk, in the light and in the dark, folded and unfolded.
fn screen(browser: &mut Browser, name: &str, path: &Path, out: &Path) {
    browser.look(Look { width: DESK, dark: false, print: false });
    browser.open(&address(path));
    assert_eq!(browser.complaints(), [""; 0], "{name}");
    for (width, dark) in [(PHONE, false), (PHONE, true), (DESK, false), (DESK, true)] {
        let look = Look { width, dark, print: false };
        browser.look(look);
        let picture = browser.picture();
        keep(out, name, look, &picture);
        facts::of(browser).hold(&format!("{name} {look:?}"));
        // What is folded is measured as well. The large batch is the same things again and again.
        if name != "batch" || !dark {
            browser.value(
                "for (const one of document.querySelectorAll('details')) one.dataset.was = one.open, one.open = true",
            );
            facts::of(browser).hold(&format!("{name} unfolded {look:?}"));
            browser
                .value("for (const one of document.querySelectorAll('details')) one.open = one.dataset.was == 'true'");
        }
    }
    assert_eq!(browser.complaints(), [""; 0], "{name}");
}

/// Printed, everything is open, nothing is cut, and the colours are those of paper.
fn paper(browser: &mut Browser, name: &str, path: &Path, out: &Path) {
    browser.look(Look { width: PAPER, dark: true, print: true });
    browser.open(&address(path));
    let facts = facts::of(browser);
    facts.hold(&format!("{name} printed"));
    assert_eq!(facts.number("hidden"), 0, "{name}: something folded is not printed");
    assert_eq!(browser.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    let pdf = browser.pdf();
    std::fs::write(out.join(format!("{name}.pdf")), &pdf).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    // The same number of sheets as with everything unfolded by hand.
    browser.value("for (const one of document.querySelectorAll('details')) one.open = true");
    let unfolded = browser.pdf();
    assert_eq!(sheets(&pdf), sheets(&unfolded), "{name}");
}

fn sheets(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.matches("/Type /Page\n").count()
}

/// Each measure finds the fault that it is there for.
fn sensitive(browser: &mut Browser, path: &Path) {
    browser.look(Look { width: PHONE, dark: false, print: false });
    let faults = [
        ("outside", "document.querySelector('.part').style.paddingLeft = '600px'"),
        ("clipped", "document.querySelector('.diff td.o').closest('table').style.width = '900px'"),
        ("spilled", "document.querySelector('svg text').setAttribute('x', '300')"),
        ("faint", "document.querySelector('header p').style.color = '#999'"),
        ("faint", "document.querySelector('svg .comes').style.fill = '#555'"),
        ("skipped", "document.querySelector('h2').outerHTML = '<h4>x</h4>'"),
        ("doubled", "document.querySelector('header').id = 'main'"),
        ("dangling", "document.querySelector('nav a').setAttribute('href', 'https://example.org/')"),
        ("strange", "document.body.append(document.createElement('img'))"),
        ("handlers", "document.querySelector('nav').setAttribute('onclick', 'x')"),
    ];
    for (fact, fault) in faults {
        browser.open(&address(path));
        assert_eq!(facts::of(browser).count(fact), 0, "{fact}");
        browser.value(&format!("void ({fault})"));
        assert_ne!(facts::of(browser).count(fact), 0, "{fact} does not see: {fault}");
    }
    // A page that asks for something is seen to, and so is a style that the policy does not allow.
    browser.open(&address(path));
    browser.value("void (document.body.append(Object.assign(new Image(), { src: 'http://example.org/x.png' })))");
    browser
        .value("void (document.head.append(Object.assign(document.createElement('style'), { textContent: 'p{}' })))");
    browser.picture();
    assert!(browser.complaints().len() >= 2, "{:?}", browser.complaints());
}

/// A title that is markup is shown as it is and does nothing.
fn harmless(browser: &mut Browser, path: &Path) {
    browser.look(Look { width: DESK, dark: false, print: false });
    browser.open(&address(path));
    let text = facts::of(browser).text();
    let shown = HOSTILE.replace('\u{202e}', "\\u{202e}").replace('\u{1b}', "␛");
    assert!(text.contains(&shown), "the hostile title is not shown");
    assert!(!text.contains(['\u{202e}', '\u{1b}']));
    assert_eq!(browser.value("document.title"), "kairos on puck.incus: syslog → Docker socket");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// Every part is there, and holds as much as a program is told.
fn whole(browser: &mut Browser, path: &Path, told: &Value) {
    browser.look(Look { width: DESK, dark: false, print: false });
    browser.open(&address(path));
    let parts = browser.value("[...document.querySelectorAll('h2')].map((one) => one.firstChild.data.trim())");
    let want = [
        "Questions",
        "What moves",
        "To decide: left as it is",
        "Files, in the order of rollout",
        "Rewritten queries",
        "Rollout, in the order that loses no line",
        "Worth knowing",
    ];
    assert_eq!(parts, json!(want));
    let count = |browser: &mut Browser, selector: &str| {
        browser.value(&format!("document.querySelectorAll({}).length", json!(selector))).as_u64().unwrap()
    };
    let long = |key: &str| told[key].as_array().unwrap().len() as u64;
    let levels = |level: &str| {
        let all = told["findings"].as_array().unwrap().iter();
        all.filter(|one| one["level"] == level).count() as u64
    };
    assert_eq!(count(browser, ".file"), long("files"));
    assert_eq!(count(browser, ".file table.diff"), long("files"));
    assert_eq!(count(browser, ".finding.review .at"), levels("decide"));
    assert_eq!(count(browser, ".queries > .pair"), long("queries"));
    assert_eq!(count(browser, ".rollout > li"), long("rollout"));
    assert_eq!(count(browser, "svg"), 2);
    // A reason that several edits of a file share is told once.
    let files = told["files"].as_array().unwrap().iter();
    let edits: usize = files.map(|file| file["edits"].as_array().unwrap().len()).sum();
    let reasons = count(browser, ".reasons > li");
    assert!((long("files")..=edits as u64).contains(&reasons), "{reasons} reasons, {edits} edits");
}

/// The first stop of the Tab key leads past the contents and is seen; every fold can be reached.
fn keyboard(browser: &mut Browser, path: &Path) {
    browser.look(Look { width: DESK, dark: false, print: false });
    browser.open(&address(path));
    browser.tab();
    let first = browser
        .value("document.activeElement.className + ' ' + (document.activeElement.getBoundingClientRect().left >= 0)");
    assert_eq!(first, "skip true");
    let stops = browser.value("document.querySelectorAll('a[href], summary').length").as_u64().unwrap();
    let mut seen = 1;
    for _ in 1..stops {
        browser.tab();
        let here = browser.value("['A', 'SUMMARY'].includes(document.activeElement.tagName)");
        seen += u64::from(here == Value::Bool(true));
    }
    assert_eq!(seen, stops);
}

/// What a screen reader is told.
fn spoken(browser: &mut Browser, path: &Path, told: &Value) {
    let files = told["files"].as_array().unwrap().len();
    browser.look(Look { width: DESK, dark: false, print: false });
    browser.open(&address(path));
    let tree = browser.ask("Accessibility.getFullAXTree", &json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let is = |node: &Value, role: &str| node["role"]["value"] == role && node["ignored"] == false;
    let names = |role: &str| -> Vec<String> {
        let named = nodes.iter().filter(|node| is(node, role));
        named.map(|node| node["name"]["value"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let images: Vec<String> = [names("image"), names("img")].concat();
    let ways = ["before", "after"].map(|side| format!("The way of the log lines of kairos {side} the move"));
    assert_eq!(images, ways);
    let described = nodes.iter().filter(|node| is(node, "image")).all(|node| {
        node["description"]["value"].as_str().is_some_and(|text| text.contains("pushes the lines to Loki as"))
    });
    assert!(described, "a picture without words");
    let tables = names("table");
    assert_eq!(tables.iter().filter(|name| name.starts_with("Change of ")).count(), files, "{tables:?}");
    for column in ["Before", "After"] {
        assert_eq!(names("columnheader").iter().filter(|name| *name == column).count(), files);
    }
    assert!(["main", "banner", "navigation", "contentinfo"].iter().all(|role| names(role).len() == 1));
}

/// A page of several services: an index, everything else folded, links that unfold.
fn batch(browser: &mut Browser, path: &Path) {
    browser.look(Look { width: DESK, dark: false, print: false });
    browser.open(&address(path));
    let services = browser.value("document.querySelectorAll('.index tbody tr').length").as_u64().unwrap();
    assert!(services >= 20, "{services}");
    assert_eq!(browser.value("document.querySelectorAll('[open].service').length"), 0);
    browser.value("document.querySelector('.index a[href=\"#s10\"]').click()");
    let open =
        "document.querySelectorAll('[open].service').length + ' ' + document.getElementById('s10').parentElement.open";
    assert_eq!(browser.value(open), "1 true");
    // Each verdict of the example, and what several services leave, once.
    for verdict in ["ready", "blocked"] {
        assert_ne!(browser.value(&format!("document.querySelectorAll('.index .badge.{verdict}').length")), 0);
    }
    let shared =
        "[...document.querySelectorAll('h2')].filter((one) => one.textContent.includes('by several services')).length";
    assert_eq!(browser.value(shared), 1);
    assert!(browser.value("document.querySelectorAll('.service .finding.review').length").as_u64().unwrap() > 30);
}

/// A page of many services stays small.
fn large(browser: &mut Browser, path: &Path) {
    let size = std::fs::metadata(path).unwrap().len();
    println!("pages: {MANY} services in {} KiB", size >> 10);
    assert!(size <= LARGEST, "{size} bytes");
    browser.look(Look { width: PHONE, dark: false, print: false });
    browser.open(&address(path));
    assert_eq!(browser.value("document.querySelectorAll('.index tbody tr').length"), MANY);
    facts::of(browser).hold("many");
}
