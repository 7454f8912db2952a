//! Buckets and cache: one suite on both implementations, and what only Redis can do: be away, be shared.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cache;
mod component;
mod house;
mod outage;
mod replicas;
mod server;
mod store;

/// Each function of a suite on each implementation.
macro_rules! on_both {
    ($($test:ident),* $(,)?) => { $(
        mod $test {
            #[tokio::test]
            async fn embedded() {
                super::$test(&crate::house::House::embedded().await).await;
            }

            #[tokio::test]
            async fn redis() {
                if let Some(house) = crate::house::House::redis().await {
                    super::$test(&house).await;
                }
            }
        }
    )* };
}
pub(crate) use on_both;
