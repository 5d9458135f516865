//! Every value of every setting is found by the search, or listed here with the reason.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::*;
use crate::conformance::gateway::respond;
use crate::{config::Config, simulator::Simulator};

/// A run of all stages at a simulator with other settings, in process.
async fn record_of(merchid: &str, settings: Settings) -> RunRecord {
    let simulator = Simulator::new(Config::default(), jiff::Timestamp::now);
    assert!(simulator.set_merchant(merchid, settings));
    let credentials = Credentials { username: "testing".to_owned(), password: "testing123".to_owned() };
    let remote = simulator.clone();
    let gateway = Gateway::in_process(Box::new(move |message| respond(&remote, &credentials, message)));
    let mut record = RunRecord::new("in process", merchid, "USD", false);
    record.run = 1_700_000_000;
    let mut session = Session {
        gateway: &gateway,
        record,
        path: None,
        card: super::super::probe::Names::new(),
        is_stuck: false,
    };
    describe(&mut session).await.unwrap();
    let mut probes = probes::all();
    probes.sort_by_key(|probe| (probe.stage, probe.basis));
    for stage in 1..=3 {
        session.record.stage = stage;
        assert!(stage == 1 || is_settled(&session).await.unwrap());
        for (number, probe) in probes.iter().enumerate().filter(|(_, probe)| probe.stage.number() == stage) {
            session.play(probe, number).await.unwrap();
        }
        simulator.settle();
    }
    session.record
}

/// The settings that the search finds for a gateway with some settings, as they would be written.
struct Finder {
    probes: Vec<Probe>,
    /// The simulator's observations by settings, as each gateway is compared with the same ones.
    known: RefCell<BTreeMap<String, Rc<Showing>>>,
}

impl Finder {
    fn new() -> Self {
        let mut probes = probes::all();
        probes.sort_by_key(|probe| (probe.stage, probe.basis));
        Self { probes, known: RefCell::default() }
    }

    async fn find(&self, merchid: &str, settings: Settings) -> Settings {
        let record = record_of(merchid, settings).await;
        let merchant = merchant(&record).unwrap();
        let probes: Vec<&Probe> = self.probes.iter().collect();
        let rehearse = |settings: Settings| {
            let key = format!("{merchid} {}", settings.to_json());
            let fresh = || Rc::new(rehearsed(&record, &probes, &merchant, settings));
            Rc::clone(self.known.borrow_mut().entry(key).or_insert_with(fresh))
        };
        let gateway = shown(&record, &probes);
        Search { gateway: &gateway, rehearse: &rehearse }.run(merchant.settings).settings
    }
}

/// No request makes a capture, a void or a refund time out: the card for timeouts is never
/// authorized.
const TIMEOUTS: [&str; 3] = ["timed_out_captures_done", "timed_out_voids_done", "timed_out_refunds"];

/// A test account has no deposits, so only the response without any is seen.
const DEPOSITS: [&str; 15] = [
    "funding_after_days",
    "funding_days",
    "funding_from_minute",
    "deposits",
    "id_form",
    "date_form",
    "authdate_form",
    "null_form",
    "funding_words",
    "deposit_form",
    "funding_chargebacks",
    "dispute_ids",
    "dispute_changes",
    "adjustment_detail",
    "interchange_basis_points",
];

/// More about deposits, and batches, whose times the gateway does not say; a simulator settles when
/// the kit's next stage begins.
const TIMES: [&str; 5] =
    ["deposit_fee", "automatic_batches", "cutoff_minute", "batch_takes_min", "report_zone"];

/// Only an account with fees shows their form.
const FEES: [&str; 4] = ["fee_basis_points", "fee_form", "fee_basis", "fee_members"];

/// Why no probe can find a value, if so.
fn is_unseen(setting: &str, value: &Value) -> bool {
    [TIMEOUTS.as_slice(), &DEPOSITS, &TIMES].concat().contains(&setting)
        || match setting {
            // An account without the report looks as one without deposits.
            "funding_access" => value == "nothing",
            // A report that does not respond is not answered, which no setting explains. The
            // reports on new batches have those of other tests of the account, too.
            "reports_hang" | "dated_reads_consume" => true,
            // The gateway's numbers have ten digits already.
            "hostbatch_form" => value == "same",
            _ => false,
        }
}

fn base(merchid: &str) -> Settings {
    let merchants = Config::default().merchants;
    merchants.into_iter().find(|merchant| merchant.merchid == merchid).unwrap().settings
}

fn changed(base: Settings, changes: &Value) -> Settings {
    let mut other = base;
    other.apply(changes.as_object().unwrap()).unwrap();
    other
}

/// Looks for each value of some settings, at an account.
async fn finds(merchid: &str, is_sought: impl Fn(&str) -> bool) {
    let finder = Finder::new();
    let base = base(merchid);
    let mut sought = 0;
    for (setting, value) in base.candidates().into_iter().filter(|(setting, _)| is_sought(setting)) {
        let other = changed(base, &json!({ setting: value }));
        let found = finder.find(merchid, other).await;
        assert_eq!(
            found == other,
            !is_unseen(setting, &value),
            "{setting} {value} looks like {:?}",
            found.changes()
        );
        sought += 1;
    }
    assert!(sought > 0);
}

#[tokio::test]
async fn each_value_of_each_setting_is_found_or_listed_as_unseen() {
    finds(Config::DEFAULT_MID, |setting| !FEES.contains(&setting)).await;
}

#[tokio::test]
async fn each_form_of_fees_is_found_at_an_account_with_a_surcharge() {
    finds(Config::SURCHARGE_MID, |setting| FEES.contains(&setting) || setting == "fee_type").await;
}

#[tokio::test]
async fn ten_settings_at_once_are_all_found() {
    let other = changed(
        base(Config::DEFAULT_MID),
        &json!({
            "over_capture": true, "recurring_needs_ecomind": true, "refund_setlstat": "refunded",
            "orderid_in_voids": "always", "orderid_in_refusals": false, "missing_profile": "empty",
            "duplicate_window_s": 60, "linked_merchid": "BCX1", "scheme_members": "lower_case",
            "no_batches": "quoted", "avs": false, "voidable_refunds": true,
        }),
    );
    let found = Finder::new().find(Config::DEFAULT_MID, other).await;
    assert_eq!(found.changes(), other.changes());
}

#[tokio::test]
async fn settings_that_show_only_together_are_found() {
    let other = changed(
        base(Config::SURCHARGE_MID),
        &json!({ "fee_form": "reference", "fee_basis": "total", "fee_members": "everywhere" }),
    );
    assert_eq!(Finder::new().find(Config::SURCHARGE_MID, other).await, other);
}
