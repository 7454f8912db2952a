//! Hosts in small: databases, events and messages, with carriers that answer as they are told to.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fondaco_engine::{Code, Fault};
use fondaco_events::bus::Bus;
use fondaco_events::bus::embedded::EmbeddedBus;
use fondaco_events::bus::redis::{RedisBus, RedisConfig};
use fondaco_events::{Attempt, Events, Handler, Outcome};
use fondaco_messages::{Carrier, Carriers, Email, Envelope, Message, Messages, MessagesConfig, Sms, Trouble};
use fondaco_sql::{Databases, DatabasesConfig, ShardConfig, Value, Work};
use fondaco_test_servers::{Postgres, Redis};
use tempfile::TempDir;
use uuid::Uuid;

use crate::mailbox::{email, sms};

/// The longest that anything here may take; what takes longer hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What carriers were given, by id, and what they are to answer.
#[derive(Default)]
pub(crate) struct Way {
    carried: Mutex<HashMap<Uuid, usize>>,
    answers: Mutex<VecDeque<Result<(), Trouble>>>,
    /// Whether it does not answer at all.
    away: Mutex<bool>,
}

impl Way {
    /// What to answer to the next message, in place of `Ok`.
    pub(crate) fn answer(&self, answer: Result<(), Trouble>) {
        self.answers.lock().unwrap().push_back(answer);
    }

    /// Nothing is taken until this is taken back.
    pub(crate) fn set_away(&self, away: bool) {
        *self.away.lock().unwrap() = away;
    }

    /// How often a message was tried.
    pub(crate) fn times(&self, id: Uuid) -> usize {
        self.carried.lock().unwrap().get(&id).copied().unwrap_or(0)
    }

    pub(crate) fn all(&self) -> HashMap<Uuid, usize> {
        self.carried.lock().unwrap().clone()
    }

    fn carry(&self, envelope: &Envelope) -> Result<(), Trouble> {
        *self.carried.lock().unwrap().entry(envelope.id).or_default() += 1;
        if *self.away.lock().unwrap() {
            return Err(passing());
        }
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }
}

pub(crate) fn passing() -> Trouble {
    Trouble::Passing(Fault::new(Code::Unavailable, "PROVIDER_UNAVAILABLE", "it is away"))
}

pub(crate) fn lasting() -> Trouble {
    Trouble::Lasting(Fault::new(Code::FailedPrecondition, "MESSAGE_REFUSED", "it does not want it"))
}

struct Told(Arc<Way>);

#[async_trait]
impl Carrier<Email> for Told {
    async fn carry(&self, envelope: &Envelope, _: &Email) -> Result<(), Trouble> {
        self.0.carry(envelope)
    }
}

#[async_trait]
impl Carrier<Sms> for Told {
    async fn carry(&self, envelope: &Envelope, _: &Sms) -> Result<(), Trouble> {
        self.0.carry(envelope)
    }
}

/// No service handles anything here.
struct Nobody;

#[async_trait]
impl Handler for Nobody {
    async fn handle(&self, _: &Attempt) -> Outcome {
        Outcome::Failed(Fault::internal("nobody subscribes to anything"))
    }
}

pub(crate) struct Host {
    pub(crate) databases: Databases,
    pub(crate) events: Events,
    pub(crate) messages: Messages,
}

pub(crate) struct House {
    pub(crate) hosts: Vec<Host>,
    pub(crate) way: Arc<Way>,
    _folder: TempDir,
    _servers: (Option<Postgres>, Option<Redis>),
}

/// Waits that tests can wait for.
pub(crate) fn config() -> MessagesConfig {
    MessagesConfig { max_attempts: 3, backoff_ms: 1, backoff_max_ms: 5, ..MessagesConfig::default() }
}

impl House {
    /// One host on SQLite and the embedded bus.
    pub(crate) async fn embedded() -> Self {
        Self::embedded_with(config()).await
    }

    pub(crate) async fn embedded_with(config: MessagesConfig) -> Self {
        let (folder, way) = (tempfile::tempdir().unwrap(), Arc::<Way>::default());
        let databases = Databases::open(DatabasesConfig::embedded(folder.path().join("sql"))).await.unwrap();
        let bus = Arc::new(EmbeddedBus::open(&folder.path().join("events")).await.unwrap());
        let host = Host::new(databases, bus, &way, &config).await;
        Self { hosts: vec![host], way, _folder: folder, _servers: (None, None) }
    }

    /// Two hosts on PostgreSQL and Redis. None where one of them is not installed.
    pub(crate) async fn distributed() -> Option<Self> {
        let (postgres, redis) = (Postgres::start()?, Redis::start()?);
        let (folder, way) = (tempfile::tempdir().unwrap(), Arc::<Way>::default());
        let mut hosts = Vec::new();
        for _ in 0..2 {
            let shard = ShardConfig { name: "main".into(), url: postgres.url(), replicas: Vec::new(), open: true };
            let databases = Databases::open(DatabasesConfig::postgres(vec![shard])).await.unwrap();
            let bus = RedisBus::new(&RedisConfig::new(redis.url())).unwrap();
            hosts.push(Host::new(databases, Arc::new(bus), &way, &config()).await);
        }
        Some(Self { hosts, way, _folder: folder, _servers: (Some(postgres), Some(redis)) })
    }

    pub(crate) async fn close(&self) {
        for host in &self.hosts {
            host.events.stop(DEADLINE).await;
            host.databases.close().await;
        }
    }

    /// How many messages wait.
    pub(crate) async fn waiting(&self) -> i64 {
        let host = &self.hosts[0];
        let database = host.databases.of(&tenant(), &service()).await.unwrap();
        let deadline = Instant::now() + DEADLINE;
        let rows = database.query_internal("SELECT count(*) FROM fondaco_messages", &[], deadline).await.unwrap();
        match rows.rows[0][0] {
            Value::Integer(count) => count,
            ref other => panic!("{other:?}"),
        }
    }

    /// Sends a mail in a unit of work of its own.
    pub(crate) async fn send(&self) -> Uuid {
        let (work, id) = self.hosts[0].begin_to_send(&Message::Email(email())).await;
        work.commit().await.unwrap();
        id
    }
}

impl Host {
    async fn new(databases: Databases, bus: Arc<dyn Bus>, way: &Arc<Way>, config: &MessagesConfig) -> Self {
        let events = Events::with_bus(bus, databases.clone(), fondaco_events::Limits::default());
        let carriers = Carriers { email: Arc::new(Told(Arc::clone(way))), sms: Arc::new(Told(Arc::clone(way))) };
        let messages = Messages::new(config, databases.clone(), events.clone(), carriers);
        messages.bring_out(&service()).await.unwrap();
        events.start_with(Arc::new(Nobody));
        Self { databases, events, messages }
    }

    /// A unit of work with a message in it.
    pub(crate) async fn begin_to_send(&self, message: &Message) -> (Work, Uuid) {
        let database = self.databases.of(&tenant(), &service()).await.unwrap();
        let mut work = database.begin(Instant::now() + DEADLINE).await.unwrap();
        let id = self.messages.send(&mut work, &tenant(), &service(), message).await.unwrap();
        (work, id)
    }
}

pub(crate) fn text() -> Message {
    Message::Sms(sms())
}

pub(crate) fn tenant() -> fondaco_engine::TenantId {
    "acme".parse().unwrap()
}

pub(crate) fn service() -> fondaco_engine::ServiceName {
    "orders".parse().unwrap()
}

/// Asks until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is: impl Fn() -> F) {
    let asking = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("it never came to this: {what}"));
}
