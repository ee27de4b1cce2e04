//! One event, from bytes to [`Outcome`]: who may, what happens, what is sent to whom. Knows no Socket.IO.
//!
//! * [`Engine`]: connect, receive, closed, backend, tick.
//! * [`live`], [`bind`]: the plan that is served now, with everything resolved that can be.
//! * [`dispatch`]: the walk of one event, on one page.
//! * [`outlet`]: what is asked of the edge.

mod act;
pub mod backend;
pub mod bind;
pub mod cluster;
pub mod decisions;
mod delivery;
pub mod dispatch;
pub mod emitter;
pub mod engine;
pub mod explain;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gate;
mod handover;
mod history;
pub mod hooks;
pub mod identity;
pub mod input;
mod lane;
mod line;
pub mod live;
pub mod looking;
pub mod metrics;
pub mod orders;
pub mod outcome;
pub mod outlet;
mod params;
mod presence;
mod quota;
pub mod receipts;
mod recheck;
pub mod refusal;
mod reply;
mod review;
pub mod revocation;
pub mod session;
pub mod settings;
mod short;
pub mod spans;
mod ticks;
pub mod trace;
mod turns;
pub mod usage;
pub mod webhooks;

pub use backend::{Command, Reached, Tenancy};
pub use bind::Bound;
pub use cluster::{Answers, Cluster, ClusterKey, Roll};
pub use emitter::{Allowed, Emitters, Unwanted};
pub use engine::{Engine, Stores};
pub use history::HistoryStatus;
pub use hooks::{Hook, HookError, Hooks, hook};
pub use identity::{Authenticator, Verified};
pub use live::Live;
pub use metrics::Metrics;
pub use orders::{Obeyed, Order};
pub use outcome::Outcome;
pub use outlet::{Delivery, Ending, Outlet, Parcel, Receivers, WireArgs};
pub use refusal::Refusal;
pub use review::{OnDenied, Reviewed};
pub use revocation::Revoked;
pub use session::Session;
pub use settings::RuntimeSettings;
pub use trace::TraceId;
