//! Where text stands: the files handed in, byte ranges within them, and lines and columns for people.

use std::sync::Arc;

/// Names one file of a [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A range of bytes in one file; `end` is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The range `start..end` of `source`; an `end` before `start` is taken as empty.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start, end: end.max(start) }
    }

    /// From the start of this one to the end of `other`, in this one's file.
    pub fn to(self, other: Self) -> Self {
        Self::new(self.source, self.start.min(other.start), self.end.max(other.end))
    }

    /// The empty range where this one begins.
    pub fn before(self) -> Self {
        Self::new(self.source, self.start, self.start)
    }

    /// The empty range where this one ends.
    pub fn after(self) -> Self {
        Self::new(self.source, self.end, self.end)
    }

    /// How many bytes it covers.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether it covers nothing.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A value with the place it was written at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

/// A line and a column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

#[derive(Clone, Debug)]
struct Source {
    path: String,
    text: Arc<str>,
    line_starts: Vec<usize>,
}

/// The files of one load: path and text of each. Nothing is read from disk here; contents are handed in.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file in; `path` is only ever shown.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceId {
        let text: Arc<str> = text.into().into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source { path: path.into(), text, line_starts });
        id
    }

    /// The path of a file, as it was handed in; empty for an id of another `Sources`.
    pub fn path(&self, id: SourceId) -> &str {
        self.file(id).map_or("", |file| &file.path)
    }

    /// The text of a file; empty for an id of another `Sources`.
    pub fn text(&self, id: SourceId) -> &str {
        self.file(id).map_or("", |file| &file.text)
    }

    /// The text of a file, to be kept beyond a borrow of this.
    pub fn shared_text(&self, id: SourceId) -> Arc<str> {
        self.file(id).map_or_else(|| Arc::from(""), |file| Arc::clone(&file.text))
    }

    /// All ids, in the order the files came.
    pub fn ids(&self) -> impl Iterator<Item = SourceId> + use<> {
        (0..self.files.len()).filter_map(|index| u32::try_from(index).ok()).map(SourceId)
    }

    /// The file with this path, if it was handed in.
    pub fn find(&self, path: &str) -> Option<SourceId> {
        self.ids().find(|&id| self.path(id) == path)
    }

    /// The text that a span covers, clamped to the file.
    pub fn slice(&self, span: Span) -> &str {
        let span = self.clamp(span);
        self.text(span.source).get(span.start..span.end).unwrap_or("")
    }

    /// Line and column of a byte offset; beyond the end of the file, those of its end.
    pub fn position(&self, id: SourceId, offset: usize) -> Position {
        let Some(file) = self.file(id) else {
            return Position { line: 1, column: 1 };
        };
        let offset = floor_char(&file.text, offset);
        let line = file.line_starts.partition_point(|&start| start <= offset).max(1);
        let start = file.line_starts.get(line - 1).copied().unwrap_or(0);
        Position { line, column: file.text[start..offset].chars().count() + 1 }
    }

    /// The same span, cut to its file and to whole characters.
    pub fn clamp(&self, span: Span) -> Span {
        let text = self.text(span.source);
        let start = floor_char(text, span.start);
        Span::new(span.source, start, ceil_char(text, span.end))
    }

    fn file(&self, id: SourceId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }
}

fn floor_char(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn ceil_char(text: &str, offset: usize) -> usize {
    (offset.min(text.len())..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_begin_at_one() {
        let mut sources = Sources::new();
        let id = sources.add("a.yaml", "é: 1\nzwei: 2\n");
        assert_eq!(sources.position(id, 0), Position { line: 1, column: 1 });
        assert_eq!(sources.position(id, 4), Position { line: 1, column: 4 });
        assert_eq!(sources.position(id, 6), Position { line: 2, column: 1 });
        assert_eq!(sources.position(id, 999), Position { line: 3, column: 1 });
    }

    #[test]
    fn spans_are_clamped_to_the_file_and_to_characters() {
        let mut sources = Sources::new();
        let id = sources.add("a.yaml", "é");
        assert_eq!(sources.clamp(Span::new(id, 1, 1)), Span::new(id, 0, 2));
        assert_eq!(sources.slice(Span::new(id, 0, 77)), "é");
    }

    #[test]
    fn an_unknown_file_is_empty() {
        let sources = Sources::new();
        assert_eq!(sources.text(SourceId(3)), "");
        assert_eq!(sources.slice(Span::new(SourceId(3), 1, 9)), "");
    }
}
