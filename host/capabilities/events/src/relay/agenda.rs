//! Which database the relay looks at next. Plain data, no I/O.

use std::collections::{HashMap, HashSet, VecDeque};

use tokio::time::Instant;

use super::place::{State, Trouble};
use crate::bus::Generation;
use crate::store::Place;

/// What is to be done. Each place is in the hands of one round at a time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// What is known of places that have something to do or to keep.
    states: HashMap<Place, State>,
    /// Places with new events.
    urgent: VecDeque<Place>,
    /// Places that may have some, or have something to tidy.
    later: VecDeque<Place>,
    queued: HashSet<Place>,
    running: HashSet<Place>,
    /// Places that were woken while a round had them.
    again: HashSet<Place>,
    /// Places where something failed, and when to try again; the earliest first.
    failed: VecDeque<(Instant, Place)>,
    /// The bus failed: nothing is begun before.
    paused_until: Option<Instant>,
    /// The bus's, as far as is known. What is known of a place is known of one generation, and used in no other.
    generation: Option<Generation>,
}

impl Agenda {
    /// A place has new events.
    pub(super) fn wake(&mut self, place: Place) {
        if self.running.contains(&place) {
            self.again.insert(place);
        } else if self.queued.insert(place.clone()) {
            self.urgent.push_back(place);
        } else if let Some(at) = self.later.iter().position(|other| *other == place) {
            // It was to be looked at later anyway.
            self.later.remove(at);
            self.urgent.push_back(place);
        }
    }

    /// These places may have events.
    pub(super) fn sweep(&mut self, places: impl IntoIterator<Item = Place>) {
        for place in places {
            if self.running.contains(&place) {
                self.again.insert(place);
            } else if self.queued.insert(place.clone()) {
                self.later.push_back(place);
            }
        }
    }

    /// Looks again at all places that have something to note or to forget.
    pub(super) fn tidy(&mut self) {
        let untidy: Vec<_> =
            self.states.iter_mut().filter(|(_, state)| state.wants_tidying()).map(|(place, _)| place.clone()).collect();
        self.sweep(untidy);
    }

    /// The bus is in another generation, and may have forgotten all that it had.
    pub(super) fn start_over(&mut self, generation: Option<Generation>) {
        self.generation = generation;
        for state in self.states.values_mut() {
            *state = State::of(self.generation.clone());
        }
        let places: Vec<_> = self.states.keys().cloned().collect();
        self.sweep(places);
        self.again.extend(self.running.iter().cloned());
        self.paused_until = None;
    }

    /// The next place, unless all wait for the bus.
    pub(super) fn next(&mut self, now: Instant) -> Option<(Place, State)> {
        while self.failed.front().is_some_and(|(retry_at, _)| *retry_at <= now) {
            let place = self.failed.pop_front().map(|(_, place)| place);
            self.sweep(place);
        }
        if self.paused_until.is_some_and(|until| now < until) {
            return None;
        }
        let place = self.urgent.pop_front().or_else(|| self.later.pop_front())?;
        self.queued.remove(&place);
        self.running.insert(place.clone());
        let state = self.states.remove(&place).unwrap_or_else(|| State::of(self.generation.clone()));
        Some((place, state))
    }

    /// A round has ended.
    pub(super) fn ended(&mut self, place: Place, state: State, result: Result<(), Trouble>, retry_at: Instant) {
        self.running.remove(&place);
        let outdated = state.generation != self.generation;
        let state = if outdated { State::of(self.generation.clone()) } else { state };
        let again = self.again.remove(&place) || outdated;
        if state.is_worth_keeping() {
            self.states.insert(place.clone(), state);
        }
        match result {
            Ok(()) | Err(Trouble::Generation) if again => self.wake(place),
            Ok(()) => {}
            Err(trouble) => {
                // Where a database failed, the others go on. Where the bus is another one, all start over soon.
                if trouble == Trouble::Bus {
                    self.paused_until = Some(retry_at);
                }
                self.failed.push_back((retry_at, place));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn place(name: &str) -> Place {
        ("acme".parse().unwrap(), name.parse().unwrap())
    }

    fn names(agenda: &mut Agenda, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| agenda.next(now)).map(|((_, service), _)| service.to_string()).collect()
    }

    #[test]
    fn what_was_woken_comes_first_and_once() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.sweep([place("a"), place("b"), place("c")]);
        agenda.wake(place("c"));
        agenda.wake(place("c"));
        assert_eq!(names(&mut agenda, now), ["c", "a", "b"]);
    }

    #[test]
    fn a_place_that_is_woken_while_it_runs_runs_again() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.wake(place("a"));
        let (running, state) = agenda.next(now).unwrap();
        agenda.wake(place("a"));
        assert!(agenda.next(now).is_none());
        agenda.ended(running, state, Ok(()), now);
        assert_eq!(names(&mut agenda, now), ["a"]);
    }

    #[test]
    fn a_failed_database_waits_alone_and_a_failed_bus_stops_all() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        agenda.wake(place("a"));
        let (a, state) = agenda.next(now).unwrap();
        agenda.ended(a, state, Err(Trouble::Database), later);
        agenda.wake(place("b"));
        let (b, state) = agenda.next(now).unwrap();
        agenda.ended(b, state, Err(Trouble::Bus), later);
        agenda.wake(place("c"));
        assert!(agenda.next(now).is_none());
        assert_eq!(names(&mut agenda, later), ["c", "a", "b"]);
    }

    #[test]
    fn after_a_change_of_the_bus_all_begin_anew() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        agenda.wake(place("a"));
        agenda.wake(place("b"));
        let (a, mut state) = agenda.next(now).unwrap();
        state.cursor = 7;
        agenda.ended(a, state, Ok(()), now);
        let (b, mut state) = agenda.next(now).unwrap();
        agenda.start_over(Some("second".into()));
        state.cursor = 9;
        agenda.ended(b, state, Ok(()), now);
        let begun: Vec<_> = std::iter::from_fn(|| agenda.next(now)).map(|(_, state)| state).collect();
        assert_eq!(begun.len(), 2);
        assert!(begun.iter().all(|state| state.cursor == 0 && state.generation.as_deref() == Some("second")));
    }

    #[test]
    fn a_round_that_met_another_generation_waits_alone_until_all_begin_anew() {
        let (mut agenda, now) = (Agenda::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        agenda.start_over(Some("first".into()));
        agenda.wake(place("a"));
        let (a, mut state) = agenda.next(now).unwrap();
        state.cursor = 7;
        agenda.ended(a, state, Err(Trouble::Generation), later);
        agenda.wake(place("b"));
        assert_eq!(names(&mut agenda, now), ["b"]);
        agenda.start_over(Some("second".into()));
        let (a, state) = agenda.next(now).unwrap();
        assert_eq!((a.1.as_str(), state.cursor, state.generation.as_deref()), ("a", 0, Some("second")));
    }
}
