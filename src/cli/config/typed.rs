//! Which options were typed, or are in variables that the arguments read themselves.

use std::collections::BTreeMap;

use clap::ArgMatches;
use clap::parser::ValueSource;

/// The options that have a value of the user's.
#[derive(Debug, Default)]
pub(in crate::cli) struct Typed {
    /// By id: where the value is from, and its text.
    options: BTreeMap<String, (ValueSource, String)>,
}

impl Typed {
    /// Those of a command line, also after its subcommands.
    pub(in crate::cli) fn new(matches: &ArgMatches) -> Self {
        let mut typed = Self::default();
        let mut level = Some(matches);
        while let Some(matches) = level {
            for id in matches.ids().map(clap::Id::as_str) {
                let source = matches.value_source(id);
                if let Some(source) = source.filter(|source| *source != ValueSource::DefaultValue) {
                    let words = matches.get_raw(id).into_iter().flatten();
                    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
                    let text = words.join(",");
                    typed.options.insert(id.to_owned(), (source, text));
                }
            }
            level = matches.subcommand().map(|(_, matches)| matches);
        }
        typed
    }

    /// Whether this option was typed, or is in a variable of its own.
    pub(super) fn has(&self, id: &str) -> bool {
        self.options.contains_key(id)
    }

    /// The text of this flag, if it was typed.
    pub(super) fn flag(&self, flag: &str) -> Option<&str> {
        let id = flag.strip_prefix("--")?.replace('-', "_");
        let (source, text) = self.options.get(&id)?;
        (*source == ValueSource::CommandLine).then_some(text)
    }

    /// Sets an option that was not typed.
    pub(super) fn fill<T>(&self, id: &str, option: &mut T, value: Option<impl Into<T>>) {
        if let Some(value) = value.filter(|_| !self.has(id)) {
            *option = value.into();
        }
    }
}
