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

/// The edits between two texts, in characters: one left out, put in or another, or two beside each other swapped.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(COMPARED_CHARS_MAX).collect();
    let right: Vec<char> = right.chars().take(COMPARED_CHARS_MAX).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut before = row.clone();
    for at in 0..left.len() {
        let mut next = vec![at + 1; row.len()];
        for place in 0..right.len() {
            let substituted = row[place] + usize::from(left[at] != right[place]);
            let mut edits = substituted.min(row[place + 1] + 1).min(next[place] + 1);
            let is_swapped =
                at > 0 && place > 0 && left[at] == right[place - 1] && left[at - 1] == right[place];
            if is_swapped {
                edits = edits.min(before[place - 1] + 1);
            }
            next[place + 1] = edits;
        }
        before = std::mem::replace(&mut row, next);
    }
    row[right.len()]
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
