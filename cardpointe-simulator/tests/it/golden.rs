//! The vendor's worked example and public recordings: the same operations, done again, are
//! reported in the same way. Their sources are in `golden/README.md`.

use cardpointe_simulator::{
    Adjustment, AmountForm, Chargeback, Config, Deviation, Elsewhere, FundingWords, IdForm, ReportSettings,
    Settings, SettlestatMembers, Simulator, Stage, Tender,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::deposits::COMPONENTS;
use crate::harness::{MID, VISA, text};
use crate::in_process;

const DOCUMENTED: &str = include_str!("golden/funding_documented.json");
const RECORDED: &str = include_str!("golden/funding_recorded.json");
const SETTLED: &str = include_str!("golden/settlestat_recorded.json");

fn simulator(at: &str, reports: ReportSettings) -> Simulator {
    let at: Timestamp = at.parse().unwrap();
    let simulator = Simulator::new(Config { quiet_json: true, ..Config::default() }, move || at);
    simulator.set_merchant(MID, Settings { reports, ..Settings::default() });
    simulator
}

fn send(simulator: &Simulator, method: &str, path: &str, body: &Value) -> Value {
    serde_json::from_slice(&in_process::send(simulator, method, path, body)).unwrap()
}

/// Each member of the golden object is there and, where it is one of these, has the same value.
#[track_caller]
fn assert_alike(golden: &Value, simulated: &Value, same: &[&str]) {
    for (name, value) in golden.as_object().unwrap() {
        let found = simulated.get(name).unwrap_or_else(|| panic!("no {name} in {simulated}"));
        if same.contains(&name.as_str()) {
            assert_eq!(found, value, "{name} in {simulated}");
        }
    }
}

#[track_caller]
fn assert_lists_alike(golden: &Value, simulated: &Value, name: &str, same: &[&str]) {
    let list = |of: &Value| of[name].as_array().cloned().unwrap_or_default();
    let (golden, simulated) = (list(golden), list(simulated));
    assert_eq!(golden.len(), simulated.len(), "{name}");
    golden.iter().zip(&simulated).for_each(|(golden, simulated)| assert_alike(golden, simulated, same));
}

/// The components of a funding, and its other members.
fn sums() -> Vec<&'static str> {
    [&COMPONENTS[..], &["totalfunding", "currency", "deposittrancode"]].concat()
}

fn adjustment(category: &str, kind: &str, description: &str, minor_units: i64, on: Date) -> Adjustment {
    Adjustment {
        merchid: MID.to_owned(),
        category: category.to_owned(),
        kind: kind.to_owned(),
        description: description.to_owned(),
        minor_units,
        casenumber: None,
        on: Some(on),
    }
}

#[test]
fn the_vendors_negative_deposit_comes_out_the_same_to_the_cent() {
    let golden: Value = serde_json::from_str(DOCUMENTED).unwrap();
    let simulator = simulator("2018-05-17T18:08:03Z", ReportSettings::default());
    for minor_units in [501, 502] {
        let payment = Elsewhere {
            merchid: MID.to_owned(),
            minor_units,
            order_id: String::new(),
            tender: Tender::BankDebit,
        };
        simulator.pay_elsewhere(&payment).unwrap();
    }
    simulator.settle();
    let on: Date = text(&golden, "fundingdate").parse().unwrap();
    let reason = "THE CARDHOLDER DID NOT AUTHORIZE THE CHARGE.";
    let third_party = "THIRD PARTY ADJUSTMENTS";
    simulator.adjust(adjustment("REVERSAL", "CHARGEBACKS/CHARGEBACK REVERSALS", reason, -3172, on)).unwrap();
    simulator.adjust(adjustment("THIRD PARTY", third_party, third_party, -549, on)).unwrap();
    let chargeback = Chargeback {
        merchid: MID.to_owned(),
        casenumber: "771886445001".to_owned(),
        sequencenumber: Some(268_693),
        retref: None,
        minor_units: 9215,
        reasoncode: "34".to_owned(),
        reasondescription: "Duplicate Processing".to_owned(),
        chargebackdate: Some("2017-10-05".parse().unwrap()),
        on: Some(on),
        debit: false,
    };
    simulator.charge_back(chargeback).unwrap();
    simulator.set_clock("2018-05-18T18:00:00Z".parse().unwrap());
    let simulated = send(&simulator, "GET", &format!("/funding?merchid={MID}&date=20180518"), &json!({}));
    assert_alike(&golden, &simulated, &["fundingdate", "datechanged"]);
    assert_lists_alike(&golden, &simulated, "fundings", &sums());
    let line = [
        "date",
        "type",
        "currency",
        "cardtype",
        "amount",
        "cardproc",
        "interchangeunitfee",
        "cardbrand",
        "status",
        "respcode",
        "interchangepercentfee",
    ];
    assert_lists_alike(&golden, &simulated, "txns", &line);
    let adjustments = ["amount", "description", "currency", "category", "type"];
    assert_lists_alike(&golden, &simulated, "adjustments", &adjustments);
    let chargebacks = [
        "depositdate",
        "amount",
        "reasondescription",
        "reasoncode",
        "chargebackdate",
        "sequencenumber",
        "casenumber",
    ];
    assert_lists_alike(&golden, &simulated, "chargebacks", &chargebacks);
}

#[test]
fn a_deposit_recorded_in_2014_comes_out_the_same_to_the_cent() {
    let golden: Value = serde_json::from_str(RECORDED).unwrap();
    let reports = ReportSettings {
        amount_form: AmountForm::MinorNumber,
        id_form: IdForm::Number,
        funding_words: FundingWords::Recorded,
        ..ReportSettings::default()
    };
    let simulator = simulator("2014-03-28T18:00:00Z", reports);
    for (account, amount) in
        [(VISA, 995), ("371449635398431", 1495), ("5454545454545454", 1145), (VISA, 1495)]
    {
        let body = json!({
            "merchid": MID, "account": account, "expiry": "1249", "amount": amount, "capture": "Y",
        });
        let retref = text(&send(&simulator, "PUT", "/auth", &body), "retref");
        let deviation = Deviation { without_retref: true, ..Deviation::default() };
        assert!(simulator.deviate(&retref, deviation));
    }
    simulator.settle();
    let third_party = "THIRD PARTY ADJUSTMENTS";
    let on: Date = text(&golden, "fundingdate").parse().unwrap();
    simulator.adjust(adjustment("THIRD PARTY", third_party, third_party, -1495, on)).unwrap();
    simulator.set_clock("2014-03-31T18:00:00Z".parse().unwrap());
    let simulated = send(&simulator, "GET", &format!("/funding?merchid={MID}&date=20140331"), &json!({}));
    assert_alike(&golden, &simulated, &["fundingdate", "datechanged"]);
    assert_lists_alike(&golden, &simulated, "fundings", &sums());
    assert_lists_alike(
        &golden,
        &simulated,
        "txns",
        &["cardtype", "retref", "type", "currency", "cardbrand", "amount"],
    );
    assert_lists_alike(
        &golden,
        &simulated,
        "adjustments",
        &["amount", "category", "description", "type", "currency"],
    );
}

#[test]
fn a_batch_recorded_in_2014_has_the_same_members_and_states() {
    let golden: Value = serde_json::from_str(SETTLED).unwrap();
    let reports =
        ReportSettings { settlestat_members: SettlestatMembers::Recorded, ..ReportSettings::default() };
    let simulator = simulator("2014-03-28T18:00:00Z", reports);
    for stage in [Stage::Rejected, Stage::Accepted] {
        let body =
            json!({ "merchid": MID, "account": VISA, "expiry": "1249", "amount": "1.00", "capture": "Y" });
        let retref = text(&send(&simulator, "PUT", "/auth", &body), "retref");
        assert!(simulator.settle_record(&retref, stage));
    }
    let batches = send(&simulator, "GET", &format!("/settlestat?merchid={MID}&date=0328"), &json!({}));
    let of_golden = |index: usize| &golden[0]["txns"][index];
    let all: Vec<&Value> =
        batches.as_array().unwrap().iter().flat_map(|batch| batch["txns"].as_array().unwrap()).collect();
    assert_eq!(all.len(), 2);
    for (index, simulated) in all.into_iter().enumerate() {
        assert_alike(of_golden(index), simulated, &["setlstat"]);
        assert_eq!(simulated.as_object().unwrap().len(), 2);
    }
    for batch in batches.as_array().unwrap() {
        assert_alike(&golden[0], batch, &[]);
        let number = |batch: &Value, name: &str| text(batch, name).parse::<u64>().unwrap();
        assert_eq!(number(batch, "batchid") - number(batch, "hostbatch"), 1);
        assert_eq!(number(&golden[0], "batchid") - number(&golden[0], "hostbatch"), 1);
    }
}
