//! A small Loki for tests: a thread that answers GET requests on 127.0.0.1, from streams that are said in a test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use migrate::logql_eval::{self, Selection};
use migrate::syntax::logql;
use percent_encoding::percent_decode_str;

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<String, String>,
}

/// What is sent back, head and all.
pub(super) type Answer = Box<dyn Fn(&Asked) -> Vec<u8> + Send + Sync>;

/// A server that runs until the test ends.
pub(super) struct Fake {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub(super) fn new(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::wrapped(answer, Some)
    }

    /// One that speaks through what `wrap` makes of a connection.
    pub(super) fn wrapped<S: Read + Write + 'static>(
        answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let seen = Arc::clone(&asked);
        let (answer, wrap): (Arc<Answer>, _) = (Arc::new(Box::new(answer)), Arc::new(wrap));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen, wrap) = (Arc::clone(&answer), Arc::clone(&seen), Arc::clone(&wrap));
                std::thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    if let Some(mut stream) = wrap(stream) {
                        while let Some(asked) = request(&mut stream) {
                            seen.lock().unwrap().push(asked.clone());
                            // Who does not wait for the answer has hung up.
                            if stream.write_all(&answer(&asked)).is_err() || stream.flush().is_err() {
                                break;
                            }
                        }
                    }
                });
            }
        });
        Self { url, asked }
    }

    /// Every request so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(stream: &mut impl Read) -> Option<Asked> {
    let mut lines = Vec::new();
    let mut reader = BufReader::with_capacity(1, stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned();
    let parameters = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decoded(k), decoded(v)));
    let headers = lines[1..].iter().filter_map(|line| line.split_once(": "));
    Some(Asked {
        method,
        path: path.to_owned(),
        parameters: parameters.collect(),
        headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
    })
}

/// A whole reply.
pub(super) fn reply(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Names and values.
pub(super) type Labels = Vec<(&'static str, &'static str)>;

/// What a Loki holds, and what it fails to find.
#[derive(Clone, Default)]
pub(super) struct Store {
    /// Labels, and how many seconds old each line is.
    pub(super) streams: Vec<(Labels, Vec<u64>)>,
    /// Parts of queries that return nothing.
    pub(super) empty: Vec<&'static str>,
    /// Parts of queries that are refused.
    pub(super) refused: Vec<&'static str>,
}

impl Store {
    /// Answers as Loki does, as far as these tests ask.
    pub(super) fn answer(&self, asked: &Asked) -> Vec<u8> {
        let parameter = |name: &str| asked.parameters.get(name).cloned().unwrap_or_default();
        match asked.path.as_str() {
            "/ready" => reply(200, "ready\n"),
            "/loki/api/v1/status/buildinfo" => reply(200, r#"{"version":"3.7.8","revision":"x"}"#),
            "/loki/api/v1/series" => {
                let found = self.selected(&parameter("match[]"), &parameter("start"), &parameter("end"));
                let all: Vec<BTreeMap<_, _>> =
                    found.into_iter().map(|(at, _)| self.streams[at].0.iter().copied().collect()).collect();
                reply(200, &serde_json::json!({"status": "success", "data": all}).to_string())
            }
            "/loki/api/v1/query_range" => self.query(&parameter("query"), &parameter("start"), &parameter("end")),
            _ => reply(404, "404 page not found"),
        }
    }

    fn query(&self, query: &str, start: &str, end: &str) -> Vec<u8> {
        if self.refused.iter().any(|part| query.contains(part)) {
            return reply(400, "parse error : too clever");
        }
        let empty = self.empty.iter().any(|part| query.contains(part));
        let newest = self.selected(query, start, end).into_iter().map(|(_, line)| line).max().filter(|_| !empty);
        let (kind, value) = match newest {
            Some(at) if query.starts_with('{') => ("streams", serde_json::json!([at.to_string(), "a line"])),
            Some(at) => ("matrix", serde_json::json!([u64::try_from(at / 1_000_000_000).unwrap(), "1"])),
            None => ("streams", serde_json::Value::Null),
        };
        let result = if value.is_null() { Vec::new() } else { vec![serde_json::json!({"values": [value]})] };
        let answer = serde_json::json!({"status": "success", "data": {"resultType": kind, "result": result}});
        reply(200, &answer.to_string())
    }

    /// The streams that the first selector of `query` selects, each with its newest line in time; whatever stands behind is
    /// ignored.
    fn selected(&self, query: &str, start: &str, end: &str) -> Vec<(usize, u128)> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let time = start.parse::<u128>().unwrap()..end.parse::<u128>().unwrap();
        let query = logql::read(query).unwrap();
        let (_, selector) = query.selectors().next().unwrap();
        let selection = Selection::of(&query, selector).unwrap();
        let matches = |labels: &[(&str, &str)]| {
            let mut all: logql_eval::Labels = labels.iter().copied().collect();
            let derived = labels.iter().find(|(name, _)| ["service", "job"].contains(name));
            if let Some((_, name)) = derived.filter(|_| !all.has("service_name")) {
                all.set("service_name", name);
            }
            selection.takes(&all)
        };
        let newest = |ages: &[u64]| {
            ages.iter().map(|age| now - u128::from(*age) * 1_000_000_000).filter(|at| time.contains(at)).max()
        };
        let streams = self.streams.iter().enumerate().filter(|(_, (labels, _))| matches(labels));
        streams.filter_map(|(at, (_, ages))| Some((at, newest(ages)?))).collect()
    }
}
