//! `put`, `get`, `add`, `push`, `increment`, `all`, `has`, `count`, `clear`, `take`.

use homeroom_definition::values::duration_of;
use homeroom_plan::data::{Data, Template};
use homeroom_plan::expr::Expr;
use homeroom_plan::frame::Frame;
use homeroom_plan::program::{Choice, Collection, Only, State, StateKind, StateRef, Ttl};
use homeroom_store::StateStore;
use homeroom_store::state::{self, At, Entry, Rules, Which, Written};
use serde_json::{Map, Value};

use super::{Act, Done, json_text, parsed};
use crate::{Refusal, params};

/// How often a `take ... match` begins anew when others take what it found.
const TAKE_TRIES_MAX: usize = 16;

/// A state, found.
struct Found<'a> {
    state: &'a State,
    rules: &'a Rules,
    key: String,
}

impl Found<'_> {
    fn at(&self) -> At<'_> {
        At { key: &self.key, rules: self.rules }
    }
}

impl<'a> Act<'a> {
    fn store(&self) -> &'a dyn StateStore {
        &*self.site.inner.stores.state
    }

    fn state(&self, reference: &StateRef, frame: &Frame<'_>) -> Result<Found<'a>, Refusal> {
        let served = self.site.served;
        let state = &served.plan.states[reference.state];
        let absent = || Refusal::internal(format!("a parameter of the key of `{}` is absent", state.name));
        let key = params::name(&state.key, &reference.params, frame)?.ok_or_else(absent)?;
        Ok(Found { state, rules: &served.rules[reference.state], key })
    }

    fn field(&self, template: &Template, frame: &Frame<'_>) -> Result<String, Refusal> {
        params::field(template, frame, self.site.inner.settings.field_bytes_max)
    }

    pub(super) async fn put(
        &mut self,
        state: &StateRef,
        field: &Template,
        value: &Data,
        only: Only,
        ttl: Option<&Ttl>,
        frame: &Frame<'_>,
    ) -> Result<Done, Refusal> {
        let found = self.state(state, frame)?;
        let (field, value, ttl) = (self.field(field, frame)?, json_text(value, frame)?, life(ttl, frame)?);
        written(self.store().put(found.at(), &field, &value, condition(only), ttl).await?)
    }

    pub(super) async fn get(&mut self, state: &StateRef, field: &Template, frame: &Frame<'_>) -> Result<Done, Refusal> {
        let found = self.state(state, frame)?;
        let text = self.store().get(&found.key, &self.field(field, frame)?).await?;
        Ok(Done::maybe(text.map(|text| parsed(&text)).transpose()?))
    }

    pub(super) async fn add(
        &mut self,
        state: &StateRef,
        member: &Template,
        ttl: Option<&Ttl>,
        frame: &Frame<'_>,
    ) -> Result<Done, Refusal> {
        let found = self.state(state, frame)?;
        let member = self.field(member, frame)?;
        written(self.store().add(found.at(), &member, life(ttl, frame)?).await?)
    }

    pub(super) async fn push(
        &mut self,
        state: &StateRef,
        value: &Data,
        ttl: Option<&Ttl>,
        frame: &Frame<'_>,
    ) -> Result<Done, Refusal> {
        let found = self.state(state, frame)?;
        let text = json_text(value, frame)?;
        let token = match &found.state.unique {
            Some(property) => Some(token(&text, property)?),
            None => None,
        };
        written(self.store().push(found.at(), &text, token.as_deref(), life(ttl, frame)?).await?)
    }

    pub(super) async fn increment(
        &mut self,
        state: &StateRef,
        by: Option<&Expr>,
        ttl: Option<&Ttl>,
        frame: &Frame<'_>,
    ) -> Result<Done, Refusal> {
        let found = self.state(state, frame)?;
        let by = match by {
            None => 1,
            Some(by) => {
                by.eval(frame)?.and_then(|by| by.as_i64()).ok_or_else(|| Refusal::internal("`by:` is no integer"))?
            }
        };
        let number = self.store().increment(found.at(), by, life(ttl, frame)?).await?;
        Ok(Done { value: Some(number.into()), found: true })
    }

    pub(super) async fn all(
        &mut self,
        of: &Collection,
        last: Option<usize>,
        frame: &Frame<'_>,
    ) -> Result<Done, Refusal> {
        match of {
            Collection::Room(room) => {
                let mut all = self.presences(room, frame).await?;
                if let Some(last) = last {
                    all.drain(..all.len().saturating_sub(last));
                }
                Ok(Done { found: !all.is_empty(), value: Some(Value::Array(all)) })
            }
            Collection::State(state) => {
                let found = self.state(state, frame)?;
                let entries = self.store().all(&found.key, last).await?;
                Ok(Done { found: !entries.is_empty(), value: Some(collected(found.state.kind, &entries)?) })
            }
        }
    }

    pub(super) async fn has(&mut self, of: &Collection, what: &Choice, frame: &Frame<'_>) -> Result<Done, Refusal> {
        let there = match of {
            Collection::Room(room) => {
                let present = self.present(room, frame).await?;
                match what {
                    Choice::Member(user) => {
                        let user = self.field(user, frame)?;
                        present.iter().any(|present| *present.user == *user)
                    }
                    _ => !present.is_empty(),
                }
            }
            Collection::State(state) => {
                let found = self.state(state, frame)?;
                match what {
                    Choice::Any | Choice::First => self.store().len(&found.key).await? > 0,
                    Choice::Member(name) | Choice::Field(name, _) if no_match(what) => {
                        self.store().get(&found.key, &self.field(name, frame)?).await?.is_some()
                    }
                    _ => self.matching(&found, what, frame).await?.is_some(),
                }
            }
        };
        Ok(Done::flag(there))
    }

    pub(super) async fn count(&mut self, of: &Collection, frame: &Frame<'_>) -> Result<Done, Refusal> {
        let count = match of {
            Collection::Room(room) => self.present(room, frame).await?.len(),
            Collection::State(state) => self.store().len(&self.state(state, frame)?.key).await?,
        };
        Ok(Done::count(count))
    }

    pub(super) async fn clear(&mut self, state: &StateRef, frame: &Frame<'_>) -> Result<Done, Refusal> {
        let found = self.state(state, frame)?;
        Ok(Done::count(self.store().clear(&found.key).await?))
    }

    pub(super) async fn take(&mut self, state: &StateRef, what: &Choice, frame: &Frame<'_>) -> Result<Done, Refusal> {
        let found = self.state(state, frame)?;
        let taken = match what {
            Choice::First | Choice::Any => self.store().take(&found.key, Which::First).await?,
            Choice::Member(name) | Choice::Field(name, _) if no_match(what) => {
                self.store().take(&found.key, Which::Named(&self.field(name, frame)?)).await?
            }
            _ => self.take_matching(&found, what, frame).await?,
        };
        Ok(Done::maybe(taken.map(|entry| value_of(found.state.kind, &entry)).transpose()?))
    }

    /// Takes what matches: found first, then removed if it is still the same; anew if another was quicker.
    async fn take_matching(
        &self,
        found: &Found<'_>,
        what: &Choice,
        frame: &Frame<'_>,
    ) -> Result<Option<Entry>, Refusal> {
        for _ in 0..TAKE_TRIES_MAX {
            let Some(entry) = self.matching(found, what, frame).await? else { return Ok(None) };
            if let Some(taken) = self.store().take(&found.key, Which::Exact(&entry)).await? {
                return Ok(Some(taken));
            }
        }
        Err(Refusal::because("BUSY", "others keep changing what is to be taken"))
    }

    /// The oldest entry that is meant and has the properties asked for.
    async fn matching(&self, found: &Found<'_>, what: &Choice, frame: &Frame<'_>) -> Result<Option<Entry>, Refusal> {
        let (candidates, properties) = match what {
            Choice::Field(name, properties) => {
                let name = self.field(name, frame)?;
                let value = self.store().get(&found.key, &name).await?;
                (value.map(|value| Entry { name: name.into(), value }).into_iter().collect(), properties)
            }
            Choice::Match(properties) => (self.store().all(&found.key, None).await?, properties),
            _ => return Ok(None),
        };
        let wanted: Vec<(&str, Option<Value>)> =
            properties.iter().map(|(name, data)| Ok((&**name, data.eval(frame)?))).collect::<Result<_, Refusal>>()?;
        for entry in candidates {
            let value = parsed(&entry.value)?;
            if wanted.iter().all(|(name, wanted)| value.get(name) == wanted.as_ref()) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }
}

fn no_match(what: &Choice) -> bool {
    !matches!(what, Choice::Field(_, properties) if !properties.is_empty())
}

fn written(written: Written) -> Result<Done, Refusal> {
    match written {
        Written::Done => Ok(Done::flag(true)),
        Written::Not => Ok(Done::flag(false)),
        Written::Full => Err(Refusal::code("FULL")),
        Written::TooLarge => Err(Refusal::code("PAYLOAD_TOO_LARGE")),
    }
}

fn condition(only: Only) -> state::Only {
    match only {
        Only::Any => state::Only::Any,
        Only::New => state::Only::New,
        Only::Existing => state::Only::Existing,
    }
}

/// A life of its own, in milliseconds.
fn life(ttl: Option<&Ttl>, frame: &Frame<'_>) -> Result<Option<i64>, Refusal> {
    let duration = match ttl {
        None => return Ok(None),
        Some(Ttl::Fixed(duration)) => *duration,
        Some(Ttl::Computed(template)) => {
            let text = template.text(frame)?.unwrap_or_default();
            let not_a_duration = || Refusal::invalid("", "a length of time is needed, from a whole number above 0");
            duration_of(&text).ok_or_else(not_a_duration)?
        }
    };
    Ok(Some(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
}

/// The text by which an entry of a list is there once.
fn token(value: &str, property: &str) -> Result<String, Refusal> {
    match parsed(value)?.get(property) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other @ (Value::Number(_) | Value::Bool(_))) => Ok(other.to_string()),
        _ => Err(Refusal::internal(format!("what is pushed has no `{property}`"))),
    }
}

fn collected(kind: StateKind, entries: &[Entry]) -> Result<Value, Refusal> {
    Ok(match kind {
        StateKind::Hash => {
            let fields = entries.iter().map(|entry| Ok((entry.name.to_string(), parsed(&entry.value)?)));
            Value::Object(fields.collect::<Result<Map<_, _>, Refusal>>()?)
        }
        StateKind::Set => entries.iter().map(|entry| Value::from(&*entry.name)).collect(),
        StateKind::List => entries.iter().map(|entry| parsed(&entry.value)).collect::<Result<_, _>>()?,
        StateKind::Counter => match entries.first() {
            Some(entry) => parsed(&entry.value)?,
            None => 0.into(),
        },
    })
}

/// What `take` yields of an entry.
pub(crate) fn value_of(kind: StateKind, entry: &Entry) -> Result<Value, Refusal> {
    match kind {
        StateKind::Set => Ok(Value::from(&*entry.name)),
        StateKind::Hash | StateKind::List | StateKind::Counter => parsed(&entry.value),
    }
}

/// `entry`, as `on_expire` sees it.
pub(crate) fn expired_value(kind: StateKind, entry: &Entry) -> Result<Value, Refusal> {
    let mut seen = Map::new();
    if kind == StateKind::Hash {
        seen.insert("field".into(), Value::from(&*entry.name));
    }
    seen.insert("value".into(), value_of(kind, entry)?);
    Ok(Value::Object(seen))
}
