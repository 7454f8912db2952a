use super::*;
use crate::messages::{self, Email, Mailbox, Sms};
use crate::prelude::*;
use crate::{blob, cache, caller, commit, config, events, secrets};
use serde::Serialize;

const SCHEMA: &str = "CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT NOT NULL, at BIGINT)";

#[derive(Serialize)]
struct Noted {
    id: i64,
}

impl Event for Noted {
    const TYPE: &'static str = "test.noted.v1";
    fn subject(&self) -> Option<String> {
        Some(self.id.to_string())
    }
}

fn note(id: i64) -> Result<(), Fault> {
    sql::execute("INSERT INTO notes (id, text) VALUES ($1, $2)", params![id, "x"])?;
    events::publish(&Noted { id })?;
    Ok(())
}

fn ids(house: &House) -> Vec<i64> {
    let rows = house.call(|| sql::query::<(i64,)>("SELECT id FROM notes ORDER BY id", params![])).unwrap();
    rows.into_iter().map(|(id,)| id).collect()
}

#[test]
fn an_ok_commits_rows_and_events_and_an_err_neither() {
    let house = House::with_schema(SCHEMA);
    house.call(|| note(1)).unwrap();
    let failed: Result<(), Fault> = house.call(|| {
        note(2)?;
        Err(fault::precondition("NO", "no"))
    });
    assert_eq!(failed.unwrap_err().reason, "NO");
    assert_eq!(ids(&house), [1]);
    let published = house.published();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].subject.as_deref(), Some("1"));
    assert_eq!(published[0].data, serde_json::json!({"id": 1}));
}

#[test]
fn a_panic_leaves_nothing_behind_and_the_house_in_order() {
    let house = House::with_schema(SCHEMA);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _: Result<(), Fault> = house.call(|| {
            note(1)?;
            panic!("trap");
        });
    }));
    assert!(panicked.is_err());
    assert!(ids(&house).is_empty());
    assert!(house.published().is_empty());
    assert_eq!(sql::execute("DELETE FROM notes", params![]).unwrap_err().reason, "NO_HOST");
}

#[test]
fn a_commit_between_steps_keeps_what_came_before() {
    let house = House::with_schema(SCHEMA);
    let failed: Result<(), Fault> = house.call(|| {
        note(1)?;
        commit()?;
        note(2)?;
        Err(fault::internal("NO", "no"))
    });
    assert!(failed.is_err());
    assert_eq!(ids(&house), [1]);
    assert_eq!(house.take_published().len(), 1);
    assert!(house.published().is_empty());
}

#[test]
fn a_read_only_function_cannot_write_even_by_a_query() {
    let house = House::with_schema(SCHEMA);
    house.call(|| note(1)).unwrap();
    for attempt in [
        || note(2),
        || sql::query::<(i64,)>("UPDATE notes SET at = 1 RETURNING id", params![]).map(drop),
        || events::publish(&Noted { id: 3 }).map(drop),
    ] {
        assert_eq!(house.call_read_only(attempt).unwrap_err().reason, "READ_ONLY");
    }
    let count = house.call_read_only(|| sql::one::<(i64,)>("SELECT COUNT(*) FROM notes", params![]));
    assert_eq!(count.unwrap(), (1,));
}

#[test]
fn messages_leave_with_the_commit_alone() {
    let house = House::with_schema(SCHEMA);
    let email = Email::new(Mailbox::new("orders@shop.example"), Mailbox::named("Ada", "ada@example.com"), "Hello");
    let email = email.text("Hello Ada").html("<p>Hello Ada</p>");
    let sms = Sms { from: "Acme".into(), to: "+4930123456".into(), text: "Hello".into() };
    let send = || {
        messages::send_email(&email)?;
        messages::send_sms(&sms)
    };
    let failed: Result<(), Fault> = house.call(|| {
        send()?;
        Err(fault::precondition("NO", "no"))
    });
    assert!(failed.is_err() && house.sent().is_empty());
    assert_eq!(house.call_read_only(send).unwrap_err().reason, "READ_ONLY");
    assert_eq!(house.call(send).unwrap(), "message-2");
    assert_eq!(house.sent(), [Sent::Email(email.clone()), Sent::Sms(sms.clone())]);
    assert_eq!((email.to[0].name.as_deref(), email.html.as_deref()), (Some("Ada"), Some("<p>Hello Ada</p>")));
}

#[test]
fn parameters_go_by_number() {
    let house = House::with_schema(SCHEMA);
    let statement = "SELECT $2, $1, $2, $3";
    let row: (String, i64, String, Option<bool>) =
        house.call(|| sql::one(statement, params![7_i64, "two", None::<bool>])).unwrap();
    assert_eq!(row, ("two".to_owned(), 7, "two".to_owned(), None));
    let fault = house.call(|| sql::query::<(i64,)>("SELECT $1, $2", params![1])).unwrap_err();
    assert_eq!((fault.reason.as_str(), fault.message.contains("`$2`")), ("INVALID_PARAMETER", true));
}

#[test]
fn mistakes_have_reasons() {
    let house = House::with_schema(SCHEMA);
    house.call(|| note(1)).unwrap();
    let reason = |work: &dyn Fn() -> Result<(), Fault>| house.call(work).unwrap_err().reason;
    assert_eq!(reason(&|| note(1)), "UNIQUE_VIOLATION");
    let null = || sql::execute("INSERT INTO notes (id) VALUES (9)", params![]).map(drop);
    assert_eq!(reason(&null), "NOT_NULL_VIOLATION");
    let several = || sql::execute("DELETE FROM notes; DELETE FROM notes", params![]).map(drop);
    assert_eq!(reason(&several), "STATEMENT_REFUSED");
    assert_eq!(reason(&|| sql::query::<(i64,)>("SELECT x FROM y", params![]).map(drop)), "SQL_ERROR");
    assert_eq!(reason(&|| sql::execute("DELETE FROM notes", params![1]).map(drop)), "INVALID_PARAMETER");
    // A fault of a change that was swallowed does not save the rest.
    let swallowed = || {
        note(7)?;
        let _ = note(1);
        Ok(())
    };
    assert_eq!(reason(&swallowed), "WORK_FAILED");
    assert_eq!(reason(&|| sql::one::<(i64,)>("SELECT id FROM notes WHERE id = 5", params![]).map(drop)), "NOT_ONE_ROW");
    assert_eq!(reason(&|| sql::one::<(i64,)>("SELECT text FROM notes", params![]).map(drop)), "ROW_MISMATCH");
    assert_eq!(reason(&|| sql::one::<(i64, i64)>("SELECT id FROM notes", params![]).map(drop)), "ROW_MISMATCH");
    assert_eq!(ids(&house), [1]);
}

#[test]
fn what_was_read_through_is_loaded_once() {
    let house = House::with_schema(SCHEMA);
    let loads = Cell::new(0);
    let read = || {
        house.call(|| {
            cache::read_through("answer", 1_000, || {
                loads.set(loads.get() + 1);
                Ok(loads.get())
            })
        })
    };
    assert_eq!((read().unwrap(), read().unwrap()), (1, 1));
    house.advance(999);
    assert_eq!(read().unwrap(), 1);
    house.advance(1);
    assert_eq!(read().unwrap(), 2);
    house.call(|| cache::forget("answer")).unwrap();
    assert_eq!(read().unwrap(), 3);
    // Another shape, as after a swap.
    assert_eq!(house.call(|| cache::read_through("answer", 1, || Ok("text".to_owned()))).unwrap(), "text");
    let many = house.call(|| cache::get_many::<String>(&["nothing".into(), "answer".into()])).unwrap();
    assert_eq!(many, [None, Some("text".to_owned())]);
}

#[test]
fn what_was_forgotten_while_it_was_loaded_is_not_kept() {
    let house = House::with_schema(SCHEMA);
    let stale = house.call(|| {
        cache::read_through("price", 1_000, || {
            cache::forget("price")?;
            Ok(1)
        })
    });
    assert_eq!(stale.unwrap(), 1);
    assert_eq!(house.call(|| cache::read_through("price", 1_000, || Ok(2))).unwrap(), 2);
}

#[test]
fn many_are_looked_up_at_once_and_what_is_missing_is_loaded_at_once() {
    let house = House::with_schema(SCHEMA);
    let loads = RefCell::new(Vec::new());
    let read = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let load = |missing: &[usize]| {
            let missing: Vec<String> = missing.iter().map(|at| keys[*at].clone()).collect();
            loads.borrow_mut().push(missing.join(","));
            Ok(missing.iter().map(|key| key.to_uppercase().into_bytes()).collect())
        };
        let values = house.call(|| cache::many::read_through(&keys, 1_000, load)).unwrap();
        values.into_iter().map(|value| String::from_utf8(value).unwrap()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(read(&["a", "b"]), "A,B");
    assert_eq!(read(&["c", "b", "d", "a"]), "C,B,D,A");
    assert_eq!(read(&["d", "c"]), "D,C");
    assert_eq!(read(&[]), "");
    house.call(|| cache::forget("b")).unwrap();
    house.advance(999);
    assert_eq!(read(&["a", "b"]), "A,B");
    house.advance(1);
    assert_eq!(read(&["b", "c"]), "B,C");
    assert_eq!(*loads.borrow(), ["a,b", "c,d", "b", "c"]);
}

#[test]
fn more_than_a_call_has_leases_for_are_loaded_in_one_go_and_kept_by_the_next_readers() {
    let house = House::with_schema(SCHEMA);
    let keys: Vec<String> = (0..150).map(|number| format!("key-{number}")).collect();
    let loaded = Cell::new(0);
    for expected in [150, 86, 22, 0] {
        let load = |missing: &[usize]| {
            loaded.set(missing.len());
            Ok(missing.iter().map(|at| at.to_string().into_bytes()).collect())
        };
        loaded.set(0);
        let values = house.call(|| cache::many::read_through(&keys, 1_000, load)).unwrap();
        assert!((0..).zip(&values).all(|(at, value): (usize, _)| *value == at.to_string().into_bytes()));
        assert_eq!(loaded.get(), expected);
    }
}

#[test]
fn what_another_call_is_loading_is_loaded_by_who_cannot_wait() {
    let house = House::with_schema(SCHEMA);
    let keys = ["x".to_owned(), "y".to_owned()];
    let value = |text: &str, missing: &[usize]| Ok(vec![text.to_owned().into_bytes(); missing.len()]);
    // The inner call finds the lease of `x` taken; the house answers at once that its holder is not done.
    let outer = house.call(|| {
        cache::many::read_through(&keys[..1], 1_000, |missing| {
            let inner = cache::many::read_through(&keys, 1_000, |missing| value("inner", missing))?;
            assert_eq!(inner, [b"inner", b"inner"]);
            value("outer", missing)
        })
    });
    assert_eq!(outer.unwrap(), [b"outer"]);
    let kept = house.call(|| cache::many::get(&keys)).unwrap();
    assert_eq!(kept, [Some(b"outer".to_vec()), Some(b"inner".to_vec())]);
    let wrong = house.call(|| cache::many::read_through(&["z".to_owned()], 1_000, |_| Ok(Vec::new())));
    assert_eq!(wrong.unwrap_err().reason, "WRONG_LOAD");
}

#[test]
fn files_are_kept_by_name() {
    let house = House::with_schema(SCHEMA);
    let put = |name: &str, bytes: &'static [u8], public| {
        let draft = blob::Draft { name: name.into(), content_type: "text/plain".into(), public };
        house.call(|| blob::put(&draft, bytes)).unwrap()
    };
    let first = put("a/1", b"hello", true);
    assert_eq!(first.size, 5);
    assert!(first.url.is_some() && put("a/2", b"hello", false).url.is_none());
    put("b", b"", false);
    let names = |infos: Vec<Info>| infos.into_iter().map(|info| info.name).collect::<Vec<_>>();
    assert_eq!(names(house.call(|| blob::list("a/", None, 10)).unwrap()), ["a/1", "a/2"]);
    assert_eq!(names(house.call(|| blob::list("", Some("a/1"), 1)).unwrap()), ["a/2"]);
    let range = Some(Range { offset: 1, length: 3 });
    assert_eq!(house.call(|| blob::get("a/1", range)).unwrap(), b"ell");
    assert!(house.call(|| blob::delete("a/1")).unwrap());
    assert_eq!(house.call(|| blob::get("a/1", None)).unwrap_err().reason, "BLOB_NOT_FOUND");
    assert_eq!(house.call(|| blob::head("a/1")).unwrap(), None);
}

#[test]
fn config_secrets_and_the_caller_are_the_houses() {
    #[derive(serde::Deserialize)]
    struct Limits {
        rows: u8,
    }
    let house = House::with_schema(SCHEMA).config(r#"{"tenants": {"acme": {"rows": 3}}}"#).secret("key", "s3cret");
    let rows = house.call(|| {
        let config: config::Settings<Limits> = config::read()?;
        Ok(config.of(&caller::current().tenant).map(|limits| limits.rows))
    });
    assert_eq!(rows.unwrap(), Some(3));
    assert_eq!(house.call(|| secrets::get("key")).unwrap(), "s3cret");
    assert_eq!(house.call(|| secrets::get("other")).unwrap_err().reason, "SECRET_NOT_FOUND");
    let house = house.config(r#"{"tenants": {"acme": {"rows": 300}}}"#);
    let fault = house.call(|| config::read::<config::Settings<Limits>>().map(drop)).unwrap_err();
    assert_eq!(fault.metadata, [("path".to_owned(), "tenants.acme.rows".to_owned())]);
}

mod outside {
    use super::*;
    use crate::http::{self, Response};

    #[derive(serde::Deserialize)]
    struct Made {
        id: i64,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Rates {
        #[allow(dead_code)]
        rates: Vec<i64>,
    }

    #[test]
    fn a_request_is_answered_by_the_test() {
        let house = House::with_schema(SCHEMA).http(|request| match request.method.as_str() {
            "POST" => Ok(Response::new(201).with_header("Location", "/1").with_json(&serde_json::json!({"id": 7}))),
            _ => Ok(Response::new(404)),
        });
        let order = || {
            http::post("https://api.test/orders?x=1")
                .query(&[("a b", "ü&")])
                .idempotency_key("order-7")
                .bearer("secret")
                .timeout_ms(500)
                .json(&[1, 2])?
                .send()?
                .ok()
        };
        let answer = house.call(order).unwrap();
        assert_eq!((answer.status, answer.header("LOCATION"), answer.json::<Made>().unwrap().id), (201, Some("/1"), 7));
        let sent = &house.requests()[0];
        assert_eq!((sent.url.as_str(), sent.timeout_ms), ("https://api.test/orders?x=1&a+b=%C3%BC%26", Some(500)));
        assert_eq!(sent.body, b"[1,2]");
        let headers: Vec<_> = sent.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            headers,
            ["idempotency-key: order-7", "authorization: Bearer secret", "content-type: application/json"]
        );
        let missing = house.call(|| http::get("https://api.test/").send()?.ok()).unwrap_err();
        assert_eq!((missing.reason.as_str(), missing.metadata[0].1.as_str()), ("HTTP_STATUS", "404"));
    }

    #[test]
    fn an_answer_that_cannot_be_read_says_where() {
        let answer = Response::new(200).with_body(r#"{"rates": [1, "x"]}"#);
        let fault = answer.json::<Rates>().unwrap_err();
        assert_eq!(fault.reason, "HTTP_INVALID_RESPONSE");
        assert!(fault.message.contains("rates[1]"), "{}", fault.message);
        assert_eq!(Response::new(200).with_body(b"\xff").text().unwrap_err().reason, "HTTP_INVALID_RESPONSE");
        assert_eq!(Response::new(200).with_body("1 2").json::<i64>().unwrap_err().reason, "HTTP_INVALID_RESPONSE");
    }

    #[test]
    fn nothing_goes_out_while_writes_are_open() {
        let house = House::with_schema(SCHEMA).http(|_| Ok(Response::new(200)));
        let ask = || http::get("https://api.test/").send();
        let refused = house.call(|| {
            note(1)?;
            ask()
        });
        assert_eq!(refused.unwrap_err().reason, "UNCOMMITTED_WRITES");
        assert!(house.requests().is_empty());
        house
            .call(|| {
                note(1)?;
                commit()?;
                ask()
            })
            .unwrap();
        assert_eq!(house.requests().len(), 1);
    }

    #[test]
    fn without_an_answer_there_is_no_outside() {
        let house = House::with_schema(SCHEMA);
        assert_eq!(house.call(|| http::get("https://api.test/").send()).unwrap_err().reason, "NO_HOST");
    }
}
