//! Reads deposits for people: in sums, line by line, and with their open exceptions.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::{
    journal::{Entry, EntryLog, EntryPartition, EntryQuery},
    order::MerchantId,
    payments::{StoreError, Unreadable},
    settlement::{
        Component, Deposit, ExceptionCause, ExceptionStore, Funded, Line, LineStore, OpenAbout, PackKey,
        PackedLines, facts::store::load_packs,
    },
    values::{Currency, ReadOrder, SignedAmount, sort_of},
};

/// Entries of a reference that are looked at: one tells the order.
const ENTRIES_OF_LINE: usize = 1;

/// Lines or days that are read at once.
pub(super) const AT_ONCE: usize = 25;

/// A deposit's amounts as people read them, in minor units with signs; none if a sum is beyond 64
/// bits, as only damaged items state. They add up to the amount that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositSums {
    pub gross: Option<SignedAmount>,
    pub refunds: SignedAmount,
    /// Fees, interchange, service charges, third parties.
    pub fees: Option<SignedAmount>,
    /// Chargebacks and their reversals.
    pub chargebacks: SignedAmount,
    pub adjustments: Option<SignedAmount>,
}

impl DepositSums {
    pub fn of(deposit: &Deposit) -> Self {
        let of = |all: &[Component]| SignedAmount::sum(all.iter().map(|one| deposit.component(*one)));
        Self {
            gross: deposit.component(Component::NetSales).checked_sub(deposit.refunds),
            refunds: deposit.refunds,
            fees: of(&[
                Component::Fee,
                Component::Interchange,
                Component::ServiceCharge,
                Component::ThirdParty,
            ]),
            chargebacks: deposit.component(Component::Reversal),
            adjustments: of(&[Component::Adjustment, Component::Other]),
        }
    }
}

/// The sums of several deposits in one currency; none if a sum is beyond 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumOfDeposits {
    /// None if the deposits state none.
    pub currency: Option<Currency>,
    pub deposits: u64,
    pub lines: u64,
    pub gross: Option<SignedAmount>,
    pub refunds: Option<SignedAmount>,
    pub fees: Option<SignedAmount>,
    pub chargebacks: Option<SignedAmount>,
    pub adjustments: Option<SignedAmount>,
    pub net: Option<SignedAmount>,
}

impl SumOfDeposits {
    fn plus(self, deposit: &Deposit) -> Self {
        let DepositSums { gross, refunds, fees, chargebacks, adjustments } = DepositSums::of(deposit);
        let add = |sum: Option<SignedAmount>, amount: Option<SignedAmount>| sum?.checked_add(amount?);
        Self {
            currency: self.currency,
            deposits: self.deposits + 1,
            lines: self.lines.saturating_add(deposit.lines.0),
            gross: add(self.gross, gross),
            refunds: add(self.refunds, Some(refunds)),
            fees: add(self.fees, fees),
            chargebacks: add(self.chargebacks, Some(chargebacks)),
            adjustments: add(self.adjustments, adjustments),
            net: add(self.net, Some(deposit.total)),
        }
    }
}

/// The sums of deposits by currency.
pub fn sums_of_deposits(deposits: &[&Deposit]) -> Vec<SumOfDeposits> {
    let mut sums = BTreeMap::<Option<&str>, SumOfDeposits>::new();
    for deposit in deposits {
        let zero = Some(SignedAmount::ZERO);
        let none = SumOfDeposits {
            currency: deposit.currency,
            deposits: 0,
            lines: 0,
            gross: zero,
            refunds: zero,
            fees: zero,
            chargebacks: zero,
            adjustments: zero,
            net: zero,
        };
        let sum = sums.entry(deposit.currency.map(Currency::code)).or_insert(none);
        *sum = sum.plus(deposit);
    }
    sums.into_values().collect()
}

/// Open exceptions by their subject.
#[derive(Debug, Default)]
pub struct Unmatched {
    by_deposit: HashMap<(String, String), u64>,
    by_reference: HashMap<(String, String), ExceptionCause>,
}

impl Unmatched {
    pub(super) fn add(&mut self, about: OpenAbout) {
        let OpenAbout { account, cause, reference, deposit } = about;
        if let Some(deposit) = deposit {
            *self.by_deposit.entry((account.clone(), deposit)).or_default() += 1;
        }
        if let Some(reference) = reference {
            self.by_reference.insert((account, reference), cause);
        }
    }

    /// How many are about a deposit.
    pub fn in_deposit(&self, deposit: &Deposit) -> u64 {
        self.by_deposit.get(&(deposit.account.clone(), deposit.id.clone())).copied().unwrap_or_default()
    }

    /// The cause of an open exception about one of an account's references.
    pub fn of_reference(&self, account: &str, reference: &str) -> Option<ExceptionCause> {
        self.by_reference.get(&(account.to_owned(), reference.to_owned())).copied()
    }
}

/// One line of a deposit, with its entry in the journal.
#[derive(Clone, Debug)]
pub struct DepositLine {
    /// The gateway's records of the reference.
    pub line: Line,
    /// The reference in this deposit.
    pub funded: Funded,
    /// The reference's latest entry; none for an unknown payment.
    pub entry: Option<Entry>,
}

impl DepositLine {
    /// Its position among all lines of its deposit. It begins with a day, as every position does
    /// that a cursor can name.
    fn position(&self, deposit: &Deposit) -> String {
        format!("{}#{}#{}", deposit.day, self.line.reference, self.funded.id)
    }
}

/// The packs of a deposit, with lines of others, too.
pub struct DepositPacks(pub(super) BTreeMap<PackKey, PackedLines>);

/// Some lines of a deposit, by reference.
#[derive(Clone, Debug, Default)]
pub struct DepositLines {
    pub lines: Vec<DepositLine>,
    /// Where further lines of the deposit are that cannot be read; the same for each part.
    pub unreadable: Vec<Unreadable>,
    /// Where the next ones begin, if there are more.
    pub next: Option<String>,
}

#[derive(Clone, Copy)]
pub struct DepositReader<'a> {
    pub lines: &'a dyn LineStore,
    pub exceptions: &'a dyn ExceptionStore,
    pub log: &'a dyn EntryLog,
    /// Now: no later entry is read.
    pub now: Timestamp,
}

impl DepositReader<'_> {
    /// The open exceptions of a merchant's deposits.
    pub async fn unmatched(&self, merchant: &MerchantId) -> Result<Unmatched, StoreError> {
        let mut unmatched = Unmatched::default();
        self.exceptions.open_about(merchant).await?.into_iter().for_each(|one| unmatched.add(one));
        Ok(unmatched)
    }

    /// Where a deposit's lines are.
    pub async fn packs(&self, merchant: &MerchantId, deposit: &Deposit) -> Result<DepositPacks, StoreError> {
        Ok(DepositPacks(load_packs(self.lines, merchant, deposit.packs.clone()).await?))
    }

    /// Lines of a deposit that come after a position.
    pub async fn lines(
        &self,
        merchant: &MerchantId,
        deposit: &Deposit,
        packs: &DepositPacks,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DepositLines, StoreError> {
        let unreadable = packs.0.iter().filter(|(_, packed)| packed.is_unreadable);
        let reason = || "they cannot be read".to_owned();
        let unreadable = unreadable.map(|(pack, _)| Unreadable { key: pack.to_string(), reason: reason() });
        let unreadable = unreadable.collect();
        let of_deposit = |line: &Line| {
            let held = line.funded.clone().into_iter().filter(|one| one.deposit == deposit.id);
            held.map(|funded| DepositLine { line: line.clone(), funded, entry: None }).collect::<Vec<_>>()
        };
        let all = packs.0.values().flat_map(|packed| &packed.lines);
        let mut lines: Vec<DepositLine> = all.flat_map(of_deposit).collect();
        lines.sort_by_cached_key(|line| line.position(deposit));
        lines.retain(|line| after.is_none_or(|after| *line.position(deposit) > *after));
        let more = lines.len() > limit;
        lines.truncate(limit);
        let next = lines.last().filter(|_| more).map(|line| line.position(deposit));
        let with_entry = |line: DepositLine| async {
            let entry = latest_entry(self.log, merchant, &line.line.reference, self.now).await?;
            Ok::<_, StoreError>(DepositLine { entry, ..line })
        };
        let lines = stream::iter(lines).map(with_entry).buffered(AT_ONCE).try_collect().await?;
        Ok(DepositLines { lines, unreadable, next })
    }
}

/// The latest entry of a reference by now; none if the journal does not know it.
pub(super) async fn latest_entry(
    log: &dyn EntryLog,
    merchant: &MerchantId,
    reference: &str,
    now: Timestamp,
) -> Result<Option<Entry>, StoreError> {
    let partition = EntryPartition::Reference(reference.to_owned());
    let between = (sort_of(Timestamp::UNIX_EPOCH), sort_of(now));
    let query = EntryQuery {
        merchant,
        between: (&between.0, &between.1),
        order: ReadOrder::NewestFirst,
        limit: ENTRIES_OF_LINE,
    };
    let page = log.entries(&partition, &query).await?;
    Ok(page.entries.into_iter().find_map(|(_, entry)| entry.ok()))
}
