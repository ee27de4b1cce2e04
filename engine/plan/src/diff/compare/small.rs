//! Small values in words.

use std::time::Duration;

/// `90s`, `2m`, `250ms`: the largest unit that says it without a fraction.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let unit = units.iter().find(|(size, _)| millis >= *size && millis.is_multiple_of(*size));
    unit.map_or_else(|| format!("{millis}ms"), |(size, letter)| format!("{}{letter}", millis / size))
}
