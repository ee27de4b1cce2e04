//! An object as it is written: its letters in one text, with holes where a value comes in.

use indexmap::IndexMap;

use super::{Data, Template};
use crate::expr::{EvalError, Expr};
use crate::frame::Frame;
use crate::json;

/// The JSON text of an object, cut at its holes. A comma that stands at the beginning of what lies between two holes is left out if
/// nothing was written before it in its object or list.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    letters: Box<str>,
    holes: Box<[Hole]>,
}

/// A value within.
#[derive(Debug, Clone)]
struct Hole {
    /// So many of the letters are written before it, and the last of them, from here on, only if it is there.
    from: u32,
    until: u32,
    value: Inner,
}

#[derive(Debug, Clone)]
enum Inner {
    Expr(Expr),
    Text(Box<Template>),
}

impl Written {
    pub(super) fn of(properties: &IndexMap<Box<str>, Data>) -> Self {
        let mut writing = Writing::default();
        writing.object(properties);
        Self { letters: writing.letters.into(), holes: writing.holes.into() }
    }

    /// Appends it, with what its holes hold in `frame`.
    pub(super) fn write(&self, frame: &Frame<'_>, out: &mut String) -> Result<(), EvalError> {
        let mut done = 0;
        for hole in &self.holes {
            let (from, until) = (hole.from as usize, hole.until as usize);
            push(&self.letters[done..from], out);
            let before = out.len();
            push(&self.letters[from..until], out);
            let is_there = match &hole.value {
                Inner::Expr(expr) => write_expr(expr, frame, out)?,
                Inner::Text(template) => template.write_json(frame, out)?,
            };
            if !is_there {
                out.truncate(before);
            }
            done = until;
        }
        push(&self.letters[done..], out);
        Ok(())
    }
}

/// Appends the value of an expression as JSON; says whether it is there.
pub(super) fn write_expr(expr: &Expr, frame: &Frame<'_>, out: &mut String) -> Result<bool, EvalError> {
    let value = expr.eval(frame)?;
    if let Some(value) = &value {
        json::write(value, out);
    }
    Ok(value.is_some())
}

/// Appends letters that may begin with a comma that is not needed. Values end with a brace only where they are closed.
fn push(letters: &str, out: &mut String) {
    let is_first = || matches!(out.as_bytes().last(), Some(b'{' | b'['));
    match letters.strip_prefix(',') {
        Some(rest) if is_first() => out.push_str(rest),
        _ => out.push_str(letters),
    }
}

#[derive(Default)]
struct Writing {
    letters: String,
    holes: Vec<Hole>,
}

impl Writing {
    fn object(&mut self, properties: &IndexMap<Box<str>, Data>) {
        self.letters.push('{');
        for (name, data) in properties {
            let from = self.begin_item();
            json::write_text(name, &mut self.letters);
            self.letters.push(':');
            self.value(data, from);
        }
        self.letters.push('}');
    }

    fn list(&mut self, items: &[Data]) {
        self.letters.push('[');
        for item in items {
            let from = self.begin_item();
            self.value(item, from);
        }
        self.letters.push(']');
    }

    /// Yields where the letters begin that are left out with the item.
    fn begin_item(&mut self) -> usize {
        let from = self.letters.len();
        let is_behind_a_hole = self.holes.last().is_some_and(|hole| hole.until as usize == from);
        if is_behind_a_hole || !self.letters.ends_with(['{', '[']) {
            self.letters.push(',');
        }
        from
    }

    fn value(&mut self, data: &Data, from: usize) {
        match data {
            Data::Const(value) => json::write(value, &mut self.letters),
            Data::List(items) => self.list(items),
            Data::Object(object) => self.object(&object.properties),
            Data::Expr(expr) => self.hole(from, Inner::Expr(expr.clone())),
            Data::Text(template) => self.hole(from, Inner::Text(Box::new(template.clone()))),
        }
    }

    fn hole(&mut self, from: usize, value: Inner) {
        self.holes.push(Hole { from: from as u32, until: self.letters.len() as u32, value });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::data::{Data, Part, Template};
    use crate::expr::{Expr, Path, Root};
    use crate::frame::{Frame, Now};
    use crate::user::User;

    /// One of what `user` has, or has not.
    fn hole() -> impl Strategy<Value = Expr> {
        let names = prop::sample::select(vec!["text", "brace", "object", "list", "absent", "gone"]);
        names.prop_map(|name| Expr::Path(Path::new(Root::User, [name])))
    }

    fn data() -> impl Strategy<Value = Data> {
        let constant = prop::sample::select(vec![json!(1), json!("{"), json!({}), json!({ "a": [] }), json!(null)]);
        let text = prop::sample::select(vec!["text", "brace", "absent"]).prop_map(|name| {
            let hole = Part::Hole(Expr::Path(Path::new(Root::User, [name])));
            Data::Text(Template::new(vec![Part::Literal("\"[".into()), hole]))
        });
        let leaf = prop_oneof![
            1 => constant.prop_map(|value| Data::Const(Box::new(value))),
            3 => hole().prop_map(Data::Expr),
            1 => text,
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let named = ("[a-c\"{]{0,2}".prop_map(Box::<str>::from), inner.clone());
            prop_oneof![
                1 => prop::collection::vec(inner, 0..4).prop_map(Data::List),
                3 => prop::collection::vec(named, 0..5).prop_map(|named| Data::Object(named.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_written_as_its_value_would_be(data in data()) {
            let user = User::from(json!({ "text": "a\"", "brace": "{", "object": { "b": {} }, "list": ["["] }));
            let now = Now::at(0);
            let frame = Frame::new(&user, &now, 0);
            let mut written = String::from("[");
            let is_there = data.write_json(&frame, &mut written).expect("it has a value");
            let value = data.eval(&frame).expect("it has a value");
            prop_assert_eq!(is_there, value.is_some());
            prop_assert_eq!(&written[1..], value.as_ref().map_or_else(String::new, Value::to_string));
        }
    }
}
