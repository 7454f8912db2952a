//! A response's body on its way to a component: bounded in bytes and in time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::body::{Body, Incoming};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::clients::Turn;
use crate::failure;

/// What a body may take.
pub(crate) struct Bounds {
    pub(crate) bytes: u64,
    /// How long it may pause.
    pub(crate) pause: Duration,
    pub(crate) deadline: Instant,
    /// Cancelled when the call has ended: what it did not read by then it never reads.
    pub(crate) ended: CancellationToken,
}

impl Bounds {
    /// Refuses what says itself that it is too long.
    pub(crate) fn admit(&self, body: &Incoming) -> Result<(), Error> {
        if body.size_hint().lower() > self.bytes { Err(self.too_long()) } else { Ok(()) }
    }

    fn too_long(&self) -> Error {
        Error::HttpResponseBodySize(Some(self.bytes))
    }
}

/// The body that a component reads, and the work that brings it there and answers what broke it off. The work holds the
/// connection and the tenant's turn, and lets go of them at the deadline, whether the component reads on or not.
pub(crate) fn relay(
    body: Incoming,
    bounds: Bounds,
    turn: Turn,
) -> (WasiBody, impl Future<Output = Option<&'static str>> + Send) {
    // One frame ahead: what is not read stays with its sender.
    let (sender, read) = Channel::new(1);
    let work = async move {
        let _turn = turn;
        carry(body, bounds, sender).await
    };
    (read.boxed_unsync(), work)
}

/// A body that breaks off is not one that ends: its reader gets the error.
async fn carry(body: Incoming, bounds: Bounds, mut sender: Sender<Bytes, Error>) -> Option<&'static str> {
    let frames = tokio::time::timeout_at(bounds.deadline.into(), frames(body, &bounds, &mut sender));
    let error = match bounds.ended.run_until_cancelled(frames).await {
        Some(Ok(Ok(()))) => return None,
        Some(Ok(Err(error))) => error,
        Some(Err(_)) => Error::HttpResponseTimeout,
        None => Error::ConnectionTerminated,
    };
    let label = failure::label(&error);
    sender.abort(error);
    Some(label)
}

async fn frames(mut body: Incoming, bounds: &Bounds, sender: &mut Sender<Bytes, Error>) -> Result<(), Error> {
    let mut left = bounds.bytes;
    loop {
        let frame = tokio::time::timeout(bounds.pause, body.frame()).await;
        let frame = match frame.map_err(|_| Error::ConnectionReadTimeout)? {
            None => return Ok(()),
            Some(frame) => frame.map_err(|error| failure::of_body(&error))?,
        };
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        left = u64::try_from(bytes).ok().and_then(|bytes| left.checked_sub(bytes)).ok_or_else(|| bounds.too_long())?;
        if sender.send(frame).await.is_err() {
            // Nobody reads on. The connection goes with the body: what is left of it is not waited for.
            return Ok(());
        }
    }
}
