//! Messages gathered into a batch: by number, or by time since the first of them.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;

use super::{HeldMessages, Message, NamedObject, Queue, QueueError, Unusable};

/// The longest that a request waits for messages, the most that SQS allows.
const WAIT_SECS_MAX: i64 = 20;
/// An answer without messages after so long means that there are none: all servers of the queue were asked.
const EMPTY_SECS: i64 = 2;
/// So long an answer that is under way is waited for when the end was asked for.
const LAST_ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// When a batch is closed.
#[derive(Debug, Clone)]
pub struct BatchBounds {
    /// When it names this many objects.
    pub objects_max: usize,
    /// When its first message has waited for this long.
    pub seconds_max: u32,
    /// Buckets whose objects are taken; without any, all are.
    pub buckets: Vec<String>,
}

/// What to do where there is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Wait for the next.
    ForMore,
    /// End.
    UntilEmpty,
}

/// Messages that are worked on together, and kept from others meanwhile.
#[derive(Debug)]
pub struct Batch {
    /// Messages that can be used.
    pub messages: Vec<Message>,
    /// Ids of messages that cannot, with the reason. They stay in the queue.
    pub unusable: Vec<(String, String)>,
    /// Whether nothing comes after it: the queue is empty, or the end was asked for.
    pub is_last: bool,
    /// Holds the messages.
    pub held: HeldMessages,
}

impl Batch {
    /// The objects that the messages name, each once.
    #[must_use]
    pub fn objects(&self) -> BTreeSet<&NamedObject> {
        let contents = self.messages.iter().map(|message| &message.content);
        contents.flatten().flatten().collect()
    }
}

impl Queue {
    /// Gathers the next batch; ends early when `stop` becomes true. `now` answers the time in microseconds.
    ///
    /// # Errors
    /// If the queue refuses. What was received comes back by itself.
    pub async fn gather(
        &self,
        bounds: &BatchBounds,
        waiting: Waiting,
        stop: &mut watch::Receiver<bool>,
        now: &(dyn Fn() -> i64 + Sync),
    ) -> Result<Batch, QueueError> {
        const MICROS_PER_SEC: i64 = 1_000_000;
        let mut batch = Batch {
            messages: Vec::new(),
            unusable: Vec::new(),
            is_last: false,
            held: HeldMessages::new(self),
        };
        let mut closes_at: Option<i64> = None;
        let mut objects = 0;
        while objects < bounds.objects_max {
            let left_secs = closes_at.map_or(WAIT_SECS_MAX, |at| (at - now()) / MICROS_PER_SEC);
            if left_secs <= 0 {
                break;
            }
            let wait_secs = match waiting {
                Waiting::ForMore => left_secs.min(WAIT_SECS_MAX),
                Waiting::UntilEmpty => EMPTY_SECS,
            };
            let receiving = self.receive(i32::try_from(wait_secs).unwrap_or(0));
            let mut receiving = std::pin::pin!(receiving);
            let received = tokio::select! {
                received = &mut receiving => Some(received),
                _ = stop.wait_for(|is_stopped| *is_stopped) => {
                    batch.is_last = true;
                    // Messages that are on their way would be hidden from everybody for a while.
                    tokio::time::timeout(LAST_ANSWER_WITHIN, receiving).await.ok()
                }
            };
            let received = received.transpose()?.unwrap_or_default();
            if received.is_empty() && waiting == Waiting::UntilEmpty {
                // What is unusable comes back for ever, so it does not keep the end away.
                batch.is_last = true;
                break;
            }
            for message in received {
                if let Some(reason) = unusable(&message, &bounds.buckets) {
                    batch.unusable.push((message.id, reason));
                    continue;
                }
                objects += message.content.as_ref().map_or(0, Vec::len);
                batch.held.add(&message);
                batch.messages.push(message);
            }
            if batch.is_last {
                break;
            }
            if closes_at.is_none() && !(batch.messages.is_empty() && batch.unusable.is_empty()) {
                closes_at = Some(now() + i64::from(bounds.seconds_max) * MICROS_PER_SEC);
            }
        }
        Ok(batch)
    }
}

/// Why a message cannot be used, if so.
fn unusable(message: &Message, buckets: &[String]) -> Option<String> {
    let named = match &message.content {
        Ok(named) => named,
        Err(reason) => return Some(Unusable::to_string(reason)),
    };
    if buckets.is_empty() {
        return None;
    }
    let stranger = named
        .iter()
        .find(|named| !buckets.contains(&named.bucket))?;
    Some(format!(
        "it is about the bucket `{}`, and only {} is taken",
        stranger.bucket,
        buckets.join(", ")
    ))
}
