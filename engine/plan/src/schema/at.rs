//! Where in a type the expander is.

/// A place in a type as written.
#[derive(Debug, Clone)]
pub(super) struct At {
    /// JSON pointer to it.
    pub(super) pointer: String,
    /// It is about the whole value, not about something inside of it.
    pub(super) is_whole: bool,
    /// It asks more of a value that what stands around it describes.
    pub(super) is_branch: bool,
}

impl At {
    /// The type itself.
    pub(super) fn root() -> Self {
        Self { pointer: String::new(), is_whole: true, is_branch: false }
    }

    /// What stands under a key, which is not a type yet.
    pub(super) fn key(&self, name: &str) -> Self {
        let pointer = format!("{}/{}", self.pointer, escaped(name));
        Self { pointer, ..*self }
    }

    /// What stands at an index.
    pub(super) fn index(&self, index: usize) -> Self {
        self.key(&index.to_string())
    }

    /// The same place, as a type for something inside of the value.
    pub(super) fn inside(self) -> Self {
        Self { is_whole: false, is_branch: false, ..self }
    }

    /// The same place, as a further type for the same value.
    pub(super) fn beside(self) -> Self {
        Self { is_branch: true, ..self }
    }
}

/// A name as a segment of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
