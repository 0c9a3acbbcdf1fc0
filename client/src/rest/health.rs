//! Health of the addresses: sticky failover, pauses, a retry budget and a circuit breaker.
//!
//! A state machine without a clock: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// Consecutive failures, over all addresses, that open the circuit.
const FAILURES_TO_OPEN: u32 = 5;
/// Interval of the probes while the circuit is open.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// Time before the first probe. It makes up for the failures before it: one request a second on average.
const FIRST_OPEN_PERIOD: Duration = Duration::from_secs(FAILURES_TO_OPEN as u64);
/// How long an address that failed is skipped: the first time, and at most.
const SKIP_PERIOD: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));
/// The longest pause that a registry can ask for.
const MAX_PAUSE: Duration = Duration::from_mins(1);
/// The retry budget, and what every success adds to it.
const RETRY_BUDGET: (f32, f32) = (10.0, 0.2);

/// The next step of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// Send to this address.
    Send(usize),
    /// Every address asked for a pause.
    Wait(Duration),
    /// Fail without sending; the next probe is due after this time.
    CircuitOpen(Duration),
}

#[derive(Debug)]
pub(super) struct Health {
    current: usize,
    addresses: Vec<AddressState>,
    failures: u32,
    /// Time of the next probe while the circuit is open.
    next_probe: Option<Instant>,
    retry_budget: f32,
}

#[derive(Debug, Default, Clone)]
struct AddressState {
    failures: u32,
    skipped_until: Option<Instant>,
    paused_until: Option<Instant>,
}

impl Health {
    pub(super) fn new(addresses: usize) -> Self {
        Self {
            current: 0,
            addresses: vec![AddressState::default(); addresses],
            failures: 0,
            next_probe: None,
            retry_budget: RETRY_BUDGET.0,
        }
    }

    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Selects an address and stays with it.
    pub(super) fn select(&mut self, now: Instant) -> Selection {
        if let Some(at) = self.next_probe {
            if now < at {
                return Selection::CircuitOpen(at - now);
            }
            self.next_probe = Some(now + PROBE_INTERVAL);
        }
        let later = |until: Option<Instant>| until.filter(|until| *until > now);
        let count = self.addresses.len();
        // From the current one on: healthy addresses first, then the one that failed longest ago.
        let best = (0..count)
            .map(|step| (self.current + step) % count)
            .min_by_key(|at| {
                let state = &self.addresses[*at];
                (later(state.paused_until), later(state.skipped_until))
            })
            .unwrap_or_default();
        if let Some(until) = later(self.addresses[best].paused_until) {
            return Selection::Wait(until - now);
        }
        self.current = best;
        Selection::Send(best)
    }

    /// Another healthy address.
    pub(super) fn other_than(&self, address: usize, now: Instant) -> Option<usize> {
        let count = self.addresses.len();
        (1..count).map(|step| (address + step) % count).find(|at| {
            let state = &self.addresses[*at];
            ![state.paused_until, state.skipped_until].into_iter().flatten().any(|until| until > now)
        })
    }

    /// Records a response, also one with an error status. Returns true if that closes the circuit.
    pub(super) fn succeeded(&mut self, address: usize) -> bool {
        self.addresses[address] = AddressState::default();
        self.failures = 0;
        self.retry_budget = (self.retry_budget + RETRY_BUDGET.1).min(RETRY_BUDGET.0);
        self.next_probe.take().is_some()
    }

    /// Records a failure. Returns true if that opens the circuit.
    pub(super) fn failed(&mut self, address: usize, now: Instant) -> bool {
        let state = &mut self.addresses[address];
        let pause = SKIP_PERIOD.0.saturating_mul(1 << state.failures.min(4)).min(SKIP_PERIOD.1);
        state.failures = state.failures.saturating_add(1);
        state.skipped_until = Some(now + pause);
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES_TO_OPEN || self.next_probe.is_some() {
            return false;
        }
        self.next_probe = Some(now + FIRST_OPEN_PERIOD);
        true
    }

    /// Records a `Retry-After`.
    pub(super) fn pause(&mut self, address: usize, now: Instant, pause: Duration) {
        self.addresses[address].paused_until = Some(now + pause.min(MAX_PAUSE));
    }

    /// Takes one retry from the budget, which is empty while most requests fail.
    pub(super) fn may_retry(&mut self) -> bool {
        let allowed = self.retry_budget >= 1.0;
        if allowed {
            self.retry_budget -= 1.0;
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
        assert_eq!(health.select(now), Selection::Send(0));
        health.failed(0, now);
        assert_eq!(health.select(now), Selection::Send(1));
        health.succeeded(1);
        assert_eq!(health.select(now + 600 * SECOND), Selection::Send(1), "not back to the first");
    }

    #[test]
    fn goes_back_to_the_one_that_failed_longest_ago() {
        let now = Instant::now();
        let mut health = Health::new(2);
        health.failed(0, now);
        health.failed(1, now + SECOND);
        assert_eq!(health.select(now + 2 * SECOND), Selection::Send(0));
    }

    #[test]
    fn one_probe_a_second_while_nothing_answers() {
        let start = Instant::now();
        let mut health = Health::new(2);
        let mut sent = 0;
        for tick in 0..6000 {
            let now = start + tick * Duration::from_millis(10);
            if let Selection::Send(address) = health.select(now) {
                sent += 1;
                health.failed(address, now);
            }
        }
        assert_eq!(sent, 60, "in a minute");
    }

    #[test]
    fn one_response_closes_the_circuit() {
        let now = Instant::now();
        let mut health = Health::new(1);
        for _ in 0..4 {
            assert!(!health.failed(0, now));
        }
        assert!(health.failed(0, now), "the fifth begins it");
        assert!(!health.failed(0, now), "once");
        assert_eq!(health.select(now), Selection::CircuitOpen(FIRST_OPEN_PERIOD));
        let later = now + FIRST_OPEN_PERIOD;
        assert_eq!(health.select(later), Selection::Send(0));
        assert_eq!(health.select(later), Selection::CircuitOpen(SECOND), "one probe, not two");
        assert!(health.succeeded(0));
        assert_eq!(health.select(later), Selection::Send(0));
    }

    #[test]
    fn an_address_that_asks_for_a_pause_gets_it() {
        let now = Instant::now();
        let mut health = Health::new(2);
        health.pause(0, now, 3 * SECOND);
        assert_eq!(health.select(now), Selection::Send(1));
        health.pause(1, now, 7 * SECOND);
        assert_eq!(health.select(now), Selection::Wait(3 * SECOND));
        assert_eq!(health.select(now + 4 * SECOND), Selection::Send(0));
        health.pause(0, now, 9999 * SECOND);
        health.pause(1, now, 9999 * SECOND);
        assert_eq!(health.select(now), Selection::Wait(MAX_PAUSE), "but not for ever");
    }

    #[test]
    fn retries_run_out_when_everything_fails() {
        let mut health = Health::new(1);
        assert_eq!((0..100).filter(|_| health.may_retry()).count(), 10);
        for _ in 0..5 {
            health.succeeded(0);
        }
        assert_eq!((0..100).filter(|_| health.may_retry()).count(), 1, "five answers earn one retry");
    }
}
