//! Payments that others record in a shop, by its manual gateway or another one: the former need a
//! person, and none is ever part of what an order was paid.
//!
//! The stranger's rows are added in the fake, so what is expected is known before anything is read.

use elastic_path_fake::{
    CaptureReference, Endpoint, Fault, FaultKind, Method, PaidAfterRefund, Rows, Settings,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{AgendaKeys, Concern, concerns, entries},
    order::{Order, PaymentStatus},
    values::Clock as _,
};

use super::{
    TOTAL,
    recording::{
        Act::{self, Authorize, Capture, Purchase, Refund, RefundPart, Void},
        History, Mall,
    },
};

/// Histories of an order's own payments, which a shop shows in all its ways.
const OWN: &[&[Act]] = &[
    &[],
    &[Purchase(TOTAL)],
    &[Purchase(4_000)],
    &[Authorize(4_000)],
    &[Authorize(4_000), Capture],
    &[Authorize(4_000), Capture, RefundPart(1_000)],
    &[Authorize(TOTAL), Capture, Refund],
    &[Purchase(4_000), Refund],
    &[Purchase(4_000), Void],
];

impl History<'_> {
    /// Lets the shop's reads catch up, and the schedule read them.
    async fn is_looked_at(&self) {
        for _ in 0..3 {
            self.mall.passes(SignedDuration::from_secs(301));
            self.reconciles().await;
        }
    }

    fn stranger_pays(&self, amount: u64, method: Method) {
        assert!(self.mall.fake.pay_elsewhere(self.key.order.as_str(), amount, method).is_some());
    }

    fn foreign(&self) -> u32 {
        self.order().and_then(|order| order.foreign).map_or(0, |foreign| foreign.count)
    }
}

/// Whether a merchant's list of reasons for attention leads to it.
fn is_listed(order: &Order, now: jiff::Timestamp) -> bool {
    let [first, others @ ..] = order.transactions.as_slice() else {
        return AgendaKeys::of(order).attention.is_some();
    };
    assert!(others.iter().all(|one| !concerns(order, one, now).contains(&Concern::ForeignPayment)));
    concerns(order, first, now).contains(&Concern::ForeignPayment)
}

/// An order with its own payments, and what a stranger does then.
struct Case<'a> {
    history: History<'a>,
    own: &'static [Act],
    stranger: Option<Method>,
    before: Option<Order>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_by_the_manual_gateway_that_is_not_tollgates_is_found_and_counts_for_nothing() {
    // Rows of steps that have lost their reference look most like a stranger's.
    let bare =
        Settings { rows: Rows::NewRow, capture_reference: CaptureReference::Dropped, ..Settings::default() };
    let reopened = Settings { paid_after_refund: PaidAfterRefund::NetReopened, ..bare.clone() };
    let bare = [("steps without references", bare), ("the same, reopened", reopened)];
    for (name, settings) in Settings::variations().into_iter().chain(bare) {
        let mall = Mall::with(&["partial_capture"]);
        mall.fake.set(settings);
        // The changes of a shop are read from its merchant's first payment on.
        let first = mall.place(TOTAL);
        first.acts(Purchase(TOTAL)).await;
        let mut cases = Vec::new();
        for own in OWN {
            for stranger in
                [None, Some(Method::Purchase), Some(Method::ManualPurchase), Some(Method::ManualAuthorize)]
            {
                cases.push(Case { history: first.another(TOTAL), own, stranger, before: None });
            }
        }
        for step in 0..3 {
            for Case { history, own, .. } in &cases {
                if let Some(act) = own.get(step) {
                    history.acts(*act).await;
                }
            }
            first.is_looked_at().await;
        }
        for Case { history, own, stranger, before } in &mut cases {
            *before = history.order();
            assert_eq!(history.foreign(), 0, "{name} {own:?}: {before:#?}");
            if let Some(method) = *stranger {
                history.stranger_pays(TOTAL, method);
                // A busy shop answers so often in a second, and its list goes by milliseconds.
                mall.passes(SignedDuration::from_secs(1));
            }
        }
        first.is_looked_at().await;
        for case in &cases {
            case.verdict(name);
        }
    }
}

impl Case<'_> {
    fn verdict(&self, name: &str) {
        let Self { history, own, stranger, before } = self;
        let is_foreign = matches!(stranger, Some(Method::ManualPurchase | Method::ManualAuthorize));
        let after = history.order();
        let told = format!("{name} {own:?} {stranger:?}: {after:#?}");
        assert_eq!(history.foreign(), u32::from(is_foreign), "{told}");
        let Some(after) = after else { return };
        assert_eq!(is_listed(&after, history.mall.clock.now()), is_foreign, "{told}");
        assert!(!is_foreign || AgendaKeys::of(&after).attention.is_some(), "{told}");
        let sums = |order: &Order| (order.payment(), order.balance(), entries(None, order));
        match before {
            Some(before) => assert_eq!(sums(&after), sums(before), "{told}"),
            None => assert_eq!((after.payment(), entries(None, &after).len()), (PaymentStatus::Unpaid, 0)),
        }
    }
}

impl History<'_> {
    /// A request of somebody else to the shop about the order.
    async fn asks(&self, grant: &str, path: &str, data: Value) {
        let (base, order) = (self.mall.fake.base_url(), self.key.order.as_str());
        let client = reqwest::Client::new();
        let form =
            format!("grant_type={grant}&client_id=elastic-path-client&client_secret=elastic-path-secret");
        let granted = client.post(format!("{base}/oauth/access_token")).body(form).send().await.unwrap();
        let token: Value = granted.json().await.unwrap();
        let sent = client.post(format!("{base}/v2/orders/{order}/{path}")).json(&json!({"data": data}));
        let answer = sent.bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    async fn marks_as_paid(&self, amount: u64, reference: Option<&str>) {
        let meta = json!({"custom_reference": reference});
        let data =
            json!({"gateway": "manual", "method": "purchase", "amount": amount, "paymentmethod_meta": meta});
        self.asks("implicit", "payments", data).await;
    }

    fn has_concern(&self) -> bool {
        self.order().is_some_and(|order| is_listed(&order, self.mall.clock.now()))
    }

    fn sees(&self) {
        let mut order = self.order().unwrap();
        let first = order.transactions[0].id;
        assert_eq!(order.see(first, Concern::ForeignPayment, None, self.mall.clock.now()), Ok(true));
        self.store.table.put(&order, false).unwrap();
    }
}

/// A payment's response tells its id, which is its reference in the shop.
#[tokio::test]
async fn a_copied_reference_makes_no_payment_tollgates_and_what_was_seen_comes_back_with_the_next_one() {
    let mall = Mall::with(&[]);
    let history = mall.place(TOTAL);
    history.acts(Purchase(4_000)).await;
    history.is_looked_at().await;
    assert!(!history.has_concern());
    let reference = history.order().unwrap().transactions[0].id.to_string();
    for marks in 1..=3 {
        history.marks_as_paid(1_000, Some(&reference)).await;
        history.is_looked_at().await;
        assert_eq!((history.foreign(), history.has_concern()), (marks, true));
        history.sees();
        history.is_looked_at().await;
        assert!(!history.has_concern(), "seen, and nothing new");
    }
    assert_eq!(history.order().unwrap().transactions.len(), 1);
}

/// The shop's staff marks the payment as refunded, or cancels the order.
#[tokio::test]
async fn a_payment_of_others_is_over_once_it_is_refunded_or_its_order_is_canceled_and_never_before() {
    let all = [PaidAfterRefund::Gross, PaidAfterRefund::Net, PaidAfterRefund::NetReopened];
    for (is_cancelled, paid_after_refund) in all.into_iter().flat_map(|one| [(false, one), (true, one)]) {
        let mall = Mall::with(&[]);
        mall.fake.set(Settings { paid_after_refund, ..Settings::default() });
        let first = mall.place(TOTAL);
        first.acts(Purchase(TOTAL)).await;
        let history = first.another(TOTAL);
        history.marks_as_paid(TOTAL, None).await;
        history.is_looked_at().await;
        assert!(history.has_concern());
        let order = history.key.order.as_str();
        // The order changes, and its transactions cannot be read. In the other cases nothing of it
        // is paid in the end.
        if paid_after_refund == PaidAfterRefund::Gross {
            history.stranger_pays(1, Method::Purchase);
            mall.fake.fault(Fault { times: 9, ..Fault::once(Endpoint::Transactions, FaultKind::NotJson) });
            history.is_looked_at().await;
            mall.fake.forget_faults();
            assert!(history.has_concern(), "no answer is none");
        }
        if is_cancelled {
            assert!(mall.fake.cancel(order));
        } else {
            let there = mall.fake.order(order).unwrap().transactions.remove(0).id;
            history.asks("client_credentials", &format!("transactions/{there}/refund"), json!({})).await;
        }
        history.is_looked_at().await;
        assert!(!history.has_concern());
        assert_eq!(history.foreign(), 0);
    }
}
