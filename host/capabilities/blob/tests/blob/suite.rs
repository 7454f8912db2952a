//! What every store behind must keep, on every index.

use std::time::Duration;

use bytes::Bytes;
use fondaco_blob::BLOB_BYTES;
use fondaco_test_servers::Postgres;
use futures::future::join_all;
use sqlx::{Connection, PgConnection};

use crate::house::{House, QUOTA, draft, get, name, put, scope};
use crate::s3::S3;

/// Each in a folder and on S3 with a SQLite index, and all of them on S3 with a PostgreSQL index, as replicas have it.
macro_rules! everywhere {
    ($($test:ident),* $(,)?) => {
        $( mod $test {
            #[tokio::test]
            async fn folder() {
                super::$test(&crate::house::House::in_folder().await).await;
            }

            #[tokio::test]
            async fn s3() {
                super::$test(&crate::house::House::in_s3().await).await;
            }
        } )*

        #[tokio::test]
        async fn all_on_postgres() {
            let Some(server) = Postgres::start() else { return };
            $( {
                let url = database(&server, stringify!($test)).await;
                $test(&House::open(Some(S3::start().await), &url).await).await;
            } )*
        }
    };
}

everywhere!(
    what_is_put_is_there,
    parts_are_read,
    names_are_listed_in_order,
    nothing_leads_to_anothers,
    equal_bytes_are_kept_once,
    what_has_no_name_is_not_kept,
    the_quota_is_exact,
    many_at_one_name_leave_one,
    bad_input_is_refused,
    what_a_crash_left_is_swept,
);

async fn database(server: &Postgres, name: &str) -> String {
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let statement = format!("CREATE DATABASE {name}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    server.url_of(name)
}

async fn what_is_put_is_there(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    assert_eq!(blobs.head(&mine, &name("chair/front.png")).await.unwrap(), None);
    assert_eq!(get(blobs, &mine, "chair/front.png").await.unwrap_err().reason, "BLOB_NOT_FOUND");
    let info = put(blobs, &mine, "chair/front.png", "abc").await.unwrap();
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((info.name.as_str(), info.size, info.sha256.as_str()), ("chair/front.png", 3, digest));
    assert_eq!(info.etag(), format!("\"{digest}\""));
    assert_eq!(info.url(), Some(format!("/v1/blobs/acme/catalog/chair/front.png?digest={digest}").as_str()));
    assert_eq!(get(blobs, &mine, "chair/front.png").await.unwrap(), "abc");
    assert_eq!(blobs.head(&mine, &name("chair/front.png")).await.unwrap(), Some(info));

    let private = blobs.put(&mine, &draft("chair/front.png", "text/plain", false), "other".into()).await.unwrap();
    assert_eq!((private.url(), private.content_type.as_str()), (None, "text/plain"));
    assert_eq!(get(blobs, &mine, "chair/front.png").await.unwrap(), "other");
    put(blobs, &mine, "empty", "").await.unwrap();
    assert_eq!(get(blobs, &mine, "empty").await.unwrap(), "");

    assert!(blobs.delete(&mine, &name("chair/front.png")).await.unwrap());
    assert!(!blobs.delete(&mine, &name("chair/front.png")).await.unwrap());
    assert_eq!(get(blobs, &mine, "chair/front.png").await.unwrap_err().reason, "BLOB_NOT_FOUND");
}

async fn parts_are_read(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    put(blobs, &mine, "digits", "0123456789").await.unwrap();
    let digits = name("digits");
    for (offset, length, expected) in
        [(0, 3, "012"), (7, 3, "789"), (7, 100, "789"), (10, 1, ""), (3, 0, ""), (9, u64::MAX, "9")]
    {
        let part = blobs.get(&mine, &digits, Some((offset, length))).await.unwrap();
        assert_eq!(part, expected, "{offset} {length}");
    }
    for offset in [11, u64::MAX] {
        let fault = blobs.get(&mine, &digits, Some((offset, 1))).await.unwrap_err();
        assert_eq!((fault.reason.as_ref(), fault.detail("size")), ("RANGE_OUT_OF_BOUNDS", Some("10")));
    }
}

async fn names_are_listed_in_order(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    // By their bytes, whatever a database thinks of upper case and punctuation.
    let names = ["B", "_", "a", "a-b", "a.b", "a/1", "a/10", "a/2", "aZ", "b", "~"];
    for name in names.iter().rev() {
        put(blobs, &mine, name, *name).await.unwrap();
    }
    put(blobs, &scope("acme", "other"), "a", "").await.unwrap();
    let list = async |prefix: &str, after: Option<&str>, limit| {
        let found = blobs.list(&mine, prefix, after, limit).await.unwrap();
        found.into_iter().map(|info| info.name).collect::<Vec<_>>()
    };
    assert_eq!(list("", None, 1_000).await, names);
    assert_eq!(list("a/", None, 1_000).await, ["a/1", "a/10", "a/2"]);
    assert_eq!(list("a/", Some("a/10"), 1_000).await, ["a/2"]);
    assert_eq!(list("", Some("a/2"), 2).await, ["aZ", "b"]);
    assert_eq!(list("", Some("zzz"), 5).await, ["~"]);
    for nothing in ["c", "a/1/", "%", "a%", "\u{7f}", "' OR 1=1 --", "../"] {
        assert!(list(nothing, None, 10).await.is_empty(), "{nothing}");
    }
    for limit in [0, 1_001, u32::MAX] {
        assert_eq!(blobs.list(&mine, "", None, limit).await.unwrap_err().reason, "INVALID_LIMIT");
    }
}

async fn nothing_leads_to_anothers(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("a", "b"));
    put(blobs, &mine, "secret", "mine").await.unwrap();
    for other in [scope("a", "c"), scope("b", "b"), scope("b", "a")] {
        for text in ["secret", "b/secret", "a/b/secret", "a/2a/secret"] {
            assert_eq!(get(blobs, &other, text).await.unwrap_err().reason, "BLOB_NOT_FOUND");
            assert!(!blobs.delete(&other, &name(text)).await.unwrap());
        }
        assert!(blobs.list(&other, "", None, 10).await.unwrap().is_empty());
        // Nor do equal bytes tell of another tenant's, or go when another drops them.
        put(blobs, &other, "secret", "mine").await.unwrap();
        blobs.delete(&other, &name("secret")).await.unwrap();
    }
    assert_eq!(get(blobs, &mine, "secret").await.unwrap(), "mine");
}

async fn equal_bytes_are_kept_once(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    let bytes = Bytes::from(vec![7; 60_000]);
    // Three times would be above the quota.
    for text in ["one", "two", "three"] {
        put(blobs, &mine, text, bytes.clone()).await.unwrap();
    }
    put(blobs, &scope("acme", "content"), "one", bytes.clone()).await.unwrap();
    assert_eq!(house.objects().len(), 1);
    put(blobs, &scope("other", "catalog"), "one", bytes.clone()).await.unwrap();
    assert_eq!(house.objects().len(), 2, "a tenant's bytes are its own");
    for text in ["one", "two"] {
        blobs.delete(&mine, &name(text)).await.unwrap();
        assert_eq!(get(blobs, &mine, "three").await.unwrap(), bytes);
    }
}

async fn what_has_no_name_is_not_kept(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    put(blobs, &mine, "a", "1").await.unwrap();
    put(blobs, &mine, "a", "2").await.unwrap();
    assert_eq!(house.objects().len(), 1);
    put(blobs, &mine, "a", "2").await.unwrap();
    assert_eq!(get(blobs, &mine, "a").await.unwrap(), "2");
    blobs.delete(&mine, &name("a")).await.unwrap();
    assert_eq!(house.objects(), Vec::<std::path::PathBuf>::new());
}

async fn the_quota_is_exact(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    put(blobs, &mine, "a", vec![1; 60_000]).await.unwrap();
    put(blobs, &mine, "b", vec![2; 40_000]).await.unwrap();
    let fault = put(blobs, &mine, "c", "3").await.unwrap_err();
    assert_eq!((fault.reason.as_ref(), fault.detail("bytes")), ("BLOB_QUOTA", Some("100000")));
    assert_eq!(put(blobs, &scope("acme", "other"), "c", "3").await.unwrap_err().reason, "BLOB_QUOTA");
    assert_eq!(put(blobs, &mine, "b", vec![2; 40_001]).await.unwrap_err().reason, "BLOB_QUOTA");
    assert_eq!(get(blobs, &mine, "b").await.unwrap().len(), 40_000, "what was refused has changed nothing");
    assert_eq!(house.objects().len(), 2, "nor was it written");
    put(blobs, &scope("other", "catalog"), "c", "3").await.unwrap();
    // In place of the old: both never count at a time.
    put(blobs, &mine, "a", vec![3; 60_000]).await.unwrap();
    blobs.delete(&mine, &name("b")).await.unwrap();
    put(blobs, &mine, "c", vec![4; 40_000]).await.unwrap();
    blobs.delete(&mine, &name("c")).await.unwrap();

    for at in 1..QUOTA.names {
        put(blobs, &mine, &format!("n{at}"), "same").await.unwrap();
    }
    assert_eq!(put(blobs, &mine, "one-more", "same").await.unwrap_err().reason, "BLOB_QUOTA");
    put(blobs, &mine, "n1", "other").await.unwrap();
}

async fn many_at_one_name_leave_one(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    let puts = (0..12).map(|at| put(blobs, &mine, "hot", format!("version {}", at % 4)));
    let gets = (0..12).map(async |_| match get(blobs, &mine, "hot").await {
        Ok(bytes) => assert!(bytes.starts_with(b"version ") && bytes.len() == 9, "half a blob: {bytes:?}"),
        // Replaced between its row and its bytes, which is said.
        Err(fault) => assert!(["BLOB_NOT_FOUND", "BLOB_REPLACED"].contains(&fault.reason.as_ref()), "{fault}"),
    });
    let (put, _) = tokio::join!(join_all(puts), join_all(gets));
    for put in put {
        put.unwrap();
    }
    assert_eq!(get(blobs, &mine, "hot").await.unwrap().len(), 9);
    assert_eq!(house.objects().len(), 1);
}

async fn bad_input_is_refused(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    let large = put(blobs, &mine, "large", vec![0; BLOB_BYTES + 1]).await.unwrap_err();
    assert_eq!(large.reason, "BLOB_TOO_LARGE");
    for bad in ["", "html", "text/html\r\nset-cookie: a=b", "*/*"] {
        let fault = blobs.put(&mine, &draft("a", bad, true), "".into()).await.unwrap_err();
        assert_eq!(fault.reason, "INVALID_CONTENT_TYPE", "{bad:?}");
    }
    assert!(house.objects().is_empty());
}

async fn what_a_crash_left_is_swept(house: &House) {
    let (blobs, mine) = (&house.blobs, scope("acme", "catalog"));
    put(blobs, &mine, "kept", "kept").await.unwrap();
    // Written, and killed before its row was: as if it were another's object under the same digest.
    let [kept] = house.objects().try_into().unwrap();
    let left = kept.with_file_name(format!("{}f", kept.file_name().unwrap().to_str().unwrap()));
    std::fs::copy(&kept, &left).unwrap();
    assert_eq!(blobs.sweep(Duration::from_hours(1)).await.unwrap(), 0, "it may be a put that is not done");
    // An S3 server's clock has seconds: it is old when the next one has begun.
    let swept = async {
        while blobs.sweep(Duration::ZERO).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), swept).await.expect("it is swept");
    assert_eq!(house.objects(), [kept]);
    assert_eq!(get(blobs, &mine, "kept").await.unwrap(), "kept");
}
