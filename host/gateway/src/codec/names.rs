//! Names between WIT and JSON.

/// `tax-category` → `taxCategory`. Acronyms lose their shouting (`HTTP-status` → `httpStatus`), so that a name has one
/// spelling whatever the author's taste.
pub(crate) fn camel(kebab: &str) -> String {
    let mut name = String::with_capacity(kebab.len());
    for (position, word) in kebab.split('-').enumerate() {
        let mut letters = word.chars().map(|letter| letter.to_ascii_lowercase());
        if position > 0
            && let Some(first) = letters.next()
        {
            name.push(first.to_ascii_uppercase());
        }
        name.extend(letters);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::camel;

    #[test]
    fn kebab_becomes_lower_camel() {
        for (kebab, expected) in [
            ("sku", "sku"),
            ("tax-category", "taxCategory"),
            ("now-ms", "nowMs"),
            ("HTTP-status", "httpStatus"),
            ("a-b-c", "aBC"),
            ("iso3166-alpha2", "iso3166Alpha2"),
        ] {
            assert_eq!(camel(kebab), expected);
        }
    }
}
