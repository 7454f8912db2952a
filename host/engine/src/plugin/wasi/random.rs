//! `wasi:random`: derived from the request.

use wasmtime::{Result, bail};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use super::super::PluginState;

/// More than any hash seed or sample needs, and little enough to be made in no time.
const MOST_BYTES: u64 = 64 << 10;

impl PluginState {
    fn random_bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.pay()?;
        if count > MOST_BYTES {
            bail!("{count} random bytes were asked for, and there are {MOST_BYTES} at a time");
        }
        Ok(self.random.bytes(usize::try_from(count)?))
    }

    fn random_number(&mut self) -> Result<u64> {
        self.pay()?;
        Ok(self.random.next())
    }
}

impl random::Host for PluginState {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        self.random_number()
    }
}

impl insecure::Host for PluginState {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.random_number()
    }
}

impl insecure_seed::Host for PluginState {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((self.random_number()?, self.random_number()?))
    }
}
