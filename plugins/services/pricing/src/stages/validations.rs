//! Validations: what is wrong with the cart.

use fondaco_sdk::bindings::fondaco::plugin::validation::{Step, Subject, Violation};
use fondaco_sdk::bindings::fondaco::types::faults::Fault;

use crate::bindings::exports::fondaco::pricing::quotes::{QuoteViolation, ViolationSubject};
use crate::bindings::fondaco::plugin::evaluations::Points;
use crate::desk::{Desk, LineWork};
use crate::faults::bad_verdict;
use crate::ports::Evaluation;

pub(crate) async fn run<E: Evaluation>(desk: &mut Desk<E>, step: Step) -> Result<(), Fault> {
    if !desk.prepare(Points::VALIDATION)? {
        return Ok(());
    }
    let verdicts = desk.evaluation.validations(&desk.cart, step).await?;
    for verdict in verdicts {
        let fault = match verdict.outcome {
            Ok(violations) => {
                for violation in violations {
                    let named = named(violation, &verdict.source.plugin, &desk.lines)?;
                    desk.violations.push(named);
                }
                None
            }
            Err(fault) => Some(fault),
        };
        desk.note("validation", verdict.source, fault);
    }
    Ok(())
}

/// Plugins know lines by their position, callers by their id.
fn named(violation: Violation, plugin: &str, lines: &[LineWork]) -> Result<QuoteViolation, Fault> {
    let subject = match violation.subject {
        Subject::Cart => ViolationSubject::Cart,
        Subject::Line(index) => {
            let line = lines.get(index as usize);
            let line =
                line.ok_or_else(|| bad_verdict(plugin, format!("a violation of line {index}, which does not exist")))?;
            ViolationSubject::Line(line.id.clone())
        }
        Subject::Address(field) => ViolationSubject::Address(field),
        Subject::Code(code) => ViolationSubject::Code(code),
    };
    Ok(QuoteViolation {
        plugin: plugin.to_owned(),
        subject,
        blocking: violation.blocking,
        code: violation.code,
        message: violation.message,
    })
}
