//! What a component has to show before it is taken in, each failure with a fault of its own: it exports exactly one
//! known extension point in a known version, in the right types; it imports nothing that it may not have; and it
//! answers a call on a canonical cart within its limits.
//!
//! The engine looked at size and well-formedness before, when it compiled the component in a child process.

mod expected;
mod manifest;
pub(crate) mod smoke;
mod types;
mod world;

use std::sync::Arc;

use bytes::Bytes;
use fondaco_engine::{Class, Compiled, Digest, Engine, Fault, Fuel, Log};

pub use manifest::Manifest;

use crate::limits::PluginLimits;
use crate::plugin::TypedPlugin;
use crate::point::Point;

/// A component that passed.
#[derive(Debug, Clone)]
pub struct Examined {
    /// sha256 of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: usize,
    /// The extension point that it exports.
    pub point: Point,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// What its author wrote into it, when he did.
    pub manifest: Option<Manifest>,
    /// What the smoke call cost.
    pub fuel: Fuel,
    /// What it wrote during the smoke call.
    pub log: Log,
    /// The component, ready for [`crate::Points::prepare`].
    pub compiled: Arc<Compiled>,
}

/// All checks, from the bytes on.
pub(crate) async fn examine(engine: &Engine, bytes: Bytes, limits: PluginLimits) -> Result<Examined, Fault> {
    let size = bytes.len();
    let compiled = engine.compile(Class::Plugin, bytes.clone()).await?;
    let manifest = manifest::read(&bytes)?;
    let engine = engine.clone();
    // The smoke call runs for as long as the limits allow: not on a thread that serves others.
    let task = tokio::task::spawn_blocking(move || {
        let point = point_of(&compiled, &engine)?;
        check_types(&compiled, &engine, point)?;
        let plugin = TypedPlugin::new(&engine, &compiled)?;
        let config = manifest.as_ref().and_then(Manifest::config_example);
        let tried = smoke::run(&plugin, config.as_deref(), &limits)?;
        let imports = world::imports(&compiled, &engine);
        let (fuel, log) = (tried.fuel, tried.log);
        Ok(Examined { digest: compiled.digest(), size, point, imports, manifest, fuel, log, compiled })
    });
    task.await.map_err(|_| Fault::internal("the examination of the component broke off"))?
}

/// The one extension point that the component exports.
pub(crate) fn point_of(compiled: &Compiled, engine: &Engine) -> Result<Point, Fault> {
    world::point(&world::exports(compiled, engine))
}

/// Whether the functions of `point` have the types of the contract; otherwise the first difference.
pub(crate) fn check_types(compiled: &Compiled, engine: &Engine, point: Point) -> Result<(), Fault> {
    types::check(compiled.component(), engine.of(Class::Plugin), point)
}
