//! What is known of a request before anything is done for it: its id and its deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use fondaco_engine::{Code, Fault};
use http::{HeaderMap, HeaderName, header};
use http_body_util::BodyExt;
use hyper::body::Body;

use crate::problem::Problem;

/// Names a request in answers, logs and verdicts.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout-ms");
const MAX_ID: usize = 128;

/// The caller's id when it is sane; a new one otherwise.
pub(crate) fn request_id(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if is_sane(id) => id.into(),
        _ => {
            let mut buffer = uuid::Uuid::encode_buffer();
            Arc::from(&*uuid::Uuid::now_v7().hyphenated().encode_lower(&mut buffer))
        }
    }
}

/// Short and visible, so that no id can disturb a log.
fn is_sane(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// When nobody waits any more: the route's own time, or less when the caller says so.
pub(crate) fn deadline(headers: &HeaderMap, started: Instant, most: Duration) -> Result<Instant, Fault> {
    let Some(asked) = headers.get(TIMEOUT) else { return Ok(started + most) };
    let millis: Option<u64> = asked.to_str().ok().and_then(|text| text.parse().ok());
    match millis {
        Some(millis) if millis > 0 => Ok(started + most.min(Duration::from_millis(millis))),
        _ => {
            let message = "x-request-timeout-ms is a whole number of milliseconds, 1 or more";
            Err(Fault::new(Code::InvalidArgument, "INVALID_TIMEOUT", message))
        }
    }
}

/// The time that the request had is over.
pub(crate) fn too_late() -> Fault {
    let message = "the time for this request ran out; ask for less in one request, or allow more time";
    Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message)
}

/// Reads a body of at most `limit` bytes until `deadline`.
pub(crate) async fn read_body<B>(
    headers: &HeaderMap,
    body: B,
    limit: usize,
    deadline: Instant,
) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes>,
{
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::encoded_body());
    }
    let mut body = std::pin::pin!(body);
    if body.size_hint().lower() > limit as u64 {
        return Err(Problem::body_too_large(limit));
    }
    // Polled before its timer is, so that a body that is here already costs no timer.
    match tokio::time::timeout_at(deadline.into(), collect(body.as_mut(), limit)).await {
        Ok(Ok(None)) => Err(Problem::body_too_large(limit)),
        Ok(Ok(Some(read))) => Ok(read),
        Ok(Err(broken)) => Err(broken.into()),
        Err(_late) => Err(Fault::new(Code::DeadlineExceeded, "BODY_TIMEOUT", "the body did not come in time").into()),
    }
}

/// The whole body; none when it is larger than `limit`.
async fn collect<B>(mut body: Pin<&mut B>, limit: usize) -> Result<Option<Bytes>, Fault>
where
    B: Body<Data = Bytes>,
{
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.as_mut().frame().await {
        let Ok(frame) = frame else { return Err(broken_body()) };
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Ok(None);
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
            continue;
        }
        // A second frame: only now do bytes move.
        if rest.is_empty() {
            rest.extend_from_slice(&first);
            first = Bytes::new();
        }
        rest.extend_from_slice(&data);
    }
    Ok(Some(if rest.is_empty() { first } else { rest.freeze() }))
}

fn broken_body() -> Fault {
    Fault::new(Code::InvalidArgument, "BROKEN_BODY", "the connection broke before the whole body had come")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http_body_util::{Full, StreamBody};

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_bytes(value.as_bytes()).unwrap())])
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        assert_eq!(&*request_id(&with(REQUEST_ID, "order-7/retry=2")), "order-7/retry=2");
        for bad in ["", "a b", "é", &"x".repeat(129)] {
            let id = request_id(&with(REQUEST_ID, bad));
            assert!(uuid::Uuid::parse_str(&id).is_ok(), "{bad}: {id}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }

    #[test]
    fn a_caller_may_ask_for_less_time_only() {
        let now = Instant::now();
        let most = Duration::from_secs(10);
        assert_eq!(deadline(&HeaderMap::new(), now, most).unwrap(), now + most);
        assert_eq!(deadline(&with(TIMEOUT, "200"), now, most).unwrap(), now + Duration::from_millis(200));
        assert_eq!(deadline(&with(TIMEOUT, "999999999999"), now, most).unwrap(), now + most);
        for bad in ["0", "-1", "soon", "1.5"] {
            assert_eq!(deadline(&with(TIMEOUT, bad), now, most).unwrap_err().reason, "INVALID_TIMEOUT", "{bad}");
        }
    }

    #[tokio::test]
    async fn bodies_are_whole_and_bounded() {
        let later = Instant::now() + Duration::from_mins(1);
        let parts = |parts: &[&'static str]| {
            let frames = parts.iter().map(|part| Ok::<_, std::io::Error>(hyper::body::Frame::data(Bytes::from(*part))));
            StreamBody::new(futures::stream::iter(frames.collect::<Vec<_>>()))
        };
        let none = HeaderMap::new();
        assert_eq!(read_body(&none, parts(&["ab", "cd", "e"]), 5, later).await.unwrap(), "abcde");
        let reason = |problem: Problem| problem.fault().reason.clone();
        assert_eq!(reason(read_body(&none, parts(&["ab", "cd"]), 3, later).await.unwrap_err()), "BODY_TOO_LARGE");
        let full = Full::new(Bytes::from("abcd"));
        assert_eq!(reason(read_body(&none, full, 3, later).await.unwrap_err()), "BODY_TOO_LARGE");
        let gzip = with(header::CONTENT_ENCODING, "gzip");
        assert_eq!(reason(read_body(&gzip, parts(&["x"]), 3, later).await.unwrap_err()), "UNSUPPORTED_ENCODING");
        let broken =
            StreamBody::new(futures::stream::iter([Err::<hyper::body::Frame<Bytes>, _>(std::io::Error::other("x"))]));
        assert_eq!(reason(read_body(&none, broken, 3, later).await.unwrap_err()), "BROKEN_BODY");
    }
}
