//! Customers of another store, who quote all the while and must not notice anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::api::{Answer, Api};
use crate::wait::until;

/// Clients that quote until they are stopped, and check each answer.
pub struct Bystanders {
    clients: JoinSet<Option<String>>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    failed: Arc<AtomicBool>,
}

/// Says what is wrong with an answer, if anything is.
pub type Judge = Arc<dyn Fn(&Answer) -> Result<(), String> + Send + Sync>;

impl Bystanders {
    /// Starts `number` clients that send `cart` again and again.
    pub fn start(number: usize, api: &Api, cart: impl Into<Bytes>, judge: &Judge) -> Self {
        let (stop, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let answered = Arc::new(AtomicU64::new(0));
        let cart = cart.into();
        let mut clients = JoinSet::new();
        for _client in 0..number {
            let (api, cart, judge) = (api.clone(), cart.clone(), Arc::clone(judge));
            let (stop, failed, answered) = (Arc::clone(&stop), Arc::clone(&failed), Arc::clone(&answered));
            clients.spawn(async move {
                let wrong = quote_until(&stop, &answered, &api, &cart, &judge).await.err();
                failed.fetch_or(wrong.is_some(), Ordering::Relaxed);
                wrong
            });
        }
        Self { clients, stop, answered, failed }
    }

    /// Clients whose answers must all be the bytes of `expected`.
    pub fn expecting(number: usize, api: &Api, cart: impl Into<Bytes>, expected: Answer) -> Self {
        let judge = move |answer: &Answer| {
            if *answer == expected { Ok(()) } else { Err(format!("{} {}", answer.status, answer.text())) }
        };
        let judge: Judge = Arc::new(judge);
        Self::start(number, api, cart, &judge)
    }

    /// How many good answers there were so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Waits until there were `number` good answers, or one of them has given up, which `finish` tells of.
    pub async fn wait_for(&self, number: u64) {
        until("enough good answers", Duration::from_mins(5), async || {
            (self.answered() >= number || self.failed()).then_some(()).ok_or(self.answered())
        })
        .await;
    }

    /// Whether one of them has given up.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Stops them; panics when one of them got a wrong answer or none. Answers how many good ones there were.
    pub async fn finish(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let mut wrong = Vec::new();
        while let Some(ended) = self.clients.join_next().await {
            wrong.extend(ended.expect("a client does not panic"));
        }
        assert!(wrong.is_empty(), "after {} good answers: {wrong:#?}", self.answered());
        self.answered()
    }
}

async fn quote_until(
    stop: &AtomicBool,
    answered: &AtomicU64,
    api: &Api,
    cart: &Bytes,
    judge: &Judge,
) -> Result<(), String> {
    while !stop.load(Ordering::Relaxed) {
        ask(api, cart, judge).await?;
        answered.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn ask(api: &Api, cart: &Bytes, judge: &Judge) -> Result<(), String> {
    let answer = api.try_quote(cart.clone()).await.map_err(|error| format!("no answer: {error:?}"))?;
    judge(&answer)
}
