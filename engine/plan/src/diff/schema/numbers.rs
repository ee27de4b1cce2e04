//! What bounds of numbers follow from others.

use serde_json::{Number, Value};

use super::kinds::Kinds;
use super::parts::Parts;

/// Whether what `a` asks of numbers implies `keyword: bound`.
pub(super) fn follows(a: &Parts<'_>, keyword: &str, bound: &Value) -> bool {
    let whole = !a.kinds().meets(Kinds::FRACTION);
    match keyword {
        "multipleOf" => {
            let steps = a.all("multipleOf").any(|step| is_multiple(step, bound));
            steps || (whole && is_multiple(&Value::from(1), bound))
        }
        "minimum" | "exclusiveMinimum" => {
            let asked = keyword == "exclusiveMinimum";
            let (loose, strict) = (a.all("minimum"), a.all("exclusiveMinimum"));
            let known = loose.map(|known| (known, false)).chain(strict.map(|known| (known, true)));
            known.into_iter().any(|known| is_beyond(known, (bound, asked), whole, 1))
        }
        _ => {
            let asked = keyword == "exclusiveMaximum";
            let (loose, strict) = (a.all("maximum"), a.all("exclusiveMaximum"));
            let known = loose.map(|known| (known, false)).chain(strict.map(|known| (known, true)));
            known.into_iter().any(|known| is_beyond(known, (bound, asked), whole, -1))
        }
    }
}

/// Whether a bound is as strict as another; `sign` is 1 for lower bounds and -1 for upper ones.
fn is_beyond(known: (&Value, bool), asked: (&Value, bool), whole: bool, sign: i64) -> bool {
    if let (true, Some(known), Some(asked)) = (whole, inclusive(known, sign), inclusive(asked, sign)) {
        return sign * known >= sign * asked;
    }
    let Some(order) = compare(known.0, asked.0) else { return false };
    let order = if sign < 0 { order.reverse() } else { order };
    order.is_gt() || (order.is_eq() && (known.1 || !asked.1))
}

/// For whole numbers: the nearest that is still within the bound.
fn inclusive((bound, strict): (&Value, bool), sign: i64) -> Option<i64> {
    const EXACT: i64 = 1 << 53;
    let number = bound.as_i64().filter(|number| number.abs() < EXACT)?;
    Some(if strict { number + sign } else { number })
}

fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// Whether every multiple of `step` is one of `bound`. Beyond whole numbers only equal ones are, as fractions are not exact.
fn is_multiple(step: &Value, bound: &Value) -> bool {
    let whole = |value: &Value| value.as_number().and_then(Number::as_i64);
    match (whole(step), whole(bound)) {
        (Some(step), Some(bound)) if bound != 0 => step % bound == 0,
        _ => step == bound,
    }
}
