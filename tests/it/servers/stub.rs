//! A service of AWS in a few lines: it answers each operation with what a test gives it.
//!
//! Enters: what to answer. Leaves: a URL, and every call that came. It knows how the services name their operations
//! (a header, a path, or a form) and nothing of what they do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A call as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) operation: String,
    /// The region that it is signed for.
    pub(crate) region: String,
    pub(crate) user_agent: String,
    /// Its JSON; null where it is a form.
    pub(crate) body: Value,
}

/// A status and a text.
pub(crate) type Told = (u16, String);

/// It listens until the process ends.
pub(crate) struct Stub {
    pub(crate) url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Stub {
    pub(crate) fn start(answer: impl Fn(&Call) -> Told + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let heard = calls.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let Some(call) = read(&stream) else {
                    continue;
                };
                heard.lock().expect("no panic").push(call.clone());
                let (code, body) = answer(&call);
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {code} told\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
                .expect("it is written");
            }
        });
        Self { url, calls }
    }

    /// The calls since they were last taken, in order.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().expect("no panic"))
    }
}

fn read(stream: &TcpStream) -> Option<Call> {
    let mut reader = BufReader::new(stream);
    let mut call = Call::default();
    let mut length = 0;
    loop {
        let mut line = String::new();
        let count = reader.read_line(&mut line).ok()?;
        if count == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(path) = line.strip_prefix("POST /listRegions") {
            assert!(path.starts_with(' '));
            call.operation = "ListRegions".to_owned();
        }
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().expect("a number"),
            "authorization" => {
                let region = value.split('/').nth(2).expect("a signature's scope");
                call.region = region.to_owned();
            }
            "x-amz-target" => {
                let operation = value.rsplit('.').next().expect("an operation");
                call.operation = operation.to_owned();
            }
            "user-agent" => call.user_agent = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let body = String::from_utf8(body).expect("a text");
    if let Some(form) = body.strip_prefix("Action=") {
        call.operation = form.split('&').next().expect("an operation").to_owned();
    } else {
        call.body = serde_json::from_str(&body).unwrap_or_default();
    }
    Some(call)
}
