//! One plugin, ready to be called: typed, prepared once, run in a fresh store each time.

use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::{
    Code, Compiled, Digest, Engine, Fault, Fuel, Linked, Log, OnFailure, Plugin, PluginState, Run, Seed,
};
use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, TypedFunc};

use crate::crossing::CartRef;
use crate::evaluation::Held;
use crate::function::Function;
use crate::limits::PluginLimits;
use crate::point::Point;
use crate::wit;
use crate::{examine, loyalty, price_rule, promotion, shipping_rate, tax, validation};

/// What a plugin exports that never gives memory back: see `wit/plugin/arena.wit`.
const ARENA: &str = "fondaco:plugin/arena@1.0.0";

/// What a plugin's function returns.
type Returned<F> = (Result<<F as Function>::Answer, wit::Fault>,);

/// A plugin behind the typed functions of its extension point. Cheap to clone.
#[derive(Clone)]
pub struct TypedPlugin {
    /// With its functions by [`Function::ORDINAL`]. Each was checked against its Rust types: see [`TypedPlugin::new`].
    plugin: Plugin<Functions>,
    point: Point,
    /// Whether its memory is never given back, see [`ARENA`].
    arena: bool,
}

type Functions = Box<[ComponentExportIndex]>;

impl TypedPlugin {
    /// Links the component and checks its exports against the types of its extension point.
    pub fn new(engine: &Engine, compiled: &Arc<Compiled>) -> Result<Self, Fault> {
        let point = examine::point_of(compiled, engine)?;
        let plugin = Plugin::prepare_with(engine, Arc::clone(compiled), |component| {
            functions(point, component).map_err(|error| {
                // Wasmtime knows that it does not fit; the comparison with the contract knows where.
                examine::check_types(compiled, engine, point)
                    .err()
                    .unwrap_or_else(|| Fault::new(Code::InvalidArgument, "EXPORT_TYPE_MISMATCH", format!("{error:#}")))
            })
        })?;
        let arena = compiled.component().get_export_index(None, ARENA).is_some();
        Ok(Self { plugin, point, arena })
    }

    /// The extension point that it exports.
    pub fn point(&self) -> Point {
        self.point
    }

    /// The component.
    pub fn compiled(&self) -> &Arc<Compiled> {
        self.plugin.compiled()
    }

    /// Runs `F` in a fresh store. The answer is as the plugin gave it: not checked yet.
    pub fn call<F: Function>(
        &self,
        cart: &Held,
        args: &F::Args,
        config: &str,
        limits: &fondaco_engine::Limits,
    ) -> Run<Result<F::Answer, wit::Fault>> {
        let seed = Seed { now_ms: cart.context.now_ms, request_id: &cart.context.request_id };
        let cart = CartRef::of(cart, self.arena);
        self.plugin.run(limits, seed, |store, linked| self.enter::<F>(store, linked, F::params(cart, args, config)))
    }

    fn enter<F: Function>(
        &self,
        store: &mut Store<PluginState>,
        linked: &Linked<Functions>,
        params: F::Params<'_>,
    ) -> wasmtime::Result<Result<F::Answer, wit::Fault>> {
        let index = linked.exports.get(F::ORDINAL).filter(|_| F::POINT == self.point);
        let index = index.ok_or_else(|| wasmtime::format_err!("{} has no {}", self.point, F::NAME))?;
        let instance = linked.pre.instantiate(&mut *store)?;
        let function = instance.get_func(&mut *store, index);
        let function = function.ok_or_else(|| wasmtime::format_err!("{} is not a function", F::NAME))?;
        // SAFETY: `functions` checked this export of this component against exactly these types when the plugin was
        // prepared, and `functions[F::ORDINAL]` of a plugin at `F::POINT` is `F` alone. Checking again at each call
        // would walk the whole type of a cart: a tenth of a call with 10 lines.
        #[expect(unsafe_code, reason = "the check was made once, at preparation")]
        let function = unsafe { TypedFunc::<F::Params<'_>, Returned<F>>::new_unchecked(function) };
        let (answer,) = function.call(store, params)?;
        Ok(answer)
    }
}

/// The exports of a plugin at `point`, in the order of [`Function::ORDINAL`], each checked against its Rust types.
pub(crate) fn functions(point: Point, component: &Component) -> wasmtime::Result<Functions> {
    let found = match point {
        Point::PriceRule => vec![export::<price_rule::Evaluate>(component)?],
        Point::Promotion => vec![export::<promotion::Evaluate>(component)?],
        Point::ShippingRate => vec![export::<shipping_rate::Rates>(component)?],
        Point::Tax => vec![export::<tax::Assess>(component)?],
        Point::Loyalty => vec![
            export::<loyalty::Earn>(component)?,
            export::<loyalty::Burn>(component)?,
            export::<loyalty::Reverse>(component)?,
        ],
        Point::Validation => vec![export::<validation::Check>(component)?],
    };
    Ok(found.into())
}

fn export<F: Function>(component: &Component) -> wasmtime::Result<ComponentExportIndex> {
    let missing = || wasmtime::format_err!("{} is not exported by {}", F::NAME, F::POINT.interface());
    let interface = component.get_export_index(None, F::POINT.interface()).ok_or_else(missing)?;
    let (item, index) = component.get_export(Some(&interface), F::NAME).ok_or_else(missing)?;
    let ComponentItem::ComponentFunc(function) = item else {
        return Err(missing());
    };
    function.typecheck::<F::Params<'static>, Returned<F>>(&component.component_type().instance_type())?;
    Ok(index)
}

/// What a release says, for [`crate::Points::prepare`].
#[derive(Debug, Clone)]
pub struct PluginSpec {
    /// The plugin's name in its tenant.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The component.
    pub compiled: Arc<Compiled>,
    /// The release's config, JSON.
    pub config: String,
    /// What becomes of a quote when it fails.
    pub on_failure: OnFailure,
    /// What a call may take; the host's default where absent.
    pub limits: Option<PluginLimits>,
    /// The release before it, for [`OnFailure::LastGood`].
    pub fallback: Option<Arc<ActivePlugin>>,
}

/// A plugin as one tenant released it.
#[derive(Clone)]
pub struct ActivePlugin {
    /// The plugin's name in its tenant.
    pub name: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// sha256 of its bytes.
    pub digest: Digest,
    /// The release's config, JSON.
    pub config: Arc<str>,
    /// What becomes of a quote when it fails.
    pub on_failure: OnFailure,
    /// What a call may take.
    pub limits: PluginLimits,
    /// What is called.
    body: Body,
    /// The release before it, which answers when this one fails and `on_failure` says so.
    pub fallback: Option<Arc<ActivePlugin>>,
    /// `name@version`, made once for logs.
    pub(crate) label: Arc<str>,
    /// `digest` in hexadecimal, made once for verdicts.
    pub(crate) digest_text: Arc<str>,
}

/// What stands behind an [`ActivePlugin`].
#[derive(Clone)]
enum Body {
    /// The component, typed.
    Loaded(TypedPlugin),
    /// It could not be loaded: every call answers this.
    Missing { point: Point, why: Arc<Fault> },
}

/// A release whose component could not be loaded, for [`ActivePlugin::missing`].
#[derive(Debug, Clone)]
pub struct MissingPlugin {
    /// Where it has its say.
    pub point: Point,
    /// The plugin's name in its tenant.
    pub name: String,
    /// Its version.
    pub version: String,
    /// sha256 of the component that is not there.
    pub digest: Digest,
    /// The release's config, JSON.
    pub config: String,
    /// What becomes of a quote now that it fails.
    pub on_failure: OnFailure,
    /// The release before it, for [`OnFailure::LastGood`].
    pub fallback: Option<Arc<ActivePlugin>>,
    /// Why it could not be loaded.
    pub cause: Fault,
}

impl ActivePlugin {
    pub(crate) fn new(spec: PluginSpec, plugin: TypedPlugin, limits: PluginLimits) -> Self {
        let digest = spec.compiled.digest();
        Self {
            label: format!("{}@{}", spec.name, spec.version).into(),
            name: spec.name.into(),
            version: spec.version.into(),
            digest,
            digest_text: digest.to_string().into(),
            config: spec.config.into(),
            on_failure: spec.on_failure,
            limits,
            body: Body::Loaded(plugin),
            fallback: spec.fallback,
        }
    }

    /// Stands for a release that could not be loaded. It always answers `PLUGIN_NOT_LOADED`, so that the failure
    /// policy goes on to hold: left out instead, a tax whose release says `block` would quietly sell without tax.
    pub fn missing(release: MissingPlugin) -> Self {
        let MissingPlugin { point, name, version, digest, config, on_failure, fallback, cause } = release;
        let message = format!("{name}@{version} could not be loaded: {cause}; release it again, or another version");
        let why = Fault::new(Code::FailedPrecondition, "PLUGIN_NOT_LOADED", message).with("cause", cause.reason);
        Self {
            label: format!("{name}@{version}").into(),
            name: name.into(),
            version: version.into(),
            digest,
            digest_text: digest.to_string().into(),
            config: config.into(),
            on_failure,
            limits: PluginLimits::default(),
            body: Body::Missing { point, why: Arc::new(why) },
            fallback,
        }
    }

    /// Where it has its say.
    pub fn point(&self) -> Point {
        match &self.body {
            Body::Loaded(plugin) => plugin.point(),
            Body::Missing { point, .. } => *point,
        }
    }

    /// The component, unless it could not be loaded.
    pub fn loaded(&self) -> Option<&TypedPlugin> {
        match &self.body {
            Body::Loaded(plugin) => Some(plugin),
            Body::Missing { .. } => None,
        }
    }

    /// Why it could not be loaded, when it could not.
    pub fn not_loaded(&self) -> Option<&Fault> {
        match &self.body {
            Body::Loaded(_) => None,
            Body::Missing { why, .. } => Some(why),
        }
    }

    /// Runs `F` over `cart` in a fresh store, in the limits for a cart of that size and within `time`.
    pub fn call<F: Function>(&self, cart: &Held, args: &F::Args, time: Duration) -> Run<Result<F::Answer, wit::Fault>> {
        let plugin = match &self.body {
            Body::Loaded(plugin) => plugin,
            Body::Missing { why, .. } => {
                return Run { outcome: Err(Fault::clone(why)), fuel: Fuel(0), log: Log::default() };
            }
        };
        let mut limits = self.limits.for_lines(cart.lines.len());
        limits.wall = limits.wall.min(time);
        plugin.call::<F>(cart, args, &self.config, &limits)
    }
}

impl std::fmt::Debug for ActivePlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { label, digest, on_failure, fallback, .. } = self;
        let fallback = fallback.as_ref().map(|before| &before.label);
        f.debug_struct("ActivePlugin")
            .field("plugin", label)
            .field("digest", digest)
            .field("on_failure", on_failure)
            .field("fallback", &fallback)
            .finish_non_exhaustive()
    }
}
