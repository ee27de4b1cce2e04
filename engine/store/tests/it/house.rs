//! Stores to run the cases on, each on a clock that is turned.

use std::sync::Arc;

use homeroom_store::state::StateLimits;
use homeroom_store::{
    ManualClock, MemoryLimits, MemoryPresence, MemoryState, Presence, PresenceRules, SharedLimits, StateStore,
};

/// When the clocks begin.
pub(crate) const T0: i64 = 1_000_000_000;

/// One kind of store, and several servers over it.
pub(crate) struct House {
    pub(crate) clock: Arc<ManualClock>,
    /// How often a case of random acts is tried.
    pub(crate) runs: usize,
    /// Two servers' handles over the same state.
    pub(crate) states: [Arc<dyn StateStore>; 2],
    /// Two servers' handles over the same limits.
    pub(crate) limits: [Arc<dyn SharedLimits>; 2],
    presence: Arc<dyn Fn(PresenceRules) -> [Arc<dyn Presence>; 3] + Send + Sync>,
}

impl House {
    /// Three servers' handles over the same presence; each has beaten once.
    pub(crate) async fn presence(&self, rules: PresenceRules) -> [Arc<dyn Presence>; 3] {
        let servers = (self.presence)(rules);
        for server in &servers {
            server.beat().await.expect("a beat");
        }
        servers
    }

    /// Looks at what the case left behind.
    #[allow(clippy::unused_async)]
    pub(crate) async fn inspect(&self) {}
}

/// Everything in memory.
#[allow(clippy::unused_async)]
pub(crate) async fn memory() -> House {
    let clock = Arc::new(ManualClock::at(T0));
    let state: Arc<dyn StateStore> = Arc::new(MemoryState::new(clock.clone(), StateLimits::default()));
    let limits: Arc<dyn SharedLimits> = Arc::new(MemoryLimits::new(clock.clone(), 1000));
    let shared = clock.clone();
    House {
        clock,
        runs: 256,
        states: [state.clone(), state],
        limits: [limits.clone(), limits],
        presence: Arc::new(move |rules| {
            let first = MemoryPresence::new(shared.clone(), rules);
            let (second, third) = (first.another_server(), first.another_server());
            [Arc::new(first), Arc::new(second), Arc::new(third)]
        }),
    }
}

/// Runs each case on each kind of store.
macro_rules! on_every_store {
    ($($case:ident),* $(,)?) => {
        on_every_store!(@ memory: $($case),*);
    };
    (@ $kind:ident: $($case:ident),*) => {
        mod $kind {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let house = crate::house::$kind().await;
                    super::$case(&house).await;
                    house.inspect().await;
                }
            )*
        }
    };
}
pub(crate) use on_every_store;
