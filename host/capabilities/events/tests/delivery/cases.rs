//! The cases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fondaco_engine::{Code, Fault};
use fondaco_events::{Attempt, Backoff, Effect, LettersOf, Subscription};
use fondaco_sql::Work;
use tokio::task::JoinSet;

use crate::support::house::{Book, Checked, House, QUEUE, Site, count, deadline};
use crate::support::{TYPE, append, draft, name, number, subscription, until};

pub(crate) async fn all_that_was_committed_is_handled_once_and_in_order(site: &Site) {
    let house = Arc::new(House::start(site, Book::default()).await);
    let mut publishers = JoinSet::new();
    for tenant in ["acme", "other"] {
        let (shop, _book) = (house.shop(tenant).await, house.book(tenant).await);
        for key in ["a", "b", "c"] {
            let (house, shop) = (Arc::clone(&house), shop.clone());
            publishers.spawn(async move {
                for count in [1, 2, 3, 1, 2, 3, 1, 2] {
                    house.publish(&shop, key, count).await.unwrap();
                }
            });
        }
    }
    while let Some(ended) = publishers.join_next().await {
        ended.unwrap();
    }
    house.settle(&["acme", "other"]).await;
    for tenant in ["acme", "other"] {
        assert_eq!(house.check(tenant).await, Checked { handled: 45, dead: 0 });
    }
    Arc::into_inner(house).unwrap().stop().await;
}

pub(crate) async fn what_was_rolled_back_is_not_published(site: &Site) {
    let house = House::start(site, Book::default()).await;
    let (shop, _book) = (house.shop("acme").await, house.book("acme").await);
    for publish in [false, true] {
        let mut work = shop.begin(deadline()).await.unwrap();
        let event = draft(TYPE, Some("a"), 1);
        house.events.publish(&mut work, shop.tenant(), shop.service(), event).unwrap();
        if publish {
            work.execute_internal("INSERT INTO published (key, number) VALUES ('a', 1)", &[]).await.unwrap();
            work.commit().await.unwrap();
        } else {
            drop(work);
        }
    }
    house.settle(&["acme"]).await;
    assert_eq!(house.check("acme").await, Checked { handled: 1, dead: 0 });
    house.stop().await;
}

pub(crate) async fn a_poison_event_becomes_a_dead_letter_and_is_replayed(site: &Site) {
    let house = House::start(site, Book { poison: 3 }).await;
    let (shop, _book) = (house.shop("acme").await, house.book("acme").await);
    house.publish(&shop, "a", 4).await.unwrap();
    house.settle(&["acme"]).await;
    assert_eq!(house.check("acme").await, Checked { handled: 3, dead: 1 });
    let letters = house.events.dead_letters(LettersOf::default(), 100).await.unwrap();
    let letter = &letters[0];
    assert_eq!((letter.attempts, letter.reason.as_str(), letters.len()), (3, "POISON", 1));
    assert!(letter.message.contains("3 cannot be handled"), "{letter:?}");
    let (tenant, queue, id) = (letter.tenant.clone(), name(QUEUE), letter.event_id);

    // Not mended yet.
    let fault = house.events.replay(&tenant, &queue, id).await.unwrap_err();
    assert_eq!(fault.reason, "POISON");
    assert_eq!(house.events.dead_letter(&tenant, &queue, id).await.unwrap().attempts, 4);
    house.stop().await;

    let house = House::start(site, Book::default()).await;
    house.events.replay(&tenant, &queue, id).await.unwrap();
    let of = LettersOf { tenant: Some(&tenant), ..LettersOf::default() };
    assert!(house.events.dead_letters(of, 100).await.unwrap().is_empty());
    let book = house.book("acme").await;
    assert_eq!(count(&book, "SELECT count(*) FROM effects").await, Some(4));
    let again = house.events.replay(&tenant, &queue, id).await.unwrap_err();
    assert_eq!(again.reason, "DEAD_LETTER_NOT_FOUND");
    house.stop().await;
}

pub(crate) async fn dead_letters_are_found_behind_those_of_others(site: &Site) {
    let house = House::start(site, Book { poison: 1 }).await;
    let (shop, _book) = (house.shop("acme").await, house.book("acme").await);
    let (wide, narrow) = (name(QUEUE), name("book/fondaco.test.late.v1"));
    house.events.subscribe(subscription(narrow.as_str())).await.unwrap();
    house.publish(&shop, "a", 3).await.unwrap();
    house.settle(&["acme"]).await;
    // Both subscriptions have this one.
    house.publish_as(&shop, "fondaco.test.late.v1", "a", 1).await.unwrap();
    house.settle(&["acme"]).await;
    let find = async |service: Option<&str>, subscription, limit| {
        let service = service.map(|name| name.parse().unwrap());
        let of = LettersOf { service: service.as_ref(), subscription, ..LettersOf::default() };
        let letters = house.events.dead_letters(of, limit).await.unwrap();
        letters.into_iter().map(|letter| letter.subscription).collect::<Vec<_>>()
    };
    assert_eq!(find(None, None, 100).await.len(), 5);
    assert_eq!(find(None, Some(&narrow), 1).await, std::slice::from_ref(&narrow));
    assert_eq!(find(Some("book"), Some(&wide), 100).await, vec![wide.clone(); 4]);
    assert!(find(Some("shop"), Some(&narrow), 100).await.is_empty());
    house.stop().await;
}

/// Fails until it is told otherwise.
struct Stubborn {
    book: Book,
    tried: Arc<AtomicU32>,
    mended: Arc<AtomicBool>,
}

#[async_trait]
impl Effect for Stubborn {
    async fn apply(&self, work: &mut Work, attempt: &Attempt) -> Result<(), Fault> {
        if attempt.event.partition_key.as_deref() == Some("bad") && !self.mended.load(Ordering::SeqCst) {
            assert_eq!(number(&attempt.event), 1, "the second one overtook the first");
            self.tried.fetch_add(1, Ordering::SeqCst);
            return Err(Fault::new(Code::Unavailable, "NOT_YET", "not yet"));
        }
        self.book.apply(work, attempt).await
    }
}

pub(crate) async fn a_poison_event_holds_up_its_key_alone(site: &Site) {
    let (tried, mended) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let handler = Stubborn { book: Book::default(), tried: Arc::clone(&tried), mended: Arc::clone(&mended) };
    let patient = Subscription {
        max_attempts: 100,
        concurrency: 2,
        backoff: Backoff { first: Duration::from_millis(20), longest: Duration::from_millis(20) },
        ..subscription(QUEUE)
    };
    let house = House::start_with(site, handler, patient).await;
    let (shop, book) = (house.shop("acme").await, house.book("acme").await);
    house.publish(&shop, "bad", 2).await.unwrap();
    house.publish(&shop, "good", 30).await.unwrap();
    until("the good ones are handled", async || {
        (count(&book, "SELECT count(*) FROM effects WHERE key = 'good'").await? == 30).then_some(())
    })
    .await;
    until("it was tried again", async || (tried.load(Ordering::SeqCst) >= 3).then_some(())).await;
    assert_eq!(count(&book, "SELECT count(*) FROM effects WHERE key = 'bad'").await, Some(0));
    mended.store(true, Ordering::SeqCst);
    house.settle(&["acme"]).await;
    assert_eq!(house.check("acme").await, Checked { handled: 32, dead: 0 });
    house.stop().await;
}

pub(crate) async fn what_was_left_behind_is_found_at_the_next_start(site: &Site) {
    let house = House::start(site, Book::default()).await;
    let (shop, _book) = (house.shop("acme").await, house.book("acme").await);
    // The relay is gone, and the publisher goes on.
    house.events.stop(Duration::from_secs(30)).await;
    house.publish(&shop, "a", 10).await.unwrap();
    assert_eq!(count(&shop, "SELECT count(*) FROM fondaco_outbox").await, Some(10));
    house.databases.close().await;
    drop((house, shop));

    let house = House::start(site, Book::default()).await;
    house.settle(&["acme"]).await;
    assert_eq!(house.check("acme").await, Checked { handled: 10, dead: 0 });
    house.stop().await;
}

pub(crate) async fn an_event_that_comes_twice_has_one_effect(site: &Site) {
    let house = House::start(site, Book::default()).await;
    let (shop, _book) = (house.shop("acme").await, house.book("acme").await);
    house.publish(&shop, "a", 3).await.unwrap();
    // As a relay would that was killed before it noted what it had relayed.
    let rows = shop.query_internal("SELECT event FROM fondaco_outbox ORDER BY seq", &[], deadline()).await.unwrap();
    house.settle(&["acme"]).await;
    for row in rows.rows {
        let fondaco_sql::Value::Text(json) = &row[0] else { panic!("text") };
        let event = fondaco_events::Event::from_json(json).unwrap();
        append(&*house.bus, &[Arc::new(event)]).await.unwrap();
    }
    house.settle(&["acme"]).await;
    assert_eq!(house.check("acme").await, Checked { handled: 3, dead: 0 });
    house.stop().await;
}
