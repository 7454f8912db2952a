//! What the host keeps for one instance of a service.

use std::sync::Arc;

use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::ServiceLimits;
use crate::usage::Usage;
use crate::{CallContext, Outcomes};

/// Resources that one instance may hold at a time; wasmtime's own default is practically none.
const RESOURCES: usize = 4_096;

/// The store's data of a service's instance: who is calling just now, the release's config, resources, WASI.
pub struct ServiceState {
    call: CallContext,
    config: Arc<str>,
    label: Arc<str>,
    table: ResourceTable,
    wasi: Option<Box<WasiCtx>>,
    pub(super) usage: Usage,
}

impl ServiceState {
    pub(super) fn new(call: CallContext, config: Arc<str>, label: Arc<str>, limits: &ServiceLimits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let usage = Usage::new(limits.memory_bytes, limits.table_elements);
        Self { call, config, label, table, wasi: None, usage }
    }

    /// The call that is running: who asks, for which tenant, until when.
    pub fn call(&self) -> &CallContext {
        &self.call
    }

    /// The release's config.
    pub fn config(&self) -> &Arc<str> {
        &self.config
    }

    /// Resources that extensions gave to the instance.
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    pub(super) fn begin(&mut self, call: CallContext) {
        self.call = call;
    }

    /// A warm instance holds on to nothing of the request that it has answered.
    pub(super) fn rest(&mut self) {
        self.call.outcomes = Outcomes::none();
    }

    pub(super) fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.usage
    }
}

impl WasiView for ServiceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let label = &self.label;
        let ctx = self.wasi.get_or_insert_with(|| Box::new(wasi(label)));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// Clocks and random numbers are real; files, sockets, arguments and environment are not there; output is logged.
/// Made when a service first asks for it: many never do.
fn wasi(label: &Arc<str>) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    builder
        .stdout(LogStream(Arc::clone(label)))
        .stderr(LogStream(Arc::clone(label)))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    builder.build()
}

/// Standard output of a service: lines of the host's log.
struct LogStream(Arc<str>);

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
        Box::new(LogWriter { label: Arc::clone(&self.0), line: Vec::new() })
    }
}

struct LogWriter {
    label: Arc<str>,
    line: Vec<u8>,
}

/// A line that does not end is logged in pieces of this size.
const LINE_BYTES: usize = 4_096;

impl LogWriter {
    fn flush_line(&mut self) {
        if !self.line.is_empty() {
            tracing::info!(target: "fondaco::service", service = %self.label, "{}", String::from_utf8_lossy(&self.line));
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
