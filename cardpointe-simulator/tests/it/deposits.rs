//! Batches at the cut-off, deposits, and differences: each as documented, and to the cent.

use cardpointe_simulator::{
    Adjustment, Chargeback, Config, DepositDeviation, DepositForm, Deviation, Elsewhere, Endpoint, Fault,
    FaultKind, Listing, ManySettled, NullForm, ReportSettings, Returned, Settings, Simulator, Stage, Tender,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::harness::{MID, RPCT, VISA, assert_members, text};
use crate::in_process;

const DISCOVER: &str = "6011000995500000";

/// A Friday, 13:00 Eastern.
const FRIDAY: &str = "2030-03-08T18:00:00Z";
const MONDAY: Date = date(2030, 3, 11);

struct Shop(Simulator);

impl Shop {
    fn open(reports: ReportSettings) -> Self {
        let start: Timestamp = FRIDAY.parse().unwrap();
        let simulator = Simulator::new(Config { quiet_json: true, ..Config::default() }, move || start);
        let shop = Self(simulator);
        shop.set(reports);
        shop
    }

    fn set(&self, reports: ReportSettings) {
        assert!(self.0.set_merchant(MID, Settings { reports, ..Settings::default() }));
    }

    fn at(&self, time: &str) -> &Self {
        self.0.set_clock(time.parse().unwrap());
        self
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> String {
        String::from_utf8(in_process::send(&self.0, method, path, body)).unwrap()
    }

    fn sale(&self, account: &str, amount: &str, order_id: &str) -> String {
        let body = json!({
            "merchid": MID, "account": account, "expiry": "1249", "amount": amount, "capture": "Y",
            "orderid": order_id,
        });
        text(&serde_json::from_str(&self.send("PUT", "/auth", &body)).unwrap(), "retref")
    }

    fn funding_body(&self, query: &str) -> String {
        self.send("GET", &format!("/funding?merchid={MID}{query}"), &json!({}))
    }

    fn deposit(&self, day: Date) -> Value {
        serde_json::from_str(&self.funding_body(&format!("&date={}", day.strftime("%Y%m%d")))).unwrap()
    }

    fn batches_body(&self, query: &str) -> String {
        self.send("GET", &format!("/settlestat?merchid={MID}{query}"), &json!({}))
    }

    fn batches(&self, day: &str) -> Vec<Value> {
        let body = self.batches_body(&format!("&date={day}"));
        if body == "Null batches" { Vec::new() } else { serde_json::from_str(&body).unwrap() }
    }

    /// A sale of 10.00 that settled on Friday; Monday, 14:00 Eastern, has come.
    fn with_deposit(reports: ReportSettings) -> (Self, String) {
        let shop = Self::open(reports);
        let retref = shop.sale(VISA, "10.00", "A-1");
        shop.0.settle();
        shop.at("2030-03-11T18:00:00Z");
        (shop, retref)
    }
}

/// Minor units of any form.
fn minor(amount: &Value) -> i64 {
    match amount {
        Value::Number(number) => number.as_i64().unwrap(),
        Value::String(text) => text.replace('.', "").parse().unwrap_or_else(|_| panic!("{text}")),
        other => panic!("{other}"),
    }
}

pub(crate) const COMPONENTS: [&str; 8] = [
    "netsales",
    "thirdparty",
    "adjustment",
    "interchangefee",
    "servicecharge",
    "fee",
    "reversal",
    "otheradjustment",
];

/// The total, if the lines add up to the net sales, and the components to the total.
fn total(deposit: &Value) -> i64 {
    let sum = |list: &Value, name: &str| -> i64 {
        list.as_array().unwrap().iter().map(|one| minor(&one[name])).sum()
    };
    assert_eq!(sum(&deposit["txns"], "amount"), sum(&deposit["fundings"], "netsales"), "{deposit}");
    let components: i64 = COMPONENTS.iter().map(|name| sum(&deposit["fundings"], name)).sum();
    assert_eq!(components, sum(&deposit["fundings"], "totalfunding"), "{deposit}");
    components
}

fn automatic() -> ReportSettings {
    ReportSettings { automatic_batches: true, ..ReportSettings::default() }
}

#[test]
fn a_weekends_batches_are_sent_at_the_cutoff_and_are_in_mondays_deposit() {
    let shop = Shop::open(automatic());
    shop.sale(VISA, "1.00", "friday");
    // 21:00 Eastern is 02:00 UTC, and on Sunday, when summer time begins, 01:00.
    shop.at("2030-03-09T01:59:59Z");
    assert!(shop.batches("0308").is_empty(), "before the cut-off");
    shop.at("2030-03-09T02:00:01Z").sale(VISA, "2.00", "after Friday's cut-off");
    shop.at("2030-03-10T16:00:00Z").sale(VISA, "3.00", "sunday");
    shop.at("2030-03-11T16:59:59Z");
    let deposit = shop.deposit(MONDAY);
    assert_eq!(deposit, json!({ "errormsg": "No deposits match your request" }), "before 13:00 Eastern");
    shop.at("2030-03-11T17:00:00Z");
    for (day, amount) in [("0308", "1.00"), ("0309", "2.00"), ("0310", "3.00")] {
        let batches = shop.batches(day);
        assert_eq!(batches.len(), 1, "{day}");
        assert_members(&batches[0]["txns"][0], json!({ "setlamount": amount, "setlstat": "Y" }));
    }
    let deposit = shop.deposit(MONDAY);
    assert_eq!((deposit["fundings"].as_array().unwrap().len(), total(&deposit)), (1, 600));
    let batches: std::collections::BTreeSet<_> =
        deposit["txns"].as_array().unwrap().iter().map(|line| text(line, "batchid")).collect();
    assert_eq!(batches.len(), 3);
    let sent = shop.0.records()[2].history.last().unwrap().at;
    assert_eq!(sent, "2030-03-11T01:00:00Z".parse().unwrap(), "at the cut-off itself, in summer time");
}

#[test]
fn an_automatic_batch_is_under_way_until_its_time_has_passed() {
    let shop = Shop::open(ReportSettings { batch_takes_min: 60, ..automatic() });
    shop.sale(VISA, "1.00", "A-1");
    shop.at("2030-03-09T02:59:00Z");
    assert_members(&shop.batches("0308")[0], json!({ "hoststat": "SB" }));
    shop.at("2030-03-09T03:00:00Z");
    assert_members(&shop.batches("0308")[0], json!({ "hoststat": "GB" }));
    // Without the setting, nothing goes by itself.
    let by_hand = Shop::open(ReportSettings::default());
    by_hand.sale(VISA, "1.00", "A-1");
    by_hand.at("2030-03-20T03:00:00Z");
    assert_eq!(by_hand.batches_body(""), "Null batches");
}

#[test]
fn each_batch_has_a_sum_of_its_own_where_the_account_is_set_so() {
    let shop =
        Shop::open(ReportSettings { deposits: cardpointe_simulator::Deposits::PerBatch, ..automatic() });
    shop.sale(VISA, "1.00", "A-1");
    shop.at("2030-03-09T18:00:00Z").sale(VISA, "2.00", "A-2");
    let deposit = shop.at("2030-03-11T18:00:00Z").deposit(MONDAY);
    let sums: Vec<_> = deposit["fundings"].as_array().unwrap().iter().map(|one| &one["netsales"]).collect();
    assert_eq!((json!(sums), total(&deposit)), (json!(["1.00", "2.00"]), 300));
}

#[test]
fn a_line_has_its_brand_its_kind_of_card_and_an_id_of_its_own() {
    let shop = Shop::open(ReportSettings::default());
    let retref = shop.sale(VISA, "10.00", "A-1");
    shop.sale(DISCOVER, "2.00", "A-2");
    shop.0.settle();
    let body = json!({ "merchid": MID, "retref": retref, "amount": "4.00", "orderid": "R-1" });
    shop.send("PUT", "/refund", &body);
    shop.0.settle();
    let deposit = shop.at("2030-03-11T18:00:00Z").deposit(MONDAY);
    let master = text(&deposit, "fundingmasterid");
    let line = |index: usize| &deposit["txns"][index];
    assert_members(
        line(0),
        json!({
            "cardtype": "Credit", "cardbrand": "VISA", "fundingtxnid": master, "type": "SALE", "status": "Settled",
            "invoicenumber": "A-1", "date": "2030-03-08", "authdate": "20300308180000", "parentretref": null,
        }),
    );
    assert_members(line(1), json!({ "cardtype": "Credit", "cardbrand": "DSCV" }));
    assert_members(line(2), json!({ "type": "REFUND", "amount": "-4.00", "parentretref": retref }));
    let mut ids: Vec<_> = (0..3).map(|index| text(line(index), "fundingid")).collect();
    ids.push(text(&deposit["fundings"][0], "fundingid"));
    ids.sort();
    ids.dedup();
    assert!(ids.len() == 4 && !ids.contains(&master), "{ids:?}");
    assert_members(&deposit, json!({ "fundingdate": "2030-03-11", "datechanged": null, "merchid": MID }));
    assert_eq!((deposit.get("adjustments"), deposit.get("chargebacks")), (None, None));
    assert_eq!(total(&deposit), 800);
}

#[test]
fn a_line_keeps_its_id_when_another_joins_the_deposit() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let before = shop.deposit(MONDAY)["txns"][0]["fundingid"].clone();
    let first = shop.0.pay_elsewhere(&elsewhere(Tender::Card)).unwrap();
    shop.0.settle();
    shop.0.deviate(&first, Deviation { funded_on: Some(MONDAY), ..Deviation::default() });
    shop.0.deviate(&retref, Deviation { funded_times: Some(2), ..Deviation::default() });
    let deposit = shop.deposit(MONDAY);
    let ids: Vec<_> = deposit["txns"].as_array().unwrap().iter().map(|line| &line["fundingid"]).collect();
    assert_eq!((ids.len(), ids[0]), (3, &before));
    assert_ne!(ids[0], ids[1], "funded twice");
    assert_eq!(total(&deposit), 2000 + 1250);
}

#[test]
fn the_components_of_a_deposit_add_up_and_it_can_be_negative() {
    let (shop, retref) = Shop::with_deposit(ReportSettings {
        interchange_basis_points: 150,
        deposit_fee: 25,
        ..ReportSettings::default()
    });
    let adjust = |category: &str, minor_units: i64| Adjustment {
        merchid: MID.to_owned(),
        category: category.to_owned(),
        kind: String::new(),
        description: String::new(),
        minor_units,
        casenumber: None,
        on: Some(MONDAY),
    };
    for (category, minor_units) in [
        ("THIRD PARTY", -549),
        ("ADJUSTMENTS", 7),
        ("SERVICE CHARGES", -11),
        ("OTHER ADJUSTMENT", -13),
        ("NOT DOCUMENTED", -17),
    ] {
        shop.0.adjust(adjust(category, minor_units)).unwrap();
    }
    shop.0.charge_back(chargeback(Some(&retref), 3172, 1)).unwrap();
    let deposit = shop.deposit(MONDAY);
    assert_members(
        &deposit["fundings"][0],
        json!({
            "netsales": "10.00", "thirdparty": "-5.49", "adjustment": "0.07", "interchangefee": "-0.15",
            "servicecharge": "-0.11", "fee": "-0.25", "reversal": "-31.72", "otheradjustment": "-0.30",
            "totalfunding": "-27.95",
        }),
    );
    assert_eq!(total(&deposit), -2795);
    let listed: i64 =
        deposit["adjustments"].as_array().unwrap().iter().map(|one| minor(&one["amount"])).sum();
    assert_eq!(listed, -3795, "all that is not of a line is listed");
    let without = ReportSettings { adjustment_detail: false, ..ReportSettings::default() };
    shop.set(without);
    let deposit = shop.deposit(MONDAY);
    assert_members(&deposit["fundings"][0], json!({ "reversal": "0", "otheradjustment": "-37.55" }));
    assert_eq!((deposit.get("adjustments"), total(&deposit)), (None, -2755));
    assert!(shop.0.adjust(Adjustment { merchid: "1".to_owned(), ..adjust("FEES", 1) }).is_err());
}

#[test]
fn a_line_that_is_listed_again_or_corrected_moves_no_money_twice_and_the_bank_knows_what_is_true() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let case = "771886445001";
    let id = shop.0.charge_back(chargeback(Some(&retref), 1000, 1)).unwrap();
    let won = shop.0.reverse_chargeback(MID, case, 300).unwrap();
    assert_eq!(shop.0.taken_back(MID, Some(&retref)), 700);
    let (first, later) = (MONDAY, date(2030, 3, 13));
    shop.at("2030-03-14T18:00:00Z");
    let before = total(&shop.deposit(first));
    let again = |id, minor_units| Listing { id, on: Some(later), minor_units, ..Listing::default() };
    shop.0.list_again(again(id, Some(900))).unwrap();
    shop.0.list_again(again(won, None)).unwrap();
    let deposit = shop.deposit(later);
    assert_members(&deposit["chargebacks"][0], json!({ "amount": "9.00", "datechanged": "2030-03-13" }));
    assert_members(&deposit["adjustments"][0], json!({ "amount": "3.00", "casenumber": case }));
    assert_eq!((total(&deposit), total(&shop.deposit(first))), (0, before));
    assert_eq!((shop.0.taken_back(MID, Some(&retref)), shop.0.taken_back(MID, None)), (600, 600));
    // Its own deposit says otherwise.
    let in_place = Listing { on: None, changed_on: Some(later), ..again(id, Some(800)) };
    shop.0.list_again(in_place).unwrap();
    let members =
        json!({ "amount": "8.00", "datechanged": "2030-03-13", "fundingchargebackid": id.to_string() });
    assert_members(&shop.deposit(first)["chargebacks"][0], members);
    shop.set(ReportSettings { dispute_ids: false, dispute_changes: false, ..ReportSettings::default() });
    let members = json!({ "fundingchargebackid": null, "datechanged": null });
    assert_members(&shop.deposit(first)["chargebacks"][0], members);
    assert!(shop.0.list_again(again(1, None)).is_err());
}

fn chargeback(retref: Option<&str>, minor_units: i64, sequencenumber: u32) -> Chargeback {
    Chargeback {
        merchid: MID.to_owned(),
        casenumber: "771886445001".to_owned(),
        sequencenumber: Some(sequencenumber),
        retref: retref.map(ToOwned::to_owned),
        minor_units,
        reasoncode: "34".to_owned(),
        reasondescription: "Duplicate Processing".to_owned(),
        chargebackdate: None,
        on: Some(MONDAY),
        debit: true,
    }
}

fn elsewhere(tender: Tender) -> Elsewhere {
    Elsewhere { merchid: MID.to_owned(), minor_units: 1250, order_id: "VT-1".to_owned(), tender }
}

#[test]
fn chargebacks_of_one_case_and_their_reversal_are_told_apart() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    shop.0.charge_back(chargeback(Some(&retref), 1000, 1)).unwrap();
    shop.0.charge_back(chargeback(Some(&retref), 300, 2)).unwrap();
    shop.0.charge_back(chargeback(None, 200, 3)).unwrap();
    shop.0.reverse_chargeback(MID, "771886445001", 1000).unwrap();
    let deposit = shop.deposit(MONDAY);
    let listed = deposit["chargebacks"].as_array().unwrap();
    assert_members(
        &listed[0],
        json!({
            "casenumber": "771886445001", "sequencenumber": "1", "amount": "10.00", "transactionamount": "10.00",
            "retref": retref, "reasoncode": "34", "chargebackdate": "2030-03-11", "depositdate": "null",
        }),
    );
    assert_members(
        &listed[1],
        json!({ "sequencenumber": "2", "amount": "3.00", "transactionamount": "10.00" }),
    );
    assert_members(&listed[2], json!({ "retref": null, "transactionamount": null }));
    assert_eq!(total(&deposit), 1000 - 1500);
    // Monday's report has begun: the reversal is in Tuesday's deposit, without a line beside it.
    let next = shop.at("2030-03-12T18:00:00Z").deposit(date(2030, 3, 12));
    assert_members(
        &next["adjustments"][0],
        json!({
            "category": "REVERSAL", "casenumber": "771886445001", "amount": "10.00",
            "type": "CHARGEBACKS/CHARGEBACK REVERSALS",
        }),
    );
    assert_eq!((next["txns"].as_array().unwrap().len(), total(&next)), (0, 1000));
    shop.set(ReportSettings { funding_chargebacks: false, ..ReportSettings::default() });
    assert_eq!(shop.deposit(MONDAY).get("chargebacks"), None);
    assert!(shop.0.charge_back(chargeback(None, 0, 1)).is_err());
}

#[test]
fn each_deviation_shows_in_its_report_and_nowhere_else() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let (batches, deposit) = (shop.batches("0308"), shop.deposit(MONDAY));
    let with = |deviation: Deviation| {
        assert!(shop.0.deviate(&retref, deviation));
        (shop.batches("0308"), shop.deposit(MONDAY))
    };
    let none = Deviation::default;
    assert_eq!(with(Deviation { settled_times: Some(0), ..none() }), (Vec::new(), deposit.clone()));
    let (twice, same) = with(Deviation { settled_times: Some(2), ..none() });
    assert_eq!((twice.len(), &same), (2, &deposit));
    assert_ne!(twice[0]["batchid"], twice[1]["batchid"]);
    assert_eq!(twice[0]["txns"], twice[1]["txns"]);
    let (cent, same) = with(Deviation { settled_minor_units: Some(1001), ..none() });
    assert_eq!((&cent[0]["txns"][0]["setlamount"], &same), (&json!("10.01"), &deposit));
    let (same, nothing) = with(Deviation { funded_times: Some(0), ..none() });
    assert_eq!((&same, nothing), (&batches, json!({ "errormsg": "No deposits match your request" })));
    for (deviation, member, expected) in [
        (Deviation { funded_minor_units: Some(999), ..none() }, "amount", json!("9.99")),
        (Deviation { funded_currency: Some("CAD".to_owned()), ..none() }, "currency", json!("CAD")),
        (Deviation { funded_status: Some("Rejected".to_owned()), ..none() }, "status", json!("Rejected")),
        (Deviation { without_retref: true, ..none() }, "retref", Value::Null),
    ] {
        let (same, deposit) = with(deviation);
        assert_eq!((&same, &deposit["txns"][0][member]), (&batches, &expected), "{member}");
        total(&deposit);
    }
    assert_eq!(with(none()), (batches, deposit), "taken back");
    assert!(!shop.0.deviate("000000000000", none()));
}

#[test]
fn a_wrong_sum_is_stated_and_a_late_correction_has_its_day() {
    let (shop, _) = Shop::with_deposit(ReportSettings::default());
    let alter = |deviation: DepositDeviation| {
        shop.0.alter_deposit(MID, MONDAY, deviation);
        shop.deposit(MONDAY)
    };
    let deposit = alter(DepositDeviation { netsales_off: 1, ..DepositDeviation::default() });
    assert_members(&deposit["fundings"][0], json!({ "netsales": "10.01", "totalfunding": "10.00" }));
    let deposit = alter(DepositDeviation { total_off: -1, ..DepositDeviation::default() });
    assert_members(&deposit["fundings"][0], json!({ "netsales": "10.00", "totalfunding": "9.99" }));
    let changed_on = Some(date(2030, 3, 20));
    let trace_number = Some("121000240002309".to_owned());
    let deposit = alter(DepositDeviation { changed_on, trace_number, ..DepositDeviation::default() });
    assert_members(&deposit, json!({ "datechanged": "2030-03-20", "fundingdate": "2030-03-11" }));
    assert_members(&deposit["fundings"][0], json!({ "depositachtracenumber": "121000240002309" }));
    assert_eq!(total(&deposit), 1000);
}

#[test]
fn a_held_batch_is_not_funded_until_it_is_released() {
    for (hoststat, letter) in [("RB", "N"), ("BB", "N"), ("EB", "R"), ("ND", ""), ("SB", ""), ("", "")] {
        let (shop, retref) = Shop::with_deposit(ReportSettings::default());
        let batchid = shop.0.record(&retref).unwrap().batchid.unwrap();
        assert!(shop.0.hold_batch(MID, &batchid, Some(hoststat)));
        let batch = shop.batches("0308").remove(0);
        assert_eq!((&batch["hoststat"], &batch["txns"][0]["setlstat"]), (&json!(hoststat), &json!(letter)));
        assert_eq!(shop.deposit(MONDAY).get("txns"), None, "{hoststat}");
        assert!(shop.0.hold_batch(MID, &batchid, None));
        assert_eq!(shop.batches("0308")[0]["txns"][0]["setlstat"], "Y");
        assert_eq!(shop.0.funding_day(&retref), Some(date(2030, 3, 12)), "settled only now");
        assert!(!shop.0.hold_batch(MID, "1", Some("RB")));
    }
}

#[test]
fn a_review_that_ends_later_is_funded_by_its_end() {
    let shop = Shop::open(ReportSettings::default());
    let retref = shop.sale(VISA, "10.00", "A-1");
    assert!(shop.0.settle_record(&retref, Stage::UnderReview));
    assert_eq!(shop.0.funding_day(&retref), None);
    shop.at("2030-03-12T18:00:00Z");
    assert!(shop.0.settle_record(&retref, Stage::Accepted));
    assert_eq!(shop.0.funding_day(&retref), Some(date(2030, 3, 13)));
}

#[test]
fn a_bank_debit_comes_back_as_a_line_of_its_own() {
    let shop = Shop::open(ReportSettings::default());
    let retref = shop.0.pay_elsewhere(&elsewhere(Tender::BankDebit)).unwrap();
    shop.0.settle();
    let returned = Some(Returned { code: "R01".to_owned(), on: date(2030, 3, 14) });
    shop.0.deviate(&retref, Deviation { returned, ..Deviation::default() });
    let deposit = shop.at("2030-03-14T18:00:00Z").deposit(MONDAY);
    assert_members(
        &deposit["txns"][0],
        json!({
            "retref": retref, "cardbrand": "ECHK", "cardproc": "PSTR", "amount": "12.50", "status": "Processed",
            "achreturncode": null, "invoicenumber": "VT-1",
        }),
    );
    let back = shop.deposit(date(2030, 3, 14));
    assert_members(
        &back["txns"][0],
        json!({
            "parentretref": retref, "achreturncode": "R01", "amount": "-12.50", "status": "Processed", "type": "SALE",
        }),
    );
    assert_ne!(back["txns"][0]["retref"], json!(retref));
    assert_eq!((total(&deposit), total(&back)), (1250, -1250));
}

#[test]
fn a_request_without_a_date_reads_each_deposit_once() {
    let shop = Shop::open(automatic());
    shop.sale(VISA, "1.00", "A-1");
    shop.at("2030-03-11T18:00:00Z").sale(VISA, "2.00", "A-2");
    shop.at("2030-03-12T18:00:00Z");
    let read = || serde_json::from_str::<Value>(&shop.funding_body("")).unwrap();
    let dated = shop.deposit(MONDAY);
    assert_eq!(read(), dated, "a dated request has not marked it");
    assert_eq!(read()["fundingdate"], "2030-03-12");
    assert_eq!(read(), json!({ "errormsg": "No deposits match your request" }));
    assert_eq!(shop.deposit(MONDAY), dated, "by its date it is always there");
    shop.set(ReportSettings { dated_reads_consume: true, ..automatic() });
    shop.sale(VISA, "3.00", "A-3");
    shop.at("2030-03-13T18:00:00Z");
    shop.deposit(date(2030, 3, 13));
    shop.batches("0312");
    assert_eq!(read(), json!({ "errormsg": "No deposits match your request" }));
    assert!(!shop.batches_body("").contains("A-3"));
}

#[test]
fn a_report_of_the_last_day_of_the_year_is_found_in_the_new_one() {
    let shop = Shop::open(automatic());
    shop.at("2030-12-31T18:00:00Z").sale(VISA, "1.00", "A-1");
    // 23:00 Eastern, and the next year in UTC.
    shop.at("2031-01-01T04:00:00Z");
    assert_eq!(shop.batches("1231").len(), 1);
    shop.at("2031-01-02T19:00:00Z");
    assert_eq!((shop.batches("1231").len(), shop.batches("0101").len()), (1, 0));
    assert_eq!(total(&shop.deposit(date(2031, 1, 2))), 100, "New Year's Day is a bank holiday");
    assert!(shop.funding_body("&date=0102").contains("A-1"));
}

#[test]
fn a_hundred_thousand_payments_of_a_day_are_all_there_to_the_cent() {
    let shop = Shop::open(ReportSettings::default());
    let waiting = shop.sale(VISA, "5.00", "waits");
    let many = ManySettled {
        merchid: MID.to_owned(),
        day: date(2030, 3, 7),
        count: 100_000,
        minor_units: 101,
        order_prefix: "N-".to_owned(),
    };
    assert_eq!(shop.0.add_settled(&many).unwrap().len(), 100_000);
    let batches = shop.batches("0307");
    assert_eq!((batches.len(), batches[0]["txns"].as_array().unwrap().len()), (1, 100_000));
    assert_eq!(batches[0]["txns"][99_999]["salesdoc"], "N-99999");
    assert_eq!(total(&shop.deposit(date(2030, 3, 8))), 10_100_000);
    assert_eq!(shop.0.settle(), 1);
    assert_eq!(shop.batches("0308")[0]["txns"][0]["retref"], json!(waiting));
    assert!(shop.0.add_settled(&ManySettled { count: 0, ..many }).is_err());
}

#[test]
fn a_batch_that_gets_another_number_has_it_in_both_reports() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let batchid = shop.0.record(&retref).unwrap().batchid.unwrap();
    let (batches, deposit) = (shop.batches("0308"), shop.deposit(MONDAY));
    assert!(shop.0.renumber_batch(MID, &batchid, Some("770001")));
    let renumbered = shop.batches("0308");
    assert_members(&renumbered[0], json!({ "batchid": "770001", "hostbatch": "770000", "hoststat": "GB" }));
    assert_eq!(renumbered[0]["txns"], batches[0]["txns"]);
    assert_eq!(shop.deposit(MONDAY)["txns"][0]["batchid"], "770001");
    let by_number = |number: &str| shop.batches_body(&format!("&batchid={number}"));
    assert_eq!(serde_json::from_str::<Value>(&by_number("770001")).unwrap(), json!(renumbered));
    assert_eq!(by_number(&batchid), "Null batches", "its former number leads nowhere");
    assert!(shop.0.hold_batch(MID, &batchid, Some("MB")));
    assert_members(&shop.batches("0308")[0], json!({ "batchid": "770001", "hoststat": "MB" }));
    assert!(shop.0.hold_batch(MID, &batchid, None));
    assert!(shop.0.renumber_batch(MID, &batchid, None));
    assert_eq!((shop.batches("0308"), shop.deposit(MONDAY)), (batches, deposit), "taken back");
    assert!(!shop.0.renumber_batch(MID, "1", Some("2")));
}

#[test]
fn a_deposit_that_gets_another_number_has_it_throughout_and_two_accounts_can_share_it() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    shop.0.charge_back(chargeback(Some(&retref), 300, 1)).unwrap();
    let before = shop.deposit(MONDAY);
    let fee = |merchid: &str| Adjustment {
        merchid: merchid.to_owned(),
        category: "FEES".to_owned(),
        kind: String::new(),
        description: String::new(),
        minor_units: -1,
        casenumber: None,
        on: Some(MONDAY),
    };
    shop.0.adjust(fee(RPCT)).unwrap();
    let of = |merchid: &str| {
        let path = format!("/funding?merchid={merchid}&date=20300311");
        serde_json::from_str::<Value>(&shop.send("GET", &path, &json!({}))).unwrap()
    };
    assert_ne!(of(RPCT)["fundingmasterid"], before["fundingmasterid"]);
    for merchid in [MID, RPCT] {
        let number = DepositDeviation { number: Some(770_001), ..DepositDeviation::default() };
        shop.0.alter_deposit(merchid, MONDAY, number);
    }
    let deposit = of(MID);
    assert_eq!(deposit["txns"][0]["fundingtxnid"], "770001");
    for list in ["fundings", "adjustments", "chargebacks"] {
        assert_eq!(deposit[list][0]["fundingmasterid"], "770001", "{list}");
    }
    assert_eq!(deposit["fundingmasterid"], "770001");
    assert_eq!(of(RPCT)["fundingmasterid"], "770001");
    assert_eq!(
        deposit["fundings"][0]["fundingid"], before["fundings"][0]["fundingid"],
        "only its own number"
    );
    shop.0.alter_deposit(MID, MONDAY, DepositDeviation::default());
    assert_eq!(shop.deposit(MONDAY), before, "taken back");
}

#[test]
fn a_row_that_cannot_be_read_has_no_amount_or_no_reference_and_its_money_is_in_the_sums() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let (batches, deposit) = (shop.batches("0308"), shop.deposit(MONDAY));
    let with = |deviation: Deviation| {
        assert!(shop.0.deviate(&retref, deviation));
        (shop.batches("0308"), shop.deposit(MONDAY))
    };
    let (same, unread) = with(Deviation { funded_without_amount: true, ..Deviation::default() });
    assert_eq!((&same, &unread["fundings"]), (&batches, &deposit["fundings"]));
    assert_members(&unread["txns"][0], json!({ "amount": null, "retref": retref, "currency": "USD" }));
    shop.set(ReportSettings { null_form: NullForm::Absent, ..ReportSettings::default() });
    assert_eq!(shop.deposit(MONDAY)["txns"][0].get("amount"), None, "in the account's form");
    shop.set(ReportSettings::default());
    let (unread, same) = with(Deviation { settled_without_retref: true, ..Deviation::default() });
    assert_eq!(same, deposit);
    assert_members(&unread[0]["txns"][0], json!({ "retref": null, "setlamount": "10.00", "setlstat": "Y" }));
    assert_eq!(with(Deviation::default()), (batches, deposit), "taken back");
}

#[test]
fn a_broken_report_ends_in_the_middle_of_its_json_until_it_is_taken_back() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let batchid = shop.0.record(&retref).unwrap().batchid.unwrap();
    let query = "&date=20300311";
    let (batches, deposit) = (shop.batches_body("&date=0308"), shop.funding_body(query));
    let broken = DepositDeviation { broken: true, ..DepositDeviation::default() };
    shop.0.alter_deposit(MID, MONDAY, broken);
    assert_eq!(shop.batches_body("&date=0308"), batches);
    assert!(shop.0.break_batch(MID, &batchid, true));
    for _ in 0..2 {
        for (whole, broken) in
            [(&deposit, shop.funding_body(query)), (&batches, shop.batches_body("&date=0308"))]
        {
            assert!(
                !broken.is_empty() && broken.len() < whole.len() && whole.starts_with(&broken),
                "{broken}"
            );
            assert!(serde_json::from_str::<Value>(&broken).unwrap_err().is_eof());
        }
    }
    assert_eq!(shop.batches_body("&date=0307"), "Null batches", "another day");
    shop.0.alter_deposit(MID, MONDAY, DepositDeviation::default());
    assert!(shop.0.break_batch(MID, &batchid, false));
    assert_eq!((shop.batches_body("&date=0308"), shop.funding_body(query)), (batches, deposit));
    assert!(!shop.0.break_batch(MID, "1", true));
}

#[test]
fn a_line_without_an_amount_states_none_where_it_is_listed_and_moves_its_money() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let id = shop.0.charge_back(chargeback(Some(&retref), 300, 1)).unwrap();
    let before = shop.deposit(MONDAY);
    let later = date(2030, 3, 13);
    shop.at("2030-03-14T18:00:00Z");
    let listing = |on, without_amount| Listing { id, on, without_amount, ..Listing::default() };
    shop.0.list_again(listing(None, true)).unwrap();
    let deposit = shop.deposit(MONDAY);
    assert_members(&deposit["chargebacks"][0], json!({ "amount": null, "retref": retref }));
    assert_eq!(deposit["fundings"], before["fundings"]);
    shop.0.list_again(listing(None, false)).unwrap();
    assert_eq!(shop.deposit(MONDAY), before, "taken back");
    shop.0.list_again(listing(Some(later), true)).unwrap();
    assert_eq!(shop.deposit(MONDAY), before, "only in the later deposit");
    assert_eq!(shop.deposit(later)["chargebacks"][0]["amount"], Value::Null);
    let won = shop.0.reverse_chargeback(MID, "771886445001", 300).unwrap();
    shop.0.list_again(Listing { id: won, without_amount: true, ..Listing::default() }).unwrap();
    shop.at("2030-03-15T18:00:00Z");
    let reversed = shop.deposit(date(2030, 3, 15));
    assert_eq!((&reversed["adjustments"][0]["amount"], total(&reversed)), (&Value::Null, 300));
    assert_eq!(shop.0.taken_back(MID, Some(&retref)), 0);
}

#[test]
fn a_line_that_is_taken_back_is_in_no_deposit_and_counts_no_more_until_it_is_brought_back() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let case = "771886445001";
    let id = shop.0.charge_back(chargeback(Some(&retref), 1000, 1)).unwrap();
    // The same amount of the same case, twice: only its own money goes.
    shop.0.charge_back(chargeback(Some(&retref), 1000, 2)).unwrap();
    let won = shop.0.reverse_chargeback(MID, case, 300).unwrap();
    shop.at("2030-03-14T18:00:00Z");
    let (first, next, later) = (MONDAY, date(2030, 3, 12), date(2030, 3, 13));
    shop.0.list_again(Listing { id, on: Some(later), ..Listing::default() }).unwrap();
    let deposits = || [first, next, later].map(|day| shop.deposit(day));
    let before = deposits();
    assert_eq!((total(&before[0]), shop.0.taken_back(MID, Some(&retref))), (-1000, 1700));
    let taken_back = |id| Listing { id, taken_back: true, ..Listing::default() };
    shop.0.list_again(taken_back(id)).unwrap();
    let [first, _, later] = deposits();
    assert_eq!((first["chargebacks"].as_array().unwrap().len(), total(&first)), (1, 0));
    assert_eq!(first["adjustments"].as_array().unwrap().len(), 1, "its debit is gone with it");
    assert_eq!(first["chargebacks"][0]["sequencenumber"], "2");
    assert_eq!(later.get("chargebacks"), None);
    assert_eq!((shop.0.taken_back(MID, Some(&retref)), shop.0.taken_back(MID, None)), (700, 700));
    shop.0.list_again(taken_back(won)).unwrap();
    assert_eq!(deposits()[1].get("adjustments"), None);
    assert_eq!(shop.0.taken_back(MID, Some(&retref)), 1000);
    for id in [id, won] {
        shop.0.list_again(Listing { id, ..Listing::default() }).unwrap();
    }
    assert_eq!((deposits(), shop.0.taken_back(MID, Some(&retref))), (before, 1700), "brought back");
}

#[test]
fn a_line_that_is_moved_is_in_one_deposit_with_its_money() {
    let (shop, retref) = Shop::with_deposit(ReportSettings::default());
    let id = shop.0.charge_back(chargeback(Some(&retref), 1000, 1)).unwrap();
    let won = shop.0.reverse_chargeback(MID, "771886445001", 300).unwrap();
    let (first, later, last) = (MONDAY, date(2030, 3, 13), date(2030, 3, 14));
    shop.at("2030-03-14T18:00:00Z");
    let moved =
        |id, on, minor_units| Listing { id, on: Some(on), minor_units, moved: true, ..Listing::default() };
    shop.0.list_again(moved(id, later, None)).unwrap();
    let deposit = shop.deposit(first);
    assert_eq!((deposit.get("chargebacks"), deposit.get("adjustments"), total(&deposit)), (None, None, 1000));
    let deposit = shop.deposit(later);
    let members =
        json!({ "amount": "10.00", "fundingchargebackid": id.to_string(), "datechanged": "2030-03-13" });
    assert_members(&deposit["chargebacks"][0], members);
    assert_eq!((deposit["adjustments"].as_array().unwrap().len(), total(&deposit)), (1, -1000));
    shop.0.list_again(moved(won, later, Some(250))).unwrap();
    assert_eq!(shop.deposit(date(2030, 3, 12)).get("adjustments"), None);
    assert_eq!(total(&shop.deposit(later)), -750);
    assert_eq!(shop.0.taken_back(MID, Some(&retref)), 750);
    // Moved once more, and read without a date in the deposit that has it.
    shop.0.list_again(moved(won, last, None)).unwrap();
    assert_eq!((total(&shop.deposit(later)), total(&shop.deposit(last))), (-1000, 250));
    let days: Vec<Value> = (0..3)
        .map(|_| serde_json::from_str::<Value>(&shop.funding_body("")).unwrap()["fundingdate"].clone())
        .collect();
    assert_eq!(json!(days), json!(["2030-03-11", "2030-03-13", "2030-03-14"]));
    let nowhere = Listing { id, moved: true, ..Listing::default() };
    assert!(shop.0.list_again(nowhere).unwrap_err().starts_with("on:"));
}

#[test]
fn a_report_that_is_refused_with_429_comes_with_the_second_request() {
    let (shop, _) = Shop::with_deposit(ReportSettings::default());
    let read = |endpoint: Endpoint| match endpoint {
        Endpoint::Funding => shop.funding_body("&date=20300311"),
        _ => shop.batches_body("&date=0308"),
    };
    for endpoint in [Endpoint::Settlestat, Endpoint::Funding] {
        let whole = read(endpoint);
        shop.0.fault(Fault::once(endpoint, FaultKind::Status { status: 429 }));
        assert_eq!(serde_json::from_str::<Value>(&read(endpoint)).unwrap()["status"], 429);
        assert_eq!(read(endpoint), whole);
    }
}

/// Members and forms are those of a response that was recorded in 2014.
#[test]
fn the_vendors_first_clients_read_a_deposit_by_the_service_before_funding() {
    let (shop, retref) = Shop::with_deposit(ReportSettings { deposit_fee: 25, ..ReportSettings::default() });
    let read = |query: &str| shop.send("GET", &format!("/deposit{query}"), &json!({}));
    // Java sends a date with its year, PHP one without.
    let by_year = format!("?merchid={MID}&date=20300311");
    let deposit: Value = serde_json::from_str(&read(&by_year)).unwrap();
    let members = json!({
        "depositid": 20_300_311_873_888_i64, "merchid": MID, "respproc": "FNOR", "accttype": "V", "action": "",
        "actdate": "20300311", "postdate": "20300312", "currency": "USD", "amount": "9.75", "feeamnt": "0.25",
        "cbakamnt": "0.00", "resptext": "",
    });
    let mut rest = deposit.clone();
    let lines = rest.as_object_mut().unwrap().remove("txns").unwrap();
    assert_eq!(rest, members);
    let line = &lines.as_array().unwrap()[0];
    assert_members(line, json!({ "retref": retref, "action": "DEB", "depamnt": "10.00", "feeamnt": "0.00" }));
    assert!(line["merchbatch"].is_u64(), "{line}");
    assert_eq!(line["hostbatch"].as_str().unwrap().len(), 4);
    let by_day: Value = serde_json::from_str(&read(&format!("?merchid={MID}&date=0311"))).unwrap();
    assert_eq!(by_day, deposit);
    let nothing = json!({ "errormsg": "No deposits match your request" });
    let query = format!("?merchid={MID}&date=0310");
    assert_eq!(serde_json::from_str::<Value>(&read(&query)).unwrap(), nothing);
    shop.set(ReportSettings {
        deposit_fee: 25,
        deposit_form: DepositForm::Array,
        ..ReportSettings::default()
    });
    assert_eq!(serde_json::from_str::<Value>(&read(&by_year)).unwrap(), json!([deposit]));
}
