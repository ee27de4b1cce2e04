//! A door for `tests/fuzz`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Expr, Jinja, Path, Root, lower, parse};
use crate::frame::{Frame, Now};
use crate::payload::Payload;
use crate::user::User;

/// 2025-01-15T09:00:00Z
const NOW_MS: i64 = 1_736_931_600_000;

fn path(names: &[&str]) -> Path {
    match names {
        ["now", rest @ ..] => Path::new(Root::Now, rest.iter().copied()),
        names => Path::new(Root::Payload, names.iter().copied()),
    }
}

/// An expression as it is run.
pub(super) fn lowered(source: &str) -> Option<Expr> {
    Some(lower(&parse(source).ok()?, source, &mut |names| Some(path(names))))
}

/// The same, run by minijinja whatever it is.
pub(super) fn by_jinja(source: &str) -> Option<Expr> {
    let ast = parse(source).ok()?;
    Some(Expr::Jinja(Arc::new(Jinja::new(&ast, source, &mut path))))
}

/// What an expression yields.
pub(super) fn value(expr: &Expr, payload: &Value) -> Result<Option<Value>, String> {
    let now = Now::at(NOW_MS);
    let user = User::Nobody;
    let mut frame = Frame::new(&user, &now, 0);
    let payload = Payload::from(payload.clone());
    frame.payload = Some(&payload);
    expr.eval(&frame).map(|value| value.map(std::borrow::Cow::into_owned)).map_err(|error| error.to_string())
}

/// An expression of an author's: read or refused, and where it is run by direct code that means what the template engine means.
pub fn expression(source: &str) {
    let payload = json!({ "n": 2, "t": "x", "list": [1, "x", true], "yes": true, "o": { "inner": 2 }, "none": null });
    if let Err(error) = parse(source) {
        assert!(source.get(error.range.clone()).is_some(), "{error:?} is within the source");
    }
    let (Some(direct), Some(jinja)) = (lowered(source), by_jinja(source)) else { return };
    let (found, expected) = (value(&direct, &payload), value(&jinja, &payload));
    if !format!("{direct:?}").contains("Jinja") {
        assert_eq!(found.ok(), expected.ok(), "{source}");
    }
}
