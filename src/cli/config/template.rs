//! A configuration file with every key, commented out.

use std::fmt::Write as _;

use super::accounts;
use super::settings::{SETTINGS, Setting, TABLES};

/// What the file begins with.
const HEAD: &str = "\
# Configuration of keytrail. Remove the `#` of each line that you need.
#
# A flag overrides a variable of the environment, and both override this file.
# Relative paths start from the folder of this file. It takes no secrets: they come
# from the environment or from files, such as ~/.aws/credentials.
#
# `keytrail config check` checks this file, `keytrail config show` prints what is in effect.
";

/// The file that `keytrail config init` writes.
pub(super) fn template() -> String {
    let mut text = HEAD.to_owned();
    keys(&mut text, "");
    for (table, doc) in TABLES {
        let _infallible = write!(text, "\n# {doc}.\n[{table}]\n");
        keys(&mut text, table);
    }
    text.push_str("\n# Accounts, in place of a CSV file; only `id` is required.\n# [[accounts]]\n");
    for (name, value) in accounts::KEYS.iter().zip(ENTRY) {
        let _infallible = writeln!(text, "# {name} = \"{value}\"");
    }
    text
}

/// An account, in the order of its keys.
const ENTRY: [&str; 5] = [
    "111122223333",
    "payments",
    "Root/Prod",
    "Payments team",
    "production",
];

fn keys(text: &mut String, table: &str) {
    for setting in SETTINGS.iter().filter(|setting| setting.split().0 == table) {
        let Setting {
            doc,
            default,
            example,
            ..
        } = setting;
        let (name, overrides) = (setting.split().1, setting.overrides().join(", "));
        let _infallible = write!(
            text,
            "\n# {doc}.\n# Default: {default}. Overridden by {overrides}.\n# {name} = {example}\n"
        );
    }
}
