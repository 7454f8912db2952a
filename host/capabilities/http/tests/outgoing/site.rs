//! Servers on the loopback: one that answers as a function says, and one that writes bytes as they are.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fondaco_test_probe::PATIENCE;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What a server was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// How many were asked before.
    pub(crate) number: usize,
}

/// A server. It is gone when this is dropped.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed_unsync()
}

pub(crate) fn status(code: u16) -> Response<Body> {
    Response::builder().status(code).body(full("")).unwrap()
}

/// A body that is written by and by, and who writes it.
pub(crate) fn written() -> (Sender<Bytes>, Body) {
    let (sender, body) = Channel::new(1);
    (sender, body.boxed_unsync())
}

/// The whole body of an answer that never comes.
pub(crate) async fn never<T>() -> T {
    std::future::pending().await
}

impl Site {
    /// Answers by a function.
    pub(crate) async fn new<F, A>(place: &str, answer: F) -> Self
    where
        F: Fn(Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::over(place, answer, |stream| async move { Some(stream) }).await
    }

    /// The same over streams that are made of connections: TLS.
    pub(crate) async fn over<F, A, W, S, I>(place: &str, answer: F, wrap: W) -> Self
    where
        F: Fn(Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
        W: Fn(TcpStream) -> S + Send + Sync + 'static,
        S: Future<Output = Option<I>> + Send + 'static,
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (answer, wrap) = (Arc::new(answer), Arc::new(wrap));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        Self::start(place, asked, move |stream| {
            let (answer, wrap, seen) = (Arc::clone(&answer), Arc::clone(&wrap), Arc::clone(&seen));
            async move {
                let Some(stream) = wrap(stream).await else { return };
                let service = service_fn(move |request: Request<Incoming>| {
                    let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                    async move { Ok::<_, Infallible>(answer(note(&seen, request).await).await) }
                });
                // A client that goes away is what some of the tests are about.
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        })
        .await
    }

    /// Reads the head of a request and writes these bytes, for each connection once.
    pub(crate) async fn raw(place: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::start(place, Arc::default(), move |mut stream| {
            let bytes = bytes.clone();
            async move {
                read_head(&mut stream).await;
                let _ = stream.write_all(&bytes).await;
                // Stays, as it says that it would.
                let _ = stream.read_u8().await;
            }
        })
        .await
    }

    /// Reads the head of a request and hangs up.
    pub(crate) async fn hanging_up(place: &str) -> Self {
        Self::start(place, Arc::default(), |mut stream| async move { read_head(&mut stream).await }).await
    }

    /// Takes connections and says nothing.
    pub(crate) async fn silent(place: &str) -> Self {
        Self::start(place, Arc::default(), |stream| async move {
            let _stream = stream;
            never::<()>().await;
        })
        .await
    }

    async fn start<F, W>(place: &str, asked: Arc<Mutex<Vec<Asked>>>, serve: F) -> Self
    where
        F: Fn(TcpStream) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(place).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                open.spawn(serve(stream));
            }
        });
        Self { address, asked, connections, task: task.abort_handle() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
}

async fn note(seen: &Mutex<Vec<Asked>>, request: Request<Incoming>) -> Asked {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut seen = seen.lock().unwrap();
    let (method, path, headers) = (parts.method, parts.uri.to_string(), parts.headers);
    let asked = Asked { method, path, headers, body, number: seen.len() };
    seen.push(asked.clone());
    asked
}

/// Waits for something that happens soon.
pub(crate) async fn soon(what: &str, mut happened: impl FnMut() -> bool) {
    until(what, async || happened().then_some(())).await;
}

/// Looks until something is there.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} did not happen"))
}
