//! The arithmetic and policy of commerce: money, exact decimals, rounding, allocation, stacking, tax.
//!
//! One crate for all who reckon with money: the pricing service, merchants' plugins, the native benchmark. It is a
//! set of pure functions over plain data, so that a quote can be replayed, compared and explained; what merchants may
//! want differently is an explicit policy value, never a hidden default.
//!
//! It must not know: I/O of any kind, clocks, WIT or its bindings, plugins, tenants, JSON. It has no floating point,
//! no unsafe code, and no panic: what does not fit in 64 bits is an error.
//!
//! ```
//! use fondaco_commerce::{
//!     decimal::Decimal,
//!     money::{Currency, Money},
//!     rounding::Rounding,
//!     stacking::{self, LineState, LineTarget, Offers, Policy, Selection, Terms, Value},
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Three mugs at 9.99 and a lamp at 40.00.
//! let lines = [LineState::new(3, 2997), LineState::new(1, 4000)];
//!
//! let mut offers = Offers::new();
//! offers.offer("mugs", Selection::All);
//! let ten_percent = Value::Percent("10".parse::<Decimal>()?);
//! offers.line_discount(Terms::new(ten_percent), [LineTarget::whole(0)]);
//! offers.offer("welcome", Selection::All);
//! offers.order_discount(Terms::new(Value::FixedOnce(500)), []);
//!
//! let outcome = stacking::apply(&Policy::default(), &lines, None, &offers)?;
//! // 10 % of 29.97 is 3.00 to the cent; 5.00 over 26.97 and 40.00 is 2.01 and 2.99.
//! assert_eq!(outcome.line_totals(), [2697 - 201, 4000 - 299]);
//! let total: i64 = outcome.line_totals().iter().sum();
//! assert_eq!(total, 6997 - 300 - 500);
//!
//! let paid = Money::new(total, "EUR".parse::<Currency>()?);
//! assert_eq!(paid.to_string(), "61.97 EUR");
//! assert_eq!("19".parse::<Decimal>()?.percent_of(total, Rounding::HalfEven)?, 1177);
//! # Ok(())
//! # }
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::float_arithmetic)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod allocation;
pub mod decimal;
pub mod money;
pub mod rounding;
pub mod stacking;
pub mod tax;
