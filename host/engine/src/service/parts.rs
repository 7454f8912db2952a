//! Values of extensions, one of each type: what a call holds, and what was made of a release's grants.

use std::any::{Any, TypeId};
use std::sync::Arc;

use super::extension::Prepared;

/// What extensions keep for one call. A list: there are a few at most, and none in most calls.
#[derive(Default)]
pub(super) struct Parts(Vec<Box<dyn Any + Send>>);

impl Parts {
    pub(super) fn get<T: Any + Send>(&self) -> Option<&T> {
        self.0.iter().find_map(|part| part.downcast_ref())
    }

    pub(super) fn get_mut<T: Any + Send>(&mut self) -> Option<&mut T> {
        self.0.iter_mut().find_map(|part| part.downcast_mut())
    }

    pub(super) fn set<T: Any + Send>(&mut self, part: T) {
        match self.get_mut() {
            Some(there) => *there = part,
            None => self.0.push(Box::new(part)),
        }
    }

    pub(super) fn take<T: Any + Send>(&mut self) -> Option<T> {
        let at = self.0.iter().position(|part| part.is::<T>())?;
        self.0.swap_remove(at).downcast().ok().map(|part| *part)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// What extensions made of a release's grants.
#[derive(Default)]
pub(super) struct AllPrepared(Vec<(TypeId, Prepared)>);

impl AllPrepared {
    pub(super) fn add(&mut self, prepared: Prepared) {
        self.0.push(((*prepared).type_id(), prepared));
    }

    pub(super) fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let (_, found) = self.0.iter().find(|(ty, _)| *ty == TypeId::of::<T>())?;
        Arc::clone(found).downcast().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_of_each_type() {
        let mut parts = Parts::default();
        parts.set(1_u32);
        parts.set("text");
        parts.set(2_u32);
        assert_eq!((parts.get::<u32>(), parts.get::<&str>()), (Some(&2), Some(&"text")));
        *parts.get_mut::<u32>().unwrap() += 1;
        assert_eq!((parts.take::<u32>(), parts.take::<u32>()), (Some(3), None));
        parts.clear();
        assert_eq!(parts.get::<&str>(), None);
    }

    #[test]
    fn what_was_prepared_is_shared() {
        let mut all = AllPrepared::default();
        all.add(Arc::new(7_u64));
        assert_eq!(all.get::<u64>().as_deref(), Some(&7));
        assert!(all.get::<u32>().is_none());
    }
}
