//! Authorization, sale, verification of 0.00.

use jiff::Timestamp;

use crate::{
    accounts::Account,
    advice::{self, Advice},
    amount, bank_account, batch_calls, bin_data,
    call::Call,
    cards::{self, Brand, Card, Script},
    codes::{Processor, Verdict, pps, pstr},
    config::Merchant,
    currency,
    expiry::Expiry,
    fields::Fields,
    ledger::stored_order_id,
    profile::{self, ProfileUse},
    reply::Reply,
    signature,
    state::{RecordKind, RecordState},
    surcharge::{self, Charged, Shown, Surcharge},
    transaction::{EntryMode, Transaction},
    verification,
    world::World,
};

/// The longest values; longer ones are refused. Names and addresses are not limited, as seen at the
/// test system.
const LENGTHS: [(&str, usize); 18] = [
    ("merchid", 16),
    ("account", 19),
    ("expiry", 8),
    ("orderid", 50),
    ("currency", 3),
    ("capture", 1),
    ("tokenize", 1),
    ("cvv2", 4),
    ("ecomind", 1),
    ("cof", 1),
    ("cofscheduled", 1),
    ("cofpermission", 1),
    ("profile", 24),
    ("acctid", 3),
    ("accttype", 6),
    ("authcode", 6),
    ("receipt", 4),
    ("signature", signature::MAX_SIGNATURE),
];

const MAX_POSTAL: usize = 9;
const MAX_USERFIELDS_BYTES: usize = 4000;
/// The longest account that a refusal repeats.
const MAX_ECHO: usize = 27;
/// With so many digits, an account that cannot be read may be a card number all the same.
const MIN_CARD_DIGITS: usize = 12;

/// The partial-approval card: from this amount on it has only that much.
const PARTIAL_FROM: i64 = 600;
const PARTIAL_APPROVED: i64 = 500;

/// The authorization to make, after every check that needs no processor.
struct Sale {
    card: Card,
    /// The requested amount; a surcharge is added to it.
    amount: i64,
    surcharge: Option<Surcharge>,
    expiry: Option<Expiry>,
    cvv: Option<String>,
    /// The issuer's code, given by telephone: no processor is asked.
    voice_authcode: Option<String>,
    postal: String,
    address: String,
    capture: bool,
    /// Whether it is a later payment of a series, by its flags alone.
    recurring: Recurring,
    from_profile: Option<(String, String)>,
    store_profile: bool,
}

impl Sale {
    /// A payment from a checking account, which is captured at once.
    fn from_bank(card: Card, amount: i64) -> Self {
        Self {
            card,
            amount,
            surcharge: None,
            expiry: None,
            cvv: None,
            voice_authcode: None,
            postal: String::new(),
            address: String::new(),
            capture: true,
            recurring: Recurring::No,
            from_profile: None,
            store_profile: false,
        }
    }

    /// An amount with the fee that goes with it.
    fn charged(&self, subtotal: i64) -> Charged {
        let fee = self.surcharge.map_or(0, |surcharge| surcharge.beside(subtotal));
        Charged { total: subtotal + fee, fee }
    }
}

/// Whether a payment is a later one of a series, and says so by `ecomind` R.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Recurring {
    No,
    Unmarked,
    Marked,
}

/// The processor's decision about an authorization.
struct Decision {
    verdict: Verdict,
    /// Minor units without a fee; 0 when nothing was approved.
    approved: i64,
    advice: Advice,
}

/// Runs an authorization and records it, also when it is refused.
pub(crate) fn authorize(world: &mut World, merchant: &Merchant, fields: &Fields, call: Call) -> Reply {
    let retref = world.next_retref(call.now);
    let mut transaction = Transaction::new(RecordKind::Payment, retref, pps::INVALID_FIELD, call.now);
    transaction.merchid.clone_from(&merchant.merchid);
    transaction.currency.clone_from(&merchant.currency);
    transaction.linked_merchid = merchant.settings.linked_merchid.text().map(ToOwned::to_owned);
    describe(&mut transaction, fields, merchant.processor);

    let reply = match read(world, merchant, fields, &mut transaction) {
        Err(refusal) => {
            transaction.verdict = refusal;
            with_echo(declined(&transaction, merchant, None), &transaction, merchant, fields)
        }
        Ok(sale) => match refused_by_fault(&sale, call) {
            Some(verdict) => {
                transaction.verdict = verdict;
                transaction.surcharge = sale.surcharge;
                if verdict == pps::TIMED_OUT {
                    transaction.charge(sale.charged(sale.amount));
                }
                not_done(&transaction, merchant, fields.flag("tokenize").then_some(&sale.card))
            }
            None => decided(world, merchant, fields, &sale, &mut transaction),
        },
    };
    let disguise = call.disguise().filter(|_| transaction.status != RecordState::Declined);
    let hidden = disguise.map(|verdict| transaction.hidden_behind(verdict, || world.next_retref(call.now)));
    world.ledger.record(transaction, call);
    match hidden {
        Some(shown) => {
            let reply = not_done(&shown, merchant, None);
            world.ledger.record_copy(shown, call);
            reply
        }
        None => reply,
    }
}

/// The timeout cards, and faults that carry nothing out.
fn refused_by_fault(sale: &Sale, call: Call) -> Option<Verdict> {
    call.refusal(false).or_else(|| (sale.card.script == Script::Timeout).then_some(pps::TIMED_OUT))
}

/// The response to a payment that a fault, or a timeout card, has kept from being done.
fn not_done(transaction: &Transaction, merchant: &Merchant, shown: Option<&Card>) -> Reply {
    let reply = declined(transaction, merchant, shown);
    if transaction.verdict != pps::TIMED_OUT {
        return reply;
    }
    let reply = reply.with("setlstat", "Declined").with("currency", transaction.currency.as_str());
    if merchant.settings.timed_out_amounts_in_responses { reply } else { reply.with("amount", "0.00") }
}

/// Repeats the account and the expiry of a card that cannot be read, but no card number.
fn with_echo(reply: Reply, transaction: &Transaction, merchant: &Merchant, fields: &Fields) -> Reply {
    let is_echoed = merchant.settings.invalid_card_echoed
        && transaction.verdict == pps::INVALID_CARD
        && transaction.token.is_empty();
    if !is_echoed {
        return reply;
    }
    let account: String = fields.text_or_empty("account").chars().take(MAX_ECHO).collect();
    let digits: String = account.chars().filter(char::is_ascii_digit).collect();
    let shown = if digits.len() < MIN_CARD_DIGITS { account } else { cards::mask(&digits) };
    reply.with("account", shown).with_some("expiry", fields.text("expiry"))
}

/// The parts of a request that are kept with any outcome.
fn describe(transaction: &mut Transaction, fields: &Fields, processor: Processor) {
    transaction.order_id =
        stored_order_id(&fields.text_or_empty("orderid").chars().take(50).collect::<String>());
    transaction.name = cards::mask_card_numbers(&fields.text_or_empty("name"));
    transaction.shows_receipt = fields.flag("receipt");
    transaction.userfields = fields.get("userfields").map(cards::mask_in_json);
    transaction.signature = fields.text("signature").filter(|text| text.len() <= signature::MAX_SIGNATURE);
    transaction.entrymode = match fields.text_or_empty("ecomind").to_ascii_uppercase().as_str() {
        "E" => EntryMode::ECommerce,
        "T" => EntryMode::Moto,
        // Rapid Connect takes a payment as recurring only by its `cof` members, too.
        "R" if processor == Processor::Rpct && fields.text("cof").is_none() => EntryMode::Moto,
        "R" => EntryMode::Recurring,
        _ => EntryMode::Keyed,
    };
}

/// The gateway's own checks, in the order in which the simulator reports them (no source tells the
/// real one).
fn read(
    world: &mut World,
    merchant: &Merchant,
    fields: &Fields,
    transaction: &mut Transaction,
) -> Result<Sale, Verdict> {
    if bank_account::pays(fields) {
        let card = bank_account::card(world, merchant, fields, transaction)?;
        fields.check_lengths(&LENGTHS)?;
        check_texts(fields)?;
        check_currency(fields, merchant)?;
        let amount = fields.amount()?.filter(|amount| *amount > 0).ok_or(pps::INVALID_AMOUNT)?;
        return Ok(Sale::from_bank(card, amount));
    }
    let profile_use = profile::requested(fields);
    let stored = match &profile_use {
        ProfileUse::Stored { profileid, acctid } => Some(
            world
                .profiles
                .find(&merchant.merchid, profileid, acctid.as_deref())
                .cloned()
                .ok_or(pps::PROFILE_NOT_FOUND)?,
        ),
        ProfileUse::None | ProfileUse::Create => None,
    };
    let card = match &stored {
        Some(account) => account.card.clone(),
        None => world.vault.resolve(&fields.text_or_empty("account"))?,
    };
    transaction.set_card(&card);
    if card.brand == Brand::Check {
        // A token of a checking account, without the `accttype` of one.
        return Err(pps::NO_ECHECK);
    }
    // The data that CardSecure holds with a token is good for one payment, with any outcome.
    let held = world.vault.take_held(&fields.text_or_empty("account"), transaction.authorized_at);
    let (held_expiry, held_cvv) = held.map_or((None, None), |held| (held.expiry, held.cvv));

    fields.check_lengths(&LENGTHS)?;
    check_texts(fields)?;
    check_currency(fields, merchant)?;
    let expiry = read_expiry(fields.text("expiry").or(held_expiry), stored.as_ref())?;
    transaction.expiry = expiry.map(Expiry::mmyy);
    let cvv = fields.text("cvv2").or(held_cvv);
    if cvv.as_ref().is_some_and(|cvv| !cvv.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(pps::NON_NUMERIC_CVV);
    }
    let amount = fields.amount()?.ok_or(pps::INVALID_AMOUNT)?;
    if amount < 0 {
        return Err(pps::UNREFERENCED_REFUND);
    }
    let needs_cvv = amount == 0 && merchant.settings.cvv && !merchant.settings.avs && stored.is_none();
    if needs_cvv && cvv.is_none() {
        return Err(pps::CVV_REQUIRED);
    }
    let detail = |name: &str| {
        let kept = stored.as_ref().and_then(|account| account.detail(name)).map(ToOwned::to_owned);
        fields.text(name).or(kept).unwrap_or_default()
    };
    let postal = detail("postal");
    Ok(Sale {
        surcharge: Surcharge::of(merchant.settings, &card, &postal, amount)?,
        postal,
        address: detail("address"),
        from_profile: stored.as_ref().map(Account::ids),
        card,
        amount,
        expiry,
        cvv,
        voice_authcode: fields.text("authcode"),
        capture: fields.flag("capture"),
        recurring: match fields.text_or_empty("ecomind").as_str() {
            _ if !is_series(fields, "M") => Recurring::No,
            "R" | "r" => Recurring::Marked,
            _ => Recurring::Unmarked,
        },
        store_profile: profile_use == ProfileUse::Create,
    })
}

/// Refuses texts that are longer than the interface allows.
fn check_texts(fields: &Fields) -> Result<(), Verdict> {
    if fields.text_or_empty("postal").chars().count() > MAX_POSTAL {
        return Err(pps::INVALID_ZIP);
    }
    let userfields_bytes = fields.get("userfields").map_or(0, |value| value.to_string().len());
    if userfields_bytes > MAX_USERFIELDS_BYTES {
        return Err(pps::INVALID_FIELD);
    }
    Ok(())
}

fn check_currency(fields: &Fields, merchant: &Merchant) -> Result<(), Verdict> {
    match fields.text("currency") {
        Some(code) if !currency::is_known(&code) => Err(pps::INVALID_CURRENCY),
        Some(code) if code != merchant.currency => Err(pps::WRONG_CURRENCY),
        None | Some(_) => Ok(()),
    }
}

fn read_expiry(given: Option<String>, stored: Option<&Account>) -> Result<Option<Expiry>, Verdict> {
    match (given, stored) {
        (Some(text), _) => Expiry::parse(&text).map(Some).ok_or(pps::NON_NUMERIC_EXPIRY),
        (None, Some(account)) => Ok(account.expiry),
        (None, None) => Err(pps::NON_NUMERIC_EXPIRY),
    }
}

/// Whether a payment is part of a scheduled series, on the cardholder's ("C") or the merchant's
/// ("M") initiative.
fn is_series(fields: &Fields, initiator: &str) -> bool {
    fields.text_or_empty("cof").eq_ignore_ascii_case(initiator) && fields.flag("cofscheduled")
}

/// The processor's response to a sale.
fn decide(merchant: &Merchant, sale: &Sale, gets_advice: bool, now: Timestamp) -> Decision {
    let processor = merchant.processor;
    let refuse = |verdict| Decision { verdict, approved: 0, advice: Advice::new() };
    if sale.card.brand == Brand::Check {
        return Decision { verdict: pstr::SUCCESS, approved: sale.amount, advice: Advice::new() };
    }
    if sale.voice_authcode.is_some() {
        return Decision { verdict: pps::VOICE_APPROVAL, approved: sale.amount, advice: Advice::new() };
    }
    if let Some(verdict) = sale.card.script.decline(processor) {
        return refuse(verdict);
    }
    if sale.recurring == Recurring::Unmarked && merchant.settings.recurring_needs_ecomind {
        return refuse(processor.recurring_refused());
    }
    if sale.expiry.is_some_and(|expiry| expiry.is_past(now)) {
        return refuse(processor.expired());
    }
    if let Some((verdict, advice)) = advice::decline(sale.card.script, sale.amount, gets_advice, processor) {
        return Decision { verdict, approved: 0, advice };
    }
    let approve = |verdict, approved| Decision { verdict, approved, advice: Advice::new() };
    if sale.card.script == Script::Partial && sale.amount >= PARTIAL_FROM {
        if sale.surcharge.is_some() {
            // Partial approvals are off for surcharging merchant accounts.
            return refuse(processor.insufficient_funds());
        }
        return approve(processor.partial_approval(), PARTIAL_APPROVED);
    }
    match processor.for_amount(sale.amount) {
        Some(verdict) if !verdict.is_approved() => refuse(verdict),
        Some(verdict) => approve(verdict, sale.amount),
        None => approve(processor.approval(), sale.amount),
    }
}

/// Whether a payment is a later one of a series that was started with the card before.
fn continues_series(world: &World, merchant: &Merchant, sale: &Sale) -> bool {
    sale.recurring != Recurring::No
        && world.ledger.all().iter().any(|earlier| {
            earlier.starts_recurring
                && earlier.token == sale.card.token
                && earlier.merchid == merchant.merchid
        })
}

fn decided(
    world: &mut World,
    merchant: &Merchant,
    fields: &Fields,
    sale: &Sale,
    transaction: &mut Transaction,
) -> Reply {
    let gets_advice = !merchant.settings.advice_needs_series || continues_series(world, merchant, sale);
    let shown = fields.flag("tokenize").then_some(&sale.card);
    if let Some((verdict, members)) = world.declines.take(merchant.processor) {
        transaction.verdict = verdict;
        transaction.advice = members;
        return declined(transaction, merchant, shown);
    }
    let is_duplicate =
        world.ledger.has_duplicate(transaction, sale.charged(sale.amount).total, merchant.settings);
    let mut decision = if is_duplicate {
        Decision { verdict: merchant.processor.duplicate_payment(), approved: 0, advice: Advice::new() }
    } else {
        decide(merchant, sale, gets_advice, transaction.authorized_at)
    };
    transaction.verdict = decision.verdict;
    if !decision.verdict.is_approved() {
        advice::add_visa_category(
            &mut decision.advice,
            transaction.brand,
            decision.verdict,
            merchant.processor,
        );
        transaction.advice = decision.advice;
        return declined(transaction, merchant, shown);
    }

    transaction.surcharge = sale.surcharge;
    transaction.charge_at_most(sale.charged(decision.approved));
    transaction.starts_recurring = is_series(fields, "C");
    transaction.authcode = Some(match (&sale.voice_authcode, sale.card.brand, sale.card.script) {
        (Some(authcode), ..) => authcode.clone(),
        (None, Brand::Check, _) => world.next_bank_authcode(),
        (None, _, Script::Approve(authcode)) => authcode.to_owned(),
        (None, ..) => world.next_authcode(),
    });
    transaction.status = match (sale.amount, sale.capture) {
        (0, _) => RecordState::ZeroAmount,
        (_, true) => RecordState::Queued,
        (_, false) => RecordState::Authorized,
    };
    if transaction.status == RecordState::Queued {
        transaction.captured_at = Some(transaction.authorized_at);
        transaction.batchid = Some(batch_calls::batch_for(world, merchant, fields));
    }
    transaction.profile = if sale.store_profile {
        let account = profile::from_fields(merchant, fields, &sale.card, sale.expiry);
        Some(profile::save_new(world, account).ids())
    } else {
        sale.from_profile.clone()
    };
    approved(transaction, merchant, fields, sale, shown)
}

fn approved(
    transaction: &Transaction,
    merchant: &Merchant,
    fields: &Fields,
    sale: &Sale,
    shown: Option<&Card>,
) -> Reply {
    let settings = merchant.settings;
    let from_profile = sale.from_profile.is_some() || sale.store_profile;
    let is_check = sale.card.brand == Brand::Check;
    let verified = |is_on: bool, letter: &'static str| match (is_check, is_on) {
        (true, _) => bank_account::NOT_VERIFIED,
        (false, true) => letter,
        (false, false) => " ",
    };
    let avs = verified(settings.avs, verification::avs(&sale.postal, &sale.address, sale.amount));
    let cvv = verified(settings.cvv, verification::cvv(sale.cvv.as_deref(), from_profile));
    let userfields = transaction.userfields.clone().filter(|_| settings.userfields_in_responses);
    let signature = transaction.signature.as_deref().filter(|_| settings.signature_in_responses);
    let cof = fields.text("cof").map(|cof| cof.to_ascii_uppercase()).filter(|cof| cof == "C" || cof == "M");
    let authcode = transaction.authcode.as_deref();
    let fee = transaction.charged().fee;
    let reply = common(transaction, shown)
        .with_some("authcode", authcode)
        .with("avsresp", avs)
        .with("cvvresp", cvv)
        .with("entrymode", transaction.entrymode.name())
        .with("bintype", "")
        .with_some("batchid", transaction.batchid.as_deref())
        .with_some("profileid", transaction.profile.as_ref().map(|(profileid, _)| profileid.as_str()))
        .with_some("acctid", transaction.profile.as_ref().map(|(_, acctid)| acctid.as_str()))
        .with_some("cof", cof)
        .with_some("userfields", userfields)
        .with_some("signature", signature)
        .with_some("binInfo", if fields.flag("bin") { bin_data::info(&sale.card) } else { None });
    surcharge::attach(reply, transaction.surcharge, fee, authcode, settings, Shown::Authorization)
}

fn declined(transaction: &Transaction, merchant: &Merchant, shown: Option<&Card>) -> Reply {
    let is_check = transaction.brand == Some(Brand::Check);
    let route = if is_check { pstr::NAME } else { merchant.processor.name() };
    let reply = common(transaction, shown).with("cardproc", route);
    advice::attach(reply, &transaction.advice, merchant.settings.scheme_members)
}

fn common(transaction: &Transaction, shown: Option<&Card>) -> Reply {
    let account = shown.map_or(transaction.token.as_str(), |card| card.masked.as_str());
    Reply::of(transaction.verdict)
        .with("retref", transaction.retref.as_str())
        .with("merchid", transaction.shown_merchid())
        .with("amount", amount::format(transaction.amount))
        .with("token", transaction.token.as_str())
        .with("account", account)
        .with_some("expiry", transaction.expiry.as_deref())
        .with("commcard", " C ")
}
