//! A house in memory, so that a service's logic is tested natively, as it runs in the host: the same statements and
//! migrations over SQLite, one unit of work a call, events that leave with the commit, a clock that stands still until
//! it is told otherwise, messages, a cache, files and secrets; and a test answers for the outside world.
//!
//! ```
//! use fondaco_service::{clock, prelude::*, testing::House};
//!
//! let house = House::with_schema("CREATE TABLE visits (at BIGINT)");
//! let visit = || sql::execute("INSERT INTO visits VALUES ($1)", params![clock::now_ms()?]);
//! house.call(visit).unwrap();
//! house.advance(60_000);
//! house.call(visit).unwrap();
//!
//! // What a call that fails has written is gone.
//! let failed: Result<(), Fault> = house.call(|| {
//!     visit()?;
//!     Err(fault::precondition("CLOSED", "The shop is closed."))
//! });
//! assert_eq!(failed.unwrap_err().reason, "CLOSED");
//! let (visits, last): (i64, i64) = house.call(|| sql::one("SELECT COUNT(*), MAX(at) FROM visits", params![])).unwrap();
//! assert_eq!((visits, last), (2, house.now_ms()));
//! ```
//!
//! What it does not do: check statements by the host's guard, limit anything, run two calls at a time.

mod database;
mod stores;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use database::Database;
pub use database::Engine;
use stores::{Cache, Files};

use crate::bindings::fondaco::host::blob::{Draft as BlobDraft, Info, Range};
use crate::bindings::fondaco::host::cache::Loaded;
use crate::bindings::fondaco::host::sql::{Rows, Value};
use crate::caller::Identity;
use crate::events::Draft;
use crate::host::{self, Host};
use crate::http::{Request, Response};
use crate::messages::{Email, Sms};
use crate::{Fault, fault};

/// Noon UTC on 2026-06-01: what a house's clock begins at.
pub const NOON_MS: i64 = 1_780_315_200_000;

/// A host in memory. See the [module](self).
pub struct House(Rc<State>);

/// An event that left with a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Its id: `event-1`, `event-2`, …
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// What it is about.
    pub subject: Option<String>,
    /// What it is ordered by.
    pub partition_key: Option<String>,
    /// What it says.
    pub data: serde_json::Value,
}

type Outside = dyn Fn(&Request) -> Result<Response, Fault>;

/// A message that left with a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// A mail.
    Email(Email),
    /// A text message.
    Sms(Sms),
}
struct State {
    database: Box<dyn Engine>,
    identity: RefCell<Identity>,
    config: RefCell<Option<String>>,
    secrets: RefCell<Vec<(String, String)>>,
    now_ms: Cell<i64>,
    /// Events of the unit of work that is open.
    pending: RefCell<Vec<Published>>,
    published: RefCell<Vec<Published>>,
    drafted: Cell<u64>,
    /// Messages of the unit of work that is open.
    outbox: RefCell<Vec<Sent>>,
    sent: RefCell<Vec<Sent>>,
    cache: RefCell<Cache>,
    files: RefCell<Files>,
    outside: RefCell<Option<Box<Outside>>>,
    requests: RefCell<Vec<Request>>,
}

impl House {
    /// With the migrations in the folder of that service, as they will be packed: `House::of(env!("CARGO_MANIFEST_DIR"))`.
    ///
    /// # Panics
    ///
    /// Where they cannot be read or do not run.
    #[allow(clippy::panic)]
    pub fn of(service: impl AsRef<Path>) -> Self {
        let folder = service.as_ref().join("migrations");
        let migrations = fondaco_pack::read_migrations(&folder).unwrap_or_else(|error| panic!("{error}"));
        let scripts: Vec<_> = migrations.iter().map(|migration| migration.sql.as_str()).collect();
        Self::with(&scripts)
    }

    /// With tables from a script of statements.
    ///
    /// # Panics
    ///
    /// Where the script does not run.
    pub fn with_schema(script: &str) -> Self {
        Self::with(&[script])
    }

    #[allow(clippy::panic)]
    fn with(scripts: &[&str]) -> Self {
        Self::over(Box::new(Database::new(scripts).unwrap_or_else(|error| panic!("{error}"))))
    }

    /// Over another database, whose tables are there already.
    pub fn over(database: Box<dyn Engine>) -> Self {
        let identity = Identity {
            tenant: "acme".to_owned(),
            subject: "test".to_owned(),
            roles: vec!["caller".to_owned()],
            request_id: "test".to_owned(),
        };
        Self(Rc::new(State {
            database,
            identity: RefCell::new(identity),
            config: RefCell::default(),
            secrets: RefCell::default(),
            now_ms: Cell::new(NOON_MS),
            pending: RefCell::default(),
            published: RefCell::default(),
            drafted: Cell::new(0),
            outbox: RefCell::default(),
            sent: RefCell::default(),
            cache: RefCell::default(),
            files: RefCell::default(),
            outside: RefCell::default(),
            requests: RefCell::default(),
        }))
    }

    /// With this text as the release's configuration.
    #[must_use]
    pub fn config(self, json: &str) -> Self {
        *self.0.config.borrow_mut() = Some(json.to_owned());
        self
    }

    /// With a secret.
    #[must_use]
    pub fn secret(self, name: &str, value: &str) -> Self {
        self.0.secrets.borrow_mut().push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this function in the place of the outside world: it answers every request.
    #[must_use]
    pub fn http(self, answer: impl Fn(&Request) -> Result<Response, Fault> + 'static) -> Self {
        *self.0.outside.borrow_mut() = Some(Box::new(answer));
        self
    }

    /// The requests that went out so far.
    pub fn requests(&self) -> Vec<Request> {
        self.0.requests.borrow().clone()
    }

    /// From now on these roles call.
    pub fn roles(&self, roles: &[&str]) {
        self.0.identity.borrow_mut().roles = roles.iter().map(|role| (*role).to_owned()).collect();
    }

    /// Runs a function as the host calls it: an `Ok` commits what it wrote and published, an `Err` (or a panic) leaves
    /// nothing behind.
    pub fn call<T>(&self, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        self.run(false, work)
    }

    /// Runs a function that the manifest calls read-only: writing is a `READ_ONLY` fault.
    pub fn call_read_only<T>(&self, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        self.run(true, work)
    }

    fn run<T>(&self, read_only: bool, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let unit = Unit(&self.0);
        self.0.database.set_read_only(read_only);
        let value = host::with(Rc::clone(&self.0) as Rc<dyn Host>, work)?;
        self.0.commit()?;
        drop(unit);
        Ok(value)
    }

    /// The events that left so far, in the order of publishing.
    pub fn published(&self) -> Vec<Published> {
        self.0.published.borrow().clone()
    }

    /// The events that left since the last time this was asked.
    pub fn take_published(&self) -> Vec<Published> {
        self.0.published.take()
    }

    /// The messages that left so far, in the order of sending.
    pub fn sent(&self) -> Vec<Sent> {
        self.0.sent.borrow().clone()
    }

    /// What the clock says.
    pub fn now_ms(&self) -> i64 {
        self.0.now_ms.get()
    }

    /// Lets time pass.
    pub fn advance(&self, ms: i64) {
        self.0.now_ms.set(self.now_ms().saturating_add(ms));
    }

    /// Empties the cache, as a restart may.
    pub fn forget_cache(&self) {
        self.0.cache.take();
    }
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("database", &self.0.database).finish_non_exhaustive()
    }
}

/// Rolls back, and drops events and messages, unless there was a commit: after a panic too.
struct Unit<'a>(&'a State);

impl Drop for Unit<'_> {
    fn drop(&mut self) {
        self.0.pending.borrow_mut().clear();
        self.0.outbox.borrow_mut().clear();
        self.0.database.roll_back();
        self.0.cache.borrow_mut().end_leases();
    }
}

impl State {
    fn send(&self, message: Sent) -> Result<String, Fault> {
        self.database.begin()?;
        self.outbox.borrow_mut().push(message);
        let before = self.sent.borrow().len();
        Ok(format!("message-{}", before + self.outbox.borrow().len()))
    }
}

impl Host for State {
    fn query(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Fault> {
        self.database.query(statement, parameters)
    }

    fn execute(&self, statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
        self.database.execute(statement, parameters)
    }

    fn commit(&self) -> Result<(), Fault> {
        self.database.commit()?;
        self.published.borrow_mut().append(&mut self.pending.borrow_mut());
        self.sent.borrow_mut().append(&mut self.outbox.borrow_mut());
        Ok(())
    }

    fn publish(&self, event: &Draft) -> Result<String, Fault> {
        self.database.begin()?;
        let data = serde_json::from_str(&event.data)
            .map_err(|error| fault::invalid("data", "JSON", format!("`{}`: {error}", event.data)))?;
        self.drafted.set(self.drafted.get() + 1);
        let id = format!("event-{}", self.drafted.get());
        self.pending.borrow_mut().push(Published {
            id: id.clone(),
            r#type: event.type_.clone(),
            subject: event.subject.clone(),
            partition_key: event.partition_key.clone(),
            data,
        });
        Ok(id)
    }

    fn send_email(&self, message: &Email) -> Result<String, Fault> {
        self.send(Sent::Email(message.clone()))
    }

    fn send_sms(&self, message: &Sms) -> Result<String, Fault> {
        self.send(Sent::Sms(message.clone()))
    }

    fn caller(&self) -> Identity {
        self.identity.borrow().clone()
    }

    fn config(&self) -> Result<Option<String>, Fault> {
        Ok(self.config.borrow().clone())
    }

    fn now_ms(&self) -> i64 {
        self.now_ms.get()
    }

    fn secret(&self, name: &str) -> Result<String, Fault> {
        let secrets = self.secrets.borrow();
        let found = secrets.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        found.ok_or_else(|| fault::precondition("SECRET_NOT_FOUND", format!("There is no secret `{name}`.")))
    }

    fn cache_get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        Ok(keys.iter().map(|key| self.cache.borrow().get(key, self.now_ms())).collect())
    }

    fn cache_set(&self, key: &str, value: &[u8], ttl_ms: u64) -> Result<(), Fault> {
        self.cache.borrow_mut().set(key, value, self.now_ms(), ttl_ms);
        Ok(())
    }

    fn cache_delete(&self, key: &str) -> Result<(), Fault> {
        self.cache.borrow_mut().delete(key);
        Ok(())
    }

    fn cache_load(&self, key: &str, _: u32) -> Result<Loaded, Fault> {
        Ok(self.cache.borrow_mut().load(key, self.now_ms()))
    }

    fn cache_fill(&self, key: &str, lease: u64, value: &[u8], ttl_ms: u64) -> Result<bool, Fault> {
        Ok(self.cache.borrow_mut().fill(key, lease, value, self.now_ms(), ttl_ms))
    }

    fn blob_put(&self, draft: &BlobDraft, bytes: &[u8]) -> Result<Info, Fault> {
        Ok(self.files.borrow_mut().put(draft, bytes, self.now_ms()))
    }

    fn blob_get(&self, name: &str, range: Option<Range>) -> Result<Vec<u8>, Fault> {
        self.files.borrow().get(name, range)
    }

    fn blob_head(&self, name: &str) -> Result<Option<Info>, Fault> {
        Ok(self.files.borrow().head(name))
    }

    fn blob_delete(&self, name: &str) -> Result<bool, Fault> {
        Ok(self.files.borrow_mut().delete(name))
    }

    fn blob_list(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Info>, Fault> {
        Ok(self.files.borrow().list(prefix, after, limit))
    }

    fn http(&self, request: &Request) -> Result<Response, Fault> {
        if self.database.is_open() {
            let message = "The call has written and not committed yet; call commit before it asks the outside world.";
            return Err(fault::precondition("UNCOMMITTED_WRITES", message));
        }
        self.requests.borrow_mut().push(request.clone());
        let outside = self.outside.borrow();
        let answer = outside.as_ref().ok_or_else(|| host::missing("http"))?;
        answer(request)
    }
}

#[cfg(test)]
mod tests;
