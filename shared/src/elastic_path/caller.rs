//! The caller, from its access token, and the call's idempotency key.
//!
//! Idempotency keys are scoped by route, order and the transaction in the path, not by the path's
//! text, which stages and custom domains change.
//!
//! A shopper's token sees a transaction without its operations, and gets 404 for payments of the
//! credit-card API: their ids follow from public data (merchant and reference) and could be
//! guessed.

use lambda_http::Request;
use tollgate_core::order::{KeyDigest, Order, Principal, Rejection, Transaction};
use uuid::Uuid;

use crate::{
    access_token,
    api::{
        Caller, Code, Document, Failure, Node, Problem,
        members::{IDEMPOTENCY_KEY, METADATA, Stray, UNKNOWN_SHOWN_MAX, is_written_as, strays},
    },
    elastic_path::response::View,
    invocation::route_key,
    ports::Api,
};

/// The header of a key, as errors name it.
const KEY_HEADER: &str = "Idempotency-Key";

/// Headers that other APIs have for a key.
const MISNAMED_HEADERS: [&str; 2] = ["X-Idempotency-Key", "Idempotent-Key"];

/// The member of a key, in `data` or beside it.
const KEY_MEMBER: &str = "options.idempotency_key";

/// Longest `Idempotency-Key`, in characters.
const KEY_MAX_CHARS: usize = 255;

/// The header with the secret of a payment, for a shopper whose token was renewed since it paid.
const CLIENT_SECRET: &str = "x-client-secret";

impl Caller {
    /// Whether the caller may read a payment: the merchant any, a shopper its own and those whose
    /// secret it holds.
    fn may_read(&self, request: &Request, transaction: &Transaction) -> bool {
        match self.principal {
            Principal::ClientCredentials => true,
            Principal::Implicit => {
                let secret = request.headers().get(CLIENT_SECRET).and_then(|value| value.to_str().ok());
                let holds = |secret| access_token::is_client_secret(&self.merchant, transaction.id, secret);
                (self.shopper.is_some() && transaction.shopper == self.shopper) || secret.is_some_and(holds)
            }
            Principal::Schedule | Principal::Unrecognized => false,
        }
    }

    /// One of an order's payments, if the caller may know of the order and read it.
    pub(super) fn readable<'a>(
        &self,
        request: &Request,
        order: &'a Order,
        id: Uuid,
    ) -> Result<&'a Transaction, Rejection> {
        if !order.is_open_to(self.principal) {
            return Err(Rejection::OrderNotFound);
        }
        let found = order.transaction(id).filter(|found| self.may_read(request, found));
        found.ok_or(Rejection::TransactionNotFound)
    }

    /// How transactions are shown to this caller now.
    pub(super) fn view(&self, api: &Api) -> View<'static> {
        View { principal: self.principal, now: api.access.now(), gateway: api.payments.gateway.info() }
    }
}

/// The digest of the request's idempotency key. `target` is the transaction in the path, or a
/// shopper's scope.
///
/// The key is the `Idempotency-Key` header, bare or in quotes, or `options.idempotency_key` in the
/// body, which users of the SDK can set for a single call. A key under another name is refused
/// unless there is one.
pub(super) fn idempotency_key(
    request: &Request,
    body: &Document,
    target: &str,
) -> Result<Option<KeyDigest>, Failure> {
    let header = key_header(request);
    let member = in_options(body).map(|member| {
        let text = if let Node::Text(text) = member { Some(text.as_str()) } else { None };
        key_of(KEY_MEMBER, text.filter(|text| text.bytes().all(|b| matches!(b, b' '..=b'~'))))
    });
    let key = match (header.transpose()?, member.transpose()?) {
        (Some(header), Some(member)) if header != member => {
            let detail = "the Idempotency-Key header and options.idempotency_key say two things";
            return Err(Problem::about(KEY_HEADER, Code::InvalidValue, detail).into());
        }
        (header, member) => header.or(member),
    };
    if key.is_none() {
        no_misnamed_key(request, body)?;
    }
    Ok(key.map(|key| KeyDigest::new(counted_on(&route_key(request)), target, key)))
}

/// The key of the header. Two such headers arrive as one, joined by API Gateway with a comma: equal
/// ones are one key.
fn key_header(request: &Request) -> Option<Result<&str, Failure>> {
    let values = request.headers().get_all(KEY_HEADER).iter();
    let texts = values.map(|value| value.to_str().ok().filter(|text| !text.contains('\t')));
    let parts = texts.flat_map(|text| match text {
        Some(text) => text.split(',').map(Some).collect(),
        None => vec![None],
    });
    parts.map(|part| key_of(KEY_HEADER, part)).reduce(|one, other| match (one?, other?) {
        (one, other) if one == other => Ok(one),
        _ => {
            let detail = "holds several keys, or one with a comma: send one, and a key with a comma as \
                          options.idempotency_key";
            Err(Problem::invalid(KEY_HEADER, detail).into())
        }
    })
}

/// Refuses a key that nothing reads: its sender takes a repetition for safe.
fn no_misnamed_key(request: &Request, body: &Document) -> Result<(), Failure> {
    let misnamed = MISNAMED_HEADERS.into_iter().filter(|name| request.headers().contains_key(*name));
    let hint = format!("did you mean {KEY_HEADER}?");
    let headers = misnamed.map(|name| Stray { path: name.to_owned(), meant: KEY_HEADER }.problem(&hint));
    let data = body.member(&body.root, "data");
    let options = options(body);
    let is = |one: Option<&Node>, object: &Node| one.is_some_and(|one| std::ptr::eq(one, object));
    let in_place = |object: &Node, name: &str| {
        (name == IDEMPOTENCY_KEY && options.iter().any(|options| is(*options, object)))
            || (name == METADATA && is(data, object))
    };
    let meant = |name: &str| is_written_as(name, IDEMPOTENCY_KEY).then_some(KEY_MEMBER);
    let hint = format!("did you mean {KEY_MEMBER}?");
    let members = strays(body, request, in_place, meant).into_iter().map(|stray| stray.problem(&hint));
    Failure::of_problems(headers.chain(members).take(UNKNOWN_SHOWN_MAX).collect())
}

/// The route that a key counts on. The three paying routes are one, so that a payment repeated on
/// another route is not made twice: `/payments` with `method: purchase` is `/payments/purchase`.
fn counted_on(route: &str) -> &str {
    let payments = route.strip_suffix("/authorize").or_else(|| route.strip_suffix("/purchase"));
    payments.filter(|route| route.ends_with("/payments")).unwrap_or(route)
}

/// The objects `options`, in `data` and beside it.
fn options(body: &Document) -> [Option<&Node>; 2] {
    [body.member(&body.root, "data"), Some(&body.root)].map(|within| body.member(within?, "options"))
}

/// `options.idempotency_key`, in `data` or, as the SDK's refunds have it, beside it.
fn in_options(body: &Document) -> Option<&Node> {
    let keys = options(body).map(|options| body.member(options?, IDEMPOTENCY_KEY));
    keys.into_iter().flatten().find(|key| !matches!(key, Node::Null))
}

/// A key as it is written; `None` if it is no text of printable characters.
fn key_of<'a>(name: &str, text: Option<&'a str>) -> Result<&'a str, Failure> {
    let wrong = |predicate| Failure::from(Problem::invalid(name, predicate));
    let text = text.ok_or_else(|| wrong("may hold only printable ASCII characters"))?.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if key.is_empty() || key.len() > KEY_MAX_CHARS {
        return Err(wrong("must have 1 to 255 characters"));
    }
    Ok(key)
}
