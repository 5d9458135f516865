//! A switch of payments is thrown: by an operator's command, or by a merchant's request.

use super::audit;
use crate::payments::{SWITCH_CHANGES_MAX, StoreError, SwitchChange, SwitchOf, SwitchState, Switches};

/// How often a change is decided again after another request was faster.
const DECISIONS_MAX: usize = 3;

/// The result of throwing a switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thrown {
    /// It is in another position now.
    Changed(SwitchState),
    /// It was in it already, and keeps who put it there.
    AsItWas(SwitchState),
    /// The operator stopped payments, and a merchant cannot start them.
    HeldByOperator,
}

/// Puts a switch into a position. An operator's stop takes the place of a merchant's own.
pub async fn throw(
    switches: &dyn Switches,
    of: &SwitchOf,
    change: &SwitchChange,
) -> Result<Thrown, StoreError> {
    for _ in 0..DECISIONS_MAX {
        let mut state = switches.state(of).await?;
        let held = state.is_held_by_operator();
        if state.stopped == change.stopped && (held || !change.stopped || !change.by_operator) {
            return Ok(Thrown::AsItWas(state));
        }
        if held && !change.by_operator {
            return Ok(Thrown::HeldByOperator);
        }
        state.stopped = change.stopped;
        state.changes.push(change.clone());
        let more = state.changes.len().saturating_sub(SWITCH_CHANGES_MAX);
        state.changes.drain(..more);
        state.version += 1;
        if switches.save(of, &state).await? {
            audit::thrown(of, change);
            return Ok(Thrown::Changed(state));
        }
    }
    Err(StoreError::Unavailable("the switch is being changed by other requests".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use jiff::Timestamp;

    use super::*;
    use crate::order::Attribution;

    /// A switch in memory; before a write is made, so many others are faster.
    struct Kept {
        state: Mutex<SwitchState>,
        faster: Mutex<u64>,
    }

    #[async_trait]
    impl Switches for Kept {
        async fn state(&self, _: &SwitchOf) -> Result<SwitchState, StoreError> {
            Ok(self.state.lock().unwrap().clone())
        }

        async fn save(&self, _: &SwitchOf, state: &SwitchState) -> Result<bool, StoreError> {
            let mut faster = self.faster.lock().unwrap();
            if *faster > 0 {
                *faster -= 1;
                return Ok(false);
            }
            let mut stored = self.state.lock().unwrap();
            assert_eq!(stored.version + 1, state.version);
            *stored = state.clone();
            Ok(true)
        }
    }

    fn kept(faster: u64) -> Kept {
        Kept { state: Mutex::default(), faster: Mutex::new(faster) }
    }

    fn change(stopped: bool, by_operator: bool, second: i64) -> SwitchChange {
        let by = Attribution::new(None, Some(&"Ann".parse().unwrap()), None);
        SwitchChange { stopped, at: Timestamp::from_second(second).unwrap(), by, by_operator }
    }

    async fn thrown(switches: &Kept, change: SwitchChange) -> Thrown {
        throw(switches, &SwitchOf::All, &change).await.unwrap()
    }

    #[tokio::test]
    async fn a_switch_keeps_its_last_changes_and_a_repetition_is_none() {
        let switches = kept(0);
        let never = Thrown::AsItWas(SwitchState::default());
        assert_eq!(thrown(&switches, change(false, true, 0)).await, never);
        for second in 0..120 {
            let stops = second % 2 == 0;
            let Thrown::Changed(state) = thrown(&switches, change(stops, true, second)).await else {
                panic!()
            };
            assert_eq!(thrown(&switches, change(stops, true, 500)).await, Thrown::AsItWas(state));
        }
        let state = switches.state(&SwitchOf::All).await.unwrap();
        assert_eq!((state.version, state.changes.len()), (120, SWITCH_CHANGES_MAX));
        assert_eq!((state.changes[0].at.as_second(), state.changes[99].at.as_second()), (20, 119));
    }

    /// The key of a merchant whose payments an operator stopped may be in the wrong hands.
    #[tokio::test]
    async fn a_merchant_cannot_take_back_what_the_operator_stopped() {
        let switches = kept(0);
        assert!(matches!(thrown(&switches, change(true, false, 0)).await, Thrown::Changed(_)));
        assert!(matches!(thrown(&switches, change(true, false, 0)).await, Thrown::AsItWas(_)));
        assert!(matches!(thrown(&switches, change(false, false, 1)).await, Thrown::Changed(_)));
        assert!(matches!(thrown(&switches, change(true, false, 2)).await, Thrown::Changed(_)));
        // Over the merchant's own stop.
        assert!(matches!(thrown(&switches, change(true, true, 3)).await, Thrown::Changed(_)));
        assert_eq!(thrown(&switches, change(false, false, 4)).await, Thrown::HeldByOperator);
        assert!(matches!(thrown(&switches, change(true, false, 5)).await, Thrown::AsItWas(_)));
        assert!(matches!(thrown(&switches, change(false, true, 6)).await, Thrown::Changed(_)));
        // A switch that is stored in another form stops payments, too.
        let unread = SwitchState { stopped: true, ..SwitchState::default() };
        assert!(unread.is_held_by_operator());
    }

    #[tokio::test]
    async fn another_change_at_the_same_time_is_not_lost() {
        let switches = kept(2);
        assert!(matches!(thrown(&switches, change(true, true, 0)).await, Thrown::Changed(_)));
        let busy = kept(3);
        assert!(throw(&busy, &SwitchOf::All, &change(true, true, 0)).await.is_err());
    }
}
