//! Locks, away from every call's path unless a comment there says why not.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. What our locks guard is plain data, whole after every statement: a holder that panicked has not broken it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
