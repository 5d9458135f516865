//! How much of a response is read, against sockets on this machine.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener},
};

use futures_util::StreamExt as _;

use super::*;
use crate::openid::{DOCUMENT_MAX_BYTES, HttpsIssuer, IssuerDocuments};

/// How a response says where it ends.
#[derive(Clone, Copy, Debug)]
enum Ends {
    /// With a stated length.
    Stated,
    /// In pieces, of which the last is empty.
    InPieces,
    /// With the connection.
    WithTheConnection,
    /// It does not.
    Never,
}

/// A server that responds once with a body of so many bytes, to this URL.
fn serve(ends: Ends, bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4_096];
        let read = stream.read(&mut request).unwrap();
        assert!(request[..read].ends_with(b"\r\n\r\n"));
        let head = match ends {
            Ends::Stated => format!("content-length: {bytes}\r\n"),
            Ends::InPieces | Ends::Never => "transfer-encoding: chunked\r\n".to_owned(),
            Ends::WithTheConnection => String::new(),
        };
        stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes()).unwrap();
        let body = vec![b'1'; bytes];
        let piece = [format!("{bytes:x}\r\n").as_bytes(), &body, b"\r\n"].concat();
        match ends {
            Ends::Stated | Ends::WithTheConnection => drop(stream.write_all(&body)),
            Ends::InPieces => drop(stream.write_all(&[&piece[..], b"0\r\n\r\n"].concat())),
            Ends::Never => while stream.write_all(&piece).is_ok() {},
        }
        stream.shutdown(Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    url
}

async fn read(url: String, max_bytes: usize) -> Result<usize, BodyError> {
    let response = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
    read_body(response, max_bytes).await.map(|body| body.len())
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_however_it_ends() {
    crate::lambda::install_tls();
    for max_bytes in [1, 4_096, 1_000_000] {
        for ends in [Ends::Stated, Ends::InPieces, Ends::WithTheConnection] {
            assert_eq!(read(serve(ends, max_bytes), max_bytes).await, Ok(max_bytes), "{ends:?}");
            let over = read(serve(ends, max_bytes + 1), max_bytes).await;
            assert_eq!(over, Err(BodyError::TooLong), "{ends:?}");
        }
        assert_eq!(read(serve(Ends::Never, 1_000), max_bytes).await, Err(BodyError::TooLong));
    }
}

/// A report, of which nothing is held.
#[tokio::test]
async fn a_body_that_is_read_piece_by_piece_has_a_limit_too() {
    crate::lambda::install_tls();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(serve(Ends::Never, 1_000)).send().await.unwrap();
    let read: Vec<_> = pieces(response, 1_000_000).collect().await;
    let (last, all) = read.split_last().unwrap();
    let bytes: usize = all.iter().map(|piece| piece.as_ref().unwrap().len()).sum();
    assert!((600_000..=1_000_000).contains(&bytes), "{bytes}");
    assert_eq!(*last, Err(BodyError::TooLong));
}

#[tokio::test]
async fn a_document_of_the_issuer_is_read_up_to_its_limit() {
    crate::lambda::install_tls();
    let issuer = HttpsIssuer::new().unwrap();
    for ends in [Ends::Stated, Ends::InPieces, Ends::WithTheConnection] {
        let document = issuer.get(&serve(ends, DOCUMENT_MAX_BYTES)).await;
        assert_eq!(document.map(|document| document.len()), Ok(DOCUMENT_MAX_BYTES));
        let over = issuer.get(&serve(ends, DOCUMENT_MAX_BYTES + 1)).await;
        assert_eq!(over.unwrap_err().to_string(), "its response is too long");
    }
    let endless = issuer.get(&serve(Ends::Never, 1_000)).await;
    assert_eq!(endless.unwrap_err().to_string(), "its response is too long");
}
