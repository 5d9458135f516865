//! The questions. The source of the simulator's response is part of each.

use super::probe::Basis::{Documented, Inferred, Observed, Unknown};
use super::probe::{Basis, PlayStage, Probe, Step, get, post, put};

const VERDICT: &[&str] = &["respproc", "respcode", "respstat"];
const AUTH: &[&str] =
    &["respproc", "respcode", "respstat", "amount", "avsresp", "cvvresp", "#authcode", "#batchid"];
const FEE: &[&str] = &["amount", "fee_type", "fee_format", "fee_value", "fee_amount", "fee_merchid"];
const CAPTURE: &[&str] = &["respproc", "respcode", "respstat", "amount", "setlstat"];
const VOID: &[&str] = &["respproc", "respcode", "respstat", "amount", "authcode", "currency"];
const REFUND: &[&str] = &["respproc", "respcode", "respstat", "amount", "#authcode", "#retref"];
const RECORD: &[&str] = &[
    "respproc",
    "respcode",
    "respstat",
    "amount",
    "setlstat",
    "voidable",
    "refundable",
    "orderId",
    "#batchid",
];
const PROFILE: &[&str] = &["respproc", "respcode", "respstat", "acctid", "defaultacct", "expiry", "accttype"];
const TOKEN: &[&str] = &["errorcode", "message"];

const AUTH_PATH: &str = "/cardconnect/rest/auth";
const CAPTURE_PATH: &str = "/cardconnect/rest/capture";
const VOID_PATH: &str = "/cardconnect/rest/void";
const REFUND_PATH: &str = "/cardconnect/rest/refund";
const PROFILE_PATH: &str = "/cardconnect/rest/profile";
const INQUIRE_PATH: &str = "/cardconnect/rest/inquire/{retref}/{mid}";
const BY_ORDER_PATH: &str = "/cardconnect/rest/inquireByOrderid/{order}/{mid}/1";
const TOKENIZE_PATH: &str = "/cardsecure/api/v1/ccn/tokenize";

/// A sale on an approved card, with more members.
macro_rules! sale {
    ($amount:literal $(, $more:literal)?) => {
        concat!(
            r#"{"merchid":"{mid}","account":"4788250000121443","expiry":"1249","cvv2":"112","#,
            r#""postal":"55555","ecomind":"E","orderid":"{order}","amount":""#, $amount, "\"", $(",", $more,)? "}"
        )
    };
}

/// A payment with another card.
macro_rules! of_card {
    ($card:literal, $amount:literal) => {
        concat!(
            r#"{"merchid":"{mid}","account":""#,
            $card,
            r#"","expiry":"1249","postal":"55555","#,
            r#""orderid":"{order}","amount":""#,
            $amount,
            "\"}"
        )
    };
}

/// A request that names the transaction of an earlier step.
macro_rules! named {
    ($retref:literal $(, $more:literal)?) => {
        concat!(r#"{"merchid":"{mid}","retref":"{"#, $retref, "}\"", $(",", $more,)? "}")
    };
}

mod live;
mod settled;

pub(super) use live::all as live;

fn authorized() -> Step {
    put(AUTH_PATH, sale!("10.{cents}"), VERDICT)
}

fn captured() -> Step {
    put(AUTH_PATH, sale!("10.{cents}", r#""capture":"Y""#), VERDICT)
}

fn record() -> Step {
    get(INQUIRE_PATH, RECORD)
}

fn capture() -> Step {
    put(CAPTURE_PATH, named!("retref"), CAPTURE).keeps(&[])
}

fn void() -> Step {
    put(VOID_PATH, named!("retref"), VOID).keeps(&[])
}

fn refund() -> Step {
    put(REFUND_PATH, named!("retref"), REFUND).keeps(&[])
}

fn at(stage: PlayStage, basis: Basis, name: &'static str, steps: Vec<Step>) -> Probe {
    Probe { name, basis, stage, steps }
}

fn probe(basis: Basis, name: &'static str, steps: Vec<Step>) -> Probe {
    at(PlayStage::First, basis, name, steps)
}

/// All probes, in no particular order.
pub(super) fn all() -> Vec<Probe> {
    [
        captures(),
        voids(),
        refunds(),
        authorizations(),
        refused(),
        further_members(),
        requests(),
        profiles(),
        inquiries(),
        receipts(),
        settled::sales(),
        settled::settled_sales(),
        settled::refunds_of_settled_sales(),
        settled::refunds(),
    ]
    .concat()
}

fn captures() -> Vec<Probe> {
    vec![
        probe(Unknown, "Capture of a voided payment", vec![authorized(), void(), capture(), record()]),
        probe(
            Unknown,
            "Capture of a declined payment",
            vec![put(AUTH_PATH, sale!("1051.00"), VERDICT), capture(), record()],
        ),
        probe(
            Unknown,
            "Capture of a verification",
            vec![put(AUTH_PATH, sale!("0.00"), AUTH), capture(), record()],
        ),
        probe(
            Inferred,
            "A second capture replaces the amount",
            vec![
                authorized(),
                put(CAPTURE_PATH, named!("retref", r#""amount":"4.00""#), CAPTURE).keeps(&[]),
                put(CAPTURE_PATH, named!("retref", r#""amount":"6.00""#), CAPTURE).keeps(&[]),
                record(),
            ],
        ),
        probe(
            Unknown,
            "Capture of more than was authorized",
            vec![
                authorized(),
                put(CAPTURE_PATH, named!("retref", r#""amount":"11.00""#), CAPTURE).keeps(&[]),
                record(),
            ],
        ),
        probe(
            Unknown,
            "Capture of 0.00",
            vec![
                authorized(),
                put(CAPTURE_PATH, named!("retref", r#""amount":"0.00""#), CAPTURE).keeps(&[]),
                record(),
            ],
        ),
        probe(
            Observed,
            "Capture of an unknown reference",
            vec![put(CAPTURE_PATH, r#"{"merchid":"{mid}","retref":"000000000001"}"#, CAPTURE)],
        ),
    ]
}

fn voids() -> Vec<Probe> {
    vec![
        probe(Documented, "Void of an authorization", vec![authorized(), void(), record()]),
        probe(Documented, "Void of a captured payment", vec![captured(), void(), record()]),
        probe(Unknown, "A second void", vec![authorized(), void(), void(), record()]),
        probe(
            Unknown,
            "Void of a declined payment",
            vec![put(AUTH_PATH, sale!("1051.00"), VERDICT), void(), record()],
        ),
        probe(
            Documented,
            "Void of a part of an authorization",
            vec![
                authorized(),
                put(VOID_PATH, named!("retref", r#""amount":"4.00""#), VOID).keeps(&[]),
                record(),
            ],
        ),
        probe(
            Unknown,
            "Void of a part of a captured payment",
            vec![
                captured(),
                put(VOID_PATH, named!("retref", r#""amount":"4.00""#), VOID).keeps(&[]),
                record(),
            ],
        ),
        probe(
            Unknown,
            "Void of more than there is",
            vec![
                authorized(),
                put(VOID_PATH, named!("retref", r#""amount":"11.00""#), VOID).keeps(&[]),
                record(),
            ],
        ),
        probe(
            Inferred,
            "Void by order id of two payments",
            vec![
                authorized(),
                authorized(),
                put("/cardconnect/rest/voidByOrderId", r#"{"merchid":"{mid}","orderid":"{order}"}"#, VOID),
                get(BY_ORDER_PATH, RECORD),
            ],
        ),
    ]
}

fn refunds() -> Vec<Probe> {
    vec![
        probe(Documented, "Refund before settlement", vec![captured(), refund(), record()]),
        probe(Unknown, "Refund of a voided payment", vec![captured(), void(), refund()]),
        probe(
            Unknown,
            "Refund of a declined payment",
            vec![put(AUTH_PATH, sale!("1051.00"), VERDICT), refund()],
        ),
        probe(
            Observed,
            "Refund of an unknown reference",
            vec![put(REFUND_PATH, r#"{"merchid":"{mid}","retref":"000000000001"}"#, VERDICT)],
        ),
    ]
}

fn authorizations() -> Vec<Probe> {
    const NO_CVV: &str =
        r#"{"merchid":"{mid}","amount":"10.{cents}","account":"4788250000121443","expiry":"1249"}"#;
    vec![
        probe(
            Documented,
            "An approved sale",
            vec![put(AUTH_PATH, sale!("10.{cents}", r#""capture":"Y""#), AUTH), record()],
        ),
        probe(Unknown, "An amount whose code does not exist", vec![put(AUTH_PATH, sale!("1999.00"), AUTH)]),
        probe(Unknown, "No CVV", vec![put(AUTH_PATH, NO_CVV, AUTH)]),
        probe(
            Unknown,
            "The same payment twice",
            vec![authorized(), authorized(), get(BY_ORDER_PATH, RECORD)],
        ),
        probe(
            Unknown,
            "A recurring payment that is not marked as one",
            vec![put(AUTH_PATH, sale!("10.{cents}", r#""cof":"M","cofscheduled":"Y""#), VERDICT)],
        ),
        probe(
            Unknown,
            "A payment of 1010.00, whose code is an approval on First Data North",
            vec![put(AUTH_PATH, sale!("1010.00"), AUTH)],
        ),
        probe(
            Documented,
            "A timeout at the processor",
            vec![
                put(
                    AUTH_PATH,
                    r#"{"merchid":"{mid}","amount":"10.{cents}","account":"4999006200620062","expiry":"1249","orderid":"{order}"}"#,
                    CAPTURE,
                ),
                get(BY_ORDER_PATH, RECORD),
            ],
        ),
        probe(Documented, "A declined payment", vec![put(AUTH_PATH, sale!("1051.00"), AUTH), record()]),
        probe(
            Observed,
            "An amount without a decimal point",
            vec![put(AUTH_PATH, sale!("13{cents}"), &["respstat", "amount"])],
        ),
    ]
}

/// Payments without a member, or with a wrong one, which may be refused.
fn refused() -> Vec<Probe> {
    const UNNAMED: &str = r#"{"merchid":"{mid}","amount":"10.{cents}","expiry":"1249"}"#;
    const NO_EXPIRY: &str = r#"{"merchid":"{mid}","amount":"10.{cents}","account":"4788250000121443"}"#;
    const PREFIX: &str =
        r#"{"merchid":"{mid}","amount":"10.{cents}","account":"1234567812345670","expiry":"1249"}"#;
    const LONG: &str = "{\"merchid\":\"{mid}\",\"amount\":\"10.{cents}\",\"account\":\"4788250000121443\",\
        \"expiry\":\"1249\",\"orderid\":\"o23456789012345678901234567890123456789012345678901\"}";
    const PAST: &str =
        r#"{"merchid":"{mid}","amount":"10.{cents}","account":"4788250000121443","expiry":"1220"}"#;
    vec![
        probe(Inferred, "No account", vec![put(AUTH_PATH, UNNAMED, VERDICT)]),
        probe(
            Observed,
            "A card that cannot be read",
            vec![put(
                AUTH_PATH,
                r#"{"merchid":"{mid}","amount":"10.{cents}","account":"unreadable","expiry":"1249"}"#,
                &["respproc", "respcode", "respstat", "account", "expiry"],
            )],
        ),
        probe(
            Observed,
            "An unknown merchant account",
            vec![put(
                AUTH_PATH,
                r#"{"merchid":"UNKNOWN000000000","amount":"10.{cents}","account":"4788250000121443","expiry":"1249"}"#,
                VERDICT,
            )],
        ),
        probe(Inferred, "No expiry", vec![put(AUTH_PATH, NO_EXPIRY, VERDICT)]),
        probe(
            Unknown,
            "No amount",
            vec![put(
                AUTH_PATH,
                r#"{"merchid":"{mid}","account":"4788250000121443","expiry":"1249"}"#,
                VERDICT,
            )],
        ),
        probe(Unknown, "An amount that cannot be read", vec![put(AUTH_PATH, sale!("ten"), VERDICT)]),
        probe(Inferred, "An unknown card prefix", vec![put(AUTH_PATH, PREFIX, VERDICT)]),
        probe(Inferred, "An order id that is too long", vec![put(AUTH_PATH, LONG, VERDICT)]),
        probe(Inferred, "A past expiry", vec![put(AUTH_PATH, PAST, VERDICT)]),
    ]
}

/// Members that only some responses have.
fn further_members() -> Vec<Probe> {
    const NAMED: &[&str] = &["respstat", "merchid"];
    const ADVICE: &[&str] = &[
        "respstat",
        "merchAdviceCode",
        "merchadvicecode",
        "declineCategory",
        "declinecategory",
        "assocRespCode",
        "assocrespcode",
    ];
    vec![
        probe(
            Unknown,
            "Merchant advice without a series",
            vec![put(AUTH_PATH, of_card!("5442981111111064", "2999.21"), ADVICE), get(INQUIRE_PATH, ADVICE)],
        ),
        probe(
            Documented,
            "A card scheme's own decline code",
            vec![put(AUTH_PATH, of_card!("4387751111111012", "2888.05"), ADVICE), get(INQUIRE_PATH, ADVICE)],
        ),
        probe(
            Documented,
            "A signature and user fields",
            vec![put(
                AUTH_PATH,
                sale!("10.{cents}", r#""signature":"c2lnbmVk","userfields":[{"a":"1"}]"#),
                &["respstat", "signature", "userfields"],
            )],
        ),
        probe(
            Documented,
            "A payment from a checking account",
            vec![put(
                AUTH_PATH,
                concat!(
                    r#"{"merchid":"{mid}","account":"15378535","bankaba":"053000196","accttype":"ECHK","#,
                    r#""name":"Ann Smith","ecomind":"E","capture":"Y","orderid":"{order}","amount":"10.{cents}"}"#
                ),
                &["respproc", "respcode", "respstat", "merchid", "avsresp", "cvvresp"],
            )],
        ),
        probe(
            Documented,
            "A voice authorization",
            vec![put(AUTH_PATH, sale!("10.{cents}", r#""authcode":"046221""#), VERDICT), void()],
        ),
        probe(
            Documented,
            "The merchant account that responses name",
            vec![put(AUTH_PATH, sale!("10.{cents}"), NAMED), get(INQUIRE_PATH, NAMED)],
        ),
    ]
}

fn requests() -> Vec<Probe> {
    vec![
        probe(
            Documented,
            "Writes by POST",
            vec![
                authorized().posts(),
                capture().posts(),
                void().posts(),
                refund().posts(),
                put("/cardconnect/rest/voidByOrderId", r#"{"merchid":"{mid}","orderid":"{order}"}"#, VERDICT)
                    .posts(),
            ],
        ),
        probe(Unknown, "A body that is no JSON", vec![put(AUTH_PATH, "{", &["error", "path"])]),
        probe(
            Unknown,
            "No credentials",
            vec![put(AUTH_PATH, sale!("10.{cents}"), &["error", "path"]).unsigned()],
        ),
        probe(
            Documented,
            "An unknown path",
            vec![get("/cardconnect/rest/nothing", &["error", "path", "status"])],
        ),
    ]
}

fn profiles() -> Vec<Probe> {
    const CREATE: &str = "{\"merchid\":\"{mid}\",\"account\":\"4788250000121443\",\"expiry\":\"1249\",\
        \"name\":\"{order}\",\"cofpermission\":\"Y\"}";
    const SECOND: &str = "{\"merchid\":\"{mid}\",\"profile\":\"{profileid}\",\"account\":\"5454545454545454\",\
        \"expiry\":\"1249\",\"cofpermission\":\"Y\"}";
    const NO_EXPIRY: &str = r#"{"merchid":"{mid}","account":"4788250000121443","name":"{order}-x"}"#;
    const KEPT: &[(&str, &str)] = &[("profileid", "profileid")];
    let create = || put(PROFILE_PATH, CREATE, PROFILE).keeps(KEPT);
    let delete_all = || get("/cardconnect/rest/profile/{profileid}//{mid}", VERDICT).deletes();
    vec![
        probe(
            Documented,
            "A profile with two accounts is read and deleted",
            vec![
                create(),
                put(PROFILE_PATH, SECOND, PROFILE).keeps(&[]),
                get("/cardconnect/rest/profile/{profileid}//{mid}", PROFILE),
                get("/cardconnect/rest/profile/{profileid}/1/{mid}", VERDICT).deletes(),
                get("/cardconnect/rest/profile/{profileid}/2/{mid}", VERDICT).deletes(),
                delete_all(),
            ],
        ),
        probe(
            Unknown,
            "A profile that is not there",
            vec![
                get("/cardconnect/rest/profile/11111111111111111111/1/{mid}", VERDICT),
                get("/cardconnect/rest/profile/11111111111111111111/1/{mid}", VERDICT).deletes(),
            ],
        ),
        probe(
            Observed,
            "A profile without an expiry",
            vec![put(PROFILE_PATH, NO_EXPIRY, PROFILE).keeps(KEPT), delete_all()],
        ),
        probe(
            Documented,
            "A stored card without permission",
            vec![
                put(
                    AUTH_PATH,
                    sale!("10.{cents}", r#""profile":"Y""#),
                    &["respproc", "respcode", "respstat", "acctid"],
                )
                .keeps(KEPT),
                get("/cardconnect/rest/profile/{profileid}//{mid}", &["acctid", "cofpermission"]),
                delete_all(),
            ],
        ),
        probe(
            Unknown,
            "A stored card together with another account",
            vec![
                create(),
                put(
                    AUTH_PATH,
                    sale!("10.{cents}", r#""profile":"{profileid}""#),
                    &["respstat", "acctid", "cvvresp"],
                ),
                delete_all(),
            ],
        ),
    ]
}

/// Which responses name the order id, and in which spelling.
fn receipts() -> Vec<Probe> {
    const NAMED: &[&str] = &["respstat", "orderId", "orderid", "receipt"];
    const WANTED: &str = named!("retref", r#""receipt":"Y""#);
    let sale = || put(AUTH_PATH, sale!("10.{cents}", r#""receipt":"Y""#), NAMED);
    let wanted = |path| put(path, WANTED, NAMED).keeps(&[]);
    vec![
        probe(
            Documented,
            "A receipt names the order",
            vec![sale(), wanted(CAPTURE_PATH), wanted(VOID_PATH), get(INQUIRE_PATH, NAMED)],
        ),
        probe(
            Unknown,
            "A refusal's receipt",
            vec![
                put(AUTH_PATH, sale!("1051.00", r#""receipt":"Y""#), NAMED),
                put(AUTH_PATH, sale!("ten", r#""receipt":"Y""#), NAMED),
                sale(),
                wanted(REFUND_PATH),
                wanted(VOID_PATH),
                wanted(CAPTURE_PATH),
                wanted(VOID_PATH),
            ],
        ),
        probe(
            Unknown,
            "No receipt",
            vec![
                put(AUTH_PATH, sale!("10.{cents}"), NAMED),
                put(CAPTURE_PATH, named!("retref"), NAMED).keeps(&[]),
                put(VOID_PATH, named!("retref"), NAMED).keeps(&[]),
            ],
        ),
    ]
}

fn unknown_reference() -> Probe {
    let inquiry = get("/cardconnect/rest/inquire/000000000001/{mid}", VERDICT);
    probe(Observed, "An unknown reference", vec![inquiry])
}

fn unknown_order_id() -> Probe {
    let inquiry = get("/cardconnect/rest/inquireByOrderid/{order}-none/{mid}/1", VERDICT);
    probe(Observed, "An unknown order id", vec![inquiry])
}

fn inquiries() -> Vec<Probe> {
    vec![
        probe(
            Unknown,
            "What an inquiry leaves out",
            vec![
                authorized(),
                get(INQUIRE_PATH, &["authcode", "avsresp", "cvvresp", "capturedate", "entrymode"]),
            ],
        ),
        unknown_reference(),
        unknown_order_id(),
        probe(
            Documented,
            "A bin",
            vec![
                put(AUTH_PATH, sale!("10.{cents}"), VERDICT).keeps(&[("token", "token")]),
                get("/cardconnect/rest/bin/{mid}/{token}", &["country", "product", "success", "errormsg"]),
            ],
        ),
        probe(
            Documented,
            "Fee members, or none",
            vec![
                put(AUTH_PATH, sale!("10.{cents}"), FEE),
                get(INQUIRE_PATH, FEE),
                put(CAPTURE_PATH, named!("retref", r#""amount":"4.00""#), FEE).keeps(&[]),
                get(INQUIRE_PATH, FEE),
            ],
        ),
        probe(
            Unknown,
            "A surcharge's preview",
            vec![
                put(AUTH_PATH, sale!("10.{cents}"), VERDICT).keeps(&[("token", "token")]),
                get(
                    "/cardconnect/rest/surcharge?merchid={mid}&postal=10118&amount=24.99&token={token}",
                    &["respproc", "respcode", "token", "postal", "fee_amount", "messages"],
                ),
            ],
        ),
        probe(
            Observed,
            "Settlement of a day without batches",
            vec![get("/cardconnect/rest/settlestat?merchid={mid}&batchid=1", VERDICT)],
        ),
        probe(
            Documented,
            "Deposits of a day without any",
            vec![get("/cardconnect/rest/funding?merchid={mid}&date=20000101", &["errormsg"])],
        ),
        probe(
            Documented,
            "Tokens",
            vec![
                post(TOKENIZE_PATH, r#"{"account":"4788250000121443"}"#, &["errorcode", "message", "token"]),
                post(TOKENIZE_PATH, r#"{"account":"4788250000121444"}"#, &["errorcode"]),
                post(TOKENIZE_PATH, r#"{"account":""}"#, &["errorcode"]),
                post("/cardsecure/api/v1/echo", r#"{"message":"Hello?"}"#, TOKEN),
            ],
        ),
    ]
}
