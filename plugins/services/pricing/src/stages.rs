//! The stages of a quote, one module each. A stage calls the rules of its point, if there are any, and leaves what came
//! of them on the desk.

pub(crate) mod codes;
pub(crate) mod discounts;
pub(crate) mod points;
pub(crate) mod prices;
pub(crate) mod promotions;
pub(crate) mod shipping;
pub(crate) mod taxes;
pub(crate) mod validations;
