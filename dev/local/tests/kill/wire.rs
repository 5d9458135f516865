//! A wire of its own between the processes and a service: everything takes a random moment to
//! arrive, so that a kill finds requests and responses under way. A message that was sent before
//! its sender was killed still arrives.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// Longest time that anything is under way in one direction. Two of them are as long as the
/// functions' own work.
const LATENCY_MAX_US: u64 = 6_000;

/// Longest wait until everything under way has arrived and its connection is closed.
const QUIET_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    target: SocketAddr,
    connections: watch::Sender<usize>,
    /// All that was sent to the service, by connection.
    sent: Mutex<Vec<Vec<u8>>>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wire {
    /// A wire to a service at `http://address:port…`.
    pub(crate) async fn to(url: &str, seed: u64) -> Self {
        let target = url.trim_start_matches("http://").split('/').next().unwrap().parse().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { target, connections: watch::Sender::new(0), sent: Mutex::default() });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared), StdRng::seed_from_u64(seed)));
        Self { address, shared, task }
    }

    /// A service's URL, by way of this wire.
    pub(crate) fn instead_of(&self, url: &str) -> String {
        url.replace(&self.shared.target.to_string(), &self.address.to_string())
    }

    /// Waits until everything that was sent has arrived, and no connection is open any more.
    pub(crate) async fn quiet(&self) {
        let mut connections = self.shared.connections.subscribe();
        let quiet = connections.wait_for(|open| *open == 0);
        tokio::time::timeout(QUIET_LIMIT, quiet).await.unwrap().unwrap();
    }

    /// How often each value of a member was sent to the service so far.
    pub(crate) fn sent(&self, member: &str) -> HashMap<String, usize> {
        let start = format!("\"{member}\":\"");
        let mut times = HashMap::new();
        for bytes in self.shared.sent.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let text = String::from_utf8_lossy(bytes);
            for value in text.split(&start).skip(1).filter_map(|rest| rest.split('"').next()) {
                *times.entry(value.to_owned()).or_default() += 1;
            }
        }
        times
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, mut rng: StdRng) {
    loop {
        let (near, _) = listener.accept().await.unwrap();
        shared.connections.send_modify(|open| *open += 1);
        let rngs = [StdRng::seed_from_u64(rng.random()), StdRng::seed_from_u64(rng.random())];
        tokio::spawn(relay(near, Arc::clone(&shared), rngs));
    }
}

async fn relay(near: TcpStream, shared: Arc<Shared>, [out, back]: [StdRng; 2]) {
    if let Ok(far) = TcpStream::connect(shared.target).await {
        let log = {
            let mut sent = shared.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.push(Vec::new());
            sent.len() - 1
        };
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        let record = |chunk: &[u8]| {
            let mut sent = shared.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent[log].extend_from_slice(chunk);
        };
        tokio::join!(carry(from_near, to_far, out, record), carry(from_far, to_near, back, |_| {}));
    }
    shared.connections.send_modify(|open| *open -= 1);
}

/// Carries one direction until its sender has gone. A receiver that has gone ends it as well.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut rng: StdRng, record: impl Fn(&[u8])) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        tokio::time::sleep(Duration::from_micros(rng.random_range(0..LATENCY_MAX_US))).await;
        record(&chunk[..length]);
        if to.write_all(&chunk[..length]).await.is_err() {
            break;
        }
    }
    // The other end may have closed first.
    to.shutdown().await.ok();
}
