//! A merchant's requests to the functions, before the API has an address. The samples are made with
//! them.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
};

use axum::{
    body::Bytes,
    http::{Request, StatusCode, header},
};
use serde_json::Value;
use tollgate_wire::Token;

use crate::{event::Routed, functions::Functions, template::RouteKey};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A route, the function behind it, and the parameters of its path.
pub(crate) struct ClientCall<'a> {
    pub(crate) function: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) parameters: &'a [(&'a str, &'a str)],
}

/// Somebody who has a token, or gets one.
pub(crate) struct Client<'a> {
    pub(crate) functions: &'a Functions,
    pub(crate) token: String,
}

impl Client<'_> {
    /// Acts with a merchant's key from now on.
    pub(crate) async fn log_in(&mut self, merchant: &str, key: &str) -> Result<(), String> {
        let form = [("grant_type", "client_credentials"), ("client_id", merchant), ("client_secret", key)];
        self.take_token(&form).await
    }

    /// Acts with the token that this form brings from now on.
    pub(crate) async fn take_token(&mut self, form: &[(&str, &str)]) -> Result<(), String> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let call =
            ClientCall { function: "token", method: "POST", path: "/oauth/access_token", parameters: &[] };
        let answer = successful(&call, self.respond(&call, FORM, form).await?)?;
        let token: Result<Token, _> = serde_json::from_value(answer);
        self.token = token.map_err(|_| "the token function answered no token".to_owned())?.access_token;
        Ok(())
    }

    /// The response to a request that has to succeed.
    pub(crate) async fn send(&self, call: &ClientCall<'_>, body: &Value) -> Result<Value, String> {
        successful(call, self.request(call, body).await?)
    }

    /// The response, with any status.
    pub(crate) async fn request(
        &self,
        call: &ClientCall<'_>,
        body: &Value,
    ) -> Result<(StatusCode, Value), String> {
        self.respond(call, JSON, body.to_string()).await
    }

    async fn respond(
        &self,
        call: &ClientCall<'_>,
        content_type: &str,
        body: String,
    ) -> Result<(StatusCode, Value), String> {
        let ClientCall { function, method, path, parameters } = *call;
        let mut uri = path.to_owned();
        for (name, value) in parameters {
            uri = uri.replace(&format!("{{{name}}}"), value);
        }
        let (parts, ()) = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, content_type)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(())
            .map_err(|error| error.to_string())?
            .into_parts();
        let key = RouteKey::Exact { method: method.to_owned(), path: path.to_owned() };
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let event = Routed {
            key: &key,
            parts: &parts,
            path_parameters: parameters.iter().map(own).collect::<BTreeMap<_, _>>(),
            body: &Bytes::from(body),
            from: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            at: self.functions.clock.now(),
            request_id: "sample",
        };
        // Not in a task of its own, which would log again.
        let answer = self.functions.run(function, &event.event().to_string()).await;
        let answer = answer.map_err(|error| format!("{function}: {error}"))?;
        let body = serde_json::from_slice(answer.body()).map_err(|error| format!("{function}: {error}"))?;
        Ok((answer.status(), body))
    }
}

fn successful(call: &ClientCall<'_>, (status, body): (StatusCode, Value)) -> Result<Value, String> {
    if status.is_success() {
        return Ok(body);
    }
    Err(format!("{} {} answered {status}: {body}", call.method, call.path))
}
