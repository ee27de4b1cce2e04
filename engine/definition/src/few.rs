//! A list that mostly has one item, which then lies in its place: what is read for every event is found without following a
//! pointer.

use std::ops::Deref;

/// A list that cannot grow; one item lies in place, more lie side by side elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Few<T> {
    /// One.
    One([T; 1]),
    /// None, or more than one.
    Many(Box<[T]>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Many(Box::default())
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => one,
            Self::Many(many) => many,
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(items: Vec<T>) -> Self {
        <[T; 1]>::try_from(items).map_or_else(|items| Self::Many(items.into()), Self::One)
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        items.into_iter().collect::<Vec<_>>().into()
    }
}

impl<T> From<Few<T>> for Vec<T> {
    fn from(items: Few<T>) -> Self {
        match items {
            Few::One(one) => one.into(),
            Few::Many(many) => many.into(),
        }
    }
}

impl<'f, T> IntoIterator for &'f Few<T> {
    type Item = &'f T;
    type IntoIter = std::slice::Iter<'f, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_they_are_they_stand_in_order() {
        for count in 0..4 {
            let items: Vec<usize> = (0..count).collect();
            let few: Few<usize> = items.clone().into();
            assert_eq!((&*few, few.iter().count()), (&*items, count));
            assert_eq!(Vec::from(few), items);
        }
    }
}
