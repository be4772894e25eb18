//! A queue of SQS that names new objects.
//!
//! Enters: the queue's URL, how AWS is reached. Leaves: messages with the objects that they name, kept until
//! they are deleted. A message that is not deleted comes back; nothing here deletes one by itself, and nothing
//! here knows what became of an object.

mod error;
mod gather;
mod hold;
mod notification;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use tracing::{Instrument as _, debug_span};
use url::Url;

pub use self::error::QueueError;
use self::error::{DELETE, RECEIVE, refused};
pub use self::gather::{Batch, BatchBounds, Waiting};
pub use self::hold::HeldMessages;
pub use self::notification::{NamedObject, Unusable, read};
use crate::aws::{self, Access};

/// The most messages of one request of any kind.
const REQUEST_MESSAGES_MAX: usize = 10;

/// A queue.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
    /// How long nobody else gets a message that was received; it is renewed while the message is kept.
    visibility_secs: u16,
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same each time that it comes.
    pub id: String,
    /// By which this receipt of it is kept and deleted.
    pub receipt: String,
    /// The objects that it names.
    pub content: Result<Vec<NamedObject>, Unusable>,
}

impl Queue {
    /// A queue; nothing is asked of it yet.
    ///
    /// # Errors
    /// If the URL is none.
    pub async fn new(url: &str, access: &Access, visibility_secs: u16) -> Result<Self, QueueError> {
        let place = QueueServer::read(url).ok_or_else(|| QueueError::BadUrl {
            url: url.to_owned(),
        })?;
        let access = Access {
            // A queue is where its URL says, also if the bucket is elsewhere.
            region: place.region.or_else(|| access.region.clone()),
            endpoint_url: place.endpoint_url,
            ..access.clone()
        };
        let config = aws::client_config!(aws_sdk_sqs, &access.load().await).build();
        Ok(Self {
            client: Client::from_conf(config),
            url: url.to_owned(),
            visibility_secs,
        })
    }

    /// The queue's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Some messages; none if none came within these seconds.
    async fn receive(&self, wait_secs: i32) -> Result<Vec<Message>, QueueError> {
        let count = i32::try_from(REQUEST_MESSAGES_MAX).unwrap_or(i32::MAX);
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(count)
            .visibility_timeout(self.visibility_secs.into())
            .wait_time_seconds(wait_secs)
            .send()
            .instrument(debug_span!("sqs", operation = "ReceiveMessage", wait_secs))
            .await
            .map_err(|error| refused(RECEIVE, &self.url, &error))?;
        let messages = answer.messages().iter();
        let received = messages.filter_map(|message| {
            Some(Message {
                id: message.message_id().unwrap_or_default().to_owned(),
                receipt: message.receipt_handle()?.to_owned(),
                content: read(message.body().unwrap_or_default()),
            })
        });
        Ok(received.collect())
    }

    /// Deletes messages, by their receipts; answers how many could not be deleted. Those come again, and
    /// their objects are known then.
    ///
    /// # Errors
    /// If the queue refuses.
    pub async fn delete(&self, receipts: &[&str]) -> Result<usize, QueueError> {
        let mut left = 0;
        for some in receipts.chunks(REQUEST_MESSAGES_MAX) {
            let entries = some.iter().enumerate().map(|(number, receipt)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(number.to_string())
                    .receipt_handle(*receipt)
                    .build()
            });
            let answer = self
                .client
                .delete_message_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries.collect::<Result<_, BuildError>>()?))
                .send()
                .instrument(debug_span!(
                    "sqs",
                    operation = "DeleteMessageBatch",
                    messages = some.len()
                ))
                .await
                .map_err(|error| refused(DELETE, &self.url, &error))?;
            left += answer.failed().len();
        }
        Ok(left)
    }
}

/// What the URL of a queue says.
#[derive(Debug, PartialEq, Eq)]
struct QueueServer {
    region: Option<String>,
    /// Of another server than AWS's.
    endpoint_url: Option<String>,
}

impl QueueServer {
    fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        if !matches!(url.scheme(), "http" | "https") || url.path() == "/" {
            return None;
        }
        let host = url.host_str()?;
        let amazon = host
            .strip_suffix(".amazonaws.com")
            .or_else(|| host.strip_suffix(".amazonaws.com.cn"));
        let Some(name) = amazon else {
            return Some(Self {
                region: None,
                endpoint_url: Some(url.origin().ascii_serialization()),
            });
        };
        // `sqs.eu-west-1` today, `eu-west-1.queue` before; an interface endpoint has more in front.
        let parts: Vec<&str> = name.split('.').collect();
        let at = |word: &str| parts.iter().position(|part| *part == word);
        let region = match (at("sqs"), at("queue")) {
            (Some(at), _) => parts.get(at + 1).copied(),
            (None, Some(0)) => Some("us-east-1"),
            (None, Some(at)) => parts.get(at - 1).copied(),
            (None, None) => None,
        };
        let is_private = parts.contains(&"vpce");
        Some(Self {
            region: region.map(str::to_owned),
            endpoint_url: is_private.then(|| url.origin().ascii_serialization()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::QueueServer;

    fn check(url: &str, region: Option<&str>, endpoint_url: Option<&str>) {
        let expected = QueueServer {
            region: region.map(str::to_owned),
            endpoint_url: endpoint_url.map(str::to_owned),
        };
        assert_eq!(QueueServer::read(url), Some(expected), "{url}");
    }

    #[test]
    fn the_url_of_a_queue_says_where_it_is() {
        check(
            "https://sqs.eu-west-1.amazonaws.com/111122223333/logs",
            Some("eu-west-1"),
            None,
        );
        check(
            "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/logs",
            Some("cn-north-1"),
            None,
        );
        check(
            "https://eu-west-1.queue.amazonaws.com/111122223333/logs",
            Some("eu-west-1"),
            None,
        );
        check(
            "https://queue.amazonaws.com/111122223333/logs",
            Some("us-east-1"),
            None,
        );
        check(
            "https://vpce-0a-b.sqs.eu-west-1.vpce.amazonaws.com/111122223333/logs",
            Some("eu-west-1"),
            Some("https://vpce-0a-b.sqs.eu-west-1.vpce.amazonaws.com"),
        );
        check(
            "http://127.0.0.1:5000/123456789012/logs",
            None,
            Some("http://127.0.0.1:5000"),
        );
        for wrong in [
            "logs",
            "arn:aws:sqs:eu-west-1:111122223333:logs",
            "https://host/",
        ] {
            assert_eq!(QueueServer::read(wrong), None, "{wrong}");
        }
    }
}
