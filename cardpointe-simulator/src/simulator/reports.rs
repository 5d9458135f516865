//! Changes that tests make to batches, deposits and the reports on them.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Simulator;
use crate::{
    bank::{Adjustment, Chargeback, DepositDeviation, Deviation, Listing},
    banking, funding,
    funding::reported::ReportedDeposit,
    many,
    many::{Elsewhere, ManySettled},
    rest,
};

impl Simulator {
    /// Sets the clock, which goes on from there. A time that cannot be represented changes nothing.
    pub fn set_clock(&self, to: Timestamp) {
        self.change(|world| {
            world.set_clock(to);
            rest::receive_late(world);
        });
    }

    /// Has the reports on a record deviate from the ledger; a default deviation takes that back.
    /// `false` when there is no such record.
    pub fn deviate(&self, retref: &str, deviation: Deviation) -> bool {
        self.change(|world| banking::deviate(world, retref, deviation))
    }

    /// Gives a batch another `hoststat`: one that is not GB or MB holds or refuses it, and nothing
    /// of it is funded. `None` takes that back, and accepted transactions count as settled from now
    /// on. `false` when there is no such batch.
    pub fn hold_batch(&self, merchid: &str, batchid: &str, hoststat: Option<&str>) -> bool {
        self.change(|world| banking::hold_batch(world, merchid, batchid, hoststat))
    }

    /// Gives a batch another number: `settlestat` and the lines of `funding` state it as `batchid`.
    /// `None` takes that back. `false` when there is no such batch. The other calls go on naming
    /// the batch by its own number.
    pub fn renumber_batch(&self, merchid: &str, batchid: &str, number: Option<&str>) -> bool {
        self.change(|world| banking::renumber_batch(world, merchid, batchid, number))
    }

    /// Has each `settlestat` that lists a batch break off in the middle of its body; `false` takes
    /// that back. Returns `false` when there is no such batch.
    pub fn break_batch(&self, merchid: &str, batchid: &str, is_broken: bool) -> bool {
        self.change(|world| banking::break_batch(world, merchid, batchid, is_broken))
    }

    /// Has the `settlestat` of another day list a batch, too; `None` takes that back. Returns
    /// `false` when there is no such batch.
    pub fn also_list_batch(&self, merchid: &str, batchid: &str, on: Option<Date>) -> bool {
        self.change(|world| banking::also_list_batch(world, merchid, batchid, on))
    }

    /// Has a day's deposit deviate from the sum of its parts; a default deviation takes that back.
    pub fn alter_deposit(&self, merchid: &str, day: Date, deviation: DepositDeviation) {
        self.change(|world| banking::alter_deposit(world, merchid, day, deviation));
    }

    /// Adds something to a deposit beside payments and refunds; its id. The error names the member
    /// that is wrong.
    pub fn adjust(&self, adjustment: Adjustment) -> Result<i64, String> {
        self.change(|world| banking::adjust(world, adjustment))
    }

    /// Takes a payment's money back, or a part of it; its id. The error names the member that is
    /// wrong.
    pub fn charge_back(&self, chargeback: Chargeback) -> Result<i64, String> {
        self.change(|world| banking::charge_back(world, chargeback))
    }

    /// Lists a chargeback or an adjustment in a further deposit, changes it, moves it, or takes it
    /// back. The error names the member that is wrong.
    pub fn list_again(&self, listing: Listing) -> Result<(), String> {
        self.change(|world| banking::list_again(world, listing))
    }

    /// Money that the bank has taken from an account's payments by chargebacks, less the money
    /// given back, in minor units; with a reference of one payment. This is the truth, however
    /// reports tell it.
    pub fn taken_back(&self, merchid: &str, retref: Option<&str>) -> i64 {
        self.world().bank.taken_back(merchid, retref)
    }

    /// Reverses a chargeback, or a part of it: the next deposit has the money again, as an
    /// adjustment of the same case. Its id.
    pub fn reverse_chargeback(
        &self,
        merchid: &str,
        casenumber: &str,
        minor_units: i64,
    ) -> Result<i64, String> {
        self.adjust(banking::reversal(merchid, casenumber, minor_units, None))
    }

    /// Makes a payment elsewhere with a merchant account; its reference. The error names the member
    /// that is wrong.
    pub fn pay_elsewhere(&self, payment: &Elsewhere) -> Result<String, String> {
        self.change(|world| many::pay_elsewhere(world, payment))
    }

    /// Makes many payments that settled in one batch; their references. The error names the member
    /// that is wrong.
    pub fn add_settled(&self, wanted: &ManySettled) -> Result<Vec<String>, String> {
        self.change(|world| many::add_settled(world, wanted))
    }

    /// The deposits of an account that are reported by now, by day, as their reports list them.
    pub fn deposits(&self, merchid: &str) -> Vec<ReportedDeposit> {
        let world = self.world();
        let merchant = world.merchant(merchid);
        merchant.map(|merchant| funding::reported::all(&world, merchant)).unwrap_or_default()
    }

    /// The day of the deposit that a record is in, if it is accepted and nothing keeps it back.
    pub fn funding_day(&self, retref: &str) -> Option<Date> {
        let world = self.world();
        let record = world.ledger.by_retref(retref)?;
        funding::funding_day(&world, world.merchant(&record.merchid)?.settings, record)
    }
}
