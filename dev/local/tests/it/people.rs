//! People, their history, their actions, and used ID tokens, as a table keeps them.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use local::dynamodb_client;
use tollgate::dynamodb::people::DynamoDbPeople;
use tollgate_core::{
    order::{MerchantId, Person},
    payments::Role,
    people::{
        AuditEntry, AuditFilter, AuditKind, AuditTrail, Audited, AuditedPerson, ChangedBy, Grant, NewPerson,
        NotChanged, PEOPLE_MAX, People, PeopleChange, PeopleEditor, PeopleReader as _, PeopleRefusal,
        PeopleStore as _, Recognition, RefundMax, SignIns as _, Subject,
    },
    values::{Amount, Currency, SystemClock},
};
use uuid::Uuid;

use crate::shop::Shop;

const ISSUER: &str = "https://login.shop.example";

/// Longest texts that are taken: an issuer and a subject (OpenID Connect Core §2), and a name.
const TEXT_MAX: usize = 255;

fn store(shop: &Shop) -> DynamoDbPeople {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    DynamoDbPeople::new(client, local::PEOPLE_TABLE_NAME.to_owned(), SignedDuration::from_hours(24 * 400))
}

fn merchant(id: &str) -> MerchantId {
    id.parse().unwrap()
}

fn operator() -> ChangedBy {
    ChangedBy::Operator("arn:aws:iam::123456789012:user/root".parse().unwrap())
}

fn new(name: &str) -> NewPerson {
    let email = format!("{name}@shop.example").parse().unwrap();
    NewPerson {
        name: name.parse().unwrap(),
        recognition: Recognition::Email { issuer: ISSUER.to_owned(), email },
        grant: Grant { role: Role::Operate, refund_max: RefundMax::By(BTreeMap::new()) },
    }
}

/// The entry of a change by an operator, with an id of its own.
fn recorded(change: &PeopleChange) -> AuditEntry {
    AuditEntry {
        id: Uuid::new_v4(),
        at: change.at,
        who: AuditedPerson::Operator { name: change.by.clone() },
        what: Audited::PeopleChanged(change.clone()),
        request: "test".to_owned(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_refused_and_leaves_nothing_behind() {
    let shop = Shop::open().await;
    let (store, merchant) = (store(&shop), merchant("m"));
    let people = store.people(&merchant).await.unwrap();
    assert_eq!(people, People::default());
    let (mut one, mut other) = (people.clone(), people);
    let first = one.add(&operator(), new("ann"), Uuid::from_u128(1), at(0)).unwrap();
    let second = other.add(&operator(), new("bob"), Uuid::from_u128(2), at(0)).unwrap();
    assert!(store.save(&merchant, &one, Some(&recorded(&first))).await.unwrap());
    assert!(!store.save(&merchant, &other, Some(&recorded(&second))).await.unwrap(), "it read nobody");
    assert_eq!(store.people(&merchant).await.unwrap(), one);
    assert_eq!(store.changes(&merchant, None, 10).await.unwrap().changes, std::slice::from_ref(&first));

    // The same with people there already.
    let (mut left, mut right) = (one.clone(), one);
    let ann = Uuid::from_u128(1);
    let removed = left.remove(&operator(), ann, at(1)).unwrap();
    let grant = Grant { role: Role::All, refund_max: RefundMax::Unlimited };
    let raised = right.change(&operator(), ann, grant, at(1)).unwrap();
    assert!(store.save(&merchant, &left, Some(&recorded(&removed))).await.unwrap());
    assert!(!store.save(&merchant, &right, Some(&recorded(&raised))).await.unwrap(), "she is gone");
    assert_eq!(store.people(&merchant).await.unwrap().entries, []);
    assert_eq!(store.changes(&merchant, None, 10).await.unwrap().changes, [removed, first]);
    shop.close().await;
}

#[tokio::test]
async fn a_change_that_the_audit_trail_does_not_take_is_not_made() {
    let shop = Shop::open().await;
    let (store, merchant) = (store(&shop), merchant("m"));
    let mut people = People::default();
    let entry = recorded(&people.add(&operator(), new("ann"), Uuid::from_u128(1), at(0)).unwrap());
    // Something has its place.
    store.record(&merchant, &entry).await.unwrap();
    assert!(!store.save(&merchant, &people, Some(&entry)).await.unwrap());
    assert_eq!(store.people(&merchant).await.unwrap(), People::default());
    assert_eq!(store.changes(&merchant, None, 10).await.unwrap().changes, []);
    shop.close().await;
}

#[tokio::test]
async fn changes_at_once_are_all_made_and_history_has_each_of_them_once() {
    let shop = Shop::open().await;
    let (store, merchant) = (Arc::new(store(&shop)), merchant("m"));
    let mut tasks = tokio::task::JoinSet::new();
    for name in ["ann", "bob", "cyd"] {
        let (store, merchant) = (store.clone(), merchant.clone());
        tasks.spawn(async move {
            let editor = PeopleEditor {
                store: store.as_ref(),
                clock: &SystemClock,
                merchant: &merchant,
                by: &operator(),
                request: "test",
            };
            editor.add(&new(name)).await.unwrap();
        });
    }
    tasks.join_all().await;
    let people = store.people(&merchant).await.unwrap();
    let names: std::collections::BTreeSet<_> =
        people.entries.iter().map(|one| one.name.to_string()).collect();
    assert_eq!((names.len(), people.version), (3, 3));
    let changes = store.changes(&merchant, None, 10).await.unwrap().changes;
    assert_eq!(changes.len(), 3);
    let filter = AuditFilter { kind: Some(AuditKind::PeopleChanged), ..AuditFilter::default() };
    let audited = store.audit(&merchant, &filter, None, 10).await.unwrap().entries;
    assert_eq!(audited.len(), 3, "each is in the audit trail, too");

    // A person with role all changes others, not herself, and a removed person nobody.
    let eve = people.entries[0].id;
    let editor = |by| PeopleEditor {
        store: store.as_ref(),
        clock: &SystemClock,
        merchant: &merchant,
        by,
        request: "test",
    };
    let operator = operator();
    editor(&operator).change(eve, Some(Role::All), None).await.unwrap();
    let by_eve = ChangedBy::Person { id: eve, role: Role::All };
    let refused = editor(&by_eve).change(eve, None, Some(&RefundMax::Unlimited)).await;
    assert!(matches!(refused, Err(NotChanged::Refused(PeopleRefusal::OwnEntry))));
    editor(&by_eve).remove(people.entries[1].id).await.unwrap();
    editor(&operator).remove(eve).await.unwrap();
    let refused = editor(&by_eve).add(&new("dan")).await;
    assert!(matches!(refused, Err(NotChanged::Refused(PeopleRefusal::Role))));
    let history = store.changes(&merchant, None, 10).await.unwrap().changes;
    assert_eq!(history.len(), 6, "whoever is gone stays in the history");
    assert_eq!(history[1].by, people.entries[0].name, "by name");
    shop.close().await;
}

/// The longest texts of an ID token of a company's issuer, in every entry.
#[tokio::test]
async fn two_hundred_people_with_the_longest_texts_fit_one_item() {
    let shop = Shop::open().await;
    let (store, merchant) = (store(&shop), merchant("m"));
    let limit = Amount::MAX;
    let codes = [
        "USD", "EUR", "GBP", "JPY", "KWD", "CAD", "AUD", "CHF", "SEK", "NOK", "DKK", "NZD", "MXN", "BRL",
        "INR", "SGD",
    ];
    let limits: BTreeMap<_, _> = codes.map(|code| (Currency::parse(code).unwrap(), limit)).into();
    let mut people = People::default();
    let mut last = None;
    for n in 0..PEOPLE_MAX {
        let name = format!("{n:03} {}", "é".repeat(30));
        let subject = Subject {
            issuer: format!("https://{}", "i".repeat(TEXT_MAX - 8)),
            subject: format!("{n:03}{}", "s".repeat(TEXT_MAX - 3)),
        };
        let email = format!("{n:03}{}@shop.example", "e".repeat(238)).parse().unwrap();
        let new = NewPerson {
            name: name.parse().unwrap(),
            recognition: Recognition::Subject { subject, email: Some(email) },
            grant: Grant { role: Role::Operate, refund_max: RefundMax::By(limits.clone()) },
        };
        last = Some(people.add(&operator(), new, Uuid::from_u128(n as u128), at(0)).unwrap());
    }
    people.version = 1;
    assert!(store.save(&merchant, &people, last.as_ref().map(recorded).as_ref()).await.unwrap());
    assert_eq!(store.people(&merchant).await.unwrap(), people);
    shop.close().await;
}

#[tokio::test]
async fn a_used_token_stays_used_for_everybody() {
    let shop = Shop::open().await;
    let (one, other) = (store(&shop), store(&shop));
    assert!(one.use_once(&[7; 32], at(300)).await.unwrap());
    for store in [&one, &other] {
        assert!(!store.use_once(&[7; 32], at(300)).await.unwrap());
        assert!(!store.use_once(&[7; 32], at(9_000)).await.unwrap(), "whatever is said of its end");
    }
    assert!(other.use_once(&[8; 32], at(300)).await.unwrap());
    shop.close().await;
}

fn entry(n: u128, second: i64, name: &str, what: Audited) -> AuditEntry {
    let name: Person = name.parse().unwrap();
    let who = AuditedPerson::Known { id: Uuid::from_u128(name.to_string().len() as u128), name };
    AuditEntry { id: Uuid::from_u128(n), at: at(second), who, what, request: format!("r-{n}") }
}

fn signed_in() -> Audited {
    Audited::SignedIn { client: "console".to_owned() }
}

fn downloaded(rows: u64) -> Audited {
    Audited::Downloaded { list: "/v2/entries".to_owned(), filter: "eq(fact,refunded)".to_owned(), rows }
}

#[tokio::test]
async fn an_audit_list_has_each_wanted_entry_once_the_newest_first_and_none_of_another_merchant() {
    let shop = Shop::open().await;
    let (store, merchant) = (store(&shop), merchant("m"));
    let mut all = Vec::new();
    for n in 0..25 {
        let name = if n % 5 == 0 { "ann" } else { "robert" };
        let what = if n % 2 == 0 { signed_in() } else { downloaded(7) };
        // Several in the same second.
        all.push(entry(n, i64::try_from(n / 3).unwrap(), name, what));
    }
    for entry in &all {
        store.record(&merchant, entry).await.unwrap();
    }
    let stranger = AuditEntry { id: Uuid::from_u128(99), ..entry(99, 3, "mallory", signed_in()) };
    store.record(&"m2".parse().unwrap(), &stranger).await.unwrap();
    all.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.id)));

    let filters = [
        AuditFilter::default(),
        AuditFilter { kind: Some(AuditKind::Downloaded), ..AuditFilter::default() },
        AuditFilter { name: Some("ann".parse().unwrap()), ..AuditFilter::default() },
        AuditFilter { from: Some(at(2)), to: Some(at(6)), ..AuditFilter::default() },
        AuditFilter { from: Some(at(2)), kind: Some(AuditKind::SignedIn), ..AuditFilter::default() },
        AuditFilter { from: Some(at(100)), ..AuditFilter::default() },
    ];
    for filter in filters {
        let wanted: Vec<_> = all.iter().filter(|entry| filter.wants(entry)).cloned().collect();
        for limit in [1, 4, 7, 100] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = store.audit(&merchant, &filter, after.as_deref(), limit).await.unwrap();
                assert!(page.entries.len() <= limit);
                found.extend(page.entries);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, wanted, "{filter:?} {limit}");
        }
    }
    let last = store.last_sign_ins(&merchant).await.unwrap();
    assert_eq!(last, BTreeMap::from([(Uuid::from_u128(3), at(6)), (Uuid::from_u128(6), at(8))]));
    shop.close().await;
}

#[tokio::test]
async fn what_looks_like_a_card_number_is_masked_in_the_trail() {
    let shop = Shop::open().await;
    let (store, merchant) = (store(&shop), merchant("m"));
    let number = crate::shop::VISA;
    let subject = Subject { issuer: format!("{ISSUER}/{number}"), subject: number.to_owned() };
    let email = Some(format!("{number}@shop.example").parse().unwrap());
    let why = tollgate_core::people::SignInRefusal::NotListed;
    let who = AuditedPerson::Stranger { subject, email };
    let refused = AuditEntry { who, ..entry(1, 1, "x", Audited::Refused { client: "cli".to_owned(), why }) };
    store.record_refusal(&merchant, true, &refused).await.unwrap();
    let found = store.audit(&merchant, &AuditFilter::default(), None, 10).await.unwrap().entries;
    let AuditedPerson::Stranger { subject, email } = &found[0].who else { panic!("{found:?}") };
    assert_eq!((subject.subject.as_str(), email), ("[card ****1443]", &None));
    assert!(!format!("{found:?}").contains(number));
    shop.close().await;
}

#[tokio::test]
async fn a_lost_limit_is_the_strictest_one() {
    let shop = Shop::open().await;
    let (store, merchant) = (store(&shop), merchant("m"));
    let mut people = People::default();
    let unlimited =
        NewPerson { grant: Grant { role: Role::All, refund_max: RefundMax::Unlimited }, ..new("ann") };
    people.add(&operator(), unlimited, Uuid::from_u128(1), at(0)).unwrap();
    assert!(store.save(&merchant, &people, None).await.unwrap());
    assert_eq!(store.people(&merchant).await.unwrap(), people);
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let table = local::PEOPLE_TABLE_NAME;
    let mut items = client.scan().table_name(table).send().await.unwrap().items.unwrap();
    let item = items.iter_mut().find(|item| item["b"].as_s().is_ok_and(|key| key == "people#m")).unwrap();
    let grant = item.get_mut("people").map(|people| match people {
        AttributeValue::L(list) => match list[0] {
            AttributeValue::M(ref mut person) => person.get_mut("grant").unwrap(),
            _ => panic!("no person"),
        },
        _ => panic!("no list"),
    });
    let Some(AttributeValue::M(grant)) = grant else { panic!("no grant") };
    assert!(grant.remove("refunds").is_some());
    client.put_item().table_name(table).set_item(Some(item.clone())).send().await.unwrap();
    let read = store.people(&merchant).await.unwrap();
    assert_eq!(read.entries[0].grant.refund_max, RefundMax::nothing());
    shop.close().await;
}

/// A person's actions outlive them.
#[tokio::test]
async fn entries_of_every_kind_are_read_as_they_were_recorded() {
    let shop = Shop::open().await;
    let (store, merchant) = (store(&shop), merchant("m"));
    let mut people = People::default();
    let added = people.add(&operator(), new("ann"), Uuid::from_u128(3), at(0)).unwrap();
    let removed = people.remove(&operator(), Uuid::from_u128(3), at(1)).unwrap();
    let subject = Subject { issuer: ISSUER.to_owned(), subject: "x-1".to_owned() };
    let email = Some("max@shop.example".parse().unwrap());
    let why = tollgate_core::people::SignInRefusal::NotListed;
    let mut all = vec![
        entry(1, 1, "ann", signed_in()),
        entry(2, 2, "ann", downloaded(2_000)),
        AuditEntry {
            who: AuditedPerson::Stranger { subject, email },
            ..entry(3, 3, "x", Audited::Refused { client: "cli".to_owned(), why })
        },
    ];
    for (n, change) in [(4, added), (5, removed)] {
        let who = AuditedPerson::Operator { name: change.by.clone() };
        all.push(AuditEntry { who, ..entry(n, 9, "x", Audited::PeopleChanged(change)) });
    }
    for entry in &all {
        store.record(&merchant, entry).await.unwrap();
    }
    let mut found = store.audit(&merchant, &AuditFilter::default(), None, 100).await.unwrap().entries;
    found.reverse();
    assert_eq!(found, all);
    shop.close().await;
}
