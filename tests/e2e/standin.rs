//! Stands in for Alloy where nobody names one: it listens where the rendered configuration says, reads the containers that the
//! engine has, and pushes lines with the labels that are written there, by Loki's push protocol.
//!
//! It shows what Docker, Compose and the order of a rollout do to lines. What Alloy makes of a configuration it cannot show.
//! Knows: how a line is read and sent. Must not know: how a configuration is written.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;
use regex::bytes::Regex;
use serde_json::{Value as Json, json};

use super::http::{agent, post};
use super::lines::now;
use super::pipeline::{Containers, Listener, Pipeline};
use super::process::{END, LOOK, Result, read, until};
use super::store::{Entry, Labels};

/// A running stand-in. All its threads end with it.
pub(crate) struct StandIn {
    rendered: PathBuf,
    socket: String,
    shared: Arc<Shared>,
    listening: Vec<(Listener, Listening)>,
    reading: Option<(Containers, Reading)>,
    sending: Option<JoinHandle<()>>,
}

/// What its threads have in common.
#[derive(Default)]
struct Shared {
    over: AtomicBool,
    queue: Mutex<Vec<Entry>>,
    /// The time of the last line of each container that was read, as the engine writes it.
    places: Mutex<HashMap<String, String>>,
    log: Mutex<Vec<String>>,
}

impl Shared {
    fn take(&self, at: i64, labels: &Labels, line: &[u8]) {
        let line = String::from_utf8_lossy(line).into_owned();
        lock(&self.queue).push(Entry { at, labels: labels.clone(), line });
    }

    fn say(&self, what: impl Into<String>) {
        lock(&self.log).push(what.into());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StandIn {
    pub(crate) fn start(rendered: &Path, socket: &str) -> Result<Self> {
        let mut stand_in = Self {
            rendered: rendered.to_owned(),
            socket: socket.to_owned(),
            shared: Arc::new(Shared::default()),
            listening: Vec::new(),
            reading: None,
            sending: None,
        };
        let url = stand_in.take_in()?;
        let shared = Arc::clone(&stand_in.shared);
        stand_in.sending = Some(thread::spawn(move || send(&shared, &url)));
        Ok(stand_in)
    }

    pub(crate) fn reload(&mut self) -> Result<()> {
        self.take_in().map(drop)
    }

    pub(crate) fn tail(&self) -> String {
        let log = lock(&self.shared.log);
        format!("--- the stand-in for Alloy ---\n{}", log[log.len().saturating_sub(12)..].join("\n"))
    }

    /// Reads the configuration: what it no longer says ends, what is new begins, the rest goes on. Gives the address to push to.
    fn take_in(&mut self) -> Result<String> {
        let wrong = |why: String| format!("{}: {why}", self.rendered.display());
        let text = fs::read_to_string(&self.rendered).map_err(|error| wrong(error.to_string()))?;
        let pipeline = Pipeline::read(&text.replace(super::alloy::SOCKET, &self.socket)).map_err(wrong)?;
        self.listening.retain(|(listener, _)| pipeline.listeners.contains(listener));
        for listener in pipeline.listeners {
            if !self.listening.iter().any(|(known, _)| *known == listener) {
                let listening = Listening::start(&self.shared, &listener)?;
                self.listening.push((listener, listening));
            }
        }
        if self.reading.as_ref().map(|(containers, _)| containers) != pipeline.containers.as_ref() {
            drop(self.reading.take());
            self.reading = pipeline.containers.map(|found| (found.clone(), Reading::start(&self.shared, found)));
        }
        Ok(pipeline.url)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.listening.clear();
        self.reading = None;
        self.shared.over.store(true, Ordering::Relaxed);
        if let Some(sending) = self.sending.take() {
            let _ = sending.join();
        }
    }
}

/// Pushes what has come in, again and again; what the store does not take is tried again.
fn send(shared: &Shared, url: &str) {
    let agent = agent();
    loop {
        let over = shared.over.load(Ordering::Relaxed);
        let entries = std::mem::take(&mut *lock(&shared.queue));
        if !entries.is_empty() {
            let mut streams: BTreeMap<&Labels, Vec<[String; 2]>> = BTreeMap::new();
            for entry in &entries {
                streams.entry(&entry.labels).or_default().push([entry.at.to_string(), entry.line.clone()]);
            }
            let streams: Vec<Json> =
                streams.iter().map(|(labels, values)| json!({ "stream": labels, "values": values })).collect();
            if let Err(why) = post(&agent, url, &json!({ "streams": streams }).to_string()) {
                shared.say(why);
                lock(&shared.queue).splice(0..0, entries);
            }
        }
        if over {
            return;
        }
        thread::sleep(LOOK);
    }
}

/// A listener with what has connected to it.
struct Listening {
    over: Arc<AtomicBool>,
    address: String,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    fn start(shared: &Arc<Shared>, listener: &Listener) -> Result<Self> {
        let address = listener.address.clone();
        let socket = TcpListener::bind(&address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
        let (over, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (ends, open) = (Arc::clone(&over), Arc::clone(&connections));
        let (shared, labels) = (Arc::clone(shared), listener.labels.clone());
        let thread = thread::spawn(move || {
            for connection in socket.incoming() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let two = connection.and_then(|connection| Ok((connection.try_clone()?, connection)));
                let Ok((other, connection)) = two else { continue };
                lock(&open).push(other);
                let (shared, labels) = (Arc::clone(&shared), labels.clone());
                thread::spawn(move || messages(&shared, &labels, connection));
            }
        });
        Ok(Self { over, address, connections, thread: Some(thread) })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // This wakes the thread that waits for the next to connect.
        let woken = TcpStream::connect(&self.address);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
        for connection in lock(&self.connections).iter() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

/// Messages of RFC 3164, one a line, as Docker's driver sends them. A line gets the time of its arrival.
fn messages(shared: &Shared, labels: &Labels, connection: impl Read) {
    static MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s-u)^<[0-9]+>[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [^ ]+ [^\[]*\[[0-9]+\]: (.*)\n$")
            .unwrap_or_else(|error| panic!("{error}"))
    });
    each_line(connection, |message| match MESSAGE.captures(message) {
        Some(parts) => shared.take(now(), labels, &parts[1]),
        None => shared.say(format!("no message of RFC 3164: {}", String::from_utf8_lossy(message))),
    });
}

/// Lines with their ends, until there are no more.
fn each_line(from: impl Read, mut with: impl FnMut(&[u8])) {
    let (mut from, mut line) = (BufReader::new(from), Vec::new());
    while from.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        with(&line);
        line.clear();
    }
}

/// The containers of an engine, each followed by a `docker logs` of its own.
struct Reading {
    over: Arc<AtomicBool>,
    followed: Arc<Mutex<HashMap<String, Child>>>,
    thread: Option<JoinHandle<()>>,
}

impl Reading {
    fn start(shared: &Arc<Shared>, containers: Containers) -> Self {
        let (over, followed) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(HashMap::new())));
        let (ends, followers, shared) = (Arc::clone(&over), Arc::clone(&followed), Arc::clone(shared));
        let thread = thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                if let Err(why) = look(&shared, &containers, &followers) {
                    shared.say(why);
                }
                thread::sleep(LOOK);
            }
        });
        Self { over, followed, thread: Some(thread) }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        for child in lock(&self.followed).values_mut() {
            let _ = child.kill();
        }
        // What they have read by now is taken before somebody else goes on from there.
        let _ = until("", END, || Ok(lock(&self.followed).is_empty().then_some(())));
    }
}

/// Follows every running container that nobody follows yet.
fn look(shared: &Arc<Shared>, containers: &Containers, followed: &Arc<Mutex<HashMap<String, Child>>>) -> Result<()> {
    let docker = |arguments: &[&str]| read(Command::new("docker").args(["--host", &containers.host]).args(arguments));
    let running = docker(&["ps", "--quiet", "--no-trunc"])?;
    for id in running.split_whitespace().filter(|id| !lock(followed).contains_key(*id)) {
        let said = docker(&["inspect", id])?;
        let said: Json = serde_json::from_str(&said).map_err(|error| format!("docker inspect: {error}"))?;
        let labels = containers.labels(found(&said[0]));
        let since = lock(&shared.places).get(id).cloned().unwrap_or_default();
        let mut command = Command::new("docker");
        command.args(["--host", &containers.host, "logs", "--follow", "--timestamps"]);
        if !since.is_empty() {
            command.args(["--since", &since]);
        }
        command.arg(id).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("docker logs: {error}"))?;
        let Some(output) = child.stdout.take() else { continue };
        lock(followed).insert(id.to_owned(), child);
        let (id, shared, followed) = (id.to_owned(), Arc::clone(shared), Arc::clone(followed));
        thread::spawn(move || {
            follow(&shared, &id, &labels, output, &since);
            if let Some(mut child) = lock(&followed).remove(&id) {
                let _ = child.wait();
            }
        });
    }
    Ok(())
}

/// What Alloy's discovery says of a container, as far as the rules of a configuration may ask.
fn found(container: &Json) -> Labels {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let name = |label: &str| -> String {
        label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>()
    };
    let labels = container["Config"]["Labels"].as_object().into_iter().flatten();
    let labels = labels.map(|(key, value)| (format!("__meta_docker_container_label_{}", name(key)), text(value)));
    labels.chain([("__meta_docker_container_name".to_owned(), text(&container["Name"]))]).collect()
}

/// Takes the lines that come after `since`, each with its time in front.
fn follow(shared: &Shared, id: &str, labels: &Labels, output: impl Read, since: &str) {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let known = time(since);
    each_line(output, |line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let blank = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let written = String::from_utf8_lossy(&line[..blank]).into_owned();
        let Some(at) = time(&written) else { return shared.say(format!("a line without a time: {written}")) };
        if known.is_some_and(|known| at <= known) {
            return;
        }
        let rest = line.get(blank + 1..).unwrap_or_default();
        shared.take(i64::try_from(at.as_nanosecond()).unwrap_or_default(), labels, rest);
        lock(&shared.places).insert(id.to_owned(), written);
    });
}
