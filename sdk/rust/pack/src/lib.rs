//! Makes components of core modules, and puts manifests into them.
//!
//! A guest that cargo built for `wasm32-unknown-unknown` is a core module with its contract in custom sections.
//! [`componentize`] wraps it, so that a plugin imports nothing that it does not use; for `wasm32-wasip2` rustc has
//! done that already. [`with_manifest`] then says what it is: the crate's `fondaco.toml`, as JSON in the custom section
//! `fondaco:manifest`, where the host and `fondaco inspect` find it by [`manifest_of`]. A service's migrations travel
//! in it: [`Manifest::from_file`] packs the folder `migrations` beside the `fondaco.toml`.
//!
//! The same input always gives the same bytes: a component is known by their digest. [`manifest_of`] is fed with what
//! strangers upload, so it must be quick and never panic.
//!
//! ```
//! # fn main() -> Result<(), fondaco_pack::PackError> {
//! let manifest = fondaco_pack::Manifest::from_toml(
//!     r#"
//!     name = "volume-tiers"
//!     version = "1.0.0"
//!     description = "The more of one, the cheaper each."
//!     "#,
//! )?;
//! let empty_component = b"\0asm\x0d\0\x01\0";
//! let component = fondaco_pack::with_manifest(empty_component, &manifest)?;
//! assert_eq!(fondaco_pack::manifest_of(&component)?, Some(manifest));
//! # Ok(())
//! # }
//! ```

mod component;
mod manifest;
mod migrations;

pub use component::{componentize, is_component, manifest_of, with_manifest};
pub use manifest::{Manifest, ManifestError};
pub use migrations::{Migration, read_migrations};

/// Why something could not be packed, or what was packed not be read.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Not a core module, or a broken one.
    #[error("not a valid WebAssembly module: {0}")]
    Module(String),
    /// A sound module that does not keep to the contract in its custom sections.
    #[error("the module does not fit its contract: {0}")]
    Contract(String),
    /// Not a component, or a broken one.
    #[error("not a valid WebAssembly component: {0}")]
    Component(String),
    /// The manifest is not as it should be.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}
