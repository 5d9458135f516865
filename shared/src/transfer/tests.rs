use lambda_http::http;

use super::*;

const LONG: usize = COMPRESS_FROM_BYTES + 1;

fn asked(method: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = http::Request::builder().method(method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::Empty).unwrap()
}

fn said(status: u16, body: &str) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::Text(body.to_owned())).unwrap()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn a_long_body_is_compressed_only_for_a_client_that_takes_it() {
    let long = "x".repeat(LONG);
    for (accepts, is) in [
        (None, false),
        (Some("gzip"), true),
        (Some("GZIP"), true),
        (Some("x-gzip"), true),
        (Some("deflate, gzip;q=1.0, *;q=0.5"), true),
        (Some("*"), true),
        (Some("br, *;q=0.1"), true),
        (Some("gzip;q=0.001"), true),
        (Some("gzip;q=0"), false),
        (Some("gzip;q=0, *"), false),
        (Some("gzip;q=0.000"), false),
        (Some("*;q=0"), false),
        (Some("identity"), false),
        (Some("gzip;q=0.5, identity"), false),
        (Some("gzip;q=0.5, identity;q=0.5"), true),
        (Some("br, deflate"), false),
        (Some("gzip;q=2"), false),
        (Some("gzip;q=often"), false),
        (Some(""), false),
    ] {
        let headers: Vec<_> = accepts.iter().map(|accepts| ("accept-encoding", *accepts)).collect();
        for method in ["GET", "POST"] {
            let response = sent(&asked(method, &headers), said(200, &long));
            let is_compressed = header(&response, "content-encoding") == Some("gzip");
            assert_eq!(is_compressed, is, "{method} {accepts:?}");
            assert_eq!(matches!(response.body(), Body::Binary(_)), is, "{method} {accepts:?}");
            assert_eq!(header(&response, "vary"), Some("Accept-Encoding"));
        }
    }
    let short = &long[1..];
    let response = sent(&asked("GET", &[("accept-encoding", "gzip")]), said(200, short));
    assert_eq!((header(&response, "content-encoding"), header(&response, "vary")), (None, None));
    let failed = sent(&asked("POST", &[("accept-encoding", "gzip")]), said(422, &long));
    assert_eq!(header(&failed, "content-encoding"), Some("gzip"), "errors, too");
}

#[test]
fn a_body_that_the_client_has_is_not_sent_again() {
    let tag = |response: &Response<Body>| header(response, "etag").map(str::to_owned);
    let first = sent(&asked("GET", &[]), said(200, "one"));
    let own = tag(&first).unwrap();
    assert_eq!(tag(&sent(&asked("GET", &[]), said(200, "one"))), Some(own.clone()));
    assert_ne!(tag(&sent(&asked("GET", &[]), said(200, "two"))), Some(own.clone()));
    let weak = format!("W/{own}");
    let gzip = format!("\"{}-gzip\"", own.replace('"', ""));
    for (stated, has) in [
        (own.as_str(), true),
        (&weak, true),
        (&gzip, true),
        (&format!("\"other\", {own}"), true),
        ("*", true),
        ("\"other\"", false),
        ("", false),
    ] {
        for method in ["GET", "HEAD"] {
            let response = sent(&asked(method, &[("if-none-match", stated)]), said(200, "one"));
            assert_eq!(response.status() == 304, has, "{stated}");
            if has {
                assert!(matches!(response.body(), Body::Empty), "{stated}");
                assert_eq!((tag(&response), header(&response, "content-type")), (Some(own.clone()), None));
            }
        }
    }
}

#[test]
fn a_compressed_body_has_a_tag_of_its_own() {
    let long = "x".repeat(LONG);
    let tag = |headers: &[(&str, &str)]| {
        let response = sent(&asked("GET", headers), said(200, &long));
        header(&response, "etag").unwrap().trim_matches('"').to_owned()
    };
    let plain = tag(&[]);
    assert_eq!(tag(&[("accept-encoding", "gzip")]), format!("{plain}-gzip"));
}

#[test]
fn only_what_is_read_and_does_not_depend_on_the_clock_has_a_tag() {
    for (method, status) in [("POST", 200), ("PUT", 200), ("GET", 404), ("GET", 202)] {
        let stated = asked(method, &[("if-none-match", "*")]);
        let response = sent(&stated, said(status, "one"));
        assert_eq!((response.status().as_u16(), header(&response, "etag")), (status, None), "{method}");
    }
    let mut of_now = said(200, "one");
    of_now.extensions_mut().insert(OfNow);
    let response = sent(&asked("GET", &[("if-none-match", "*")]), of_now);
    assert_eq!((response.status().as_u16(), header(&response, "etag")), (200, None));
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let long = "x".repeat(LONG);
    for status in [200, 404] {
        let headers = [("accept-encoding", "gzip")];
        let (get, head) = (
            sent(&asked("GET", &headers), said(status, &long)),
            sent(&asked("HEAD", &headers), said(status, &long)),
        );
        assert_eq!((head.status(), head.headers()), (get.status(), get.headers()));
        assert!(matches!(head.body(), Body::Empty));
    }
}
