//! The connections of the object store's client: those to a server that never answered are given up soon.

use async_trait::async_trait;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpService, ReqwestConnector,
};

use tracing::{Instrument as _, debug, debug_span, field};

use crate::aws::Contact;

/// Makes the client.
#[derive(Debug, Default)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Connections {
            inner: ReqwestConnector::default().connect(options)?,
            contact: Contact::default(),
        }))
    }
}

#[derive(Debug)]
struct Connections {
    inner: HttpClient,
    contact: Contact,
}

#[async_trait]
impl HttpService for Connections {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // Headers and the query are left out: they carry signatures and tokens.
        let span = debug_span!(
            "s3",
            method = request.method().as_str(),
            host = request.uri().host(),
            path = request.uri().path(),
            bytes_sent = request.body().content_length(),
            status = field::Empty,
        );
        let answer = self.inner.execute(request).instrument(span.clone()).await;
        match answer {
            Ok(answer) => {
                span.record("status", answer.status().as_u16());
                self.contact.made();
                Ok(answer)
            }
            Err(error) => {
                span.in_scope(|| debug!(error = %error, "no answer"));
                let is_timeout = error.kind() == HttpErrorKind::Timeout;
                if self.contact.is_worth_another(is_timeout) {
                    return Err(error);
                }
                // A kind that is not retried.
                Err(HttpError::new(HttpErrorKind::Unknown, error))
            }
        }
    }
}
