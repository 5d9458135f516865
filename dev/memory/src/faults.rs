use std::{collections::BTreeSet, sync::Mutex};

use tollgate_core::payments::{StoreError, Unreadable};

use super::locked::lock;

/// The faults of calls to doubles; none by default.
#[derive(Debug, Default)]
pub struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    down: BTreeSet<&'static str>,
    spoiled: BTreeSet<String>,
    contended: bool,
    writes: u64,
    writes_left: Option<u64>,
}

impl Faults {
    /// A port does not work.
    pub fn take_down(&self, port: &'static str) {
        lock(&self.0).down.insert(port);
    }

    /// Every port works.
    pub fn bring_up(&self) {
        lock(&self.0).down.clear();
    }

    /// An item cannot be read.
    pub fn spoil(&self, item: impl Into<String>) {
        lock(&self.0).spoiled.insert(item.into());
    }

    /// Every item can be read.
    pub fn repair(&self) {
        lock(&self.0).spoiled.clear();
    }

    /// Sets whether every write finds another writer's version.
    pub fn contend(&self, contended: bool) {
        lock(&self.0).contended = contended;
    }

    /// After so many more writes each one fails, as if the process had died; none: never.
    pub fn die_after(&self, writes: Option<u64>) {
        lock(&self.0).writes_left = writes;
    }

    pub fn writes(&self) -> u64 {
        lock(&self.0).writes
    }

    /// Whether a port works.
    pub fn works(&self, port: &str) -> Result<(), StoreError> {
        if lock(&self.0).down.contains(port) { Err(unavailable("it is down")) } else { Ok(()) }
    }

    /// Counts a write, if the port works and the process lives.
    pub fn write(&self, port: &str) -> Result<(), StoreError> {
        self.works(port)?;
        let mut state = lock(&self.0);
        if let Some(left) = state.writes_left.as_mut() {
            *left = left.checked_sub(1).ok_or_else(|| unavailable("the process is dead"))?;
        }
        state.writes += 1;
        Ok(())
    }

    /// Whether writes find another writer's version.
    pub fn is_contended(&self) -> bool {
        lock(&self.0).contended
    }

    /// An item that cannot be read, with its key.
    pub fn unreadable(&self, item: &str, key: impl Into<String>) -> Option<Unreadable> {
        let is_spoiled = lock(&self.0).spoiled.contains(item);
        is_spoiled.then(|| Unreadable { key: key.into(), reason: "a member is missing".to_owned() })
    }
}

pub(crate) fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}
