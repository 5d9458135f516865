//! Merchant accounts that add a surcharge to payments by credit card, and how they tell of it.

use cardpointe_simulator::{FeeBasis, FeeForm, FeeMembers, FeeType, Settings};

/// How the gateway's accounts of one simulation add a surcharge: 3 %, half up, waived for debit
/// cards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surcharging {
    /// Of how many accounts one adds it: each, or every other, so that it changes with the
    /// merchant's account.
    one_of: u64,
    form: FeeForm,
    members: FeeMembers,
    basis: FeeBasis,
}

impl Surcharging {
    /// How many ways there are.
    pub(crate) const WAYS: u64 = 16;

    /// Each way, by a number.
    pub(crate) fn numbered(number: u64) -> Self {
        let is_other = |bit: u32| number >> bit & 1 == 1;
        Self {
            one_of: if is_other(3) { 2 } else { 1 },
            form: if is_other(0) { FeeForm::Reference } else { FeeForm::Guide },
            members: if is_other(1) { FeeMembers::Everywhere } else { FeeMembers::Documented },
            basis: if is_other(2) { FeeBasis::Total } else { FeeBasis::Subtotal },
        }
    }

    /// The same at each account.
    pub(crate) fn each(number: u64) -> Self {
        Self { one_of: 1, ..Self::numbered(number) }
    }

    pub(crate) fn is_at(self, merchid: u64) -> bool {
        merchid.is_multiple_of(self.one_of)
    }

    /// The settings of an account that adds it.
    pub(crate) fn settings(self, others: Settings) -> Settings {
        Settings {
            fee_type: FeeType::Surcharge,
            fee_form: self.form,
            fee_members: self.members,
            fee_basis: self.basis,
            ..others
        }
    }

    /// The fee basis that a merchant's document has to state.
    pub(crate) fn basis(self) -> &'static str {
        if self.names_totals() { "total" } else { "subtotal" }
    }

    /// Whether a named part includes its share of the fee.
    pub(crate) fn names_totals(self) -> bool {
        self.basis == FeeBasis::Total
    }
}
