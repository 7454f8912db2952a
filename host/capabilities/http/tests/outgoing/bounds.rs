//! Bodies, heads, times and connections are bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fondaco_http::{Caller, Error, HttpConfig, Limits, Outgoing, RequestOptions};
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::json;

use crate::site::{Body, Site, full, never, soon, status, written};
use crate::world::{OUTSIDE, World, ask, ask_as, body, caller, get, hasty, name, of_tenant, post, refused};

async fn world(limits: Limits) -> World {
    World::with(HttpConfig { limits, ..HttpConfig::default() }).await
}

/// Asks a site as a service with these limits.
async fn visit(site: &Site, limits: Limits) -> (Outgoing, String) {
    let place = format!("http://api.test:{}/", site.port());
    let outgoing = world(limits).await.outgoing(&[place.trim_end_matches('/').to_owned()]);
    (outgoing, place)
}

fn once() -> Limits {
    Limits { attempts: 1, ..hasty() }
}

#[tokio::test]
async fn a_body_that_says_that_it_is_huge_is_not_read() {
    let site = Site::raw(OUTSIDE, "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\nabc").await;
    let (outgoing, place) = visit(&site, Limits::default()).await;
    match ask(&outgoing, get(&place)).await {
        Err(Error::HttpResponseBodySize(Some(limit))) => assert_eq!(limit, Limits::default().response_bytes),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let stopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stopped);
    let site = Site::new(OUTSIDE, move |_| {
        let (mut sender, body) = written();
        let stopped = Arc::clone(&seen);
        tokio::spawn(async move {
            while sender.send_data(Bytes::from_static(&[0; 16 << 10])).await.is_ok() {}
            stopped.store(true, Ordering::SeqCst);
        });
        async move { Response::new(body) }
    })
    .await;
    let (outgoing, place) = visit(&site, Limits { response_bytes: 100_000, ..Limits::default() }).await;
    assert_eq!(refused(&outgoing, get(&place)).await, "HttpResponseBodySize");
    soon("the end of the endless body", || stopped.load(Ordering::SeqCst)).await;
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_read() {
    let site = Site::new(OUTSIDE, |_| async { Response::new(full(vec![7; 100_000])) }).await;
    let (outgoing, place) = visit(&site, Limits { response_bytes: 100_000, ..Limits::default() }).await;
    assert_eq!(ask(&outgoing, get(&place)).await.unwrap().body.len(), 100_000);
}

#[tokio::test]
async fn a_body_that_pauses_is_cut_off() {
    let site = Site::new(OUTSIDE, |_| async { Response::new(stalling()) }).await;
    let (outgoing, place) = visit(&site, once()).await;
    assert_eq!(refused(&outgoing, get(&place)).await, "ConnectionReadTimeout");
    // The component's own word counts where it is less.
    let (outgoing, place) = visit(&site, Limits::default()).await;
    let options = RequestOptions { between_bytes_timeout: Some(Duration::from_millis(50)), ..Default::default() };
    let error = ask_as(&outgoing, &caller(), get(&place), Some(options)).await.unwrap_err();
    assert_eq!(name(&error), "ConnectionReadTimeout");
}

/// One piece, and then nothing more.
fn stalling() -> Body {
    let (mut sender, body) = written();
    tokio::spawn(async move {
        sender.send_data(Bytes::from_static(b"a")).await.unwrap();
        never::<()>().await;
    });
    body
}

#[tokio::test]
async fn a_body_that_drips_for_ever_is_cut_off() {
    let site = Site::new(OUTSIDE, |_| async {
        let (mut sender, body) = written();
        tokio::spawn(async move {
            let mut drops = tokio::time::interval(Duration::from_millis(10));
            while sender.send_data(Bytes::from_static(b"a")).await.is_ok() {
                drops.tick().await;
            }
        });
        Response::new(body)
    })
    .await;
    let (outgoing, place) = visit(&site, Limits { total_ms: 300, ..Limits::default() }).await;
    assert_eq!(refused(&outgoing, get(&place)).await, "HttpResponseTimeout");
}

#[tokio::test]
async fn what_never_answers_is_given_up() {
    let site = Site::new(OUTSIDE, |_| never()).await;
    let (outgoing, place) = visit(&site, once()).await;
    assert_eq!(refused(&outgoing, get(&place)).await, "ConnectionReadTimeout");
    // By the total, by the call's deadline, by the component's own word.
    let (outgoing, place) = visit(&site, Limits { total_ms: 200, ..Limits::default() }).await;
    assert_eq!(refused(&outgoing, get(&place)).await, "HttpResponseTimeout");
    let (outgoing, place) = visit(&site, Limits { attempts: 1, ..Limits::default() }).await;
    let hurried = Caller { deadline: Instant::now() + Duration::from_millis(300), ..caller() };
    assert_eq!(name(&ask_as(&outgoing, &hurried, get(&place), None).await.unwrap_err()), "HttpResponseTimeout");
    let own = Duration::from_millis(50);
    let options =
        RequestOptions { connect_timeout: Some(own), first_byte_timeout: Some(own), ..RequestOptions::default() };
    let error = ask_as(&outgoing, &caller(), get(&place), Some(options)).await.unwrap_err();
    assert_eq!(name(&error), "ConnectionReadTimeout");
}

#[tokio::test]
async fn a_handshake_that_stands_still_is_given_up() {
    let site = Site::silent(OUTSIDE).await;
    let place = format!("https://api.test:{}", site.port());
    let outgoing = world(once()).await.outgoing(std::slice::from_ref(&place));
    assert_eq!(refused(&outgoing, get(&place)).await, "ConnectionTimeout");
}

#[tokio::test]
async fn a_head_is_bounded() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    for head in [many, long] {
        let site = Site::raw(OUTSIDE, head).await;
        let (outgoing, place) = visit(&site, once()).await;
        assert_eq!(refused(&outgoing, get(&place)).await, "HttpResponseHeaderSectionSize");
    }
}

#[tokio::test]
async fn a_request_is_bounded() {
    let site = Site::new(OUTSIDE, |_| async { status(200) }).await;
    let (outgoing, place) = visit(&site, Limits { request_bytes: 1_000, ..Limits::default() }).await;
    let sized = |bytes: usize| Request::post(&place).body(body(vec![0; bytes])).unwrap();
    assert_eq!(ask(&outgoing, sized(1_000)).await.unwrap().status, 200);
    assert_eq!(site.asked()[0].body.len(), 1_000);
    assert_eq!(site.asked()[0].headers["content-length"], "1000");
    assert_eq!(refused(&outgoing, sized(1_001)).await, "HttpRequestBodySize");
    let long = format!("{place}{}", "a".repeat(9_000));
    assert_eq!(refused(&outgoing, get(&long)).await, "HttpRequestUriTooLong");
    let heavy = (0..20).fold(Request::get(&place), |request, at| request.header(format!("x-{at}"), "a".repeat(1_000)));
    assert_eq!(refused(&outgoing, heavy.body(body("")).unwrap()).await, "HttpRequestHeaderSectionSize");
    assert_eq!(site.asked().len(), 1);
}

#[tokio::test]
async fn a_body_that_nobody_finishes_writing_is_given_up() {
    let site = Site::new(OUTSIDE, |_| async { status(200) }).await;
    let (outgoing, place) = visit(&site, Limits { total_ms: 200, ..Limits::default() }).await;
    let (_sender, endless) = http_body_util::channel::Channel::<Bytes, Error>::new(1);
    let request = Request::post(&place).body(endless.boxed_unsync()).unwrap();
    assert_eq!(refused(&outgoing, request).await, "HttpResponseTimeout");
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn a_tenant_has_so_many_connections_and_no_more() {
    let site =
        Site::new(OUTSIDE, |asked| async move { if asked.path == "/held" { never().await } else { status(200) } });
    let site = site.await;
    let (outgoing, place) = visit(&site, Limits { connections: 2, connect_ms: 200, ..Limits::default() }).await;
    let outgoing = Arc::new(outgoing);
    let ended = caller().ended;
    let mut held = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (outgoing, request) = (Arc::clone(&outgoing), get(&format!("{place}held")));
        let caller = Caller { ended: ended.clone(), ..caller() };
        held.spawn(async move { ask_as(&outgoing, &caller, request, None).await.map(drop) });
    }
    soon("both requests", || site.asked().len() == 2).await;
    assert_eq!(refused(&outgoing, get(&place)).await, "ConnectionLimitReached");
    assert_eq!(site.connections(), 2);
    // Another tenant has its own.
    assert_eq!(ask_as(&outgoing, &of_tenant("other"), get(&place), None).await.unwrap().status, 200);
    // With the call, its requests end, and their places are free.
    ended.cancel();
    while let Some(ended) = held.join_next().await {
        assert_eq!(name(&ended.unwrap().unwrap_err()), "ConnectionTerminated");
    }
    assert_eq!(ask(&outgoing, get(&place)).await.unwrap().status, 200);
}

#[tokio::test]
async fn idle_connections_make_room_for_others() {
    let mut sites = Vec::new();
    for _ in 0..5 {
        sites.push(Site::new(OUTSIDE, |_| async { status(200) }).await);
    }
    let places: Vec<_> = sites.iter().map(|site| format!("http://api.test:{}", site.port())).collect();
    let limits = Limits { connections: 1, attempts: 1, ..Limits::default() };
    let outgoing = world(limits).await.outgoing(&places);
    for _ in 0..3 {
        for place in &places {
            assert_eq!(ask(&outgoing, get(place)).await.unwrap().status, 200);
        }
    }
}

#[tokio::test]
async fn connections_are_used_again() {
    let site = Site::new(OUTSIDE, |_| async { Response::new(full("ok")) }).await;
    let (outgoing, place) = visit(&site, Limits::default()).await;
    for _ in 0..5 {
        assert_eq!(ask(&outgoing, post(&place)).await.unwrap().body, "ok");
    }
    assert_eq!((site.asked().len(), site.connections()), (5, 1));
}

#[tokio::test]
async fn a_body_ends_with_the_call() {
    let site = Site::new(OUTSIDE, |_| async { Response::new(stalling()) }).await;
    let (outgoing, place) = visit(&site, Limits { connections: 1, ..Limits::default() }).await;
    let caller = caller();
    let answer = outgoing.send(&caller, get(&place), None).await.unwrap();
    let work = tokio::spawn(answer.work);
    caller.ended.cancel();
    work.await.unwrap();
    let error = answer.response.into_body().collect().await.unwrap_err();
    assert_eq!(name(&error), "ConnectionTerminated");
}

#[tokio::test]
async fn a_body_that_nobody_reads_holds_its_place_only_until_the_deadline() {
    let site = Site::new(OUTSIDE, |_| async { Response::new(full(vec![7; 1 << 20])) }).await;
    let (outgoing, place) = visit(&site, Limits { connections: 1, total_ms: 300, ..Limits::default() }).await;
    let answer = outgoing.send(&caller(), get(&place), None).await.unwrap();
    // The component keeps it and does not read.
    let kept = answer.response;
    answer.work.await;
    assert_eq!(ask(&outgoing, get(&format!("{place}other"))).await.map(|seen| seen.status).unwrap(), 200);
    drop(kept);
}

#[tokio::test]
async fn a_grant_lowers_limits() {
    let site = Site::new(OUTSIDE, |_| async { Response::new(full(vec![7; 2_000])) }).await;
    let place = format!("http://api.test:{}", site.port());
    let world = world(Limits::default()).await;
    let grant = json!({ "hosts": [place], "private": true, "response-bytes": 1_000, "attempts": 1 });
    assert_eq!(refused(&world.granted(&grant), get(&place)).await, "HttpResponseBodySize");
}
