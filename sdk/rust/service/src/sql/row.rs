//! Typed rows, by the names of their columns.

use serde::de::DeserializeOwned;

use super::excerpt;
use super::value::{FromValue, Value, kind};
use crate::bindings::fondaco::host::sql::Rows;
use crate::{Fault, fault};

/// A type that a row is read into: derive it for a struct whose fields are called as the columns are.
///
/// ```
/// use fondaco_service::{prelude::*, testing::House};
///
/// #[derive(FromRow, Debug, PartialEq)]
/// struct Product {
///     id: i64,
///     title: String,
///     #[row(name = "weight_grams")]
///     weight: Option<u32>,
///     /// A column with JSON.
///     #[row(json)]
///     tags: Vec<String>,
/// }
///
/// let house = House::with_schema("CREATE TABLE products (id BIGINT, title TEXT, weight_grams BIGINT, tags TEXT)");
/// house.call(|| sql::execute("INSERT INTO products VALUES ($1, $2, NULL, $3)", params![7, "Mug", "[\"new\"]"])).unwrap();
/// let product: Product = house.call(|| sql::one("SELECT * FROM products WHERE id = $1", params![7])).unwrap();
/// assert_eq!(product, Product { id: 7, title: "Mug".into(), weight: None, tags: vec!["new".into()] });
///
/// let fault = house.call(|| sql::query::<Product>("SELECT id, title FROM products", params![])).map(drop).unwrap_err();
/// assert_eq!(fault.message, "No column `weight_grams` in the rows of SELECT id, title FROM products; there are id, title");
/// ```
///
/// A tuple of one to four values is read by position; columns behind it are passed over.
pub trait FromRow: Sized {
    /// The columns that it needs, each found once for all rows.
    const COLUMNS: &'static [&'static str];

    /// Reads the row.
    fn from_row(row: &mut Row<'_>) -> Result<Self, Fault>;
}

/// One row while it is read.
#[derive(Debug)]
pub struct Row<'a> {
    statement: &'a str,
    columns: &'a [String],
    /// For each of the type's columns, where it stands in the row.
    places: &'a [usize],
    values: Vec<Value>,
}

impl Row<'_> {
    /// Takes the value of the type's column of that index in [`FromRow::COLUMNS`]. Once: the second time it is null.
    pub fn take<T: FromValue>(&mut self, index: usize) -> Result<T, Fault> {
        self.take_at(self.places.get(index).copied().unwrap_or(usize::MAX))
    }

    /// Takes JSON out of a column with text.
    pub fn take_json<T: DeserializeOwned>(&mut self, index: usize) -> Result<T, Fault> {
        let place = self.places.get(index).copied().unwrap_or(usize::MAX);
        let text: String = self.take_at(place)?;
        serde_json::from_str(&text)
            .map_err(|error| self.mismatch(place, "JSON of the field's type", &error.to_string()))
    }

    fn take_at<T: FromValue>(&mut self, place: usize) -> Result<T, Fault> {
        let Some(value) = self.values.get_mut(place) else {
            return Err(self.mismatch(place, "so many columns", &self.values.len().to_string()));
        };
        let value = std::mem::replace(value, Value::Null);
        let found = kind(&value);
        T::from_value(value).ok_or_else(|| self.mismatch(place, T::EXPECTED, found))
    }

    fn mismatch(&self, place: usize, expected: &str, found: &str) -> Fault {
        let column = self.columns.get(place).map_or("?", String::as_str);
        let statement = excerpt(self.statement);
        let message = format!("Column `{column}` of {statement}: expected {expected}, found {found}");
        fault::internal("ROW_MISMATCH", message).with("column", column)
    }
}

/// Reads all rows of a statement's answer.
pub(super) fn read<T: FromRow>(statement: &str, rows: Rows) -> Result<Vec<T>, Fault> {
    let Rows { columns, rows } = rows;
    if rows.is_empty() {
        // Then the host does not name the columns either.
        return Ok(Vec::new());
    }
    let mut places = Vec::with_capacity(T::COLUMNS.len());
    for wanted in T::COLUMNS {
        let place = columns.iter().position(|column| column == wanted);
        places.push(place.ok_or_else(|| no_column(statement, wanted, &columns))?);
    }
    let read = |values| T::from_row(&mut Row { statement, columns: &columns, places: &places, values });
    rows.into_iter().map(read).collect()
}

fn no_column(statement: &str, wanted: &str, columns: &[String]) -> Fault {
    let (statement, there) = (excerpt(statement), columns.join(", "));
    let message = format!("No column `{wanted}` in the rows of {statement}; there are {there}");
    fault::internal("NO_COLUMN", message).with("column", wanted)
}

macro_rules! by_position {
    ($($name:ident $place:literal),*) => {
        impl<$($name: FromValue),*> FromRow for ($($name,)*) {
            const COLUMNS: &'static [&'static str] = &[];
            fn from_row(row: &mut Row<'_>) -> Result<Self, Fault> {
                Ok(($(row.take_at::<$name>($place)?,)*))
            }
        }
    };
}

by_position!(A 0);
by_position!(A 0, B 1);
by_position!(A 0, B 1, C 2);
by_position!(A 0, B 1, C 2, D 3);

/// A value that goes into a column as JSON: `params![Json(&tags).text()?]`.
#[derive(Debug, Clone, Copy)]
pub struct Json<'a, T>(pub &'a T);

impl<T: serde::Serialize> Json<'_, T> {
    /// Its text.
    pub fn text(&self) -> Result<String, Fault> {
        serde_json::to_string(self.0).map_err(|error| fault::internal("NOT_JSON", error.to_string()))
    }
}
