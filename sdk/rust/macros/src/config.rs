//! `#[derive(Config)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Fields, FieldsNamed, Ident, LitStr, Path, Result, Token, Variant,
    parse2, punctuated::Punctuated,
};

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let input = parse2::<DeriveInput>(item)?;
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a config has no type parameters"));
    }
    let body = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => of_struct(fields)?,
            other => return Err(Error::new_spanned(other, "a config needs named fields")),
        },
        Data::Enum(data) => of_enum(&data.variants)?,
        Data::Union(_) => return Err(Error::new_spanned(&input.ident, "a union cannot be read")),
    };
    let check = Options::of(&input.attrs)?.check.map(|check| {
        quote! { #check(&config).map_err(|wrong| ::fondaco_sdk::config::Problem::new(&[wrong]))?; }
    });
    let name = &input.ident;
    Ok(quote! {
        impl ::fondaco_sdk::config::Config for #name {
            fn read(json: &mut ::fondaco_sdk::config::Json<'_>) -> ::fondaco_sdk::config::Reading<Self> {
                let config: Self = #body;
                #check
                ::std::result::Result::Ok(config)
            }
        }
    })
}

fn of_struct(fields: &FieldsNamed) -> Result<TokenStream> {
    let options = fields.named.iter().map(|field| Options::of(&field.attrs)).collect::<Result<Vec<_>>>()?;
    let idents: Vec<_> = fields.named.iter().filter_map(|field| field.ident.as_ref()).collect();
    let types = fields.named.iter().map(|field| &field.ty);
    let names: Vec<_> = idents.iter().zip(&options).map(|(ident, options)| options.name_of(ident)).collect();
    let values = idents.iter().zip(&options).zip(&names).map(|((ident, options), name)| {
        if let Some(default) = &options.default {
            quote!(#ident: #ident.unwrap_or_else(|| #default))
        } else {
            quote!(#ident: ::fondaco_sdk::config::field(#ident, #name)?)
        }
    });
    let count = idents.len();
    let indices = 0..count;
    Ok(quote! {{
        #(let mut #idents: ::std::option::Option<#types> = ::std::option::Option::None;)*
        json.object(&[#(#names),*], &mut |json, index| match index {
            #(#indices => ::fondaco_sdk::config::read_into(json, &mut #idents),)*
            _ => ::std::result::Result::Ok(()),
        })?;
        Self { #(#values),* }
    }})
}

fn of_enum(variants: &Punctuated<Variant, Token![,]>) -> Result<TokenStream> {
    let (mut plain, mut plain_names) = (Vec::new(), Vec::new());
    let (mut valued, mut valued_names) = (Vec::new(), Vec::new());
    for variant in variants {
        let (ident, name) = (&variant.ident, kebab(&variant.ident.to_string()));
        match &variant.fields {
            Fields::Unit => {
                plain.push(quote!(Self::#ident));
                plain_names.push(name);
            }
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                valued.push(quote!(Self::#ident));
                valued_names.push(name);
            }
            other => return Err(Error::new_spanned(other, "a case has one value, or none: make its fields a struct")),
        }
    }
    let plain_indices = 0..plain.len();
    let valued_indices = 0..valued.len();
    let of_plain = quote! {
        match ::fondaco_sdk::config::case(json, &[#(#plain_names),*])? {
            #(#plain_indices => #plain,)*
            _ => return ::std::result::Result::Err(json.unexpected("a known case")),
        }
    };
    if valued.is_empty() {
        return Ok(of_plain);
    }
    Ok(quote! {
        if json.peek() == b'{' {
            let mut case = ::std::option::Option::None;
            json.object(&[#(#valued_names),*], &mut |json, index| {
                ::fondaco_sdk::config::once(case.is_some())?;
                case = ::std::option::Option::Some(match index {
                    #(#valued_indices => #valued(::fondaco_sdk::config::Config::read(json)?),)*
                    _ => return ::std::result::Result::Err(json.unexpected("a known case")),
                });
                ::std::result::Result::Ok(())
            })?;
            case.ok_or_else(|| ::fondaco_sdk::config::Problem::new(&["expected one case, found an empty object"]))?
        } else {
            #of_plain
        }
    })
}

/// What `#[config(…)]` says.
#[derive(Default)]
struct Options {
    name: Option<String>,
    default: Option<TokenStream>,
    check: Option<Path>,
}

impl Options {
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("config")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    options.name = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("check") {
                    options.check = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("default") {
                    options.default = Some(if meta.input.peek(Token![=]) {
                        let expression: Expr = meta.value()?.parse()?;
                        quote!(#expression)
                    } else {
                        quote!(::std::default::Default::default())
                    });
                } else {
                    return Err(meta.error("expected `name`, `default` or `check`"));
                }
                Ok(())
            })?;
        }
        Ok(options)
    }

    fn name_of(&self, ident: &Ident) -> String {
        self.name.clone().unwrap_or_else(|| camel(&ident.to_string()))
    }
}

/// `min_quantity` → `minQuantity`.
fn camel(snake: &str) -> String {
    let mut upper = false;
    let mut camel = String::new();
    for character in snake.trim_start_matches("r#").chars() {
        if character == '_' {
            upper = !camel.is_empty();
        } else if std::mem::take(&mut upper) {
            camel.extend(character.to_uppercase());
        } else {
            camel.push(character);
        }
    }
    camel
}

/// `EachUnit` → `each-unit`.
fn kebab(pascal: &str) -> String {
    let mut kebab = String::new();
    for character in pascal.chars() {
        if character.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(character.to_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_mapping_of_wit() {
        assert_eq!(camel("min_quantity"), "minQuantity");
        assert_eq!(camel("r#type"), "type");
        assert_eq!(camel("unit"), "unit");
        assert_eq!(kebab("EachUnit"), "each-unit");
        assert_eq!(kebab("Percent"), "percent");
    }

    #[test]
    fn says_what_it_cannot_read() {
        for (item, message) in [
            (
                quote!(
                    struct Tuple(u32);
                ),
                "a config needs named fields",
            ),
            (
                quote!(
                    struct Generic<T> {
                        of: T,
                    }
                ),
                "a config has no type parameters",
            ),
            (
                quote!(
                    enum Two {
                        Both(u32, u32),
                    }
                ),
                "a case has one value, or none: make its fields a struct",
            ),
            (
                quote!(
                    struct Odd {
                        #[config(sometimes)]
                        of: u32,
                    }
                ),
                "expected `name`, `default` or `check`",
            ),
        ] {
            assert_eq!(expand(item).unwrap_err().to_string(), message);
        }
    }
}
