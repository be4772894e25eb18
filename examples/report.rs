//! Opens a store, asks a report, and prints its rows: run `keytrail demo` first, then `cargo run --example report`.

use std::error::Error;
use std::path::Path;

use keytrail::render::{Destination, Format, write_stream};
use keytrail::service::{Queries, Question, Reader};
use keytrail::store::{Place, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let place = Place::directory(Path::new("keytrail-demo/store"))?;
    let store = Store::open(place).await?;
    let reader = Reader::open(&store, Queries::embedded()?).await?;
    let question = Question::new("who-used").with("key", "8b402961-4718-43ca-8f94-e4fd57328e34");
    let now = chrono::Utc::now().timestamp_micros();
    let answer = reader.ask(&question, now).await?;
    let stdout = Destination::Stdout {
        terminal_width: None,
    };
    write_stream(answer.outcome.stream, Format::Table, &stdout).await?;
    Ok(())
}
