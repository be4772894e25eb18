//! What a terminal shows of the bytes that it is sent: text, wrapped lines, cursor moves, erasing.
//!
//! Enters: bytes, and the columns of the terminal. Leaves: all lines, those that scrolled away too. Colors
//! and modes are taken out; nothing else that a program may send is known here.

/// The lines of a terminal, and where its cursor is.
struct Screen {
    columns: usize,
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

/// The text that is on the screen in the end, without blanks at the ends of lines.
pub(crate) fn screen(shown: &str, columns: usize) -> String {
    let mut screen = Screen {
        columns,
        lines: vec![Vec::new()],
        row: 0,
        column: 0,
    };
    let mut letters = shown.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => screen.escape(&mut letters),
            '\r' => screen.column = 0,
            '\n' => screen.down(1),
            '\u{8}' => screen.column = screen.column.saturating_sub(1),
            '\u{7}' => {}
            letter => screen.put(letter),
        }
    }
    let lines = screen.lines.iter().map(|line| {
        let line: String = line.iter().collect();
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

impl Screen {
    fn put(&mut self, letter: char) {
        if self.column >= self.columns {
            self.column = 0;
            self.down(1);
        }
        let line = &mut self.lines[self.row];
        while line.len() <= self.column {
            line.push(' ');
        }
        line[self.column] = letter;
        self.column += 1;
    }

    fn down(&mut self, count: usize) {
        self.row += count;
        while self.lines.len() <= self.row {
            self.lines.push(Vec::new());
        }
    }

    fn escape(&mut self, letters: &mut std::str::Chars<'_>) {
        if letters.next() != Some('[') {
            return;
        }
        let mut number = String::new();
        let last = loop {
            match letters.next() {
                Some(letter) if letter.is_ascii_alphabetic() => break letter,
                Some(letter) => number.push(letter),
                None => return,
            }
        };
        let count = number.parse().unwrap_or(1).max(1);
        match last {
            'A' => self.row = self.row.saturating_sub(count),
            'B' => self.down(count),
            'C' => self.column = (self.column + count).min(self.columns - 1),
            'D' => self.column = self.column.saturating_sub(count),
            'G' => self.column = count - 1,
            'K' => self.lines[self.row].truncate(self.column),
            'J' => {
                self.lines[self.row].truncate(self.column);
                self.lines.truncate(self.row + 1);
            }
            _ => {}
        }
    }
}

#[test]
fn lines_are_those_that_a_terminal_shows() {
    let check = |shown: &str, expected: &str| assert_eq!(screen(shown, 5), expected, "{shown:?}");
    check("ab\r\ncd", "ab\ncd\n");
    check("abcdefg", "abcde\nfg\n");
    check("\u{1b}[?2004h> a\r\u{1b}[K> ab", "> ab\n");
    check("ab\r\ncd\u{1b}[1A\r\u{1b}[JX", "X\n");
    check("ab\u{1b}[1Dc\u{1b}[31mé\u{1b}[0m", "acé\n");
}
