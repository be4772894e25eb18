//! How wide the columns of a table are, and where a long cell is broken.
//!
//! Enters: widths and text. Leaves: a [`Layout`], lines. Pure; a width is that of a terminal: two
//! for East Asian wide characters, none for combining marks. It knows nothing of Arrow.

use unicode_width::UnicodeWidthChar;

/// Blanks between two columns.
pub(super) const GAP: usize = 2;
/// No text column is made narrower than this; rather, rows are laid out as records.
const COLUMN_WIDTH_MIN: usize = 8;
/// A number or time up to this width is not broken over lines.
const SOLID_WIDTH_MAX: usize = 32;
/// A terminal narrower than this is taken to be this wide.
const TERMINAL_WIDTH_MIN: usize = 20;

/// Rows by which the layout is chosen.
const ROWS_WEIGHED_MAX: usize = 200;

/// How rows are laid out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In columns as wide as need be, one line a row.
    Natural(Vec<usize>),
    /// In columns of these widths, long cells going on in further lines.
    Wrapped(Vec<usize>),
    /// One line a value, with this much room for the name and for the value.
    Records { name: usize, value: usize },
}

/// What is known of a column when the layout is chosen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ColumnWidths {
    /// Width of the name.
    pub(super) header: usize,
    /// Width of the widest cell.
    pub(super) cells: usize,
    /// Whether its cells are hard to read when broken: numbers and times.
    pub(super) is_solid: bool,
}

impl ColumnWidths {
    /// At least two, the width of one wide character.
    fn natural(self) -> usize {
        self.header.max(self.cells).max(2)
    }

    fn least(self) -> usize {
        let least = if self.is_solid {
            self.cells.min(SOLID_WIDTH_MAX)
        } else {
            0
        };
        least.max(COLUMN_WIDTH_MIN).min(self.natural())
    }
}

impl Layout {
    pub(super) fn new(columns: &[ColumnWidths], terminal_width: Option<usize>) -> Self {
        let natural = columns.iter().map(|column| column.natural());
        let Some(terminal_width) = terminal_width else {
            return Self::Natural(natural.collect());
        };
        let terminal_width = terminal_width.max(TERMINAL_WIDTH_MIN);
        let gaps = GAP * columns.len().saturating_sub(1);
        let total = |widths: &[usize]| widths.iter().sum::<usize>().saturating_add(gaps);
        let mut widths = natural.collect::<Vec<_>>();
        if total(&widths) <= terminal_width {
            return Self::Wrapped(widths);
        }
        // Short columns stay as they are, all longer ones get the same width.
        let shrink = |limit: usize| {
            let width = |column: &ColumnWidths| column.natural().min(column.least().max(limit));
            columns.iter().map(width).collect::<Vec<_>>()
        };
        let mut limit = COLUMN_WIDTH_MIN;
        widths = shrink(limit);
        if total(&widths) > terminal_width {
            return Self::records(columns, terminal_width);
        }
        // Ends: the natural widths, which a large limit gives, are too wide.
        loop {
            limit += 1;
            let wider = shrink(limit);
            if total(&wider) > terminal_width {
                break;
            }
            widths = wider;
        }
        let mut spare = terminal_width - total(&widths);
        for (width, column) in widths.iter_mut().zip(columns) {
            if spare > 0 && *width < column.natural() {
                *width += 1;
                spare -= 1;
            }
        }
        Self::Wrapped(widths)
    }

    /// One line a value.
    fn records(columns: &[ColumnWidths], terminal_width: usize) -> Self {
        let names = columns.iter().map(|column| column.header).max();
        let name = (names.unwrap_or(0) + GAP).min(terminal_width / 2);
        let value = terminal_width - name;
        Self::Records { name, value }
    }

    /// The layout of these rows: as [`Layout::new`], but records where these take fewer lines than columns so narrow that
    /// long cells go on and on.
    pub(super) fn of_rows(
        columns: &[ColumnWidths],
        terminal_width: Option<usize>,
        rows: &[Vec<String>],
    ) -> Self {
        let layout = Self::new(columns, terminal_width);
        let (Self::Wrapped(widths), Some(terminal_width)) = (&layout, terminal_width) else {
            return layout;
        };
        let records = Self::records(columns, terminal_width.max(TERMINAL_WIDTH_MIN));
        let Self::Records { value, .. } = records else {
            return layout;
        };
        let weighed = || rows.iter().take(ROWS_WEIGHED_MAX);
        let in_columns = weighed().map(|cells| {
            let lines = cells
                .iter()
                .zip(widths)
                .map(|(cell, width)| wrap(cell, *width).len());
            match lines.max() {
                None | Some(0 | 1) => 1,
                // A blank line shows where such a row ends.
                Some(lines) => lines + 1,
            }
        });
        let in_records = weighed().map(|cells| {
            let lines = cells.iter().map(|cell| wrap(cell, value).len());
            1 + lines.sum::<usize>()
        });
        if in_records.sum::<usize>() < in_columns.sum::<usize>() {
            records
        } else {
            layout
        }
    }
}

/// The columns that a terminal takes for `text`, which has no control characters.
///
/// The sum over its characters, as terminals count; a joined emoji may take less.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// The lines of `text`, none wider than `limit` (but for a single character that is).
///
/// Ended by line ends, which only we ourselves put into a cell, and broken after a blank or a mark if one stands in the second half of the line, so that the parts
/// of an ARN stay whole where they can. Every character is on one of the lines.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<&str> {
    text.split('\n')
        .flat_map(|line| broken(line, limit))
        .collect()
}

fn broken(text: &str, limit: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut used) = (0, 0);
    let mut mark = None;
    for (at, c) in text.char_indices() {
        let needed = char_width(c);
        if used + needed > limit && at > start {
            let (cut, width) = match mark.take() {
                Some((cut, width)) if width * 2 >= limit => (cut, width),
                _ => (at, used),
            };
            lines.push(&text[start..cut]);
            (start, used) = (cut, used - width);
        }
        used += needed;
        if matches!(c, ' ' | '/' | ':' | ',' | ';' | '-' | '_' | '.' | '&' | '=') {
            mark = Some((at + c.len_utf8(), used));
        }
    }
    lines.push(&text[start..]);
    lines
}

fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_shared_fairly() {
        #[track_caller]
        fn check(cells: &[usize], terminal_width: Option<usize>, expected: &Layout) {
            let columns = cells.iter().map(|cells| ColumnWidths {
                header: 4,
                cells: *cells,
                is_solid: *cells == 20,
            });
            assert_eq!(
                &Layout::new(&columns.collect::<Vec<_>>(), terminal_width),
                expected
            );
        }
        check(&[5, 100], None, &Layout::Natural(vec![5, 100]));
        check(&[5, 30], Some(80), &Layout::Wrapped(vec![5, 30]));
        check(&[5, 100], Some(80), &Layout::Wrapped(vec![5, 73]));
        check(&[5, 100, 100], Some(80), &Layout::Wrapped(vec![5, 36, 35]));
        check(&[20, 100, 100], Some(40), &Layout::Wrapped(vec![20, 8, 8]));
        check(
            &[20, 20, 100],
            Some(40),
            &Layout::Records { name: 6, value: 34 },
        );
        check(&[100; 9], Some(80), &Layout::Records { name: 6, value: 74 });
        check(&[], Some(80), &Layout::Wrapped(vec![]));
        check(&[100], Some(0), &Layout::Wrapped(vec![20]));
    }

    #[test]
    fn rows_are_records_where_those_are_shorter() {
        let columns = [100, 100, 6, 6].map(|cells| ColumnWidths {
            header: 4,
            cells,
            is_solid: false,
        });
        let rows = |letters: usize| {
            let long = || "a".repeat(letters);
            vec![vec![long(), long(), "b".to_owned(), "c".to_owned()]]
        };
        let layout = |letters| Layout::of_rows(&columns, Some(40), &rows(letters));
        assert_eq!(layout(20), Layout::Wrapped(vec![11, 11, 6, 6]));
        assert_eq!(layout(100), Layout::Records { name: 6, value: 34 });
    }

    #[test]
    fn long_text_is_broken_and_none_is_lost() {
        #[track_caller]
        fn check(text: &str, limit: usize, expected: &[&str]) {
            let lines = wrap(text, limit);
            assert_eq!(lines, expected);
            assert_eq!(lines.concat(), text);
            assert!(lines.iter().all(|line| width(line) <= limit));
        }
        check("", 8, &[""]);
        check("abcdefgh", 8, &["abcdefgh"]);
        check("abcdefghi", 8, &["abcdefgh", "i"]);
        check("arn:aws:kms:eu", 8, &["arn:aws:", "kms:eu"]);
        check("a/bcdefghijkl", 8, &["a/bcdefg", "hijkl"]);
        assert_eq!(wrap("abcd\nef", 3), ["abc", "d", "ef"]);
        check("日本語日本語", 5, &["日本", "語日", "本語"]);
        check(
            "e\u{301}e\u{301}e\u{301}",
            2,
            &["e\u{301}e\u{301}", "e\u{301}"],
        );
    }
}
