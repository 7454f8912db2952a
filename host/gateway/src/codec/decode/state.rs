//! What decoding remembers on its way: how many values there were, and, once something is wrong, what and where.

use std::cell::{Cell, RefCell};

use fondaco_engine::wire::TooLarge;
use serde::de::Error;
use serde_json::error::Category;

use super::DecodeError;

/// What is decoded takes time and room however short its JSON is, so bodies are bounded by values as well as by bytes.
const MAX_VALUES: u32 = 1_000_000;

#[derive(Default)]
pub(super) struct State {
    /// From the inside out.
    trail: RefCell<Vec<String>>,
    failure: RefCell<Option<String>>,
    values: Cell<u32>,
}

impl State {
    pub(super) fn explain(&self, error: &serde_json::Error) -> DecodeError {
        let mut path = String::new();
        for segment in self.trail.borrow().iter().rev() {
            if !path.is_empty() && !segment.starts_with('[') {
                path.push('.');
            }
            path.push_str(segment);
        }
        match self.failure.take() {
            Some(message) => DecodeError { path, message, malformed: false },
            None if error.classify() == Category::Data => {
                DecodeError { path, message: error.to_string(), malformed: false }
            }
            None => DecodeError { path, message: format!("not valid JSON: {error}"), malformed: true },
        }
    }

    pub(super) fn fail<E: Error>(&self, message: String) -> E {
        self.failure.replace(Some(message));
        E::custom("")
    }

    /// The values of a body may need far more room than its bytes did.
    pub(super) fn too_large<E: Error>(&self) -> impl FnOnce(TooLarge) -> E {
        |error| self.fail(format!("the body is too large: {error}"))
    }

    pub(super) fn at_field<E>(&self, name: &str) -> impl FnOnce(E) -> E {
        move |error| {
            self.trail.borrow_mut().push(name.to_owned());
            error
        }
    }

    pub(super) fn at_index<E>(&self, index: usize) -> impl FnOnce(E) -> E {
        move |error| {
            self.trail.borrow_mut().push(format!("[{index}]"));
            error
        }
    }

    pub(super) fn count<E: Error>(&self, more: usize) -> Result<(), E> {
        let values = self.values.get().saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        self.values.set(values);
        if values > MAX_VALUES {
            return Err(self.fail(format!("the body holds more than {MAX_VALUES} values")));
        }
        Ok(())
    }
}
