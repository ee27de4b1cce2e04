//! Limits: the arithmetic, and that servers share them.

use std::sync::Arc;

use homeroom_store::{Decision, Gcra, ManualClock, MemoryLimits, Quota, SharedLimits};
use proptest::prelude::*;

use crate::house::{House, on_every_store};

on_every_store!(servers_share_a_limit, it_decides_as_one_cell_would);

async fn servers_share_a_limit(house: &House) {
    let [one, other] = &house.limits;
    let quota = Quota::new(2, 1000);
    assert_eq!(one.take("k", quota).await, Ok(Decision::Allowed));
    assert_eq!(other.take("k", quota).await, Ok(Decision::Allowed));
    assert_eq!(one.take("k", quota).await, Ok(Decision::Limited { retry_after_ms: 500 }));
    assert_eq!(one.take("another {k}", quota).await, Ok(Decision::Allowed));
    house.clock.advance(499);
    assert_eq!(other.take("k", quota).await, Ok(Decision::Limited { retry_after_ms: 1 }));
    house.clock.advance(1);
    assert_eq!(other.take("k", quota).await, Ok(Decision::Allowed));
}

async fn it_decides_as_one_cell_would(house: &House) {
    let (quota, mut cell) = (Quota::new(3, 1000), Gcra::default());
    for wait in [0, 0, 0, 0, 1, 332, 1, 0, 2000, 0, 0, 0, 0, 333, 334, 0, 5_000_000] {
        house.clock.advance(wait);
        let expected = cell.take(quota, homeroom_store::Clock::now_ms(&*house.clock));
        assert_eq!(house.limits[0].take("k", quota).await, Ok(expected), "after {wait} more ms");
    }
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
