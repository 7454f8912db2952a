//! A catalog of real size that is made up: the same for the same settings, so that what was brought in before is
//! recognised, and no file of megabytes has to be kept.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Goods;

/// Categories: a slug each, with those below it.
const CATEGORIES: [(&str, [&str; 4]); 6] = [
    ("kitchen", ["mugs", "bowls", "pans", "knives"]),
    ("home", ["lamps", "cushions", "candles", "rugs"]),
    ("books", ["cooking", "travel", "novels", "crafts"]),
    ("garden", ["pots", "tools", "seeds", "lanterns"]),
    ("toys", ["puzzles", "blocks", "games", "kites"]),
    ("office", ["pens", "paper", "desks", "chairs"]),
];
const LOOKS: [&str; 10] = ["Plain", "Old", "Little", "Fine", "Bright", "Quiet", "Northern", "Round", "Heavy", "Light"];
const MAKES: [&str; 10] = ["Oak", "Clay", "Linen", "Brass", "Glass", "Wool", "Cork", "Steel", "Paper", "Stone"];
const COLOURS: [&str; 4] = ["blue", "white", "green", "black"];
const TAGS: [&str; 5] = ["", "new", "gift", "new;gift", "handmade"];

/// One thing that is made up.
struct Item {
    number: u32,
}

/// Everything of one store, in the order in which it is brought in.
pub(crate) struct MadeUp<'a>(pub(crate) &'a Goods);

/// A price list.
struct List {
    code: String,
    title: &'static str,
    currency: String,
    group: &'static str,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
}

impl MadeUp<'_> {
    /// Categories as `categories.create` takes them, each with the slug of the one above it.
    pub(crate) fn categories() -> impl Iterator<Item = (Option<&'static str>, Value)> {
        CATEGORIES.into_iter().flat_map(|(top, below)| {
            let child = move |(position, slug): (usize, &'static str)| (Some(top), category(slug, position));
            std::iter::once((None, category(top, 0))).chain(below.into_iter().enumerate().map(child))
        })
    }

    /// Collections as `collections.create` takes them.
    pub(crate) fn collections() -> [Value; 2] {
        [("new-in", "New in", "new"), ("gifts", "Gifts", "gift")].map(|(slug, title, tag)| {
            json!({
                "slug": slug, "title": title, "description": "", "seo": { "title": "", "description": "" },
                "translations": [], "members": { "matching": { "tags": [tag] } },
            })
        })
    }

    /// Price lists as `lists.create` takes them.
    pub(crate) fn price_lists(&self) -> Vec<Value> {
        let list = |list: List| {
            json!({
                "code": list.code, "title": list.title, "currency": list.currency, "channel": "web",
                "customerGroup": list.group, "country": "", "priority": 0, "fromMs": list.from_ms,
                "untilMs": list.until_ms, "taxIncluded": self.0.tax_included, "enabled": true,
            })
        };
        self.lists().map(list).into()
    }

    /// In both currencies; for wholesale; and a sale from 2026 to 2036.
    fn lists(&self) -> [List; 4] {
        let [own, second] = &self.0.currencies;
        let list = |name: &str, title, currency: &str, group| List {
            code: format!("{name}-{}", currency.to_ascii_lowercase()),
            title,
            currency: currency.to_owned(),
            group,
            from_ms: None,
            until_ms: None,
        };
        let sale = List {
            from_ms: Some(1_767_225_600_000),
            until_ms: Some(2_082_758_400_000),
            ..list("sale", "Sale", own, "")
        };
        [
            list("web", "Web", own, ""),
            list("web", "Web", second, ""),
            list("wholesale", "Wholesale", own, "wholesale"),
            sale,
        ]
    }

    /// Rows for the catalog.
    pub(crate) fn catalog_csv(&self) -> String {
        let mut csv = "sku,product,title,category,tags,options,grams,attributes\n".to_owned();
        for item in self.items() {
            let (slug, title, category) = (item.slug(), item.title(), item.category());
            let tags = TAGS.get(item.number as usize % TAGS.len()).copied().unwrap_or_default();
            let grams = 50 + item.number * 37 % 2_950;
            for colour in item.colours() {
                let sku = item.sku(colour);
                let _infallible = writeln!(
                    csv,
                    "{sku},{slug},{title},{category},{tags},Colour={colour},{grams},Material={}",
                    item.make()
                );
            }
        }
        csv
    }

    /// Rows for the price book.
    pub(crate) fn prices_csv(&self) -> String {
        let [web, second, wholesale, sale] = self.lists().map(|list| list.code);
        let mut csv = "price_list,sku,min_quantity,amount,compare_at\n".to_owned();
        for item in self.items() {
            let amount = item.amount();
            for colour in item.colours() {
                let sku = item.sku(colour);
                let _infallible = writeln!(
                    csv,
                    "{web},{sku},1,{amount},\n{second},{sku},1,{},\n{wholesale},{sku},1,{},\n{wholesale},{sku},20,{},",
                    amount * 11 / 10,
                    amount * 4 / 5,
                    amount * 7 / 10,
                );
                if item.number % 10 == 0 {
                    let _infallible = writeln!(csv, "{sale},{sku},1,{},{amount}", amount * 3 / 4);
                }
            }
        }
        csv
    }

    /// What is brought in last, so that where it is everything is: a sku, and a price list that has it.
    pub(crate) fn last(&self) -> Option<(String, String)> {
        let [.., wholesale, _] = self.lists().map(|list| list.code);
        let item = self.items().last()?;
        Some((item.sku(item.colours().last()?), wholesale))
    }

    fn items(&self) -> impl Iterator<Item = Item> + use<> {
        (1..=self.0.made_up).map(|number| Item { number })
    }
}

impl Item {
    fn pick<'w, const N: usize>(words: &[&'w str; N], number: u32) -> &'w str {
        words.get(number as usize % N).copied().unwrap_or_default()
    }

    fn make(&self) -> &'static str {
        Self::pick(&MAKES, self.number / 10)
    }

    /// `pans` for `pan`.
    fn kind(&self) -> (&'static str, &'static str) {
        let (top, below) = CATEGORIES.get(self.number as usize % CATEGORIES.len()).copied().unwrap_or_default();
        (top, Self::pick(&below, self.number / 7))
    }

    fn category(&self) -> &'static str {
        self.kind().1
    }

    fn title(&self) -> String {
        format!("{} {} {}", Self::pick(&LOOKS, self.number), self.make(), self.category())
    }

    fn slug(&self) -> String {
        format!("{}-{}-{}", self.make().to_ascii_lowercase(), self.category(), self.number)
    }

    fn sku(&self, colour: &str) -> String {
        format!("{}-{:05}-{colour}", self.kind().0, self.number)
    }

    /// One to four.
    fn colours(&self) -> impl Iterator<Item = &'static str> {
        COLOURS.into_iter().take(1 + self.number as usize % COLOURS.len())
    }

    /// 2.90 to 199.90.
    fn amount(&self) -> u64 {
        290 + u64::from(self.number) * 7_919 % 198 * 100
    }
}

fn category(slug: &str, position: usize) -> Value {
    let title: String = slug.chars().take(1).flat_map(char::to_uppercase).chain(slug.chars().skip(1)).collect();
    json!({
        "slug": slug, "title": title, "description": "", "position": position,
        "seo": { "title": "", "description": "" }, "translations": [],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::collections::BTreeSet;

    use super::*;

    fn goods(made_up: u32) -> Goods {
        Goods {
            catalog: "a.csv".into(),
            prices: "b.csv".into(),
            currencies: ["EUR".into(), "CHF".into()],
            tax_included: true,
            made_up,
        }
    }

    fn column(csv: &str, place: usize) -> Vec<String> {
        csv.lines().skip(1).map(|line| line.split(',').nth(place).unwrap().to_owned()).collect()
    }

    #[test]
    fn it_is_a_catalog_of_real_size_with_a_price_for_each_sku() {
        let goods = goods(3_000);
        let made = MadeUp(&goods);
        let (catalog, prices) = (made.catalog_csv(), made.prices_csv());
        let skus = column(&catalog, 0);
        let distinct: BTreeSet<&String> = skus.iter().collect();
        assert_eq!((skus.len(), distinct.len()), (7_500, 7_500));
        assert_eq!(column(&catalog, 1).iter().collect::<BTreeSet<_>>().len(), 3_000);
        let priced: BTreeSet<String> = column(&prices, 1).into_iter().collect();
        assert_eq!(priced.iter().collect::<BTreeSet<_>>(), distinct);
        assert!(column(&prices, 3).iter().all(|amount| amount.parse::<u64>().unwrap() > 0));
        assert_eq!(catalog, made.catalog_csv());
    }

    #[test]
    fn what_rows_name_is_there() {
        let goods = goods(500);
        let made = MadeUp(&goods);
        let slugs: BTreeSet<String> =
            MadeUp::categories().map(|(_, category)| category["slug"].as_str().unwrap().to_owned()).collect();
        assert_eq!(slugs.len(), 30);
        assert!(column(&made.catalog_csv(), 3).iter().all(|category| slugs.contains(category)));
        let lists: BTreeSet<String> =
            made.price_lists().iter().map(|list| list["code"].as_str().unwrap().to_owned()).collect();
        assert_eq!(
            lists.iter().map(String::as_str).collect::<Vec<_>>(),
            ["sale-eur", "web-chf", "web-eur", "wholesale-eur"]
        );
        let named: BTreeSet<String> = column(&made.prices_csv(), 0).into_iter().collect();
        assert_eq!(named, lists);
        let (sku, list) = made.last().unwrap();
        assert!(made.prices_csv().contains(&format!("{list},{sku},")));
        assert_eq!(column(&made.catalog_csv(), 0).last(), Some(&sku));
    }
}
