//! What the host has to know about one function of an extension point. Everything else (calling, policy, logs,
//! linking) is written once, over this trait.

use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Lower, Resource};

use crate::crossing::CartRef;
use crate::evaluation::{Evaluation, Held};
use crate::invalid::Check;
use crate::point::Point;
use crate::wit::Cart;

/// One function that plugins export (singular) and services import (plural).
pub trait Function: Send + Sync + 'static {
    /// Whose function it is.
    const POINT: Point;
    /// Its name in both interfaces.
    const NAME: &'static str;
    /// Its place among the point's functions, as [`crate::plugin::functions`] lists them.
    const ORDINAL: usize = 0;
    /// The interface that services import.
    const PLURAL: &'static str;

    /// What it takes besides the cart and the config.
    type Args: Send + Sync + 'static;
    /// What a plugin is called with: nothing is cloned for it.
    type Params<'a>: ComponentNamedList + Lower + 'a;
    /// What a service calls with.
    type Request: ComponentNamedList + Lift + Send + Sync + 'static;
    /// What a plugin answers.
    type Answer: ComponentType + Lift + Lower + Send + Sync + 'static;

    /// Takes a service's call apart.
    fn split(request: Self::Request) -> (Resource<Evaluation>, Self::Args);

    /// Puts a plugin's call together.
    fn params<'a>(cart: CartRef<'a>, args: &'a Self::Args, config: &'a str) -> Self::Params<'a>;

    /// Whether `answer` keeps the contract's bounds.
    fn check(answer: &Self::Answer, cart: &Cart, args: &Self::Args) -> Check;

    /// What later plugins of the same point see of `answer`.
    fn absorb(_answer: &Self::Answer, _cart: &mut Held) {}
}
