//! Small plots that can be read: bars with their spread, lines over powers of ten.

use std::fmt::Write;

use super::figures::Spread;

pub(super) struct Plot {
    pub(super) file: String,
    pub(super) title: String,
    pub(super) svg: String,
}

pub(super) struct Bar {
    pub(super) label: String,
    pub(super) spread: Spread,
}

const WIDTH: f64 = 760.0;
const LABELS: f64 = 290.0;
const ROW: f64 = 24.0;
const TOP: f64 = 34.0;
const OURS: &str = "#1f6f50";
const OTHERS: &str = "#9aa5b1";
const COLOURS: [&str; 3] = ["#1f6f50", "#2b6cb0", "#b7791f"];

/// Horizontal bars; a thin line shows from the least to the most.
pub(super) fn bars(id: &str, title: &str, all: &[Bar], decimals: usize) -> Plot {
    let height = TOP + ROW * all.len() as f64 + 10.0;
    let most = all.iter().map(|bar| bar.spread.most).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let scale = (WIDTH - LABELS - 70.0) / most;
    let mut svg = opened(height, title);
    for (number, Bar { label, spread }) in all.iter().enumerate() {
        let y = TOP + ROW * number as f64;
        let colour = if label.starts_with("Homeroom") { OURS } else { OTHERS };
        let middle = y + ROW / 2.0 - 2.0;
        let (from, to) = (LABELS + spread.least * scale, LABELS + spread.most * scale);
        let _ = write!(
            svg,
            r##"<text x="{:.0}" y="{:.1}" text-anchor="end">{label}</text><rect x="{LABELS}" y="{:.1}" width="{:.1}" height="{:.0}" fill="{colour}"/><line x1="{from:.1}" x2="{to:.1}" y1="{middle:.1}" y2="{middle:.1}" stroke="#333"/><text x="{:.1}" y="{:.1}">{:.decimals$}</text>"##,
            LABELS - 8.0,
            y + 15.0,
            y + 2.0,
            spread.median * scale,
            ROW - 8.0,
            to + 6.0,
            y + 15.0,
            spread.median
        );
        svg.push('\n');
    }
    closed(id, title, svg)
}

/// Lines over how much there is, each power of ten as wide as the others.
pub(super) fn lines(id: &str, title: &str, series: &[(&str, Vec<(f64, Spread)>)]) -> Plot {
    const HEIGHT: f64 = 300.0;
    const LEFT: f64 = 46.0;
    const RIGHT: f64 = 150.0;
    const BOTTOM: f64 = 40.0;
    let points = || series.iter().flat_map(|(_, points)| points);
    let most = points().map(|(_, spread)| spread.most).fold(f64::MIN_POSITIVE, f64::max) * 1.1;
    let decades = points().map(|(count, _)| count.log10()).fold(1.0, f64::max);
    let x = |count: f64| LEFT + count.log10() / decades * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - TOP);
    let mut svg = opened(HEIGHT, title);
    for decade in 0..=decades.ceil() as i32 {
        let at = x(10_f64.powi(decade));
        let _ = write!(
            svg,
            r##"<line x1="{at:.1}" x2="{at:.1}" y1="{TOP}" y2="{:.1}" stroke="#e2e8f0"/><text x="{at:.1}" y="{:.1}" text-anchor="middle">{}</text>"##,
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 18.0,
            10_i64.pow(decade as u32)
        );
    }
    for fifth in 0..=5 {
        let value = most * f64::from(fifth) / 5.0;
        let _ = write!(
            svg,
            r##"<line x1="{LEFT}" x2="{:.1}" y1="{:.1}" y2="{:.1}" stroke="#e2e8f0"/><text x="{:.1}" y="{:.1}" text-anchor="end">{value:.0}</text>"##,
            WIDTH - RIGHT,
            y(value),
            y(value),
            LEFT - 6.0,
            y(value) + 4.0
        );
    }
    for ((name, points), colour) in series.iter().zip(COLOURS) {
        let path: Vec<String> =
            points.iter().map(|(count, spread)| format!("{:.1},{:.1}", x(*count), y(spread.median))).collect();
        let _ =
            write!(svg, r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#, path.join(" "));
        for (count, spread) in points {
            let (at, least, most) = (x(*count), y(spread.least), y(spread.most));
            let _ =
                write!(svg, r#"<line x1="{at:.1}" x2="{at:.1}" y1="{least:.1}" y2="{most:.1}" stroke="{colour}"/>"#);
        }
        if let Some((count, spread)) = points.last() {
            let _ = write!(
                svg,
                r#"<text x="{:.1}" y="{:.1}" fill="{colour}">{name}</text>"#,
                x(*count) + 8.0,
                y(spread.median) + 4.0
            );
        }
        svg.push('\n');
    }
    closed(id, title, svg)
}

fn opened(height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
         <text x=\"8\" y=\"20\" font-size=\"14\" font-weight=\"bold\">{title}</text>\n"
    )
}

fn closed(id: &str, title: &str, svg: String) -> Plot {
    Plot { file: format!("{}.svg", id.to_lowercase()), title: title.to_owned(), svg: svg + "</svg>\n" }
}
