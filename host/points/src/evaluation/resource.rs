//! `fondaco:plugin/evaluations`, for services.

use std::sync::Arc;

use fondaco_engine::{Code, Fault, ServiceState};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Resource, ResourceType};

use super::Evaluation;
use super::flags::PointFlags;
use crate::crossing::Given;
use crate::fault::to_wit;
use crate::point::Point;
use crate::set::PluginSet;
use crate::shared::Shared;
use crate::wit::{self, ChosenShipping, Line};

/// What a line costs now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub struct LineAmount {
    /// The price of one unit.
    pub unit: i64,
    /// What the line comes to after the discounts given so far.
    pub total: i64,
}

impl PointFlags {
    /// The points that have an active plugin.
    fn active(set: &PluginSet) -> Self {
        let active = Point::ALL.into_iter().filter(|point| !set.at(*point).is_empty());
        active.map(Self::of).fold(Self::default(), |all, one| all | one)
    }

    fn of(point: Point) -> Self {
        match point {
            Point::PriceRule => Self::PRICE_RULE,
            Point::Promotion => Self::PROMOTION,
            Point::ShippingRate => Self::SHIPPING_RATE,
            Point::Tax => Self::TAX,
            Point::Loyalty => Self::LOYALTY,
            Point::Validation => Self::VALIDATION,
        }
    }
}

type Store<'a> = StoreContextMut<'a, ServiceState>;
type Answer<T> = (Result<T, wit::Fault>,);
type Held = Resource<Evaluation>;

/// Adds the resource and its functions.
pub(crate) fn add_to_linker(
    linker: &mut LinkerInstance<'_, ServiceState>,
    shared: &Arc<Shared>,
) -> wasmtime::Result<()> {
    linker.resource("evaluation", ResourceType::host::<Evaluation>(), |mut store, rep| {
        store.data_mut().table().delete::<Evaluation>(Resource::new_own(rep))?;
        Ok(())
    })?;
    let shared = Arc::clone(shared);
    linker.func_wrap("[static]evaluation.open", move |mut store: Store<'_>, (cart,): (Given,)| {
        let opened = Evaluation::open(cart.into(), store.data().call().clone(), Arc::clone(&shared));
        Ok(answer(opened.and_then(|evaluation| hold(&mut store, evaluation))))
    })?;
    linker.func_wrap("[method]evaluation.revision", |mut store: Store<'_>, (of,): (Held,)| {
        Ok((Arc::clone(held(&mut store, &of)?.set().revision().shared()),))
    })?;
    linker.func_wrap("[method]evaluation.active", |mut store: Store<'_>, (of,): (Held,)| {
        Ok((PointFlags::active(held(&mut store, &of)?.set()),))
    })?;
    linker.func_wrap(
        "[method]evaluation.set-amounts",
        |mut store: Store<'_>, (of, amounts): (Held, Vec<LineAmount>)| {
            Ok(answer(held(&mut store, &of)?.set_amounts(&amounts)))
        },
    )?;
    linker.func_wrap("[method]evaluation.add-lines", |mut store: Store<'_>, (of, lines): (Held, Vec<Line>)| {
        Ok(answer(held(&mut store, &of)?.add_lines(lines)))
    })?;
    linker.func_wrap(
        "[method]evaluation.set-shipping",
        |mut store: Store<'_>, (of, shipping): (Held, Option<ChosenShipping>)| {
            held(&mut store, &of)?.set_shipping(shipping);
            Ok(())
        },
    )
}

fn answer<T>(outcome: Result<T, Fault>) -> Answer<T> {
    (outcome.map_err(to_wit),)
}

fn hold(store: &mut Store<'_>, evaluation: Evaluation) -> Result<Held, Fault> {
    // The engine bounds the table.
    store.data_mut().table().push(evaluation).map_err(|_| {
        let message = "this call holds as many carts and other resources as it may; drop one first";
        Fault::new(Code::ResourceExhausted, "TOO_MANY_EVALUATIONS", message)
    })
}

/// The cart behind a handle. A handle of another call is a trap: the service kept what it must not keep.
pub(crate) fn held<'a>(store: &'a mut Store<'_>, of: &Held) -> wasmtime::Result<&'a mut Evaluation> {
    let state = store.data_mut();
    let request = Arc::as_ptr(&state.call().request_id);
    let evaluation = state.table().get_mut(of)?;
    if evaluation.belongs_to(request) {
        Ok(evaluation)
    } else {
        Err(wasmtime::format_err!("an evaluation of another call was used"))
    }
}
