//! The plural interfaces, as one extension of the engine's service linker.

use std::sync::Arc;

use fondaco_engine::{Extension, ServiceState};
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::evaluation;
use crate::fan_out::fan_out;
use crate::fault::to_wit;
use crate::function::Function;
use crate::shared::Shared;
use crate::{loyalty, price_rule, promotion, shipping_rate, tax, validation};

const EVALUATIONS: &str = "fondaco:plugin/evaluations@1.0.0";

/// `evaluations` and the six plural interfaces.
pub(crate) struct Rules(pub(crate) Arc<Shared>);

impl Extension for Rules {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        evaluation::add_to_linker(&mut linker.instance(EVALUATIONS)?, &self.0)?;
        add::<price_rule::Evaluate>(linker)?;
        add::<promotion::Evaluate>(linker)?;
        add::<shipping_rate::Rates>(linker)?;
        add::<tax::Assess>(linker)?;
        add_all_loyalty(linker)?;
        add::<validation::Check>(linker)
    }

    /// The singular interfaces are here for their types alone: the plural ones speak in them.
    fn interfaces(&self) -> &[&str] {
        &[
            EVALUATIONS,
            price_rule::Evaluate::PLURAL,
            promotion::Evaluate::PLURAL,
            shipping_rate::Rates::PLURAL,
            tax::Assess::PLURAL,
            loyalty::Earn::PLURAL,
            validation::Check::PLURAL,
            "fondaco:plugin/types@1.0.0",
            "fondaco:plugin/price-rule@1.0.0",
            "fondaco:plugin/promotion@1.0.0",
            "fondaco:plugin/shipping-rate@1.0.0",
            "fondaco:plugin/tax@1.0.0",
            "fondaco:plugin/loyalty@1.0.0",
            "fondaco:plugin/validation@1.0.0",
            "fondaco:types/money@1.0.0",
            "fondaco:types/faults@1.0.0",
        ]
    }
}

/// One interface with one function.
fn add<F: Function>(linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
    add_function::<F>(&mut linker.instance(F::PLURAL)?)
}

fn add_all_loyalty(linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
    let mut interface = linker.instance(loyalty::Earn::PLURAL)?;
    add_function::<loyalty::Earn>(&mut interface)?;
    add_function::<loyalty::Burn>(&mut interface)?;
    add_function::<loyalty::Reverse>(&mut interface)
}

/// The plugins run here and now, on the service's own stack: they are bounded to some milliseconds by fuel, and a
/// hand-over to another thread would cost more than most of them take.
fn add_function<F: Function>(
    interface: &mut wasmtime::component::LinkerInstance<'_, ServiceState>,
) -> wasmtime::Result<()> {
    interface.func_wrap(F::NAME, |mut store: StoreContextMut<'_, ServiceState>, request: F::Request| {
        let (of, args) = F::split(request);
        let evaluation = evaluation::held(&mut store, &of)?;
        Ok((fan_out::<F>(evaluation, &args).map_err(to_wit),))
    })
}
