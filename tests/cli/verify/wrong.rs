//! A Loki that is not there, slow, or no Loki: an error that says so, within the time limit.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::fake::{Asked, Fake, reply};
use super::{ALL_YES, answers, verify, well};
use crate::support::Scratch;

/// Fails with these words, whichever question the answer is given to.
fn fails(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + Clone + 'static, options: &[&str], words: &[&str]) {
    let scratch = Scratch::demo();
    for question in ["/ready", "buildinfo", "/series", "/query_range"] {
        let (store, answer) = (well(), answer.clone());
        let fake =
            Fake::new(move |asked| if asked.path.ends_with(question) { answer(asked) } else { store.answer(asked) });
        let start = Instant::now();
        let run = verify(&scratch, &fake.url, options);
        run.fails(1, &[words, &[&format!("asked {}/", fake.url), question]].concat());
        assert!(start.elapsed() < Duration::from_secs(25), "{question}: {:?}", start.elapsed());
    }
}

#[test]
fn statuses() {
    fails(|_| reply(401, "no org id"), &[], &["401 Unauthorized", "`no org id`", "LOKI_BEARER_TOKEN", "LOKI_ORG_ID"]);
    fails(|_| reply(429, "too many outstanding requests"), &[], &["429 Too Many Requests", "try again later"]);
    fails(|_| reply(500, "boom\u{1b}[2J"), &[], &["500 Internal Server Error", "boom␛[2J", "the log of Loki"]);
}

#[test]
fn pages_and_garbage() {
    let page = "\n<!doctype html><html><body>Grafana</body></html>";
    fails(move |_| reply(200, page), &[], &["and got an HTML page instead of an answer", "Grafana or a login page"]);
    let scratch = Scratch::demo();
    let bodies = [
        ("{\"status\": \"succ", "JSON that ends too early"),
        ("\u{0}\u{1}garbage", "something that is not JSON"),
        ("{\"status\": \"success\", \"data\": 7}", "not what Loki answers"),
        ("{\"status\": \"error\", \"data\": []}", "the status `error`"),
        ("[]", "not what Loki answers"),
    ];
    for (body, words) in bodies {
        let store = well();
        let fake =
            Fake::new(move |asked| if asked.path.ends_with("series") { reply(200, body) } else { store.answer(asked) });
        verify(&scratch, &fake.url, &[]).fails(1, &[words, "/loki/api/v1/series"]);
    }
}

#[test]
fn slow() {
    // Nothing comes, and nobody hangs up.
    fails(|_: &Asked| Vec::new(), &["--timeout", "1s"], &["no whole answer within 1s", "--timeout 30s"]);
}

#[test]
fn a_body_without_end() {
    // It is cut where it is too long, and where it takes too long.
    let long = "x".repeat(9 << 20);
    fails(move |_| reply(200, &long), &["--timeout", "20s"], &["does not end within 8 MiB"]);
    let promised = |_: &Asked| b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{\"status\"".to_vec();
    fails(promised, &["--timeout", "1s"], &["no whole answer within 1s"]);
    let chunked = |_: &Asked| b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"sta".to_vec();
    fails(chunked, &["--timeout", "1s"], &["no whole answer within 1s"]);
}

#[test]
fn nothing_there_or_something_else() {
    let scratch = Scratch::demo();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    verify(&scratch, &format!("http://{free}"), &[]).fails(1, &["the connection was refused", "is Loki running"]);
    // A port where nobody takes the connection up.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", deaf.local_addr().unwrap());
    verify(&scratch, &url, &["--timeout", "1s"]).fails(1, &["no whole answer within 1s"]);
    let ssh = Fake::new(|_| b"SSH-2.0-OpenSSH_9.2\r\n".to_vec());
    verify(&scratch, &ssh.url, &[]).fails(1, &["what came is not HTTP"]);
    let other = Fake::new(|_| reply(404, "not found"));
    verify(&scratch, &other.url, &[]).fails(1, &["404 Not Found", "--loki takes the address"]);
    for url in ["127.0.0.1:3100", "ftp://loki", "http://", "loki", "http://loki/?a=b", "http://loki/loki/api/v1/push"] {
        verify(&scratch, url, &[]).fails(2, &["--loki"]);
    }
}

/// As Loki's query frontend says for a moment when its queriers connect anew.
#[test]
fn not_ready_for_a_moment_only() {
    let scratch = Scratch::demo();
    let (store, times) = (well(), AtomicUsize::new(0));
    let fake = Fake::new(move |asked| match asked.path.as_str() {
        "/ready" if times.fetch_add(1, Ordering::Relaxed) < 2 => {
            reply(503, "Query Frontend not ready: not ready: number of queriers connected to query-frontend is 0")
        }
        _ => store.answer(asked),
    });
    let run = verify(&scratch, &fake.url, &["--format", "json"]);
    assert_eq!((run.code, answers(&run.json()).as_str()), (0, ALL_YES));
    assert_eq!(fake.asked().iter().filter(|asked| asked.path == "/ready").count(), 3);
}

#[test]
fn not_ready_and_behind_a_gateway() {
    let scratch = Scratch::demo();
    let fake = Fake::new(|_| reply(503, "Ingester not ready: waiting for 15s after being ready"));
    let run = verify(&scratch, &fake.url, &[]);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("not ready (`Ingester not ready: waiting for 15s after being ready`)"), "{}", run.out);
    // Asked again for three seconds, and nothing else.
    assert!(fake.asked().iter().all(|asked| asked.path == "/ready"));
    assert_eq!(fake.asked().len(), 7);
    // A gateway passes on nothing but the questions of users.
    let store = well();
    let fake = Fake::new(move |asked| if asked.path == "/ready" { reply(404, "") } else { store.answer(asked) });
    assert_eq!(verify(&scratch, &fake.url, &[]).code, 0);
}

#[test]
fn http_where_https_was_typed() {
    let scratch = Scratch::demo();
    let store = well();
    let fake = Fake::new(move |asked| store.answer(asked));
    let url = fake.url.replace("http:", "https:");
    verify(&scratch, &url, &["--timeout", "2s"]).fails(1, &["asked https://"]);
    assert!(fake.asked().is_empty());
}

#[test]
fn what_cannot_be_asked_about() {
    let scratch = Scratch::demo();
    let typed = |service: &str, host: &str| {
        scratch.migrate(&["verify", service, "--host", host, "--loki", "http://127.0.0.1:9"])
    };
    typed("kairo", "puck").fails(1, &["no service `kairo` on puck.incus"]);
    typed("kairos", "pukc").fails(1, &["`pukc`"]);
    assert_eq!(scratch.migrate(&["verify", "kairos", "--host", "puck"]).code, 2);
    assert_eq!(verify(&scratch, "http://127.0.0.1:9", &["--timeout", "soon"]).code, 2);
}
