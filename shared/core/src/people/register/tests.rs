//! Who is recognized, and who may change whom.

use proptest::prelude::*;

use super::*;
use crate::{
    people::{RefundMax, Subject},
    values::{Amount, Currency},
};

const ISSUER: &str = "https://id.shop.example";

fn at() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn grant(role: Role) -> Grant {
    Grant { role, refund_max: RefundMax::Unlimited }
}

fn by_email(name: &str) -> Recognition {
    Recognition::Email { issuer: ISSUER.into(), email: format!("{name}@shop.example").parse().unwrap() }
}

fn identity(issuer: &str, subject: &str, email: Option<&str>) -> Identity {
    Identity {
        subject: Subject { issuer: issuer.into(), subject: subject.into() },
        verified_email: email.map(|email| email.parse().unwrap()),
    }
}

fn operator() -> ChangedBy {
    ChangedBy::Operator("arn:aws:iam::123456789012:user/root".parse().unwrap())
}

fn person(id: u128, role: Role) -> ChangedBy {
    ChangedBy::Person { id: Uuid::from_u128(id), role }
}

fn new(name: &str, role: Role) -> NewPerson {
    NewPerson { name: name.parse().unwrap(), recognition: by_email(name), grant: grant(role) }
}

/// Eve (1) with `all`, Ann (2) with `operate`.
fn people() -> People {
    let mut people = People::default();
    for (id, name, role) in [(1, "eve", Role::All), (2, "ann", Role::Operate)] {
        people.add(&operator(), new(name, role), Uuid::from_u128(id), at()).unwrap();
    }
    people
}

/// The same, and Ann has used her address.
fn pinned() -> People {
    let mut people = people();
    let ann = &mut people.entries[1];
    ann.recognition = ann.recognition.clone().pinned_to(identity(ISSUER, "a-1", None).subject);
    people
}

#[test]
fn an_address_recognizes_once_and_the_subject_from_then_on() {
    let ann = Uuid::from_u128(2);
    let first = people().sign_in(&identity(ISSUER, "a-1", Some("ann@shop.example")));
    assert_eq!(first, Some(SignedIn { id: ann, uses_address: true }));
    let renamed = pinned().sign_in(&identity(ISSUER, "a-1", Some("ann.lee@shop.example")));
    assert_eq!(renamed, Some(SignedIn { id: ann, uses_address: false }));
}

#[test]
fn who_inherits_an_address_inherits_no_role() {
    assert_eq!(pinned().sign_in(&identity(ISSUER, "a-2", Some("ann@shop.example"))), None);
}

#[test]
fn neither_an_unverified_address_nor_a_foreign_issuer_is_recognized() {
    let people = people();
    assert_eq!(people.sign_in(&identity(ISSUER, "a-1", None)), None);
    let foreign = "https://id.attacker.example";
    assert_eq!(people.sign_in(&identity(foreign, "a-1", Some("ann@shop.example"))), None);
    assert_eq!(pinned().sign_in(&identity(foreign, "a-1", None)), None, "the subject of another issuer");
}

#[test]
fn two_people_never_share_an_address_a_subject_or_a_name() {
    let mut people = pinned();
    let with = |name: &str, recognition| NewPerson { recognition, ..new(name, Role::Read) };
    let subject = identity(ISSUER, "a-1", None).subject;
    for (new, refusal) in [
        (with("bob", by_email("eve")), PeopleRefusal::RecognitionTaken),
        (with("bob", by_email("ann")), PeopleRefusal::RecognitionTaken),
        (with("bob", Recognition::Subject { subject, email: None }), PeopleRefusal::RecognitionTaken),
        (NewPerson { name: "ANN".parse().unwrap(), ..new("bob", Role::Read) }, PeopleRefusal::NameTaken),
    ] {
        let before = people.clone();
        assert_eq!(people.add(&operator(), new, Uuid::from_u128(3), at()), Err(refusal));
        assert_eq!(people, before);
    }
}

#[test]
fn nobody_changes_or_removes_their_own_entry() {
    let mut people = people();
    let (eve, id) = (person(1, Role::All), Uuid::from_u128(1));
    assert_eq!(people.change(&eve, id, grant(Role::All), at()), Err(PeopleRefusal::OwnEntry));
    assert_eq!(people.remove(&eve, id, at()), Err(PeopleRefusal::OwnEntry));
    assert_eq!(people.change(&person(2, Role::Operate), Uuid::from_u128(2), grant(Role::All), at()), {
        Err(PeopleRefusal::Role)
    });
}

#[test]
fn a_stale_token_neither_raises_a_role_nor_keeps_a_lost_one() {
    let mut people = people();
    let ann = Uuid::from_u128(2);
    people.change(&operator(), ann, grant(Role::All), at()).unwrap();
    assert_eq!(people.role_now(ann, Role::Operate), Some(Role::Operate));
    let stale = people.add(&person(2, Role::Operate), new("bob", Role::All), Uuid::from_u128(3), at());
    assert_eq!(stale, Err(PeopleRefusal::Role));
    people.change(&operator(), ann, grant(Role::Read), at()).unwrap();
    assert_eq!(people.role_now(ann, Role::All), Some(Role::Read));
    assert_eq!(people.remove(&person(2, Role::All), Uuid::from_u128(1), at()), Err(PeopleRefusal::Role));
}

#[test]
fn who_is_removed_and_added_again_has_no_right_from_before() {
    let mut people = people();
    people.remove(&person(1, Role::All), Uuid::from_u128(2), at()).unwrap();
    people.add(&person(1, Role::All), new("ann", Role::Operate), Uuid::from_u128(3), at()).unwrap();
    assert_eq!(people.role_now(Uuid::from_u128(2), Role::Operate), None);
    let gone = people.change(&person(2, Role::All), Uuid::from_u128(1), grant(Role::Read), at());
    assert_eq!(gone, Err(PeopleRefusal::Role));
}

#[test]
fn history_says_who_gave_whom_what() {
    let mut people = people();
    let change = people.change(&person(1, Role::All), Uuid::from_u128(2), grant(Role::Read), at()).unwrap();
    let (by, name) = ("eve".parse().unwrap(), "ann".parse().unwrap());
    let (before, after) = (Some(grant(Role::Operate)), Some(grant(Role::Read)));
    assert_eq!(change, PeopleChange { at: at(), by, id: Uuid::from_u128(2), name, before, after });
    let change = people.remove(&operator(), Uuid::from_u128(2), at()).unwrap();
    assert_eq!((change.before, change.after), (Some(grant(Role::Read)), None));
}

#[test]
fn a_merchant_has_no_more_people_than_fit_an_item() {
    let mut people = People::default();
    for id in 0..PEOPLE_MAX {
        let new = new(&format!("p{id}"), Role::Read);
        people.add(&operator(), new, Uuid::from_u128(id as u128), at()).unwrap();
    }
    let refused = people.add(&operator(), new("one-more", Role::Read), Uuid::from_u128(999), at());
    assert_eq!(refused, Err(PeopleRefusal::Full));
}

proptest! {
    /// After all that people do to each other, one with role `all` is left, and each change is of
    /// another's entry.
    #[test]
    fn people_never_lock_everyone_out(
        steps in prop::collection::vec((1_u128..6, 1_u128..6, 0_usize..6), 1..60),
    ) {
        let mut people = people();
        for (by, id, step) in steps {
            let (by_id, id) = (by, Uuid::from_u128(id));
            let by = person(by, Role::All);
            let version = people.version;
            let changed = match (step, Role::ALL.get(step)) {
                (_, Some(role)) => people.change(&by, id, grant(*role), at()),
                (4, None) => people.remove(&by, id, at()),
                _ if people.get(id).is_some() => continue,
                _ => people.add(&by, new(&format!("p{id}"), Role::All), id, at()),
            };
            prop_assert_eq!(people.version, version + u64::from(changed.is_ok()));
            prop_assert!(changed.is_err() || id != Uuid::from_u128(by_id));
            prop_assert!(people.entries.iter().any(|entry| entry.grant.role == Role::All));
        }
    }
}

#[test]
fn more_limits_than_fit_are_refused_and_nothing_changes() {
    let codes = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD INR MXN NOK NZD PLN SEK USD";
    let limits = codes.split(' ').map(|code| (Currency::parse(code).unwrap(), Amount::ZERO)).collect();
    let grant = Grant { role: Role::Operate, refund_max: RefundMax::By(limits) };
    let mut people = people();
    let before = people.clone();
    let changed = people.change(&operator(), Uuid::from_u128(2), grant.clone(), at());
    assert_eq!(changed, Err(PeopleRefusal::TooManyLimits));
    let added =
        people.add(&operator(), NewPerson { grant, ..new("bob", Role::Operate) }, Uuid::from_u128(3), at());
    assert_eq!(added, Err(PeopleRefusal::TooManyLimits));
    assert_eq!(people, before);
}

#[test]
fn what_no_issuer_can_say_of_a_person_recognizes_nobody() {
    let people = people();
    let add = |issuer: &str, subject: &str| {
        let subject = Subject { issuer: issuer.into(), subject: subject.into() };
        let recognition = Recognition::Subject { subject, email: None };
        let new = NewPerson { name: "bob".parse().unwrap(), recognition, grant: grant(Role::Read) };
        people.clone().add(&operator(), new, Uuid::from_u128(3), at()).map(|_| ())
    };
    let (long, longest) = ("s".repeat(256), "s".repeat(255));
    assert_eq!(add(ISSUER, &longest), Ok(()));
    assert_eq!(add(&longest, "b-1"), Ok(()));
    assert_eq!(add(ISSUER, "auth0|a b"), Ok(()));
    for issuer in ["", &long, "https://id shop.example", "https://íd.shop.example"] {
        assert_eq!(add(issuer, "b-1"), Err(PeopleRefusal::Issuer), "{issuer}");
    }
    for subject in ["", &long, "b\n1", "é"] {
        assert_eq!(add(ISSUER, subject), Err(PeopleRefusal::Subject), "{subject}");
    }
}

#[test]
fn a_name_is_no_longer_than_two_of_them_fit_every_operation() {
    let mut people = people();
    let of = |bytes: usize| NewPerson { name: "n".repeat(bytes).parse().unwrap(), ..new("bob", Role::Read) };
    let id = Uuid::from_u128(3);
    let too_long = people.add(&operator(), of(PERSON_NAME_MAX_BYTES + 1), id, at());
    assert_eq!(too_long, Err(PeopleRefusal::NameTooLong));
    people.add(&operator(), of(PERSON_NAME_MAX_BYTES), id, at()).unwrap();
}
