//! A connection, as definitions see it: `socket`, which is `{ id, vars }`.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

/// A connection. It becomes a value when an expression first looks at it: few do, and there are many connections.
#[derive(Debug, Clone, Default)]
pub struct Socket {
    id: Arc<str>,
    /// `None`: none was named yet.
    vars: Option<Arc<Value>>,
    value: OnceLock<Arc<Value>>,
}

impl Socket {
    /// The connection that clients are shown by this id; `vars`: what `let: { socket: ... }` has named.
    #[must_use]
    pub fn new(id: &Arc<str>, vars: Option<Arc<Value>>) -> Self {
        Self { id: Arc::clone(id), vars, value: OnceLock::new() }
    }

    /// The same with other values named.
    #[must_use]
    pub fn naming(&self, vars: Value) -> Self {
        Self::new(&self.id, Some(Arc::new(vars)))
    }

    /// What was named.
    #[must_use]
    pub fn vars(&self) -> Map<String, Value> {
        self.vars.as_deref().and_then(Value::as_object).cloned().unwrap_or_default()
    }

    pub(crate) fn value(&self) -> &Value {
        self.value.get_or_init(|| {
            let mut socket = Map::with_capacity(2);
            socket.insert("id".into(), Value::from(&*self.id));
            socket.insert("vars".into(), Value::Object(self.vars()));
            Arc::new(Value::Object(socket))
        })
    }
}
