//! A service that keeps what it is given and gives it back, and does not look at it.
//!
//! What wasmtime lowers out of a `Val`, the codec writes as JSON; what the codec reads of JSON, wasmtime lifts into a
//! `Val`. So each is judged by wasmtime's own understanding of the type.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use fondaco_engine::{
    CallContext, Class, Engine, EngineConfig, Fault, Function, Outcomes, Roles, ServiceLimits, ServiceRelease, Services,
};
use wasmtime::component::{Type, Val};
use wit_parser::abi::{AbiVariant, WasmType};

use super::oracle;
use crate::codec::{Element, Plan};

/// A service that keeps values of one type.
pub(super) struct Keeper {
    services: Services,
    pub(super) element: Element,
    pub(super) ty: Type,
}

/// One instance of it.
pub(super) struct Kept<'a> {
    keeper: &'a Keeper,
    context: CallContext,
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = EngineConfig::in_process();
    config.services.pooling = false;
    config.plugins.pooling = false;
    Engine::new(config).unwrap()
});

impl Keeper {
    /// For the type that WIT writes so, where `definitions` are those of its names.
    pub(super) fn of(definitions: &str, ty: &str) -> Arc<Self> {
        static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Keeper>>>> = LazyLock::new(Mutex::default);
        let key = format!("{definitions}{ty}");
        if let Some(known) = KNOWN.lock().unwrap().get(&key) {
            return Arc::clone(known);
        }
        let made = Arc::new(Self::new(definitions, ty, wit_component::StringEncoding::UTF8));
        KNOWN.lock().unwrap().insert(key, Arc::clone(&made));
        made
    }

    /// One whose strings are kept in another encoding.
    pub(super) fn new(definitions: &str, ty: &str, encoding: wit_component::StringEncoding) -> Self {
        let wasm = wasm(definitions, ty, encoding);
        let limits = ServiceLimits { warm: 64, output_bytes: 1 << 20, ..ServiceLimits::default() };
        let services = Services::new(&ENGINE, Vec::new(), limits);
        RUNTIME.block_on(async {
            let release = ServiceRelease {
                compiled: ENGINE.compile(Class::Service, wasm.into()).await.unwrap(),
                version: "1.0.0".to_owned(),
                config: Arc::from("{}"),
                routes: Vec::new(),
                read_only: Vec::new(),
                grants: Arc::default(),
                docs: Arc::default(),
            };
            services.activate("keeper".parse().unwrap(), release).await.unwrap();
        });
        let ty = services.function("keeper", "api", "flat").unwrap().params().next().unwrap().1;
        Self { element: Element::of(&ty).unwrap(), ty, services }
    }

    /// A fresh instance: instances belong to tenants.
    pub(super) fn fresh(&self) -> Kept<'_> {
        static TENANT: AtomicUsize = AtomicUsize::new(0);
        let tenant = format!("tenant-{}", TENANT.fetch_add(1, Ordering::Relaxed));
        let context = CallContext {
            tenant: tenant.parse().unwrap(),
            subject: Arc::from("tester"),
            roles: Roles::CALLER,
            request_id: Arc::from("request-1"),
            deadline: Instant::now() + Duration::from_mins(1),
            depth: 0,
            outcomes: Outcomes::none(),
        };
        Kept { keeper: self, context }
    }

    /// What the codec's arguments mean to wasmtime.
    pub(super) fn read(&self, json: &str) -> Val {
        let kept = self.fresh();
        kept.pass("keep", &format!("{{\"all\":[[{json}]]}}")).unwrap();
        match kept.call("give", Vec::new()).unwrap() {
            Some(Val::List(values)) if values.len() == 1 => only(values.into_iter().next().unwrap()),
            other => panic!("{other:?}"),
        }
    }

    /// What the codec writes of a value that wasmtime brought in.
    pub(super) fn write(&self, value: &Val) -> String {
        let kept = self.fresh();
        kept.call("keep", vec![Val::List(vec![Val::Tuple(vec![value.clone()])])]).unwrap();
        let list = kept.pass("give", "{}").unwrap().unwrap();
        list.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")).unwrap().to_owned()
    }

    /// What the codec should write of it.
    pub(super) fn json(&self, value: &Val) -> String {
        let mut out = Vec::new();
        oracle::encode(&self.element.shape, value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The body of a call of `flat`: a record itself, anything else as a member.
    pub(super) fn body(&self, json: &str) -> String {
        if matches!(self.ty, Type::Record(_)) { json.to_owned() } else { format!("{{\"all\":{json}}}") }
    }
}

impl Kept<'_> {
    fn function(&self, name: &str) -> Function {
        self.keeper.services.function("keeper", "api", name).unwrap()
    }

    /// Calls with JSON, by the codec.
    pub(super) fn pass(&self, function: &str, body: &str) -> Result<Option<String>, Fault> {
        let function = self.function(function);
        let plan = Arc::new(Plan::of(function.ty()).unwrap());
        let arguments = plan.arguments(body.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{body}"));
        let answer = RUNTIME.block_on(self.keeper.services.pass(&self.context, &function, arguments, plan));
        answer.map(|answer| answer.map(|answer| String::from_utf8(answer).unwrap()))
    }

    /// Calls with `Val`, by wasmtime.
    pub(super) fn call(&self, function: &str, arguments: Vec<Val>) -> Result<Option<Val>, Fault> {
        RUNTIME.block_on(self.keeper.services.call(&self.context, &self.function(function), arguments))
    }

    /// What the function `flat` was called with, core value by core value, and how much memory it was given.
    pub(super) fn raw(&self) -> String {
        self.pass("raw", "{}").unwrap().unwrap()
    }

    /// Overwrites the service's memory.
    pub(super) fn poke(&self, at: u32, bytes: &[u8]) {
        let bytes = Val::List(bytes.iter().copied().map(Val::U8).collect());
        self.call("poke", vec![Val::U32(at), bytes]).unwrap();
    }
}

/// The warm ones are bounded, and one that traps is not among them.
impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let _trapped = self.call("end", Vec::new());
    }
}

/// The value in a tuple of one.
pub(super) fn only(tuple: Val) -> Val {
    match tuple {
        Val::Tuple(values) if values.len() == 1 => values.into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Where `give` answers: the case, then the list's pointer and length.
pub(super) const ANSWER: u32 = 256;
/// Where the memory that is given out begins.
pub(super) const HEAP: u32 = 4_096;

/// A tuple of one lies in memory as that one does, and a list of it is a list even of bytes.
fn wasm(definitions: &str, ty: &str, encoding: wit_component::StringEncoding) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_str("types.wit", include_str!("../../../../../wit/types/types.wit")).unwrap();
    let wit = format!(
        "package test:types@1.0.0;
         interface api {{
             use fondaco:types/faults@1.0.0.{{fault}};
             {definitions}
             keep: func(all: list<tuple<{ty}>>) -> result<_, fault>;
             give: func() -> result<list<tuple<{ty}>>, fault>;
             flat: func(all: {ty}) -> result<_, fault>;
             raw: func() -> result<list<u64>, fault>;
             poke: func(at: u32, bytes: list<u8>) -> result<_, fault>;
             end: func() -> result<_, fault>;
         }}
         world guest {{ export api; }}"
    );
    let package = resolve.push_str("test.wit", &wit).unwrap_or_else(|error| panic!("{error:?}\n{wit}"));
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let (_, api) = resolve.interfaces.iter().find(|(_, found)| found.name.as_deref() == Some("api")).unwrap();
    let flat = resolve.wasm_signature(AbiVariant::GuestExport, &api.functions["flat"]).params;
    let mut module = wat::parse_str(core(&flat)).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    let mut encoder = wit_component::ComponentEncoder::default().validate(true).module(&module).unwrap();
    encoder.encode().unwrap()
}

/// `flat` writes what it is called with to 1024, one word each, and behind them the end of the memory given out.
fn core(flat: &[WasmType]) -> String {
    let mut params = String::new();
    let mut stores = String::new();
    for (at, ty) in flat.iter().enumerate() {
        let local = format!("(local.get {at})");
        let (ty, word) = match ty {
            WasmType::I64 | WasmType::PointerOrI64 => ("i64", local),
            WasmType::F32 => ("f32", format!("(i64.extend_i32_u (i32.reinterpret_f32 {local}))")),
            WasmType::F64 => ("f64", format!("(i64.reinterpret_f64 {local})")),
            WasmType::I32 | WasmType::Pointer | WasmType::Length => ("i32", format!("(i64.extend_i32_u {local})")),
        };
        params.extend(["(param ", ty, ")"]);
        let place = (1_024 + 8 * at).to_string();
        stores.extend(["(i64.store (i32.const ", &place, ") ", &word, ")"]);
    }
    let done = "(i32.store8 (i32.const 512) (i32.const 0)) (i32.const 512)";
    let api = "test:types/api@1.0.0";
    format!(
        r#"(module
  (memory (export "memory") 16)
  (global $heap (mut i32) (i32.const {HEAP}))
  (func (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $heap (i32.add (local.get $at) (local.get $new)))
    (memory.copy (local.get $at) (local.get $old)
      (select (local.get $size) (local.get $new) (i32.lt_u (local.get $size) (local.get $new))))
    (local.get $at))
  (func (export "{api}#keep") (param $pointer i32) (param $length i32) (result i32)
    (i32.store8 (i32.const {ANSWER}) (i32.const 0))
    (i32.store offset=4 (i32.const {ANSWER}) (local.get $pointer))
    (i32.store offset=8 (i32.const {ANSWER}) (local.get $length))
    {done})
  (func (export "{api}#give") (result i32) (i32.const {ANSWER}))
  (func (export "{api}#flat") {params} (result i32)
    {stores}
    (i64.store (i32.const 1152) (i64.extend_i32_u (global.get $heap)))
    {done})
  (func (export "{api}#raw") (result i32)
    (i32.store (i32.const 1600) (i32.const 0))
    (i32.store (i32.const 1604) (i32.const 1024))
    (i32.store (i32.const 1608) (i32.const 17))
    (i32.const 1600))
  (func (export "{api}#end") (result i32) unreachable)
  (func (export "{api}#poke") (param $at i32) (param $from i32) (param $length i32) (result i32)
    (memory.copy (local.get $at) (local.get $from) (local.get $length))
    {done}))"#
    )
}
