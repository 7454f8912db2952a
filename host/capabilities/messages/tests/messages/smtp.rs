//! A mail server as small as it can be, that answers as it is told to.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A mail that it took.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) recipients: Vec<String>,
    pub(crate) data: String,
    /// Who had logged in, as base64 of PLAIN.
    pub(crate) login: Option<String>,
    /// Whether nobody could listen.
    pub(crate) closed: bool,
}

/// What to do with the next mail that is not to be taken as it comes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    /// To answer this to its recipient.
    Recipient(u16),
    /// To answer this to its content.
    Content(u16),
    /// To take it and to say nothing.
    TakeAndBreakOff,
    /// To answer this to the login.
    Login(u16),
}

/// How the way to it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    Starttls,
    Implicit,
}

pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    /// The certificate that it shows.
    pub(crate) pem: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    way: Way,
    acceptor: TlsAcceptor,
    taken: Mutex<Vec<Taken>>,
    orders: Mutex<VecDeque<Order>>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpServer {
    pub(crate) async fn start(way: Way) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let shared = Arc::new(Shared { way, acceptor, taken: Mutex::default(), orders: Mutex::default() });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                // A client that goes away ends its session, and that is fine.
                tokio::spawn(async move { drop(serve(stream, &shared).await) });
            }
        });
        Self { port, pem: cert.pem(), shared, task }
    }

    pub(crate) fn order(&self, order: Order) {
        self.shared.orders.lock().unwrap().push_back(order);
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.shared.taken.lock().unwrap().clone()
    }
}

impl Shared {
    /// The next order, if it is of this kind.
    fn ordered<T>(&self, is: impl Fn(Order) -> Option<T>) -> Option<T> {
        let mut orders = self.orders.lock().unwrap();
        let found = is(*orders.front()?)?;
        orders.pop_front();
        Some(found)
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    if shared.way == Way::Implicit {
        let closed = shared.acceptor.accept(stream).await?;
        return Session::new(closed, shared, true).talk(true).await.map(drop);
    }
    if let Some(stream) = Session::new(stream, shared, false).talk(true).await? {
        let closed = shared.acceptor.accept(stream).await?;
        Session::new(closed, shared, true).talk(false).await?;
    }
    Ok(())
}

struct Session<'a, S> {
    stream: BufReader<S>,
    shared: &'a Shared,
    closed: bool,
    login: Option<String>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Session<'a, S> {
    fn new(stream: S, shared: &'a Shared, closed: bool) -> Self {
        Self { stream: BufReader::new(stream), shared, closed, login: None }
    }

    /// Until the end, or until the way is to be closed: then what to close.
    async fn talk(mut self, greets: bool) -> io::Result<Option<S>> {
        if greets {
            self.say("220 test").await?;
        }
        let mut recipients = Vec::new();
        loop {
            let line = self.line().await?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" if self.shared.way == Way::Starttls && !self.closed => {
                    self.say("250-test\r\n250 STARTTLS").await?;
                }
                "EHLO" => self.say("250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?,
                "STARTTLS" => {
                    self.say("220 go on").await?;
                    return Ok(Some(self.stream.into_inner()));
                }
                "AUTH" => {
                    let refused = self.shared.ordered(|order| match order {
                        Order::Login(code) => Some(code),
                        _ => None,
                    });
                    self.login = line.rsplit(' ').next().map(str::to_owned);
                    self.say(&format!("{} said of ada@example.com", refused.unwrap_or(235))).await?;
                }
                "RCPT" => {
                    let refused = self.shared.ordered(|order| match order {
                        Order::Recipient(code) => Some(code),
                        _ => None,
                    });
                    recipients.push(line);
                    self.say(&format!("{} said of ada@example.com", refused.unwrap_or(250))).await?;
                }
                "DATA" => {
                    if !self.data(std::mem::take(&mut recipients)).await? {
                        return Ok(None);
                    }
                }
                "QUIT" => return self.say("221 bye").await.map(|()| None),
                _ => self.say("250 ok").await?,
            }
        }
    }

    /// Whether to go on.
    async fn data(&mut self, recipients: Vec<String>) -> io::Result<bool> {
        self.say("354 go on").await?;
        let mut data = String::new();
        loop {
            let line = self.line().await?;
            if line == "." {
                break;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            data.push_str("\r\n");
        }
        let refused = self.shared.ordered(|order| match order {
            Order::Content(code) => Some(code),
            _ => None,
        });
        if let Some(code) = refused {
            self.say(&format!("{code} said of ada@example.com")).await?;
            return Ok(true);
        }
        let taken = Taken { recipients, data, login: self.login.clone(), closed: self.closed };
        self.shared.taken.lock().unwrap().push(taken);
        let breaks_off = |order| matches!(order, Order::TakeAndBreakOff).then_some(());
        if self.shared.ordered(breaks_off).is_some() {
            return Ok(false);
        }
        self.say("250 taken").await?;
        Ok(true)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.get_mut().flush().await
    }
}
