//! What comes in: text, bounded and read once; and whether it is what its event may carry.

mod dom;

use std::borrow::Cow;

use bytes::Bytes;
use homeroom_plan::payload::{Fields, Payload};
use homeroom_plan::program::Input;
use homeroom_plan::schema::{Issue, Validator};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::settings::RuntimeSettings;
use crate::{Refusal, reply};

/// An event as it came.
#[derive(Debug)]
pub struct Incoming {
    /// `["name", arg, ...]`
    pub text: Box<str>,
    /// The id of the ack that is asked for.
    pub ack: Option<u64>,
    /// Its attachments.
    pub attachments: Vec<Bytes>,
}

impl Incoming {
    /// How much memory it holds, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}

/// An event, its name apart from its arguments.
pub(crate) struct Heard<'t> {
    pub(crate) name: Cow<'t, str>,
    /// What stands behind the name, if that was found at first sight: one argument, or several, or no JSON at all.
    behind: Option<&'t str>,
    /// `["name", arg, ...]`
    text: &'t str,
}

impl<'t> Heard<'t> {
    /// Its arguments.
    ///
    /// # Errors
    /// INVALID_PAYLOAD if it is no list, or has more than there may be.
    pub(crate) fn args(&self, settings: &RuntimeSettings) -> Result<Vec<&'t RawValue>, Refusal> {
        let mut args = listed(self.text)?;
        args.remove(0);
        if args.len() > settings.arguments_max {
            return Err(Refusal::invalid("", "has too many arguments"));
        }
        Ok(args)
    }
}

/// The event's list, which has a name at least.
fn listed(text: &str) -> Result<Vec<&RawValue>, Refusal> {
    let not_an_event = |_| Refusal::invalid("", "is not an event: a list that begins with its name");
    let all: Vec<&RawValue> = serde_json::from_str(text).map_err(not_an_event)?;
    if all.is_empty() { Err(Refusal::invalid("", "has no name")) } else { Ok(all) }
}

/// What an event carries, as definitions see it.
#[derive(Default)]
pub(crate) struct Carried {
    /// `payload`
    pub(crate) payload: Option<Payload>,
    /// `args`
    pub(crate) args: Option<Value>,
}

/// Bounds an event and takes it apart.
///
/// # Errors
/// PAYLOAD_TOO_LARGE, INVALID_PAYLOAD
pub(crate) fn hear<'t>(text: &'t str, settings: &RuntimeSettings) -> Result<Heard<'t>, Refusal> {
    if text.len() > settings.payload_bytes_max {
        return Err(Refusal::code("PAYLOAD_TOO_LARGE"));
    }
    // Two levels are the event's own: the packet's list, and its arguments.
    if is_deeper(text, settings.payload_depth_max + 1) {
        return Err(Refusal::invalid("", "is nested too deep"));
    }
    match at_first_sight(text) {
        Some((name, behind)) => Ok(Heard { name: name.into(), behind: Some(behind), text }),
        None => Ok(Heard { name: event_name(listed(text)?[0].get())?, behind: None, text }),
    }
}

/// The name, if it is written without escapes as most are, and what stands between it and the end of the list.
fn at_first_sight(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix("[\"")?.strip_suffix(']')?.split_once('"')?;
    let behind = rest.strip_prefix(',')?;
    let is_plain = !name.bytes().any(|byte| byte == b'\\' || byte < 0x20);
    is_plain.then_some((name, behind))
}

/// The name of an event; numbers are names too, as the protocol allows them.
fn event_name(raw: &str) -> Result<Cow<'_, str>, Refusal> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    match inner {
        Some(name) if !name.contains('\\') => Ok(Cow::Borrowed(name)),
        Some(_) => serde_json::from_str::<String>(raw).map(Cow::Owned).map_err(|_| Refusal::invalid("", "has no name")),
        None if raw.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Cow::Borrowed(raw)),
        None => Err(Refusal::invalid("", "has no name")),
    }
}

/// Whether the lists and objects of a JSON text are nested deeper than this.
fn is_deeper(text: &str, max: usize) -> bool {
    // Few have so many brackets at all, and these are quickly counted.
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    brackets > max && depth(text) > max
}

/// How deep they are nested.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Checks an event's arguments against what it may carry.
///
/// # Errors
/// INVALID_PAYLOAD with every place that is wrong, up to ten.
pub(crate) fn validate(
    input: &Input,
    heard: &Heard<'_>,
    attachments: usize,
    settings: &RuntimeSettings,
) -> Result<Carried, Refusal> {
    let carried = match closed(input, heard) {
        Some(fields) => Carried { payload: Some(Payload::Fields(fields)), ..Carried::default() },
        None => whole(input, &heard.args(settings)?)?,
    };
    attachments_fit(&carried, attachments)?;
    Ok(carried)
}

/// The one argument of an event that carries a closed object, read where it stands, if it fits.
fn closed(input: &Input, heard: &Heard<'_>) -> Option<Fields> {
    let Input::Payload { closed: Some(closed), .. } = input else { return None };
    closed.read(heard.behind?)
}

fn whole(input: &Input, args: &[&RawValue]) -> Result<Carried, Refusal> {
    match input {
        Input::Nothing => nothing(args),
        Input::Payload { schema, prune, .. } => payload(schema, *prune, args),
        Input::Args(schemas) => exactly(schemas, args),
        Input::AnyArgs => Ok(Carried { args: Some(Value::Array(values(args)?)), ..Carried::default() }),
    }
}

/// Checks one payload that did not come as a packet.
pub(crate) fn validate_value(input: &Input, body: Option<Value>) -> Result<Carried, Refusal> {
    match (input, body) {
        (Input::Nothing, None | Some(Value::Null)) => Ok(Carried::default()),
        (Input::Nothing, Some(_)) => Err(Refusal::invalid("", "this event carries nothing")),
        (Input::Payload { schema, prune, .. }, Some(body)) => checked(schema, *prune, body),
        (Input::Payload { .. }, None) => Err(Refusal::invalid("", "a payload is needed")),
        (Input::Args(_) | Input::AnyArgs, Some(Value::Array(items))) => args_of(input, items),
        (Input::Args(_) | Input::AnyArgs, _) => Err(Refusal::invalid("", "a list of arguments is needed")),
    }
}

fn args_of(input: &Input, items: Vec<Value>) -> Result<Carried, Refusal> {
    if let Input::Args(schemas) = input {
        each_fits(schemas, &items)?;
    }
    Ok(Carried { args: Some(Value::Array(items)), ..Carried::default() })
}

/// Clients send `null` where they were handed `undefined`, so that counts as nothing.
fn nothing(args: &[&RawValue]) -> Result<Carried, Refusal> {
    match args {
        [] => Ok(Carried::default()),
        [only] if only.get() == "null" => Ok(Carried::default()),
        _ => Err(Refusal::invalid("", "this event carries nothing")),
    }
}

fn payload(schema: &Validator, prune: bool, args: &[&RawValue]) -> Result<Carried, Refusal> {
    let [only] = args else {
        return Err(Refusal::invalid("", format!("one argument is needed, and {} came", args.len())));
    };
    checked(schema, prune, value(only)?)
}

fn checked(schema: &Validator, prune: bool, mut value: Value) -> Result<Carried, Refusal> {
    if prune {
        schema.prune(&mut value);
    }
    schema.check(&value).map_err(Refusal::invalid_payload)?;
    Ok(Carried { payload: Some(value.into()), ..Carried::default() })
}

fn exactly(schemas: &[std::sync::Arc<Validator>], args: &[&RawValue]) -> Result<Carried, Refusal> {
    let values = values(args)?;
    each_fits(schemas, &values)?;
    Ok(Carried { args: Some(Value::Array(values)), ..Carried::default() })
}

fn each_fits(schemas: &[std::sync::Arc<Validator>], values: &[Value]) -> Result<(), Refusal> {
    if values.len() != schemas.len() {
        let message = format!("{} arguments are needed, and {} came", schemas.len(), values.len());
        return Err(Refusal::invalid("", message));
    }
    let issues: Vec<Issue> =
        schemas.iter().zip(values).enumerate().flat_map(|(at, (schema, value))| issues(at, schema, value)).collect();
    if issues.is_empty() { Ok(()) } else { Err(Refusal::invalid_payload(issues)) }
}

fn issues(at: usize, schema: &Validator, value: &Value) -> Vec<Issue> {
    let issues = schema.check(value).err().unwrap_or_default();
    issues.into_iter().map(|issue| Issue { path: format!("/{at}{}", issue.path), ..issue }).collect()
}

fn values(args: &[&RawValue]) -> Result<Vec<Value>, Refusal> {
    args.iter().map(|raw| value(raw)).collect()
}

fn value(raw: &RawValue) -> Result<Value, Refusal> {
    dom::read(raw.get()).map_err(|_| Refusal::invalid("", "is not JSON that can be read"))
}

/// A placeholder without its attachment would make receivers' parsers give up.
fn attachments_fit(carried: &Carried, attachments: usize) -> Result<(), Refusal> {
    let mut all = carried.payload.iter().flat_map(Payload::parts).chain(&carried.args);
    let fits = all.all(|value| reply::placeholders_below(value, attachments));
    if fits { Ok(()) } else { Err(Refusal::invalid("", "an attachment is missing")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Option<String> {
        hear(text, &RuntimeSettings::default()).ok().map(|heard| heard.name.into_owned())
    }

    #[test]
    fn names_are_texts_or_numbers() {
        assert_eq!(name(r#"["a",1]"#).as_deref(), Some("a"));
        assert_eq!(name(r#"["caf\u00e9"]"#).as_deref(), Some("caf\u{e9}"));
        assert_eq!(name("[7]").as_deref(), Some("7"));
        for wrong in ["", "[]", "{}", "[null]", "[{}]", r#"["a""#, "[-1]", "[1.5]"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_is_found_at_first_sight_only_where_it_is_plain() {
        assert_eq!(at_first_sight(r#"["a",{"b":"c"}]"#), Some(("a", r#"{"b":"c"}"#)));
        for other in
            [r#"["a"]"#, r#"["a\u0062",1]"#, r#"["a" ,1]"#, r#"[7,1]"#, r#"["a",1"#, r#" ["a",1]"#, "[\"a\n\",1]"]
        {
            assert_eq!(at_first_sight(other), None, "{other}");
        }
        for (text, args) in
            [(r#"["a",1,[2]]"#, Some(2)), (r#"["a",{]"#, None), (r#"["a",1]]"#, None), (r#"["a",]"#, None)]
        {
            let settings = RuntimeSettings::default();
            let found = hear(text, &settings).expect("it has a name").args(&settings);
            assert_eq!(found.ok().map(|args| args.len()), args, "{text}");
        }
    }

    #[test]
    fn depth_counts_brackets_and_not_those_in_texts() {
        let text = r#"[[{"a":"[[[[\"[["}]]"#;
        assert_eq!(depth(text), 3);
        assert!(is_deeper(text, 2) && !is_deeper(text, 3) && !is_deeper(text, 99));
    }

    proptest! {
        #[test]
        fn nothing_that_comes_makes_it_panic(text in r#"[\[\]{}",:\\0-9a-z ]{0,60}"#, attachments in 0..3_usize) {
            if let Ok(heard) = hear(&text, &RuntimeSettings::default()) {
                let _ = validate(&Input::AnyArgs, &heard, attachments, &RuntimeSettings::default());
                let _ = validate(&Input::Nothing, &heard, attachments, &RuntimeSettings::default());
            }
        }

        #[test]
        fn what_is_echoed_is_what_came(text in "[a-z\\u{80}-\\u{ff}]{0,8}", number: i32, flag: bool) {
            let packet = serde_json::json!(["e", { "text": text, "list": [number, flag, null] }, number]).to_string();
            let heard = hear(&packet, &RuntimeSettings::default()).expect("an event");
            let carried = validate(&Input::AnyArgs, &heard, 0, &RuntimeSettings::default()).expect("arguments");
            let args = carried.args.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
            let echoed = reply::written(&args, &[]).expect("arguments");
            prop_assert_eq!(format!("[\"e\",{}]", echoed.text), packet);
        }
    }
}
