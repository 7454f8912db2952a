//! Which price wins, against the order of the contract, rule by rule.

use proptest::prelude::*;
use service_price_book::decide::{List, NEVER_MS, Price, Question, Span, decide, in_order};

fn a_span() -> impl Strategy<Value = Span> {
    prop_oneof![
        2 => Just(Span::ALWAYS),
        3 => (0_i64..20, prop_oneof![(1_i64..20).prop_map(Some), Just(None)]).prop_map(|(from_ms, length)| Span {
            from_ms,
            until_ms: length.map_or(NEVER_MS, |length| from_ms + length),
        }),
    ]
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(words).prop_map(str::to_owned)
}

fn a_list() -> impl Strategy<Value = List> {
    let currency = one_of(&["EUR", "EUR", "EUR", "USD"]);
    let scope = (one_of(&["", "web", "shop"]), one_of(&["", "vip", "staff"]), one_of(&["", "DE", "FR"]));
    (currency, scope, -1_i64..2, a_span(), prop::bool::weighted(0.9)).prop_map(
        |(currency, (channel, customer_group, country), priority, span, enabled)| List {
            id: 0,
            code: String::new(),
            currency,
            channel,
            customer_group,
            country,
            priority,
            span,
            tax_included: false,
            enabled,
        },
    )
}

/// Lists with their prices; no tier of a validity twice in a list, as the table has it.
fn a_book() -> impl Strategy<Value = Vec<Price>> {
    let prices = prop::collection::btree_map((a_span(), 1_i64..4), 1_i64..1_000, 1..5);
    prop::collection::vec((a_list(), prices), 0..7).prop_map(|lists| {
        let numbered = (1..).zip(lists);
        let prices = numbered.flat_map(|(id, (list, prices))| {
            prices.into_iter().map(move |((span, min_quantity), amount)| {
                let list = List { id, ..list.clone() };
                Price { list, span, min_quantity, amount, compare_at: None }
            })
        });
        prices.collect()
    })
}

/// Whether `one` comes before `other`, as the contract's text says it: 1 to 8, the first difference decides.
fn is_before(one: &Price, other: &Price) -> bool {
    let (a, b) = (&one.list, &other.list);
    for (own, others) in [(&a.customer_group, &b.customer_group), (&a.channel, &b.channel), (&a.country, &b.country)] {
        if own.is_empty() != others.is_empty() {
            return others.is_empty();
        }
    }
    if a.priority != b.priority {
        return a.priority > b.priority;
    }
    if a.span != b.span {
        return is_closer(a.span, b.span);
    }
    if a.id != b.id {
        return a.id < b.id;
    }
    if one.span != other.span {
        return is_closer(one.span, other.span);
    }
    one.min_quantity > other.min_quantity
}

fn is_closer(one: Span, other: Span) -> bool {
    if one == Span::ALWAYS || other == Span::ALWAYS {
        return other == Span::ALWAYS;
    }
    if one.from_ms != other.from_ms {
        return one.from_ms > other.from_ms;
    }
    one.until_ms < other.until_ms
}

fn holds(price: &Price, question: &Question<'_>) -> bool {
    let list = &price.list;
    list.enabled
        && list.currency == question.currency
        && (list.channel.is_empty() || list.channel == question.channel)
        && (list.country.is_empty() || list.country == question.country)
        && (list.customer_group.is_empty() || question.groups.contains(&list.customer_group))
        && [list.span, price.span].iter().all(|span| span.from_ms <= question.now_ms && question.now_ms < span.until_ms)
        && price.min_quantity <= question.quantity
}

fn a_buyer() -> impl Strategy<Value = (String, Vec<String>, String, i64, i64)> {
    let groups = prop::collection::vec(one_of(&["vip", "staff"]), 0..3);
    (one_of(&["", "web", "shop"]), groups, one_of(&["", "DE", "FR"]), 0_i64..30, 1_i64..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_winner_holds_and_nothing_that_holds_is_before_it(
        book in a_book(),
        (channel, groups, country, now_ms, quantity) in a_buyer(),
        turn in any::<prop::sample::Index>(),
    ) {
        let question =
            Question { currency: "EUR", channel: &channel, groups: &groups, country: &country, now_ms, quantity };
        let winner = decide(&book, &question).price;
        let holding: Vec<&Price> = book.iter().filter(|price| holds(price, &question)).collect();
        prop_assert_eq!(winner.is_some(), !holding.is_empty());
        if let Some(winner) = winner {
            prop_assert!(holds(winner, &question));
            for other in holding {
                prop_assert!(!is_before(other, winner), "{:?} is before {:?}", other, winner);
            }
        }
        // The order in which they come out of a table is of no matter.
        let mut turned = book.clone();
        if !turned.is_empty() {
            turned.rotate_left(turn.index(book.len()));
        }
        prop_assert_eq!(decide(&turned, &question).price, winner);
    }

    #[test]
    fn of_prices_in_order_the_first_that_holds_wins(
        mut book in a_book(),
        (channel, groups, country, now_ms, quantity) in a_buyer(),
    ) {
        let question =
            Question { currency: "EUR", channel: &channel, groups: &groups, country: &country, now_ms, quantity };
        let winner = decide(&book, &question).price.cloned();
        in_order(&mut book);
        prop_assert_eq!(book.into_iter().find(|price| holds(price, &question)), winner);
    }

    #[test]
    fn two_spans_hold_at_once_where_each_does(one in a_span(), other in a_span(), now_ms in 0_i64..40) {
        let at_once = one.both(other).is_some_and(|both| both.holds(now_ms));
        prop_assert_eq!(at_once, one.holds(now_ms) && other.holds(now_ms));
    }

    #[test]
    fn until_the_change_that_was_said_nothing_changes(
        book in a_book(),
        (channel, groups, country, now_ms, quantity) in a_buyer(),
    ) {
        let at = |now_ms| {
            Question { currency: "EUR", channel: &channel, groups: &groups, country: &country, now_ms, quantity }
        };
        let answer = decide(&book, &at(now_ms));
        let end = answer.changes_ms.unwrap_or(100);
        prop_assert!(end > now_ms);
        for later in now_ms..end.min(100) {
            prop_assert_eq!(decide(&book, &at(later)).price, answer.price, "at {}", later);
        }
    }
}
