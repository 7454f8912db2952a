//! A case, its verdict, and the suites that they make up.

use fondaco_commerce::{
    allocation::AllocationError, decimal::DecimalError, money::MoneyError, stacking::StackingError, tax::TaxError,
};
use serde_json::Value;
use std::{fmt::Debug, fs, io, path::Path};

/// How a case fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As the source says.
    Passed,
    /// Otherwise than the source says.
    Failed(String),
    /// Not judged, and why.
    NotMapped(String),
    /// The source disagrees with arithmetic or with itself; what it says of that, and what came out here.
    Contested(String),
}

/// A case that was judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Its id in the data.
    pub id: String,
    /// Where it was taken from.
    pub source: String,
    /// How it fared.
    pub verdict: Verdict,
}

/// All cases of one kind.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its name in the report.
    pub name: &'static str,
    /// The file in `data/`.
    pub file: &'static str,
    /// Its cases.
    pub cases: Vec<Judged>,
}

/// Why a case did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// It was judged and is not as the source says.
    #[error("{0}")]
    Failed(String),
    /// It cannot be judged.
    #[error("{0}")]
    NotMapped(String),
}

/// What judges one case. The second argument is the whole file, for what its cases share.
pub(crate) type Judge = fn(&Value, &Value) -> Result<(), Problem>;

impl Suite {
    pub(crate) fn of_file(
        name: &'static str,
        folder: &Path,
        file: &'static str,
        key: &str,
        judge: Judge,
    ) -> io::Result<Self> {
        let text = match fs::read_to_string(folder.join(file)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { name, file, cases: Vec::new() });
            }
            Err(error) => return Err(error),
        };
        let whole: Value = serde_json::from_str(&text)?;
        let cases = if key.is_empty() { &whole } else { whole.get(key).unwrap_or(&Value::Null) };
        let cases = cases.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Self { name, file, cases: cases.iter().map(|case| judged(case, &whole, judge)).collect() })
    }

    /// How many cases have a verdict that `is` says yes to.
    pub fn count(&self, is: impl Fn(&Verdict) -> bool) -> usize {
        self.cases.iter().filter(|case| is(&case.verdict)).count()
    }
}

fn judged(case: &Value, whole: &Value, judge: Judge) -> Judged {
    let text = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let contested = case.get("contested").map(ToString::to_string);
    let verdict = match (contested, judge(case, whole)) {
        (Some(why), Ok(())) => Verdict::Contested(format!("{why}; here as the source says")),
        (Some(why), Err(problem)) => Verdict::Contested(format!("{why}; here: {problem}")),
        (None, Ok(())) => Verdict::Passed,
        (None, Err(Problem::Failed(what))) => Verdict::Failed(what),
        (None, Err(Problem::NotMapped(why))) => Verdict::NotMapped(why),
    };
    let source = match case.get("line").and_then(Value::as_u64) {
        Some(line) => format!("{}:{line}", text("source")),
        None => text("source"),
    };
    Judged { id: text("id"), source, verdict }
}

/// Fails unless both are equal.
#[expect(
    clippy::needless_pass_by_value,
    reason = "figures are made for the comparison, and a call reads better without `&`"
)]
pub(crate) fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Result<(), Problem> {
    if found == expected {
        return Ok(());
    }
    Err(Problem::Failed(format!("{what}: found {found:?}, expected {expected:?}")))
}

pub(crate) fn not_mapped<T>(why: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::NotMapped(why.into()))
}

/// A field that must be there for the mapping to know what to do.
pub(crate) fn field<'a>(of: &'a Value, key: &str) -> Result<&'a Value, Problem> {
    of.get(key).ok_or_else(|| Problem::NotMapped(format!("there is no `{key}`")))
}

/// Refuses an object with fields that the mapping does not know: they may mean something.
pub(crate) fn only(of: &Value, known: &[&str]) -> Result<(), Problem> {
    let unknown = of.as_object().and_then(|object| object.keys().find(|key| !known.contains(&key.as_str())));
    unknown.map_or(Ok(()), |key| not_mapped(format!("the mapping does not know `{key}`")))
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::NotMapped(format!("the mapping does not know this: {error}"))
    }
}

macro_rules! failed_by {
    ($($error:ty),*) => {$(
        impl From<$error> for Problem {
            fn from(error: $error) -> Self {
                Self::Failed(format!("refused: {error}"))
            }
        }
    )*};
}

failed_by!(AllocationError, DecimalError, MoneyError, StackingError, TaxError);
