//! One set of diagnostics, in every form.

use homeroom_definition::render::{self, Look};
use homeroom_definition::{Diagnostic, Diagnostics, Sources, Span, codes};
use serde_json::json;

fn example() -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::new();
    let main = sources.add("a b/main.yaml", "rooms:\n  hälle: 1\n");
    let other = sources.add("other.yaml", "rooms:\n  hall: 2\n");
    let mut diags = Diagnostics::new();
    diags.push(
        Diagnostic::error(codes::UNKNOWN_KEY, Span::new(main, 9, 15), "no such room")
            .label("unknown")
            .related(Span::new(other, 9, 13), "this one is there")
            .help("look there")
            .fix(Span::new(main, 9, 15), "hall", "did you mean `hall`?"),
    );
    diags.push(Diagnostic::warning(codes::BLANK, Span::new(main, 900, 950), "beyond the end"));
    (sources, diags.sorted())
}

#[test]
fn text_shows_both_files_and_the_fix() {
    let (sources, diags) = example();
    let told = render::text(&diags, &sources, Look::Plain);
    let expected = "\
error[HR0110]: no such room
 --> a b/main.yaml:2:3
  |
2 |   hälle: 1
  |   ^^^^^ unknown
  |
 ::: other.yaml:2:3
  |
2 |   hall: 2
  |   ---- this one is there
  |
  = help: look there
help: did you mean `hall`?
  |
2 -   hälle: 1
2 +   hall: 1
  |

warning[HR0113]: beyond the end
 --> a b/main.yaml:2:12
  |
2 |   hälle: 1
  |           ^
";
    assert_eq!(trimmed(&told), trimmed(expected));
}

fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[test]
fn colours_change_nothing_but_colours() {
    let (sources, diags) = example();
    let coloured = render::text(&diags, &sources, Look::Coloured);
    assert!(coloured.contains('\u{1b}') && coloured.contains("no such room"));
}

#[test]
fn terminal_codes_in_a_file_do_not_reach_the_terminal() {
    let mut sources = Sources::new();
    let id = sources.add("a.yaml", "a: \u{1b}[31mred\n");
    let wiping = "\u{1b}[2J wiped";
    let told = Diagnostic::error(codes::UNKNOWN_KEY, Span::new(id, 0, 1), wiping);
    let told =
        told.label(wiping).related(Span::new(id, 3, 8), wiping).help(wiping).fix(Span::new(id, 0, 1), wiping, wiping);
    let shown = render::text(&[told], &sources, Look::Plain);
    assert!(!shown.contains('\u{1b}') && shown.matches("wiped").count() == 6, "{shown}");
    let shown = render::pointed(&[(Span::new(id, 3, 8), wiping.to_owned())], &sources, Look::Plain);
    assert!(!shown.contains('\u{1b}') && shown.contains("wiped"), "{shown}");
}

#[test]
fn a_summary_counts() {
    let (_, diags) = example();
    assert_eq!(render::summary(&diags), "1 error, 1 warning");
    assert_eq!(render::summary(&[]), "no mistakes");
}

#[test]
fn json_has_its_promised_shape() {
    let (sources, diags) = example();
    let range = |start: usize, end: usize| json!({ "start": { "line": 2, "column": start }, "end": { "line": 2, "column": end } });
    let told = render::json(&diags, &sources);
    assert_eq!((&told["errors"], &told["warnings"]), (&json!(1), &json!(1)));
    assert_eq!(
        told["diagnostics"][0],
        json!({
            "code": "HR0110", "severity": "error", "message": "no such room", "label": "unknown",
            "path": "a b/main.yaml", "range": range(3, 8), "bytes": { "start": 9, "end": 15 },
            "related": [{
                "message": "this one is there", "path": "other.yaml", "range": range(3, 7), "bytes": { "start": 9, "end": 13 },
            }],
            "helps": ["look there"],
            "fix": {
                "replacement": "hall", "title": "did you mean `hall`?",
                "path": "a b/main.yaml", "range": range(3, 8), "bytes": { "start": 9, "end": 15 },
            },
        })
    );
    assert_eq!(told["diagnostics"][1]["fix"], json!(null));
}

#[test]
fn sarif_has_rules_places_and_fixes() {
    let (sources, diags) = example();
    let log = render::sarif(&diags, &sources, &[codes::ALL]);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "HR0110");
    assert_eq!(run["tool"]["driver"]["rules"][1]["shortDescription"]["text"], "Nothing stands after a key.");
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("HR0110"), &json!("error")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/main.yaml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&json!(2), &json!(3)));
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "hall");
    assert_eq!(result["relatedLocations"][0]["message"]["text"], "this one is there");
}
