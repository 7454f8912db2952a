//! Builders: short ways to make what rules answer.

mod answers;
mod cart;
mod discount;

pub(crate) use answers::credits_in_proportion;
