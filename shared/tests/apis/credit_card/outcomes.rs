//! The outcomes of a request, and who may make it.

use serde_json::json;
use tollgate_core::order::{Decline, Finding, GatewayResponse, NoEffect, Outcome};
use tollgate_core::values::{Amount, Charged, DeclineCode};

use super::{follow, of, paid, pay, status, with};
use crate::fixture::{declined, said, unknown};
use crate::merchants::key;
use crate::table::Table;

#[tokio::test(start_paused = true)]
async fn each_outcome_has_a_code_of_its_own() {
    let mut t = Table::new("cc_outcomes");
    for code in DeclineCode::ALL {
        t.afresh();
        let code = *code;
        t.world.answer(move |approval| {
            Outcome::Declined(said(approval, "C", "51", "Declined"), Decline::of(code))
        });
        t.ask(code.as_str(), &pay("charge")).await;
    }
    t.ask("a declined one's state", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.ask("its repetition", &pay("charge")).await;
    // No gateway says that a person has ended a refund.
    for reason in NoEffect::ALL.iter().filter(|reason| **reason != NoEffect::EndedByPerson) {
        t.afresh();
        let reason = *reason;
        t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
        t.ask(reason.as_str(), &pay("charge")).await;
        t.ask("its state", &status(json!({"TransactionReference": "ref-1"}))).await;
        t.afresh();
        let id = paid(&mut t, "authorize").await;
        t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
        t.ask("of a capture", &follow("capture", &id)).await;
    }
    t.afresh();
    t.world.answer(unknown);
    let id = t.ask("nothing came back", &pay("authorize")).await["Response"]["TransactionID"]
        .as_str()
        .unwrap()
        .to_owned();
    t.ask("its repetition", &pay("authorize")).await;
    t.ask("its state", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.ask("nothing else is done to it", &follow("capture", &id)).await;
    t.world.wait(300);
    t.world.state().stopped = Some(true);
    t.ask(
        "it is not looked for while payments are stopped",
        &status(json!({"TransactionReference": "ref-1"})),
    )
    .await;
    t.world.state().stopped = Some(false);
    t.ask(
        "a key that only reads has nothing looked for",
        &with(status(json!({"TransactionReference": "ref-1"})), "Authentication.Key", json!(key("read"))),
    )
    .await;
    t.world.find(|approval| Finding::Became(Box::new(Outcome::Approved(approval))));
    t.ask("an inquiry finds it", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.world.answer(unknown);
    t.ask("a capture of which nothing came back", &follow("capture", &id)).await;
    t.ask("its state is not known", &status(json!({"TransactionID": id}))).await;
    t.ask("a void has to wait", &follow("void", &id)).await;
    t.afresh();
    t.world.answer(|approval| {
        Outcome::PartiallyApproved(GatewayResponse {
            charged: Some(Charged::from(Amount::new(500).unwrap())),
            ..approval
        })
    });
    t.ask("a part is approved", &pay("charge")).await;
    t.afresh();
    t.world.answer(|approval| {
        Outcome::PartiallyApproved(GatewayResponse {
            charged: Some(Charged::from(Amount::new(500).unwrap())),
            ..approval
        })
    });
    t.ask("and given back", &of("shop", pay("charge"))).await;
    for (avs, cvv) in [("N", "M"), ("B", "X"), ("?", "?"), ("", "")] {
        for merchant in ["external", "strict"] {
            t.afresh();
            let letter = |letter: &str| Some(letter.to_owned()).filter(|letter| !letter.is_empty());
            let (avs, cvv) = (letter(avs), letter(cvv));
            t.world.answer(move |approval| Outcome::Approved(GatewayResponse { avs, cvv, ..approval }));
            t.ask("letters", &of(merchant, pay("charge"))).await;
        }
    }
    t.afresh();
    t.ask("a card is stored", &with(pay("charge"), "Request.SaveToFile", json!(true))).await;
    t.ask("and told with its state", &status(json!({"TransactionReference": "ref-1"}))).await;
    t.ask("a repetition does not take that back", &pay("charge")).await;
    t.afresh();
    t.ask("a card is not stored", &pay("charge")).await;
    let later = with(pay("charge"), "Request.SaveToFile", json!(true));
    t.ask("nor by a repetition, which says so", &later).await;
    t.ask(
        "a discount",
        &with(
            with(pay("charge"), "Request.Discount", json!({"DiscountCode": "SPRING"})),
            "Request.TransactionReference",
            json!("ref-2"),
        ),
    )
    .await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_key_does_what_its_role_allows_and_nothing_while_payments_are_stopped() {
    let mut t = Table::new("cc_who");
    for role in ["read", "pay", "operate", "all", "plain"] {
        for route in ["authorize", "charge", "capture", "refund", "void", "status"] {
            t.afresh();
            let id = paid(&mut t, if route == "refund" { "charge" } else { "authorize" }).await;
            t.world.answer(declined);
            let ask = match route {
                "authorize" | "charge" => with(pay(route), "Request.TransactionReference", json!("ref-2")),
                "refund" => with(follow(route, &id), "Request.TransactionType", json!("2")),
                "status" => status(json!({"TransactionID": id})),
                _ => follow(route, &id),
            };
            t.ask(role, &with(ask, "Authentication.Key", json!(key(role)))).await;
        }
        let capture = with(follow("charge", "x"), "Request.TransactionType", json!("1"));
        t.ask("a charge that captures", &with(capture, "Authentication.Key", json!(key(role)))).await;
    }
    for route in ["authorize", "charge", "capture", "refund", "void", "status"] {
        t.afresh();
        t.ask("another merchant's key", &with(pay(route), "Authentication.Key", json!(key("wrong")))).await;
        t.ask("no such merchant", &with(pay(route), "Authentication.Id", json!("999"))).await;
    }
    t.afresh();
    for stopped in [Some(true), None] {
        t.world.state().stopped = stopped;
        t.ask("payments are stopped, or may be", &pay("charge")).await;
        t.ask("which status does not care for", &status(json!({"TransactionReference": "ref-1"}))).await;
    }
    t.world.state().stopped = Some(false);
    for port in ["load", "save"] {
        t.world.faults.take_down(port);
        t.ask("the store cannot be read, or written", &pay("charge")).await;
        t.ask("and for status", &status(json!({"TransactionReference": "ref-1"}))).await;
        t.world.faults.bring_up();
    }
    t.world.faults.contend(true);
    t.ask("others change the payment", &pay("charge")).await;
    t.world.faults.contend(false);
    t.ask(
        "no time is left",
        &with(pay("charge"), "Request.TransactionReference", json!("ref-3")).left_ms(100),
    )
    .await;
    t.ask(
        "a merchant of yen: the gateway cannot carry it",
        &with(of("yen", pay("charge")), "Request.CurrencyCode", json!("JPY")),
    )
    .await;
    for n in 0..11 {
        t.ask(
            "wrong keys",
            &with(
                pay("charge").from("203.0.113.9"),
                "Authentication.Key",
                json!(format!("wrong-key-of-{n}")),
            ),
        )
        .await;
    }
    t.end();
}
