//! Lets containers in: their `127.0.0.1` is not this machine's, so the stack also listens where
//! they reach it.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Forwards the port of an address to the same port of the loopback address, until the stack stops.
pub(crate) async fn forward(
    address: IpAddr,
    port: u16,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let listener = TcpListener::bind((address, port)).await?;
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Ok(tokio::spawn(async move {
        loop {
            let incoming = tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                accepted = listener.accept() => accepted,
            };
            // A connection that fails is its own caller's business.
            let Ok((incoming, _)) = incoming else { continue };
            tokio::spawn(relay(incoming, target, stopped.clone()));
        }
    }))
}

async fn relay(mut incoming: TcpStream, target: SocketAddr, mut stopped: watch::Receiver<bool>) {
    let Ok(mut outgoing) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = stopped.wait_for(|stopped| *stopped) => {}
        // Ends when both sides have; how is for them to tell each other.
        _ = copy_bidirectional(&mut incoming, &mut outgoing) => {}
    }
}
