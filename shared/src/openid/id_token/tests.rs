use memory::SetClock;
use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::*;
use crate::openid::{IssuerDocuments, KEYS_FRESH};

const ISSUER: &str = "https://issuer.shop.example";
const AUDIENCE: &str = "tollgate";
const NOW: i64 = 1_767_787_200;

/// An issuer with a key, in memory.
struct TestIssuer {
    key: Mutex<(String, EcdsaKeyPair)>,
    extra_keys: Vec<Value>,
    is_down: Mutex<bool>,
    reads: AtomicUsize,
    issuer_it_states: &'static str,
}

fn key_pair() -> EcdsaKeyPair {
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap()
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

impl TestIssuer {
    fn new() -> Self {
        Self {
            key: Mutex::new(("first".to_owned(), key_pair())),
            extra_keys: Vec::new(),
            is_down: Mutex::new(false),
            reads: AtomicUsize::new(0),
            issuer_it_states: ISSUER,
        }
    }

    fn rotate(&self, id: &str) {
        *self.key.lock().unwrap() = (id.to_owned(), key_pair());
    }

    fn public_key(&self) -> Value {
        let key = self.key.lock().unwrap();
        let point = key.1.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        json!({"kty": "EC", "crv": "P-256", "kid": key.0, "use": "sig", "alg": "ES256", "x": x, "y": y})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.key.lock().unwrap().1.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token whose claims are the usual ones, changed by these.
    fn token(&self, changes: &Value) -> String {
        let id = self.key.lock().unwrap().0.clone();
        self.sign(&json!({"alg": "ES256", "kid": id, "typ": "JWT"}), &claims(changes))
    }
}

fn claims(changes: &Value) -> Value {
    let mut claims =
        json!({"iss": ISSUER, "sub": "ann-1", "aud": AUDIENCE, "iat": NOW - 10, "exp": NOW + 3600});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

#[async_trait]
impl IssuerDocuments for Arc<TestIssuer> {
    async fn get(&self, url: &str) -> Result<Vec<u8>, IssuerUnavailable> {
        if *self.is_down.lock().unwrap() {
            return Err(IssuerUnavailable("it does not respond".to_owned()));
        }
        let document = match url.strip_prefix(ISSUER) {
            Some("/.well-known/openid-configuration") => {
                json!({"issuer": self.issuer_it_states, "jwks_uri": format!("{ISSUER}/keys")})
            }
            Some("/keys") => {
                self.reads.fetch_add(1, Ordering::Relaxed);
                let mut keys = vec![self.public_key()];
                keys.extend(self.extra_keys.iter().cloned());
                json!({ "keys": keys })
            }
            _ => panic!("{url}"),
        };
        Ok(document.to_string().into_bytes())
    }
}

fn id_tokens(issuer: &Arc<TestIssuer>, clock: &Arc<SetClock>) -> IdTokens {
    let url: crate::openid::IssuerUrl = ISSUER.parse().unwrap();
    let keys = IssuerKeys::new(url.clone(), Arc::new(Arc::clone(issuer)), clock.clone());
    let settings = IssuerSettings { url, is_single_tenant: true, required: None };
    IdTokens::new(settings, keys, clock.clone())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// An issuer, a clock at [`NOW`], and the verifier.
fn world() -> (Arc<TestIssuer>, Arc<SetClock>, IdTokens) {
    let (issuer, clock) = (Arc::new(TestIssuer::new()), Arc::new(SetClock::at(at(NOW))));
    let tokens = id_tokens(&issuer, &clock);
    (issuer, clock, tokens)
}

/// The claims of the sample in "Understanding the identity (ID) token", Amazon Cognito Developer
/// Guide, without names that no rule reads. Of its own are the issuer and the two times.
fn cognito(issuer: &str, now: i64) -> Value {
    let mut claims: Value = serde_json::from_str(include_str!("cognito_id_token.json")).unwrap();
    claims["iss"] = json!(issuer);
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 300);
    claims
}

#[tokio::test]
async fn the_id_token_that_cognito_documents_says_who_it_is_only_to_its_own_client() {
    let (issuer, _, tokens) = world();
    let header = json!({"alg": "ES256", "kid": "first"});
    let token = issuer.sign(&header, &cognito(ISSUER, NOW - 1));
    let verified = tokens.verify(&token, "xxxxxxxxxxxxexample").await.unwrap();
    assert_eq!(verified.identity.subject.subject, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
    let email = verified.identity.verified_email.map(|email| email.to_string());
    assert_eq!(email.as_deref(), Some("my-test-user@example.com"));
    assert_eq!(tokens.verify(&token, AUDIENCE).await, Err(IdTokenError::Invalid));
    let elsewhere = "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example";
    let token = issuer.sign(&header, &cognito(elsewhere, NOW - 1));
    assert_eq!(
        tokens.verify(&token, "xxxxxxxxxxxxexample").await,
        Err(IdTokenError::Invalid),
        "another pool"
    );
}

async fn is_valid(tokens: &IdTokens, token: &str) -> bool {
    match tokens.verify(token, AUDIENCE).await {
        Ok(_) => true,
        Err(IdTokenError::Invalid) => false,
        Err(IdTokenError::Unavailable(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn who_signed_in_is_known_by_issuer_and_subject_and_by_a_verified_address() {
    let (issuer, _, tokens) = world();
    let token = issuer.token(&json!({"email": "Ann@Shop.example", "email_verified": true}));
    let verified = tokens.verify(&token, AUDIENCE).await.unwrap();
    let subject = Subject { issuer: ISSUER.to_owned(), subject: "ann-1".to_owned() };
    let email = Some("ann@shop.example".parse().unwrap());
    assert_eq!(verified.identity, Identity { subject, verified_email: email });
    assert_eq!(verified.expires, at(NOW + 3600));
    for unverified in [
        json!({"email": "ann@shop.example"}),
        json!({"email": "ann@shop.example", "email_verified": false}),
        json!({"email": "ann@shop.example", "email_verified": "false"}),
        json!({"email": "no address", "email_verified": true}),
    ] {
        let verified = tokens.verify(&issuer.token(&unverified), AUDIENCE).await.unwrap();
        assert_eq!(verified.identity.verified_email, None, "{unverified}");
    }
}

#[tokio::test]
async fn an_address_at_an_issuer_for_everybody_is_nobodys() {
    let (issuer, clock, _) = world();
    let mut tokens = id_tokens(&issuer, &clock);
    tokens.settings.is_single_tenant = false;
    let token = issuer.token(&json!({"email": "ann@shop.example", "email_verified": true}));
    assert_eq!(tokens.verify(&token, AUDIENCE).await.unwrap().identity.verified_email, None);
}

#[tokio::test]
async fn claims_of_another_issuer_audience_or_time_are_refused() {
    let (issuer, _, tokens) = world();
    for accepted in [
        json!({}),
        json!({"aud": [AUDIENCE]}),
        json!({"aud": [AUDIENCE, "other"], "azp": AUDIENCE}),
        json!({"iat": NOW - 300}),
        json!({"iat": NOW + 60}),
        json!({"exp": NOW + 1}),
        json!({"exp": f64::from(u32::try_from(NOW).unwrap()) + 0.5}),
        json!({"nbf": NOW}),
        json!({"token_use": "id", "cognito:groups": ["staff"]}),
    ] {
        assert!(is_valid(&tokens, &issuer.token(&accepted)).await, "{accepted}");
    }
    for refused in [
        json!({"iss": "https://other.example"}),
        json!({"iss": format!("{ISSUER}/")}),
        json!({"iss": null}),
        json!({"aud": "other"}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"aud": [AUDIENCE, "other"]}),
        json!({"azp": "other"}),
        json!({"aud": [AUDIENCE, "other"], "azp": "other"}),
        json!({"exp": NOW}),
        json!({"exp": null}),
        json!({"exp": "2099"}),
        json!({"iat": NOW - 301}),
        json!({"iat": NOW + 61}),
        json!({"iat": null}),
        json!({"iat": 1e300}),
        json!({"nbf": NOW + 61}),
        json!({"sub": ""}),
        json!({"sub": null}),
        json!({"sub": "a".repeat(256)}),
        json!({"sub": "ann\n"}),
    ] {
        assert!(!is_valid(&tokens, &issuer.token(&refused)).await, "{refused}");
    }
}

#[tokio::test]
async fn a_header_cannot_choose_what_verifies() {
    let (issuer, _, tokens) = world();
    let claims = claims(&json!({}));
    let good = issuer.token(&json!({}));
    assert!(is_valid(&tokens, &good).await);
    let unsigned = |header: Value| format!("{}.{}.", encoded(&header), encoded(&claims));
    // The public key, as the secret of an HMAC.
    let public = issuer.public_key();
    let signed = format!("{}.{}", encoded(&json!({"alg": "HS256", "kid": "first"})), encoded(&claims));
    let with_public_key = |secret: &[u8]| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let x = URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap()).unwrap();
    let (stranger, own) = (TestIssuer::new(), issuer.public_key());
    let (start, signature) = good.rsplit_once('.').unwrap();
    let forged = stranger.token(&json!({}));
    for (hazard, token) in [
        ("none", unsigned(json!({"alg": "none", "kid": "first"}))),
        ("no algorithm", unsigned(json!({"kid": "first"}))),
        ("no signature", unsigned(json!({"alg": "ES256", "kid": "first"}))),
        ("HS256 with the public key", with_public_key(public.to_string().as_bytes())),
        ("HS256 with a coordinate", with_public_key(&x)),
        ("ES384", issuer.sign(&json!({"alg": "ES384", "kid": "first"}), &claims)),
        ("RS256 over a key of another kind", issuer.sign(&json!({"alg": "RS256", "kid": "first"}), &claims)),
        ("a stranger's key under our id", forged.clone()),
        (
            "a key in the header",
            stranger.sign(&json!({"alg": "ES256", "kid": "first", "jwk": stranger.public_key()}), &claims),
        ),
        (
            "an address of a key",
            stranger.sign(&json!({"alg": "ES256", "kid": "first", "jku": "https://evil.example"}), &claims),
        ),
        (
            "what has to be understood",
            issuer.sign(&json!({"alg": "ES256", "kid": "first", "crit": ["b64"], "b64": false}), &claims),
        ),
        ("an access token", issuer.sign(&json!({"alg": "ES256", "kid": "first", "typ": "at+jwt"}), &claims)),
        (
            "an encrypted token",
            issuer.sign(&json!({"alg": "ECDH-ES", "enc": "A256GCM", "kid": "first"}), &claims),
        ),
        ("no token", String::new()),
        ("two parts", start.to_owned()),
        ("four parts", format!("{good}.a")),
        ("another signature", format!("{start}.{}", forged.rsplit_once('.').unwrap().1)),
        ("a shortened signature", format!("{start}.{}", &signature[..40])),
        ("too long", issuer.token(&json!({"groups": "g".repeat(TOKEN_MAX_BYTES)}))),
    ] {
        assert!(!is_valid(&tokens, &token).await, "{hazard}");
    }
    assert_eq!(own, issuer.public_key());
}

#[tokio::test]
async fn a_signature_that_was_rewritten_is_the_same_token() {
    let (issuer, _, tokens) = world();
    let good = issuer.token(&json!({}));
    let again = issuer.sign(&json!({"alg": "ES256", "kid": "first", "typ": "JWT"}), &claims(&json!({})));
    assert_ne!(good, again, "each signature has a random part");
    let [good, again] = [tokens.verify(&good, AUDIENCE).await, tokens.verify(&again, AUDIENCE).await];
    assert_eq!(good.unwrap().digest, again.unwrap().digest);
}

#[tokio::test]
async fn keys_are_read_once_an_hour_and_once_more_for_a_key_that_is_not_known() {
    let (issuer, clock, tokens) = world();
    let token_at = |seconds: i64| issuer.token(&json!({"iat": seconds, "exp": seconds + 3600}));
    for _ in 0..3 {
        assert!(is_valid(&tokens, &token_at(NOW)).await);
    }
    assert_eq!(issuer.reads.load(Ordering::Relaxed), 1);
    // Made-up ids right after a read cause none.
    let made_up = |id: &str| issuer.sign(&json!({"alg": "ES256", "kid": id}), &claims(&json!({})));
    assert!(!is_valid(&tokens, &made_up("second")).await);
    assert_eq!(issuer.reads.load(Ordering::Relaxed), 1);
    // A new key is found a minute later, and a thousand made-up ids read once.
    let before = token_at(NOW + 60);
    issuer.rotate("second");
    clock.set(at(NOW + 60));
    assert!(is_valid(&tokens, &token_at(NOW + 60)).await);
    assert!(!is_valid(&tokens, &before).await, "the old key is gone");
    for n in 0..1_000 {
        assert!(!is_valid(&tokens, &made_up(&format!("k{n}"))).await);
    }
    assert_eq!(issuer.reads.load(Ordering::Relaxed), 2);
    // A key that was withdrawn ends within an hour, also if no other is used.
    let old = token_at(NOW + 60 + KEYS_FRESH.as_secs());
    issuer.rotate("third");
    clock.set(at(NOW + 60 + KEYS_FRESH.as_secs()));
    assert!(!is_valid(&tokens, &old).await);
    assert_eq!(issuer.reads.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn an_issuer_that_does_not_respond_is_told_apart_from_a_wrong_token() {
    let (issuer, clock, tokens) = world();
    *issuer.is_down.lock().unwrap() = true;
    let token = issuer.token(&json!({}));
    let unavailable = Err(IdTokenError::Unavailable(IssuerUnavailable("it does not respond".to_owned())));
    assert_eq!(tokens.verify(&token, AUDIENCE).await, unavailable);
    // A text that is no token of an issuer is refused without it.
    assert_eq!(tokens.verify("a.b.c", AUDIENCE).await, Err(IdTokenError::Invalid));
    *issuer.is_down.lock().unwrap() = false;
    assert_eq!(tokens.verify(&token, AUDIENCE).await, unavailable, "it is left alone for a moment");
    clock.set(at(NOW + 5));
    assert!(is_valid(&tokens, &token).await);
}

#[tokio::test]
async fn an_issuer_that_describes_another_is_not_used() {
    let (_, clock, _) = world();
    let issuer = Arc::new(TestIssuer { issuer_it_states: "https://other.example", ..TestIssuer::new() });
    let result = id_tokens(&issuer, &clock).verify(&issuer.token(&json!({})), AUDIENCE).await;
    assert!(matches!(result, Err(IdTokenError::Unavailable(_))), "{result:?}");
}

#[tokio::test]
async fn a_sign_in_that_is_not_strong_enough_is_refused_where_that_is_required() {
    let (issuer, clock, _) = world();
    let mut tokens = id_tokens(&issuer, &clock);
    tokens.settings.required = StrongSignIn::from_lists(Some("mfa,hwk"), None).unwrap();
    for (amr, is_accepted) in
        [(json!(["pwd", "mfa"]), true), (json!("hwk"), true), (json!(["pwd"]), false), (json!(null), false)]
    {
        assert_eq!(is_valid(&tokens, &issuer.token(&json!({"amr": amr}))).await, is_accepted, "{amr}");
    }
    tokens.settings.required = StrongSignIn::from_lists(None, Some("urn:mfa")).unwrap();
    for (acr, is_accepted) in [(json!("urn:mfa"), true), (json!("0"), false), (json!(null), false)] {
        assert_eq!(is_valid(&tokens, &issuer.token(&json!({"acr": acr}))).await, is_accepted, "{acr}");
    }
}

/// Made by OpenSSL: `openssl dgst -sha256 -sign`, for PS256 with `rsa_padding_mode:pss` and a salt
/// of 32 bytes. The private key was thrown away.
#[tokio::test]
async fn rsa_signatures_of_both_kinds_are_verified_and_neither_passes_for_the_other() {
    let made: Value = serde_json::from_str(include_str!("rsa.json")).unwrap();
    let issuer =
        Arc::new(TestIssuer { extra_keys: vec![made["keys"]["keys"][0].clone()], ..TestIssuer::new() });
    let tokens = id_tokens(&issuer, &Arc::new(SetClock::at(at(NOW))));
    let [pkcs, pss] = ["RS256", "PS256"].map(|algorithm| made[algorithm].as_str().unwrap());
    for token in [pkcs, pss] {
        assert!(is_valid(&tokens, token).await);
        let (start, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = start.split_once('.').unwrap();
        let raised = format!("{header}.{}.{signature}", encoded(&claims(&json!({"sub": "eve-1"}))));
        assert!(!is_valid(&tokens, &raised).await);
    }
    let mixed = format!("{}.{}", pkcs.rsplit_once('.').unwrap().0, pss.rsplit_once('.').unwrap().1);
    assert!(!is_valid(&tokens, &mixed).await);
}
