//! A gateway that responds as the test says, approves otherwise, and notes the calls.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tollgate::lambda::GATEWAY;
use tollgate_core::{
    order::{Finding, GatewayResponse, Outcome, Route, Transaction},
    payments::{
        BillingAddress, Card, Command, Gateway, GatewayInfo, Initiator, Inquiry, Instruction, KnownPayment,
        Labels, Merchant, NoQuote, PaymentSource, RecordLookUp, SurchargeQuery, SurchargeQuote, Surcharges,
    },
    stored_cards::{ProfileOutcome, Profiles, Renewal},
    values::{Amount, CardAccount, CardToken, Charged, SecurityCode, StoredCard},
};

use super::{State, World};

/// The token of the card that ends in 1111.
const TOKEN: &str = "9418594164541111";

impl State {
    /// The content of an approval.
    fn approval(&mut self, amount: Amount, saved: bool) -> GatewayResponse {
        self.references += 1;
        let text = |text: &str| Some(text.to_owned());
        let stored =
            StoredCard { profile: format!("{:020}", 5_000 + self.references), account: "1".to_owned() };
        GatewayResponse {
            status: text("A"),
            processor: text("FNOR"),
            code: text("00"),
            text: text("Approval"),
            reference: Some(format!("{:012}", self.references)),
            authcode: text("PPS123"),
            avs: text("Y"),
            cvv: text("M"),
            token: CardToken::parse(TOKEN),
            stored: saved.then_some(stored),
            charged: Some(Charged::from(amount)),
            ..GatewayResponse::default()
        }
    }
}

fn words(address: &BillingAddress) -> Value {
    let BillingAddress { line_1, line_2, city, region, postcode, country } = address;
    json!([line_1, line_2, city, region, postcode, country])
}

/// The method of a payment, number and code as they are sent: all of them are published test
/// numbers.
fn source(source: &PaymentSource) -> Value {
    match source {
        PaymentSource::Profile { account, profile, initiator } => {
            let initiator = match initiator {
                Initiator::Customer => "customer".to_owned(),
                Initiator::Merchant { scheduled } => format!("merchant, scheduled: {scheduled}"),
            };
            json!({"account": account, "profile": profile, "initiator": initiator})
        }
        PaymentSource::Card(card) => {
            let Card { account, expiry, security_code, name, billing, save, series } = &**card;
            let mut told = json!({
                "account": exposed(account),
                "expiry": format!("{:02}/{}", expiry.month(), expiry.year()),
                "code": security_code.as_ref().map(SecurityCode::expose),
                "name": name,
                "billing": billing.as_ref().map(words),
                "save": save,
            });
            if *series {
                told["series"] = json!(true);
            }
            told
        }
    }
}

/// The same on both sides of a token: which of them it is, is said.
fn exposed(account: &CardAccount) -> String {
    let kind = if account.is_token() { "token" } else { "number" };
    format!("{kind} {}", account.expose())
}

impl World {
    /// Adds the data that is kept with the payment of this attempt and is not sent.
    fn add_kept(&self, gateway_order_id: &str, call: &mut Value) {
        let is_its = |found: &&Transaction| found.gateway_order_ids().contains(&gateway_order_id);
        let all = self.orders.all();
        let mut transactions = all.values().flat_map(|order| &order.transactions);
        let Some(transaction) = transactions.find(is_its) else { return };
        let memo = transaction.memo.as_ref().map(|memo| format!("{memo:?}"));
        let until = transaction.personal_until.map(|until| until.to_string());
        let name = transaction.references.name.clone();
        for (member, kept) in [("name", name), ("memo", memo), ("personal_until", until)] {
            if let Some(kept) = kept {
                call[member] = kept.into();
            }
        }
    }
}

#[async_trait]
impl Gateway for World {
    fn info(&self) -> &'static dyn GatewayInfo {
        GATEWAY
    }

    async fn execute(&self, merchant: &Merchant, instruction: Instruction<'_>, _: Duration) -> Outcome {
        let mut state = self.state();
        let Instruction { route, currency, amount, gateway_order_id, order, labels, command, .. } =
            instruction;
        let is_saved = |source: &PaymentSource| matches!(source, PaymentSource::Card(card) if card.save);
        let (kind, with, is_to_be_saved) = match &command {
            Command::Authorize(with) => ("authorize", source(with), is_saved(with)),
            Command::Purchase(with) => ("purchase", source(with), is_saved(with)),
            Command::Capture(known) => ("capture", known.reference.into(), false),
            Command::Refund(known) => ("refund", known.reference.into(), false),
            Command::Void(known) => ("void", known.reference.into(), false),
        };
        let mut call = json!({
            "call": format!("{kind} {} {currency} of {order} at {} for {}", amount.minor(), route.account, merchant.id),
            "as": gateway_order_id,
            "with": with,
        });
        let Labels { reference, description, metadata, email } = labels;
        let metadata = metadata.map(|metadata| metadata.line(usize::MAX));
        let labels = [("reference", reference), ("description", description), ("email", email)];
        for (name, label) in labels.into_iter().chain([("metadata", metadata.as_deref())]) {
            if let Some(label) = label {
                call[name] = label.into();
            }
        }
        self.add_kept(gateway_order_id, &mut call);
        state.sent.push(call);
        let mut approval = state.approval(amount, is_to_be_saved);
        // A call that only acts on a payment has the payment's reference.
        if let Command::Capture(KnownPayment { reference, .. })
        | Command::Void(KnownPayment { reference, .. }) = &command
        {
            approval.reference = Some((*reference).to_owned());
        }
        match state.answers.pop_front() {
            Some(answer) => answer(approval),
            None => Outcome::Approved(approval),
        }
    }

    async fn inquire(&self, _: &Merchant, inquiry: Inquiry<'_>, _: Duration) -> Finding {
        let mut state = self.state();
        let kind = inquiry.about.kind().as_str();
        state.sent.push(format!("inquiry about {kind} {}", inquiry.ids().join(", ")).into());
        let approval = state.approval(inquiry.amount, false);
        match state.found.pop_front() {
            Some(found) => found(approval),
            None => Finding::Failed,
        }
    }

    async fn look_up(&self, _: &Merchant, route: &Route, reference: &str, _: Duration) -> RecordLookUp {
        let mut state = self.state();
        state.sent.push(format!("look-up of {reference} at {}", route.account).into());
        state.records.pop_front().unwrap_or(RecordLookUp::Nothing)
    }
}

#[async_trait]
impl Profiles for World {
    async fn delete(&self, _: &Merchant, route: &Route, stored: &StoredCard, _: Duration) -> ProfileOutcome {
        let mut state = self.state();
        let StoredCard { profile, account } = stored;
        state.sent.push(format!("delete {account} of {profile} at {}", route.account).into());
        state.profiles.pop_front().unwrap_or(ProfileOutcome::Done)
    }

    async fn set_expiry(
        &self,
        _: &Merchant,
        route: &Route,
        stored: &StoredCard,
        Renewal { token, expiry }: Renewal<'_>,
        _: Duration,
    ) -> ProfileOutcome {
        let mut state = self.state();
        let StoredCard { profile, account } = stored;
        let expiry = format!("{:02}/{}", expiry.month(), expiry.year());
        let call = format!("set {account} of {profile} at {} to {expiry}, token {token:?}", route.account);
        state.sent.push(call.into());
        state.profiles.pop_front().unwrap_or(ProfileOutcome::Done)
    }
}

#[async_trait]
impl Surcharges for World {
    async fn quote(
        &self,
        merchant: &Merchant,
        query: SurchargeQuery<'_>,
        _: Duration,
    ) -> Result<SurchargeQuote, NoQuote> {
        let mut state = self.state();
        let SurchargeQuery { route, currency, amount, token, postcode } = query;
        let (minor, account, card) = (amount.minor(), &route.account, &token.value);
        let call = format!(
            "preview of {minor} {currency} at {account} for {}, token {card}, {postcode}",
            merchant.id
        );
        state.sent.push(call.into());
        state.quotes.pop_front().unwrap_or(Err(NoQuote::Unavailable))
    }
}
