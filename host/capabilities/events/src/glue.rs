//! `fondaco:host/events`: what components see. And the end of a handler's call, where its inbox row is written.

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{Code, End, Extension, Fault, Prepared, ServiceState, Staging, WitFault};
use fondaco_sql::Work;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker};

use crate::events::Inner;
use crate::fail_point::fail_point;
use crate::grant::Grant;
use crate::meters;
use crate::store::Store;
use crate::{Draft, Event};

const INTERFACE: &str = "fondaco:host/events@1.0.0";
const GRANT: &str = "events";

/// The extension. To be put before that of the unit of work, which commits what this one writes.
pub(crate) struct Glue(pub(crate) Arc<Inner>);

#[derive(ComponentType, Lift)]
#[component(record)]
struct WitDraft {
    #[component(name = "type")]
    ty: String,
    subject: Option<String>,
    #[component(name = "partition-key")]
    partition_key: Option<String>,
    data: String,
}

impl From<WitDraft> for Draft {
    fn from(WitDraft { ty, subject, partition_key, data }: WitDraft) -> Self {
        Self { ty, subject, partition_key, data }
    }
}

/// What the running call has published.
#[derive(Default)]
struct Published {
    events: u32,
}

#[async_trait]
impl Extension for Glue {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let inner = Arc::clone(&self.0);
        linker.instance(INTERFACE)?.func_wrap_async(
            "publish",
            move |mut store: StoreContextMut<'_, ServiceState>, (draft,): (WitDraft,)| {
                let inner = Arc::clone(&inner);
                Box::new(async move {
                    let state = store.data_mut();
                    let published = publish(&inner, state, draft.into()).await;
                    match &published {
                        Ok(_) => meters::published(state.service()),
                        Err(fault) => meters::refused(state.service(), &fault.reason),
                    }
                    Ok((published.map_err(WitFault::from),))
                })
            },
        )
    }

    fn interfaces(&self) -> &[&str] {
        &[INTERFACE]
    }

    fn grant(&self) -> Option<&'static str> {
        Some(GRANT)
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        let grant = Grant::parse(staging.service, staging.grant)?;
        self.0.want(staging.service, staging.release.compiled.digest(), &grant).await;
        Ok(Some(Arc::new(grant)))
    }

    async fn finish(&self, state: &mut ServiceState, end: End) -> Result<(), Fault> {
        if end == End::Err {
            return Ok(());
        }
        let Some(mark) = self.0.in_flight.mark_of(state.call(), state.service()) else { return Ok(()) };
        let work = Work::of(state, self.0.store.databases()).await?;
        self.0.store.mark_handled(work, &mark).await?;
        fail_point!("handler-before-commit");
        Ok(())
    }
}

async fn publish(inner: &Arc<Inner>, state: &mut ServiceState, draft: Draft) -> Result<String, Fault> {
    let limits = &inner.limits;
    let (tenant, service) = (state.call().tenant.clone(), state.service().clone());
    let event =
        Event::new(draft, tenant.clone(), format!("/services/{service}"), crate::clock::now_ms(), limits.data_bytes)?;
    let grant = state.prepared::<Grant>().ok_or_else(|| Fault::internal("events were not prepared"))?;
    if !grant.publish.contains(&event.ty) {
        let message = format!(
            "service `{service}` may not publish `{}`; add it to `publish` of [grants.events] in its fondaco.toml",
            event.ty
        );
        return Err(Fault::new(Code::PermissionDenied, "EVENT_NOT_GRANTED", message).with("type", event.ty.as_str()));
    }
    let published = state.part::<Published>().map_or(0, |published| published.events);
    if published >= limits.events_per_call {
        let message = format!("one call may publish {} events", limits.events_per_call);
        return Err(Fault::new(Code::ResourceExhausted, "TOO_MANY_EVENTS", message));
    }
    inner.rates.take(&tenant)?;
    let work = Work::of(state, inner.store.databases()).await?;
    Store::publish(work, &event);
    let waker = inner.waker.clone();
    work.on_commit(move || waker.wake((tenant, service)));
    state.set_part(Published { events: published + 1 });
    Ok(event.id.to_string())
}
