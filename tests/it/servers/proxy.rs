//! A proxy that does harm: between a program and a server, it delays, refuses, cuts or changes what it is told
//! to. It keeps every header, so that signatures hold.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, encoded as they came.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The number of this request among all, from 0.
    pub(crate) number: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    /// Whether a bucket is listed.
    pub(crate) fn is_listing(&self) -> bool {
        self.target.contains("list-type=2")
    }

    /// Whether an object is read.
    pub(crate) fn is_read(&self) -> bool {
        self.method == "GET" && !self.target.contains('?') || self.target.contains("x-id=GetObject")
    }
}

/// What is done with a request.
pub(crate) enum Action {
    /// It is handed on.
    Pass,
    /// It is handed on after a while.
    Delay(Duration),
    /// It is answered here: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// It is handed on; the connection is cut after so many bytes of the answer's body.
    CutAfter(usize),
    /// It is handed on, and answered as if the server had failed: what it asked for is done, but nobody knows.
    LoseAnswer,
    /// It is handed on, and the body of its answer is changed.
    Change(Box<dyn FnOnce(Vec<u8>) -> Vec<u8> + Send>),
}

impl Action {
    /// S3's answer to a request that fails.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <RequestId>1</RequestId></Error>"
        );
        Self::Answer(
            status,
            vec![("content-type", "application/xml".to_owned())],
            body.into_bytes(),
        )
    }
}

type Rule = dyn Fn(&Request) -> Action + Send + Sync;

/// A proxy that runs until the process ends.
pub(crate) struct Proxy {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    /// Begins to serve in front of the server at this URL.
    pub(crate) fn start(
        upstream: &str,
        rule: impl Fn(&Request) -> Action + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let (seen, rule) = (requests.clone(), Arc::new(rule));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                let (seen, rule, upstream) = (seen.clone(), rule.clone(), upstream.clone());
                // A connection that breaks is what a proxy like this is for.
                thread::spawn(move || serve(client, &upstream, &seen, &*rule).ok());
            }
        });
        Self { url, requests }
    }

    /// The requests that came so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics in it").clone()
    }

    /// How many of them are of this kind.
    pub(crate) fn count(&self, is_counted: impl Fn(&Request) -> bool) -> usize {
        self.requests()
            .iter()
            .filter(|request| is_counted(request))
            .count()
    }
}

/// The first line, the headers, and the body as it came.
struct Message {
    first: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn serve(
    client: TcpStream,
    upstream: &str,
    seen: &Mutex<Vec<Request>>,
    rule: &Rule,
) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut answers = client.try_clone()?;
    let mut client = BufReader::new(client);
    let mut server: Option<BufReader<TcpStream>> = None;
    while let Some(message) = read(&mut client, true, &mut answers)? {
        let mut words = message.first.split(' ');
        let request = {
            let mut seen = seen.lock().expect("no test panics in it");
            let request = Request {
                method: words.next().unwrap_or_default().to_owned(),
                target: words.next().unwrap_or_default().to_owned(),
                headers: message.headers.clone(),
                number: seen.len(),
            };
            seen.push(request.clone());
            request
        };
        let action = rule(&request);
        if let Action::Answer(status, headers, body) = action {
            let mut head = format!(
                "HTTP/1.1 {status} Told\r\ncontent-length: {}\r\n",
                body.len()
            );
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            answers.write_all(format!("{head}\r\n").as_bytes())?;
            if request.method != "HEAD" {
                answers.write_all(&body)?;
            }
            continue;
        }
        if let Action::Delay(time) = action {
            thread::sleep(time);
        }
        let server = match &mut server {
            Some(server) => server,
            none => {
                let stream = TcpStream::connect(upstream)?;
                stream.set_nodelay(true)?;
                none.insert(BufReader::new(stream))
            }
        };
        let mut to_server = server.get_ref().try_clone()?;
        write(&mut to_server, &message)?;
        let has_body = request.method != "HEAD";
        let mut sink = std::io::sink();
        let Some(mut answer) = read(server, has_body, &mut sink)? else {
            return Ok(());
        };
        match action {
            Action::CutAfter(bytes) => {
                answer.body.truncate(bytes);
                write(&mut answers, &answer)?;
                return answers.shutdown(std::net::Shutdown::Both);
            }
            Action::LoseAnswer => {
                let told = b"HTTP/1.1 503 Told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                answers.write_all(told)?;
                return answers.shutdown(std::net::Shutdown::Both);
            }
            Action::Change(change) => {
                answer.body = change(answer.body);
                answer.headers.retain(|(name, _)| {
                    !name.eq_ignore_ascii_case("content-length")
                        && !name.eq_ignore_ascii_case("transfer-encoding")
                });
                let length = answer.body.len().to_string();
                answer.headers.push(("content-length".to_owned(), length));
            }
            _ => {}
        }
        write(&mut answers, &answer)?;
        if value(&answer.headers, "connection").is_some_and(|value| value == "close") {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads a message, its chunks put together; none where the connection has ended.
fn read(
    from: &mut BufReader<TcpStream>,
    has_body: bool,
    back: &mut dyn std::io::Write,
) -> std::io::Result<Option<Message>> {
    let first = line(from)?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let line = line(from)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if value(&headers, "expect").is_some() {
        back.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("expect"));
    }
    let mut body = Vec::new();
    let is_chunked = value(&headers, "transfer-encoding").is_some_and(|value| value == "chunked");
    let length = value(&headers, "content-length").and_then(|value| value.parse::<u64>().ok());
    let is_answer = first.starts_with("HTTP/");
    let is_bare = first.contains(" 204 ") || first.contains(" 304 ");
    if !has_body || is_bare {
        return Ok(Some(Message {
            first,
            headers,
            body,
        }));
    }
    if is_chunked {
        loop {
            let size = u64::from_str_radix(line(from)?.split(';').next().unwrap_or_default(), 16)
                .map_err(std::io::Error::other)?;
            from.take(size).read_to_end(&mut body)?;
            line(from)?;
            if size == 0 {
                break;
            }
        }
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("transfer-encoding"));
        headers.push(("content-length".to_owned(), body.len().to_string()));
    } else if let Some(length) = length {
        from.take(length).read_to_end(&mut body)?;
    } else if is_answer {
        from.read_to_end(&mut body)?;
    }
    Ok(Some(Message {
        first,
        headers,
        body,
    }))
}

fn line(from: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn write(to: &mut TcpStream, message: &Message) -> std::io::Result<()> {
    let mut head = format!("{}\r\n", message.first);
    for (name, value) in &message.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    to.write_all(format!("{head}\r\n").as_bytes())?;
    to.write_all(&message.body)
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = headers
        .iter()
        .filter(|(header, _)| header.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.as_str())
}
