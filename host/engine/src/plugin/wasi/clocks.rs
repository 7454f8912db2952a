//! `wasi:clocks`: time stands still at the request's `now` for the whole call, and a sleep is over at once.

use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::{self, Datetime};

use super::super::PluginState;
use super::io::STREAM;

const NANOS_PER_MILLI: u64 = 1_000_000;

impl wall_clock::Host for PluginState {
    fn now(&mut self) -> Result<Datetime> {
        self.pay()?;
        let nanoseconds = u32::try_from(self.now_ms % 1_000 * NANOS_PER_MILLI)?;
        Ok(Datetime { seconds: self.now_ms / 1_000, nanoseconds })
    }

    fn resolution(&mut self) -> Result<Datetime> {
        self.pay()?;
        Ok(Datetime { seconds: 0, nanoseconds: 1_000_000 })
    }
}

impl monotonic_clock::Host for PluginState {
    fn now(&mut self) -> Result<u64> {
        self.pay()?;
        Ok(self.now_ms.wrapping_mul(NANOS_PER_MILLI))
    }

    fn resolution(&mut self) -> Result<u64> {
        self.pay()?;
        Ok(NANOS_PER_MILLI)
    }

    fn subscribe_instant(&mut self, _when: u64) -> Result<Resource<DynPollable>> {
        self.pay()?;
        Ok(Resource::new_own(STREAM))
    }

    fn subscribe_duration(&mut self, _when: u64) -> Result<Resource<DynPollable>> {
        self.pay()?;
        Ok(Resource::new_own(STREAM))
    }
}
