//! One of something for each engine of a class, which is never none.

/// The first stands for all where any will do.
#[derive(Debug, Clone)]
pub(crate) struct PerEngine<T> {
    first: T,
    others: Box<[T]>,
}

impl<T> PerEngine<T> {
    /// `make` is called once for each, `count` times but at least once.
    pub(crate) fn new<E>(count: u32, mut make: impl FnMut() -> Result<T, E>) -> Result<Self, E> {
        Ok(Self { first: make()?, others: (1..count).map(|_| make()).collect::<Result<_, E>>()? })
    }

    /// Another for each, in the same order.
    pub(crate) fn try_map<'a, U, E>(&'a self, mut make: impl FnMut(&'a T) -> Result<U, E>) -> Result<PerEngine<U>, E> {
        Ok(PerEngine { first: make(&self.first)?, others: self.others.iter().map(make).collect::<Result<_, E>>()? })
    }

    pub(crate) fn first(&self) -> &T {
        &self.first
    }

    /// The one of that number, or the first where there are not so many.
    pub(crate) fn at(&self, number: usize) -> &T {
        number.checked_sub(1).and_then(|other| self.others.get(other)).unwrap_or(&self.first)
    }

    pub(crate) fn count(&self) -> usize {
        1 + self.others.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first).chain(&self.others)
    }
}
