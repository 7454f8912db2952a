//! The derive that reads rows into structs. It writes what an author could write by hand: an `impl FromRow`. All that
//! is more than naming columns lives in `fondaco-service`.

mod row;

use proc_macro::TokenStream;

/// Reads a struct from a row: each field from the column of its name.
///
/// `#[row(name = "…")]` names another column; `#[row(json)]` reads the field from a column with JSON.
#[proc_macro_derive(FromRow, attributes(row))]
pub fn from_row(item: TokenStream) -> TokenStream {
    row::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
