//! JSON that is not a record of a log: notifications, digests, what AWS answers.
//!
//! Enters: a document. Leaves: a value, or an error that names the line and the column.

use serde::de::DeserializeOwned;
use simd_json::{Buffers, serde::from_slice_with_buffers};

/// Arrays and objects within each other: as many as `serde_json` allows.
const DEPTH_MAX: usize = 127;

/// Parses a document.
///
/// # Errors
/// If it is not JSON, or not what is asked for.
pub fn parse_json<T: DeserializeOwned>(document: &[u8]) -> serde_json::Result<T> {
    // simd-json writes into its input, and is the stricter one: what it refuses decides serde_json, whose errors have
    // a place.
    let mut scratch = document.to_vec();
    let mut buffers = Buffers::with_max_depth(document.len(), DEPTH_MAX);
    match from_slice_with_buffers(&mut scratch, &mut buffers) {
        Ok(value) => Ok(value),
        Err(_without_a_place) => serde_json::from_slice(document),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::parse_json;

    /// Users have seen the messages of `serde_json`, and what it takes is taken.
    #[test]
    fn odd_documents_are_read_as_serde_json_reads_them() {
        let nested = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
        let mut documents: Vec<Vec<u8>> = [
            "",
            " ",
            "nul",
            "null",
            " {} ",
            "\u{feff}{}",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1} {"b":2}"#,
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            "[1 2]",
            "[01]",
            "[1.]",
            "[.5]",
            "[+1]",
            "[0.1, -3, 1767225600.5, 1e3]",
            "[18446744073709551615, -9223372036854775808]",
            "[18446744073709551616, -9223372036854775809]",
            "[1e400]",
            "[123456789012345678901234567890]",
            r#"["\u00fc \ud83d\ude00 \n\/"]"#,
            r#"["\ud800"]"#,
            r#"["\ud800\u0041"]"#,
            r#"["\udc00"]"#,
            r#"["\x"]"#,
            r#"["\u12"]"#,
            "[\"a\tb\"]",
            "[\"a\u{0}b\"]",
            "[\"open",
            "{\"a\":\"",
            "'a'",
            "{a:1}",
            "[1]//",
            "[NaN]",
        ]
        .map(|text| text.as_bytes().to_vec())
        .into();
        documents.push(b"[\"\xff\"]".to_vec());
        documents.push(b"\xff\xfe".to_vec());
        documents.extend([127, 128, 129, 100_000].map(|count| nested(count).into_bytes()));
        documents.push("[".repeat(100_000).into_bytes());
        for document in documents {
            let expected = serde_json::from_slice::<Value>(&document);
            let parsed = parse_json::<Value>(&document);
            let shown = String::from_utf8_lossy(&document);
            assert_eq!(
                parsed.map_err(|error| error.to_string()),
                expected.map_err(|error| error.to_string()),
                "{shown:.60}"
            );
        }
    }

    #[test]
    fn a_document_of_another_shape_names_the_place() {
        #[derive(Debug, Deserialize)]
        struct Named {
            #[expect(dead_code, reason = "only whether it is there")]
            name: String,
        }
        let parse = |text: &str| parse_json::<Named>(text.as_bytes()).map_err(|e| e.to_string());
        assert!(parse(r#"{"name":"a","other":[{}]}"#).is_ok());
        for (text, says) in [
            ("{\n}", "missing field `name` at line 2 column 1"),
            (
                r#"{"name":1}"#,
                "invalid type: integer `1`, expected a string at line 1 column 9",
            ),
            (
                r#"{"name":"a","name":"b"}"#,
                "duplicate field `name` at line 1 column 18",
            ),
        ] {
            assert_eq!(parse(text).expect_err("another shape"), says);
        }
    }
}
