//! A house's database over the host's.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_service::bindings::fondaco::host::sql::{Rows, Value};
use fondaco_service::testing::Engine;
use fondaco_service::{Code, Fault, fault};
use fondaco_sql::{Database, Value as HostValue, Work};

use crate::{Place, RUNTIME};

#[derive(Debug)]
pub(crate) struct HostDatabase {
    // In front of the place, which is what it needs.
    work: RefCell<Option<Work>>,
    database: Database,
    read_only: Cell<bool>,
    _place: Arc<Place>,
}

impl HostDatabase {
    pub(crate) fn new(place: Arc<Place>, database: Database) -> Self {
        Self { work: RefCell::new(None), database, read_only: Cell::new(false), _place: place }
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

impl Engine for HostDatabase {
    fn set_read_only(&self, read_only: bool) {
        self.read_only.set(read_only);
    }

    fn begin(&self) -> Result<(), Fault> {
        if self.read_only.get() {
            return Err(fault::precondition("READ_ONLY", "This function is read-only."));
        }
        if self.work.borrow().is_none() {
            let work = RUNTIME.block_on(self.database.begin(soon())).map_err(fault_of)?;
            *self.work.borrow_mut() = Some(work);
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.work.borrow().is_some()
    }

    fn commit(&self) -> Result<(), Fault> {
        match self.work.take() {
            Some(work) => RUNTIME.block_on(work.commit()).map_err(fault_of),
            None => Ok(()),
        }
    }

    fn roll_back(&self) {
        // Within the runtime, as a connection goes back to its pool there.
        let _entered = RUNTIME.enter();
        drop(self.work.take());
    }

    fn query(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Fault> {
        let parameters: Vec<HostValue> = parameters.iter().map(to_host).collect();
        let reads = statement.trim_start().to_ascii_uppercase().starts_with("SELECT");
        if !reads {
            self.begin()?;
        }
        let rows = match self.work.borrow_mut().as_mut() {
            Some(work) => RUNTIME.block_on(work.query(statement, &parameters)),
            None => RUNTIME.block_on(self.database.query(statement, &parameters, soon())),
        };
        let rows = rows.map_err(fault_of)?;
        let values = rows.rows.into_iter().map(|row| row.into_iter().map(from_host).collect()).collect();
        Ok(Rows { columns: rows.columns.iter().map(ToString::to_string).collect(), rows: values })
    }

    fn execute(&self, statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
        self.begin()?;
        let parameters: Vec<HostValue> = parameters.iter().map(to_host).collect();
        let mut work = self.work.borrow_mut();
        let work = work.as_mut().expect("a unit of work was begun");
        RUNTIME.block_on(work.execute(statement, &parameters)).map_err(fault_of)
    }
}

fn to_host(value: &Value) -> HostValue {
    match value {
        Value::Null => HostValue::Null,
        Value::Boolean(value) => HostValue::Boolean(*value),
        Value::Integer(value) => HostValue::Integer(*value),
        Value::Real(value) => HostValue::Real(*value),
        Value::Text(value) => HostValue::Text(value.clone()),
        Value::Bytes(value) => HostValue::Bytes(value.clone()),
    }
}

fn from_host(value: HostValue) -> Value {
    match value {
        HostValue::Null => Value::Null,
        HostValue::Boolean(value) => Value::Boolean(value),
        HostValue::Integer(value) => Value::Integer(value),
        HostValue::Real(value) => Value::Real(value),
        HostValue::Text(value) => Value::Text(value),
        HostValue::Bytes(value) => Value::Bytes(value),
    }
}

/// The code is of no matter to these tests; the reason is.
#[allow(clippy::needless_pass_by_value)]
fn fault_of(fault: fondaco_engine::Fault) -> Fault {
    Fault::new(Code::Unknown, &fault.reason, fault.message.clone())
}
