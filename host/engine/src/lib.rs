//! Runs Wasm: compile, cache, pools, limits, slots, calls.
//!
//! The engine knows no HTTP, no SQL and no domain. It takes components and gives calls, in two classes that share
//! nothing but the compiler:
//!
//! - a [`Plugin`] is a stranger's pure function. It is called synchronously, in a fresh store that bounds it on every
//!   side, and observes nothing but its input;
//! - a service is trusted. [`Services`] calls it asynchronously and generically, by its own types, through slots that
//!   can be swapped while calls are in flight, and links services to each other the same way.
//!
//! Bytes become machine code in a child process ([`worker`]), once per digest, and wait on disk for the next start.
//! Every failure, of a guest or of the host, is a [`Fault`].
//!
//! ```
//! use fondaco_engine::{Class, Engine, EngineConfig, Limits, Plugin, Seed};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A host compiles in a child: `EngineConfig::new(cache_dir, WorkerCommand::this_program()?)`.
//! let engine = Engine::new(EngineConfig::in_process())?;
//! let wasm = wat::parse_str(
//!     r#"(component
//!          (core module $m (func (export "twice") (param i32) (result i32)
//!            (i32.mul (local.get 0) (i32.const 2))))
//!          (core instance $i (instantiate $m))
//!          (func (export "twice") (param "n" u32) (result u32) (canon lift (core func $i "twice"))))"#,
//! )?;
//! let compiled = engine.compile(Class::Plugin, wasm.into()).await?;
//! let plugin = Plugin::prepare(&engine, compiled)?;
//!
//! let seed = Seed { now_ms: 1_700_000_000_000, request_id: "r1" };
//! let run = plugin.run(&Limits::default(), seed, |store, linked| {
//!     let instance = linked.pre.instantiate(&mut *store)?;
//!     let twice = instance.get_typed_func::<(u32,), (u32,)>(&mut *store, "twice")?;
//!     Ok(twice.call(&mut *store, (21,))?.0)
//! });
//! assert_eq!(run.outcome, Ok(42));
//! assert!(run.fuel.0 > 0);
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: `engine` makes wasmtime's engines and compiles; `plugin` and `service` are the two classes,
//! each from its entry down to the store; [`wire`] brings values into and out of a service's memory; [`shape`] compares
//! and prints types.

mod compiled;
mod config;
mod context;
mod engine;
mod fault;
mod ids;
mod plugin;
mod service;
pub mod shape;
mod sync;
mod terms;
mod usage;
pub mod wire;
pub mod worker;

pub use compiled::Compiled;
pub use config::{Class, CompileLimits, Compiler, EngineConfig, EngineError, PoolConfig, WorkerCommand};
pub use context::{CallContext, Outcome, Outcomes, Roles};
pub use engine::{Engine, PruneRules, Pruned};
pub use fault::{Code, Fault, WitFault};
pub use ids::{Digest, Fuel, IdError, ServiceName, TenantId};
pub use plugin::{Limits, Linked, Log, Plugin, PluginState, Run, Seed};
pub use service::{
    End, Extension, Function, FunctionView, Grants, InterfaceView, Prepared, ServiceLimits, ServiceRelease,
    ServiceState, ServiceView, Services, StagedService, Staging,
};
pub use terms::{CONFIG_BYTES, OnFailure};
/// The wasmtime that this engine is built on: its `Val`, `Store` and `Linker` stand in this crate's signatures.
pub use wasmtime;
