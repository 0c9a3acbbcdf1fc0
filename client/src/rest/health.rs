//! Which address is asked next, and when none should be: sticky failover, pauses, and a circuit breaker.
//!
//! A plain state machine: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row, over all addresses, and only probes leave the process.
const FAILURES_UNTIL_REST: u32 = 5;
/// How often a resting client tries.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// The first pause makes up for the failures before it: one request a second, from the first of them on.
const FIRST_REST: Duration = Duration::from_secs(FAILURES_UNTIL_REST as u64);
/// How long an address that failed is passed over, the first time and at most.
const PASSED_OVER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
/// The longest pause that a registry can impose.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Retries in hand, and what every success adds to them.
const RETRIES: (f32, f32) = (10.0, 0.2);

/// Whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Ask this address.
    Ask(usize),
    /// Every address asked for a pause: wait.
    Wait(Duration),
    /// The registry keeps failing: do not ask.
    Rest(Duration),
}

#[derive(Debug)]
pub(super) struct Health {
    current: usize,
    addresses: Vec<Known>,
    failures: u32,
    /// Set while resting: when the next probe may leave.
    next_probe: Option<Instant>,
    retries: f32,
}

#[derive(Debug, Default, Clone)]
struct Known {
    failures: u32,
    passed_over_until: Option<Instant>,
    paused_until: Option<Instant>,
}

impl Health {
    pub(super) fn new(addresses: usize) -> Self {
        Self {
            current: 0,
            addresses: vec![Known::default(); addresses],
            failures: 0,
            next_probe: None,
            retries: RETRIES.0,
        }
    }

    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Chooses an address and stays with it.
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        if let Some(at) = self.next_probe {
            if now < at {
                return Turn::Rest(at - now);
            }
            self.next_probe = Some(now + PROBE_EVERY);
        }
        let later = |until: Option<Instant>| until.filter(|until| *until > now);
        let count = self.addresses.len();
        // From the current one on: first those that are well, then those that failed longest ago.
        let best = (0..count)
            .map(|step| (self.current + step) % count)
            .min_by_key(|at| {
                let known = &self.addresses[*at];
                (later(known.paused_until), later(known.passed_over_until))
            })
            .unwrap_or_default();
        if let Some(until) = later(self.addresses[best].paused_until) {
            return Turn::Wait(until - now);
        }
        self.current = best;
        Turn::Ask(best)
    }

    /// Another address that is well, if there is one.
    pub(super) fn other_than(&self, address: usize, now: Instant) -> Option<usize> {
        let count = self.addresses.len();
        (1..count).map(|step| (address + step) % count).find(|at| {
            let known = &self.addresses[*at];
            ![known.paused_until, known.passed_over_until].into_iter().flatten().any(|until| until > now)
        })
    }

    /// The address answered, be it with a refusal. True if that ends a rest.
    pub(super) fn answered(&mut self, address: usize) -> bool {
        self.addresses[address] = Known::default();
        self.failures = 0;
        self.retries = (self.retries + RETRIES.1).min(RETRIES.0);
        self.next_probe.take().is_some()
    }

    /// The address did not answer, or said that it cannot. True if a rest begins.
    pub(super) fn failed(&mut self, address: usize, now: Instant) -> bool {
        let known = &mut self.addresses[address];
        let pause = PASSED_OVER.0.saturating_mul(1 << known.failures.min(4)).min(PASSED_OVER.1);
        known.failures = known.failures.saturating_add(1);
        known.passed_over_until = Some(now + pause);
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES_UNTIL_REST || self.next_probe.is_some() {
            return false;
        }
        self.next_probe = Some(now + FIRST_REST);
        true
    }

    /// The address asked not to be asked for a while.
    pub(super) fn pause(&mut self, address: usize, now: Instant, pause: Duration) {
        self.addresses[address].paused_until = Some(now + pause.min(LONGEST_PAUSE));
    }

    /// Takes one retry from those in hand; none are left when most requests fail.
    pub(super) fn may_retry(&mut self) -> bool {
        let allowed = self.retries >= 1.0;
        if allowed {
            self.retries -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn stays_with_the_address_that_answers() {
        let now = Instant::now();
        let mut health = Health::new(3);
        assert_eq!(health.turn(now), Turn::Ask(0));
        health.failed(0, now);
        assert_eq!(health.turn(now), Turn::Ask(1));
        health.answered(1);
        assert_eq!(health.turn(now + 600 * SECOND), Turn::Ask(1), "not back to the first");
    }

    #[test]
    fn goes_back_to_the_one_that_failed_longest_ago() {
        let now = Instant::now();
        let mut health = Health::new(2);
        health.failed(0, now);
        health.failed(1, now + SECOND);
        assert_eq!(health.turn(now + 2 * SECOND), Turn::Ask(0));
    }

    #[test]
    fn one_probe_a_second_while_nothing_answers() {
        let start = Instant::now();
        let mut health = Health::new(2);
        let mut sent = 0;
        for tick in 0..6000 {
            let now = start + tick * Duration::from_millis(10);
            if let Turn::Ask(address) = health.turn(now) {
                sent += 1;
                health.failed(address, now);
            }
        }
        assert_eq!(sent, 60, "in a minute");
    }

    #[test]
    fn one_answer_ends_the_rest() {
        let now = Instant::now();
        let mut health = Health::new(1);
        for _ in 0..4 {
            assert!(!health.failed(0, now));
        }
        assert!(health.failed(0, now), "the fifth begins it");
        assert!(!health.failed(0, now), "once");
        assert_eq!(health.turn(now), Turn::Rest(FIRST_REST));
        let later = now + FIRST_REST;
        assert_eq!(health.turn(later), Turn::Ask(0));
        assert_eq!(health.turn(later), Turn::Rest(SECOND), "one probe, not two");
        assert!(health.answered(0));
        assert_eq!(health.turn(later), Turn::Ask(0));
    }

    #[test]
    fn an_address_that_asks_for_a_pause_gets_it() {
        let now = Instant::now();
        let mut health = Health::new(2);
        health.pause(0, now, 3 * SECOND);
        assert_eq!(health.turn(now), Turn::Ask(1));
        health.pause(1, now, 7 * SECOND);
        assert_eq!(health.turn(now), Turn::Wait(3 * SECOND));
        assert_eq!(health.turn(now + 4 * SECOND), Turn::Ask(0));
        health.pause(0, now, 9999 * SECOND);
        health.pause(1, now, 9999 * SECOND);
        assert_eq!(health.turn(now), Turn::Wait(LONGEST_PAUSE), "but not for ever");
    }

    #[test]
    fn retries_run_out_when_everything_fails() {
        let mut health = Health::new(1);
        assert_eq!((0..100).filter(|_| health.may_retry()).count(), 10);
        for _ in 0..5 {
            health.answered(0);
        }
        assert_eq!((0..100).filter(|_| health.may_retry()).count(), 1, "five answers earn one retry");
    }
}
