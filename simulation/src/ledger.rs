//! The gateway's own books: what was really done to cards, whoever knows of it.

use std::collections::BTreeMap;

/// Where a payment stands at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    Authorized,
    /// Captured, to be sent to settlement with the next batch.
    Queued,
    /// Sent, and not settled yet.
    Batched,
    Settled,
    Voided,
    Declined,
    /// A refund.
    Refunded,
}

/// One line of the books.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) retref: String,
    /// The gateway order id that it was sent with.
    pub(crate) gateway_order_id: String,
    /// The payment that a refund belongs to.
    pub(crate) of: Option<String>,
    pub(crate) merchid: String,
    /// The merchant's order, with the merchant.
    pub(crate) order: String,
    /// Minor units: what was approved, then what was captured of it.
    pub(crate) amount: u64,
    pub(crate) stands: Stands,
    /// The card behind it.
    pub(crate) card: Card,
    /// The amount of each capture that was approved.
    pub(crate) captures: Vec<u64>,
}

/// What the issuer of a card says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Card {
    Approves,
    ApprovesHalf,
    Declines,
    /// Sometimes this, sometimes that.
    Moody,
}

impl Card {
    /// Every card: the account of a stored one, and the number of one that is typed.
    const ALL: [(&str, &str, Self); 4] = [
        ("1", "4788250000121443", Self::Approves),
        ("2", "4111111111111111", Self::ApprovesHalf),
        ("3", "4242424242424242", Self::Declines),
        ("4", "4012888888881881", Self::Moody),
    ];

    pub(crate) fn of_account(account: &str) -> Self {
        let found = Self::ALL.into_iter().find(|(known, ..)| *known == account);
        found.map_or(Self::Approves, |(.., card)| card)
    }

    pub(crate) fn of_number(number: &str) -> Self {
        let found = Self::ALL.into_iter().find(|(_, known, _)| *known == number);
        found.map_or(Self::Approves, |(.., card)| card)
    }

    pub(crate) fn account(self) -> &'static str {
        Self::ALL.into_iter().find(|(.., card)| *card == self).map_or("", |(account, ..)| account)
    }

    pub(crate) fn number(self) -> &'static str {
        Self::ALL.into_iter().find(|(.., card)| *card == self).map_or("", |(_, number, _)| number)
    }
}

/// What a request did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    /// Money moved, was held, or was let go: this much, under this reference.
    Approved {
        retref: String,
        amount: u64,
    },
    Declined {
        retref: String,
    },
    /// A refund before settlement.
    NotSettled,
    /// A void after the batch.
    AlreadySettled,
    /// The gateway's state of the payment does not allow it.
    StateDiffers,
}

/// What is asked of the gateway.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Authorize(Card),
    Purchase(Card),
    Capture(String),
    Refund(String),
    Void(String),
}

/// A request as it travels.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) wanted: Wanted,
    pub(crate) gateway_order_id: String,
    pub(crate) merchid: String,
    pub(crate) order: String,
    pub(crate) amount: u64,
    /// Whether the card is to be stored.
    pub(crate) save: bool,
}

/// What an order's payments come to, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Captured and not voided, before refunds.
    pub taken: u64,
    /// Given back as refunds.
    pub refunded: u64,
    /// Held and not captured.
    pub held: u64,
}

/// The books.
#[derive(Default)]
pub(crate) struct Ledger {
    records: Vec<Record>,
    /// What every request did, by the order id that it was sent with.
    did: BTreeMap<String, Vec<Did>>,
}

impl Ledger {
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    fn find(&mut self, retref: &str, merchid: &str) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.retref == retref && record.merchid == merchid)
    }

    /// The payment's own record.
    pub(crate) fn payment(&self, retref: &str, merchid: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.retref == retref && record.merchid == merchid)
    }

    /// What the requests under an order id did.
    pub(crate) fn did(&self, gateway_order_id: &str) -> &[Did] {
        self.did.get(gateway_order_id).map_or(&[], Vec::as_slice)
    }

    /// How often something was done under an order id.
    pub(crate) fn times_done(&self, gateway_order_id: &str) -> usize {
        self.did(gateway_order_id).iter().filter(|did| matches!(did, Did::Approved { .. })).count()
    }

    /// The batch leaves; what left with the one before is settled.
    pub(crate) fn settle(&mut self) {
        for record in &mut self.records {
            record.stands = match record.stands {
                Stands::Queued => Stands::Batched,
                Stands::Batched => Stands::Settled,
                other => other,
            };
        }
    }

    /// What one order's payments come to.
    pub(crate) fn totals(&self, order: &str) -> Totals {
        let mut totals = Totals::default();
        for record in self.records.iter().filter(|record| record.order == order) {
            match record.stands {
                Stands::Authorized => totals.held += record.amount,
                Stands::Queued | Stands::Batched | Stands::Settled => totals.taken += record.amount,
                Stands::Refunded => totals.refunded += record.amount,
                Stands::Voided | Stands::Declined => {}
            }
        }
        totals
    }

    /// Carries out a request. `approved` is what the issuer lets through, none when it declines.
    pub(crate) fn execute(&mut self, sent: &Sent, approved: Option<u64>) -> Did {
        let did = match &sent.wanted {
            Wanted::Authorize(card) => self.open(sent, *card, approved, Stands::Authorized),
            Wanted::Purchase(card) => self.open(sent, *card, approved, Stands::Queued),
            Wanted::Capture(retref) => self.capture(sent, retref, approved),
            Wanted::Refund(retref) => self.refund(sent, retref, approved),
            Wanted::Void(retref) => self.void(sent, retref),
        };
        self.did.entry(sent.gateway_order_id.clone()).or_default().push(did.clone());
        did
    }

    fn add(&mut self, sent: &Sent, of: Option<&str>, card: Card, amount: u64, stands: Stands) -> String {
        let retref = format!("{:012}", self.records.len() + 1);
        self.records.push(Record {
            retref: retref.clone(),
            gateway_order_id: sent.gateway_order_id.clone(),
            of: of.map(str::to_owned),
            merchid: sent.merchid.clone(),
            order: sent.order.clone(),
            amount,
            stands,
            card,
            captures: Vec::new(),
        });
        retref
    }

    fn open(&mut self, sent: &Sent, card: Card, approved: Option<u64>, stands: Stands) -> Did {
        match approved {
            Some(amount) => {
                let retref = self.add(sent, None, card, amount, stands);
                Did::Approved { retref, amount }
            }
            None => Did::Declined { retref: self.add(sent, None, card, 0, Stands::Declined) },
        }
    }

    fn capture(&mut self, sent: &Sent, retref: &str, approved: Option<u64>) -> Did {
        let amount = sent.amount;
        match self.find(retref, &sent.merchid) {
            Some(_) if approved.is_none() => Did::Declined { retref: retref.to_owned() },
            Some(record) if record.stands == Stands::Authorized && amount <= record.amount => {
                record.stands = Stands::Queued;
                record.amount = amount;
                record.captures.push(amount);
                Did::Approved { retref: retref.to_owned(), amount }
            }
            // Approved again, with the new amount (`cardpointe.md` §6.2).
            Some(record) if record.stands == Stands::Queued => {
                record.amount = amount;
                record.captures.push(amount);
                Did::Approved { retref: retref.to_owned(), amount }
            }
            _ => Did::StateDiffers,
        }
    }

    fn refund(&mut self, sent: &Sent, retref: &str, approved: Option<u64>) -> Did {
        let refunded: u64 =
            self.records.iter().filter(|r| r.of.as_deref() == Some(retref)).map(|r| r.amount).sum();
        let Some(payment) = self.payment(retref, &sent.merchid) else { return Did::StateDiffers };
        let card = payment.card;
        match payment.stands {
            Stands::Authorized | Stands::Queued | Stands::Batched => Did::NotSettled,
            Stands::Settled if refunded + sent.amount > payment.amount => Did::StateDiffers,
            Stands::Settled if approved.is_none() => {
                Did::Declined { retref: self.add(sent, Some(retref), card, 0, Stands::Declined) }
            }
            Stands::Settled => {
                let amount = sent.amount;
                let retref = self.add(sent, Some(retref), card, amount, Stands::Refunded);
                Did::Approved { retref, amount }
            }
            Stands::Voided | Stands::Declined | Stands::Refunded => Did::StateDiffers,
        }
    }

    fn void(&mut self, sent: &Sent, retref: &str) -> Did {
        match self.find(retref, &sent.merchid) {
            Some(record) => match record.stands {
                Stands::Authorized | Stands::Queued => {
                    record.stands = Stands::Voided;
                    Did::Approved { retref: retref.to_owned(), amount: record.amount }
                }
                Stands::Batched | Stands::Settled => Did::AlreadySettled,
                Stands::Voided | Stands::Declined | Stands::Refunded => Did::StateDiffers,
            },
            None => Did::StateDiffers,
        }
    }
}
