//! Headless Chromium, spoken to over a pipe by its protocol for developer tools.
//!
//! Knows: how it is found, started and ended, the shape of a message. Must not know: what is measured.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// No answer takes as long as this.
const LIMIT: Duration = Duration::from_secs(60);

/// A running browser with one tab.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    last: u64,
    /// What happened in the tab since it was last asked.
    events: Vec<Value>,
    /// Its profile, removed in the end.
    _profile: tempfile::TempDir,
}

/// How the page is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) dark: bool,
    pub(crate) print: bool,
}

/// The program, or what to do to have it.
fn program() -> Result<PathBuf, String> {
    let named = std::env::var_os("MIGRATE_CHROMIUM").map(PathBuf::from);
    let folders =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let found = folders.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file());
    named.or(found).ok_or_else(|| {
        "these tests need Chromium: apt-get install -y --no-install-recommends chromium, or name another one in \
         MIGRATE_CHROMIUM"
            .to_owned()
    })
}

impl Browser {
    /// Starts it without network.
    pub(crate) fn start() -> Result<Self, String> {
        let program = program()?;
        let profile = tempfile::tempdir().map_err(|error| error.to_string())?;
        // The browser reads from descriptor 3 and writes to 4; a shell puts our pipes there.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 0</dev/null 1>&2"#, "sh"])
            .arg(&program)
            .args([
                "--remote-debugging-pipe",
                "--headless",
                "--disable-gpu",
                "--no-sandbox",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-extensions",
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut message = Vec::new();
                match output.read_until(0, &mut message) {
                    Ok(1..) => {}
                    _ => break,
                }
                let Ok(value) = serde_json::from_slice(&message[..message.len() - 1]) else { break };
                if send.send(value).is_err() {
                    break;
                }
            }
        });
        let mut browser =
            Self { child, input, messages, session: None, last: 0, events: Vec::new(), _profile: profile };
        let target = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }));
        let asked = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.ask("Target.attachToTarget", &asked);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Log", "Runtime", "Accessibility"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        browser.ask("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
        Ok(browser)
    }

    /// Calls a method of the protocol.
    pub(crate) fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.input.write_all(message.to_string().as_bytes()).unwrap();
        self.input.write_all(&[0]).unwrap();
        loop {
            let answer = self.next(method);
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn next(&mut self, awaited: &str) -> Value {
        self.messages.recv_timeout(LIMIT).unwrap_or_else(|error| panic!("Chromium, asked for {awaited}: {error}"))
    }

    /// Waits until something has happened.
    fn wait(&mut self, event: &str) {
        while !self.events.iter().any(|one| one["method"] == event) {
            let message = self.next(event);
            self.events.push(message);
        }
    }

    /// Opens an address and waits until it is loaded.
    pub(crate) fn open(&mut self, address: &str) {
        self.events.clear();
        self.ask("Page.navigate", &json!({ "url": address }));
        self.wait("Page.loadEventFired");
    }

    /// What was asked for over the network, the page itself aside, and what the browser complained of.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let of = |one: &Value| match one["method"].as_str()? {
            "Network.requestWillBeSent" if one["params"]["type"] != "Document" => {
                Some(one["params"]["request"].to_string())
            }
            "Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => {
                Some(one["params"].to_string())
            }
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// Sets width, colours and medium.
    pub(crate) fn look(&mut self, look: Look) {
        let size = json!({ "width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": look.width < 600 });
        self.ask("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if look.dark { "dark" } else { "light" };
        let media = json!({
            "media": if look.print { "print" } else { "screen" },
            "features": [{ "name": "prefers-color-scheme", "value": scheme }],
        });
        self.ask("Emulation.setEmulatedMedia", &media);
    }

    /// The value of an expression, evaluated beside the page, whose own scripts are off.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let result = self.ask("Runtime.evaluate", &json!({ "expression": expression, "returnByValue": true }));
        assert!(result.get("exceptionDetails").is_none(), "{}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// Presses the Tab key.
    pub(crate) fn tab(&mut self) {
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
            self.ask("Input.dispatchKeyEvent", &key);
        }
    }

    /// A picture of the whole page, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let taken = self.ask("Page.captureScreenshot", &json!({ "format": "png", "captureBeyondViewport": true }));
        STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()
    }

    /// The page on A4, as PDF.
    pub(crate) fn pdf(&mut self) -> Vec<u8> {
        let paper =
            json!({ "paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": true, "printBackground": true });
        let printed = self.ask("Page.printToPDF", &paper);
        STANDARD.decode(printed["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The shell became the browser, so this is its own process.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
