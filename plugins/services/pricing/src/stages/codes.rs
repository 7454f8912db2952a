//! What became of the entered codes.

use fondaco_commerce::stacking::{Outcome, Why};
use fondaco_sdk::bindings::fondaco::plugin::promotion::{AcceptedCode, RejectedCode};

use super::discounts::Label;
use crate::bindings::exports::fondaco::pricing::quotes::{CodeOutcome, CodeStatus};

/// What plugins said of codes, in the order in which they ran.
#[derive(Default)]
pub(crate) struct Answers<'a> {
    pub(crate) accepted: Vec<(&'a str, &'a AcceptedCode)>,
    pub(crate) rejected: Vec<(&'a str, &'a RejectedCode)>,
}

/// What became of `codes`. A good word of one plugin counts more than a bad one of another; a discount that was given
/// for a code is a good word, one that lost is a rejection with the reason why.
pub(crate) fn outcomes(
    codes: &[String],
    answers: &Answers<'_>,
    labels: &[Label<'_>],
    outcome: &Outcome,
) -> Vec<CodeOutcome> {
    codes.iter().map(|code| outcome_of(code, answers, labels, outcome)).collect()
}

/// What became of `codes` where no plugin was asked.
pub(crate) fn unknown(codes: &[String]) -> Vec<CodeOutcome> {
    codes.iter().map(|code| answer(code, CodeStatus::Unknown)).collect()
}

fn outcome_of(code: &str, answers: &Answers<'_>, labels: &[Label<'_>], outcome: &Outcome) -> CodeOutcome {
    if let Some((plugin, accepted)) = answers.accepted.iter().find(|(_, accepted)| accepted.code == code) {
        return said(answer(code, CodeStatus::Accepted), plugin, &accepted.message);
    }
    let mut given = outcome.given().iter().filter_map(|given| labels.get(given.discount.index()));
    if let Some(label) = given.find(|label| label.code == Some(code)) {
        return said(answer(code, CodeStatus::Accepted), label.plugin, label.message);
    }
    if let Some((plugin, rejected)) = answers.rejected.iter().find(|(_, rejected)| rejected.code == code) {
        let reason = Some(rejected.reason.clone());
        return CodeOutcome { reason, ..said(answer(code, CodeStatus::Rejected), plugin, &rejected.message) };
    }
    let mut lost = outcome.lost().iter().filter_map(|lost| Some((labels.get(lost.discount.index())?, lost.why)));
    if let Some((label, why)) = lost.find(|(label, _)| label.code == Some(code)) {
        let (plugin, reason) = (Some(label.plugin.to_owned()), Some(reason(why).to_owned()));
        return CodeOutcome { plugin, reason, ..answer(code, CodeStatus::Rejected) };
    }
    answer(code, CodeStatus::Unknown)
}

fn answer(code: &str, status: CodeStatus) -> CodeOutcome {
    CodeOutcome { code: code.to_owned(), status, plugin: None, reason: None, message: None }
}

fn said(answer: CodeOutcome, plugin: &str, message: &str) -> CodeOutcome {
    CodeOutcome { plugin: Some(plugin.to_owned()), message: Some(message.to_owned()), ..answer }
}

fn reason(why: Why) -> &'static str {
    match why {
        Why::Lane | Why::Group | Why::Selection => "BETTER_DISCOUNT_GIVEN",
        Why::NothingLeft => "NOTHING_TO_DISCOUNT",
    }
}
