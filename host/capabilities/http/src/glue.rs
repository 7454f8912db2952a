//! `wasi:http/outgoing-handler`, as services import it: wasmtime's own implementation, with our way out.

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{Extension, Fault, Prepared, ServiceState, Staging};
use http::{HeaderName, Request, Response};
use tokio_util::sync::{CancellationToken, DropGuard};
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::{
    Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use crate::Http;
use crate::outgoing::{Answer, Caller, Outgoing};
use crate::request::is_forbidden;

/// The capability's name in a manifest's grants.
const GRANT: &str = "http";

/// What services import.
pub(crate) struct HttpExtension(pub(crate) Http);

#[async_trait]
impl Extension for HttpExtension {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        types::add_to_linker::<_, WasiHttp>(linker, &LinkOptions::default().into(), view)?;
        outgoing_handler::add_to_linker::<_, WasiHttp>(linker, leaving)
    }

    fn interfaces(&self) -> &[&str] {
        &["wasi:http/types@0.2.0", "wasi:http/outgoing-handler@0.2.0"]
    }

    fn grant(&self) -> Option<&'static str> {
        Some(GRANT)
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        Ok(Some(Arc::new(self.0.outgoing(staging.service, staging.grant)?)))
    }
}

/// What a running call has for its requests. It goes with the call, and its requests with it.
struct Calling {
    context: WasiHttpCtx,
    hooks: Hooks,
    _ends: DropGuard,
}

impl Calling {
    fn of(state: &ServiceState) -> Self {
        let ended = CancellationToken::new();
        let caller =
            Caller { tenant: state.call().tenant.clone(), deadline: state.call().deadline, ended: ended.clone() };
        let hooks = Hooks { outgoing: state.prepared(), caller, may_leave: Ok(()) };
        Self { context: WasiHttpCtx::new(), hooks, _ends: ended.drop_guard() }
    }
}

fn view(state: &mut ServiceState) -> WasiHttpCtxView<'_> {
    let (calling, table) = state.part_and_table(Calling::of);
    WasiHttpCtxView { hooks: &mut calling.hooks, table, ctx: &mut calling.context }
}

/// The same where a request leaves: not while the call holds a lock.
fn leaving(state: &mut ServiceState) -> WasiHttpCtxView<'_> {
    let may_leave = state.may_leave();
    let (calling, table) = state.part_and_table(Calling::of);
    calling.hooks.may_leave = may_leave;
    WasiHttpCtxView { hooks: &mut calling.hooks, table, ctx: &mut calling.context }
}

struct Hooks {
    /// There always: it is linked only where it was prepared.
    outgoing: Option<Arc<Outgoing>>,
    caller: Caller,
    may_leave: Result<(), Fault>,
}

type Work = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl Hooks {
    fn admitted(&self) -> Result<Arc<Outgoing>, Error> {
        // `wasi:http` has no word for it; the SDK reads the reason out of the text.
        let fault = |fault: &Fault| Error::InternalError(Some(format!("{}: {}", fault.reason, fault.message)));
        self.may_leave.as_ref().map_err(fault)?;
        self.outgoing.clone().ok_or(Error::HttpRequestDenied)
    }
}

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    /// The client writes it, from where the request really goes.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Work,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Work), Error>> + Send> {
        let (admitted, caller) = (self.admitted(), self.caller.clone());
        Box::new(async move {
            let Answer { response, work } = admitted?.send(&caller, request, options).await?;
            let work: Work = Box::new(async move {
                work.await;
                Ok(())
            });
            Ok((response, work))
        })
    }
}
