//! The commands of the README and of the pages in `docs/questions`, run in their order, print what is shown.
//!
//! A block that begins with ```` ```console ```` holds commands (`$ keytrail …`, continued with `\` or where a
//! quote is open), each with its output below; other commands are left to the gate. In an output a line `…`
//! stands for any lines, a `…` within a line for any text. Standard error stands with standard output, as on
//! a terminal.

use std::path::Path;
use std::process::Command;

use crate::context::{Context, REPOSITORY};

/// A command that a page shows, with its output.
struct Shown {
    line: usize,
    command: String,
    output: Vec<String>,
}

#[test]
fn commands_print_what_the_readme_shows() {
    check("README.md");
}

#[test]
fn commands_print_what_the_pages_on_questions_show() {
    let folder = std::fs::read_dir(format!("{REPOSITORY}/docs/questions"));
    let mut pages: Vec<String> = folder
        .expect("there is a docs/questions")
        .map(|page| page.expect("it can be read").file_name())
        .map(|name| format!("docs/questions/{}", name.display()))
        .collect();
    pages.sort();
    assert!(pages.len() >= 4, "{pages:?}");
    for page in &pages {
        check(page);
    }
}

/// Runs what a page shows, each page where nothing has been run before.
fn check(page: &str) {
    let text = std::fs::read_to_string(format!("{REPOSITORY}/{page}")).expect("the page is there");
    let context = Context::new();
    let shown = console_blocks(&text);
    assert!(
        !shown.is_empty(),
        "{page} shows no command in a ```console block that begins with `$ keytrail`"
    );
    for Shown {
        line,
        command,
        output,
    } in shown
    {
        let printed = run(&context, &command);
        let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
        assert!(
            matches(&output, &printed),
            "{page}:{line}: `{command}` prints something else, show this instead:\n{}",
            printed.join("\n")
        );
    }
}

/// Runs a line in a shell that finds the program, in the directory where `sample-logs` is.
fn run(context: &Context, line: &str) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_keytrail"))
        .parent()
        .expect("it lies in a directory");
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {line}\n}} 2>&1")])
        .current_dir(context.path())
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .env("TMPDIR", context.path())
        .output()
        .expect("a shell");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn console_blocks(readme: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut is_console = false;
    let mut is_ours = false;
    for (index, line) in readme.lines().enumerate() {
        if line.starts_with("```") {
            is_console = line == "```console";
            is_ours = false;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            is_ours = command.starts_with("keytrail");
            if is_ours {
                shown.push(Shown {
                    line: index + 1,
                    command: command.to_owned(),
                    output: Vec::new(),
                });
            }
        } else if let Some(last) = shown.last_mut().filter(|_| is_ours) {
            let is_quote_open = last.command.matches('"').count() % 2 == 1;
            if last.output.is_empty() && (last.command.ends_with('\\') || is_quote_open) {
                last.command.push('\n');
                last.command
                    .push_str(line.strip_prefix("> ").unwrap_or(line));
            } else {
                last.output.push(line.trim_end().to_owned());
            }
        }
    }
    for command in &mut shown {
        // A blank line before the next command or the end of the block is no output.
        while command.output.last().is_some_and(String::is_empty) {
            command.output.pop();
        }
    }
    shown
}

/// Whether the printed lines are those shown.
fn matches(shown: &[String], printed: &[&str]) -> bool {
    let printed = match printed.split_last() {
        Some((&"", rest)) => return matches(shown, rest),
        _ => printed,
    };
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line.trim() == "…" => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| is_like(line, first) && matches(rest, others)),
    }
}

/// Whether a line is the one shown, in which `…` stands for any text.
fn is_like(shown: &str, printed: &str) -> bool {
    match shown.split_once('…') {
        None => shown == printed,
        Some((head, tail)) => printed.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| is_like(tail, &rest[at..]))
        }),
    }
}

#[test]
fn elisions_stand_for_any_text() {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let check = |shown: &str, printed: &str, expected: bool| {
        let printed: Vec<&str> = printed.lines().collect();
        assert_eq!(
            matches(&lines(shown), &printed),
            expected,
            "{shown:?} {printed:?}"
        );
    };
    check("a\nb", "a\nb\n", true);
    check("a\nb", "a\nc", false);
    check("a", "a\nb", false);
    check("a\n…", "a\nb\nc", true);
    check("a\n  …\nc", "a\nc", true);
    check("a\n…\nd", "a\nb\nc", false);
    check("at … on …", "at noon on Monday", true);
    check("at …!", "at noon", false);
}
