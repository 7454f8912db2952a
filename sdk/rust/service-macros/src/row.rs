//! `#[derive(FromRow)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Fields, LitStr, Result, parse2};

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let input = parse2::<DeriveInput>(item)?;
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a row has no type parameters"));
    }
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "a row is a struct"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&input.ident, "a row needs named fields: columns have names"));
    };
    let columns = fields.named.iter().map(Column::of).collect::<Result<Vec<_>>>()?;
    let names = columns.iter().map(|column| &column.name);
    let reads = columns.iter().enumerate().map(|(index, column)| {
        let field = &column.field.ident;
        if column.json { quote!(#field: row.take_json(#index)?) } else { quote!(#field: row.take(#index)?) }
    });
    let name = &input.ident;
    Ok(quote! {
        impl ::fondaco_service::sql::FromRow for #name {
            const COLUMNS: &'static [&'static str] = &[#(#names),*];

            fn from_row(
                row: &mut ::fondaco_service::sql::Row<'_>,
            ) -> ::std::result::Result<Self, ::fondaco_service::Fault> {
                ::std::result::Result::Ok(Self { #(#reads),* })
            }
        }
    })
}

struct Column<'a> {
    field: &'a Field,
    name: String,
    json: bool,
}

impl<'a> Column<'a> {
    fn of(field: &'a Field) -> Result<Self> {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut column = Self { field, name: name.trim_start_matches("r#").to_owned(), json: false };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("row")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    column.name = meta.value()?.parse::<LitStr>()?.value();
                } else if meta.path.is_ident("json") {
                    column.json = true;
                } else {
                    return Err(meta.error("expected `name` or `json`"));
                }
                Ok(())
            })?;
        }
        Ok(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_columns() {
        let code = expand(quote! {
            struct Product {
                id: i64,
                r#type: String,
                #[row(name = "weight_grams")]
                weight: u32,
                #[row(json)]
                tags: Vec<String>,
            }
        });
        let code = code.unwrap().to_string();
        assert!(code.contains(r#"["id" , "type" , "weight_grams" , "tags"]"#), "{code}");
        assert!(code.contains("weight : row . take (2usize) ?") && code.contains("tags : row . take_json (3usize) ?"));
    }

    #[test]
    fn says_what_it_cannot_read() {
        for (item, message) in [
            (
                quote!(
                    struct Pair(i64, i64);
                ),
                "a row needs named fields: columns have names",
            ),
            (
                quote!(
                    enum Kind {
                        A,
                    }
                ),
                "a row is a struct",
            ),
            (
                quote!(
                    struct Generic<T> {
                        of: T,
                    }
                ),
                "a row has no type parameters",
            ),
            (
                quote!(
                    struct Odd {
                        #[row(rename)]
                        of: i64,
                    }
                ),
                "expected `name` or `json`",
            ),
        ] {
            assert_eq!(expand(item).unwrap_err().to_string(), message);
        }
    }
}
