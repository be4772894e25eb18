//! The names of logs, by how they end.

/// Endings of names that are taken from a folder, in any case of letters; a file without one is taken if it
/// begins like a log. What is named itself is always taken.
const ENDINGS: [&str; 5] = [".gz", ".json", ".jsonl", ".ndjson", ".log"];

/// Whether a name ends as those of logs do.
pub(super) fn is_log_ending(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || is_of_firehose(&name)
}

/// Whether Firehose gave the name, which has no ending: `<stream>-<version>-YYYY-MM-DD-HH-MM-SS-<id>`
/// ("Understand data delivery in Amazon Data Firehose", its developer guide).
fn is_of_firehose(name: &str) -> bool {
    const TIME: &[u8] = b"-0000-00-00-00-00-00-";
    let name = name.rsplit('/').next().unwrap_or_default().as_bytes();
    let is_time = |part: &[u8]| {
        part.iter().zip(TIME).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        })
    };
    !name.contains(&b'.') && name.windows(TIME.len()).any(is_time)
}

#[cfg(test)]
mod tests {
    use super::is_log_ending;

    #[test]
    fn logs_are_known_by_their_names() {
        for name in [
            "a.JSON.gz",
            "x.ndjson",
            "logs/2026/03/01/10/trail-to-s3-1-2026-03-01-10-00-00-0d3ad5c1-9a0f-4f1e-8a01-1f2e3d4c5b6a",
            "s-1-2026-03-01-10-00-00-0001",
        ] {
            assert!(is_log_ending(name), "{name}");
        }
        for name in [
            "aws-logs-write-test",
            "2026-03-01-10-00-00-0001",
            "s-1-2026-03-01-10-00-00-0001.parquet",
            "s-1-2026-03-01-10-00-00-0001/picture",
        ] {
            assert!(!is_log_ending(name), "{name}");
        }
    }
}
