//! First in, last out; and limits.

use std::sync::Arc;

use homeroom_store::presence::Left;
use homeroom_store::{Decision, Gcra, ManualClock, MemoryLimits, MemoryPresence, Presence, Quota, SharedLimits};
use proptest::prelude::*;

#[tokio::test]
async fn a_user_comes_with_the_first_connection_and_goes_with_the_last() {
    let presence = MemoryPresence::new();
    assert_eq!(presence.enter("r", "ann", 1, "1".into()).await, Ok(true));
    assert_eq!(presence.enter("r", "ann", 2, "2".into()).await, Ok(false));
    assert_eq!(presence.enter("r", "bob", 3, "3".into()).await, Ok(true));
    assert_eq!(presence.enter("r", "ann", 1, "4".into()).await, Ok(false), "entering again is not leaving twice");
    let all = presence.all("r").await.expect("read");
    assert_eq!(all.iter().map(|one| (&*one.user, &*one.value)).collect::<Vec<_>>(), [("ann", "4"), ("bob", "3")]);
    assert_eq!(presence.leave("r", "ann", 1).await, Ok(Left::Still));
    assert_eq!(presence.leave("r", "ann", 1).await, Ok(Left::WasNot));
    assert_eq!(presence.leave("r", "ann", 2).await, Ok(Left::Last("4".into())));
    assert_eq!((presence.count("r").await, presence.get("r", "ann").await), (Ok(1), Ok(None)));
    assert_eq!(presence.leave("nowhere", "ann", 1).await, Ok(Left::WasNot));
}

#[tokio::test]
async fn a_user_has_so_many_connections() {
    let presence = MemoryPresence::new();
    assert_eq!(presence.enroll("ann", 1, 2).await, Ok(true));
    assert_eq!(presence.enroll("ann", 2, 2).await, Ok(true));
    assert_eq!(presence.enroll("ann", 3, 2).await, Ok(false));
    assert_eq!(presence.enroll("bob", 4, 2).await, Ok(true));
    presence.withdraw("ann", 1).await.expect("withdrawn");
    assert_eq!(presence.enroll("ann", 3, 2).await, Ok(true));
}

#[tokio::test]
async fn shared_limits_are_bounded_and_forget_who_is_idle() {
    let clock = Arc::new(ManualClock::at(0));
    let limits = MemoryLimits::new(clock.clone(), 2);
    let quota = Quota::new(1, 1000);
    for key in ["a", "b"] {
        assert_eq!(limits.take(key, quota).await, Ok(Decision::Allowed));
    }
    assert!(limits.take("c", quota).await.is_err(), "both are still counting");
    assert_eq!(limits.take("a", quota).await, Ok(Decision::Limited { retry_after_ms: 1000 }));
    clock.advance(1000);
    assert_eq!(limits.take("c", quota).await, Ok(Decision::Allowed));
}

#[test]
fn so_many_at_once_and_then_one_at_a_time() {
    let (quota, mut cell) = (Quota::new(3, 3000), Gcra::default());
    for _ in 0..3 {
        assert_eq!(cell.take(quota, 10_000), Decision::Allowed);
    }
    assert_eq!(cell.take(quota, 10_000), Decision::Limited { retry_after_ms: 1000 });
    assert_eq!(cell.take(quota, 10_999), Decision::Limited { retry_after_ms: 1 });
    assert_eq!(cell.take(quota, 11_000), Decision::Allowed);
    assert!(!cell.is_idle(11_000) && cell.is_idle(14_000));
}

proptest! {
    /// In no stretch of time may more pass than at once and, one by one, in that time.
    #[test]
    fn never_more_than_the_quota(count in 1..20_u32, per_ms in 1..5000_u64, waits in proptest::collection::vec(0..400_i64, 1..200)) {
        let (quota, mut cell, mut now, mut passed) = (Quota::new(count, per_ms), Gcra::default(), 50_000_i64, Vec::new());
        for wait in waits {
            now += wait;
            match cell.take(quota, now) {
                Decision::Allowed => passed.push(now),
                Decision::Limited { retry_after_ms } => {
                    let mut later = cell;
                    prop_assert_eq!(later.take(quota, now + retry_after_ms as i64), Decision::Allowed);
                }
            }
        }
        let cost_us = (per_ms as i64 * 1000 / i64::from(count)).max(1);
        for (at, first) in passed.iter().enumerate() {
            for (index, last) in passed.iter().enumerate().skip(at) {
                let allowed = i64::from(count) + (last - first) * 1000 / cost_us;
                prop_assert!((index - at + 1) as i64 <= allowed);
            }
        }
    }
}
