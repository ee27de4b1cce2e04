//! Expressions that are more than paths, literals and comparisons: compiled by minijinja at load, run on just the
//! values they name.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use minijinja::Expression;
use minijinja::value::{Object, Value as JinjaValue};
use serde_json::Value;

use super::json::{from_jinja, to_jinja};
use super::library::{ENVIRONMENT, NOW_MS, our_words};
use super::{Ast, EvalError, Path};
use crate::frame::Frame;

/// An expression that minijinja runs.
///
/// Each path that it reads was replaced by a placeholder, so that a run copies those values and nothing around them.
pub struct Jinja {
    source: Arc<str>,
    reads: Vec<Path>,
    expression: Option<Expression<'static, 'static>>,
}

impl Jinja {
    /// Compiles the part of `source` that `ast` is; `path` says where the value of a reference is found.
    pub(super) fn new(ast: &Ast, source: &str, path: &mut dyn FnMut(&[&str]) -> Path) -> Self {
        let mut reads: Vec<Path> = Vec::new();
        let mut rewritten = String::with_capacity(source.len());
        let mut done = ast.range.start;
        for reference in ast.names() {
            let found = path(&reference.path);
            let index = reads.iter().position(|known| *known == found).unwrap_or_else(|| {
                reads.push(found);
                reads.len() - 1
            });
            rewritten.push_str(part(source, done..reference.range.start));
            rewritten.push_str(&format!(" {PLACEHOLDER}{index} "));
            done = reference.range.end;
        }
        rewritten.push_str(part(source, done..ast.range.end));
        let expression = ENVIRONMENT.compile_expression_owned(rewritten).ok();
        Self { source: part(source, ast.range.clone()).into(), reads, expression }
    }

    /// The author's letters.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Everything that it reads, each once.
    #[must_use]
    pub fn reads(&self) -> &[Path] {
        &self.reads
    }

    /// Runs it; `None` if its value is absent.
    pub(super) fn eval(&self, frame: &Frame<'_>) -> Result<Option<Value>, EvalError> {
        let expression = self.expression.as_ref().ok_or_else(|| self.error("it could not be compiled"))?;
        let lent = self.reads.iter().map(|path| frame.get(path).map(to_jinja)).collect();
        let context = JinjaValue::from_object(Lent { values: lent, now_ms: frame.now.ms() });
        let value = expression.eval(context).map_err(|error| self.error(our_words(&error)))?;
        from_jinja(&value).map_err(|_| self.error("its value cannot be written as JSON"))
    }

    fn error(&self, reason: &'static str) -> EvalError {
        EvalError::new(&*self.source, reason)
    }
}

impl fmt::Debug for Jinja {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jinja").field("source", &self.source).field("reads", &self.reads).finish_non_exhaustive()
    }
}

const PLACEHOLDER: char = 'p';

fn part(source: &str, range: Range<usize>) -> &str {
    source.get(range).unwrap_or_default()
}

/// The values one run sees, by the numbers of their placeholders.
#[derive(Debug)]
struct Lent {
    values: Vec<Option<JinjaValue>>,
    now_ms: i64,
}

impl Object for Lent {
    fn get_value(self: &Arc<Self>, key: &JinjaValue) -> Option<JinjaValue> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<JinjaValue> {
        if key == NOW_MS {
            return Some(self.now_ms.into());
        }
        let index: usize = key.strip_prefix(PLACEHOLDER)?.parse().ok()?;
        self.values.get(index)?.clone()
    }
}
