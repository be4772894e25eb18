//! What an object's proof is bound to.

/// What an object's proof is bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) size_bytes: Option<i64>,
    pub(super) etag: Option<String>,
    pub(super) modified_at: Option<i64>,
}

impl Binding {
    /// Whether an object is still the one that something was proven of. The entity tag decides, where there is
    /// one: a restore gives the same content another time.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.size_bytes == other.size_bytes
            && match (&self.etag, &other.etag) {
                (Some(left), Some(right)) => left == right,
                _ => self.modified_at == other.modified_at,
            }
    }
}
