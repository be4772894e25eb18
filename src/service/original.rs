//! The originals of an event: one for each content that its id has.

use datafusion::prelude::{col, lit};

use super::error::ServiceError;
use super::reader::Reader;
use crate::decode::original_event;
use crate::schema::{KMS_EVENTS, TRAIL_EVENTS};

impl Reader {
    /// The events of an id as JSON, as they were logged; none if the store has no such event.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn originals(&self, event_id: &str) -> Result<Vec<String>, ServiceError> {
        let mut originals = Vec::new();
        for table in [&KMS_EVENTS, &TRAIL_EVENTS] {
            let rows = self
                .session()
                .context()
                .table(table.name)
                .await?
                .filter(col("event_id").eq(lit(event_id)))?
                .sort(vec![
                    col("event_time").sort(true, true),
                    col("content_hash").sort(true, true),
                ])?
                .collect()
                .await?;
            for batch in rows {
                for row in 0..batch.num_rows() {
                    originals.push(original_event(&batch, row)?);
                }
            }
        }
        Ok(originals)
    }
}
