//! The state on disk: one JSON object per line, each with its changes. Written before the response
//! leaves.
//!
//! Records, profiles, tokens and settings are kept. Faults, declines, alterations, the moved clock
//! and the data that `CardSecure` holds are not, and neither a card number nor a CVV is in any of
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::World;
use crate::{
    accounts::Account, bank::Bank, cards::Card, manual_batches::ManualBatches, transaction::Transaction,
};

/// The form of the file. Another number is another form.
const FORM: u32 = 1;

/// How long a file may stay locked before another simulator has it, and how often that is looked
/// at.
const LET_GO_MAX: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Why a state cannot be taken up from disk.
#[derive(Debug)]
pub enum StoreError {
    /// The file cannot be read, written or locked.
    Io(PathBuf, io::Error),
    /// Another simulator keeps its state in the file.
    InUse(PathBuf),
    /// A line cannot be read.
    Line(PathBuf, usize, String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(formatter, "{}: {error}", path.display()),
            Self::InUse(path) => {
                write!(formatter, "{}: another simulator keeps its state here", path.display())
            }
            Self::Line(path, line, error) => write!(formatter, "{}, line {line}: {error}", path.display()),
        }
    }
}

impl std::error::Error for StoreError {}

/// A line of the file.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Form(u32),
    Counters(Box<Counters>),
    Card(Card),
    Transaction(Box<Transaction>),
    Account(Box<Account>),
    /// Merchant account, profile and account.
    DeletedAccount([String; 3]),
}

/// Everything that is kept beside records, profiles and cards.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Counters {
    pub(super) first_reference: u64,
    pub(super) references_given: u64,
    pub(super) starts: u64,
    pub(super) unique_tokens: u64,
    pub(super) closed_batches: BTreeMap<String, u64>,
    pub(super) reported_batches: BTreeSet<(String, String)>,
    pub(super) bank: Bank,
    pub(super) manual_batches: ManualBatches,
    /// Those that were changed, by merchant account.
    pub(super) settings: BTreeMap<String, Value>,
}

/// A file that the state is kept in.
pub(super) struct Store {
    path: PathBuf,
    /// Locked as long as it is open.
    file: File,
    counters: Counters,
    accounts: BTreeMap<[String; 3], Account>,
}

impl Store {
    /// Opens a file, or makes one, and reads its content.
    pub(super) fn open(path: &Path, world: &mut World) -> Result<Self, StoreError> {
        let failed = |error| StoreError::Io(path.to_owned(), error);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                // A program that is being started has the locks of who starts it until it runs.
                Err(fs::TryLockError::WouldBlock) if begun.elapsed() < LET_GO_MAX => {
                    thread::sleep(LOOK_EVERY);
                }
                Err(fs::TryLockError::WouldBlock) => return Err(StoreError::InUse(path.to_owned())),
                Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        take_up(&text, world).map_err(|(line, error)| StoreError::Line(path.to_owned(), line, error))?;
        Ok(Self { path: path.to_owned(), file, counters: Counters::default(), accounts: BTreeMap::new() })
    }

    pub(super) fn append(&mut self, world: &mut World) {
        let mut text = String::new();
        for card in world.vault.take_new() {
            write_line(&mut text, &Line::Card(card));
        }
        for transaction in world.ledger.take_changed() {
            write_line(&mut text, &Line::Transaction(Box::new(transaction.clone())));
        }
        self.write_accounts(&mut text, world);
        let counters = world.counters();
        if counters != self.counters {
            write_line(&mut text, &Line::Counters(Box::new(counters.clone())));
            self.counters = counters;
        }
        self.report((&self.file).write_all(text.as_bytes()));
    }

    /// Writes the whole state over the file: the history of changes is not needed any more.
    pub(super) fn rewrite(&mut self, world: &mut World) -> io::Result<()> {
        let mut text = String::new();
        write_line(&mut text, &Line::Form(FORM));
        let mut cards: Vec<&Card> = world.vault.added().collect();
        // A unique token follows the card's own.
        cards.sort_by_key(|card| (!card.is_first_token(), &card.token));
        for card in cards {
            write_line(&mut text, &Line::Card(card.clone()));
        }
        for transaction in world.ledger.all() {
            write_line(&mut text, &Line::Transaction(Box::new(transaction.clone())));
        }
        world.vault.take_new();
        world.ledger.take_changed();
        self.accounts.clear();
        self.write_accounts(&mut text, world);
        self.counters = world.counters();
        write_line(&mut text, &Line::Counters(Box::new(self.counters.clone())));
        self.replace(text.as_bytes())
    }

    fn write_accounts(&mut self, text: &mut String, world: &World) {
        let accounts = world.profiles.by_ids();
        let is_gone = |ids: &&[String; 3]| !accounts.contains_key(&[ids[0].as_str(), &ids[1], &ids[2]]);
        let gone: Vec<[String; 3]> = self.accounts.keys().filter(is_gone).cloned().collect();
        for ids in gone {
            self.accounts.remove(&ids);
            write_line(text, &Line::DeletedAccount(ids));
        }
        for (ids, account) in accounts {
            let ids = ids.map(ToOwned::to_owned);
            if self.accounts.get(&ids) != Some(account) {
                write_line(text, &Line::Account(Box::new(account.clone())));
                self.accounts.insert(ids, account.clone());
            }
        }
    }

    /// Puts a new file in the place of this one, so that a crash leaves the one or the other.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let new_path = self.path.with_extension("new");
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(&new_path)?;
        file.try_lock().map_err(|error| io::Error::other(error.to_string()))?;
        (&file).write_all(bytes)?;
        fs::rename(&new_path, &self.path)?;
        self.file = file;
        Ok(())
    }

    /// A gateway that cannot write goes on: the payments in memory are right, but a restart would
    /// lose some.
    pub(super) fn report(&self, result: io::Result<()>) {
        if let Err(error) = result {
            let path = self.path.display();
            // `eprintln!` would panic once nothing reads stderr any more.
            drop(writeln!(io::stderr(), "The state cannot be written to {path}: {error}"));
        }
    }
}

fn write_line(text: &mut String, line: &Line) {
    // Every part is a plain value with text for keys, which can always be written.
    if let Ok(line) = serde_json::to_string(line) {
        text.push_str(&line);
        text.push('\n');
    }
}

/// Takes up the lines in their order. A last line without an end was being written when the machine
/// stopped; no response told of it.
fn take_up(text: &str, world: &mut World) -> Result<(), (usize, String)> {
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    if complete.is_empty() {
        return Ok(());
    }
    world.profiles.clear();
    for (index, line) in complete.lines().enumerate() {
        match serde_json::from_str(line).map_err(|error| (index + 1, error.to_string()))? {
            Line::Form(FORM) => {}
            Line::Form(other) => {
                return Err((index + 1, format!("form {other}, and this version reads form {FORM}")));
            }
            Line::Counters(counters) => world.restore_counters(*counters),
            Line::Card(card) => world.vault.restore(card),
            Line::Transaction(transaction) => world.ledger.restore(*transaction),
            Line::Account(mut account) => {
                // A card's behavior is not in its line; the vault knows it.
                if let Ok(card) = world.vault.resolve(&account.card.token) {
                    account.card = card;
                }
                world.profiles.restore(*account);
            }
            Line::DeletedAccount([merchid, profileid, acctid]) => {
                world.profiles.forget(&merchid, &profileid, &acctid);
            }
        }
    }
    Ok(())
}
