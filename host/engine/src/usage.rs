//! Memory and tables of a store, all of them together: wasmtime's own limits are for one memory each, and a component
//! may have several.

use wasmtime::{ResourceLimiter, Result};

/// What a store ran out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Spent {
    #[error("memory limit reached")]
    Memory,
    #[error("table limit reached")]
    Table,
}

/// Counts down.
#[derive(Debug)]
pub(crate) struct Usage {
    memory_left: usize,
    table_left: usize,
    spent: Option<Spent>,
}

impl Usage {
    pub(crate) fn new(memory_bytes: usize, table_elements: usize) -> Self {
        Self { memory_left: memory_bytes, table_left: table_elements, spent: None }
    }

    /// What ran out, if anything did.
    pub(crate) fn spent(&self) -> Option<Spent> {
        self.spent
    }

    /// The end of the call and not a refusal that the guest sees: it would answer with a panic, or with whatever its
    /// allocator does, and its author would look for the cause in vain.
    fn over(&mut self, spent: Spent) -> wasmtime::Error {
        self.spent = Some(spent);
        wasmtime::Error::new(spent)
    }
}

impl ResourceLimiter for Usage {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        match self.memory_left.checked_sub(desired.saturating_sub(current)) {
            Some(left) => self.memory_left = left,
            None => return Err(self.over(Spent::Memory)),
        }
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        Err(self.over(Spent::Memory))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        match self.table_left.checked_sub(desired.saturating_sub(current)) {
            Some(left) => self.table_left = left,
            None => return Err(self.over(Spent::Table)),
        }
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        Err(self.over(Spent::Table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_share_one_limit() {
        let mut usage = Usage::new(100, 10);
        assert!(usage.memory_growing(0, 60, None).unwrap());
        assert!(usage.memory_growing(0, 30, None).unwrap());
        assert!(usage.memory_growing(60, 71, None).is_err());
        assert_eq!(usage.spent(), Some(Spent::Memory));
        assert!(usage.table_growing(0, 10, None).unwrap());
        assert!(usage.table_growing(10, 11, None).is_err());
    }
}
