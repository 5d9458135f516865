//! A request as API Gateway hands it to a function, checked before the library makes a request of
//! it: the library panics at a body, a path or a host that is none.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequest, http::header, request::LambdaRequest};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

/// Bytes of the longest path with its query. API Gateway's limit of a request's first line and
/// headers is 10,240; the library panics at a URL of 65,535.
const URL_MAX_BYTES: usize = 60_000;

/// An event of payload format 2.0, which the library can make a request of.
pub struct RequestEvent(ApiGatewayV2httpRequest);

impl<'de> Deserialize<'de> for RequestEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let event = serde_json::from_str(text.get());
        let event = event.map_err(|_| D::Error::custom(unreadable(text.get())))?;
        Self::checked(event).map_err(D::Error::custom)
    }
}

impl RequestEvent {
    fn checked(mut event: ApiGatewayV2httpRequest) -> Result<Self, &'static str> {
        let query = event.raw_query_string.as_deref().unwrap_or_default();
        // Undecoded text is no part of a URL, but says what is meant.
        if !query.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>".contains(&byte)) {
            let pairs = form_urlencoded::parse(query.as_bytes());
            let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            event.raw_query_string = Some(encoded);
        }
        let path = event.raw_path.as_deref().unwrap_or("/");
        let query_bytes = event.raw_query_string.as_ref().map_or(0, String::len);
        // The library encodes the path, which makes three bytes of one.
        if !path.starts_with('/') || 3 * path.len() + query_bytes > URL_MAX_BYTES {
            return Err("rawPath must begin with a slash, and be no longer than a URL with rawQueryString");
        }
        let encoded = event.body.as_deref().filter(|_| event.is_base64_encoded);
        if encoded.is_some_and(|body| BASE64_STANDARD.decode(body).is_err()) {
            return Err("body is not valid Base64, which isBase64Encoded says that it is");
        }
        // Nothing depends on the host, and any text can be in its place.
        event.headers.remove(header::HOST);
        event.request_context.domain_name = None;
        Ok(Self(event))
    }
}

impl From<RequestEvent> for LambdaRequest {
    fn from(event: RequestEvent) -> Self {
        Self::ApiGatewayV2(event.0)
    }
}

/// Why an event is no request, without any of its values: they may be card data.
fn unreadable(event: &str) -> String {
    let stated: Value = serde_json::from_str(event).unwrap_or_default();
    let is_format_1 = stated["version"] == "1.0"
        || (stated["version"].is_null()
            && (stated["httpMethod"].is_string() || stated["resource"].is_string()));
    if is_format_1 {
        return "the event has payload format 1.0 of API Gateway; this API takes 2.0".to_owned();
    }
    let mut deserializer = serde_json::Deserializer::from_str(event);
    let wrong = serde_path_to_error::deserialize::<_, ApiGatewayV2httpRequest>(&mut deserializer).err();
    // Names further in are the sender's.
    let member = wrong.and_then(|wrong| wrong.path().iter().next().map(ToString::to_string));
    let member = member.map(|name| format!("; {name} is wrong")).unwrap_or_default();
    format!("the event is no request in payload format 2.0 of API Gateway{member}")
}
