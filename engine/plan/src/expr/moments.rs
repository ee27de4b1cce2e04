//! Moments, dates and spans of time, as expressions compute with them.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::Number;

use crate::frame;

/// The time zones of the world as this program was built with them: the same on every server.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// What an author or a payload may have got wrong, without the value.
pub(super) type Wrong = &'static str;

const NO_MOMENT: Wrong = "this is not a moment in RFC 3339, such as `2026-03-01T08:00:00Z`";
const NO_ZONE: Wrong = "there is no such time zone; they are named as in `America/Chicago`";
const NO_DURATION: Wrong = "this is neither a number of seconds nor a duration such as `90s`, `5m`, `24h`, `7d`";
const TOO_FAR: Wrong = "the moment is too far away";

/// A time zone by its name in the IANA database.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// The day it is in `zone` at `moment`, as `2026-03-01`.
pub(super) fn date(moment: &str, zone_name: &str) -> Result<String, Wrong> {
    let zone = zone(zone_name).ok_or(NO_ZONE)?;
    Ok(zone.to_datetime(parsed(moment)?).date().to_string())
}

/// The moment so many milliseconds after `moment`, in RFC 3339.
pub(super) fn plus(moment: &str, ms: i64) -> Result<String, Wrong> {
    let later = parsed(moment)?.as_millisecond().checked_add(ms).ok_or(TOO_FAR)?;
    Timestamp::from_millisecond(later).map(frame::written).map_err(|_| TOO_FAR)
}

/// The seconds from `moment` to `now_ms`, whole where they are.
pub(super) fn seconds_since(moment: &str, now_ms: i64) -> Result<Number, Wrong> {
    let ms = now_ms - parsed(moment)?.as_millisecond();
    if ms % 1000 == 0 {
        return Ok((ms / 1000).into());
    }
    Number::from_f64(ms as f64 / 1000.0).ok_or(TOO_FAR)
}

/// A duration such as `5m`, in milliseconds.
pub(super) fn duration_ms(text: &str) -> Result<i64, Wrong> {
    let text = text.trim();
    let (text, sign) = text.strip_prefix('-').map_or((text, 1), |rest| (rest, -1));
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let count: i64 = text[..digits].parse().map_err(|_| NO_DURATION)?;
    let unit = match text[digits..].trim_start() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(NO_DURATION),
    };
    count.checked_mul(unit * sign).ok_or(TOO_FAR)
}

/// A number of seconds, in milliseconds.
pub(super) fn seconds_ms(seconds: f64) -> Result<i64, Wrong> {
    let ms = (seconds * 1000.0).round();
    if ms.abs() < i64::MAX as f64 { Ok(ms as i64) } else { Err(TOO_FAR) }
}

fn parsed(moment: &str) -> Result<Timestamp, Wrong> {
    moment.parse().map_err(|_| NO_MOMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_depends_on_the_zone() {
        assert_eq!(date("2026-03-01T03:30:00Z", "America/Chicago").as_deref(), Ok("2026-02-28"));
        assert_eq!(date("2026-03-01T03:30:00Z", "UTC").as_deref(), Ok("2026-03-01"));
        assert_eq!(date("2026-03-01T23:30:00+01:00", "Europe/Paris").as_deref(), Ok("2026-03-01"));
        assert_eq!(date("2026-03-01T03:30:00Z", "Mars/Olympus"), Err(NO_ZONE));
        assert_eq!(date("yesterday", "UTC"), Err(NO_MOMENT));
    }

    #[test]
    fn a_moment_moves_by_durations() {
        let plus_text = |text| duration_ms(text).and_then(|ms| plus("2026-03-01T08:00:00Z", ms));
        assert_eq!(plus_text("5m").as_deref(), Ok("2026-03-01T08:05:00.000Z"));
        assert_eq!(plus_text("250ms").as_deref(), Ok("2026-03-01T08:00:00.250Z"));
        assert_eq!(plus_text("-1d").as_deref(), Ok("2026-02-28T08:00:00.000Z"));
        for wrong in ["", "m", "5", "5 weeks", "1.5h", "\u{665}m"] {
            assert_eq!(plus_text(wrong), Err(NO_DURATION), "{wrong}");
        }
        assert_eq!(plus_text("9223372036854775807d"), Err(TOO_FAR));
        assert_eq!(plus_text("99999999999d"), Err(TOO_FAR));
        assert_eq!(seconds_ms(1.5), Ok(1500));
        assert_eq!(seconds_ms(1e300), Err(TOO_FAR));
    }

    #[test]
    fn seconds_are_whole_where_they_can_be() {
        let now = 1_772_352_000_000;
        assert_eq!(seconds_since("2026-03-01T07:59:57Z", now), Ok(3.into()));
        assert_eq!(seconds_since("2026-03-01T07:59:58.500Z", now), Ok(Number::from_f64(1.5).unwrap()));
        assert_eq!(seconds_since("2026-03-01T08:00:05Z", now), Ok((-5).into()));
    }
}
