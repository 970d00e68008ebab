//! A browser without a screen, that is told what to do through a pipe: its protocol for debuggers, one message of JSON after
//! the other with a zero byte behind each.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Program, is_here, peer};

/// How long a browser may take on a machine that is busy with others.
const LIMIT: Duration = Duration::from_mins(3);

/// What a page does before anything of it has run: it keeps what its policy forbids.
const WATCH: &str = "window.forbidden = [];
    document.addEventListener('securitypolicyviolation', (event) =>
        forbidden.push(`${event.violatedDirective} ${event.blockedURI}`));";

/// A browser with one page.
pub(crate) struct Browser {
    program: Program,
    asked: u64,
    session: Option<String>,
    /// What it has told without being asked.
    events: Vec<Value>,
    /// Holds its files for as long as it runs.
    _profile: tempfile::TempDir,
}

impl Browser {
    /// A browser, where there is one; else the test is skipped.
    pub(crate) fn new() -> Option<Self> {
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let name = names.into_iter().find(|name| is_here(name)).unwrap_or("chromium");
        let browser = peer(name)?;
        let profile = tempfile::tempdir().expect("a temporary directory can be made");
        // It reads from descriptor 3 and writes to descriptor 4.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >&2", "sh"]);
        command.arg(browser.get_program()).args([
            "--headless",
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--no-proxy-server",
            "--hide-scrollbars",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let program = Program::start_for(LIMIT, command);
        let mut browser =
            Self { program, asked: 0, session: None, events: Vec::new(), _profile: profile };
        let page = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }));
        let which = json!({ "targetId": page["targetId"], "flatten": true });
        let session = browser.ask("Target.attachToTarget", &which);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        browser.ask("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": WATCH }));
        Some(browser)
    }

    /// Opens a file in a window of this size, and waits until it has been loaded.
    pub(crate) fn open(&mut self, file: &Path, (width, height): (u32, u32)) {
        self.resize((width, height));
        self.events.clear();
        let url = format!("file://{}", file.display());
        self.ask("Page.navigate", &json!({ "url": url }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let message = self.message();
            self.events.push(message);
        }
    }

    pub(crate) fn resize(&mut self, (width, height): (u32, u32)) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", &size);
    }

    /// What an expression of the page is.
    pub(crate) fn get(&mut self, expression: &str) -> Value {
        // A frame later everything stands where it is drawn.
        let source = format!(
            "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(({expression})))))"
        );
        let how = json!({ "expression": source, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.ask("Runtime.evaluate", &how);
        assert_eq!(answer["exceptionDetails"], Value::Null, "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// The same, where it is a list of texts.
    pub(crate) fn list(&mut self, expression: &str) -> Vec<String> {
        let list = self.get(expression);
        serde_json::from_value(list).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Presses a key and lets it go.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "End" => 35,
            "Home" => 36,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            letter => letter.bytes().next().map_or(0, |byte| byte.to_ascii_uppercase()),
        };
        let mut down =
            json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code });
        match key {
            "Enter" => down["text"] = json!("\r"),
            letter if letter.len() == 1 => down["text"] = json!(letter),
            _ => {}
        }
        self.ask("Input.dispatchKeyEvent", &down);
        down["type"] = json!("keyUp");
        self.ask("Input.dispatchKeyEvent", &down);
    }

    /// Moves the pointer to the middle of the element that an expression is.
    pub(crate) fn point(&mut self, element: &str) {
        let place = self.get(&format!(
            "((at) => [at.x + at.width / 2, at.y + at.height / 2])(({element}).getBoundingClientRect())"
        ));
        let to = json!({ "type": "mouseMoved", "x": place[0], "y": place[1] });
        self.ask("Input.dispatchMouseEvent", &to);
    }

    /// The page as a picture: a PNG, in base64.
    pub(crate) fn shot(&mut self) -> String {
        let shot = self.ask("Page.captureScreenshot", &json!({ "format": "png" }));
        shot["data"].as_str().expect("a picture").to_owned()
    }

    /// What went wrong on the page since it was opened: errors of its script, what its policy forbade, what the browser
    /// says is an error.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        let mut faults = self.list("forbidden");
        faults.extend(self.events.iter().filter_map(|event| {
            let is_error = event["method"] == "Runtime.exceptionThrown"
                || event["method"] == "Log.entryAdded"
                    && event["params"]["entry"]["level"] == "error";
            is_error.then(|| event.to_string())
        }));
        faults
    }

    /// What the page has asked for since it was opened, itself among it.
    pub(crate) fn requests(&mut self) -> Vec<String> {
        let sent =
            self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let url = |event: &Value| event["params"]["request"]["url"].as_str().map(str::to_owned);
        sent.filter_map(url).collect()
    }

    /// Ends the browser.
    pub(crate) fn close(mut self) {
        self.session = None;
        self.ask("Browser.close", &json!({}));
        self.program.finish();
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let mut question = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(session) = &self.session {
            question["sessionId"] = json!(session);
        }
        let mut bytes = question.to_string().into_bytes();
        bytes.push(0);
        self.program.say(&bytes);
        loop {
            let mut message = self.message();
            if message["id"] == self.asked {
                assert_eq!(message["error"], Value::Null, "{method}: {message}");
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    fn message(&mut self) -> Value {
        let bytes = self.program.until(0);
        serde_json::from_slice(&bytes).expect("a message is JSON")
    }
}
