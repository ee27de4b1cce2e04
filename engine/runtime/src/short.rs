//! Lists of a connection, of which there are many: they are short, and take no more place than what is in them.

/// A list that is empty most of the time, and then takes no more place than a pointer.
#[derive(Debug)]
pub(crate) struct Seldom<T>(Option<Box<Items<T>>>);

/// In a place of their own.
#[derive(Debug)]
struct Items<T>(Vec<T>);

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Seldom<T> {
    fn of(items: Vec<T>) -> Self {
        Self(Some(Box::new(Items(items))))
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        self.0.as_deref().map_or(&[], |items| &items.0)
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        self.0.as_deref_mut().map_or(&mut [], |items| &mut items.0)
    }

    pub(crate) fn push(&mut self, item: T) {
        match &mut self.0 {
            Some(items) => items.0.push(item),
            None => *self = Self::of(vec![item]),
        }
    }

    /// Takes the item out that is in a place, and puts the last one there. There must be one.
    pub(crate) fn swap_remove(&mut self, place: usize) -> Option<T> {
        let item = self.0.as_mut().map(|items| items.0.swap_remove(place));
        self.0.take_if(|items| items.0.is_empty());
        item
    }
}

/// A list that has one item most of the time, or none, and then takes no more place than that one.
#[derive(Debug)]
pub(crate) enum Short<T> {
    One(T),
    /// None, more than one, or one that is left of more.
    Other(Seldom<T>),
}

impl<T> Default for Short<T> {
    fn default() -> Self {
        Self::Other(Seldom::default())
    }
}

impl<T> Short<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::Other(items) => items.as_slice(),
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::One(item) => std::slice::from_mut(item),
            Self::Other(items) => items.as_mut_slice(),
        }
    }

    /// Puts an item into a place, before the one that is there.
    pub(crate) fn insert(&mut self, place: usize, item: T) {
        *self = match std::mem::take(self) {
            Self::Other(Seldom(None)) => Self::One(item),
            Self::One(first) => {
                let mut items = vec![first];
                items.insert(place, item);
                Self::Other(Seldom::of(items))
            }
            Self::Other(Seldom(Some(mut items))) => {
                items.0.insert(place, item);
                Self::Other(Seldom(Some(items)))
            }
        };
    }

    pub(crate) fn push(&mut self, item: T) {
        self.insert(self.as_slice().len(), item);
    }

    /// Takes the item out that is in a place; there must be one.
    pub(crate) fn remove(&mut self, place: usize) {
        match self {
            Self::Other(Seldom(Some(items))) if items.0.len() > 1 => drop(items.0.remove(place)),
            _ => *self = Self::default(),
        }
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = T> {
        let (one, items) = match self {
            Self::One(item) => (Some(item), None),
            Self::Other(Seldom(items)) => (None, items),
        };
        one.into_iter().chain(items.into_iter().flat_map(|items| items.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_list(acts in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..20)) {
            let (mut short, mut model) = (Short::default(), Vec::new());
            for (number, (is_insert, place)) in acts.into_iter().enumerate() {
                if is_insert {
                    let place = place.index(model.len() + 1);
                    short.insert(place, number);
                    model.insert(place, number);
                } else if !model.is_empty() {
                    let place = place.index(model.len());
                    short.remove(place);
                    model.remove(place);
                }
                prop_assert_eq!(short.as_slice(), &model[..]);
            }
            prop_assert_eq!(short.into_iter().collect::<Vec<_>>(), model);
        }
    }
}
