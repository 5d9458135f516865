//! The merchant's document: the documents that are accepted, and the content of the errors.

use serde_json::{Value, json};

use super::*;
use crate::merchant_document::hosts::AllowedHosts;
use crate::test_payments::GATEWAY;

const SECRET: &str = "hush-0123456789abcdef0123456789abcdef";

fn document() -> Value {
    json!({
        "keys": [SECRET],
        "token_signing_key": SECRET,
        "gateway": {"site": "fts-uat", "username": "u", "password": SECRET, "merchids": {"USD": "496160873888"}},
    })
}

fn parse(document: &Value) -> Result<Merchant, MerchantsError> {
    super::parse("m".parse().unwrap(), &document.to_string(), GATEWAY)
}

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

#[test]
fn a_site_becomes_the_gateways_address() {
    let merchant = parse(&document()).unwrap();
    let route = merchant.route(usd()).unwrap();
    assert_eq!(route.endpoint, "https://fts-uat.cardconnect.com/cardconnect/rest");
    assert_eq!(route.account, "496160873888");
    assert_eq!(merchant.policy, Policy::default());
    assert!(!merchant.shopper_tokens, "browsers get tokens only when the merchant wants it");
}

#[test]
fn the_byte_order_mark_of_an_editor_is_skipped() {
    let marked = format!("\u{FEFF}{}", document());
    assert!(super::parse("m".parse().unwrap(), &marked, GATEWAY).is_ok());
}

#[test]
fn a_member_that_nothing_reads_is_found_where_it_is_no_error() {
    let mut document = document();
    assert_eq!(ignored_members(&document).count(), 0);
    document["captures_pasued"] = json!(true);
    document["gateway"]["merchid"] = json!("1");
    let found: Vec<_> = ignored_members(&document).map(|one| (one.within, one.name)).collect();
    assert_eq!(found, [("the document", "captures_pasued"), ("gateway", "merchid")]);
    assert!(ignored_members(&document).all(|one| one.known.len() >= 8), "with those that are read");
}

#[test]
fn durations_are_iso_8601() {
    let mut document = document();
    document["duplicate_window"] = json!("PT5M");
    document["authorization_lifetime"] = json!("P3D");
    let policy = parse(&document).unwrap().policy;
    assert_eq!(policy.duplicate_window, SignedDuration::from_mins(5));
    assert_eq!(policy.authorization_lifetime, SignedDuration::from_hours(72));
    for odd in ["P1M", "P1Y", "-PT1S", "60", ""] {
        document["duplicate_window"] = json!(odd);
        assert!(parse(&document).is_err(), "{odd}");
    }
}

#[test]
fn credentials_go_nowhere_without_tls_but_to_this_machine() {
    let with = |url: &str| {
        let mut document = document();
        document["gateway"]["site"] = Value::Null;
        document["gateway"]["base_url"] = json!(url);
        parse(&document)
    };
    for good in [
        "https://example.com/cardconnect/rest/",
        "http://127.0.0.1:3001/cardconnect/rest",
        "http://localhost/x",
    ] {
        assert!(!with(good).unwrap().gateway.endpoint.ends_with('/'), "{good}");
    }
    let bad = [
        "http://example.com/cardconnect/rest",
        "http://127.0.0.1.example.com/",
        "ftp://example.com/",
        "//example.com/",
        "/cardconnect/rest",
        "https://u:p@example.com/",
        "https://example.com/?a=b",
        // Every endpoint after it would be part of the fragment, and the request one for `auth`.
        "https://example.com/cardconnect/rest/auth#",
        "",
        "not a url",
    ];
    for bad in bad {
        assert!(matches!(with(bad), Err(MerchantsError::Malformed(_))), "{bad}");
    }
    let mut both = document();
    both["gateway"]["base_url"] = json!("https://example.com");
    assert!(parse(&both).is_err());
    let mut odd_site = document();
    odd_site["gateway"]["site"] = json!("evil.com/");
    assert!(parse(&odd_site).is_err());
}

#[test]
fn a_wrong_document_is_told_by_path_and_quotes_no_secret() {
    let changes = [
        ("/keys", json!([]), "keys"),
        ("/keys", json!([""]), "keys"),
        ("/keys", json!(["1"]), "keys"),
        ("/keys", json!([SECRET, "elevenchars"]), "keys"),
        ("/keys", json!(SECRET), "keys"),
        ("/keys", json!([{"key": SECRET, "name": "web"}]), "keys[0]"),
        ("/keys", json!([{"key": SECRET, "name": "web", "role": "pay", "expires": SECRET}]), "keys[0]"),
        ("/keys", json!([{"key": SECRET, "name": SECRET, "role": SECRET}]), "each name in keys"),
        ("/keys", json!([{"key": SECRET, "name": "web", "role": SECRET}]), "each role in keys"),
        ("/keys", json!([{"key": "elevenchars", "name": "web", "role": "all"}]), "12 characters"),
        ("/keys", json!([SECRET, {"key": SECRET, "name": "web", "role": "read"}]), "the same key"),
        (
            "/keys",
            json!([{"key": SECRET, "name": "a", "role": "pay"}, {"key": "twelve-chars", "name": "a", "role": "all"}]),
            "the same name",
        ),
        ("/keys/0", json!({"k": SECRET}), "keys[0]"),
        ("/token_signing_key", json!("short"), "token_signing_key"),
        ("/gateway/password", json!([SECRET]), "gateway.password"),
        ("/gateway/username", Value::Null, "gateway.username"),
        ("/gateway/merchids", json!({"USD": SECRET}), "gateway.merchids"),
        ("/gateway/merchids", json!({(SECRET): "1"}), "gateway.merchids"),
    ];
    for (path, value, named) in changes {
        let mut document = document();
        *document.pointer_mut(path).unwrap() = value;
        let error = parse(&document).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
    let cut = document().to_string();
    let error = super::parse("m".parse().unwrap(), &cut[..cut.len() / 2], GATEWAY).unwrap_err().to_string();
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn debug_shows_no_secret() {
    assert!(!format!("{:?}", parse(&document()).unwrap()).contains("hush"));
}

#[test]
fn every_key_in_the_document_is_right_and_no_other() {
    let mut document = document();
    document["keys"] = json!(["the-old-key-1", "the-new-key-1"]);
    let merchant = parse(&document).unwrap();
    assert!(merchant.key("the-old-key-1").is_some() && merchant.key("the-new-key-1").is_some());
    for wrong in ["", "the-old-key-", "the-old-key-12", "other"] {
        assert!(merchant.key(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_plain_key_may_do_everything_and_a_named_one_what_its_role_says() {
    let mut document = document();
    let named = json!({"key": "the-key-of-the-shop", "name": "shop", "role": "pay"});
    document["keys"] = json!(["the-old-key-1", named]);
    let merchant = parse(&document).unwrap();
    let found = |key| merchant.key(key).map(|key| (key.name.as_ref().map(ToString::to_string), key.role));
    assert_eq!(found("the-old-key-1"), Some((None, Role::All)));
    assert_eq!(found("the-key-of-the-shop"), Some((Some("shop".to_owned()), Role::Pay)));
    assert_eq!(found("shop"), None);
    // As it is in documents that work today.
    document["keys"] = json!(["the-old-key-1", "the-old-key-1"]);
    assert!(parse(&document).is_ok());
}

#[test]
fn a_currency_without_two_decimals_has_no_route() {
    let mut document = document();
    document["gateway"]["merchids"] = json!({"JPY": "1", "KWD": "2", "EUR": "3"});
    let merchant = parse(&document).unwrap();
    let route = |code| merchant.route(Currency::parse(code).unwrap()).ok().map(|route| route.account);
    assert_eq!((route("JPY"), route("KWD"), route("EUR").as_deref()), (None, None, Some("3")));
    assert_eq!(merchant.only_currency(), None);
}

#[test]
fn name_and_address_are_for_receipts_and_stop_no_payment() {
    let mut document = document();
    let shown = |document: &Value| {
        let merchant = parse(document).unwrap();
        (merchant.name, merchant.address)
    };
    assert_eq!(shown(&document), (None, Vec::new()));
    document["name"] = json!("Ann's Books");
    document["address"] = json!(["1 Main St", "Springfield"]);
    let address = vec!["1 Main St".to_owned(), "Springfield".to_owned()];
    assert_eq!(shown(&document), (Some("Ann's Books".to_owned()), address));
    for odd in [json!({"street": "1 Main St"}), json!(["1 Main St", 7]), json!(["a\u{1b}[31m"]), json!(" ")] {
        document["name"] = odd.clone();
        document["address"] = odd;
        assert_eq!(shown(&document), (None, Vec::new()));
    }
}

#[test]
fn accounts_with_a_surcharge_are_among_those_of_the_document() {
    let with = |member: &str, value: Value| {
        let mut document = document();
        document["gateway"][member] = value;
        parse(&document)
    };
    let policy = parse(&document()).unwrap().policy;
    assert_eq!((policy.surcharging, policy.fee_basis), (Vec::new(), None));
    let policy = with("surcharging_merchids", json!(["496160873888"])).unwrap().policy;
    assert_eq!(policy.surcharging, ["496160873888"]);
    for odd in [json!(["496590513883"]), json!([""]), json!(["496160873888", "1"])] {
        let error = with("surcharging_merchids", odd).unwrap_err().to_string();
        assert!(error.contains("gateway.surcharging_merchids"), "{error}");
    }
    for (word, basis) in [("subtotal", FeeBasis::Subtotal), ("total", FeeBasis::Total)] {
        assert_eq!(with("fee_basis", json!(word)).unwrap().policy.fee_basis, Some(basis));
    }
    let shared = with("others", json!({"496160873888": "expected"})).unwrap().gateway.shared;
    assert_eq!(shared.into_iter().collect::<Vec<_>>(), ["496160873888"]);
    for (member, odd) in [
        ("fee_basis", json!("net")),
        ("surcharging_merchids", json!("496160873888")),
        ("others", json!({"496160873888": "ignored"})),
        ("others", json!({"": "expected"})),
        ("others", json!("expected")),
    ] {
        let error = with(member, odd).unwrap_err().to_string();
        assert!(error.contains(&format!("gateway.{member}")), "{error}");
    }
}

/// The document with some members replaced; of the gateway's, those that are in an object of that
/// name.
fn with(members: &Value) -> Value {
    let mut document = document();
    for (name, value) in members.as_object().unwrap() {
        match (name.as_str(), value) {
            ("gateway", Value::Object(members)) => {
                document["gateway"].as_object_mut().unwrap().extend(members.clone());
            }
            _ => document[name] = value.clone(),
        }
    }
    document
}

#[test]
fn every_member_counts() {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let all = json!({
        "orders": "external", "accept_partial_approval": true, "decline_on": {"avs": ["N"], "cvv": ["M"]},
        "refund_without_amount": "reject", "duplicate_window": "PT1S", "authorization_lifetime": "P3D",
        "capture": {"after": "P2D", "business_days": true}, "zone": "Asia/Kathmandu", "holidays": ["2026-11-27"], "keep_personal_data": "P30D", "capture_disputed": true, "void_lapsed": true, "captures_paused": true,
        "search": {"references": true, "customers": true},
        "elastic_path": {
            "base_url": "https://useast.api.elasticpath.com",
            "keys": [{"client_id": "id", "client_secret": "s"}],
            "partial_capture": "shown_short", "cancel_voided": true,
        },
        "authorizers": ["Secondhand Bank"], "discounts": [{"code": "WELCOME", "percent": "10"}],
        "gateway": {
            "linked_merchids": ["496160873999"], "surcharging_merchids": ["496160873888"], "fee_basis": "total",
        },
        "shopper_tokens": {
            "partial": true, "stored_cards": true, "declines_per_order": 6, "declines_per_source_hour": 11,
        },
    });
    let Merchant {
        policy,
        gateway,
        shopper_tokens,
        disabled,
        captures_paused,
        authorizers,
        discounts,
        search,
        ..
    } = parse(&with(&all)).unwrap();
    let shoppers =
        ShopperPolicy { attempts: 6, declines_per_source_hour: 11, partial: true, stored_cards: true };
    let expected = Policy {
        orders: OrdersMode::External,
        accept_partial_approval: true,
        decline_on: DeclineOn { avs: vec!["N".to_owned()], cvv: vec!["M".to_owned()] },
        refund_without_amount: RefundWithoutAmount::Reject,
        duplicate_window: SignedDuration::from_secs(1),
        authorization_lifetime: days(3),
        capture: Some("P2D Asia/Kathmandu business-days".parse().unwrap()),
        zone: Some("Asia/Kathmandu".parse().unwrap()),
        holidays: [jiff::civil::date(2026, 11, 27)].into_iter().collect(),
        capture_disputed: true,
        void_lapsed: true,
        keep_personal_data: Some(days(30)),
        surcharging: vec!["496160873888".to_owned()],
        fee_basis: Some(FeeBasis::Total),
        shop: ShopRules { partial_capture: PartialCapture::ShownShort, cancel_voided: true },
        shoppers,
    };
    assert_eq!(policy, expected);
    assert_eq!((shopper_tokens, disabled, captures_paused), (true, false, true));
    assert_eq!(
        (authorizers, gateway.linked),
        (vec!["Secondhand Bank".to_owned()], vec!["496160873999".to_owned()])
    );
    assert_ne!(discounts, Discounts::default());
    assert_eq!(search, SearchedBy { references: true, customers: true });
    let paused = |members| parse(&with(&members)).map(|m| (m.disabled, m.captures_paused)).unwrap();
    assert_eq!(paused(json!({})), (false, false));
    assert_eq!(paused(json!({"disabled": true})), (true, true));
}

#[test]
fn shoppers_get_tokens_where_the_document_says_so_in_either_form() {
    for (member, enabled, partial) in [
        (json!(false), false, false),
        (json!(true), true, false),
        (json!({}), true, false),
        (json!({"partial": true}), true, true),
        (json!({"enabled": true}), true, false),
        (json!({"enabled": false, "partial": true}), false, true),
    ] {
        let merchant = parse(&with(&json!({"shopper_tokens": member}))).unwrap();
        assert_eq!(
            (merchant.shopper_tokens, merchant.policy.shoppers.partial),
            (enabled, partial),
            "{member}"
        );
    }
    let first_name = parse(&with(&json!({"shopper_tokens": {"attempts": 6}}))).unwrap();
    assert_eq!(first_name.policy.shoppers.attempts, 6);
}

#[test]
fn each_bound_is_taken_and_what_lies_beyond_it_is_refused() {
    let kept = Some("keep_personal_data must be");
    let authorizers = Some("authorizers must hold");
    let captures = Some("capture.after must not be longer");
    let (unreadable, zoneless) = (Some("at capture"), Some("capture needs a zone"));
    let (mids, linked) = (Some("gateway.merchids must hold"), Some("gateway.linked_merchids must hold"));
    for (members, refusal) in [
        (json!({"keep_personal_data": "P1D"}), None),
        (json!({"keep_personal_data": "PT23H59M59S"}), kept),
        (json!({"keep_personal_data": "P3650D"}), None),
        (json!({"keep_personal_data": "P3650DT1S"}), kept),
        (json!({"authorizers": []}), None),
        (json!({"authorizers": ["Bank", "Other Bank"]}), None),
        (json!({"authorizers": ["Bank", ""]}), authorizers),
        (json!({"authorizers": ["4111 1111 1111 1111"]}), authorizers),
        (json!({"authorizers": ["Ba\u{200b}nk"]}), authorizers),
        (json!({"discounts": [{"code": "", "percent": "10"}]}), Some("each of discounts")),
        (
            json!({"discounts": [{"code": "a", "percent": "10", "amount": {"USD": 1}}]}),
            Some("each of discounts"),
        ),
        (json!({"search": {}}), None),
        (json!({"search": {"customers": true}}), None),
        (json!({"search": {"customer": true}}), Some("at search")),
        (json!({"search": {"references": "yes"}}), Some("at search.references")),
        (json!({"search": true}), Some("at search")),
        (json!({"capture": {"after": "P7D"}}), None),
        (json!({"capture": {"after": "P7DT1S"}}), captures),
        (json!({"capture": {"after": "P3D"}, "authorization_lifetime": "P3D"}), None),
        (json!({"capture": {"after": "P3DT1S"}, "authorization_lifetime": "P3D"}), captures),
        (json!({"capture": {"after": "PT0S"}}), None),
        (json!({"capture": null, "zone": null, "holidays": []}), None),
        (json!({"capture": {"after": "P2D", "at": "17:00", "zone": "America/New_York"}}), None),
        (json!({"capture": {"after": "P2D", "at": "17:00"}, "zone": "America/New_York"}), None),
        (json!({"capture": {"after": "P2D", "at": "17:00"}}), zoneless),
        (json!({"capture": {"after": "P2D", "business_days": true}}), zoneless),
        (json!({"capture": {"at": "17:00", "zone": "UTC"}}), unreadable),
        (json!({"capture": {"after": "P2D", "until": "17:00"}}), unreadable),
        (json!({"capture": {"after": "P1W"}}), unreadable),
        (json!({"capture": {"after": "P2D", "zone": "Mars/Phobos"}}), unreadable),
        (json!({"capture": {"after": "P2D", "at": "5 pm", "zone": "UTC"}}), unreadable),
        (json!({"capture": "P2D"}), unreadable),
        (json!({"zone": "New York"}), Some("at zone")),
        (json!({"holidays": ["2026-11-31"]}), Some("at holidays")),
        (json!({"token_signing_key": "x".repeat(31)}), Some("token_signing_key must have")),
        (json!({"token_signing_key": "x".repeat(32)}), None),
        (json!({"keys": ["x".repeat(11)]}), Some("12 characters")),
        (json!({"keys": ["x".repeat(12)]}), None),
        (json!({"gateway": {"merchids": {"USD": ""}}}), mids),
        (json!({"gateway": {"merchids": {"USD": "BCX1002645391770"}}}), None),
        (json!({"gateway": {"merchids": {"USD": "BCX10026453917701"}}}), mids),
        (json!({"gateway": {"merchids": {"USD": "1", "EUR": "a-b"}}}), mids),
        (json!({"gateway": {"linked_merchids": ["1", "BCX1002645391770"]}}), None),
        (json!({"gateway": {"linked_merchids": ["1", ""]}}), linked),
        (json!({"gateway": {"linked_merchids": ["a-b"]}}), linked),
        (json!({"gateway": {"site": ""}}), Some("gateway.site must be")),
        (json!({"gateway": {"site": "a_b"}}), Some("gateway.site must be")),
        (json!({"gateway": {"site": "fts-uat2"}}), None),
        (json!({"gateway": {"site": null}}), Some("either site or base_url")),
    ] {
        let found = parse(&with(&members)).map_err(|error| error.to_string());
        match refusal {
            None => assert!(found.is_ok(), "{members}: {found:?}"),
            Some(why) => {
                assert!(found.as_ref().is_err_and(|error| error.contains(why)), "{members}: {found:?}");
            }
        }
    }
}

#[test]
fn what_is_no_document_is_told_by_its_kind() {
    let text = document().to_string();
    for (text, why) in [
        (&text[..text.len() - 1], "cut off"),
        (&text.replace(':', ";"), "not valid JSON"),
        (
            &text.replace(r#""gateway":{"#, r#""gateway":7,"g":{"#),
            "at gateway: missing, unknown or of the wrong type",
        ),
    ] {
        let error = super::parse("m".parse().unwrap(), text, GATEWAY).unwrap_err().to_string();
        assert!(
            error.starts_with("the merchant's document is wrong: at ") && error.ends_with(why),
            "{error}"
        );
    }
}

#[test]
fn a_gateway_that_the_deployment_does_not_list_is_refused() {
    let merchant = parse(&document()).unwrap();
    for (hosts, allowed) in [
        ("*.cardconnect.com", true),
        ("a.example.com, fts-uat.cardconnect.com", true),
        ("fts.cardconnect.com", false),
    ] {
        let found = must_be_on(
            &merchant,
            &HostLists { gateways: hosts.parse().unwrap(), shops: AllowedHosts::shops() },
        );
        assert_eq!(found.is_ok(), allowed, "{hosts}");
        assert!(found.err().is_none_or(|error| error.to_string().contains("GatewayHosts")));
    }
}

#[test]
fn a_shop_needs_an_address_that_is_allowed_and_one_or_two_keys() {
    let key = json!({"client_id": "id", "client_secret": "secret"});
    let shop = json!({"base_url": "https://useast.api.elasticpath.com/", "keys": [key]});
    let shopping = |shop: &Value| parse(&with(&json!({"orders": "elastic_path", "elastic_path": shop})));
    let merchant = shopping(&shop).unwrap();
    assert_eq!(merchant.policy.orders, OrdersMode::ElasticPath);
    assert_eq!(merchant.shop.as_ref().unwrap().endpoint, "https://useast.api.elasticpath.com");
    assert!(!format!("{merchant:?}").contains("\"secret\""));
    for (hosts, allowed) in [("useast.api.elasticpath.com", true), ("euwest.api.elasticpath.com", false)] {
        let found = must_be_on(
            &merchant,
            &HostLists { gateways: AllowedHosts::gateways(), shops: hosts.parse().unwrap() },
        );
        assert_eq!(found.is_ok(), allowed, "{hosts}");
        assert!(found.err().is_none_or(|error| error.to_string().contains("ElasticPathHosts")));
    }
    let two = json!([key, key]);
    shopping(&with_members(&shop, &json!({"keys": two}))).unwrap();
    for (wrong, told) in [
        (json!({"keys": []}), "elastic_path.keys"),
        (json!({"keys": [key, key, key]}), "elastic_path.keys"),
        (json!({"keys": [{"client_id": "", "client_secret": "s"}]}), "elastic_path.keys"),
        (json!({"keys": [{"client_id": "id", "client_secret": ""}]}), "elastic_path.keys"),
        (json!({"keys": [{"client_id": "id"}]}), "at elastic_path.keys[0]"),
        (json!({"key": "misspelled"}), "at elastic_path.key"),
        (json!({"base_url": "http://example.com"}), "elastic_path.base_url must be https"),
        (json!({"base_url": "https://a:b@example.com"}), "elastic_path.base_url must hold no credentials"),
        (json!({"base_url": "not a url"}), "elastic_path.base_url is not a URL"),
        (json!({"base_url": null}), "at elastic_path"),
    ] {
        let error = shopping(&with_members(&shop, &wrong)).unwrap_err().to_string();
        assert!(error.contains(told), "{wrong}: {error}");
    }
    let error = parse(&with(&json!({"orders": "elastic_path"}))).unwrap_err().to_string();
    assert!(error.contains("orders: elastic_path needs elastic_path"), "{error}");
}

/// The object with these members in place of its own.
fn with_members(object: &Value, members: &Value) -> Value {
    let mut object = object.clone();
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}
