//! What a function of a context knows once the days of its store have been looked up.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// A value that comes later. Each is equal to itself only, so that functions of two contexts differ.
#[derive(Debug, Clone)]
pub(super) struct Awaited<T>(pub(super) Arc<OnceLock<T>>);

impl<T> PartialEq for Awaited<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Awaited<T> {}

impl<T> Hash for Awaited<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}
