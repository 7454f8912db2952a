//! Server-side request forgery: every way that we know to lead a service into the operator's own network.

use serde_json::json;

use crate::site::{Site, full, status};
use crate::world::{OUTSIDE, World, ask, get, refused};

/// A public site, and one of the operator's own on the same port, that must never be asked.
async fn sites() -> (Site, Site) {
    loop {
        let public = Site::new(OUTSIDE, |_| async { status(200) }).await;
        let inside = format!("127.0.0.1:{}", public.port());
        // Somebody else may have the port there.
        if std::net::TcpListener::bind(&inside).is_ok() {
            return (public, Site::new(&inside, |_| async { status(200) }).await);
        }
    }
}

#[tokio::test]
async fn a_granted_host_is_asked() {
    let (site, inside) = sites().await;
    let world = World::new().await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world.outgoing(std::slice::from_ref(&place));
    let seen = ask(&outgoing, get(&format!("{place}/rates?to=fr"))).await.unwrap();
    assert_eq!(seen.status, 200);
    let asked = &site.asked()[0];
    assert_eq!((asked.path.as_str(), asked.headers["host"].to_str().unwrap()), ("/rates?to=fr", &place[7..]));
    assert!(asked.headers["user-agent"].to_str().unwrap().starts_with("fondaco/"));
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn what_is_not_granted_is_not_even_looked_up() {
    let (site, inside) = sites().await;
    let world = World::new().await;
    let port = site.port();
    let outgoing = world.outgoing(&[format!("http://api.test:{port}"), "*.carrier.test".to_owned()]);
    for (uri, expected) in [
        (format!("http://other.test:{port}/"), "HttpRequestDenied"),
        (format!("https://api.test:{port}/"), "HttpRequestDenied"),
        ("http://api.test/".to_owned(), "HttpRequestDenied"),
        (format!("http://api.test.evil.test:{port}/"), "HttpRequestDenied"),
        (format!("http://api.test.:{port}/"), "HttpRequestUriInvalid"),
        ("https://carrier.test/".to_owned(), "HttpRequestDenied"),
        ("https://a.b.carrier.test/".to_owned(), "HttpRequestDenied"),
        (format!("http://127.0.0.1:{port}/"), "HttpRequestDenied"),
        (format!("http://127.0.0.2:{port}/"), "HttpRequestDenied"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "HttpRequestDenied"),
        (format!("http://[::1]:{port}/"), "HttpRequestDenied"),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), "HttpRequestDenied"),
        // Other spellings of 127.0.0.1.
        (format!("http://2130706433:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://0x7f000001:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://0x7f.1:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://017700000001:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://0177.0.0.1:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://127.1:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://127.0.0.1.:{port}/"), "HttpRequestUriInvalid"),
        // Tricks with user-info, ports and paths.
        (format!("http://api.test:{port}@127.0.0.1:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://api.test@127.0.0.1:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://user:pass@api.test:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://@api.test:{port}/"), "HttpRequestUriInvalid"),
        (format!("http://api%2etest:{port}/"), "HttpRequestUriInvalid"),
        ("http://api.test:0/".to_owned(), "HttpRequestUriInvalid"),
        ("http://api.test:/".to_owned(), "HttpRequestUriInvalid"),
        (format!("ftp://api.test:{port}/"), "HttpRequestUriInvalid"),
        (format!("gopher://api.test:{port}/_x"), "HttpRequestUriInvalid"),
        ("/".to_owned(), "HttpRequestUriInvalid"),
    ] {
        // What no URI can say, no component can ask.
        let Ok(parsed) = uri.parse::<http::Uri>() else { continue };
        assert_eq!(refused(&outgoing, get(&parsed.to_string())).await, expected, "{uri}");
    }
    assert_eq!(world.names.asked(), Vec::<String>::new());
    assert_eq!((site.connections(), inside.connections()), (0, 0));
}

#[tokio::test]
async fn a_name_does_not_lead_inside() {
    let (site, inside) = sites().await;
    let world = World::new().await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world.outgoing(std::slice::from_ref(&place));
    for address in [
        "127.0.0.1",
        "127.0.0.3",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:0:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::127.0.0.1",
        "2002:7f00:1::",
        "2001::7f00:1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        world.names.set("api.test", &[&[address]]);
        assert_eq!(refused(&outgoing, get(&place)).await, "DestinationIpProhibited", "{address}");
    }
    assert_eq!((site.connections(), inside.connections()), (0, 0));
    // The same by a grant without `private`: nothing of the loopback is public.
    let public_only = world.granted(&json!({ "hosts": [place] }));
    world.names.set("api.test", &[&["127.0.0.2"]]);
    assert_eq!(refused(&public_only, get(&place)).await, "DestinationIpProhibited");
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn an_answer_that_changes_changes_nothing() {
    let (site, inside) = sites().await;
    let world = World::new().await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world.outgoing(std::slice::from_ref(&place));
    // One look-up a connection, and the connection goes to what was judged.
    world.names.set("api.test", &[&["127.0.0.2"], &["127.0.0.1"]]);
    assert_eq!(ask(&outgoing, get(&place)).await.unwrap().status, 200);
    assert_eq!(world.names.asked(), ["api.test"]);
    // The connection is still there, so nobody asks again.
    assert_eq!(ask(&outgoing, get(&place)).await.unwrap().status, 200);
    assert_eq!((world.names.asked().len(), site.connections()), (1, 1));
    // Another tenant has connections of its own, and gets the answer that has changed.
    let other = crate::world::of_tenant("other");
    let error = crate::world::ask_as(&outgoing, &other, get(&place), None).await.unwrap_err();
    assert_eq!(crate::world::name(&error), "DestinationIpProhibited");
    // Of several addresses only those are tried that may be.
    world.names.set("api.test", &[&["127.0.0.1", "::1", "10.0.0.1", "127.0.0.2"]]);
    assert_eq!(crate::world::ask_as(&outgoing, &other, get(&place), None).await.unwrap().status, 200);
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (_, inside) = sites().await;
    let target = format!("http://127.0.0.1:{}/admin", inside.port());
    let location = target.clone();
    let site = Site::new(OUTSIDE, move |_| {
        let location = location.clone();
        async move { http::Response::builder().status(302).header("location", location).body(full("")).unwrap() }
    })
    .await;
    let world = World::new().await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world.outgoing(std::slice::from_ref(&place));
    let seen = ask(&outgoing, get(&place)).await.unwrap();
    assert_eq!((seen.status, seen.headers["location"].to_str().unwrap()), (302, target.as_str()));
    // A component that follows it gets no further.
    assert_eq!(refused(&outgoing, get(&target)).await, "HttpRequestDenied");
    assert_eq!((site.asked().len(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn an_address_is_granted_as_an_address() {
    let (site, inside) = sites().await;
    let world = World::new().await;
    let place = format!("http://127.0.0.2:{}", site.port());
    let outgoing = world.outgoing(std::slice::from_ref(&place));
    assert_eq!(ask(&outgoing, get(&place)).await.unwrap().status, 200);
    assert_eq!(world.names.asked(), Vec::<String>::new());
    for host in [
        format!("http://127.0.0.1:{}", inside.port()),
        "http://[::ffff:127.0.0.1]".to_owned(),
        "169.254.169.254".to_owned(),
        "http://2130706433".to_owned(),
    ] {
        let fault = world.http.outgoing(&"shipping".parse().unwrap(), &json!({ "hosts": [host], "private": true }));
        assert_eq!(fault.map(drop).unwrap_err().reason, "INVALID_GRANT", "{host}");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_name_without_an_address_says_so() {
    let world = World::new().await;
    let outgoing = world.granted(&json!({ "hosts": ["nowhere.test", "empty.test"], "private": true, "attempts": 1 }));
    world.names.set("empty.test", &[&[]]);
    for host in ["nowhere.test", "empty.test"] {
        assert_eq!(refused(&outgoing, get(&format!("https://{host}/"))).await, "DnsError");
    }
}

#[tokio::test]
async fn tunnels_and_mirrors_are_refused() {
    let (site, _) = sites().await;
    let world = World::new().await;
    let place = format!("http://api.test:{}", site.port());
    let outgoing = world.outgoing(std::slice::from_ref(&place));
    for method in [http::Method::CONNECT, http::Method::TRACE] {
        let mut request = get(&place);
        *request.method_mut() = method;
        assert_eq!(refused(&outgoing, request).await, "HttpRequestMethodInvalid");
    }
    assert_eq!(site.connections(), 0);
}
