//! The one place where a value from outside becomes part of a name: of a room, a key, a field.
//!
//! Parameters of rooms and keys are data, never structure: what could spell a separator is refused, so that
//! `rvd-001:admins` cannot name a stronger room.

use homeroom_definition::{Pattern, is_param_value};
use homeroom_plan::data::Template;
use homeroom_plan::frame::Frame;

use crate::Refusal;

/// How many bytes the values of a name usually have; for its first allocation.
const USUAL_BYTES: usize = 48;

/// The values of a pattern's parameters; `None` if one of them is absent.
///
/// # Errors
/// INVALID_PAYLOAD, naming the parameter, for a value that could be structure.
pub(crate) fn values(
    pattern: &Pattern,
    params: &[Template],
    frame: &Frame<'_>,
) -> Result<Option<Vec<String>>, Refusal> {
    let mut values = Vec::with_capacity(params.len());
    for (number, template) in params.iter().enumerate() {
        let mut value = String::new();
        if !put(template, frame, &mut value, || unusable(pattern, number))? {
            return Ok(None);
        }
        values.push(value);
    }
    Ok(Some(values))
}

/// The name that a pattern spells with these values.
pub(crate) fn spelt(pattern: &Pattern, values: &[String]) -> Result<String, Refusal> {
    pattern.fill(values).ok_or_else(|| unusable(pattern, 0))
}

/// The name that a pattern spells with what its parameters are in `frame`; `None` if one of them is absent.
///
/// # Errors
/// As [`values`].
pub(crate) fn name(pattern: &Pattern, params: &[Template], frame: &Frame<'_>) -> Result<Option<String>, Refusal> {
    let mut name = String::with_capacity(pattern.text.len() + USUAL_BYTES);
    let there = pattern.spell(&mut name, |number, name| {
        let template = params.get(number).ok_or_else(|| unusable(pattern, number))?;
        put(template, frame, name, || unusable(pattern, number))
    })?;
    Ok(there.then_some(name))
}

/// Appends the value of a parameter; says whether it is there.
fn put(
    template: &Template,
    frame: &Frame<'_>,
    out: &mut String,
    unusable: impl FnOnce() -> Refusal,
) -> Result<bool, Refusal> {
    let before = out.len();
    if !template.write(frame, out)? {
        return Ok(false);
    }
    if is_param_value(&out[before..]) { Ok(true) } else { Err(unusable()) }
}

/// The text of a field or member.
///
/// # Errors
/// INVALID_PAYLOAD if it is absent, empty, longer than `bytes_max`, or has control characters.
pub(crate) fn field(template: &Template, frame: &Frame<'_>, bytes_max: usize) -> Result<String, Refusal> {
    let text = template.text(frame)?.unwrap_or_default();
    let usable = !text.is_empty() && text.len() <= bytes_max && !text.chars().any(char::is_control);
    if usable {
        Ok(text)
    } else {
        Err(Refusal::invalid("", "a text that names an entry is empty, too long, or has control characters"))
    }
}

/// The parameter of this number has a value that could be structure.
fn unusable(pattern: &Pattern, number: usize) -> Refusal {
    let name = pattern.params().nth(number).unwrap_or("");
    Refusal::invalid(
        format!("/{name}"),
        "cannot be part of a room's or key's name: 1 to 128 bytes without `:`, `<`, `>`, `*`",
    )
}
