//! `listen`, as a person and as a program read it.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::IntoResponse,
    routing::post,
};
use jiff::Timestamp;
use serde_json::Value;
use tollgate::webhook_client::signature;

use crate::support::{FROM_THE_SHELL, Fixture};

/// A command that runs until it is ended.
pub(crate) struct Listening {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
}

impl Listening {
    fn start(fixture: &Fixture, arguments: &[&str]) -> Self {
        Self::start_with(fixture, arguments, &[])
    }

    fn start_with(fixture: &Fixture, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::to(fixture, &[&["listen"], arguments].concat(), variables)
    }

    /// A command that goes on.
    pub(crate) fn to(fixture: &Fixture, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(arguments).arg(format!("--local={}", fixture.stack.url()));
        for name in FROM_THE_SHELL.iter().chain(&["WEBHOOK_SECRET", "NO_COLOR", "CLICOLOR_FORCE"]) {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = child.stdout.take().map(BufReader::new);
        Self { child, lines }
    }

    /// The next line of the output. The stack runs on this thread, so another one waits.
    pub(crate) async fn line(&mut self) -> String {
        let mut lines = self.lines.take().unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            (lines, line)
        });
        let (lines, line) = read.await.unwrap();
        self.lines = Some(lines);
        line
    }

    /// The first line that holds this.
    async fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line().await;
            assert_ne!(line, "", "{text} never came");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The exit code and standard error, once it has ended.
    async fn ended(mut self) -> (i32, String) {
        drop(self.lines.take());
        let waiting = tokio::task::spawn_blocking(move || {
            let mut said = String::new();
            self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            (self.child.wait().unwrap().code().unwrap(), said)
        });
        waiting.await.unwrap()
    }

    pub(crate) fn end(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// An order that is paid, and told.
async fn paid(fixture: &Fixture, order: &str) {
    assert_eq!(fixture.pay(order, "purchase").await.0, 200);
    fixture.stack.deliver_stream().await.unwrap();
}

type Messages = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A receiver that responds with this, and the messages that it got.
async fn receiver(status: StatusCode) -> (String, Messages) {
    let messages = Messages::default();
    let into = Arc::clone(&messages);
    let handler = move |headers: HeaderMap, body: String| async move {
        into.lock().unwrap().push((headers, body));
        (status, [(LOCATION, "/elsewhere")]).into_response()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("localhost:{}/hooks", listener.local_addr().unwrap().port());
    let router = Router::new().route("/hooks", post(handler));
    tokio::spawn(axum::serve(listener, router).into_future());
    (url, messages)
}

#[tokio::test]
async fn each_event_is_printed_sent_signed_with_the_secret_that_was_shown_and_so_is_what_became_of_it() {
    let fixture = Fixture::open().await;
    // Earlier events are not of interest.
    paid(&fixture, "before").await;
    let (url, messages) = receiver(StatusCode::NO_CONTENT).await;
    let mut listening = Listening::start(&fixture, &["--forward-to", &url]);
    assert!(listening.line().await.contains(&format!("forwarding to http://{url}")));
    let secret = listening.line().await;
    let secret = signature::secret(secret.split_whitespace().last().unwrap()).unwrap();
    paid(&fixture, "order-1").await;
    let event = listening.line_with("--> order.paid").await;
    let sent = listening.line_with("order.paid").await;
    assert!(event.contains("order order-1") && !event.contains('\u{1b}'), "{event}");
    assert!(sent.contains("<-- 204  order.paid"), "{sent}");
    listening.end();
    let messages = messages.lock().unwrap().clone();
    assert!(messages.iter().all(|(_, body)| !body.contains("before")));
    for (headers, body) in &messages {
        let header = |name: &str| headers[name].to_str().unwrap();
        let at: i64 = header("webhook-timestamp").parse().unwrap();
        let (id, at) = (header("webhook-id"), Timestamp::from_second(at).unwrap());
        let expected = signature::signatures(std::slice::from_ref(&secret), id.parse().unwrap(), at, body);
        assert_eq!(header("webhook-signature"), expected);
        assert_eq!(serde_json::from_str::<Value>(body).unwrap()["id"], id);
        assert!(event.contains(id) || !body.contains("order.paid"));
    }
    fixture.close().await;
}

#[tokio::test]
async fn what_a_receiver_does_not_take_is_printed_and_not_repeated() {
    let fixture = Fixture::open().await;
    for (status, shown) in [(StatusCode::UNAUTHORIZED, "<-- 401"), (StatusCode::FOUND, "<-- 302")] {
        let (url, messages) = receiver(status).await;
        let mut listening = Listening::start(&fixture, &["--events", "order.paid", "--forward-to", &url]);
        listening.line_with("signed").await;
        paid(&fixture, status.as_str()).await;
        listening.line_with(shown).await;
        listening.end();
        assert_eq!(messages.lock().unwrap().len(), 1);
    }
    let mut listening = Listening::start(&fixture, &["--forward-to", "127.0.0.1:9"]);
    listening.line_with("signed").await;
    paid(&fixture, "nobody").await;
    listening.line_with("<-- no connection").await;
    listening.end();
    fixture.close().await;
}

#[tokio::test]
async fn a_program_reads_a_line_for_each_event_and_brings_a_secret_of_its_own() {
    let fixture = Fixture::open().await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let (url, messages) = receiver(StatusCode::OK).await;
    let own = [("WEBHOOK_SECRET", secret)];
    let arguments = ["--json", "--events", "order.paid", "--forward-to", &url];
    let mut listening = Listening::start_with(&fixture, &arguments, &own);
    let json = |line: String| serde_json::from_str::<Value>(&line).unwrap();
    let begun = json(listening.line().await);
    assert_eq!(begun["forward_to"]["url"], format!("http://{url}"));
    assert_eq!(begun["forward_to"]["secret"], Value::Null, "{begun}");
    paid(&fixture, "order-1").await;
    let event = json(listening.line().await);
    assert_eq!(event["event"]["type"], "order.paid");
    let sent = json(listening.line().await);
    assert_eq!(
        (&sent["delivery"]["status"], &sent["delivery"]["event"]),
        (&200.into(), &event["event"]["id"])
    );
    listening.end();
    let (headers, body) = messages.lock().unwrap()[0].clone();
    let header = |name: &str| headers[name].to_str().unwrap();
    let at = Timestamp::from_second(header("webhook-timestamp").parse().unwrap()).unwrap();
    let key = [signature::secret(secret).unwrap()];
    let id = header("webhook-id").parse().unwrap();
    assert_eq!(header("webhook-signature"), signature::signatures(&key, id, at, &body));
    let wrong =
        Listening::start_with(&fixture, &["--forward-to", &url], &[("WEBHOOK_SECRET", "whsec_short")]);
    let (code, said) = wrong.ended().await;
    assert!(code == 2 && said.contains("WEBHOOK_SECRET") && !said.contains("whsec_short"), "{said}");
    fixture.close().await;
}

#[tokio::test]
async fn whatever_reads_the_output_may_end_and_so_may_the_stack() {
    let fixture = Fixture::open().await;
    let mut listening = Listening::start(&fixture, &[]);
    listening.line_with("Listening").await;
    drop(listening.lines.take());
    paid(&fixture, "order-1").await;
    assert_eq!(listening.ended().await, (0, String::new()));
    let mut listening = Listening::start(&fixture, &[]);
    listening.line_with("Listening").await;
    fixture.close().await;
    let (code, said) = listening.ended().await;
    assert!(code == 6 && said.contains("has stopped"), "{code} {said}");
}

#[tokio::test]
async fn colors_are_for_terminals_that_want_them() {
    let fixture = Fixture::open().await;
    let tollgate = env!("CARGO_BIN_EXE_tollgate");
    let listen = format!("exec {tollgate} listen --local={}", fixture.stack.url());
    for (variables, has_colors) in
        [(&[][..], true), (&[("NO_COLOR", "1")], false), (&[("TERM", "dumb")], false)]
    {
        // `script` gives it a terminal.
        let mut command = Command::new("script");
        command.args(["-qefc", &listen, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
        command.envs(variables.iter().copied()).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = child.stdout.take().map(BufReader::new);
        let mut listening = Listening { child, lines };
        listening.line_with("Listening").await;
        let order = variables.first().map_or("plain", |(name, _)| name);
        paid(&fixture, order).await;
        let line = listening.line_with("order.paid").await;
        assert_eq!(line.contains('\u{1b}'), has_colors, "{variables:?} {line:?}");
        listening.end();
    }
    fixture.close().await;
}

#[tokio::test]
async fn nothing_but_this_machine_is_called() {
    let fixture = Fixture::open().await;
    for url in
        ["https://shop.example.com/hooks", "10.0.0.1:80", "http://127.0.0.1@example.com", "ftp://localhost"]
    {
        fixture.run(&["listen", "--forward-to", url], "").await.fails(2, "--forward-to");
    }
    for command in [&["listen"][..], &["trigger", "order.paid"]] {
        let elsewhere = [command, &["--local=https://tollgate.example.com"]].concat();
        crate::support::run(&elsewhere, &[], "").await.fails(2, "--local: not an address of this machine");
        let on_aws = [command, &["--region", "us-east-1"]].concat();
        crate::support::run(&on_aws, &[], "")
            .await
            .fails(2, "--region: this command acts on the local stack");
        let nobody = [command, &["--local=http://127.0.0.1:9"]].concat();
        crate::support::run(&nobody, &[], "").await.fails(6, "start the local stack");
    }
    fixture.run(&["listen", "--events", "order.payed"], "").await.fails(2, "order.paid");
    fixture.close().await;
}
