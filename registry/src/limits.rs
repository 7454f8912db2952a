//! How much of everything one tenant may have.

/// Bounds of the registry. They keep one tenant from filling the house for all.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The largest component, in bytes.
    pub artifact_bytes: u64,
    /// All versions of one owner together, in bytes.
    pub owner_bytes: u64,
    /// Names of plugins (or services) of one owner.
    pub packages: u32,
    /// Versions of one plugin or service.
    pub versions: u32,
    /// Plugins that one tenant may have released at one extension point.
    pub active_per_point: u32,
    /// API keys of one tenant that are neither revoked nor expired.
    pub keys: u32,
}

impl Default for Bounds {
    /// 32 MiB hold a Python component (18 MB) with room to grow.
    fn default() -> Self {
        Self {
            artifact_bytes: 32 << 20,
            owner_bytes: 4 << 30,
            packages: 200,
            versions: 1_000,
            active_per_point: 25,
            keys: 100,
        }
    }
}
