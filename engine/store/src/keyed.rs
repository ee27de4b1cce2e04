//! Maps that every event looks into.

use std::collections::HashMap;

/// A map whose keys are hashed quickly, by a secret of the process: strangers who choose names cannot make them collide.
pub type Keyed<K, V> = HashMap<K, V, Hashed>;

/// How [`Keyed`] hashes.
pub type Hashed = ahash::RandomState;
