//! How batches and deposits come about, and in which form `settlestat` and `funding` tell of them.

use super::Setting;

/// Batches, deposits and reports of a merchant account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of one account")]
pub struct ReportSettings {
    /// Queued transactions settle automatically at the cut-off of each day, weekends included.
    /// Default off: on request only.
    pub automatic_batches: bool,
    /// The minute of the Eastern day at which the open batch is sent. Default 1260: 21:00.
    pub cutoff_minute: u32,
    /// Minutes between sending an automatic batch and the processor's answer. Default 0.
    pub batch_takes_min: u32,
    /// The time zone of the days of batches and deposits. Default: Eastern.
    pub report_zone: ReportZone,
    /// Which days count between settlement and deposit. Default: business days.
    pub funding_days: FundingDays,
    /// The minute of the Eastern day from which on a deposit of that day is reported. Default 780:
    /// 13:00.
    pub funding_from_minute: u32,
    /// The deposits that a day's batches make. Default: one deposit.
    pub deposits: Deposits,
    /// The form of amounts in `settlestat` and `funding`. Default: text with a point.
    pub amount_form: AmountForm,
    /// The form of the ids in `funding`. Default: text.
    pub id_form: IdForm,
    /// The form of dates in `funding`. Default: with dashes.
    pub date_form: DateForm,
    /// The form of `authdate` in `funding`. Default: with the time.
    pub authdate_form: AuthdateForm,
    /// The form of a missing value. Default: JSON's null.
    pub null_form: NullForm,
    /// The words for brands and types in `funding`. Default: those that are documented.
    pub funding_words: FundingWords,
    /// The processor's number of a batch. Default: one less than the gateway's.
    pub hostbatch_form: HostbatchForm,
    /// The container of the batches of `settlestat`. Default: an array.
    pub settlestat_form: SettlestatForm,
    /// Which members the transactions of `settlestat` have. Default: all of today.
    pub settlestat_members: SettlestatMembers,
    /// The response of `settlestat` when there is nothing. Default: the bare text.
    pub no_batches: NoBatches,
    /// The response of `funding` when there is nothing. Default: an object with `errormsg`.
    pub no_deposits: NoDeposits,
    /// The container of the deposit of `deposit`. Default: none, the response is the deposit.
    pub deposit_form: DepositForm,
    /// Whether the account has `funding`, and its response if not. Default: enabled.
    pub funding_access: FundingAccess,
    /// `settlestat` and `funding` never respond. Default off.
    pub reports_hang: bool,
    /// A report that was requested by its date or number counts as read. Default off: only requests
    /// without one do.
    pub dated_reads_consume: bool,
    /// Deposits tell of chargebacks. Default on.
    pub funding_chargebacks: bool,
    /// Chargebacks and adjustments have ids of their own. Default on.
    pub dispute_ids: bool,
    /// Chargebacks and adjustments say when they were changed. Default on.
    pub dispute_changes: bool,
    /// Deposits list their adjustments; off, the sum is `otheradjustment`. Default on.
    pub adjustment_detail: bool,
    /// The interchange taken from each deposit's sales, in hundredths of a percent. Default 0.
    pub interchange_basis_points: u32,
    /// The fee taken from each deposit with transactions, in minor units. Default 0.
    pub deposit_fee: u32,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self {
            automatic_batches: false,
            cutoff_minute: 1_260,
            batch_takes_min: 0,
            report_zone: ReportZone::Eastern,
            funding_days: FundingDays::Business,
            funding_from_minute: 780,
            deposits: Deposits::Daily,
            amount_form: AmountForm::Decimal,
            id_form: IdForm::Text,
            date_form: DateForm::Dashes,
            authdate_form: AuthdateForm::DateTime,
            null_form: NullForm::Null,
            funding_words: FundingWords::Documented,
            hostbatch_form: HostbatchForm::Previous,
            settlestat_form: SettlestatForm::Array,
            settlestat_members: SettlestatMembers::Current,
            no_batches: NoBatches::Text,
            no_deposits: NoDeposits::Object,
            deposit_form: DepositForm::Object,
            funding_access: FundingAccess::Enabled,
            reports_hang: false,
            dated_reads_consume: false,
            funding_chargebacks: true,
            dispute_ids: true,
            dispute_changes: true,
            adjustment_detail: true,
            interchange_basis_points: 0,
            deposit_fee: 0,
        }
    }
}

impl ReportSettings {
    pub(super) fn by_name(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        use Setting::{Number, Switch, Word};
        vec![
            ("automatic_batches", Switch(&mut self.automatic_batches)),
            ("cutoff_minute", Number(&mut self.cutoff_minute, 1_200)),
            ("batch_takes_min", Number(&mut self.batch_takes_min, 60)),
            ("report_zone", Word(&mut self.report_zone)),
            ("funding_days", Word(&mut self.funding_days)),
            ("funding_from_minute", Number(&mut self.funding_from_minute, 0)),
            ("deposits", Word(&mut self.deposits)),
            ("amount_form", Word(&mut self.amount_form)),
            ("id_form", Word(&mut self.id_form)),
            ("date_form", Word(&mut self.date_form)),
            ("authdate_form", Word(&mut self.authdate_form)),
            ("null_form", Word(&mut self.null_form)),
            ("funding_words", Word(&mut self.funding_words)),
            ("hostbatch_form", Word(&mut self.hostbatch_form)),
            ("settlestat_form", Word(&mut self.settlestat_form)),
            ("settlestat_members", Word(&mut self.settlestat_members)),
            ("no_batches", Word(&mut self.no_batches)),
            ("no_deposits", Word(&mut self.no_deposits)),
            ("deposit_form", Word(&mut self.deposit_form)),
            ("funding_access", Word(&mut self.funding_access)),
            ("reports_hang", Switch(&mut self.reports_hang)),
            ("dated_reads_consume", Switch(&mut self.dated_reads_consume)),
            ("funding_chargebacks", Switch(&mut self.funding_chargebacks)),
            ("dispute_ids", Switch(&mut self.dispute_ids)),
            ("dispute_changes", Switch(&mut self.dispute_changes)),
            ("adjustment_detail", Switch(&mut self.adjustment_detail)),
            ("interchange_basis_points", Number(&mut self.interchange_basis_points, 180)),
            ("deposit_fee", Number(&mut self.deposit_fee, 25)),
        ]
    }
}

words! {
    /// The time zone of the days of batches and deposits.
    ReportZone {
        /// Eastern time, as the gateway's hours are.
        Eastern = "eastern",
        Utc = "utc",
    }
}

words! {
    /// Which days count between settlement and deposit.
    FundingDays {
        /// Without weekends and bank holidays.
        Business = "business",
        /// All.
        Calendar = "calendar",
    }
}

words! {
    /// The deposits that the batches of one day make.
    Deposits {
        /// One sum.
        Daily = "daily",
        /// A sum each, all in one report.
        PerBatch = "per_batch",
    }
}

words! {
    /// The form of amounts in reports.
    AmountForm {
        /// Text with a point, "10.03", and "0": documented.
        Decimal = "decimal",
        /// A JSON number of minor units: recorded.
        MinorNumber = "minor_number",
        /// Text of minor units.
        MinorText = "minor_text",
    }
}

words! {
    /// The form of ids in `funding`.
    IdForm {
        Text = "text",
        /// JSON numbers: recorded, and in some documented examples.
        Number = "number",
    }
}

words! {
    /// The form of dates in `funding`.
    DateForm {
        /// 2018-05-18.
        Dashes = "dashes",
        /// 20180518.
        Plain = "plain",
    }
}

words! {
    /// The form of `authdate` in `funding`.
    AuthdateForm {
        /// 14 digits.
        DateTime = "date_time",
        /// 8 digits.
        Date = "date",
    }
}

words! {
    /// The form of a missing value.
    NullForm {
        /// JSON's null.
        Null = "null",
        /// The text "null", as in a documented example.
        Text = "text",
        Empty = "empty",
        /// The member is left out.
        Absent = "absent",
    }
}

words! {
    /// The words for brands and types in `funding`.
    FundingWords {
        /// VISA, SALE.
        Documented = "documented",
        /// Visa, Sale, as recorded in 2014.
        Recorded = "recorded",
    }
}

words! {
    /// The processor's number of a batch.
    HostbatchForm {
        /// One less than the gateway's.
        Previous = "previous",
        /// The gateway's with zeros before it, ten digits.
        Padded = "padded",
        /// The gateway's.
        Same = "same",
        Absent = "absent",
    }
}

words! {
    /// The container of the batches of `settlestat`.
    SettlestatForm {
        Array = "array",
        /// Nothing, if there is one batch: the response is the batch.
        Object = "object",
    }
}

words! {
    /// Which members the transactions of `settlestat` have.
    SettlestatMembers {
        /// Those of today.
        Current = "current",
        /// `retref` and `setlstat`, as recorded in 2014.
        Recorded = "recorded",
    }
}

words! {
    /// The response of `settlestat` when there is nothing.
    NoBatches {
        /// The text `Null batches`.
        Text = "text",
        /// The same as a JSON text.
        Quoted = "quoted",
        /// An empty body.
        Empty = "empty",
        EmptyArray = "empty_array",
    }
}

words! {
    /// The response of `funding` when there is nothing.
    NoDeposits {
        /// An object with `errormsg`.
        Object = "object",
        Text = "text",
        /// An empty body.
        Empty = "empty",
        EmptyArray = "empty_array",
    }
}

words! {
    /// The container of the deposit of `deposit`.
    DepositForm {
        /// None, as the vendor's clients expect.
        Object = "object",
        /// An array, as recorded in 2014.
        Array = "array",
    }
}

words! {
    /// Whether an account has `funding`, and the response if not, which is not documented.
    FundingAccess {
        Enabled = "enabled",
        /// The same as when there is nothing.
        Nothing = "nothing",
        Unauthorized = "unauthorized",
        Forbidden = "forbidden",
        NotFound = "not_found",
    }
}
