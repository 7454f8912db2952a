//! Opening and changing a held cart.

use std::time::Instant;

use fondaco_engine::{Outcomes, Roles};

use super::*;
use crate::samples::cart_of;

fn call(request: &str) -> CallContext {
    CallContext {
        tenant: "acme".parse().unwrap(),
        subject: "test".into(),
        roles: Roles::CALLER,
        request_id: request.into(),
        deadline: Instant::now(),
        depth: 0,
        outcomes: Outcomes::none(),
    }
}

fn evaluation() -> Evaluation {
    Evaluation::open(cart_of(2), call("r-1"), Arc::new(Shared::default())).unwrap()
}

#[test]
fn a_cart_out_of_bounds_is_refused_with_its_path() {
    let mut cart = cart_of(2);
    cart.lines[1].quantity = 0;
    let fault = Evaluation::open(cart, call("r-1"), Arc::new(Shared::default())).err().unwrap();
    assert_eq!(fault.reason, "INVALID_CART");
    assert_eq!(fault.detail("path"), Some("lines[1].quantity"));
}

#[test]
fn amounts_are_set_for_all_lines_or_none() {
    let mut evaluation = evaluation();
    let one = LineAmount { unit: 5, total: 9 };
    assert_eq!(evaluation.set_amounts(&[one]).unwrap_err().detail("path"), Some("amounts"));
    let negative = LineAmount { unit: 5, total: -1 };
    assert_eq!(evaluation.set_amounts(&[one, negative]).unwrap_err().detail("path"), Some("amounts[1].total"));
    assert_eq!(evaluation.cart().lines[0].unit, 1_000);
    evaluation.set_amounts(&[one, one]).unwrap();
    assert_eq!((evaluation.cart().lines[1].unit, evaluation.cart().lines[1].total), (5, 9));
}

#[test]
fn lines_go_behind_the_others() {
    let mut evaluation = evaluation();
    let mut gift = evaluation.cart().lines[0].clone();
    gift.sku = String::new();
    assert_eq!(evaluation.add_lines(vec![gift.clone()]).unwrap_err().detail("path"), Some("lines[2].sku"));
    gift.sku = "GIFT".into();
    evaluation.add_lines(vec![gift]).unwrap();
    assert_eq!(evaluation.cart().lines[2].sku, "GIFT");
}

#[test]
fn it_belongs_to_one_request() {
    let evaluation = evaluation();
    let same = evaluation.call().clone();
    assert!(evaluation.belongs_to(Arc::as_ptr(&same.request_id)));
    // The same text in another request is another request.
    assert!(!evaluation.belongs_to(Arc::as_ptr(&call("r-1").request_id)));
}
