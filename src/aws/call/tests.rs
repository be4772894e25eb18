//! Calls against a connector that answers with what a test gives it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use serde_json::json;

use super::*;
use crate::aws::in_short;
use crate::aws::{ACCOUNT, CLOUDTRAIL};

/// A request as it was sent: its URL, its headers, its body.
type Sent = (String, HashMap<String, String>, Value);

type AnswerTo = dyn Fn(usize) -> Option<(u16, &'static str)> + Send + Sync;

/// Answers the requests by number; where there is no answer, the connection is refused.
#[derive(Clone)]
struct Server {
    answer: Arc<AnswerTo>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Server {
    fn new(answer: impl Fn(usize) -> Option<(u16, &'static str)> + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(answer),
            sent: Arc::default(),
        }
    }

    fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("no panic").clone()
    }

    fn api(&self, service: &'static Service) -> Api {
        Api::new(service, &self.config().build(), "eu-west-1")
    }

    fn config(&self) -> aws_types::sdk_config::Builder {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests");
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::ZERO))
            .http_client(self.clone())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

impl HttpClient for Server {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Server {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let body = request.body().bytes().expect("a body in memory");
        let body = serde_json::from_slice(body).expect("JSON");
        let sent = (request.uri().to_owned(), headers.collect(), body);
        let mut all = self.sent.lock().expect("no panic");
        all.push(sent);
        HttpConnectorFuture::ready(match (self.answer)(all.len()) {
            Some((status, body)) => {
                let status = StatusCode::try_from(status).expect("a status");
                Ok(HttpResponse::new(status, SdkBody::from(body)))
            }
            None => Err(ConnectorError::io("connection refused".into())),
        })
    }
}

#[tokio::test]
async fn a_call_is_signed_and_carries_our_name() {
    let server = Server::new(|_| Some((200, r#"{"trailList":[]}"#)));
    let input = json!({"includeShadowTrails": true});
    let api = server.api(&CLOUDTRAIL);
    let answer = api.call("DescribeTrails", &input).await;
    assert_eq!(answer.expect("an answer"), json!({"trailList": []}));
    let sent = server.sent();
    let [(url, headers, body)] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(url, "https://cloudtrail.eu-west-1.amazonaws.com/");
    assert_eq!(*body, input);
    let target = "CloudTrail_20131101.DescribeTrails";
    assert_eq!(headers["x-amz-target"], target);
    assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
    assert!(
        headers["user-agent"].starts_with("keytrail/"),
        "{headers:?}"
    );
    let signature = &headers["authorization"];
    assert!(
        signature.contains("/eu-west-1/cloudtrail/aws4_request"),
        "{signature}"
    );
    assert!(signature.contains("x-amz-target"), "{signature}");
}

#[tokio::test]
async fn a_list_has_all_pages() {
    let server = Server::new(|number| {
        Some(match number {
            1 => (200, r#"{"Regions":[1,2],"NextToken":"more"}"#),
            _ => (200, r#"{"Regions":[3]}"#),
        })
    });
    let input = json!({"AccountId": "111122223333"});
    let api = server.api(&ACCOUNT);
    let listed = api.list("ListRegions", input, "Regions").await;
    assert_eq!(listed.expect("a list"), [1, 2, 3]);
    let sent = server.sent();
    let paths = sent.iter().map(|(url, ..)| url.as_str());
    let path = "https://account.us-east-1.amazonaws.com/listRegions";
    assert_eq!(paths.collect::<Vec<_>>(), [path, path]);
    // A global service is signed for its own region.
    assert!(sent[0].1["authorization"].contains("/us-east-1/account/"));
    assert_eq!(sent[0].2, json!({"AccountId": "111122223333"}));
    assert_eq!(
        sent[1].2,
        json!({"AccountId": "111122223333", "NextToken": "more"})
    );
}

#[tokio::test]
async fn a_list_that_never_ends_is_an_error() {
    let server = Server::new(|_| Some((200, r#"{"Regions":[],"NextToken":"more"}"#)));
    let api = server.api(&ACCOUNT);
    let listed = api.list("ListRegions", json!({}), "Regions").await;
    let error = listed.expect_err("no end");
    assert!(in_short(&error).contains("its own page"), "{error:?}");
    assert_eq!(server.sent().len(), 2);
}

/// The attempts that are made of a call which is always answered so.
#[track_caller]
fn attempts(answer: Option<(u16, &'static str)>) -> (usize, String) {
    let server = Server::new(move |_| answer);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let (api, input) = (server.api(&CLOUDTRAIL), json!({}));
    let error = runtime.block_on(api.call("DescribeTrails", &input));
    (
        server.sent().len(),
        in_short(&error.expect_err("no answer")),
    )
}

#[test]
fn only_what_may_pass_is_tried_again() {
    let throttled = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
    let denied = r#"{"__type":"AccessDeniedException","message":"not for you"}"#;
    for (answer, expected) in [
        (
            Some((400, throttled)),
            (3, "Rate exceeded (ThrottlingException)"),
        ),
        (Some((503, "<html>")), (3, "HTTP status 503")),
        (
            Some((400, denied)),
            (1, "not for you (AccessDeniedException)"),
        ),
        (Some((407, "")), (1, "HTTP status 407")),
        // A server that never answered gets fewer attempts.
        (None, (2, "connection refused")),
    ] {
        let (count, said) = attempts(answer);
        assert_eq!((count, said.as_str()), expected);
    }
    let (_, said) = attempts(Some((200, "<html>")));
    assert!(said.starts_with("the answer is not JSON: "), "{said}");
}

#[tokio::test]
async fn a_service_is_asked_where_its_own_url_says() {
    #[derive(Debug)]
    struct Environment;
    impl LoadServiceConfig for Environment {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let is_asked = key.env() == "AWS_ENDPOINT_URL" && key.service_id() == "CloudTrail";
            is_asked.then(|| "http://127.0.0.1:9/own".to_owned())
        }
    }
    let server = Server::new(|_| Some((200, "{}")));
    let config = server.config().endpoint_url("http://127.0.0.1:9");
    let config = config.service_config(Environment).build();
    for service in [&CLOUDTRAIL, &ACCOUNT] {
        let api = Api::new(service, &config, "eu-west-1");
        api.call("ListRegions", &json!({}))
            .await
            .expect("an answer");
    }
    let sent = server.sent();
    assert_eq!(sent[0].0, "http://127.0.0.1:9/own/");
    assert_eq!(sent[1].0, "http://127.0.0.1:9/listRegions");
    // Another server is signed for as the region says.
    assert!(sent[1].1["authorization"].contains("/eu-west-1/account/"));
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_is_an_error_of_the_call() {
    let server = Server::new(|_| Some((200, "{}")));
    let config = server.config().endpoint_url("http://127.0.0.1:9");
    let api = Api::new(&CLOUDTRAIL, &config.use_fips(true).build(), "eu-west-1");
    let error = api.call("DescribeTrails", &json!({})).await;
    let said = in_short(&error.expect_err("no endpoint"));
    assert!(said.starts_with("FIPS endpoints are configured"), "{said}");
    assert_eq!(server.sent().len(), 0);
}

#[test]
fn refusals_are_read_as_services_write_them() {
    #[track_caller]
    fn check(header: Option<&str>, body: &str, code: Option<&str>, message: Option<&str>) {
        let refusal = ErrorAnswer::read(400, header, body.as_bytes());
        assert_eq!((refusal.code(), refusal.message()), (code, message));
    }
    let denied = Some("AccessDenied");
    check(
        None,
        r#"{"__type":"com.amazonaws#AccessDenied","Message":"no"}"#,
        denied,
        Some("no"),
    );
    check(Some("AccessDenied:http://x.example/"), "{}", denied, None);
    check(Some("AccessDenied"), r#"{"code":"Other"}"#, denied, None);
    check(
        None,
        r#"{"__type":"Other","code":"AccessDenied"}"#,
        denied,
        None,
    );
    check(None, "<html>", None, None);
}
