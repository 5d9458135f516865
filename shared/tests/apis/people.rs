//! Who may sign in for a merchant, and what they did.

use std::collections::BTreeMap;

use serde_json::json;
use tollgate_core::{
    payments::Role,
    people::{
        AuditEntry, AuditTrail as _, Audited, AuditedPerson, ChangedBy, Grant, NewPerson, PeopleEditor,
        Recognition, RefundMax, SignInRefusal, Subject,
    },
    values::{Amount, Currency},
};
use uuid::Uuid;

use crate::{
    ask::{delete, get, patch, post},
    table::Table,
    world::World,
};

const ISSUER: &str = "https://login.shop.example";

/// Eve with the role all, and Ann, who may refund up to 50 dollars.
async fn people(world: &World) {
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
                trail: world,
                clock: world,
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
        let at = world.state().now;
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
    t.world.state().broken.insert("people");
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
    t.world.state().broken.insert("audit");
    t.ask("the table does not respond", &list("")).await;
    t.end();
}
