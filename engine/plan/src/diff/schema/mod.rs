//! Two schemas compared: whether one accepts all that the other does, and in what they differ, one by one.

mod differences;
mod includes;
mod kinds;
mod numbers;
mod open;
mod parts;
mod place;
mod same;
mod words;

pub use differences::{Difference, Relation, Segment, What, differences};
pub use includes::fits_within;
pub use open::opened;
pub use parts::Rooted;
pub(crate) use place::{Declarations, place};
