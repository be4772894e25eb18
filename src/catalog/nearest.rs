//! Which known names are nearest to what was typed.

/// The most candidates worth reading.
const NEAREST_MAX: usize = 5;

/// The most edits between two names that one may be taken for the other.
const EDITS_MAX: usize = 4;

/// The longest name compared: beyond it a likeness says nothing, and the comparison is quadratic.
const COMPARED_CHARS_MAX: usize = 256;

/// At most five of the names: those that begin with, or contain, what was typed, then those few edits away.
pub(crate) fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let typed = typed.to_lowercase();
    let mut ranked: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| Some((rank(&typed, name)?, name)))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked
        .into_iter()
        .take(NEAREST_MAX)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// How far the name is from what was typed, or none where there is no likeness.
fn rank(typed: &str, name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let short = short(&name);
    let typed_short = self::short(typed);
    if typed_short.is_empty() {
        return None;
    }
    if short.starts_with(typed_short) || name.starts_with(typed) {
        return Some(0);
    }
    if typed_short.len() >= 3 && name.contains(typed_short) {
        return Some(1);
    }
    let edits = distance(typed_short, short);
    // A third of a short name may differ, a few letters of a long one; more is another name.
    let allowed = (typed_short.chars().count() / 3).clamp(1, EDITS_MAX);
    (edits <= allowed).then_some(1 + edits)
}

/// The part that people remember: an id or a bucket without its ARN, an alias without its prefix.
fn short(name: &str) -> &str {
    let marks: &[char] = if name.starts_with("arn:") {
        &['/', ':']
    } else {
        &['/']
    };
    name.rsplit(marks).next().unwrap_or(name)
}

/// The edits between two texts, in characters: one left out, put in or another, or two neighbors swapped.
fn distance(left: &str, right: &str) -> usize {
    strsim::osa_distance(compared(left), compared(right))
}

fn compared(text: &str) -> &str {
    let end = text.char_indices().nth(COMPARED_CHARS_MAX);
    end.map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn edits_are_counted() {
        for (left, right, edits) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("kitten", "sitting", 3),
            ("elt", "etl", 1),
            ("abcd", "badc", 2),
        ] {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
    }

    #[test]
    fn prefixes_come_before_edits_and_strangers_are_left_out() {
        let names = [
            "alias/billing",
            "alias/biling-old",
            "alias/web",
            "alias/bill",
        ];
        assert_eq!(
            nearest("alias/bill", names),
            ["alias/bill", "alias/billing"]
        );
        assert_eq!(
            nearest("biling", names),
            ["alias/biling-old", "alias/billing"]
        );
        assert!(nearest("zzz", names).is_empty());
        let bucket = "arn:aws:s3:::reports";
        assert_eq!(nearest("repotrs", [bucket]), [bucket]);
        assert_eq!(nearest("arn:aws:s3:::report", [bucket]), [bucket]);
        assert!(nearest("2001:db8::1", ["1.2.3.4"]).is_empty());
    }
}
