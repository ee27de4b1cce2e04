//! What goes out as arguments: acks in their envelopes, refusals, and values with attachments.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use homeroom_plan::data::Data;
use homeroom_plan::frame::{Frame, Now};
use homeroom_plan::program::{Ack, Args, Entry, Envelope, Namespace, envelope_slot};
use homeroom_plan::user::User;
use serde_json::{Map, Value, json};

use crate::Refusal;
use crate::outlet::WireArgs;

/// What JSON is written into stays for the next, up to so many bytes of it.
const KEPT_BYTES_MAX: usize = 16 * 1024;

thread_local! {
    static WRITTEN: Cell<String> = const { Cell::new(String::new()) };
}

/// Data as JSON text; `None` if it is absent.
///
/// # Errors
/// As [`Data::eval`].
pub(crate) fn json_of(data: &Data, frame: &Frame<'_>) -> Result<Option<Arc<str>>, Refusal> {
    let mut text = WRITTEN.take();
    text.clear();
    let there = data.write_json(frame, &mut text);
    let made = there.map(|there| there.then(|| Arc::from(text.as_str())));
    if text.capacity() <= KEPT_BYTES_MAX {
        WRITTEN.set(text);
    }
    Ok(made?)
}

/// What the sender of an event that went well is answered.
pub(crate) fn success(entry: &Entry, frame: &Frame<'_>, attachments: &[Bytes]) -> Result<WireArgs, Refusal> {
    if let (Some(answer), []) = (&entry.answer, attachments) {
        return Ok(WireArgs::plain(json_of(answer, frame)?.unwrap_or_default()));
    }
    let ack = match &entry.ack {
        Ack::Args(args) => return written(&arguments(args, frame)?, attachments),
        Ack::Empty => None,
        Ack::Value(data) => data.eval(frame)?,
    };
    let values: Vec<Value> = match &entry.envelope.success {
        Some(form) => enveloped(form, frame.now, [(envelope_slot::ACK, ack)])?.into_iter().collect(),
        None => ack.into_iter().collect(),
    };
    written(&values, attachments)
}

/// What the sender of one of the engine's own events is answered when it went well.
pub(crate) fn granted(envelope: &Envelope, value: Value, now: &Now) -> WireArgs {
    let answer = match &envelope.success {
        Some(form) => enveloped(form, now, [(envelope_slot::ACK, Some(value))]).ok().flatten(),
        None => Some(value),
    };
    WireArgs::plain(answer.unwrap_or(Value::Null).to_string())
}

/// What the sender of a refused event is answered.
pub(crate) fn failure(envelope: &Envelope, namespace: &Namespace, refusal: &Refusal, now: &Now) -> WireArgs {
    let slots = [
        (envelope_slot::MESSAGE, Some(Value::from(&*refusal.text(Some(namespace))))),
        (envelope_slot::CODE, Some(Value::from(&*refusal.code))),
        (envelope_slot::RETRY_AFTER_MS, refusal.retry_after_ms.map(Value::from)),
        (envelope_slot::ERRORS, errors(refusal)),
    ];
    let answer = enveloped(&envelope.failure, now, slots).ok().flatten();
    WireArgs::plain(answer.unwrap_or_else(|| json!({ "success": false, "code": &*refusal.code })).to_string())
}

/// The `error` event for a refused event that asked for no ack.
pub(crate) fn error_event(event: &str, namespace: Option<&Namespace>, refusal: &Refusal) -> WireArgs {
    let mut told = Map::new();
    told.insert("event".into(), event.into());
    told.insert("error".into(), (&*refusal.text(namespace)).into());
    told.insert("code".into(), (&*refusal.code).into());
    told.extend(refusal.retry_after_ms.map(|ms| ("retryAfterMs".into(), ms.into())));
    told.extend(errors(refusal).map(|errors| ("errors".into(), errors)));
    WireArgs::plain(Value::Object(told).to_string())
}

/// The `error` event for a room that a client has lost, and by what: its rules are others now, it was asked again whether
/// it may be there, or somebody took it out.
pub(crate) fn room_lost(by: &str, room: &str, namespace: &Namespace, refusal: &Refusal) -> WireArgs {
    let text = refusal.text(Some(namespace));
    WireArgs::plain(json!({ "event": by, "error": &*text, "code": &*refusal.code, "room": room }).to_string())
}

fn errors(refusal: &Refusal) -> Option<Value> {
    let told = |issue: &homeroom_plan::schema::Issue| json!({ "path": issue.path, "message": issue.message });
    (!refusal.issues.is_empty()).then(|| refusal.issues.iter().map(told).collect())
}

fn enveloped(
    form: &Data,
    now: &Now,
    values: impl IntoIterator<Item = (usize, Option<Value>)>,
) -> Result<Option<Value>, Refusal> {
    let mut frame = Frame::new(&User::Nobody, now, envelope_slot::COUNT);
    for (slot, value) in values {
        frame.set(slot, value);
    }
    Ok(form.eval(&frame)?)
}

/// Several arguments, evaluated.
pub(crate) fn arguments(args: &Args, frame: &Frame<'_>) -> Result<Vec<Value>, Refusal> {
    match args {
        Args::Each(all) => {
            let values = all.iter().map(|data| Ok(data.eval(frame)?.unwrap_or(Value::Null)));
            values.collect()
        }
        Args::List(expr) => match expr.eval(frame)?.map(std::borrow::Cow::into_owned) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(Refusal::internal("the arguments are no list")),
        },
    }
}

/// Values as arguments, with the attachments they use, numbered anew.
pub(crate) fn written(values: &[Value], attachments: &[Bytes]) -> Result<WireArgs, Refusal> {
    if attachments.is_empty() {
        return Ok(WireArgs::plain(joined(values)));
    }
    let (mut values, mut used) = (values.to_vec(), Vec::new());
    values.iter_mut().for_each(|value| renumber(value, attachments, &mut used));
    Ok(WireArgs { text: joined(&values).into(), attachments: Arc::from(used) })
}

fn joined(values: &[Value]) -> String {
    let mut text = String::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&value.to_string());
    }
    text
}

/// Whether every placeholder in `value` has its attachment.
pub(crate) fn placeholders_below(value: &Value, attachments: usize) -> bool {
    match value {
        Value::Object(map) if is_placeholder(map) => number(map).is_some_and(|number| number < attachments),
        Value::Object(map) => map.values().all(|value| placeholders_below(value, attachments)),
        Value::Array(items) => items.iter().all(|value| placeholders_below(value, attachments)),
        _ => true,
    }
}

fn renumber(value: &mut Value, attachments: &[Bytes], used: &mut Vec<Bytes>) {
    match value {
        Value::Object(map) if is_placeholder(map) => {
            *value = match number(map).and_then(|number| attachments.get(number)) {
                Some(bytes) => {
                    used.push(bytes.clone());
                    json!({ "_placeholder": true, "num": used.len() - 1 })
                }
                None => Value::Null,
            };
        }
        Value::Object(map) => map.values_mut().for_each(|value| renumber(value, attachments, used)),
        Value::Array(items) => items.iter_mut().for_each(|value| renumber(value, attachments, used)),
        _ => {}
    }
}

fn is_placeholder(map: &Map<String, Value>) -> bool {
    map.get("_placeholder") == Some(&Value::Bool(true))
}

fn number(map: &Map<String, Value>) -> Option<usize> {
    usize::try_from(map.get("num")?.as_u64()?).ok()
}
