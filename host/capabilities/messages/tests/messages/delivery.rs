//! From the unit of work to the carrier, on one host with SQLite and on two with PostgreSQL and Redis.

use fondaco_messages::{Limits, Message, MessagesConfig};
use uuid::Uuid;

use crate::house::{House, config, lasting, passing, service, tenant, text, until};
use crate::mailbox::email;

/// Each function of the suite on each implementation.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => { $(
        mod $test {
            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                let house = crate::house::House::embedded().await;
                super::$test(&house).await;
                house.close().await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn distributed() {
                if let Some(house) = crate::house::House::distributed().await {
                    super::$test(&house).await;
                    house.close().await;
                }
            }
        }
    )* };
}

on_both!(
    what_is_committed_leaves_and_what_is_not_does_not,
    a_provider_that_is_back_gets_what_waited,
    what_was_tried_often_enough_is_dead_and_comes_back,
    what_was_refused_is_dead_at_once_and_can_be_thrown_away,
    many_messages_go_once_each,
);

async fn what_is_committed_leaves_and_what_is_not_does_not(house: &House) {
    let mut rolled_back = Vec::new();
    for message in [Message::Email(email()), text()] {
        let (work, id) = house.hosts[0].begin_to_send(&message).await;
        work.rollback();
        rolled_back.push(id);
        let (work, id) = house.hosts[0].begin_to_send(&message).await;
        assert_eq!(house.way.times(id), 0, "nothing leaves before the commit");
        work.commit().await.unwrap();
        until("it was taken", async || house.way.times(id) == 1).await;
    }
    until("nothing waits", async || house.waiting().await == 0).await;
    assert!(rolled_back.iter().all(|id| house.way.times(*id) == 0));
    assert_eq!(house.way.all().len(), 2);
}

async fn a_provider_that_is_back_gets_what_waited(house: &House) {
    for _ in 0..2 {
        house.way.answer(Err(passing()));
    }
    let id = house.send().await;
    until("it was taken", async || house.waiting().await == 0).await;
    assert_eq!(house.way.times(id), 3);
    assert!(house.hosts[0].messages.dead(None, None).await.unwrap().is_empty());
}

async fn dead(house: &House) -> Vec<Uuid> {
    let dead = house.hosts[0].messages.dead(Some(&tenant()), Some(&service())).await.unwrap();
    dead.into_iter().map(|message| message.id.parse().unwrap()).collect()
}

async fn what_was_tried_often_enough_is_dead_and_comes_back(house: &House) {
    house.way.set_away(true);
    let id = house.send().await;
    until("it is dead", async || dead(house).await == [id]).await;
    assert_eq!(house.way.times(id), 3);
    let messages = &house.hosts[0].messages;
    let [message] = &messages.dead(None, None).await.unwrap()[..] else { panic!("one") };
    assert_eq!((message.attempts, message.reason.as_str()), (3, "PROVIDER_UNAVAILABLE"));
    assert_eq!((&message.tenant, &message.service), (&tenant(), &service()));
    assert!(!serde_json::to_string(message).unwrap().contains('@'));
    // In vain, and then not.
    let fault = messages.replay(&tenant(), &service(), id).await.unwrap_err();
    assert_eq!(fault.reason, "PROVIDER_UNAVAILABLE");
    assert_eq!(messages.dead(None, None).await.unwrap()[0].attempts, 4);
    house.way.set_away(false);
    messages.replay(&tenant(), &service(), id).await.unwrap();
    assert_eq!((house.way.times(id), house.waiting().await), (5, 0));
    assert!(dead(house).await.is_empty());
    let again = messages.replay(&tenant(), &service(), id).await.unwrap_err();
    assert_eq!(again.reason, "MESSAGE_NOT_FOUND");
}

async fn what_was_refused_is_dead_at_once_and_can_be_thrown_away(house: &House) {
    house.way.answer(Err(lasting()));
    let id = house.send().await;
    until("it is dead", async || dead(house).await == [id]).await;
    assert_eq!(house.way.times(id), 1);
    let messages = &house.hosts[0].messages;
    assert_eq!(messages.dead(None, None).await.unwrap()[0].reason, "MESSAGE_REFUSED");
    assert_eq!(house.waiting().await, 1);
    messages.discard(&tenant(), &service(), id).await.unwrap();
    assert_eq!(house.waiting().await, 0);
    assert!(dead(house).await.is_empty());
    let fault = messages.discard(&tenant(), &service(), id).await.unwrap_err();
    assert_eq!(fault.reason, "MESSAGE_NOT_FOUND");
    assert_eq!(house.way.times(id), 1);
}

async fn many_messages_go_once_each(house: &House) {
    let mut ids = Vec::new();
    for at in 0..60 {
        let host = &house.hosts[at % house.hosts.len()];
        let (work, id) = host.begin_to_send(&text()).await;
        work.commit().await.unwrap();
        ids.push(id);
    }
    until("nothing waits", async || house.waiting().await == 0).await;
    let all = house.way.all();
    assert_eq!(all.len(), ids.len());
    assert!(ids.iter().all(|id| all.get(id) == Some(&1)), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_wait_at_most() {
    let limits = Limits { waiting: 3, ..Limits::default() };
    let house = House::embedded_with(MessagesConfig { limits, backoff_ms: 600_000, ..config() }).await;
    house.way.set_away(true);
    for _ in 0..3 {
        house.send().await;
    }
    let host = &house.hosts[0];
    let database = host.databases.of(&tenant(), &service()).await.unwrap();
    let mut work = database.begin(std::time::Instant::now() + crate::house::DEADLINE).await.unwrap();
    let fault = host.messages.send(&mut work, &tenant(), &service(), &text()).await.unwrap_err();
    assert_eq!(fault.reason, "TOO_MANY_MESSAGES_WAIT");
    drop(work);
    house.close().await;
}

/// A message that was handed over and could not be crossed out is not handed over again by the same host.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_not_handed_over_again_while_its_row_stays() {
    let house = House::embedded().await;
    let host = &house.hosts[0];
    let database = host.databases.of(&tenant(), &service()).await.unwrap();
    // The database takes no change for a while, but for what claims the message.
    let mut work = database.begin(std::time::Instant::now() + crate::house::DEADLINE).await.unwrap();
    let trap = "CREATE TRIGGER keep BEFORE DELETE ON fondaco_messages BEGIN SELECT RAISE(ABORT, 'not now'); END";
    work.execute_internal(trap, &[]).await.unwrap();
    work.commit().await.unwrap();
    let (work, id) = host.begin_to_send(&text()).await;
    work.commit().await.unwrap();
    until("it was taken", async || house.way.times(id) == 1).await;
    let second = {
        let (work, second) = host.begin_to_send(&text()).await;
        work.commit().await.unwrap();
        second
    };
    until("another one was taken meanwhile", async || house.way.times(second) == 1).await;
    let mut work = database.begin(std::time::Instant::now() + crate::house::DEADLINE).await.unwrap();
    work.execute_internal("DROP TRIGGER keep", &[]).await.unwrap();
    work.commit().await.unwrap();
    until("nothing waits", async || house.waiting().await == 0).await;
    assert_eq!((house.way.times(id), house.way.times(second)), (1, 1));
    house.close().await;
}
