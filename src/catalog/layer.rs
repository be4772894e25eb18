//! The layers of the views: the folders of `queries/views/`.
//!
//! Enters: the path of a file. Leaves: the layer and the name of the view. A view reads only views of its own layer or of
//! an earlier one; the tests hold that.

/// The layers, each of which reads only those before it.
pub const LAYERS: [&str; 6] = ["records", "names", "facts", "usage", "coverage", "public"];

/// The layer, if any, and the name of the view in that file; `None` where it is no file of a view.
///
/// A view is `views/<layer>/<name>.sql` or `views/<name>.sql`.
#[must_use]
pub fn view_at(path: &str) -> Option<(Option<&str>, &str)> {
    let name = path.strip_prefix("views/")?.strip_suffix(".sql")?;
    match name.split_once('/') {
        None => Some((None, name)),
        Some((layer, name)) if LAYERS.contains(&layer) && !name.contains('/') => {
            Some((Some(layer), name))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::view_at;

    #[test]
    fn views_are_found_in_their_layers() {
        assert_eq!(view_at("views/a.sql"), Some((None, "a")));
        assert_eq!(view_at("views/facts/a.sql"), Some((Some("facts"), "a")));
        for path in [
            "views/other/a.sql",
            "views/facts/b/a.sql",
            "views/a.md",
            "reports/a.sql",
            "a.sql",
        ] {
            assert_eq!(view_at(path), None, "{path}");
        }
    }
}
