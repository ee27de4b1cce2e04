//! Who an event is from, as definitions see it: `user`.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::frame::inside;

/// How many lists of names [`Names`] keeps. Users of one server differ in which optional properties they have, and in
/// little else.
const LISTS_MAX: usize = 64;

/// A user. There are as many as there are connections, so that what they have in common, the names of their properties,
/// is kept once; see [`Names`].
#[derive(Debug, Clone, Default)]
pub enum User {
    /// `null`: where there is none.
    #[default]
    Nobody,
    /// An object: so many values as there are names.
    Object {
        /// The names of its properties.
        names: Arc<[Box<str>]>,
        /// Their values.
        values: Box<[Value]>,
    },
    /// Something that is no object, as an open namespace may say.
    Whole(Box<Value>),
}

/// The names of the properties that users have, each list of them once.
#[derive(Debug, Default)]
pub struct Names(Vec<Arc<[Box<str>]>>);

impl Names {
    /// A user whose names are shared with those who have the same ones.
    pub fn user(&mut self, user: Value) -> User {
        match user {
            Value::Object(user) => User::Object { names: self.of(&user), values: user.into_values().collect() },
            Value::Null => User::Nobody,
            other => User::Whole(Box::new(other)),
        }
    }

    fn of(&mut self, user: &Map<String, Value>) -> Arc<[Box<str>]> {
        let known = self.0.iter().find(|names| names.iter().map(|name| &**name).eq(user.keys()));
        if let Some(names) = known {
            return Arc::clone(names);
        }
        let names: Arc<[Box<str>]> = user.keys().map(|name| Box::from(name.as_str())).collect();
        if self.0.len() < LISTS_MAX {
            self.0.push(Arc::clone(&names));
        }
        names
    }
}

impl From<Value> for User {
    /// A user whose names are its own.
    fn from(user: Value) -> Self {
        Names::default().user(user)
    }
}

impl User {
    /// One of its properties.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.named(name.as_bytes())
    }

    /// The same, by its name in bytes.
    pub(crate) fn named(&self, name: &[u8]) -> Option<&Value> {
        match self {
            Self::Nobody => None,
            Self::Object { names, values } => values.get(names.iter().position(|own| own.as_bytes() == name)?),
            Self::Whole(value) => inside(value, name),
        }
    }

    /// As a tree.
    #[must_use]
    pub fn tree(&self) -> Value {
        match self {
            Self::Nobody => Value::Null,
            Self::Object { names, values } => {
                Value::Object(names.iter().map(|name| name.to_string()).zip(values.iter().cloned()).collect())
            }
            Self::Whole(value) => (**value).clone(),
        }
    }
}

/// Whether it is this one, in whatever order its properties come.
impl PartialEq<Value> for User {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::Nobody, other) => other.is_null(),
            (Self::Object { names, values }, Value::Object(other)) => {
                names.len() == other.len()
                    && names.iter().zip(values).all(|(name, value)| other.get(&**name) == Some(value))
            }
            (Self::Object { .. }, _) => false,
            (Self::Whole(value), other) => **value == *other,
        }
    }
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nobody => serializer.serialize_unit(),
            Self::Object { names, values } => {
                let mut object = serializer.serialize_map(Some(values.len()))?;
                for (name, value) in names.iter().zip(values) {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
            Self::Whole(value) => value.serialize(serializer),
        }
    }
}

/// As JSON.
impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_is_what_it_was_made_of() {
        let users = [
            json!({ "id": "u-1", "role": "TEACHER", "schools": [1, 2] }),
            json!({}),
            json!(null),
            json!(["x"]),
            json!(7),
        ];
        for tree in users {
            let user = User::from(tree.clone());
            assert_eq!((user.tree(), user.to_string()), (tree.clone(), tree.to_string()));
            assert!(user == tree && user != json!({ "id": "u-2" }));
            for name in ["id", "role", "schools", "0", "none"] {
                assert_eq!(user.property(name), inside(&tree, name.as_bytes()), "{name}");
            }
        }
    }

    #[test]
    fn names_are_kept_once_and_so_many_at_most() {
        let mut names = Names::default();
        let list = |user: User| match user {
            User::Object { names, .. } => names,
            other => panic!("{other:?} is no object"),
        };
        let first = list(names.user(json!({ "id": 1, "role": "A" })));
        for number in 0..1000 {
            names.user(json!({ number.to_string(): 1 }));
        }
        assert!(Arc::ptr_eq(&first, &list(names.user(json!({ "id": 2, "role": "B" })))));
        assert_eq!(names.0.len(), LISTS_MAX);
    }
}
