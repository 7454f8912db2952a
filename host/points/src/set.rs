//! The plugins of one tenant, all at once: immutable, named by a hash, swapped as a whole.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::plugin::ActivePlugin;
use crate::point::Point;

/// Names a plugin set: equal sets have equal revisions, on every host. Hexadecimal sha256.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Revision(Arc<str>);

impl Revision {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn shared(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({})", self.0)
    }
}

/// All active plugins of a tenant, by extension point and in the order of their releases.
#[derive(Debug)]
pub struct PluginSet {
    revision: Revision,
    points: [Vec<Arc<ActivePlugin>>; 6],
}

impl PluginSet {
    /// A set of these plugins; those of one point run in the order in which they stand here.
    pub fn new(plugins: impl IntoIterator<Item = Arc<ActivePlugin>>) -> Self {
        let mut points: [Vec<Arc<ActivePlugin>>; 6] = Default::default();
        for plugin in plugins {
            if let Some(of_point) = points.get_mut(plugin.point().index()) {
                of_point.push(plugin);
            }
        }
        Self { revision: revision(&points), points }
    }

    /// The set of a tenant without plugins.
    pub fn empty() -> Self {
        Self::new([])
    }

    /// Its name.
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    /// The active plugins at `point`, in their order.
    pub fn at(&self, point: Point) -> &[Arc<ActivePlugin>] {
        self.points.get(point.index()).map_or(&[], Vec::as_slice)
    }

    /// All plugins, point by point.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ActivePlugin>> {
        self.points.iter().flatten()
    }
}

/// Hashes everything that an answer depends on. Each text is preceded by its length, so that no two sets that differ
/// write the same bytes.
fn revision(points: &[Vec<Arc<ActivePlugin>>; 6]) -> Revision {
    let mut hash = Canonical(Sha256::new());
    hash.text("fondaco plugin set 1");
    for (point, plugins) in Point::ALL.into_iter().zip(points) {
        hash.text(point.name());
        hash.number(plugins.len() as u64);
        for plugin in plugins {
            hash.plugin(plugin);
        }
    }
    Revision(hex::encode(hash.0.finalize()).into())
}

struct Canonical(Sha256);

impl Canonical {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn plugin(&mut self, plugin: &ActivePlugin) {
        self.text(&plugin.name);
        self.text(&plugin.version);
        self.0.update(plugin.digest.as_bytes());
        self.text(&plugin.config);
        self.text(plugin.on_failure.name());
        if let Some(why) = plugin.not_loaded() {
            // With a space, so that it is no policy's name: a set with a release that always fails is another set.
            self.text("not loaded");
            self.text(&why.message);
        }
        self.limits(plugin);
        match &plugin.fallback {
            None => self.number(0),
            Some(before) => {
                self.number(1);
                self.plugin(before);
            }
        }
    }

    fn limits(&mut self, plugin: &ActivePlugin) {
        let limits = &plugin.limits;
        let base = &limits.base;
        let wall = u64::try_from(base.wall.as_nanos()).unwrap_or(u64::MAX);
        for number in [base.fuel, wall, u64::from(base.host_calls), u64::from(limits.lines)] {
            self.number(number);
        }
        let sizes =
            [base.memory_bytes, base.table_elements, base.log_bytes, base.output_bytes, limits.output_bytes_per_line];
        for size in sizes {
            self.number(size as u64);
        }
    }
}
