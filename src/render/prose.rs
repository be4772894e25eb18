//! Prose on a terminal: no line wider than it, broken between words.
//!
//! Enters: text of lines, and the width of a terminal, if there is one. Leaves: the same text. Where it goes to no terminal,
//! each line stays whole, so that programs find it; a word that is wider than the terminal, as an ARN, is never
//! broken, so that it can be copied.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::UnicodeWidthStr as _;

/// The words that lines begin with, under whose text the lines that follow are set.
const LABELS: [&str; 3] = ["error: ", "warning: ", "hint: "];
/// What a note begins with, before its code. The lines that follow are set under the first letter of the code: the codes
/// have many lengths.
const NOTE: &str = "note[";
/// A terminal narrower than this is taken to be this wide.
const WIDTH_MIN: usize = 20;

/// The text, no wider than that where it can be broken.
pub(crate) fn wrapped(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let width = width.max(WIDTH_MIN);
    let mut wrapped = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => {
                push_line(&mut wrapped, line, width);
                wrapped.push('\n');
            }
            None => push_line(&mut wrapped, line, width),
        }
    }
    wrapped
}

fn push_line(wrapped: &mut String, line: &str, width: usize) {
    if line.width() <= width {
        wrapped.push_str(line);
        return;
    }
    let indent = " ".repeat(indent(line).min(width / 2));
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .break_words(false)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    wrapped.push_str(&textwrap::fill(line, options));
}

/// How far the further lines of a long one are set in: as it is itself, and its label.
fn indent(line: &str) -> usize {
    let text = line.trim_start_matches(' ');
    let mut labels = LABELS.iter().chain([&NOTE]);
    let label = labels.find(|label| text.starts_with(**label));
    line.len() - text.len() + label.map_or(0, |label| label.len())
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_are_broken_between_words() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(wrapped(text, Some(20)), expected);
            assert_eq!(wrapped(text, None), text);
        }
        check("short\n\nlines\n", "short\n\nlines\n");
        check("objects          121\n", "objects          121\n");
        check(
            "note[few]: a note in many words\n",
            "note[few]: a note in\n     many words\n",
        );
        check(
            "  what is set in, and long",
            "  what is set in,\n  and long",
        );
        check(
            "see arn:aws:kms:us-east-1:111122223333:key/1 there",
            "see\narn:aws:kms:us-east-1:111122223333:key/1\nthere",
        );
        check("é é é é é é é é é é é", "é é é é é é é é é é\né");
    }
}
