//! A stack, and the commands run on it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use aws_sdk_dynamodb::types::AttributeValue;
use cardpointe_simulator::{Endpoint, Fault, FaultKind, ShownSetlstat};
use local::{Options, Stack, merchants};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

pub(crate) use transcript::FROM_THE_SHELL;

pub(crate) const MERCHANT: &str = merchants::REGISTERED;

/// Where the stack's merchants are, for a command that is not told `--local`.
pub(crate) const MERCHANTS: &str = "--merchants-prefix=tollgate/merchants/";

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The output of a command that succeeded.
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The same, in JSON.
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// Fails with this exit code and says this.
    pub(crate) fn fails(&self, code: i32, says: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(says), "{says}: {self:?}");
        assert_eq!(self.out, "", "a failure has no result");
    }

    pub(crate) fn never_says(&self, secret: &str) {
        assert!(!self.out.contains(secret) && !self.err.contains(secret), "{secret}: {self:?}");
    }
}

pub(crate) struct Fixture {
    pub(crate) stack: Stack,
    /// The fake of STS.
    sts: String,
    client: reqwest::Client,
}

impl Fixture {
    pub(crate) async fn open() -> Self {
        Self::open_with(Options::default()).await
    }

    pub(crate) async fn open_with(options: Options) -> Self {
        let stack = Stack::start(options).await.unwrap();
        tollgate::lambda::install_tls();
        let tls = rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap();
        Self { stack, sts: sts().await, client }
    }

    pub(crate) async fn close(self) {
        self.stack.stop().await;
    }

    /// Runs a command on this stack.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str) -> Ran {
        let local = format!("--local={}", self.stack.url());
        let arguments: Vec<_> = arguments.iter().copied().chain([local.as_str()]).collect();
        run(&arguments, &[], input).await
    }

    /// The environment of a deployment that has the stack's DynamoDB and Secrets Manager in place
    /// of AWS's.
    pub(crate) fn like_aws(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "the-secret-access-key".to_owned()),
            ("AWS_REGION", local::REGION.to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.stack.dynamodb_url().to_owned()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.stack.secretsmanager_url().to_owned()),
            ("TABLE_NAME", local::TABLE_NAME.to_owned()),
            ("ATTEMPTS_TABLE_NAME", local::ATTEMPTS_TABLE_NAME.to_owned()),
            ("STAGE", "staging".to_owned()),
            ("GATEWAY_HOSTS", "127.0.0.1".to_owned()),
            ("ELASTIC_PATH_HOSTS", "127.0.0.1".to_owned()),
            ("AWS_ENDPOINT_URL_STS", self.sts.clone()),
        ]
    }

    pub(crate) async fn token(&self, id: &str, key: &str) -> (u16, String) {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
        let url = format!("{}/oauth/access_token", self.stack.url());
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let token =
            answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap_or_default().to_owned();
        (status, token)
    }

    /// Calls the API as the built-in merchant.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (_, token) = self.token(MERCHANT, merchants::REGISTERED_KEY).await;
        let url = format!("{}{path}", self.stack.url());
        let request = self.client.request(method.parse().unwrap(), url).bearer_auth(token).json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Damages an order's item.
    pub(crate) async fn spoil(&self, order: &str) {
        let text = |text: String| AttributeValue::S(text);
        let update =
            local::dynamodb_client(self.stack.dynamodb_url()).update_item().table_name(local::TABLE_NAME);
        let update = update.key("order_key", text(format!("{MERCHANT}#{order}")));
        let update = update.update_expression("SET fm = :value");
        update.expression_attribute_values(":value", text("x".to_owned())).send().await.unwrap();
    }

    /// Registers an order of 25.99 and pays it; returns the transaction's id and the status.
    pub(crate) async fn pay(&self, order: &str, method: &str) -> (u16, String) {
        let body = json!({ "data": { "type": "order", "amount": 2599, "currency": "USD" } });
        self.call("PUT", &format!("/v2/orders/{order}"), body).await;
        let body = json!({ "data": {
            "gateway": "card_connect", "method": method, "payment": "1|16178397535388255208",
        } });
        let (status, answer) = self.call("POST", &format!("/v2/orders/{order}/payments"), body).await;
        (status, answer["data"]["id"].as_str().unwrap_or_default().to_owned())
    }

    pub(crate) async fn follow_up(&self, order: &str, id: &str, what: &str, data: Value) -> (u16, Value) {
        let path = format!("/v2/orders/{order}/transactions/{id}/{what}");
        self.call("POST", &path, json!({ "data": data })).await
    }

    /// The next call of that endpoint is carried out and its response lost, and so is the inquiry
    /// about it.
    pub(crate) fn lose(&self, endpoint: Endpoint) {
        let simulator = self.stack.simulator();
        simulator.fault(Fault::once(endpoint, FaultKind::DropAfter));
        for endpoint in [Endpoint::Inquire, Endpoint::InquireByOrderid] {
            simulator.fault(Fault::once(endpoint, FaultKind::Status { status: 503 }));
        }
    }

    /// The gateway shows states that decide nothing, and an hour passes.
    pub(crate) fn stay_in_doubt(&self) {
        self.shows_what_decides_nothing();
        self.stack.advance_clock(3_600);
    }

    /// Every record shows a settlement state that no document lists.
    pub(crate) fn shows_what_decides_nothing(&self) {
        let simulator = self.stack.simulator();
        simulator.clear_faults();
        for record in simulator.records() {
            let shown = ShownSetlstat::Text("Something New".to_owned());
            assert!(simulator.show_setlstat(&record.retref, Some(shown)));
        }
    }

    /// A refund past Tollgate.
    pub(crate) async fn refund_by_hand(&self, retref: &str, amount: &str) {
        let url = format!("{}/refund", self.stack.simulator().base_url());
        let body = json!({ "merchid": "496160873888", "retref": retref, "amount": amount });
        let request = self.client.put(url).basic_auth("testing", Some("testing123")).json(&body);
        let answer = request.send().await.unwrap().json::<Value>().await.unwrap();
        assert_eq!(answer["respstat"], "A", "{answer}");
    }

    /// The reference of the gateway's last record.
    pub(crate) fn last_retref(&self) -> String {
        self.stack.simulator().transactions().last().unwrap()["retref"].as_str().unwrap().to_owned()
    }
}

/// A fake of STS, which returns the same identity to every request. It ends with the test.
async fn sts() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                <Arn>arn:aws:iam::123456789012:user/ann</Arn><UserId>u</UserId><Account>123456789012</Account>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let response = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 8192];
            if stream.read(&mut request).await.is_ok() {
                stream.write_all(response.as_bytes()).await.ok();
            }
        }
    });
    url
}

/// Runs the binary with these arguments, variables and input.
pub(crate) async fn run(arguments: &[&str], variables: &[(&'static str, String)], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(arguments);
    start(command, variables, input).await
}

/// Runs a line of a page on the stack, whose address it leaves out; all that it prints is in `out`.
pub(crate) async fn run_line(line: &str, stack: &Stack, input: &str) -> Ran {
    let tollgate = env!("CARGO_BIN_EXE_tollgate");
    let function = format!("tollgate() {{ '{tollgate}' \"$@\" '--local={}'; }}", stack.url());
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-c", &format!("exec 2>&1; {function}; {line}")]);
    start(command, &[], input).await
}

async fn start(mut command: Command, variables: &[(&'static str, String)], input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in FROM_THE_SHELL {
        command.env_remove(name);
    }
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let input = input.to_owned();
    // The stack runs on this thread.
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        // A command that does not read its input has closed it.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        child.wait_with_output().unwrap()
    });
    let output = output.await.unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
