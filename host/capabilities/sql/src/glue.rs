//! `fondaco:host/sql` and `fondaco:host/unit-of-work`, as components see them.

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{Code, End, Extension, Fault, Prepared, ServiceState, Staging, WitFault};
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::guard::{Checked, Effect};
use crate::meters::Meters;
use crate::store::check_parameters;
use crate::{Databases, Migrations, Rows, Value, Work};

const SQL: &str = "fondaco:host/sql@1.0.0";
const UNIT_OF_WORK: &str = "fondaco:host/unit-of-work@1.0.0";

type Answer<T> = wasmtime::Result<(Result<T, WitFault>,)>;

/// What a release that was granted `sql` has.
pub(crate) struct Granted {
    pub(crate) migrations: Migrations,
    meters: Meters,
}

/// `sql`, which a manifest grants.
pub(crate) struct Sql(pub(crate) Databases);

#[async_trait]
impl Extension for Sql {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let mut interface = linker.instance(SQL)?;
        let databases = self.0.clone();
        interface.func_wrap_async(
            "query",
            move |mut store: StoreContextMut<'_, ServiceState>, (statement, parameters): (String, Vec<Value>)| {
                let databases = databases.clone();
                Box::new(async move {
                    let answer = query(store.data_mut(), &databases, &statement, &parameters).await;
                    let answer: Answer<Rows> = Ok((answer.map_err(WitFault::from),));
                    answer
                })
            },
        )?;
        let databases = self.0.clone();
        interface.func_wrap_async(
            "execute",
            move |mut store: StoreContextMut<'_, ServiceState>, (statement, parameters): (String, Vec<Value>)| {
                let databases = databases.clone();
                Box::new(async move {
                    let answer = execute(store.data_mut(), &databases, &statement, &parameters).await;
                    let answer: Answer<u64> = Ok((answer.map_err(WitFault::from),));
                    answer
                })
            },
        )
    }

    fn interfaces(&self) -> &[&str] {
        &[SQL]
    }

    fn grant(&self) -> Option<&'static str> {
        Some("sql")
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        let migrations = Migrations::from_grant(staging.grant)?;
        self.0.stage(staging.service, &migrations).await?;
        Ok(Some(Arc::new(Granted { migrations, meters: Meters::of(staging.service) })))
    }
}

async fn query(
    state: &mut ServiceState,
    databases: &Databases,
    statement: &str,
    parameters: &[Value],
) -> Result<Rows, Fault> {
    let (rows, _) = run(state, databases, statement, parameters, true).await?;
    Ok(rows)
}

async fn execute(
    state: &mut ServiceState,
    databases: &Databases,
    statement: &str,
    parameters: &[Value],
) -> Result<u64, Fault> {
    let (_, changed) = run(state, databases, statement, parameters, false).await?;
    Ok(changed)
}

async fn run(
    state: &mut ServiceState,
    databases: &Databases,
    statement: &str,
    parameters: &[Value],
    answers: bool,
) -> Result<(Rows, u64), Fault> {
    let granted = state.prepared::<Granted>().ok_or_else(|| Fault::internal("sql was not prepared"))?;
    let begun = std::time::Instant::now();
    let answer = run_one(state, databases, &granted, statement, parameters, answers).await;
    granted.meters.statement(begun.elapsed(), &answer);
    answer
}

async fn run_one(
    state: &mut ServiceState,
    databases: &Databases,
    granted: &Granted,
    statement: &str,
    parameters: &[Value],
    answers: bool,
) -> Result<(Rows, u64), Fault> {
    let checked = databases.guard().check(statement).await?;
    check_use(&checked, answers)?;
    check_parameters(checked.parameters, parameters, databases.limits())?;
    if checked.effect != Effect::Read || state.part::<Work>().is_some() {
        return Work::of(state, databases).await?.run_checked(&checked, parameters).await;
    }
    let (replica, deadline) = (state.read_only(), state.call().deadline);
    let (tenant, service) = (state.call().tenant.clone(), state.service().clone());
    let database = databases.of(&tenant, &service).await?;
    database.migrate(&granted.migrations).await?;
    database.read(&checked.text, parameters, deadline, replica).await.map(|rows| (rows, 0))
}

/// Rows that nobody would see are a mistake, and so are rows that never come.
fn check_use(checked: &Checked, answers: bool) -> Result<(), Fault> {
    let refused = |what: &str| Err(Fault::new(Code::InvalidArgument, "STATEMENT_REFUSED", what));
    match (answers, checked.answers) {
        (true, false) => refused("statement refused: it answers no rows; use execute, or RETURNING"),
        (false, true) if checked.effect == Effect::Read => refused("statement refused: it changes nothing; use query"),
        _ => Ok(()),
    }
}

/// The end of a call, for every service: other capabilities write into its database too.
pub(crate) struct UnitOfWork;

#[async_trait]
impl Extension for UnitOfWork {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        linker.instance(UNIT_OF_WORK)?.func_wrap_async(
            "commit",
            |mut store: StoreContextMut<'_, ServiceState>, (): ()| {
                Box::new(async move {
                    let answer: Answer<()> = Ok((commit(store.data_mut()).await.map_err(WitFault::from),));
                    answer
                })
            },
        )
    }

    fn interfaces(&self) -> &[&str] {
        &[UNIT_OF_WORK]
    }

    async fn finish(&self, state: &mut ServiceState, end: End) -> Result<(), Fault> {
        match end {
            End::Ok => commit(state).await,
            End::Err => {
                if let Some(work) = state.take_part::<Work>() {
                    work.rollback();
                }
                Ok(())
            }
        }
    }

    fn before_call(&self, state: &ServiceState) -> Result<(), Fault> {
        if state.part::<Work>().is_none() {
            return Ok(());
        }
        let message = "the call has written and not committed yet, and no lock may be held while another service \
                       works; call commit of fondaco:host/unit-of-work first, or call the other service before";
        Err(Fault::new(Code::FailedPrecondition, "UNCOMMITTED_WRITES", message))
    }
}

/// Commits what is open; nothing open is fine.
async fn commit(state: &mut ServiceState) -> Result<(), Fault> {
    let Some(work) = state.take_part::<Work>() else { return Ok(()) };
    let granted = state.prepared::<Granted>();
    let begun = std::time::Instant::now();
    let done = work.commit().await.inspect_err(|fault| {
        tracing::warn!(service = %state.service(), reason = %fault.reason, "unit of work not committed");
    });
    if let Some(granted) = granted {
        granted.meters.commit(begun.elapsed(), done.is_ok());
    }
    done
}
