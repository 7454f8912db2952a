//! What a change does to the history of one slot. Plain functions over plain data.
//!
//! The history is append-only, and `back_to` threads the releases that served through it like a
//! stack: a put points to what served before it, a rollback takes over the pointer of the release
//! that it brings back. So rolling back twice goes two releases back, and rolling back a removal
//! brings back what was removed.

/// The head of a slot's history, or the revision that its `back_to` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) revision: u64,
    /// False after a removal.
    pub(crate) serves: bool,
    pub(crate) back_to: Option<u64>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `same`: as what serves already.
    Put {
        same: bool,
    },
    Rollback,
    Remove,
}

/// Where the content of the next revision comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    New,
    OfRevision(u64),
    Nothing,
}

/// The next revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) revision: u64,
    pub(crate) content: Content,
    pub(crate) back_to: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NothingServes,
    NothingToRollBackTo,
}

/// The next revision, or `None` when all is as asked already. `behind` is the revision that the
/// head's `back_to` names.
pub(crate) fn next(head: Option<Head>, behind: Option<Head>, step: Step) -> Result<Option<Next>, Refusal> {
    let revision = head.map_or(0, |head| head.revision) + 1;
    match step {
        Step::Put { same } => {
            let back_to = match head {
                Some(head) if head.serves && same => return Ok(None),
                Some(head) if head.serves => Some(head.revision),
                Some(removed) => removed.back_to,
                None => None,
            };
            Ok(Some(Next { revision, content: Content::New, back_to }))
        }
        Step::Rollback => {
            if head.is_none() {
                return Err(Refusal::NothingServes);
            }
            let behind = behind.ok_or(Refusal::NothingToRollBackTo)?;
            Ok(Some(Next { revision, content: Content::OfRevision(behind.revision), back_to: behind.back_to }))
        }
        Step::Remove => {
            let serving = head.filter(|head| head.serves).ok_or(Refusal::NothingServes)?;
            Ok(Some(Next { revision, content: Content::Nothing, back_to: Some(serving.revision) }))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    enum Asked {
        Put(u8),
        Rollback,
        Remove,
    }

    fn asked() -> impl Strategy<Value = Asked> {
        prop_oneof![
            3 => (0..4_u8).prop_map(Asked::Put),
            2 => Just(Asked::Rollback),
            1 => Just(Asked::Remove),
        ]
    }

    /// What people expect: an undo stack.
    #[derive(Default)]
    struct Stack {
        releases: Vec<u8>,
        removed: bool,
    }

    impl Stack {
        fn serves(&self) -> Option<u8> {
            self.releases.last().copied().filter(|_last| !self.removed)
        }

        /// False when it is refused.
        fn take(&mut self, asked: Asked) -> bool {
            match asked {
                Asked::Put(content) => {
                    if self.serves() != Some(content) {
                        self.releases.push(content);
                        self.removed = false;
                    }
                    true
                }
                Asked::Rollback if self.removed => {
                    self.removed = false;
                    true
                }
                Asked::Rollback if self.releases.len() > 1 => {
                    self.releases.pop();
                    true
                }
                Asked::Remove if self.serves().is_some() => {
                    self.removed = true;
                    true
                }
                Asked::Rollback | Asked::Remove => false,
            }
        }
    }

    /// The append-only history as the database keeps it.
    #[derive(Default)]
    struct History(Vec<(Head, Option<u8>)>);

    impl History {
        fn at(&self, revision: u64) -> (Head, Option<u8>) {
            self.0[usize::try_from(revision).unwrap() - 1]
        }

        fn serves(&self) -> Option<u8> {
            self.0.last().and_then(|(_head, content)| *content)
        }

        fn take(&mut self, asked: Asked) -> bool {
            let head = self.0.last().map(|(head, _content)| *head);
            let behind = head.and_then(|head| head.back_to).map(|revision| self.at(revision).0);
            let (step, new) = match asked {
                Asked::Put(content) => {
                    let same = self.serves() == Some(content);
                    (Step::Put { same }, Some(content))
                }
                Asked::Rollback => (Step::Rollback, None),
                Asked::Remove => (Step::Remove, None),
            };
            let Ok(next) = next(head, behind, step) else {
                return false;
            };
            if let Some(next) = next {
                let content = match next.content {
                    Content::New => new,
                    Content::OfRevision(revision) => self.at(revision).1,
                    Content::Nothing => None,
                };
                let head = Head { revision: next.revision, serves: content.is_some(), back_to: next.back_to };
                self.0.push((head, content));
            }
            true
        }
    }

    proptest! {
        #[test]
        fn the_history_behaves_as_an_undo_stack(steps in prop::collection::vec(asked(), 0..60)) {
            let mut stack = Stack::default();
            let mut history = History::default();
            for step in steps {
                prop_assert_eq!(stack.take(step), history.take(step), "{:?}", step);
                prop_assert_eq!(stack.serves(), history.serves(), "{:?}", step);
            }
            for (index, (head, _content)) in history.0.iter().enumerate() {
                prop_assert_eq!(head.revision, index as u64 + 1);
                if let Some(back_to) = head.back_to {
                    prop_assert!(back_to < head.revision);
                    prop_assert!(history.at(back_to).1.is_some(), "back_to names what served");
                }
            }
        }
    }
}
