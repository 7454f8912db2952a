//! What needs no host.

use snapbox::str;

use crate::fondaco;

#[test]
fn a_wrong_command_line_is_2() {
    let state = tempfile::tempdir().unwrap();
    fondaco(state.path()).arg("sell").assert().code(2);
    fondaco(state.path()).args(["release"]).assert().code(2);
    fondaco(state.path()).args(["--help"]).assert().code(0);
}

#[test]
fn a_host_that_is_not_there_is_3() {
    let state = tempfile::tempdir().unwrap();
    // Port 1 is nobody's.
    fondaco(state.path()).args(["plugins", "--url", "http://127.0.0.1:1"]).assert().code(3).stderr_eq(str![[r#"
error: http://127.0.0.1:1/ does not answer ([..]); start a host with `fondaco up`, or name another with --url or FONDACO_URL

"#]]);
}

#[test]
fn files_that_are_not_what_they_should_be_are_5() {
    let state = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| std::fs::write(state.path().join(name), bytes).unwrap();
    file("core.wasm", &wat::parse_str("(module)").unwrap());
    file("text.wasm", b"hello");
    fondaco(state.path()).args(["inspect", "none.wasm"]).assert().code(5).stderr_eq(str![[r#"
error: none.wasm: No such file or directory (os error 2)

"#]]);
    fondaco(state.path()).args(["inspect", "core.wasm"]).assert().code(5).stderr_eq(str![[r#"
error: core.wasm: a core module, not a component: wrap it with `fondaco-pack`, or build for wasm32-wasip2

"#]]);
    fondaco(state.path()).args(["inspect", "text.wasm"]).assert().code(5);
    fondaco(state.path()).args(["keys", "list"]).assert().code(5);
    fondaco(state.path()).args(["up", "--config", "none.toml"]).assert().code(5);
}

#[test]
fn inspect_shows_what_a_component_is() {
    let state = tempfile::tempdir().unwrap();
    let wat = r#"(component
      (import "test:clock/now@1.0.0" (instance (export "seconds" (func (result u64)))))
      (core module $m (func (export "add") (param i32 i32) (result i32) local.get 0))
      (core instance $i (instantiate $m))
      (func $add (param "left" u32) (param "right" u32) (result u32) (canon lift (core func $i "add")))
      (instance $api (export "add" (func $add)))
      (export "test:math/api@1.0.0" (instance $api)))"#;
    std::fs::write(state.path().join("math.wasm"), wat::parse_str(wat).unwrap()).unwrap();
    fondaco(state.path()).args(["inspect", "math.wasm"]).assert().code(0).stdout_eq(str![[r#"
file       math.wasm
size       [..] B
sha256     [..]
class      service
section    component-name (34 B)

exports
  test:math/api@1.0.0
    add: func(left: u32, right: u32) -> u32

imports
  test:clock/now@1.0.0
    seconds: func() -> u64

"#]]);
    let json =
        fondaco(state.path()).args(["inspect", "math.wasm", "--json"]).assert().code(0).get_output().stdout.clone();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["exports"][0]["functions"][0]["signature"], "func(left: u32, right: u32) -> u32");
}

#[test]
fn keys_are_made_listed_and_revoked_in_the_folder() {
    let state = tempfile::tempdir().unwrap();
    let keys = |arguments: &[&str]| fondaco(state.path()).arg("keys").args(arguments).assert();
    keys(&["create", "--name", "shop", "--roles", "caller"]).code(2);
    keys(&["create", "--tenant", "acme", "--name", "shop", "--roles", "king"]).code(2);
    let made = keys(&["create", "--tenant", "acme", "--name", "shop", "--roles", "caller,reader", "--json"]);
    let made: serde_json::Value = serde_json::from_slice(&made.code(0).get_output().stdout).unwrap();
    assert!(made["key"].as_str().unwrap().starts_with("fdk_"));
    let id = made["record"]["id"].as_str().unwrap();
    keys(&["list"]).code(0).stdout_eq(str![[r#"
ID                TENANT  NAME  ROLES          CREATED (UTC)        EXPIRES  LAST USED  REVOKED
[..]  acme    shop  reader,caller  [..]  -        -          -

"#]]);
    keys(&["revoke", id]).code(0);
    keys(&["revoke", "nobody"]).code(1).stderr_eq(str![[r#"
error: KEY_NOT_FOUND: there is no key 'nobody': `fondaco keys list` shows the ids

"#]]);
}
