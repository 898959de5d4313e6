//! A headless Chromium, spoken to over the pipe of its own debugging protocol.

use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    _process: Child,
    _profile: tempfile::TempDir,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    /// What the browser reported beside its answers.
    pub(crate) reports: Vec<Value>,
}

/// The browser's name: Chromium's, or Chrome's where that is what there is.
fn chromium() -> &'static str {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has = |name: &&&str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    names.iter().find(has).copied().unwrap_or(names[0])
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The pipe is on descriptors 3 and 4, which the shell makes of the child's own input and output.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#, "sh"])
            .arg(chromium())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let mut browser = Self {
            _process: process,
            _profile: profile,
            commands,
            answers,
            session: None,
            last: 0,
            reports: Vec::new(),
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach).await;
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser.call("Security.setIgnoreCertificateErrors", json!({ "ignore": true })).await;
        browser
    }

    /// Calls a method of the protocol; panics when Chromium is missing or refuses.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = session.as_str().into();
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        let installed = "chromium must be installed: apt-get install chromium";
        self.commands.write_all(&bytes).await.expect(installed);
        loop {
            let mut answer = Vec::new();
            let read = timeout(PATIENCE, self.answers.read_until(0, &mut answer)).await.expect(method).unwrap();
            assert!(read > 0, "{installed}");
            answer.pop();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            if answer["id"] != self.last {
                self.reports.push(answer);
                continue;
            }
            assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
            return answer["result"].clone();
        }
    }

    pub(crate) async fn open(&mut self, url: &str) {
        let opened = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(opened["errorText"].is_null(), "{opened}");
    }

    /// The value of an expression of the page's own language.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let evaluated = self.call("Runtime.evaluate", params).await;
        assert!(evaluated["exceptionDetails"].is_null(), "{expression}: {evaluated}");
        evaluated["result"]["value"].clone()
    }

    /// Waits until an expression is true, and says how long that took.
    pub(crate) async fn until(&mut self, expression: &str) -> Duration {
        let begun = Instant::now();
        while self
            .value(&format!("(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"))
            .await
            != true
        {
            if begun.elapsed() > PATIENCE {
                let text = self.value("document.body.innerText").await;
                panic!("{expression} did not come true; the page says {text}");
            }
            sleep(Duration::from_millis(10)).await;
        }
        begun.elapsed()
    }

    /// Types into a field as a person would, and sends its form.
    pub(crate) async fn fill(&mut self, field: &str, text: &str) {
        let focus = format!("document.getElementById('{field}').focus(), document.getElementById('{field}').select()");
        self.value(&focus).await;
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    pub(crate) async fn enter(&mut self) {
        for kind in ["keyDown", "keyUp"] {
            let key =
                json!({ "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r" });
            self.call("Input.dispatchKeyEvent", key).await;
        }
    }

    pub(crate) async fn size(&mut self, width: u32, height: u32, colors: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": colors }] });
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    /// Keeps a picture of the page in the folder that `TALLYGATE_SCREENSHOTS` names, if any.
    pub(crate) async fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("TALLYGATE_SCREENSHOTS") else { return };
        sleep(Duration::from_millis(300)).await;
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" })).await;
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }

    /// Errors and exceptions of the page so far.
    pub(crate) fn errors(&self) -> Vec<String> {
        let wrong = |report: &&Value| match report["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Log.entryAdded") => {
                ["error", "warning"].iter().any(|level| report["params"]["entry"]["level"] == *level)
            }
            Some("Runtime.consoleAPICalled") => {
                ["error", "warning", "assert"].iter().any(|kind| report["params"]["type"] == *kind)
            }
            _ => false,
        };
        self.reports.iter().filter(wrong).map(Value::to_string).collect()
    }

    /// Every address that the page asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        let asked = self.reports.iter().filter(|report| report["method"] == "Network.requestWillBeSent");
        asked.map(|report| report["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }
}
