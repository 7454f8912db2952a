//! The component: its exports over the modules of the same names.

use fondaco_service::Fault;

use crate::bindings::exports::fondaco::price_book;
use crate::contract::{Ask, Chunk, Context, Entry, Format, Found, Page, PriceList, PriceListDraft, Report, Sheet};
use crate::{entries, lists, prices, transfer};

struct PriceBook;

mod export {
    #![allow(unsafe_code, missing_docs, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    use super::PriceBook;
    crate::bindings::export!(PriceBook with_types_in crate::bindings);
}

impl price_book::prices::Guest for PriceBook {
    fn by_skus(context: Context, asks: Vec<Ask>) -> Result<Vec<Found>, Fault> {
        prices::by_skus(&context, &asks)
    }
    fn sheets(skus: Vec<String>, since_ms: u64) -> Result<Vec<Sheet>, Fault> {
        prices::sheets(&skus, since_ms)
    }
}

impl price_book::lists::Guest for PriceBook {
    fn get(id: i64) -> Result<PriceList, Fault> {
        lists::get(id)
    }
    fn list(after: Option<i64>, limit: Option<u32>) -> Result<Vec<PriceList>, Fault> {
        lists::list(after, limit)
    }
    fn create(content: PriceListDraft) -> Result<PriceList, Fault> {
        lists::create(content)
    }
    fn update(id: i64, if_version: Option<u64>, content: PriceListDraft) -> Result<PriceList, Fault> {
        lists::update(id, if_version, content)
    }
    fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
        lists::delete(id, if_version)
    }
}

impl price_book::entries::Guest for PriceBook {
    fn list(price_list: i64, after: Option<String>) -> Result<Page, Fault> {
        entries::list(price_list, after.as_deref())
    }
    fn replace(price_list: i64, skus: Vec<String>, given: Vec<Entry>) -> Result<(), Fault> {
        entries::replace(price_list, &skus, &given)
    }
}

impl price_book::transfer::Guest for PriceBook {
    fn import_chunk(format: Format, text: String, first_row: u32) -> Result<Report, Fault> {
        transfer::import_chunk(format, &text, first_row)
    }
    fn export_chunk(format: Format, cursor: Option<String>) -> Result<Chunk, Fault> {
        transfer::export_chunk(format, cursor.as_deref())
    }
}
