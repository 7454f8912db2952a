//! `fondaco events`: how far subscriptions are behind, and what could not be handled.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire::Items;
use crate::cli::{self, Common, DeadLetters, EventsCommand};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{Output, time};

/// What one question is answered with at most.
const PAGE: &str = "200";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Behind {
    subscription: String,
    events: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oldest_ms: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Letter {
    tenant: String,
    subscription: String,
    event_id: String,
    since_ms: i64,
    attempts: u32,
    reason: String,
    message: String,
    event: Value,
}

pub(crate) async fn run(common: &Common, wanted: cli::Events, output: Output) -> Result<(), Failure> {
    let client = Client::new(common, Need::Operator)?;
    let Some(EventsCommand::DeadLetters(command)) = wanted.command else { return lag(&client, output).await };
    match command {
        DeadLetters::List { service, subscription, limit } => {
            let limit = limit.to_string();
            let of = [("tenant", &common.tenant), ("service", &service), ("subscription", &subscription)];
            let mut query = vec![("limit", limit.as_str())];
            query.extend(of.into_iter().filter_map(|(name, of)| Some((name, of.as_deref()?))));
            let letters: Items<Letter> = client.get(&["v1", "events", "dead-letters"], &query).await?;
            output.answer(&letters, |output, letters| table(output, &letters.items))
        }
        DeadLetters::Show(letter) => {
            let letter: Letter = client.get(&path(&letter), &[]).await?;
            output.answer(&letter, |_, letter| whole(letter))
        }
        DeadLetters::Replay { owner, subscription, event: Some(event) } => {
            let letter = cli::DeadLetter { owner, subscription, event };
            replay(&client, &letter).await?;
            output.answer(&json!({ "replayed": 1 }), |_, _| format!("{} was handled", letter.event))
        }
        DeadLetters::Replay { owner, subscription, event: None } => {
            let bar = output.progress(format!("replaying {subscription}"));
            let tell = |count| bar.set_message(format!("replaying {subscription}: {count}"));
            let replayed = replay_all(&client, &owner, &subscription, tell).await;
            bar.finish_and_clear();
            let replayed = replayed?;
            output.answer(&json!({ "replayed": replayed }), |_, _| format!("{replayed} dead letters were handled"))
        }
        DeadLetters::Discard(letter) => {
            client.delete(&path(&letter)).await?;
            output.answer(&json!({ "discarded": 1 }), |_, _| format!("{} is gone", letter.event))
        }
    }
}

async fn lag(client: &Client, output: Output) -> Result<(), Failure> {
    let behind: Items<Behind> = client.get(&["v1", "events", "subscriptions"], &[]).await?;
    output.answer(&behind, |output, behind| {
        if behind.items.is_empty() {
            return "no service subscribes to events".to_owned();
        }
        let oldest = |row: &Behind| row.oldest_ms.map_or_else(|| "-".to_owned(), time);
        let rows = behind.items.iter().map(|row| vec![row.subscription.clone(), row.events.to_string(), oldest(row)]);
        output.table(&["SUBSCRIPTION", ">BEHIND", "OLDEST (UTC)"], rows.collect())
    })
}

fn table(output: Output, letters: &[Letter]) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let rows = letters.iter().map(|letter| {
        vec![
            time(letter.since_ms),
            letter.tenant.clone(),
            letter.subscription.clone(),
            letter.event_id.clone(),
            letter.attempts.to_string(),
            letter.reason.clone(),
        ]
    });
    output.table(&["SINCE (UTC)", "TENANT", "SUBSCRIPTION", "EVENT", ">ATTEMPTS", "REASON"], rows.collect())
}

fn whole(letter: &Letter) -> String {
    let event = serde_json::to_string_pretty(&letter.event).unwrap_or_default();
    let Letter { tenant, subscription, event_id, since_ms, attempts, reason, message, .. } = letter;
    let since = time(*since_ms);
    format!(
        "{event_id} of {tenant}, for {subscription}\nsince {since} UTC, after {attempts} attempts\n\
         {reason}: {message}\n\n{event}"
    )
}

/// All that there are of one subscription; how many. The first that fails again ends it: what broke one mostly breaks
/// the rest.
async fn replay_all(client: &Client, owner: &str, subscription: &str, tell: impl Fn(u64)) -> Result<u64, Failure> {
    let query = [("tenant", owner), ("subscription", subscription), ("limit", PAGE)];
    let mut replayed = 0;
    loop {
        let letters: Items<Letter> = client.get(&["v1", "events", "dead-letters"], &query).await?;
        if letters.items.is_empty() {
            return Ok(replayed);
        }
        for letter in letters.items {
            let letter =
                cli::DeadLetter { owner: letter.tenant, subscription: letter.subscription, event: letter.event_id };
            replay(client, &letter).await?;
            replayed += 1;
            tell(replayed);
        }
    }
}

async fn replay(client: &Client, letter: &cli::DeadLetter) -> Result<(), Failure> {
    let path = path(letter);
    client.run(&[path.as_slice(), &["replay"]].concat()).await
}

fn path(letter: &cli::DeadLetter) -> [&str; 6] {
    ["v1", "events", "dead-letters", &letter.owner, &letter.subscription, &letter.event]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};

    use axum::Json;
    use axum::extract::{Path, Query, State};
    use axum::routing::{get, post};

    use super::*;

    fn letter() -> Letter {
        serde_json::from_value(json!({
            "tenant": "acme", "subscription": "pricing/fondaco.catalog.*",
            "eventId": "018f0000-0000-7000-8000-000000000000", "sinceMs": 1_767_225_600_000_i64, "attempts": 8,
            "reason": "BAD_CONFIG", "message": "the config: no currency", "event": { "specversion": "1.0" },
        }))
        .unwrap()
    }

    #[test]
    fn dead_letters_are_rows_and_one_is_a_page() {
        insta::assert_snapshot!(table(Output::PLAIN, &[letter()]), @r"
        SINCE (UTC)          TENANT  SUBSCRIPTION               EVENT                                 ATTEMPTS  REASON
        2026-01-01 00:00:00  acme    pricing/fondaco.catalog.*  018f0000-0000-7000-8000-000000000000         8  BAD_CONFIG
        ");
        insta::assert_snapshot!(whole(&letter()), @r#"
        018f0000-0000-7000-8000-000000000000 of acme, for pricing/fondaco.catalog.*
        since 2026-01-01 00:00:00 UTC, after 8 attempts
        BAD_CONFIG: the config: no currency

        {
          "specversion": "1.0"
        }
        "#);
        assert_eq!(table(Output::PLAIN, &[]), "no dead letters");
    }

    /// Dead letters of a host that is not there, the oldest first.
    type Letters = State<Arc<Mutex<Vec<Letter>>>>;

    async fn page(State(letters): Letters, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
        assert_eq!(query["tenant"], "acme");
        let letters = letters.lock().unwrap();
        let found = letters.iter().filter(|letter| letter.subscription == query["subscription"]);
        Json(json!({ "items": found.take(query["limit"].parse().unwrap()).collect::<Vec<_>>() }))
    }

    async fn handled(State(letters): Letters, Path((_, subscription, event)): Path<(String, String, String)>) {
        letters.lock().unwrap().retain(|letter| (&letter.subscription, &letter.event_id) != (&subscription, &event));
    }

    #[tokio::test]
    async fn all_of_a_subscription_are_replayed_and_no_others() {
        // As `main` does.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let (other, wanted) = ("pricing/fondaco.inventory.*", "pricing/fondaco.catalog.*");
        let subscriptions = std::iter::repeat_n(other, 250).chain(std::iter::repeat_n(wanted, 403));
        let letters = (0..).zip(subscriptions).map(|(number, subscription): (u32, _)| Letter {
            subscription: subscription.to_owned(),
            event_id: number.to_string(),
            ..letter()
        });
        let letters: Arc<Mutex<Vec<Letter>>> = Arc::new(Mutex::new(letters.collect()));
        let host = axum::Router::new()
            .route("/v1/events/dead-letters", get(page))
            .route("/v1/events/dead-letters/{tenant}/{subscription}/{event}/replay", post(handled))
            .with_state(Arc::clone(&letters));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let client = Client::of(listener.local_addr().unwrap(), "key").unwrap();
        let serving = tokio::spawn(axum::serve(listener, host).into_future());
        let told = std::cell::Cell::new(0);
        let replayed = replay_all(&client, "acme", wanted, |count| told.set(count)).await.unwrap();
        serving.abort();
        assert_eq!((replayed, told.get()), (403, 403));
        let left = letters.lock().unwrap();
        assert_eq!(left.len(), 250);
        assert!(left.iter().all(|letter| letter.subscription == other));
    }
}
