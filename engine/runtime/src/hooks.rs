//! Hooks: Rust functions that definitions `call:` by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use homeroom_plan::HookSignature;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::webhooks::Webhooks;

/// How a hook says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookError {
    /// The event is refused with this code, which the namespace declares under `errors:`.
    Refuse(String),
    /// It could not do its work; the cause goes to the log, the client is told INTERNAL.
    Failed(String),
}

impl<E: std::error::Error> From<E> for HookError {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A function in Rust that definitions call by name.
pub trait Hook: Send + Sync {
    /// Its name and the JSON Schemas of what goes in and comes out.
    fn signature(&self) -> HookSignature;
    /// Does its work. `None` is absent, as when a look-up finds nothing.
    fn call(&self, input: Value) -> BoxFuture<'_, Result<Option<Value>, HookError>>;
}

/// A hook made of a plain function. `O` may be an `Option`: its `None` is absent.
pub fn hook<I, O, F>(name: &'static str, function: F) -> Arc<dyn Hook>
where
    I: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + Send + 'static,
    F: Fn(I) -> Result<O, HookError> + Send + Sync + 'static,
{
    Arc::new(Plain { name, function, signature: signature::<I, O>(name), types: std::marker::PhantomData })
}

struct Plain<I, O, F> {
    name: &'static str,
    function: F,
    signature: HookSignature,
    types: std::marker::PhantomData<fn(I) -> O>,
}

impl<I, O, F> Hook for Plain<I, O, F>
where
    I: DeserializeOwned + Send,
    O: Serialize + Send,
    F: Fn(I) -> Result<O, HookError> + Send + Sync,
{
    fn signature(&self) -> HookSignature {
        self.signature.clone()
    }

    fn call(&self, input: Value) -> BoxFuture<'_, Result<Option<Value>, HookError>> {
        let done = serde_json::from_value(input)
            .map_err(|error| HookError::Failed(format!("`{}` cannot read its input: {error}", self.name)))
            .and_then(|input| (self.function)(input))
            .and_then(|output| Ok(serde_json::to_value(output)?));
        Box::pin(std::future::ready(done.map(|value| Some(value).filter(|value| !value.is_null()))))
    }
}

fn signature<I: JsonSchema, O: JsonSchema>(name: &str) -> HookSignature {
    HookSignature {
        name: name.into(),
        input: schema(SchemaSettings::draft2020_12().for_deserialize().into_generator(), |g| {
            g.into_root_schema_for::<I>()
        }),
        output: schema(SchemaSettings::draft2020_12().for_serialize().into_generator(), |g| {
            g.into_root_schema_for::<O>()
        }),
    }
}

fn schema(generator: SchemaGenerator, of: impl FnOnce(SchemaGenerator) -> schemars::Schema) -> Value {
    of(generator).to_value()
}

/// The hooks of a deployment.
#[derive(Clone, Default)]
pub struct Hooks {
    by_name: BTreeMap<Arc<str>, Arc<dyn Hook>>,
    webhooks: Option<Arc<dyn Webhooks>>,
}

impl Hooks {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more; a later one of the same name takes its place.
    #[must_use]
    pub fn with(mut self, hook: Arc<dyn Hook>) -> Self {
        self.by_name.insert(hook.signature().name, hook);
        self
    }

    /// With a way for webhooks to travel.
    #[must_use]
    pub fn with_webhooks(mut self, webhooks: Arc<dyn Webhooks>) -> Self {
        self.webhooks = Some(webhooks);
        self
    }

    pub(crate) fn webhooks(&self) -> Option<&Arc<dyn Webhooks>> {
        self.webhooks.as_ref()
    }

    /// What the compiler needs to know of them.
    #[must_use]
    pub fn signatures(&self) -> Vec<HookSignature> {
        self.by_name.values().map(|hook| hook.signature()).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<dyn Hook>> {
        self.by_name.get(name)
    }
}
