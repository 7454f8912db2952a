//! Statements that are put together.

use super::{FromRow, Value};
use crate::Fault;

/// A statement whose parts depend on what is asked: each text is written by the service, each value is a parameter.
///
/// ```
/// use fondaco_service::sql::Statement;
///
/// let (tag, skus) = (Some("new"), ["a", "b", "c"]);
/// let mut statement = Statement::new("SELECT id FROM variants WHERE sku IN ");
/// statement.list(skus);
/// if let Some(tag) = tag {
///     statement.push(" AND tag = ").bind(tag);
/// }
/// assert_eq!(statement.text(), "SELECT id FROM variants WHERE sku IN ($1,$2,$3,$4) AND tag = $5");
/// ```
#[derive(Debug, Clone)]
pub struct Statement {
    text: String,
    parameters: Vec<Value>,
}

impl Statement {
    /// Begins with `text`.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), parameters: Vec::new() }
    }

    /// Goes on with `text`, which never comes from outside: what does is bound.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a parameter.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.parameters.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.parameters.len().to_string());
        self
    }

    /// Goes on with `($3,$4,…)`, for `IN`. The last value is repeated up to a power of two, so that lists of all
    /// lengths make few different statements, which the host keeps prepared. An empty list holds nothing: `(NULL)`.
    pub fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        let mut values: Vec<Value> = values.into_iter().map(Into::into).collect();
        let Some(last) = values.last().cloned() else {
            return self.push("(NULL)");
        };
        values.resize(values.len().next_power_of_two(), last);
        let mut separator = "(";
        for value in values {
            self.push(separator).bind(value);
            separator = ",";
        }
        self.push(")")
    }

    /// Goes on with `rows` of parameters, for `INSERT … VALUES`: `($1,$2),($3,$4)`.
    pub fn rows<R: IntoIterator<Item = Value>>(&mut self, rows: impl IntoIterator<Item = R>) -> &mut Self {
        let mut between_rows = "(";
        for row in rows {
            let mut separator = between_rows;
            for value in row {
                self.push(separator).bind(value);
                separator = ",";
            }
            between_rows = "),(";
        }
        self.push(")")
    }

    /// What was put together.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All rows that it answers.
    pub fn query<T: FromRow>(&self) -> Result<Vec<T>, Fault> {
        super::query(&self.text, &self.parameters)
    }

    /// Runs it; answers how many rows it changed.
    pub fn execute(&self) -> Result<u64, Fault> {
        super::execute(&self.text, &self.parameters)
    }
}
