//! Which connections a function has open before its first request, and whether that one needs more.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use local::{Options, Stack, merchants};
use serde_json::json;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{events::events, function::Function};

/// Lets connections through to a server, and counts them.
struct Proxy {
    url: String,
    opened: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Proxy {
    async fn to(url: &str) -> Self {
        let (_, rest) = url.split_once("://").unwrap();
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address: SocketAddr = address.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/{path}", listener.local_addr().unwrap());
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        let task = tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(address).await.unwrap();
                    // Either side may hang up as it likes.
                    copy_bidirectional(&mut client, &mut server).await.ok();
                });
            }
        });
        Self { url: url.trim_end_matches('/').to_owned(), opened, task }
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A stack, and the ways into it.
struct Watched {
    stack: Stack,
    table: Proxy,
    secrets: Proxy,
    gateway: Proxy,
}

impl Watched {
    async fn start() -> Self {
        let stack = Stack::start(Options { samples: true, ..Options::default() }).await.unwrap();
        let table = Proxy::to(stack.dynamodb_url()).await;
        let secrets = Proxy::to(stack.secretsmanager_url()).await;
        let gateway = Proxy::to(&stack.simulator().base_url()).await;
        let name = merchants::secret_name(merchants::REGISTERED);
        let mut document = stack.secrets().get(&name).unwrap();
        document["gateway"]["base_url"] = json!(gateway.url);
        stack.secrets().put(&name, document);
        Self { stack, table, secrets, gateway }
    }

    async fn function(&self, name: &str, known_merchants: &str) -> Function {
        let more = [
            ("AWS_ENDPOINT_URL_DYNAMODB", self.table.url.as_str()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.secrets.url.as_str()),
            ("KNOWN_MERCHANTS", known_merchants),
        ];
        let function = Function::start_with(name, &self.stack, &more).await;
        function.is_ready().await;
        function
    }

    /// Connections to the table, the secrets and the gateway.
    fn opened(&self) -> [usize; 3] {
        [self.table.opened(), self.secrets.opened(), self.gateway.opened()]
    }
}

#[tokio::test]
async fn a_first_payment_opens_no_connection_when_its_merchant_is_known() {
    let events = events();
    for (name, event) in [("purchase", "purchase-approved"), ("authorize", "authorize-creditcard-json")] {
        let watched = Watched::start().await;
        let function = watched.function(name, merchants::REGISTERED).await;
        assert_eq!(watched.opened(), [1, 1, 1], "{name}, before its first request");
        let (_, event) = events.iter().find(|(known, _)| known == event).unwrap();
        assert_eq!(function.answer(event).await["statusCode"], 200);
        assert_eq!(watched.opened(), [1, 1, 1], "{name}, after it");
        drop(function);
        watched.stack.stop().await;
    }
}

/// The permission for the table is not given to it, and the gateway is none of its business.
#[tokio::test]
async fn a_function_opens_only_what_it_uses() {
    let watched = Watched::start().await;
    drop(watched.function("token", merchants::REGISTERED).await);
    assert_eq!(watched.opened(), [0, 1, 0], "token");
    drop(watched.function("orders", merchants::REGISTERED).await);
    assert_eq!(watched.opened(), [1, 2, 0], "and orders");
    watched.stack.stop().await;
}

#[tokio::test]
async fn a_function_starts_when_nothing_that_it_needs_can_be_reached() {
    let watched = Watched::start().await;
    let more = [
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9"),
        ("KNOWN_MERCHANTS", "170200123,no such merchant,unknown"),
    ];
    let function = Function::start_with("purchase", &watched.stack, &more).await;
    function.is_ready().await;
    drop(function);
    watched.stack.stop().await;
}
