//! What an attempt means: for the delivery (done, or again later) and for the endpoint (still active, or disabled).

use crate::clock::{DAY, Micros};

/// How long an endpoint may fail before it is disabled.
pub const FAILING_LIMIT: Micros = 5 * DAY;

/// The result of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: the endpoint has it.
    Delivered,
    /// 410: the endpoint wants no more.
    Gone,
    /// Everything else, redirects included: it is tried again.
    Failed,
}

impl Outcome {
    /// What an answer's status means. An attempt without an answer is [`Outcome::Failed`].
    pub fn of_status(status: http::StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Delivered,
            410 => Self::Gone,
            _ => Self::Failed,
        }
    }
}

/// Why an endpoint was disabled, as the spec's `WebhookDisabledReason` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledReason {
    /// It answered 410.
    EndpointGone,
    /// Nothing but failures for [`FAILING_LIMIT`].
    EndpointFailing,
}

impl DisabledReason {
    /// The reason as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EndpointGone => "endpoint_gone",
            Self::EndpointFailing => "endpoint_failing",
        }
    }
}

/// How an endpoint has been doing. The default is a fresh start, also for one that is enabled again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Attempts that failed since the last success.
    pub consecutive_failures: i64,
    /// When the first of them failed.
    pub failing_since: Option<Micros>,
}

impl Health {
    /// How the endpoint is doing after an attempt that ended at `now`, and why it has to be disabled, if it has to.
    pub fn after(self, outcome: Outcome, now: Micros) -> (Self, Option<DisabledReason>) {
        if outcome == Outcome::Delivered {
            return (Self::default(), None);
        }
        let since = self.failing_since.unwrap_or(now);
        let health = Self {
            consecutive_failures: self.consecutive_failures.saturating_add(1),
            failing_since: Some(since),
        };
        let reason = match outcome {
            Outcome::Gone => Some(DisabledReason::EndpointGone),
            _ => (now.saturating_sub(since) >= FAILING_LIMIT)
                .then_some(DisabledReason::EndpointFailing),
        };
        (health, reason)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn only_2xx_is_success_and_only_410_is_final() {
        for code in 100..=999 {
            let expected = match code {
                200..=299 => Outcome::Delivered,
                410 => Outcome::Gone,
                _ => Outcome::Failed,
            };
            let status = StatusCode::from_u16(code).expect("a status");
            assert_eq!(Outcome::of_status(status), expected, "{code}");
        }
        // The ones that are easily taken for something else.
        for code in [301, 302, 304, 307, 308, 404, 429, 500] {
            assert_eq!(
                Outcome::of_status(StatusCode::from_u16(code).expect("a status")),
                Outcome::Failed,
                "{code}"
            );
        }
    }

    #[test]
    fn five_days_of_nothing_but_failures_disable() {
        let (health, reason) = Health::default().after(Outcome::Failed, 100);
        assert_eq!(
            (health, reason),
            (
                Health {
                    consecutive_failures: 1,
                    failing_since: Some(100)
                },
                None
            )
        );
        let (health, reason) = health.after(Outcome::Failed, 100 + FAILING_LIMIT - 1);
        assert_eq!((health.consecutive_failures, reason), (2, None));
        let (health, reason) = health.after(Outcome::Failed, 100 + FAILING_LIMIT);
        assert_eq!(
            (health.consecutive_failures, reason),
            (3, Some(DisabledReason::EndpointFailing))
        );
        assert_eq!(reason.map(DisabledReason::as_str), Some("endpoint_failing"));
    }

    #[test]
    fn one_success_starts_afresh() {
        let (health, _) = Health::default().after(Outcome::Failed, 0);
        let (health, _) = health.after(Outcome::Delivered, FAILING_LIMIT - 1);
        assert_eq!(health, Health::default());
        let (health, reason) = health.after(Outcome::Failed, FAILING_LIMIT + 1);
        assert_eq!(
            (health.failing_since, reason),
            (Some(FAILING_LIMIT + 1), None)
        );
    }

    #[test]
    fn gone_disables_at_once() {
        let (health, reason) = Health::default().after(Outcome::Gone, 7);
        assert_eq!(health.consecutive_failures, 1);
        assert_eq!(reason.map(DisabledReason::as_str), Some("endpoint_gone"));
    }
}
