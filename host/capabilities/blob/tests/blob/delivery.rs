//! Delivery, as a browser and a CDN see it.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use fondaco_blob::{Info, router};
use fondaco_engine::Fault;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::house::{House, draft, name, put, scope};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

fn problem(fault: Fault) -> Response {
    let status = StatusCode::from_u16(fault.code.http_status()).unwrap();
    (status, fault.reason.into_owned()).into_response()
}

async fn send(house: &House, method: &str, uri: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let router = router(house.blobs.clone(), problem);
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
}

async fn fetch(house: &House, uri: &str, headers: &[(&str, &str)]) -> Answer {
    send(house, "GET", uri, headers).await
}

async fn digits(house: &House) -> Info {
    put(&house.blobs, &scope("acme", "catalog"), "a/digits.png", "0123456789").await.unwrap()
}

const PLAIN: &str = "/v1/blobs/acme/catalog/a/digits.png";

#[tokio::test]
async fn a_url_with_a_digest_is_for_ever() {
    for house in [House::in_folder().await, House::in_s3().await] {
        let info = digits(&house).await;
        let url = info.url().unwrap().to_owned();
        let answer = fetch(&house, &url, &[]).await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"0123456789"[..]));
        assert_eq!(answer.header("cache-control"), Some("public, immutable, max-age=31536000"));
        assert_eq!(answer.header("etag"), Some(info.etag().as_str()));
        assert_eq!(answer.header("content-type"), Some("image/png"));
        assert_eq!(answer.header("content-length"), Some("10"));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert!(answer.header("last-modified").is_some());

        // The name gets other bytes: the old URL leads to the new one and never serves them itself.
        let new = put(&house.blobs, &scope("acme", "catalog"), "a/digits.png", "new").await.unwrap();
        let answer = fetch(&house, &url, &[]).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::FOUND, Some("no-cache")));
        assert_eq!(answer.header("location"), Some(format!("?digest={}", new.sha256).as_str()));
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn a_name_is_to_be_asked_again() {
    let house = House::in_folder().await;
    let info = digits(&house).await;
    let answer = fetch(&house, PLAIN, &[]).await;
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"0123456789"[..]));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));

    for known in [info.etag(), format!("\"x\", {}", info.etag()), format!("W/{}", info.etag()), "*".to_owned()] {
        let answer = fetch(&house, PLAIN, &[("if-none-match", &known)]).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        assert_eq!(answer.header("etag"), Some(info.etag().as_str()));
    }
    assert_eq!(fetch(&house, PLAIN, &[("if-none-match", "\"x\"")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn parts_are_served() {
    for house in [House::in_folder().await, House::in_s3().await] {
        let info = digits(&house).await;
        for (range, expected, content_range) in [
            ("bytes=0-3", "0123", "bytes 0-3/10"),
            ("bytes=7-", "789", "bytes 7-9/10"),
            ("bytes=-2", "89", "bytes 8-9/10"),
            ("bytes=8-100", "89", "bytes 8-9/10"),
        ] {
            let answer = fetch(&house, PLAIN, &[("range", range)]).await;
            assert_eq!(
                (answer.status, &answer.body[..]),
                (StatusCode::PARTIAL_CONTENT, expected.as_bytes()),
                "{range}"
            );
            assert_eq!(answer.header("content-range"), Some(content_range));
            assert_eq!(answer.header("content-length"), Some(expected.len().to_string().as_str()));
        }
        let behind = fetch(&house, PLAIN, &[("range", "bytes=10-")]).await;
        assert_eq!(
            (behind.status, behind.header("content-range")),
            (StatusCode::RANGE_NOT_SATISFIABLE, Some("bytes */10"))
        );
        for whole in ["bytes=0-1,3-4", "bytes=a-b", "rows=1-2"] {
            assert_eq!(fetch(&house, PLAIN, &[("range", whole)]).await.status, StatusCode::OK, "{whole}");
        }
        let same = fetch(&house, PLAIN, &[("range", "bytes=0-3"), ("if-range", &info.etag())]).await;
        assert_eq!(same.status, StatusCode::PARTIAL_CONTENT);
        let other = fetch(&house, PLAIN, &[("range", "bytes=0-3"), ("if-range", "\"x\"")]).await;
        assert_eq!(other.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn head_says_the_same_without_the_bytes() {
    let house = House::in_folder().await;
    digits(&house).await;
    let (got, head) = (fetch(&house, PLAIN, &[]).await, send(&house, "HEAD", PLAIN, &[]).await);
    assert_eq!((got.status, &got.headers), (head.status, &head.headers));
    assert!(head.body.is_empty());
    for method in ["PUT", "POST", "DELETE"] {
        assert_eq!(send(&house, method, PLAIN, &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn what_is_not_public_is_not_there() {
    let house = House::in_folder().await;
    let mine = scope("acme", "catalog");
    let private =
        house.blobs.put(&mine, &draft("invoice.pdf", "application/pdf", false), "secret".into()).await.unwrap();
    let digest = format!("/v1/blobs/acme/catalog/invoice.pdf?digest={}", private.sha256);
    let missing = fetch(&house, "/v1/blobs/acme/catalog/nothing", &[]).await;
    for uri in [
        "/v1/blobs/acme/catalog/invoice.pdf",
        digest.as_str(),
        "/v1/blobs/acme/catalog/a/../invoice.pdf",
        "/v1/blobs/acme/catalog/%2e%2e/catalog/invoice.pdf",
        "/v1/blobs/acme/catalog/..%2finvoice.pdf",
        "/v1/blobs/acme/catalog//invoice.pdf",
        "/v1/blobs/other/catalog/invoice.pdf",
        "/v1/blobs/..%2f/x/y",
        "/v1/blobs/ACME/catalog/invoice.pdf",
        "/v1/blobs/acme/catalog/%ff%00",
        "/v1/blobs/acme/catalog/invoice.pdf?digest=a&digest=b",
    ] {
        let answer = fetch(&house, uri, &[]).await;
        assert_eq!((answer.status, &answer.body), (StatusCode::NOT_FOUND, &missing.body), "{uri}");
    }
    // Made public, it is; made private again, it is gone.
    put(&house.blobs, &mine, "invoice.pdf", "secret").await.unwrap();
    assert_eq!(fetch(&house, "/v1/blobs/acme/catalog/invoice.pdf", &[]).await.status, StatusCode::OK);
    house.blobs.delete(&mine, &name("invoice.pdf")).await.unwrap();
    assert_eq!(fetch(&house, &digest, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_browser_would_run_has_no_rights_and_is_downloaded() {
    let house = House::in_folder().await;
    let mine = scope("acme", "catalog");
    for (content_type, disposition) in [
        ("image/png", "inline"),
        ("text/plain", "inline"),
        ("text/html", "attachment"),
        ("image/svg+xml", "attachment"),
        ("application/xhtml+xml", "attachment"),
        ("application/javascript", "attachment"),
    ] {
        house.blobs.put(&mine, &draft("x", content_type, true), "<script>".into()).await.unwrap();
        let answer = fetch(&house, "/v1/blobs/acme/catalog/x", &[]).await;
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("content-disposition"), Some(disposition), "{content_type}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("content-security-policy").unwrap().contains("sandbox"));
    }
}
