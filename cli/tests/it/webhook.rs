//! `webhook`.

use std::sync::{Arc, Mutex};

use axum::{Router, http::HeaderMap, routing::post};

use crate::support::{Fixture, MERCHANT};

const NOWHERE: &str = "http://127.0.0.1:9/hooks";

fn secret_in(text: &str) -> String {
    text.split_whitespace().find(|word| word.starts_with("whsec_")).unwrap().to_owned()
}

#[tokio::test]
async fn a_receivers_secret_is_shown_once_and_its_key_is_read_from_a_pipe() {
    let fixture = Fixture::open().await;
    let add = ["webhook", "add", MERCHANT, "shop", "--url", NOWHERE];
    let with_key = [&add[..], &["--moltin-secret-key"]].concat();
    fixture.run(&with_key, "").await.fails(2, "the key is expected on standard input");
    let dry = fixture.run(&[&add[..], &["--dry-run"]].concat(), "").await.done();
    assert!(!dry.contains("whsec_"), "{dry}");
    let added = fixture.run(&with_key, "the-receivers-own-key\n").await;
    added.never_says("the-receivers-own-key");
    let secret = secret_in(&added.done());
    fixture.run(&add, "").await.fails(4, "webhook rotate");
    let listed = fixture.run(&["webhook", "list", MERCHANT], "").await;
    listed.never_says(&secret);
    listed.never_says("the-receivers-own-key");
    assert!(listed.done().contains(NOWHERE));
    let rotate = ["webhook", "rotate", MERCHANT, "shop"];
    fixture.run(&[&rotate[..], &["--finish"]].concat(), "").await.fails(4, "one secret");
    let second = secret_in(&fixture.run(&rotate, "").await.done());
    assert_ne!(secret, second);
    fixture.run(&rotate, "").await.fails(4, "two secrets");
    let finished = fixture.run(&[&rotate[..], &["--finish"]].concat(), "").await;
    finished.never_says(&second);
    finished.done();
    fixture.close().await;
}

#[tokio::test]
async fn a_receiver_in_elastic_paths_format_has_a_key_of_its_own_and_no_secret() {
    let fixture = Fixture::open().await;
    let add = ["webhook", "add", MERCHANT, "shop", "--url", NOWHERE, "--format", "elastic-path"];
    fixture.run(&add, "").await.fails(2, "the key is expected on standard input");
    let other = [&add[..], &["--events", "capture.failed"]].concat();
    fixture.run(&other, "first-key\n").await.fails(2, "events: with the format elastic_path only");
    let dry = fixture.run(&[&add[..], &["--dry-run"]].concat(), "first-key\n").await;
    dry.never_says("first-key");
    dry.done();
    let added = fixture.run(&add, "first-key\n").await;
    added.never_says("first-key");
    assert!(!added.done().contains("whsec_"));
    let listed = fixture.run(&["webhook", "list", MERCHANT], "").await;
    listed.never_says("first-key");
    assert!(listed.done().contains("all events, in Elastic Path's format"));
    let rotate = ["webhook", "rotate", MERCHANT, "shop"];
    fixture.run(&[&rotate[..], &["--finish"]].concat(), "").await.fails(4, "one key");
    let rotated = fixture.run(&rotate, "second-key\n").await;
    rotated.never_says("second-key");
    rotated.done();
    fixture.close().await;
}

#[tokio::test]
async fn what_cannot_be_a_receiver_is_refused_by_name() {
    let fixture = Fixture::open().await;
    for url in
        ["https://10.0.0.1/hooks", "https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/", "shop"]
    {
        fixture.run(&["webhook", "add", MERCHANT, "shop", "--url", url], "").await.fails(2, "url");
    }
    for command in ["rotate", "test", "remove"] {
        fixture.run(&["webhook", command, MERCHANT, "shop"], "").await.fails(3, "shop");
    }
    fixture.close().await;
}

#[tokio::test]
async fn a_test_says_whether_the_receiver_took_it() {
    let fixture = Fixture::open().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&seen);
    let handler = move |headers: HeaderMap, body: String| async move {
        into.lock().unwrap().push((headers["webhook-id"].to_str().unwrap().to_owned(), body));
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let receiver = axum::serve(listener, Router::new().route("/hooks", post(handler)));
    tokio::spawn(receiver.into_future());
    fixture.run(&["webhook", "add", MERCHANT, "shop", "--url", &url], "").await.done();
    fixture.stack.advance_clock(2);
    let command = ["webhook", "test", MERCHANT, "shop"];
    let test = fixture.run(&command, "");
    let sending = async {
        while seen.lock().unwrap().is_empty() {
            fixture.stack.deliver_webhooks().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (ran, ()) = tokio::join!(test, sending);
    let (id, body) = seen.lock().unwrap()[0].clone();
    assert!(ran.done().contains(&id) && body.contains("webhook.test"), "{id} {body}");
    fixture.close().await;
}

#[tokio::test]
async fn a_receiver_is_removed_when_that_is_confirmed_and_the_others_stay() {
    let fixture = Fixture::open().await;
    for receiver in ["shop", "other"] {
        fixture.run(&["webhook", "add", MERCHANT, receiver, "--url", NOWHERE], "").await.done();
    }
    let remove = ["webhook", "remove", MERCHANT, "shop"];
    let listed = async || fixture.run(&["webhook", "list", MERCHANT], "").await.done();
    fixture.run(&[&remove[..], &["--dry-run"]].concat(), "").await.done();
    fixture.run(&remove, "other\n").await.fails(5, "nothing");
    assert!(listed().await.contains("shop  "));
    fixture.run(&remove, "shop\n").await.done();
    fixture.run(&["webhook", "remove", MERCHANT, "other", "--yes"], "").await.done();
    assert_eq!(listed().await, "No receivers.\n");
    fixture.close().await;
}
