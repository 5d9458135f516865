//! Refund, capture and void by the console: however a form is made and however often it is sent,
//! money moves once.

use std::collections::BTreeMap;

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use futures_util::stream::{self, StreamExt};
use local::merchants;
use regex::Regex;
use reqwest::Method;
use tollgate_core::payments::Role;
use uuid::Uuid;

use crate::{
    console::{Page, Visitor},
    disputed::charged_back,
    people_acts::{named, new_person, usd},
    shop::{Shop, VISA},
    sign_in::{self, change, operator},
};

const MINUTE_S: i64 = 60;

/// How many refunds are sent under faults, unless the environment says it, and how many at once.
const REFUNDS: usize = 16;
const AT_ONCE: usize = 8;

const REFUNDED: &str = "Ann Archer refunded $5.00: Damaged.";
const CHANGED: &str = "has changed since you looked, and nothing was sent";

/// A payment, and where it is.
struct Paid {
    order: String,
    id: String,
}

/// The address of a form, and the fields that a browser sends.
#[derive(Clone)]
struct Form {
    path: String,
    fields: BTreeMap<&'static str, String>,
}

impl Form {
    /// The form that a page shows, filled in.
    async fn shown(visitor: &mut Visitor, paid: &Paid, act: &str) -> Self {
        let path = visitor.path(&format!("payments/{}/{}/{act}", paid.order, paid.id));
        let page = visitor.get(&path).await;
        let hidden = ["key", "version"].map(|name| (name, field(&page, name)));
        Self { path, fields: hidden.into() }.with("amount", "5.00").with("reason", "Damaged")
    }

    /// The same, made by hand, whether or not a page shows one.
    async fn by_hand(shop: &Shop, visitor: &Visitor, paid: &Paid, act: &str) -> Self {
        let path = visitor.path(&format!("payments/{}/{}/{act}", paid.order, paid.id));
        let version = shop.transaction(&paid.order, &paid.id).await["meta"]["version"].to_string();
        let fields = [("key", "A".repeat(43)), ("version", version), ("reason", "Damaged".to_owned())];
        Self { path, fields: fields.into() }.with("amount", "5.00")
    }

    /// With another value of a field.
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.insert(name, value.to_owned());
        self
    }

    /// The same, sent to another address.
    fn to(&self, from: &str, to: &str) -> Self {
        Self { path: self.path.replacen(from, to, 1), ..self.clone() }
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Goes on to the page that shows it once more (`check`), or presses the button that moves
    /// money (`send`).
    async fn post(&self, visitor: &mut Visitor, step: &str) -> Page {
        let page = visitor.post(&self.path, &[self.pairs(), vec![("step", step)]].concat()).await;
        if step == "check" && page.status == 303 { visitor.get(page.location()).await } else { page }
    }

    /// Presses it, and returns the page with the outcome.
    async fn carry_out(&self, visitor: &mut Visitor) -> Page {
        let page = self.post(visitor, "send").await;
        if page.status == 303 { visitor.get(page.location()).await } else { page }
    }
}

/// The value of a field of a page's form.
fn field(page: &Page, name: &str) -> String {
    let found = Regex::new(&format!(r#"name="{name}"[^>]* value="([^"]*)""#)).unwrap();
    found.captures(&page.html).unwrap_or_else(|| panic!("no {name}: {}", page.html))[1].to_owned()
}

fn assert_says(page: &Page, status: u16, text: &str) {
    assert!(page.status == status && page.html.contains(text), "{text}: {} {}", page.status, page.html);
}

/// A shop whose merchant knows Rob, who reads, Max, who pays, Ann, who gives back 50.00 of an
/// order, and Eve, who does all.
async fn open() -> (Shop, Visitor) {
    let shop = sign_in::open().await;
    let max = new_person(&shop, "Max Moore", "max", Role::Pay);
    change(&shop, |people| {
        people.add(&operator(), max, Uuid::new_v4(), shop.after(0)).unwrap();
        named(people, "Ann Archer").grant.refund_max = usd(5_000);
    })
    .await;
    let ann = signed_in(&shop, "ann").await;
    (shop, ann)
}

async fn signed_in(shop: &Shop, person: &str) -> Visitor {
    let mut visitor = Visitor::new(&shop.stack, merchants::REGISTERED);
    assert_eq!(visitor.sign_in(person).await.status, 200);
    visitor
}

async fn pay(shop: &Shop, order: &str, method: &str) -> Paid {
    shop.register(order, 6_000).await;
    Paid { order: order.to_owned(), id: shop.pay_by_token(order, method).await.id() }
}

/// A payment of 60.00 that can be refunded in part.
async fn settled(shop: &Shop, order: &str) -> Paid {
    let paid = pay(shop, order, "purchase").await;
    shop.stack.simulator().settle();
    paid
}

/// The state of a payment and the amount of its refunds, which the gateway has to agree with.
async fn outcome(shop: &Shop, paid: &Paid) -> String {
    let payment = shop.transaction(&paid.order, &paid.id).await;
    let refunded = payment["refunded_amount"].as_i64().unwrap_or_default();
    let record = shop.stack.simulator().record(payment["reference"].as_str().unwrap_or_default());
    assert_eq!(record.map_or(0, |record| record.refunded_minor_units), refunded);
    format!("{} {refunded}", payment["meta"]["state"].as_str().unwrap())
}

/// Ann signs in again from a page that leads to the issuer. Returns the page that she comes back
/// to.
async fn come_back(ann: &mut Visitor, sent: &Page) -> Page {
    let back = ann.choose(&sent.button(), "ann").await;
    let to = ann.get(&back).await.location().to_owned();
    ann.get(&to).await
}

#[tokio::test]
async fn a_form_made_by_hand_does_what_the_api_lets_the_person_do() {
    let (shop, _) = open().await;
    let cases = [
        ("refund", "purchase", "paid 0", "partly_refunded 500", "ann eve"),
        ("capture", "authorize", "held 0", "partly_paid 0", "ann eve"),
        ("void", "authorize", "held 0", "voided 0", "ann eve"),
        ("confirm", "purchase", "not_known_yet 0", "paid 0", "max ann eve"),
    ];
    for person in ["rob", "max", "ann", "eve"] {
        let mut visitor = signed_in(&shop, person).await;
        for (act, method, before, after, people) in cases {
            let case = format!("{person}-{act}");
            if act == "confirm" {
                shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
                shop.no_inquiry();
            }
            let paid = pay(&shop, &case, method).await;
            shop.stack.simulator().clear_faults();
            shop.stack.simulator().settle();
            shop.stack.advance_clock(31);
            assert_eq!(outcome(&shop, &paid).await, before, "{case}");
            let form = Form::by_hand(&shop, &visitor, &paid, act).await;
            let page = form.post(&mut visitor, "send").await;
            let (codes, expected) =
                if people.contains(person) { ([303; 2], after) } else { ([403, 422], before) };
            assert!(codes.contains(&page.status), "{case}: {}", page.html);
            assert_eq!(outcome(&shop, &paid).await, expected, "{case}");
        }
    }
    shop.close().await;
}

#[tokio::test]
async fn a_forged_form_moves_nothing() {
    let (shop, mut ann) = open().await;
    let mut eve = signed_in(&shop, "eve").await;
    let (paid, other) = (settled(&shop, "o").await, settled(&shop, "other").await);
    let form = Form::shown(&mut ann, &paid, "refund").await;
    let (anns, eves) = (ann.csrf.clone(), eve.csrf.clone());
    let origin = ("origin", shop.stack.console_url());
    for (headers, csrf) in [
        (&[origin][..], ""),
        (&[origin], &*eves),
        (&[], &anns),
        (&[("origin", "https://evil.example")], &anns),
        (&[origin, ("sec-fetch-site", "cross-site")], &anns),
    ] {
        let fields = [form.pairs(), vec![("step", "send"), ("csrf", csrf)]].concat();
        let page = ann.send(Method::POST, &form.path, headers, &fields).await;
        assert_eq!(page.status, 403, "{headers:?} {csrf}");
    }
    let anns = form.clone().with("csrf", &anns);
    assert_eq!(anns.post(&mut eve, "send").await.status, 403, "Ann's form in Eve's session");
    let elsewhere = form.to(merchants::REGISTERED, merchants::EXTERNAL).post(&mut ann, "send").await;
    assert!(elsewhere.button().starts_with(shop.stack.issuer().unwrap()), "she has to sign in there");
    assert_eq!(form.to("/o/", "/other/").post(&mut ann, "send").await.status, 404);
    assert_eq!([outcome(&shop, &paid).await, outcome(&shop, &other).await], ["paid 0"; 2]);
    assert_eq!(form.post(&mut ann, "send").await.status, 303, "nothing else was wrong with it");
    shop.close().await;
}

#[tokio::test]
async fn a_form_that_is_sent_again_is_carried_out_once() {
    let (shop, mut ann) = open().await;
    let [a, b, c] = [settled(&shop, "a").await, settled(&shop, "b").await, settled(&shop, "c").await];
    // In a row, by Back, after more than a minute, and after a session that ended.
    let form = Form::shown(&mut ann, &a, "refund").await;
    assert_says(&form.post(&mut ann, "check").await, 200, "Refund $5.00");
    for wait_s in [0, 0, MINUTE_S + 1] {
        shop.stack.advance_clock(wait_s);
        assert_says(&form.carry_out(&mut ann).await, 200, REFUNDED);
    }
    assert_says(&form.post(&mut ann, "check").await, 422, CHANGED);
    shop.stack.advance_clock(16 * MINUTE_S);
    let sent = form.post(&mut ann, "send").await;
    assert_says(&come_back(&mut ann, &sent).await, 200, CHANGED);
    assert_eq!(form.post(&mut ann, "send").await.status, 303);
    // A double click, or the same form in two tabs.
    assert!(is_done(&ann, &Form::shown(&mut ann.clone(), &b, "refund").await).await);
    // Two forms of one payment.
    let first = Form::shown(&mut ann, &c, "refund").await;
    let second = Form::shown(&mut ann, &c, "refund").await;
    assert_eq!(first.post(&mut ann, "send").await.status, 303);
    assert_says(&second.post(&mut ann, "send").await, 422, CHANGED);
    for paid in [&a, &b, &c] {
        assert_eq!(outcome(&shop, paid).await, "partly_refunded 500");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_refund_in_doubt_is_not_sent_again_and_is_found_later() {
    let unknown = "We do not know yet whether $5.00 was refunded";
    let (shop, mut ann) = open().await;
    let paid = settled(&shop, "o").await;
    let form = Form::shown(&mut ann, &paid, "refund").await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Refund, FaultKind::DropAfter));
    shop.no_inquiry();
    assert_says(&form.carry_out(&mut ann).await, 200, unknown);
    assert_says(&form.post(&mut ann, "send").await, 422, "still being carried out");
    shop.stack.advance_clock(31);
    assert_says(&form.carry_out(&mut ann).await, 200, unknown);
    let another = Form::by_hand(&shop, &ann, &paid, "refund").await;
    assert_says(&another.post(&mut ann, "send").await, 422, "Not carried out yet");
    shop.stack.simulator().clear_faults();
    assert_says(&form.to("/refund", "/confirm").carry_out(&mut ann).await, 200, REFUNDED);
    assert_says(&form.carry_out(&mut ann).await, 200, REFUNDED);
    assert_eq!(outcome(&shop, &paid).await, "partly_refunded 500");
    shop.close().await;
}

/// The link that Ann's page has for others, once she wants to refund 60.00.
async fn proposed(shop: &Shop, ann: &mut Visitor, paid: &Paid) -> String {
    let form = Form::shown(ann, paid, "refund").await.with("amount", "60.00");
    let page = form.post(ann, "send").await;
    assert_says(&page, 422, "more than you may give back of one order");
    let link =
        Regex::new(r#"id="link"[^>]* value="([^"]+)""#).unwrap().captures(&page.html).unwrap()[1].to_owned();
    link.strip_prefix(shop.stack.console_url()).unwrap().to_owned()
}

/// Presses the button of such a link's page, and returns the page with the outcome.
async fn accept(visitor: &mut Visitor, link: &str) -> Page {
    let (path, proposal) = link.split_once("?proposal=").unwrap();
    let form = Form { path: path.to_owned(), fields: BTreeMap::new() };
    form.with("proposal", proposal).with("version", "3").carry_out(visitor).await
}

#[tokio::test]
async fn a_refund_beyond_a_limit_is_carried_out_once_and_by_another_person_who_may() {
    let nothing = "Nothing was done";
    let (shop, mut ann) = open().await;
    let mut eve = signed_in(&shop, "eve").await;
    let [paid, late] = [settled(&shop, "o").await, settled(&shop, "late").await];
    let [link, of_late] = [proposed(&shop, &mut ann, &paid).await, proposed(&shop, &mut ann, &late).await];
    let (path, signed) = (link.split_once('?').unwrap().0, of_late.split_once('?').unwrap().1);
    let elsewhere = [format!("{path}?{signed}"), link.replacen("/o/", "/late/", 1), link.replace("=e", "=f")];
    for altered in elsewhere {
        assert!([400, 404].contains(&accept(&mut eve, &altered).await.status), "{altered}");
    }
    assert_says(&accept(&mut eve, &format!("{}AAAA", &link[..link.len() - 4])).await, 422, nothing);
    assert_says(&accept(&mut ann, &link).await, 422, nothing);
    assert_says(&accept(&mut signed_in(&shop, "rob").await, &link).await, 422, nothing);
    assert_eq!(outcome(&shop, &paid).await, "paid 0");
    assert_says(&eve.get(&link).await, 200, "<dt>Proposed by</dt><dd>Ann Archer</dd>");
    let (mut one, mut other) = (eve.clone(), eve.clone());
    tokio::join!(accept(&mut one, &link), accept(&mut other, &link));
    assert_says(&accept(&mut eve, &link).await, 200, "Signed in as Eve Evans · proposed by Ann Archer");
    assert_eq!(outcome(&shop, &paid).await, "refunded 6000");
    change(&shop, |people| people.entries.retain(|entry| entry.name.to_string() != "Ann Archer")).await;
    shop.stack.cold_start().unwrap();
    assert_says(&accept(&mut eve, &of_late).await, 422, nothing);
    assert_eq!(outcome(&shop, &late).await, "paid 0");
    shop.close().await;
}

#[tokio::test]
async fn a_form_whose_session_ends_comes_back_as_it_was_typed_and_is_not_sent() {
    let (mut shop, mut ann) = open().await;
    let (paid, days) = (settled(&shop, "o").await, ann.path("days"));
    // Left for 16 minutes; or used in between, so that only the token has ended.
    for waits_s in [&[16 * MINUTE_S][..], &[10 * MINUTE_S, 6 * MINUTE_S]] {
        for step in ["check", "send"] {
            let form = Form::shown(&mut ann, &paid, "refund").await.with("amount", "3.21");
            let form = form.with("reason", "Torn & wet");
            for wait_s in waits_s {
                assert_eq!(ann.get(&days).await.status, 200);
                shop.later(*wait_s).await;
            }
            let sent = form.post(&mut ann, step).await;
            let page = come_back(&mut ann, &sent).await;
            assert_says(&page, 200, "What you typed is here, and was not sent");
            let shown = ["amount", "reason", "key", "version"].map(|name| field(&page, name));
            assert_eq!(shown, ["3.21", "Torn &#38; wet", &form.fields["key"], &form.fields["version"]]);
            assert_eq!(outcome(&shop, &paid).await, "paid 0");
        }
    }
    shop.close().await;
}

#[tokio::test]
async fn bad_input_is_said_beside_its_field_and_moves_nothing() {
    let (shop, mut ann) = open().await;
    let paid = settled(&shop, "o").await;
    let good = Form::shown(&mut ann, &paid, "refund").await;
    let (long, huge) = ("x".repeat(251), "999999999999999999999");
    let amounts = ["-5", "0", "5.005", "1e3", huge, "", "60.01", "٥", "0,05", ",500", "$", "5 USD"];
    let amounts = amounts.map(|amount| ("amount", amount));
    for (name, value) in amounts.into_iter().chain([VISA, "", &long].map(|reason| ("reason", reason))) {
        let form = good.clone().with(name, value);
        let page = form.post(&mut ann, "check").await;
        let beside = format!(r#"<input id="{name}"[^>]*aria-invalid[^>]*>\s*<span id="wrong""#);
        assert!(Regex::new(&beside).unwrap().is_match(&page.html), "{value}: {}", page.html);
        let sent = form.post(&mut ann, "send").await;
        assert_eq!([page.status, sent.status], [422, 422], "{value}: {}", sent.html);
    }
    for (name, value) in [("key", ""), ("key", "short"), ("version", ""), ("version", "x")] {
        let page = good.clone().with(name, value).post(&mut ann, "send").await;
        assert_eq!(page.status, 403, "{name} {value}: {}", page.html);
    }
    assert_eq!(outcome(&shop, &paid).await, "paid 0");
    assert_eq!(good.post(&mut ann, "send").await.status, 303, "nothing else was wrong with it");
    shop.close().await;
}

#[tokio::test]
async fn what_the_gateway_or_a_dispute_forbids_is_said_with_what_to_do_instead() {
    let (shop, _) = open().await;
    let mut eve = signed_in(&shop, "eve").await;
    let (settled, disputed) = (settled(&shop, "settled").await, settled(&shop, "disputed").await);
    shop.stack.deliver_stream().await.unwrap();
    charged_back(&shop, &shop.transaction("disputed", &disputed.id).await["reference"]).await;
    let unsettled = pay(&shop, "unsettled", "purchase").await;
    for (paid, act, instead, after) in [
        (&unsettled, "refund", "/void\">Void all of it</a>", "paid 0"),
        (&settled, "void", "/refund\">Refund it</a>", "paid 0"),
        (&disputed, "refund", "Please tick the box", "disputed 0"),
    ] {
        let form = Form::by_hand(&shop, &eve, paid, act).await;
        assert_says(&form.post(&mut eve, "send").await, 422, instead);
        assert_eq!(outcome(&shop, paid).await, after, "{act}");
    }
    let form = Form::shown(&mut eve, &disputed, "refund").await.with("amount", "60.00");
    assert_says(&form.post(&mut eve, "check").await, 422, "Please tick the box");
    let form = form.with("disputed", "yes");
    assert_says(&form.post(&mut eve, "check").await, 200, "it would be lost twice");
    assert_says(&form.carry_out(&mut eve).await, 200, "Eve Evans refunded $60.00: Damaged.");
    shop.close().await;
}

/// A double click, and the button once more by Back. Whether the page then says that it is done.
async fn is_done(ann: &Visitor, form: &Form) -> bool {
    let (mut one, mut other) = (ann.clone(), ann.clone());
    tokio::join!(form.post(&mut one, "send"), form.post(&mut other, "send"));
    form.carry_out(&mut one).await.html.contains(REFUNDED)
}

#[tokio::test]
async fn of_many_refunds_with_lost_responses_and_double_clicks_each_is_done_once() {
    let count = std::env::var("CONSOLE_REFUNDS").map_or(REFUNDS, |count| count.parse().unwrap());
    let (mut shop, mut ann) = open().await;
    // Of four refunds one is not done and two lose their responses; of three inquiries two fail.
    let none = FaultKind::Delay { delay_ms: 0 };
    let refunds = [FaultKind::DropBefore, FaultKind::DropAfter, none, FaultKind::Cut];
    let inquiries = [FaultKind::Status { status: 503 }, none, FaultKind::DropBefore];
    let (mut all, mut open, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..count {
        let paid = pay(&shop, &format!("o-{n}"), "purchase").await;
        open.push(Form::shown(&mut ann, &paid, "refund").await);
        all.push(paid);
        shop.stack.simulator().fault(Fault::once(Endpoint::Refund, refunds[n % 4]));
        shop.stack.simulator().fault(Fault::once(Endpoint::InquireByOrderid, inquiries[n % 3]));
    }
    shop.stack.simulator().settle();
    // A refund that never arrived is released by two inquiries, an hour after it was sent and a
    // minute later.
    for wait_s in [31, 60 * MINUTE_S, MINUTE_S, 60 * MINUTE_S, MINUTE_S, 0] {
        let ann = signed_in(&shop, "ann").await;
        let sent = stream::iter(open).map(|form| async { (is_done(&ann, &form).await, form) });
        let sent: Vec<_> = sent.buffer_unordered(AT_ONCE).collect().await;
        open = sent.into_iter().filter(|(done, _)| !done).map(|(_, form)| form).collect();
        left.push(open.len());
        shop.later(wait_s).await;
    }
    assert!(left[0] >= count / 4 && open.is_empty(), "{left:?} of {count} were not done");
    for paid in &all {
        assert_eq!(outcome(&shop, paid).await, "partly_refunded 500", "{}", paid.order);
    }
    assert_eq!(shop.ledger("refund").len(), count);
    shop.close().await;
}
