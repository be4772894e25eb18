//! Keys as they are written in a URL's query.
//!
//! Enters: a key in a notification or a listing of S3. Leaves: the key itself.

use percent_encoding::percent_decode_str;

/// Decodes `%` with two hex digits, and `+` for a blank; none if the text is not encoded so, or not UTF-8 then.
pub(super) fn query_decoded(text: &str) -> Option<String> {
    let is_whole = |after: &str| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    // The decoder leaves a `%` without digits as it is.
    if !text.split('%').skip(1).all(is_whole) {
        return None;
    }
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8();
    decoded.ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::query_decoded;

    #[test]
    fn keys_are_decoded_whole_or_not_at_all() {
        for (text, expected) in [
            ("", Some("")),
            ("logs/1.json.gz", Some("logs/1.json.gz")),
            ("a+b%2Bc%3d%C3%BC/%25", Some("a b+c=ü/%")),
            ("ü+", Some("ü ")),
            ("100%", None),
            ("a+%zz", None),
            ("%2", None),
            ("%%41", None),
            ("%+1", None),
            ("%ü", None),
            ("%C3", None),
        ] {
            assert_eq!(query_decoded(text).as_deref(), expected, "{text}");
        }
    }
}
