//! The gateway's data about a merchant account, a card and a signature.

use cardpointe_simulator::{Settings, UnknownMerchid};
use serde_json::json;

use crate::harness::{MID, RPCT, VISA, assert_members, start, start_merchant, without_noise};

#[tokio::test]
async fn a_merchant_account_shows_how_it_is_set_up() {
    let settings = Settings { avs: false, enabled: false, ..Settings::default() };
    let gateway = start_merchant(settings).await;
    let shown = gateway.get(&format!("/inquireMerchant/{MID}")).await;
    assert_members(
        &shown,
        json!({ "merchid": MID, "enabled": false, "cardproc": "FNOR", "avs": "N", "cvv": "Y", "echeck": "Y" }),
    );
    let other = gateway.get(&format!("/inquireMerchant/{RPCT}")).await;
    assert_members(&other, json!({ "enabled": true, "cardproc": "RPCT", "avs": "Y", "fee_type": "N" }));
    let other = Settings { unknown_merchid: UnknownMerchid::Refused, echeck: false, ..Settings::default() };
    let other = start_merchant(other).await;
    assert_eq!(other.get("/inquireMerchant/1").await["respcode"], "21");
    assert_eq!(other.get(&format!("/inquireMerchant/{MID}")).await["echeck"], "N");
}

#[tokio::test]
async fn a_tokens_bin_tells_brand_and_kind_and_an_unknown_token_nothing() {
    let bin_success = Settings { bin_success: true, ..Settings::default() };
    let other = start_merchant(bin_success).await;
    assert_eq!(other.get(&format!("/bin/{MID}/9418594164541111")).await["success"], true);

    let gateway = start().await;
    let bin = async |token: &str| without_noise(&gateway.get(&format!("/bin/{MID}/{token}")).await);
    let token = async |account: &str| {
        let paid = gateway.auth(json!({ "account": account })).await;
        paid["token"].as_str().unwrap().to_owned()
    };
    let visa = bin(&token(VISA).await).await;
    assert_members(
        &visa,
        json!({
            "country": "USA", "product": "V", "bin": "411111", "corporate": false,
            "cardusestring": "True credit, No PIN/Signature capability", "binlo": "411111XXX",
        }),
    );
    let debit = bin(&token("4222222222222204").await).await;
    assert_eq!(debit["cardusestring"], "Debit Hybrid (PIN and Signature)");
    for (account, product) in [
        ("371449635398431", "A"),
        ("6011000995500000", "D"),
        ("36438999960016", "D"),
        ("3528000000000007", "D"),
    ] {
        let expected = json!({ "country": "USA", "product": product, "bin": account[..6] });
        assert_eq!(bin(&token(account).await).await, expected, "others have only these members");
    }
    assert_eq!(bin(&token("5454545454545454").await).await["product"], "M");
    assert_eq!(
        bin("9400000000000000").await,
        json!({ "success": true, "errormsg": "No bin information found." })
    );
}

#[tokio::test]
async fn a_signature_is_kept_and_shown_by_inquiries() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({})).await;
    let signed = gateway.put("sigcap", json!({ "retref": retref, "signature": "H4sIAAAA" })).await;
    assert_members(&signed, json!({ "resptext": "signature stored", "respcode": "02", "retref": retref }));
    assert_members(
        &gateway.inquire(&retref).await,
        json!({ "signature": "H4sIAAAA", "setlstat": "Authorized" }),
    );
    let refused = gateway.put("sigcap", json!({ "retref": "001000000000", "signature": "H4sI" })).await;
    assert_eq!(refused["respcode"], "29");
    assert_eq!(gateway.put("sigcap", json!({ "retref": retref })).await["respcode"], "34");
}
