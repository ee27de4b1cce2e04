//! What scenarios came to as JUnit XML, which most CI systems show.

use std::fmt::Write as _;

use homeroom_definition::Sources;
use homeroom_definition::render::Look;

use super::session::Sheet;
use crate::scenario::Played;

/// All files, each a suite.
pub(super) fn document(sheets: &[Sheet], sources: &Sources) -> String {
    let all = || sheets.iter().flat_map(|sheet| &sheet.played);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites name=\"homeroom\" {}>", counts(all()));
    for sheet in sheets {
        let name = escaped(&sheet.path);
        let _ = writeln!(xml, "  <testsuite name=\"{name}\" {}>", counts(sheet.played.iter()));
        sheet.played.iter().for_each(|played| case(&mut xml, sheet, played, sources));
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn counts<'p>(played: impl Iterator<Item = &'p Played> + Clone) -> String {
    let failures = played.clone().filter(|played| played.outcome.is_err()).count();
    let seconds: f64 = played.clone().map(|played| played.took.as_secs_f64()).sum();
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\" time=\"{seconds:.3}\"", played.count())
}

fn case(xml: &mut String, sheet: &Sheet, played: &Played, sources: &Sources) {
    let line = sources.position(played.span.source, played.span.start).line;
    let (class, name, file) = (escaped(&sheet.namespace), escaped(&played.name), escaped(&sheet.path));
    let seconds = played.took.as_secs_f64();
    let _ = write!(
        xml,
        "    <testcase classname=\"{class}\" name=\"{name}\" file=\"{file}\" line=\"{line}\" time=\"{seconds:.3}\""
    );
    match &played.outcome {
        Ok(()) => xml.push_str("/>\n"),
        Err(failure) => {
            let told = escaped(&played.told(sources, Look::Plain));
            let message = escaped(&failure.message);
            let _ = writeln!(xml, ">\n      <failure message=\"{message}\">{told}</failure>\n    </testcase>");
        }
    }
}

/// Text as it may stand in XML; characters that may not at all become `?`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_no_xml_gets_in() {
        assert_eq!(escaped("a < b & \"c\" > d\u{1}\n"), "a &lt; b &amp; &quot;c&quot; &gt; d?\n");
    }
}
