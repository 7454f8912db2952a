//! What the host keeps for one instance of a service.

use std::any::Any;
use std::sync::Arc;

use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::ServiceLimits;
use super::parts::Parts;
use super::release::Facts;
use crate::usage::Usage;
use crate::{CallContext, Fault, Outcomes, ServiceName};

/// Resources that one instance may hold at a time; wasmtime's own default is practically none.
const RESOURCES: usize = 4_096;

/// The store's data of a service's instance: who is calling just now, the release's config, resources, WASI.
pub struct ServiceState {
    call: CallContext,
    read_only: bool,
    facts: Arc<Facts>,
    parts: Parts,
    table: ResourceTable,
    wasi: Option<Box<WasiCtx>>,
    pub(super) usage: Usage,
}

impl ServiceState {
    pub(super) fn new(call: CallContext, read_only: bool, facts: Arc<Facts>, limits: &ServiceLimits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let usage = Usage::new(limits.memory_bytes, limits.table_elements);
        Self { call, read_only, facts, parts: Parts::default(), table, wasi: None, usage }
    }

    /// The call that is running: who asks, for which tenant, until when.
    pub fn call(&self) -> &CallContext {
        &self.call
    }

    /// The service that runs.
    pub fn service(&self) -> &ServiceName {
        &self.facts.name
    }

    /// The version of the release that runs.
    pub fn version(&self) -> &str {
        &self.facts.version
    }

    /// The release's config.
    pub fn config(&self) -> &Arc<str> {
        &self.facts.config
    }

    /// Whether the manifest says of the running function that it writes nothing.
    pub fn read_only(&self) -> bool {
        self.read_only
    }

    /// What an extension made of the release's grant.
    pub fn prepared<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.facts.prepared.get()
    }

    /// What an extension keeps for the running call, by its type.
    pub fn part<T: Any + Send>(&self) -> Option<&T> {
        self.parts.get()
    }

    /// The same, to be changed.
    pub fn part_mut<T: Any + Send>(&mut self) -> Option<&mut T> {
        self.parts.get_mut()
    }

    /// Keeps something for the running call. It is dropped at the call's end, if nobody takes it before.
    pub fn set_part<T: Any + Send>(&mut self, part: T) {
        self.parts.set(part);
    }

    /// Takes back what was kept.
    pub fn take_part<T: Any + Send>(&mut self) -> Option<T> {
        self.parts.take()
    }

    /// The part of that type, made where the call has none yet, beside the resources: for interfaces whose
    /// implementation borrows both at a time.
    pub fn part_and_table<T: Any + Send>(&mut self, make: impl FnOnce(&Self) -> T) -> (&mut T, &mut ResourceTable) {
        if self.parts.get::<T>().is_none() {
            let part = make(self);
            self.parts.set(part);
        }
        match self.parts.get_mut() {
            Some(part) => (part, &mut self.table),
            None => unreachable!("it was set just now"),
        }
    }

    /// Whether work may leave the service just now, for another service or for the outside world: the extensions' word.
    pub fn may_leave(&self) -> Result<(), Fault> {
        self.facts.granted.iter().try_for_each(|extension| extension.before_call(self))
    }

    /// Resources that extensions gave to the instance.
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// Blackens a text in all that the release's instances log and complain of from now on.
    pub fn redact(&self, secret: &str) {
        self.facts.redactions.add(secret);
    }

    pub(super) fn begin(&mut self, call: CallContext, read_only: bool) {
        self.call = call;
        self.read_only = read_only;
    }

    /// A warm instance holds on to nothing of the request that it has answered.
    pub(super) fn rest(&mut self) {
        self.call.outcomes = Outcomes::none();
        self.parts.clear();
    }

    pub(super) fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.usage
    }
}

impl WasiView for ServiceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let facts = &self.facts;
        let ctx = self.wasi.get_or_insert_with(|| Box::new(wasi(facts)));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// Clocks and random numbers are real; files, sockets, arguments and environment are not there; output is logged.
/// Made when a service first asks for it: many never do.
fn wasi(facts: &Arc<Facts>) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    builder
        .stdout(LogStream(Arc::clone(facts)))
        .stderr(LogStream(Arc::clone(facts)))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    builder.build()
}

/// Standard output of a service: lines of the host's log.
struct LogStream(Arc<Facts>);

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn wasmtime_wasi::p2::OutputStream> {
        Box::new(LogWriter { facts: Arc::clone(&self.0), line: Vec::new() })
    }
}

struct LogWriter {
    facts: Arc<Facts>,
    line: Vec<u8>,
}

/// A line that does not end is logged in pieces of this size.
const LINE_BYTES: usize = 4_096;

impl LogWriter {
    fn flush_line(&mut self) {
        if !self.line.is_empty() {
            let line = self.facts.redactions.text(String::from_utf8_lossy(&self.line));
            tracing::info!(target: "fondaco::service", service = %self.facts.label, "{line}");
            self.line.clear();
        }
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.flush_line();
    }
}

impl wasmtime_wasi::p2::OutputStream for LogWriter {
    fn write(&mut self, bytes: bytes::Bytes) -> wasmtime_wasi::p2::StreamResult<()> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece.strip_suffix(b"\n").unwrap_or(piece));
            if piece.ends_with(b"\n") || self.line.len() >= LINE_BYTES {
                self.flush_line();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> wasmtime_wasi::p2::StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> wasmtime_wasi::p2::StreamResult<usize> {
        Ok(LINE_BYTES)
    }
}

#[wasmtime_wasi::async_trait]
impl wasmtime_wasi::p2::Pollable for LogWriter {
    async fn ready(&mut self) {}
}
