//! Splitting an amount so that the parts sum to the whole.
//!
//! Fondaco's rule is [`largest_remainder`] (Hamilton 1792): each part gets the whole units of its quota, and the units
//! left over go one each to the largest fractions; equal fractions in line order. It is sign-symmetric, so a refund
//! mirrors its charge, and no part is ever more than one unit off its quota.
//!
//! Other systems do otherwise, and none is more right; who must match the cents of the system that he comes from finds
//! their rules in [`compat`].

pub mod compat;
mod hamilton;

pub use hamilton::{add_largest_remainder, largest_remainder, largest_remainder_capped};

/// Why an amount could not be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// No parts.
    #[error("there is nothing to split over")]
    NoParts,
    /// A weight or a cap below zero.
    #[error("a weight is negative")]
    NegativeWeight,
    /// An amount that is not zero, over weights that are all zero.
    #[error("all weights are zero")]
    ZeroWeights,
    /// The weights do not sum to 64 bits, or there are not as many caps as weights.
    #[error("the weights are too large or do not match")]
    Overflow,
}
