//! A body as it arrives, for a reader that blocks.

use std::io::{self, Read};

use tokio::sync::mpsc::Receiver;

use crate::cardpointe::transport::BodyError;

/// Pieces of a body, one after the other.
pub(super) struct Chunks {
    arrived: Receiver<Result<Vec<u8>, BodyError>>,
    piece: io::Cursor<Vec<u8>>,
}

impl Chunks {
    pub(super) fn new(arrived: Receiver<Result<Vec<u8>, BodyError>>) -> Self {
        Self { arrived, piece: io::Cursor::default() }
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            match self.arrived.blocking_recv() {
                Some(Ok(piece)) => self.piece = io::Cursor::new(piece),
                // A body that was cut off must not look complete.
                Some(Err(_)) => return Err(io::ErrorKind::ConnectionAborted.into()),
                None => return Ok(0),
            }
        }
    }
}
