//! Two versions of definitions side by side, for `homeroom plan` and `homeroom breaking`.

mod found;
mod git;
mod ignores;
mod live;
mod settings;
mod version;

pub use found::{Found, found};
pub use live::{served, usage};
pub(crate) use settings::changes as settings_changes;
pub(crate) use version::{Asked, now, versions};
pub use version::{Version, compared};
