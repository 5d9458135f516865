use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    order::{CardKey, CardNotes, NotedDecline},
    payments::{CardNoteStore, StoreError},
    values::RetryClass,
};

use super::locked::lock;

/// Notes about cards. Each write counts as one, also one that changes nothing.
#[derive(Debug, Default)]
pub struct CardNoteTable {
    notes: Mutex<HashMap<CardKey, CardNotes>>,
    reads: AtomicUsize,
    writes: AtomicUsize,
}

impl CardNoteTable {
    /// How often it was read.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// How often it was written.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl CardNoteStore for CardNoteTable {
    async fn load(&self, cards: &[CardKey]) -> Result<Vec<(CardKey, CardNotes)>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let notes = lock(&self.notes);
        let found = cards.iter().filter_map(|card| Some((card.clone(), notes.get(card)?.clone())));
        Ok(found.collect())
    }

    async fn add(&self, card: &CardKey, class: RetryClass, noted: &NotedDecline) -> Result<(), StoreError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let mut all = lock(&self.notes);
        let of_card = &mut all.entry(card.clone()).or_default().0;
        let ends = |noted: &NotedDecline| noted.until.unwrap_or(noted.at);
        if of_card.get(&class).is_none_or(|there| ends(there) < ends(noted)) {
            of_card.insert(class, noted.clone());
        }
        Ok(())
    }

    async fn end(&self, card: &CardKey, class: RetryClass, at: Timestamp) -> Result<(), StoreError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        if let Some(of_card) = lock(&self.notes).get_mut(card) {
            of_card.0.retain(|of_class, noted| *of_class != class || noted.at > at);
        }
        Ok(())
    }
}
