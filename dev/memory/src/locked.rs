use std::sync::{Mutex, MutexGuard, PoisonError};

/// Also after a test has failed with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
