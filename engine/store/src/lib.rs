//! What is remembered and asked: state that ends by itself, who is in which room, limits that several connections share,
//! what was sent to rooms lately, the bus between servers, and the database.
//!
//! Everything here is a contract first and an implementation second, so that a store shared by several servers can stand
//! beside the one in memory: each operation is one atomic act, values are opaque text, and all time comes from a
//! [`Clock`] that is handed in.

mod answer;
pub mod breaker;
pub mod bus;
pub mod cache;
mod claims;
mod clock;
pub mod history;
pub mod keyed;
pub mod limiter;
pub mod outbox;
pub mod presence;
pub mod redis;
pub mod sql;
pub mod state;
mod timings;

pub use answer::Answer;
pub use bus::{Bus, MemoryBus, MemoryHub};
pub use clock::{Clock, ManualClock, SystemClock};
pub use history::{History, MemoryHistory};
pub use keyed::Keyed;
pub use limiter::{Decision, Gcra, MemoryLimits, Quota, SharedLimits};
pub use presence::{MemoryPresence, Presence, PresenceRules};
pub use state::{MemoryState, StateStore, TimedState};
pub use timings::{BOUNDS_US, Durations, Timings};

/// A store that could not be asked. It is never the same as "no".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It did not answer, or is full beyond its bounds; the text is for the log.
    #[error("the store could not be asked: {0}")]
    Unavailable(String),
}
