//! What was expected and what came, side by side.

use serde_json::Value;

use super::compare::{Expectation, alike, expects, short};

/// How wide the left column is at most, in characters.
const LEFT_MAX: usize = 56;

/// A line of both: where they differ, its mark says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Whether the two agree.
    pub(super) mark: Mark,
    /// What was expected.
    pub(super) left: String,
    /// What came.
    pub(super) right: String,
}

/// What is the matter with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing.
    Same,
    /// Another value came.
    Other,
    /// It did not come.
    Missing,
    /// It came, and must not.
    Extra,
}

impl Mark {
    fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Other => '~',
            Self::Missing => '-',
            Self::Extra => '+',
        }
    }
}

/// Both values, line by line.
pub(super) fn rows(expected: &Value, actual: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    add("", Some(expected), Some(actual), 0, &mut rows);
    rows
}

/// The rows as a table with two columns; each line begins with `indent`. `paint` is given what differs.
pub(super) fn table(rows: &[Row], indent: &str, paint: impl Fn(&str) -> String) -> String {
    let width = rows.iter().map(|row| row.left.chars().count()).max().unwrap_or(0).clamp("expected".len(), LEFT_MAX);
    let line =
        |sign: char, left: &str, right: &str| format!("{indent}{sign} {left:<width$}  {right}").trim_end().to_owned();
    let mut table = line(' ', "expected", "came") + "\n";
    for row in rows {
        let drawn = line(row.mark.sign(), &cut(&row.left, width), &row.right);
        table += &if row.mark == Mark::Same { drawn } else { paint(&drawn) };
        table.push('\n');
    }
    table
}

fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some(_) => text.chars().take(width.saturating_sub(3)).chain("...".chars()).collect(),
        None => text.to_owned(),
    }
}

fn add(name: &str, expected: Option<&Value>, actual: Option<&Value>, depth: usize, rows: &mut Vec<Row>) {
    match (expected, actual) {
        (Some(expected @ Value::Object(wanted)), Some(Value::Object(there)))
            if expects(expected) == Expectation::This =>
        {
            rows.push(both(depth, name, "{", "{"));
            for (name, wanted) in wanted {
                add(name, Some(wanted), there.get(name), depth + 1, rows);
            }
            let others: Vec<&str> =
                there.keys().filter(|name| !wanted.contains_key(*name)).map(String::as_str).collect();
            if !others.is_empty() {
                rows.push(row(Mark::Same, depth + 1, "", &format!("... and {}", others.join(", "))));
            }
            rows.push(both(depth, "", "}", "}"));
        }
        (Some(Value::Array(wanted)), Some(Value::Array(there))) => {
            rows.push(both(depth, name, "[", "["));
            for at in 0..wanted.len().max(there.len()) {
                add("", wanted.get(at), there.get(at), depth + 1, rows);
            }
            rows.push(both(depth, "", "]", "]"));
        }
        (expected, actual) => rows.push(Row {
            mark: mark(expected, actual),
            left: said(depth, name, expected),
            right: said(depth, name, actual),
        }),
    }
}

fn mark(expected: Option<&Value>, actual: Option<&Value>) -> Mark {
    match (expected, actual) {
        (Some(wanted), Some(there)) if alike(wanted, there) => Mark::Same,
        (Some(wanted), Some(_)) if expects(wanted) == Expectation::Nothing => Mark::Extra,
        (Some(_), Some(_)) => Mark::Other,
        (Some(wanted), None) if expects(wanted) == Expectation::Nothing => Mark::Same,
        (Some(_), None) => Mark::Missing,
        (None, _) => Mark::Extra,
    }
}

fn said(depth: usize, name: &str, value: Option<&Value>) -> String {
    let Some(value) = value else { return String::new() };
    indented(depth, name, &short(value))
}

fn both(depth: usize, name: &str, left: &str, right: &str) -> Row {
    Row { mark: Mark::Same, left: indented(depth, name, left), right: indented(depth, name, right) }
}

fn row(mark: Mark, depth: usize, left: &str, right: &str) -> Row {
    Row { mark, left: indented(depth, "", left), right: indented(depth, "", right) }
}

fn indented(depth: usize, name: &str, text: &str) -> String {
    let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
    format!("{}{name}{text}", "  ".repeat(depth))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_stand_beside_each_other_and_what_differs_is_marked() {
        let expected = json!({"userId": "t-1", "isTyping": true, "note": "<absent>", "at": "<any>", "tags": [1]});
        let actual = json!({"userId": "t-1", "isTyping": false, "note": "x", "classId": "m", "at": 1, "tags": [1, 2]});
        let drawn = table(&rows(&expected, &actual), "", str::to_owned);
        let wanted = "
  expected            came
  {                   {
    userId: \"t-1\"       userId: \"t-1\"
~   isTyping: true      isTyping: false
+   note: \"<absent>\"    note: \"x\"
    at: \"<any>\"         at: 1
    tags: [             tags: [
      1                   1
+                         2
    ]                   ]
                        ... and classId
  }                   }
";
        assert_eq!(drawn, wanted.trim_start_matches('\n'));
    }

    #[test]
    fn long_values_are_cut() {
        let long = json!({"body": "x".repeat(500)});
        let drawn = table(&rows(&long, &json!({})), "", str::to_owned);
        assert!(drawn.lines().all(|line| line.chars().count() < 140), "{drawn}");
        assert!(drawn.contains("...") && drawn.contains("-   body"), "{drawn}");
    }
}
