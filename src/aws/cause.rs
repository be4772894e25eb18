//! The causes of an error. The innermost happened first and says most.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;

/// An error and its causes, from the outermost to the innermost.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The innermost cause of an error; the error itself where it has none.
pub(crate) fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}

/// Whether there was no answer for want of credentials.
pub(crate) fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<CredentialsError>)
}

/// Why there was no answer, in a line: the innermost cause says most, and of a chain of credentials what it says
/// before all that it tried.
#[must_use]
pub fn in_short(error: &(dyn Error + 'static)) -> String {
    let said = of_credentials(innermost(error));
    if lacks_credentials(error) && !said.contains("credentials") {
        format!("there are no AWS credentials ({said})")
    } else {
        said
    }
}

/// What an error says, in a line, without the list of all that a chain of credentials tried.
pub(crate) fn of_credentials(error: &(dyn Error + 'static)) -> String {
    let said = error.to_string();
    one_line(said.split(". Attempted:").next().unwrap_or_default())
}

/// Texts of servers may have several lines.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{causes, in_short, innermost};

    #[test]
    fn the_innermost_cause_says_most() {
        let first = io::Error::other("the socket\nis closed. Attempted: a, b");
        let error = Outer(first);
        assert_eq!(causes(&error).count(), 2);
        assert_eq!(in_short(&error), "the socket is closed");
        let alone = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(innermost(&alone).to_string(), alone.to_string());
    }

    #[derive(Debug, thiserror::Error)]
    #[error("it failed")]
    struct Outer(#[source] io::Error);
}
