//! Credentials: they come from the environment or a file, go to the one address that was typed, and are never shown.

use std::process::Command;

use super::fake::{Fake, reply};
use super::well;
use crate::support::{Run, Scratch, command, run};

const TOKEN: &str = "s3cr3t-t0ken-Zyx";
const PASSWORD: &str = "s3cr3t:passw0rd";

fn asking(scratch: &Scratch, url: &str) -> Command {
    let mut command = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
    command.args(["verify", "kairos", "--host", "puck", "--loki", url]);
    command
}

/// Runs, and looks for secrets in everything that is printed.
fn silent(command: &mut Command) -> Run {
    let run = run(command);
    // `user:s3cr3t:passw0rd` in base64, by hand.
    for secret in ["s3cr3t", "t0ken", "passw0rd", "dXNlcjpzM2NyM3Q6cGFzc3cwcmQ="] {
        assert!(!run.out.contains(secret) && !run.err.contains(secret), "{secret}: {} {}", run.out, run.err);
    }
    run
}

/// Variables, options, and the header that comes of them.
type Way<'w> = (&'w [(&'w str, &'w str)], &'w [&'w str], Option<&'w str>);

#[test]
fn each_way_to_be_let_in() {
    let scratch = Scratch::demo();
    scratch.write("../token", format!("{TOKEN}\n"));
    scratch.write("../password", format!("{PASSWORD}\n"));
    let (token, password) = (scratch.beside("token"), scratch.beside("password"));
    let basic = "Basic dXNlcjpzM2NyM3Q6cGFzc3cwcmQ=";
    let bearer = format!("Bearer {TOKEN}");
    let ways: [Way<'_>; 5] = [
        (&[], &[], None),
        (&[("LOKI_BEARER_TOKEN", TOKEN)], &[], Some(&bearer)),
        (&[], &["--bearer-token-file", token.to_str().unwrap()], Some(&bearer)),
        (&[("LOKI_USERNAME", "user"), ("LOKI_PASSWORD", PASSWORD)], &[], Some(basic)),
        (&[("LOKI_USERNAME", "user")], &["--password-file", password.to_str().unwrap()], Some(basic)),
    ];
    for (variables, options, want) in ways {
        let store = well();
        let fake = Fake::new(move |asked| store.answer(asked));
        let mut asking = asking(&scratch, &fake.url);
        let run = silent(asking.envs(variables.iter().copied()).env("LOKI_ORG_ID", "ouranos").args(options));
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        for asked in fake.asked() {
            assert_eq!(asked.headers.get("authorization").map(String::as_str), want);
            assert_eq!(asked.headers.get("x-scope-orgid").map(String::as_str), Some("ouranos"));
        }
    }
}

#[test]
fn ways_that_do_not_fit_together() {
    let scratch = Scratch::demo();
    scratch.write("../empty", "\n");
    scratch.write("../two", "s3cr3t\nt0ken\n");
    let file = |name: &str| scratch.beside(name).to_str().unwrap().to_owned();
    let fails = |variables: &[(&str, &str)], options: &[&str], words: &[&str]| {
        let mut asking = asking(&scratch, "http://127.0.0.1:9");
        silent(asking.envs(variables.iter().copied()).args(options)).fails(1, words);
    };
    fails(&[("LOKI_USERNAME", "user")], &[], &["there is no password", "--password-file"]);
    fails(&[("LOKI_PASSWORD", PASSWORD)], &[], &["no user name", "LOKI_USERNAME"]);
    let all = [("LOKI_USERNAME", "user"), ("LOKI_PASSWORD", PASSWORD), ("LOKI_BEARER_TOKEN", TOKEN)];
    fails(&all, &[], &["a bearer token and a user name"]);
    fails(&[], &["--bearer-token-file", &file("none")], &["cannot read the file given with --bearer-token-file"]);
    fails(&[], &["--bearer-token-file", &file("empty")], &["is empty"]);
    fails(&[], &["--bearer-token-file", &file("two")], &["control character or a line end"]);
    fails(&[], &["--ca-file", &file("two")], &["holds no certificate"]);
    silent(&mut asking(&scratch, "http://user:s3cr3t@127.0.0.1:9")).fails(2, &["must not hold a user name"]);
}

#[test]
fn a_server_that_says_the_secret_back() {
    let scratch = Scratch::demo();
    for status in [200, 400, 401, 500] {
        let fake =
            Fake::new(move |asked| reply(status, &format!("{{\"said\": {:?}}}", asked.headers.get("authorization"))));
        let run = silent(asking(&scratch, &fake.url).env("LOKI_BEARER_TOKEN", TOKEN));
        assert_eq!(run.code, 1, "{}", run.out);
        assert!(fake.asked()[0].headers["authorization"].contains(TOKEN));
    }
}

#[test]
fn another_host_does_not_get_them() {
    let scratch = Scratch::demo();
    let store = well();
    let other = Fake::new(move |asked| store.answer(asked));
    let to = format!("{}/loki?token={TOKEN}", other.url);
    let fake =
        Fake::new(move |_| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes());
    let run = silent(asking(&scratch, &fake.url).env("LOKI_BEARER_TOKEN", TOKEN));
    run.fails(1, &[&format!("302, a redirect to {}/loki that is not followed", other.url), "give it with --loki"]);
    assert!(other.asked().is_empty());
}

#[test]
fn an_answer_that_holds_the_secret_does_not_show_it() {
    let scratch = Scratch::demo();
    for format in ["human", "json"] {
        let fake = Fake::new(move |asked| {
            // As it is, and as JSON may write it.
            let stream = "{\"service\": \"kairos\", \"component\": \"s3cr3t-t0ken-Zyx\", \"hostname\": \"\\u00733cr3t-t0ken-Zyx\"}";
            let body = match asked.path.as_str() {
                "/ready" => "ready".to_owned(),
                path if path.ends_with("buildinfo") => format!("{{\"version\": \"{TOKEN}\"}}"),
                path if path.ends_with("series") => format!("{{\"status\": \"success\", \"data\": [{stream}]}}"),
                _ => "{\"status\": \"success\", \"data\": {\"resultType\": \"streams\", \"result\": []}}".to_owned(),
            };
            reply(200, &body)
        });
        let run = silent(asking(&scratch, &fake.url).env("LOKI_BEARER_TOKEN", TOKEN).args(["--format", format]));
        assert!(run.code == 3 && run.out.contains("***"), "{} {}", run.out, run.err);
    }
}
