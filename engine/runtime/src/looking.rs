//! What is remembered under a key, for an operator who looks.

use std::sync::Arc;

use homeroom_plan::program::StateKind;
use serde_json::Value;

use crate::Refusal;
use crate::engine::Engine;

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// The state's name in its definition.
    pub state: Arc<str>,
    /// `hash`, `set`, `list` or `counter`.
    pub kind: &'static str,
    /// How many entries there are.
    pub count: usize,
    /// The last of them, in order: name and value. A set's have no value.
    pub entries: Vec<(Arc<str>, Value)>,
}

impl Engine {
    /// What is remembered under a key of a namespace, the last `limit` entries of it; `None` if no state has such a key.
    ///
    /// # Errors
    /// UNAVAILABLE if the store cannot be asked.
    pub async fn look(&self, namespace: &str, key: &str, limit: usize) -> Result<Option<Looked>, Refusal> {
        let bound = self.current();
        let Some(served) = bound.namespace(namespace) else { return Ok(None) };
        let Some(state) = served.namespace().states.iter().find(|state| state.key.read(key).is_some()) else {
            return Ok(None);
        };
        let store = &self.inner.stores.state;
        let count = store.len(key).await?;
        let entries = store.all(key, Some(limit)).await?;
        // What another program wrote there may be no JSON.
        let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let entries = entries.into_iter().map(|entry| {
            let value = if state.kind == StateKind::Set { Value::Null } else { read(&entry.value) };
            (entry.name, value)
        });
        Ok(Some(Looked { state: Arc::clone(&state.name), kind: kind(state.kind), count, entries: entries.collect() }))
    }
}

fn kind(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Hash => "hash",
        StateKind::Set => "set",
        StateKind::List => "list",
        StateKind::Counter => "counter",
    }
}
