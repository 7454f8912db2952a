//! What an engine is told at its start. Every number has a default that suits a small machine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::Fault;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The two classes of call, each on an engine of its own: what suits the one costs the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A merchant's component: untrusted, pure, metered in fuel, called synchronously in a fresh store.
    Plugin,
    /// A domain service: trusted, asynchronous, bounded by its deadline.
    Service,
}

impl Class {
    /// `plugin` or `service`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Plugin => "plugin",
            Class::Service => "service",
        }
    }

    /// The class of that name.
    pub fn from_name(name: &str) -> Option<Class> {
        [Class::Plugin, Class::Service].into_iter().find(|class| class.as_str() == name)
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Settings of an [`Engine`](crate::Engine).
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where compiled components are kept; without it they are compiled anew at every start.
    pub cache_dir: Option<PathBuf>,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// What one compilation may take.
    pub compile: CompileLimits,
    /// The pool of plugin instances, all engines together.
    pub plugins: PoolConfig,
    /// Engines for plugins, among which the cores are divided. Calls on cores of different engines share nothing; each
    /// engine has its own handles, an open file and three mappings for every plugin that is loaded.
    pub plugin_engines: u32,
    /// The pool of service instances.
    pub services: PoolConfig,
    /// How often running code is looked at: the resolution of every wall-clock limit.
    pub tick: Duration,
}

impl EngineConfig {
    /// Compiles in child processes started by `worker`, and keeps the result in `cache_dir`.
    pub fn new(cache_dir: impl Into<PathBuf>, worker: WorkerCommand) -> Self {
        Self { cache_dir: Some(cache_dir.into()), compiler: Compiler::Child(worker), ..Self::in_process() }
    }

    /// Compiles in this process and keeps nothing on disk: for tests and tools, whose components are their own.
    pub fn in_process() -> Self {
        Self {
            cache_dir: None,
            compiler: Compiler::InProcess,
            compile: CompileLimits::default(),
            plugins: PoolConfig::plugins(),
            plugin_engines: one_a_core(),
            services: PoolConfig::services(),
            tick: Duration::from_millis(10),
        }
    }
}

/// At most four: more would cost more memory than they bring speed.
fn one_a_core() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)).min(4)
}

/// Where components are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In a child process under resource limits: the only place for bytes that are not trusted.
    Child(WorkerCommand),
    /// In this process, without limits: for bytes of one's own.
    InProcess,
}

/// How a compile worker is started: a program that ends in [`worker::main`](crate::worker::main).
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// What stands in front of the worker's own arguments: a hidden subcommand.
    pub args: Vec<OsString>,
}

impl WorkerCommand {
    /// This very program, with the hidden subcommand `compile-worker`.
    pub fn this_program() -> std::io::Result<Self> {
        Ok(Self { program: std::env::current_exe()?, args: vec!["compile-worker".into()] })
    }
}

/// What one compilation may take.
#[derive(Debug, Clone, Copy)]
pub struct CompileLimits {
    /// Size of a component.
    pub component_bytes: usize,
    /// Size of what comes out.
    pub artifact_bytes: usize,
    /// Address space of the child.
    pub memory_bytes: u64,
    /// CPU time of the child.
    pub cpu: Duration,
    /// Time until the child is killed, waiting for its turn not included.
    pub wall: Duration,
    /// Children at a time.
    pub parallel: usize,
    /// Functions in all modules of a component together.
    pub functions: u32,
    /// Bytes of one function's body. Compile time grows faster than this.
    pub function_bytes: u32,
    /// Core modules, components and instances in a component, nested ones included.
    pub parts: u32,
    /// How deep components may be nested.
    pub nesting: u32,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            component_bytes: 32 * MIB,
            artifact_bytes: 256 * MIB,
            memory_bytes: 3 << 30,
            cpu: Duration::from_mins(1),
            wall: Duration::from_secs(90),
            parallel: 2,
            functions: 200_000,
            function_bytes: u32::try_from(4 * MIB).unwrap_or(u32::MAX),
            parts: 1_000,
            nesting: 16,
        }
    }
}

/// The pool that instances of one class come from. Address space is reserved for all of it at the start; memory is
/// used as instances touch it.
#[derive(Debug, Clone, Copy)]
pub struct PoolConfig {
    /// Use the pool; otherwise, and where the address space does not suffice, instances are made on demand (ten times
    /// slower).
    pub pooling: bool,
    /// Component instances at a time. Calls are admitted below it, so that the pool itself never runs out.
    pub instances: u32,
    /// The greatest linear memory.
    pub memory_bytes: usize,
    /// The greatest table.
    pub table_elements: usize,
    /// Core instances in one component: an adapter or a language runtime is several.
    pub core_instances: u32,
    /// Memories in one component.
    pub memories: u32,
    /// Tables in one component.
    pub tables: u32,
    /// The most that WebAssembly may use of the stack in one call.
    pub stack_bytes: usize,
    /// Unused slots that stay prepared for the component that ran in them last, rather than being given to the next.
    /// Worth most where memories are mapped from images: there, another component's slot costs mapping it anew.
    pub warm_slots: u32,
    /// How much of a memory, table or stack stays resident in its slot when an instance goes. What a small call
    /// touches should fit, so that a call costs no page fault and no system call.
    pub keep_resident_bytes: usize,
}

impl PoolConfig {
    /// Defaults for plugins. They run to their end without a pause, so there are never more than threads.
    pub const fn plugins() -> Self {
        Self {
            pooling: true,
            instances: 256,
            memory_bytes: 256 * MIB,
            table_elements: 64 * KIB,
            core_instances: 32,
            memories: 4,
            tables: 16,
            stack_bytes: 512 * KIB,
            // Memories are not mapped from images (see `settings`), so that any slot suits any plugin: a few that are
            // hot in the processor's caches are better than many that remember.
            warm_slots: 8,
            // More than all of a lean plugin's memory, which is cleared without giving pages back then; and no more, as
            // this is what a greedy one leaves behind.
            keep_resident_bytes: 512 * KIB,
        }
    }

    /// Defaults for services, which wait for each other and are kept warm.
    pub const fn services() -> Self {
        Self {
            instances: 6_144,
            memory_bytes: 512 * MIB,
            warm_slots: 256,
            keep_resident_bytes: 2 * MIB,
            ..Self::plugins()
        }
    }
}

/// Why an engine can't be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The settings contradict each other or this machine.
    #[error("the {class} engine can't be set up: {reason}")]
    Settings {
        /// Which engine.
        class: Class,
        /// Wasmtime's own words.
        reason: String,
    },
    /// The cache's folder can't be used.
    #[error("the compile cache at {path} can't be used: {error}")]
    Cache {
        /// The folder.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// No thread for the ticker.
    #[error("the epoch ticker can't be started: {0}")]
    Ticker(std::io::Error),
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        Fault::internal(error.to_string())
    }
}
