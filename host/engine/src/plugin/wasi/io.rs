//! `wasi:io`: output goes to the log, input is at its end, everything is ready.

use wasmtime::component::Resource;
use wasmtime::{Result, bail};
use wasmtime_wasi::p2::bindings::io::error;
use wasmtime_wasi::p2::bindings::sync::io::poll::{self, Pollable};
use wasmtime_wasi::p2::bindings::sync::io::streams::{self, InputStream, OutputStream};
use wasmtime_wasi::p2::{IoError, StreamError, StreamResult};

use super::super::PluginState;

/// Handles need no number to tell them apart: all streams of one kind are alike, and so are all pollables.
pub(super) const STREAM: u32 = 1;

/// How much may be written in one go. What is written beyond the log's own bound is counted and dropped.
const WRITE_BYTES: usize = 64 << 10;
/// WASI's own bound for a write that flushes.
const FLUSHED_BYTES: usize = 4096;

impl PluginState {
    fn write_log(&mut self, bytes: &[u8], most: usize) -> StreamResult<()> {
        self.pay().map_err(StreamError::Trap)?;
        if bytes.len() > most {
            return Err(StreamError::trap("more was written than the stream takes at once"));
        }
        self.log.write(bytes);
        Ok(())
    }

    fn ready(&mut self) -> StreamResult<()> {
        self.pay().map_err(StreamError::Trap)
    }

    fn end_of_input<T>(&mut self) -> StreamResult<T> {
        self.ready()?;
        Err(StreamError::Closed)
    }
}

impl error::Host for PluginState {}
impl error::HostError for PluginState {
    fn to_debug_string(&mut self, _error: Resource<IoError>) -> Result<String> {
        self.pay()?;
        Ok(String::new())
    }

    fn drop(&mut self, _error: Resource<IoError>) -> Result<()> {
        self.pay()
    }
}

impl poll::Host for PluginState {
    fn poll(&mut self, pollables: Vec<Resource<Pollable>>) -> Result<Vec<u32>> {
        self.pay()?;
        if pollables.is_empty() {
            bail!("empty poll list");
        }
        Ok((0..u32::try_from(pollables.len())?).collect())
    }
}

impl poll::HostPollable for PluginState {
    fn ready(&mut self, _pollable: Resource<Pollable>) -> Result<bool> {
        self.pay()?;
        Ok(true)
    }

    fn block(&mut self, _pollable: Resource<Pollable>) -> Result<()> {
        self.pay()
    }

    fn drop(&mut self, _pollable: Resource<Pollable>) -> Result<()> {
        self.pay()
    }
}

impl streams::Host for PluginState {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<streams::StreamError> {
        match error {
            StreamError::Closed => Ok(streams::StreamError::Closed),
            StreamError::LastOperationFailed(error) | StreamError::Trap(error) => Err(error),
        }
    }
}

impl streams::HostOutputStream for PluginState {
    fn check_write(&mut self, _stream: Resource<OutputStream>) -> StreamResult<u64> {
        self.ready()?;
        Ok(WRITE_BYTES as u64)
    }

    fn write(&mut self, _stream: Resource<OutputStream>, contents: Vec<u8>) -> StreamResult<()> {
        self.write_log(&contents, WRITE_BYTES)
    }

    fn blocking_write_and_flush(&mut self, _stream: Resource<OutputStream>, contents: Vec<u8>) -> StreamResult<()> {
        self.write_log(&contents, FLUSHED_BYTES)
    }

    fn flush(&mut self, _stream: Resource<OutputStream>) -> StreamResult<()> {
        self.ready()
    }

    fn blocking_flush(&mut self, _stream: Resource<OutputStream>) -> StreamResult<()> {
        self.ready()
    }

    fn subscribe(&mut self, _stream: Resource<OutputStream>) -> Result<Resource<Pollable>> {
        self.pay()?;
        Ok(Resource::new_own(STREAM))
    }

    fn write_zeroes(&mut self, _stream: Resource<OutputStream>, _len: u64) -> StreamResult<()> {
        // Zeroes say nothing in a log.
        self.ready()
    }

    fn blocking_write_zeroes_and_flush(&mut self, _stream: Resource<OutputStream>, _len: u64) -> StreamResult<()> {
        self.ready()
    }

    fn splice(&mut self, _to: Resource<OutputStream>, _from: Resource<InputStream>, _len: u64) -> StreamResult<u64> {
        self.end_of_input()
    }

    fn blocking_splice(
        &mut self,
        _to: Resource<OutputStream>,
        _from: Resource<InputStream>,
        _len: u64,
    ) -> StreamResult<u64> {
        self.end_of_input()
    }

    fn drop(&mut self, _stream: Resource<OutputStream>) -> Result<()> {
        self.pay()
    }
}

impl streams::HostInputStream for PluginState {
    fn read(&mut self, _stream: Resource<InputStream>, _len: u64) -> StreamResult<Vec<u8>> {
        self.end_of_input()
    }

    fn blocking_read(&mut self, _stream: Resource<InputStream>, _len: u64) -> StreamResult<Vec<u8>> {
        self.end_of_input()
    }

    fn skip(&mut self, _stream: Resource<InputStream>, _len: u64) -> StreamResult<u64> {
        self.end_of_input()
    }

    fn blocking_skip(&mut self, _stream: Resource<InputStream>, _len: u64) -> StreamResult<u64> {
        self.end_of_input()
    }

    fn subscribe(&mut self, _stream: Resource<InputStream>) -> Result<Resource<Pollable>> {
        self.pay()?;
        Ok(Resource::new_own(STREAM))
    }

    fn drop(&mut self, _stream: Resource<InputStream>) -> Result<()> {
        self.pay()
    }
}
