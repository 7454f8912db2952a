//! Answers that want to be two, and what belongs to the connection.

use fondaco_http::HttpConfig;
use http::{Request, Response};

use crate::site::{Site, full};
use crate::world::{OUTSIDE, World, ask, body, get, hasty, refused};

async fn world() -> World {
    let limits = fondaco_http::Limits { attempts: 1, ..hasty() };
    World::with(HttpConfig { limits, ..HttpConfig::default() }).await
}

#[tokio::test]
async fn what_comes_behind_an_answer_is_not_the_next_one() {
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let site = Site::raw(OUTSIDE, two).await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world().await.outgoing(std::slice::from_ref(&place));
    for _ in 0..3 {
        assert_eq!(ask(&outgoing, get(&place)).await.unwrap().body, "good");
    }
    assert_eq!(site.connections(), 3);
}

#[tokio::test]
async fn a_head_that_contradicts_itself_is_refused() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\ngood!",
        "HTTP/1.1 200 OK\r\ncontent-length: +4\r\n\r\ngood",
        "HTTP/1.1 200 OK\r\ncontent-length : 4\r\n\r\ngood",
        "HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n",
        "HTTP/1.1 999999 OK\r\n\r\n",
        "HTTP/3.0 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "220 mail.example.com ESMTP\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let site = Site::raw(OUTSIDE, head).await;
        let place = format!("http://api.test:{}", site.port());
        let outgoing = world().await.outgoing(std::slice::from_ref(&place));
        assert_eq!(refused(&outgoing, get(&place)).await, "HttpProtocolError", "{head:?}");
    }
}

#[tokio::test]
async fn a_change_of_protocol_is_refused() {
    let site =
        Site::raw(OUTSIDE, "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n").await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world().await.outgoing(std::slice::from_ref(&place));
    assert_eq!(refused(&outgoing, get(&place)).await, "HttpUpgradeFailed");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_one_that_ends() {
    let site = Site::raw(OUTSIDE, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\ngood\r\nzz\r\n").await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world().await.outgoing(std::slice::from_ref(&place));
    assert_eq!(refused(&outgoing, get(&place)).await, "HttpResponseIncomplete");
}

#[tokio::test]
async fn the_hosts_own_headers_are_not_the_components() {
    let site = Site::new(OUTSIDE, |_| async { Response::new(full("ok")) }).await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world().await.outgoing(std::slice::from_ref(&place));
    for (name, value) in [
        ("host", "admin.internal"),
        ("connection", "x-secret"),
        ("keep-alive", "timeout=9999"),
        ("transfer-encoding", "chunked"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("upgrade", "websocket"),
        ("expect", "100-continue"),
        ("proxy-authorization", "Basic x"),
        ("proxy-connection", "keep-alive"),
        ("http2-settings", "x"),
    ] {
        let request = Request::get(&place).header(name, value).body(body("")).unwrap();
        assert_eq!(refused(&outgoing, request).await, "HttpRequestDenied", "{name}");
    }
    assert_eq!(site.connections(), 0);
    // A length that is not the body's is not believed.
    let request = Request::post(&place).header("content-length", "9999").body(body("short")).unwrap();
    assert_eq!(ask(&outgoing, request).await.unwrap().body, "ok");
    assert_eq!(site.asked()[0].headers["content-length"], "5");
}
