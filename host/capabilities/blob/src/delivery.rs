//! Delivery over HTTP: `GET` and `HEAD /v1/blobs/{tenant}/{service}/{name…}`, for anyone, of public blobs only.
//!
//! A URL with `?digest=` names bytes and not just a name: what is served there never changes and is cached for ever. When
//! the name has got other bytes, it leads on to them. Without a digest it is the name's bytes of now, to be asked again.
//!
//! Bytes are what merchants have uploaded, served from a host that has an API: types that a browser would run are
//! downloads, and a policy takes every right from all of them.

use std::ops::Range;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fondaco_engine::Fault;
use headers::{AcceptRanges, CacheControl, ContentLength, ContentRange, ETag, HeaderMap, HeaderMapExt, LastModified};
use http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;

use crate::index::Row;
use crate::names::{BlobName, Scope};
use crate::{Blobs, Info, faults};

/// A year: for ever, to a cache.
const FOR_EVER: std::time::Duration = std::time::Duration::from_hours(365 * 24);
/// How long a cache need not ask again for a name without a digest.
const A_WHILE: std::time::Duration = std::time::Duration::from_mins(1);
/// No scripts, no plugins, no frames, an origin of its own.
const NO_RIGHTS: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
/// Shops stand on hosts of their own and show these pictures.
const CROSS_ORIGIN: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));

/// How a fault becomes an answer: the gateway's problem+json.
type Problem = fn(Fault) -> Response;

#[derive(Clone)]
struct Delivery {
    blobs: Arc<Blobs>,
    problem: Problem,
}

#[derive(Deserialize)]
struct Asked {
    digest: Option<String>,
}

/// The route, to be merged into the gateway's. It takes no key: what is public is public.
pub fn router(blobs: Arc<Blobs>, problem: Problem) -> Router {
    let delivery = Delivery { blobs, problem };
    Router::new().route("/v1/blobs/{tenant}/{service}/{*name}", get(deliver)).with_state(delivery)
}

async fn deliver(
    State(Delivery { blobs, problem }): State<Delivery>,
    path: Result<Path<(String, String, String)>, PathRejection>,
    query: Result<Query<Asked>, QueryRejection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    // What can't be a name is no blob's.
    let (Some((scope, name)), Ok(Query(Asked { digest }))) = (path.ok().and_then(named), query) else {
        return problem(faults::not_found());
    };
    let request = Request { scope, name, digest, head: method == Method::HEAD, headers };
    let answer = request.answer(&blobs).await;
    let outcome = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
    metrics::counter!("fondaco_blob_deliveries_total", "status" => outcome.to_string()).increment(1);
    answer.unwrap_or_else(problem)
}

fn named(Path((tenant, service, name)): Path<(String, String, String)>) -> Option<(Scope, BlobName)> {
    let scope = Scope { tenant: tenant.parse().ok()?, service: service.parse().ok()? };
    Some((scope, name.parse().ok()?))
}

struct Request {
    scope: Scope,
    name: BlobName,
    digest: Option<String>,
    head: bool,
    headers: HeaderMap,
}

/// Which part of a blob.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Bytes(Range<u64>),
    Nothing,
}

impl Request {
    async fn answer(self, blobs: &Blobs) -> Result<Response, Fault> {
        let row = blobs.find(&self.scope, &self.name).await?;
        // A private one is not there, for all that a stranger may know.
        let row = row.filter(|row| row.public != 0).ok_or_else(faults::not_found)?;
        let info = Info::of(&self.scope, &row);
        if self.digest.as_ref().is_some_and(|digest| *digest != info.sha256) {
            return Ok(moved(&info));
        }
        let etag: ETag = info.etag().parse().map_err(|_| Fault::internal("a digest is no entity tag"))?;
        let mut response = Response::new(Body::empty());
        self.describe(&info, etag.clone(), response.headers_mut());
        let known = self.headers.typed_get::<headers::IfNoneMatch>();
        if known.is_some_and(|known| !known.precondition_passes(&etag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        match self.part(&info, &etag) {
            Part::Whole => {
                response.headers_mut().typed_insert(ContentLength(info.size));
                *response.body_mut() = self.body(blobs, row, None).await?;
            }
            Part::Bytes(range) => {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                response.headers_mut().typed_insert(ContentLength(range.end - range.start));
                if let Ok(content_range) = ContentRange::bytes(range.clone(), info.size) {
                    response.headers_mut().typed_insert(content_range);
                }
                *response.body_mut() = self.body(blobs, row, Some(range)).await?;
            }
            Part::Nothing => {
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                response.headers_mut().typed_insert(ContentRange::unsatisfied_bytes(info.size));
            }
        }
        Ok(response)
    }

    fn describe(&self, info: &Info, etag: ETag, headers: &mut HeaderMap) {
        let cache = CacheControl::new().with_public();
        let cache = match self.digest {
            Some(_) => cache.with_max_age(FOR_EVER).with_immutable(),
            None => cache.with_max_age(A_WHILE),
        };
        headers.typed_insert(cache);
        headers.typed_insert(etag);
        headers.typed_insert(LastModified::from(info.modified()));
        headers.typed_insert(AcceptRanges::bytes());
        // It was checked when it was put; what is there from before is bytes.
        let content_type = HeaderValue::from_str(&info.content_type);
        let bytes = HeaderValue::from_static("application/octet-stream");
        headers.insert(CONTENT_TYPE, content_type.unwrap_or(bytes));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(CONTENT_SECURITY_POLICY, NO_RIGHTS);
        let disposition = if is_shown(&info.content_type) { "inline" } else { "attachment" };
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
        let (name, value) = CROSS_ORIGIN;
        headers.insert(name, value);
    }

    /// The part that is asked for. Several at once, and what can't be read, are the whole, as RFC 9110 allows.
    fn part(&self, info: &Info, etag: &ETag) -> Part {
        let still = self
            .headers
            .typed_get::<headers::IfRange>()
            .is_none_or(|known| !known.is_modified(Some(etag), Some(&LastModified::from(info.modified()))));
        let asked = self.headers.get(RANGE).filter(|_| still).and_then(|value| value.to_str().ok());
        asked.map_or(Part::Whole, |asked| part(asked, info.size))
    }

    async fn body(&self, blobs: &Blobs, row: Row, range: Option<Range<u64>>) -> Result<Body, Fault> {
        if self.head || row.size == 0 {
            return Ok(Body::empty());
        }
        Ok(Body::from_stream(blobs.open_stream(&self.scope, &self.name, row, range).await?))
    }
}

fn part(asked: &str, size: u64) -> Part {
    let Ok(parsed) = http_range_header::parse_range_header(asked) else { return Part::Whole };
    match parsed.validate(size).as_deref() {
        Ok([one]) => Part::Bytes(*one.start()..one.end().saturating_add(1)),
        Ok(_) => Part::Whole,
        Err(_) => Part::Nothing,
    }
}

/// The name has other bytes now.
fn moved(info: &Info) -> Response {
    let location = format!("?digest={}", info.sha256);
    let mut response = (StatusCode::FOUND, [(LOCATION, location)]).into_response();
    response.headers_mut().typed_insert(CacheControl::new().with_no_cache());
    response
}

/// Whether a browser may show it in its own window: pictures, sound, films, fonts, plain text. What it could run, and
/// what nobody thought of, it downloads.
fn is_shown(content_type: &str) -> bool {
    let Ok(media) = content_type.parse::<mime::Mime>() else { return false };
    match (media.type_(), media.subtype()) {
        (mime::IMAGE, subtype) => subtype != mime::SVG && media.suffix() != Some(mime::XML),
        (mime::AUDIO | mime::VIDEO | mime::FONT, _) => media.suffix().is_none(),
        (mime::TEXT, subtype) => subtype == mime::PLAIN,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_a_part_and_everything_else_the_whole() {
        for (asked, expected) in [
            ("bytes=0-3", Part::Bytes(0..4)),
            ("bytes=4-", Part::Bytes(4..10)),
            ("bytes=-3", Part::Bytes(7..10)),
            ("bytes=9-9", Part::Bytes(9..10)),
            ("bytes=10-", Part::Nothing),
            // Not a range at all (RFC 9110, 14.1.1), and so as if nothing had been asked for.
            ("bytes=3-1", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=x", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(part(asked, 10), expected, "{asked}");
        }
    }

    #[test]
    fn what_a_browser_runs_is_a_download() {
        for shown in ["image/jpeg", "image/webp", "video/mp4", "font/woff2", "text/plain; charset=utf-8"] {
            assert!(is_shown(shown), "{shown}");
        }
        for download in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "text/javascript",
            "application/pdf",
            "x",
        ] {
            assert!(!is_shown(download), "{download}");
        }
    }
}
