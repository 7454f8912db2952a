//! A request's body is lent to whoever answers. What is left of it then is taken in by the front door and thrown away: a
//! connection that is closed under somebody who still sends shows him a broken pipe instead of the answer, and one that
//! he takes for free fails his next request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

/// What is taken in at most of a body that nobody wants.
const DISCARD_BYTES: usize = 128 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// A body that goes back when it is dropped before its end.
pub(crate) struct Lent<B> {
    /// None only while it is dropped.
    body: Option<B>,
    /// None where nothing is left of it.
    back: Option<oneshot::Sender<B>>,
    /// Whether its sender waits to be asked for it, which the first look at it does.
    waits: bool,
}

/// Where a body comes back to that was not read to its end.
pub(crate) struct Unread<B>(Option<oneshot::Receiver<B>>);

/// Lends a request's body. One that its sender was not asked for yet (`expect: 100-continue`) does not come back: to take
/// it in would be to ask for it.
pub(crate) fn lend<B: Body>(request: Request<B>) -> (Request<Lent<B>>, Unread<B>) {
    let (head, body) = request.into_parts();
    let (back, unread) = if body.is_end_stream() { (None, None) } else { pair() };
    let waits = head.headers.contains_key(header::EXPECT);
    (Request::from_parts(head, Lent { body: Some(body), back, waits }), Unread(unread))
}

fn pair<B>() -> (Option<oneshot::Sender<B>>, Option<oneshot::Receiver<B>>) {
    let (back, unread) = oneshot::channel();
    (Some(back), Some(unread))
}

impl<B: Body<Data = Bytes> + Unpin> Unread<B> {
    /// Takes in what came back, and keeps none of it. Not without end: who sends more is cut off.
    pub(crate) async fn discard(self) {
        let Some(mut body) = self.0.and_then(|mut unread| unread.try_recv().ok()) else { return };
        let discard = async {
            let mut left = DISCARD_BYTES;
            while let Some(Ok(frame)) = body.frame().await {
                let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
                left = rest;
            }
        };
        let _late = tokio::time::timeout(DISCARD_TIME, discard).await;
    }
}

impl<B: Body + Unpin> Body for Lent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.waits = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        // Read to its end, or broken: nothing to give back.
        if !matches!(frame, Some(Ok(_))) {
            self.back = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B> Drop for Lent<B> {
    fn drop(&mut self) {
        if self.waits {
            return;
        }
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take()) {
            // Whoever answered is gone too: then so is the connection.
            let _gone = back.send(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::stream;
    use http_body_util::StreamBody;

    use super::*;

    /// A body of so many frames, which counts those that were taken.
    fn request(
        frames: usize,
        head: &[(&str, &str)],
    ) -> (Request<impl Body<Data = Bytes, Error = Infallible> + Unpin>, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let frames = stream::iter((0..frames).map(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Frame::data(Bytes::from_static(b"x")))
        }));
        let mut request = Request::builder();
        for (name, value) in head {
            request = request.header(*name, *value);
        }
        (request.body(StreamBody::new(frames)).unwrap(), taken)
    }

    #[tokio::test]
    async fn what_was_not_read_is_taken_in() {
        for read in [0, 1, 3] {
            let (request, taken) = request(3, &[]);
            let (mut request, unread) = lend(request);
            for _ in 0..read {
                request.body_mut().frame().await.unwrap().unwrap();
            }
            assert_eq!(taken.load(Ordering::Relaxed), read);
            drop(request);
            unread.discard().await;
            assert_eq!(taken.load(Ordering::Relaxed), 3);
        }
    }

    #[tokio::test]
    async fn what_was_read_to_its_end_or_is_still_read_does_not_come_back() {
        let (first, _taken) = request(3, &[]);
        let (first, unread) = lend(first);
        assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), "xxx");
        unread.discard().await;
        // An answer that goes on to read: there is nothing to wait for.
        let (second, taken) = request(3, &[]);
        let (_second, unread) = lend(second);
        unread.discard().await;
        assert_eq!(taken.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn who_asks_before_he_sends_is_not_made_to_send() {
        for (read, expected) in [(0, 0), (1, 3)] {
            let (request, taken) = request(3, &[("expect", "100-continue")]);
            let (mut request, unread) = lend(request);
            for _ in 0..read {
                request.body_mut().frame().await.unwrap().unwrap();
            }
            drop(request);
            unread.discard().await;
            // Once he sends, the rest is taken in as of any other.
            assert_eq!(taken.load(Ordering::Relaxed), expected);
        }
    }
}
