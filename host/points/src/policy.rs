//! Which answer counts when a plugin fails. Pure: it does not know what a plugin is.

use fondaco_engine::{Code, Fault, Fuel, OnFailure};

use crate::point::Point;

/// How one run went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attempt<T> {
    pub(crate) outcome: Result<T, Fault>,
    pub(crate) fuel: Fuel,
}

/// What counts: whose answer, and whether it stood in for another's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settled<P, T> {
    pub(crate) by: P,
    pub(crate) attempt: Attempt<T>,
    pub(crate) fallback: bool,
}

/// Runs `serving`, and `before` when that fails and the policy says so.
///
/// The error is the fault that blocks. When the release before fails too, the verdict is that of the serving one: its
/// fault is what the merchant has to mend.
pub(crate) fn settle<P: Copy, T>(
    policy: OnFailure,
    serving: P,
    before: Option<P>,
    mut run: impl FnMut(P) -> Attempt<T>,
) -> Result<Settled<P, T>, Fault> {
    let first = run(serving);
    let Err(fault) = &first.outcome else {
        return Ok(Settled { by: serving, attempt: first, fallback: false });
    };
    match (policy, before) {
        (OnFailure::Block, _) => return Err(fault.clone()),
        (OnFailure::LastGood, Some(before)) => {
            let second = run(before);
            if second.outcome.is_ok() {
                return Ok(Settled { by: before, attempt: second, fallback: true });
            }
        }
        (OnFailure::LastGood, None) | (OnFailure::Skip, _) => {}
    }
    Ok(Settled { by: serving, attempt: first, fallback: false })
}

/// The fault of the whole call, when a plugin that must not fail did.
pub(crate) fn blocked(plugin: &str, version: &str, point: Point, cause: &Fault) -> Fault {
    let message = format!(
        "plugin {plugin}@{version} at {point} failed, and its release says block: {}: {}",
        cause.reason, cause.message
    );
    Fault::new(Code::FailedPrecondition, "PLUGIN_FAILED", message)
        .with("plugin", plugin)
        .with("version", version)
        .with("point", point.name())
        .with("cause", cause.reason.clone())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Runs "new" and "old" with the given outcomes; answers who counted, or the reason that blocks, and who ran.
    fn settled(policy: OnFailure, has_old: bool, new_ok: bool, old_ok: bool) -> (String, Vec<&'static str>) {
        let mut ran = Vec::new();
        let result = settle(policy, "new", has_old.then_some("old"), |who| {
            ran.push(who);
            let good = if who == "new" { new_ok } else { old_ok };
            let outcome = if good { Ok(who) } else { Err(Fault::new(Code::Internal, format!("{who} BROKE"), "")) };
            Attempt { outcome, fuel: Fuel(1) }
        });
        let text = match result {
            Ok(Settled { by, attempt: Attempt { outcome: Ok(answer), .. }, fallback }) => {
                assert_eq!(answer, by);
                assert_eq!(fallback, by == "old");
                by.to_owned()
            }
            Ok(Settled { by, attempt: Attempt { outcome: Err(fault), .. }, fallback }) => {
                assert!(!fallback);
                format!("{by}: {}", fault.reason)
            }
            Err(fault) => format!("blocked: {}", fault.reason),
        };
        (text, ran)
    }

    #[rstest]
    #[case(OnFailure::Skip, true, true, true, "new", &["new"])]
    #[case(OnFailure::Skip, true, false, true, "new: new BROKE", &["new"])]
    #[case(OnFailure::Block, true, true, true, "new", &["new"])]
    #[case(OnFailure::Block, true, false, true, "blocked: new BROKE", &["new"])]
    #[case(OnFailure::LastGood, true, true, true, "new", &["new"])]
    #[case(OnFailure::LastGood, true, false, true, "old", &["new", "old"])]
    #[case(OnFailure::LastGood, true, false, false, "new: new BROKE", &["new", "old"])]
    #[case(OnFailure::LastGood, false, false, true, "new: new BROKE", &["new"])]
    fn policies(
        #[case] policy: OnFailure,
        #[case] has_old: bool,
        #[case] new_ok: bool,
        #[case] old_ok: bool,
        #[case] expected: &str,
        #[case] ran: &[&str],
    ) {
        assert_eq!(settled(policy, has_old, new_ok, old_ok), (expected.to_owned(), ran.to_vec()));
    }

    #[test]
    fn a_blocking_fault_names_plugin_point_and_cause() {
        let fault = blocked("vat", "1.2.0", Point::Tax, &Fault::new(Code::Internal, "TRAP", "unreachable"));
        assert_eq!(fault.reason, "PLUGIN_FAILED");
        assert_eq!(fault.message, "plugin vat@1.2.0 at tax failed, and its release says block: TRAP: unreachable");
        assert_eq!(fault.detail("cause"), Some("TRAP"));
    }
}
