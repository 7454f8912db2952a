//! What a product may be.

use fondaco_service::fault;

use crate::contract::{OptionValues, ProductDraft, Variant};
use crate::wording::{self, Check};
use crate::{content, media};

const VARIANTS: usize = 250;

/// Checks all bounds of a product, and that its variants fit its options.
pub(crate) fn check(draft: &mut ProductDraft) -> Check {
    content::check(draft)?;
    wording::words("tags", &draft.tags, 64)?;
    wording::words("channels", &draft.channels, 32)?;
    wording::attributes("attributes", &draft.attributes, 64)?;
    wording::text("taxCategory", &draft.tax_category, 0, wording::WORD)?;
    media::check_all("media", &draft.media)?;
    options(&draft.options)?;
    wording::count("variants", &draft.variants, VARIANTS)?;
    wording::distinct("variants", draft.variants.iter().map(|variant| variant.sku.as_str()))?;
    let mut numbered = draft.variants.iter().enumerate();
    numbered.try_for_each(|(index, own)| variant(&format!("variants[{index}]"), own, &draft.options))
}

fn options(options: &[OptionValues]) -> Check {
    wording::count("options", options, 8)?;
    wording::distinct("options", options.iter().map(|option| option.name.as_str()))?;
    for (index, option) in options.iter().enumerate() {
        let path = format!("options[{index}]");
        wording::text(&format!("{path}.name"), &option.name, 1, wording::WORD)?;
        let values = format!("{path}.values");
        wording::count(&values, &option.values, 64)?;
        for (index, value) in option.values.iter().enumerate() {
            wording::text(&format!("{values}[{index}]"), value, 1, wording::TITLE)?;
        }
        wording::distinct(&values, option.values.iter().map(String::as_str))?;
    }
    Ok(())
}

fn variant(path: &str, variant: &Variant, options: &[OptionValues]) -> Check {
    wording::sku(&format!("{path}.sku"), &variant.sku)?;
    wording::text(&format!("{path}.title"), &variant.title, 0, wording::TITLE)?;
    wording::text(&format!("{path}.taxCategory"), &variant.tax_category, 0, wording::WORD)?;
    wording::text(&format!("{path}.barcode"), &variant.barcode, 0, 64)?;
    let chosen = format!("{path}.options");
    wording::attributes(&chosen, &variant.options, 8)?;
    for (index, choice) in variant.options.iter().enumerate() {
        let offered = options.iter().find(|option| option.name == choice.name);
        if !offered.is_some_and(|option| option.values.contains(&choice.value)) {
            let found = format!("`{}` = `{}`", choice.name, choice.value);
            return Err(fault::invalid(
                format!("{chosen}[{index}]"),
                "an option of the product, and one of its values",
                found,
            ));
        }
    }
    Ok(())
}
