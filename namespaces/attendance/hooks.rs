//! What a student's recent marks tell: days missed in a row, and a weekday that is missed again and again.

use homeroom_runtime::HookError;
use jiff::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many absences in a row call for someone to look after a student.
const CONSECUTIVE_MIN: usize = 3;

/// How many absences on one weekday make a pattern,
const WEEKDAY_MIN: usize = 3;

/// within so many days before the newest mark.
const PATTERN_DAYS: i64 = 60;

/// Marks of one student in one class.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Newest first.
    #[schemars(length(max = 1000))]
    marks: Vec<Mark>,
}

#[derive(Deserialize, JsonSchema)]
struct Mark {
    /// Such as `2025-01-15`.
    #[schemars(extend("format" = "date"))]
    date: String,
    status: Status,
}

#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
enum Status {
    Present,
    Absent,
    Late,
    Excused,
}

/// What was found.
#[derive(Serialize, JsonSchema, Debug, PartialEq, Eq, Default)]
pub(crate) struct Findings {
    /// Absent several times in a row, up to the newest mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Intervention")]
    intervention: Option<Intervention>,
    /// Absent again and again on one weekday.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Pattern")]
    pattern: Option<Pattern>,
}

#[derive(Serialize, JsonSchema, Debug, PartialEq, Eq)]
#[schemars(inline)]
struct Intervention {
    #[schemars(length(max = 200))]
    reason: String,
    #[schemars(range(min = 1))]
    days: u32,
}

#[derive(Serialize, JsonSchema, Debug, PartialEq, Eq)]
#[schemars(inline)]
struct Pattern {
    #[schemars(length(max = 60))]
    name: String,
    #[schemars(range(min = 1))]
    times: u32,
}

/// What the marks tell.
pub(crate) fn findings(input: Input) -> Result<Findings, HookError> {
    let in_a_row = input.marks.iter().take_while(|mark| mark.status == Status::Absent).count();
    let absent = input.marks.into_iter().filter(|mark| mark.status == Status::Absent);
    let absences: Vec<Date> = absent.map(|mark| mark.date.parse()).collect::<Result<_, jiff::Error>>()?;
    Ok(Findings { intervention: intervention(in_a_row), pattern: pattern(&absences)? })
}

fn intervention(in_a_row: usize) -> Option<Intervention> {
    let days = u32::try_from(in_a_row).ok().filter(|_| in_a_row >= CONSECUTIVE_MIN)?;
    Some(Intervention { reason: format!("absent {days} times in a row"), days })
}

/// The weekday that was missed most, if it was often enough.
fn pattern(absences: &[Date]) -> Result<Option<Pattern>, jiff::Error> {
    let Some(newest) = absences.first() else { return Ok(None) };
    let mut counts = [0_u32; 7];
    for date in absences {
        if i64::from(newest.since(*date)?.get_days()) <= PATTERN_DAYS {
            counts[usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0)] += 1;
        }
    }
    let most = counts.iter().enumerate().max_by_key(|(_, times)| **times);
    Ok(most.filter(|(_, times)| **times as usize >= WEEKDAY_MIN).map(|(day, times)| Pattern {
        name: format!("absent on {}s", name(i8::try_from(day).unwrap_or(0))),
        times: *times,
    }))
}

fn name(day: i8) -> &'static str {
    match Weekday::from_monday_zero_offset(day) {
        Ok(Weekday::Monday) => "Monday",
        Ok(Weekday::Tuesday) => "Tuesday",
        Ok(Weekday::Wednesday) => "Wednesday",
        Ok(Weekday::Thursday) => "Thursday",
        Ok(Weekday::Friday) => "Friday",
        Ok(Weekday::Saturday) => "Saturday",
        _ => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(marks: &[(&str, Status)]) -> Findings {
        let marks = marks.iter().map(|(date, status)| Mark { date: (*date).to_owned(), status: *status }).collect();
        findings(Input { marks }).expect("findings")
    }

    #[test]
    fn three_days_in_a_row_call_for_someone() {
        use Status::{Absent, Late};
        let found_of =
            found(&[("2025-01-15", Absent), ("2025-01-14", Absent), ("2025-01-13", Absent), ("2025-01-10", Late)]);
        assert_eq!(found_of.intervention, Some(Intervention { reason: "absent 3 times in a row".into(), days: 3 }));
        let broken =
            found(&[("2025-01-15", Absent), ("2025-01-14", Late), ("2025-01-13", Absent), ("2025-01-10", Absent)]);
        assert_eq!(broken.intervention, None);
    }

    #[test]
    fn one_weekday_again_and_again_is_a_pattern() {
        use Status::{Absent, Present};
        let marks = [("2025-01-15", Absent), ("2025-01-14", Present), ("2025-01-08", Absent), ("2025-01-01", Absent)];
        assert_eq!(found(&marks).pattern, Some(Pattern { name: "absent on Wednesdays".into(), times: 3 }));
        let old = [("2025-01-15", Absent), ("2025-01-08", Absent), ("2024-10-02", Absent)];
        assert_eq!(found(&old).pattern, None);
    }

    #[test]
    fn no_marks_tell_nothing() {
        assert_eq!(found(&[]), Findings::default());
    }
}
