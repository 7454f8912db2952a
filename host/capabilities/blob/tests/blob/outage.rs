//! The store behind away, its objects gone, the host started again.

use std::time::Duration;

use fondaco_blob::Blobs;

use crate::house::{House, config, get, name, put, scope};

/// What would wait longer waits for ever.
async fn in_time<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), answer).await.expect("an answer within the deadline")
}

#[tokio::test]
async fn s3_away_and_back() {
    let mut house = House::in_s3().await;
    let mine = scope("acme", "catalog");
    put(&house.blobs, &mine, "before", "before").await.unwrap();
    house.s3.as_mut().unwrap().stop().await;
    let (there, here) = (in_time(get(&house.blobs, &mine, "before")).await, put(&house.blobs, &mine, "new", "new"));
    assert_eq!(there.unwrap_err().reason, "BLOB_STORE_UNAVAILABLE");
    assert_eq!(in_time(here).await.unwrap_err().reason, "BLOB_STORE_UNAVAILABLE");
    assert_eq!(house.blobs.head(&mine, &name("new")).await.unwrap(), None, "what was not written has no name");
    house.s3.as_mut().unwrap().resume().await;
    assert_eq!(in_time(get(&house.blobs, &mine, "before")).await.unwrap(), "before");
    put(&house.blobs, &mine, "new", "new").await.unwrap();
    assert_eq!(get(&house.blobs, &mine, "new").await.unwrap(), "new");
}

#[tokio::test]
async fn a_host_started_again_finds_its_blobs() {
    let house = House::in_folder().await;
    let mine = scope("acme", "catalog");
    let info = put(&house.blobs, &mine, "a", "1").await.unwrap();
    let again = Blobs::open(&config(None, ""), house.folder()).await.unwrap();
    assert_eq!(again.head(&mine, &name("a")).await.unwrap(), Some(info));
    assert_eq!(get(&again, &mine, "a").await.unwrap(), "1");
}

#[tokio::test]
async fn bytes_that_are_gone_are_said_to_be() {
    let house = House::in_folder().await;
    let mine = scope("acme", "catalog");
    put(&house.blobs, &mine, "a", "1").await.unwrap();
    std::fs::remove_file(&house.objects()[0]).unwrap();
    assert_eq!(get(&house.blobs, &mine, "a").await.unwrap_err().reason, "BLOB_LOST");
}
