//! Wasmtime's settings for the two classes.
//!
//! All that has a say in the machine code stands in [`codegen`], which the compile worker shares: what it compiles
//! loads here only if both agree.

use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Result, WasmBacktraceDetails,
};

use crate::{Class, EngineError, PoolConfig};

/// Address space of one linear memory: 4 GiB and a guard behind it, so that no access needs a bounds check.
const MEMORY_RESERVATION: u64 = 4 << 30;
const MEMORY_GUARD: u64 = 32 << 20;

/// A service's stack holds its own frames and those of a plugin that it calls, host frames included.
const ASYNC_STACK: usize = 2 << 20;

/// An engine of a class, with its pool; `siblings` (itself included) are made like it.
pub(super) fn engine(class: Class, pool: &PoolConfig, siblings: u32) -> Result<wasmtime::Engine, EngineError> {
    let failed = |error: wasmtime::Error| EngineError::Settings { class, reason: format!("{error:#}") };
    let mut config = running(class, pool);
    if pool.pooling {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(pool)));
        match enough_address_space(pool, siblings)
            .and_then(|()| wasmtime::Engine::new(&config).map_err(|e| format!("{e:#}")))
        {
            Ok(engine) => return Ok(engine),
            Err(reason) => {
                tracing::warn!(%class, reason, "no instance pool: instances are made on demand, which is slower");
            }
        }
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    }
    wasmtime::Engine::new(&config).map_err(failed)
}

/// An engine that only compiles: no pool, so that it fits below a small limit on address space.
pub(crate) fn for_compiling(class: Class) -> Result<wasmtime::Engine> {
    wasmtime::Engine::new(&codegen(class))
}

/// Asks the process's limit before a terabyte is reserved. Reserving can succeed and yet leave too little for
/// everything else, so a class's pools may take at most half.
fn enough_address_space(pool: &PoolConfig, siblings: u32) -> Result<(), String> {
    let memories = u64::from(pool.instances) * u64::from(pool.memories.min(2));
    let wanted = memories * (MEMORY_RESERVATION + MEMORY_GUARD) * u64::from(siblings);
    let limit = rustix::process::getrlimit(rustix::process::Resource::As).current;
    match limit {
        Some(limit) if limit / 2 < wanted => {
            Err(format!("{wanted} bytes of address space are wanted, {limit} allowed"))
        }
        _ => Ok(()),
    }
}

/// What decides on the machine code.
fn codegen(class: Class) -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        // The same bits on every machine, floats and vectors included.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // Component-model async costs half as much again per call, and nothing here uses it.
        .concurrency_support(false)
        // What no toolchain for plugins needs widens only what an attacker may try.
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .memory_reservation(MEMORY_RESERVATION)
        .memory_guard_size(MEMORY_GUARD)
        // A service's instances share few images. Plugins have one each: mapping it into a slot that held another costs
        // two system calls and page faults on both cores, copying some kilobytes of data does not.
        .memory_init_cow(class == Class::Service)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .generate_address_map(false)
        .epoch_interruption(true)
        .consume_fuel(class == Class::Plugin);
    config
}

fn running(class: Class, pool: &PoolConfig) -> Config {
    let mut config = codegen(class);
    config.max_wasm_stack(pool.stack_bytes).async_stack_size(ASYNC_STACK.max(pool.stack_bytes * 3));
    config
}

fn pooling(pool: &PoolConfig) -> PoolingAllocationConfig {
    // A component is mostly one core instance with one memory and one table, sometimes a few; four times the
    // component instances has room for that, and the pool is never asked for more than `instances` components.
    let most = pool.instances.saturating_mul(4);
    let mut config = PoolingAllocationConfig::new();
    config
        .total_component_instances(pool.instances)
        .total_core_instances(most)
        .total_memories(pool.instances.saturating_mul(2))
        .total_tables(most)
        // Whoever waits for its next call keeps the stack of its last one.
        .total_stacks(pool.instances)
        .max_core_instances_per_component(pool.core_instances)
        .max_memories_per_component(pool.memories)
        .max_tables_per_component(pool.tables)
        .max_memories_per_module(pool.memories.min(2))
        .max_tables_per_module(pool.tables.min(8))
        .max_memory_size(pool.memory_bytes)
        .table_elements(pool.table_elements)
        .max_unused_warm_slots(pool.warm_slots)
        .linear_memory_keep_resident(pool.keep_resident_bytes)
        .table_keep_resident(pool.keep_resident_bytes)
        .async_stack_keep_resident(pool.keep_resident_bytes)
        .pagemap_scan(Enabled::Auto);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_worker_compiles_loads_here() {
        for class in [Class::Plugin, Class::Service] {
            let pool = PoolConfig { instances: 4, ..PoolConfig::plugins() };
            let running = engine(class, &pool, 1).unwrap();
            let bytes = for_compiling(class).unwrap().precompile_component(b"\0asm\x0d\0\x01\0").unwrap();
            // SAFETY: the bytes come from the line above.
            #[allow(unsafe_code)]
            let component = unsafe { wasmtime::component::Component::deserialize(&running, bytes) };
            assert!(component.is_ok(), "{class}: {:?}", component.err());
        }
    }

    #[test]
    fn classes_do_not_mix() {
        let bytes = for_compiling(Class::Service).unwrap().precompile_component(b"\0asm\x0d\0\x01\0").unwrap();
        let plugins = for_compiling(Class::Plugin).unwrap();
        // SAFETY: the bytes come from wasmtime itself.
        #[allow(unsafe_code)]
        let component = unsafe { wasmtime::component::Component::deserialize(&plugins, bytes) };
        assert!(component.is_err());
    }
}
