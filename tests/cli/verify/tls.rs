//! TLS: a certificate is trusted because the system or `--ca-file` says so, and for no other reason.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::fake::Fake;
use super::{verify, well};
use crate::support::{Scratch, command, run};

/// A certificate of its own for `names`, and a server that shows it.
fn server(names: &[&str]) -> (Fake, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let store = well();
    let mut fake = Fake::wrapped(
        move |asked| store.answer(asked),
        move |stream| Some(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).ok()?, stream)),
    );
    fake.url = fake.url.replace("http:", "https:");
    (fake, made.cert.pem())
}

#[test]
fn an_authority_of_ones_own() {
    let scratch = Scratch::demo();
    let (fake, pem) = server(&["127.0.0.1"]);
    let file = scratch.beside("ca.pem");
    std::fs::write(&file, pem).unwrap();
    let known = verify(&scratch, &fake.url, &["--ca-file", file.to_str().unwrap()]);
    assert_eq!((known.code, known.err.as_str()), (0, ""), "{}", known.out);
}

#[test]
fn a_certificate_nobody_vouches_for() {
    let scratch = Scratch::demo();
    let (fake, _) = server(&["127.0.0.1"]);
    let mut asking = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
    asking.args(["verify", "kairos", "--host", "puck", "--loki", &fake.url]).env("LOKI_BEARER_TOKEN", "s3cr3t");
    let asked = run(&mut asking);
    asked.fails(1, &["TLS failed", "--ca-file FILE"]);
    assert!(!asked.err.contains("s3cr3t") && fake.asked().is_empty());
    // Another authority does not help.
    let file = scratch.beside("ca.pem");
    std::fs::write(&file, server(&["127.0.0.1"]).1).unwrap();
    verify(&scratch, &fake.url, &["--ca-file", file.to_str().unwrap()]).fails(1, &["TLS failed"]);
    assert!(fake.asked().is_empty());
}

#[test]
fn a_certificate_of_another_host() {
    let scratch = Scratch::demo();
    let (fake, pem) = server(&["loki.example.org"]);
    let file = scratch.beside("ca.pem");
    std::fs::write(&file, pem).unwrap();
    verify(&scratch, &fake.url, &["--ca-file", file.to_str().unwrap()]).fails(1, &["TLS failed"]);
    assert!(fake.asked().is_empty());
}
