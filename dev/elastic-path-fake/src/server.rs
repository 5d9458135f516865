//! Connections. hyper is driven directly, because an error from its service closes the connection
//! before a response.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    control,
    world::{self, Call, Reply, World},
};

/// The largest body of a request. The API's are far smaller.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The pause after a failed accept, for example without free file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until the task is aborted; its connections end with it.
pub(crate) async fn serve(listener: TcpListener, world: Arc<Mutex<World>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                };
                let world = world.clone();
                let service = service_fn(move |request| respond(request, world.clone()));
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // An error is a fault of this fake, or a client that went away.
                connections.spawn(async move { drop(connection.await) });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn reply_to(call: Call, world: &Mutex<World>) -> Reply {
    let mut world = world::locked(world);
    match call.path.strip_prefix(control::PREFIX) {
        Some(path) => control::respond(&mut world, &call, path),
        None => world.respond(call),
    }
}

async fn respond(
    request: Request<Incoming>,
    world: Arc<Mutex<World>>,
) -> std::io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(std::io::Error::other)?.to_bytes();
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let call = Call {
        method: head.method.to_string(),
        path: head.uri.path().into(),
        segments: head.uri.path().split('/').skip(1).map(decoded).collect(),
        query: head.uri.query().unwrap_or_default().into(),
        bearer: header("authorization").and_then(bearer),
        asked_headers: header("access-control-request-headers").unwrap_or_default().into(),
        body: body.to_vec(),
        number: 0,
    };
    let reply = reply_to(call, &world);
    tokio::time::sleep(reply.delay).await;
    written(reply)
}

/// The token of a header. Some clients write a colon behind the scheme.
fn bearer(header: &str) -> Option<String> {
    let token = header.strip_prefix("Bearer")?.trim_start_matches(':');
    token.strip_prefix(' ').map(str::to_owned)
}

/// A segment of a path: decoded as a form's value, in which three characters mean something else.
fn decoded(segment: &str) -> String {
    let value = format!("={}", segment.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(value.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn written(reply: Reply) -> std::io::Result<Response<Full<Bytes>>> {
    if reply.is_cut {
        return Err(std::io::ErrorKind::ConnectionAborted.into());
    }
    let status = StatusCode::from_u16(reply.status).map_err(std::io::Error::other)?;
    let mut response = Response::builder().status(status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::from(reply.body)).map_err(std::io::Error::other)
}
