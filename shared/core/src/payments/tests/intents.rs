//! Decided and put on record before anything is sent, and sent once.

use super::*;

#[tokio::test]
async fn the_intent_is_on_record_before_the_gateway_is_called() {
    struct Looks(Arc<MemoryStore>);
    #[async_trait]
    impl Gateway for Looks {
        fn info(&self) -> &'static dyn GatewayInfo {
            &TestGateway
        }

        async fn execute(&self, _: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
            let orders = self.0.table.all();
            let on_record = orders.values().flat_map(Order::operations).any(|(_, operation)| {
                operation.is(Stage::Pending)
                    && operation.attempt.gateway_order_id == instruction.gateway_order_id
            });
            assert!(on_record);
            declined()
        }
        async fn inquire(&self, _: &Merchant, _: Inquiry<'_>, _: Duration) -> Finding {
            Finding::Failed
        }
    }
    let mut fixture = Fixture::new().await;
    fixture.payments.gateway = Arc::new(Looks(fixture.store.clone()));
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), TransactionStatus::Failed);
}

#[tokio::test]
async fn an_intent_whose_write_fails_is_recognized_as_ours_or_written_again_and_sent_once() {
    for fault in [Fault::AnswerLost, Fault::FoundByRepeat, Fault::NotDone] {
        let fixture = Fixture::new().await;
        fixture.next_writes(&[fault]);
        let performed = fixture.purchase(None).await.unwrap();
        assert_eq!(status(&performed), TransactionStatus::Done);
        assert_eq!((fixture.sent(), fixture.stored().await.transactions.len()), (1, 1));
    }
}

#[tokio::test]
async fn nothing_is_sent_when_the_intent_cannot_be_put_on_record() {
    let fixture = Fixture::new().await;
    fixture.next_writes(&[Fault::NotDone; DECISIONS_MAX]);
    let Err(Refusal::Store(error)) = fixture.purchase(None).await else {
        panic!("nobody else changes the order")
    };
    assert!(error.to_string().contains("cut"), "the store's own reason: {error}");
    assert_eq!(fixture.sent(), 0);
}

#[tokio::test]
async fn the_writer_that_comes_second_decides_again() {
    let fixture = Fixture::new().await;
    fixture.meanwhile(|order| order.total = Some(Amount::new(5000).unwrap()));
    let performed = fixture.purchase(None).await.unwrap();
    let paid = performed.order.transaction(performed.at.transaction).unwrap().amount();
    assert_eq!(paid, Amount::new(5000).unwrap(), "decided on what the other wrote");
    assert_eq!(fixture.sent(), 1);
}

#[tokio::test]
async fn another_attempt_goes_out_under_an_order_id_of_its_own() {
    let fixture = Fixture::new().await;
    fixture.gateway_says(not_done(NoEffect::Unreachable));
    fixture.purchase(None).await.unwrap();
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), TransactionStatus::Done);
    let sent = fixture.gateway.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 2);
    assert_ne!(sent[0], sent[1]);
}

#[tokio::test]
async fn of_two_retries_in_the_same_instant_one_sends() {
    struct Frozen;
    impl Clock for Frozen {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }
        fn new_id(&self) -> uuid::Uuid {
            uuid::Uuid::new_v4()
        }
    }
    let mut fixture = Fixture::new().await;
    fixture.payments.clock = Arc::new(Frozen);
    fixture.gateway_says(not_done(NoEffect::Unreachable));
    fixture.purchase(Some("k")).await.unwrap();
    // Another process takes up the same operation at the same time, and its write comes first.
    fixture.meanwhile(|order| {
        let operation = &mut order.transactions[0].operations[0];
        let amount = operation.amount;
        operation.attempt_again(uuid::Uuid::new_v4(), amount, None, jiff::Timestamp::UNIX_EPOCH);
    });
    let second = fixture.purchase(Some("k")).await;
    assert!(matches!(second, Err(Refusal::Rejected(Rejection::KeyInProgress(_)))));
    assert_eq!(fixture.sent(), 1, "the other one sends it");
}

#[tokio::test]
async fn nothing_is_sent_with_too_little_time_left_and_a_retry_pays() {
    let fixture = Fixture::new().await;
    let late = fixture.perform(&intent(None), KEPT_FOR_OUTCOME + SEND_MIN.mul_f32(0.5)).await.unwrap();
    assert_eq!((status(&late), fixture.sent()), (TransactionStatus::Failed, 0));
    assert_eq!(status(&fixture.purchase(None).await.unwrap()), TransactionStatus::Done);
}

#[tokio::test]
async fn a_payment_of_an_order_that_may_be_new_reads_nothing_first_and_meets_the_one_that_is_there() {
    let mut fixture = Fixture::new().await;
    let pay = pay(PaymentKind::Purchase, Amount::new(2600).ok());
    let currency = Some(Currency::USD);
    let too_much = Intent { action: Action::Pay(pay), currency, ..intent(None) };
    for (orders, reads) in [(OrdersMode::Registered, 1), (OrdersMode::External, 0)] {
        fixture.merchant.policy.orders = orders;
        fixture.store.table.forget_reads();
        let refused = fixture.perform(&too_much, Duration::from_secs(29)).await;
        assert!(matches!(refused, Err(Refusal::Rejected(Rejection::ExceedsOwing(_)))), "its total holds");
        assert_eq!(fixture.store.table.reads().orders, reads, "{orders:?}");
    }
    fixture.key.order = "another".parse().unwrap();
    assert_eq!(
        status(&fixture.perform(&too_much, Duration::from_secs(29)).await.unwrap()),
        TransactionStatus::Done
    );
}

#[tokio::test]
async fn an_order_that_is_not_registered_is_not_paid() {
    let mut fixture = Fixture::new().await;
    fixture.key.order = "unknown".parse().unwrap();
    assert!(matches!(fixture.purchase(None).await, Err(Refusal::Rejected(Rejection::OrderNotFound))));
    let capture = Action::Capture { target: Target::OnlyEligible, amount: None, custom_reference: None };
    let refused = fixture.perform(&Intent { action: capture, ..intent(None) }, Duration::from_secs(29)).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::OrderNotFound))));
}

#[tokio::test]
async fn a_request_that_was_carried_out_is_found_by_its_key_and_not_carried_out_by_that() {
    let fixture = Fixture::new().await;
    let deadline = || Deadline::after(Duration::from_secs(29));
    let repeat = async |key: Option<&str>| {
        fixture.payments.repeat(&fixture.merchant, &fixture.key, &intent(key), deadline()).await
    };
    assert!(repeat(Some("k")).await.unwrap().is_none());
    fixture.gateway_says(not_done(NoEffect::Unreachable));
    fixture.purchase(Some("k")).await.unwrap();
    assert!(repeat(Some("k")).await.unwrap().is_none(), "it did nothing");
    let done = fixture.purchase(Some("k")).await.unwrap();
    let sent = fixture.sent();
    let repeated = repeat(Some("k")).await.unwrap().unwrap();
    assert_eq!((repeated.at, repeated.replayed), (done.at, true));
    for other in [None, Some("other")] {
        assert!(repeat(other).await.unwrap().is_none());
    }
    assert_eq!(fixture.sent(), sent);
}

#[tokio::test]
async fn merchants_that_are_all_there_need_no_other_service() {
    assert!(Everyone.was_read(&"m".parse().unwrap()));
}

#[tokio::test]
async fn an_order_that_is_being_changed_is_not_decided_again_when_no_time_is_left() {
    let fixture = Fixture::new().await;
    fixture.meanwhile(|order| order.total = Some(Amount::new(5000).unwrap()));
    let refused = fixture.perform(&intent(None), KEPT_FOR_OUTCOME + SEND_MIN.mul_f32(0.5)).await;
    assert!(matches!(refused, Err(Refusal::Contended)));
    assert!(fixture.stored().await.transactions.is_empty());
}

#[tokio::test]
async fn what_was_right_when_it_was_done_is_replayed_though_a_new_one_would_be_refused() {
    let mut fixture = Fixture::new().await;
    fixture.merchant.policy.orders = OrdersMode::External;
    fixture.key.order = "external".parse().unwrap();
    let paid = paying(Some("k"), |pay| pay.amount = Amount::new(100).ok());
    let paid = Intent { currency: Some(Currency::USD), ..paid };
    let done = fixture.perform(&paid, Duration::from_secs(29)).await.unwrap();
    fixture.merchant.gateway.accounts.clear();
    let again = fixture.perform(&paid, Duration::from_secs(29)).await.unwrap();
    assert_eq!((again.at, again.replayed, fixture.sent()), (done.at, true, 1));
}

#[tokio::test]
async fn a_refund_that_is_only_recorded_is_not_sent() {
    let fixture = Fixture::new().await;
    let paid = fixture.purchase(None).await.unwrap();
    let target = Target::Transaction(paid.at.transaction);
    let mechanism = Some(crate::order::Mechanism::Manual);
    let refund = follow_up(Kind::Refund, Action::Refund { target, amount: None, mechanism });
    let recorded = fixture.perform(&refund, Duration::from_secs(29)).await.unwrap();
    assert!(!recorded.replayed);
    assert_eq!((fixture.sent(), recorded.order.transactions[0].refunded().minor()), (1, 2599));
}

/// Refuses our writes, while another process's are done.
struct OthersOnly(Arc<MemoryStore>);

#[async_trait]
impl OrderStore for OthersOnly {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        self.0.load(key).await
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.0.create(order).await
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.0.table.all().get_mut(&order.key().to_string()).unwrap().version += 1;
        Err(StoreError::Unavailable("cut".to_owned()))
    }

    async fn due(&self, query: crate::payments::DueQuery) -> Result<crate::payments::Page, StoreError> {
        self.0.due(query).await
    }
}

#[tokio::test]
async fn an_order_that_others_change_all_the_time_is_contended_whatever_the_store_says() {
    let mut fixture = Fixture::new().await;
    fixture.payments.store = Arc::new(OthersOnly(fixture.store.clone()));
    assert!(matches!(fixture.purchase(None).await, Err(Refusal::Contended)));
    assert_eq!(fixture.sent(), 0);
}

#[tokio::test]
async fn registering_an_order_tells_whether_it_is_new_and_its_payments_refuse_another_currency_first() {
    let mut fixture = Fixture::new().await;
    fixture.key.order = "another".parse().unwrap();
    let register = async |currency: &str, minor, terms: Option<&CaptureAt>| {
        let (currency, total) = (Currency::parse(currency).unwrap(), Amount::new(minor).unwrap());
        fixture.payments.register(&fixture.merchant, &fixture.key, currency, total, terms).await
    };
    let refused = register("EUR", 2599, None).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::CurrencyNotSupported { .. }))));
    let [unread, never] = [Some(&CaptureAt::Unrecognized), Some(&CaptureAt::Never)];
    for (is_new, stated, terms) in [(true, unread, unread), (false, never, never), (false, None, never)] {
        let (order, was_new) = register("USD", 2599, stated).await.unwrap();
        assert_eq!((was_new, order.capture.as_ref()), (is_new, terms));
    }
    fixture.purchase(None).await.unwrap();
    let refused = register("EUR", 2599, None).await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::CurrencyFixed(_)))), "{refused:?}");
}
