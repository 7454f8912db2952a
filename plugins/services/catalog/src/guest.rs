//! The component: its exports over the modules of the same names.

use fondaco_service::Fault;

use crate::bindings::exports::fondaco::catalog;
use crate::contract::{
    Category, CategoryDraft, Chunk, Collection, CollectionDraft, ContentPage, ContentPageDraft, File, Format, Media,
    Product, ProductDraft, ProductPage, ProductQuery, Report, Target, VariantFacts,
};
use crate::{categories, collections, media, pages, products, slugs, transfer, variants};

struct Catalog;

mod export {
    #![allow(unsafe_code, missing_docs, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    use super::Catalog;
    crate::bindings::export!(Catalog with_types_in crate::bindings);
}

impl catalog::products::Guest for Catalog {
    fn get(id: i64, channel: Option<String>, locale: Option<String>) -> Result<Product, Fault> {
        products::get(id, channel.as_deref(), locale.as_deref())
    }
    fn list(query: ProductQuery) -> Result<ProductPage, Fault> {
        products::list(&query)
    }
    fn create(product: ProductDraft) -> Result<Product, Fault> {
        products::create(product)
    }
    fn update(id: i64, if_version: Option<u64>, product: ProductDraft) -> Result<Product, Fault> {
        products::update(id, if_version, product)
    }
    fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
        products::delete(id, if_version)
    }
}

impl catalog::variants::Guest for Catalog {
    fn by_skus(skus: Vec<String>, channel: String, locale: String) -> Result<Vec<VariantFacts>, Fault> {
        variants::by_skus(&skus, &channel, &locale)
    }
}

impl catalog::categories::Guest for Catalog {
    fn get(id: i64, locale: Option<String>) -> Result<Category, Fault> {
        categories::get(id, locale.as_deref())
    }
    fn children(parent: Option<i64>, locale: Option<String>) -> Result<Vec<Category>, Fault> {
        categories::children(parent, locale.as_deref())
    }
    fn create(category: CategoryDraft) -> Result<Category, Fault> {
        categories::create(category)
    }
    fn update(id: i64, if_version: Option<u64>, category: CategoryDraft) -> Result<Category, Fault> {
        categories::update(id, if_version, category)
    }
    fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
        categories::delete(id, if_version)
    }
}

impl catalog::collections::Guest for Catalog {
    fn get(id: i64, locale: Option<String>) -> Result<Collection, Fault> {
        collections::get(id, locale.as_deref())
    }
    fn list(after: Option<i64>, limit: Option<u32>, locale: Option<String>) -> Result<Vec<Collection>, Fault> {
        collections::list(after, limit, locale.as_deref())
    }
    fn create(collection: CollectionDraft) -> Result<Collection, Fault> {
        collections::create(collection)
    }
    fn update(id: i64, if_version: Option<u64>, collection: CollectionDraft) -> Result<Collection, Fault> {
        collections::update(id, if_version, collection)
    }
    fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
        collections::delete(id, if_version)
    }
}

impl catalog::pages::Guest for Catalog {
    fn get(id: i64, locale: Option<String>) -> Result<ContentPage, Fault> {
        pages::get(id, locale.as_deref())
    }
    fn list(after: Option<i64>, limit: Option<u32>, locale: Option<String>) -> Result<Vec<ContentPage>, Fault> {
        pages::list(after, limit, locale.as_deref())
    }
    fn create(page: ContentPageDraft) -> Result<ContentPage, Fault> {
        pages::create(page)
    }
    fn update(id: i64, if_version: Option<u64>, page: ContentPageDraft) -> Result<ContentPage, Fault> {
        pages::update(id, if_version, page)
    }
    fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
        pages::delete(id, if_version)
    }
}

impl catalog::slugs::Guest for Catalog {
    fn resolve(slug: String) -> Result<Target, Fault> {
        slugs::resolve(&slug)
    }
}

impl catalog::media_files::Guest for Catalog {
    fn upload(file: File) -> Result<Media, Fault> {
        media::upload(&file)
    }
}

impl catalog::transfer::Guest for Catalog {
    fn import_chunk(format: Format, text: String, first_row: u32) -> Result<Report, Fault> {
        transfer::import_chunk(format, &text, first_row)
    }
    fn export_chunk(format: Format, cursor: Option<String>) -> Result<Chunk, Fault> {
        transfer::export_chunk(format, cursor.as_deref())
    }
}
