//! The people who may sign in for a merchant, and their actions.

use std::collections::BTreeMap;

use serde_json::json;
use tollgate_core::{
    payments::Role,
    people::{
        AuditEntry, AuditTrail as _, Audited, AuditedPerson, ChangedBy, Grant, NewPerson, PeopleEditor,
        Recognition, RefundMax, SignInRefusal, Subject,
    },
    values::{Amount, Clock as _, Currency},
};
use uuid::Uuid;

use crate::{
    ask::{delete, get, patch, post},
    table::Table,
    world::World,
};

const ISSUER: &str = "https://login.shop.example";

/// Eve with the role all, and Ann, who may refund up to 50 dollars.
pub(crate) async fn people(world: &World) {
    let operator = ChangedBy::Operator("arn:aws:iam::123456789012:user/root".parse().unwrap());
    for (merchant, names) in [("shop", &["Eve", "Ann"][..]), ("external", &["Mallory"])] {
        let merchant = merchant.parse().unwrap();
        for &name in names {
            let email = format!("{}@shop.example", name.to_lowercase()).parse().unwrap();
            let limits = RefundMax::By(BTreeMap::from([(Currency::USD, Amount::new(5_000).unwrap())]));
            let (role, refund_max) =
                if name == "Ann" { (Role::Operate, limits) } else { (Role::All, RefundMax::Unlimited) };
            let recognition = Recognition::Email { issuer: ISSUER.to_owned(), email };
            let new =
                NewPerson { name: name.parse().unwrap(), recognition, grant: Grant { role, refund_max } };
            let editor = PeopleEditor {
                store: world,
                clock: &*world.clock,
                merchant: &merchant,
                by: &operator,
                request: "tollgate person",
            };
            editor.add(&new).await.unwrap();
        }
    }
}

/// Eve signed in and downloaded a list, and somebody whom the shop does not know tried to.
async fn done(world: &World) {
    let merchant = "shop".parse().unwrap();
    let eve = world.person("shop", "Eve");
    let eve = || AuditedPerson::Known { id: eve, name: "Eve".parse().unwrap() };
    let subject = Subject { issuer: ISSUER.to_owned(), subject: "m-1".to_owned() };
    let stranger = AuditedPerson::Stranger { subject, email: Some("max@shop.example".parse().unwrap()) };
    let client = || "console".to_owned();
    let filter = "eq(fact,refunded)".to_owned();
    for (n, (who, what)) in (900..).zip([
        (eve(), Audited::SignedIn { client: client() }),
        (eve(), Audited::Downloaded { list: "/v2/entries".to_owned(), filter, rows: 12 }),
        (stranger, Audited::Refused { client: client(), why: SignInRefusal::NotListed }),
    ]) {
        world.wait(60);
        let at = world.clock.now();
        let entry = AuditEntry { id: Uuid::from_u128(n), at, who, what, request: format!("r-{n}") };
        world.record(&merchant, &entry).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn people_are_listed_for_a_review_and_no_key_changes_them() {
    let mut t = Table::new("people");
    let list = || get("/v2/people").by("shop:all");
    t.ask("nobody was ever added", &list()).await;
    people(&t.world).await;
    done(&t.world).await;
    t.ask("with the last sign-in", &list()).await;
    t.ask("as a file", &list().header("accept", "text/csv")).await;
    t.ask("a key with a smaller role", &get("/v2/people").by("shop:operate")).await;
    t.ask("a shopper", &get("/v2/people").by("shop:shopper1")).await;
    t.ask("no parameters", &get("/v2/people?filter=eq(name,Eve)").by("shop:all")).await;
    let new = json!({"data": {"name": "Bob", "issuer": ISSUER, "email": "bob@shop.example", "role": "read"}});
    t.ask("a key adds nobody", &post("/v2/people").json(new).by("shop:all")).await;
    let id = t.world.person("shop", "Ann");
    let path = format!("/v2/people/{id}");
    t.ask("nor changes anybody", &patch(&*path).by("shop:all").data(json!({"role": "all"}))).await;
    t.ask("nor removes anybody", &delete(&*path).by("shop:all")).await;
    t.world.faults.take_down("people");
    t.ask("the table does not respond", &list()).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_people_did_is_listed_page_by_page_and_of_one_merchant_alone() {
    let mut t = Table::new("audit");
    people(&t.world).await;
    done(&t.world).await;
    let list = |query: &str| get(format!("/v2/audit{query}")).by("shop:all");
    t.ask("the newest first", &list("")).await;
    t.ask("as a file", &list("").header("accept", "text/csv")).await;
    let first = t.ask("a page", &list("?page[limit]=2")).await;
    let next = first["links"]["next"].as_str().unwrap().to_owned();
    t.ask("the next page", &list(&next)).await;
    t.ask("a cursor of another merchant", &get(format!("/v2/audit{next}")).by("external:all")).await;
    t.ask("by kind", &list("?filter=eq(kind,sign_in_refused)")).await;
    t.ask("by person", &list("?filter=eq(person,Eve):eq(kind,signed_in)")).await;
    t.ask("by day", &list("?filter=eq(at,2026-11-19)")).await;
    t.ask("another merchant's own", &get("/v2/audit").by("external:all")).await;
    t.ask("no such kind", &list("?filter=eq(kind,paid)")).await;
    t.ask("no such field", &list("?filter=eq(name,Eve)")).await;
    t.ask("a key with a smaller role", &get("/v2/audit").by("shop:operate")).await;
    t.world.faults.take_down("audit");
    t.ask("the table does not respond", &list("")).await;
    t.end();
}

/// The tests' names for Eve and Ann, by the numbers of their ids, with the role of their sign-in.
const EVE: &str = "shop:person1/all";
const ANN: &str = "shop:person3/operate";

#[tokio::test(start_paused = true)]
async fn a_person_with_role_all_changes_others_under_their_own_name_and_never_themselves() {
    let mut t = Table::new("people_changes");
    people(&t.world).await;
    let eve = t.world.person("shop", "Eve");
    let ann = t.world.person("shop", "Ann");
    let add = |data: serde_json::Value| post("/v2/people").by(EVE).data(data);
    let change = |id: Uuid, data: serde_json::Value| patch(format!("/v2/people/{id}")).by(EVE).data(data);
    let remove = |id: Uuid| delete(format!("/v2/people/{id}")).by(EVE);
    let bob = json!({"name": "Bob", "issuer": ISSUER, "email": "bob@shop.example", "role": "read"});
    t.ask("one is added, and refunds nothing unless it is said", &add(bob.clone())).await;
    t.ask(
        "a name in other letters is another person's",
        &add(json!({"name": "BOB", "issuer": ISSUER, "subject": "b-2", "role": "read"})),
    )
    .await;
    t.ask(
        "an address has one owner",
        &add(json!({"name": "Rob", "issuer": ISSUER, "email": "ann@shop.example", "role": "all"})),
    )
    .await;
    t.ask("one with limits, by subject", &add(json!({"name": "Rob", "issuer": ISSUER, "subject": "r-1", "role": "operate", "refund_max": {"USD": 100, "JPY": 0}}))).await;
    t.ask("only what is stated changes", &change(ann, json!({"role": "pay"}))).await;
    t.ask("limits are replaced", &change(ann, json!({"refund_max": {}}))).await;
    t.ask("her own entry", &change(eve, json!({"refund_max": "unlimited"}))).await;
    t.ask("nor removes she herself", &remove(eve)).await;
    t.ask("nobody with that id", &remove(Uuid::nil())).await;
    t.ask("what is no id", &delete("/v2/people/ann").by(EVE)).await;
    t.ask("a smaller role", &post("/v2/people").by(ANN).data(bob.clone())).await;
    t.ask("a role in a token that she does not have", &post("/v2/people").by("shop:person3/all").data(bob))
        .await;
    t.world.faults.contend(true);
    t.ask("others change them all the time", &change(ann, json!({"role": "read"}))).await;
    t.world.faults.contend(false);
    t.world.faults.take_down("people_save");
    t.ask("it cannot be written", &change(ann, json!({"role": "read"}))).await;
    t.world.faults.bring_up();
    t.ask("one is removed", &remove(ann)).await;
    t.ask("whose token opens nothing", &get("/v2/people").by(ANN)).await;
    t.ask("who did it", &get("/v2/audit?filter=eq(person,Eve)").by(EVE)).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn each_member_of_a_person_is_as_stated_or_refused_and_no_slip_takes_a_limit_away() {
    let mut t = Table::new("people_members");
    people(&t.world).await;
    let ann = t.world.person("shop", "Ann");
    let good = json!({"name": "Bob", "issuer": ISSUER, "email": "bob@shop.example", "role": "read"});
    let with = |member: &str, value: serde_json::Value| {
        let mut data = good.clone();
        data[member] = value;
        post("/v2/people").by(EVE).data(data)
    };
    for member in ["name", "issuer", "email", "role"] {
        t.ask("without a member", &with(member, serde_json::Value::Null)).await;
    }
    t.ask("both ways to recognize", &with("subject", json!("b-1"))).await;
    t.ask("an address in capitals", &with("email", json!("Bob@shop.example"))).await;
    t.ask("no role", &with("role", json!("admin"))).await;
    t.ask("a card number for a name", &with("name", json!("4111 1111 1111 1111"))).await;
    t.ask("another member", &with("limits", json!({}))).await;
    t.ask("a long issuer", &with("issuer", json!(format!("https://{}", "i".repeat(248))))).await;
    for (hazard, limits) in [
        ("no currency", json!({"dollars": 5})),
        ("a decimal", json!({"USD": 50.5})),
        ("a text", json!({"USD": "50.00"})),
        ("less than nothing", json!({"USD": -1})),
        ("a number for all", json!(5_000)),
        ("a list", json!([])),
        ("a word", json!("Unlimited")),
        ("truth", json!(false)),
    ] {
        t.ask(hazard, &with("refund_max", limits)).await;
    }
    let change = |data: serde_json::Value| patch(format!("/v2/people/{ann}")).by(EVE).data(data);
    t.ask("nothing to change", &change(json!({}))).await;
    t.ask("null changes nothing", &change(json!({"refund_max": null}))).await;
    t.ask("a name is for ever", &change(json!({"name": "Anna", "role": "read"}))).await;
    t.ask("as she was", &get("/v2/people").by(EVE)).await;
    t.end();
}
