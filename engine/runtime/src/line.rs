//! A queue that is empty most of the time, and then takes no more place than a pointer.

use std::collections::VecDeque;

/// What waits, in order; `None`: nothing does.
#[derive(Debug)]
pub(crate) struct Line<T>(Option<Box<Items<T>>>);

/// In a place of their own.
#[derive(Debug)]
struct Items<T>(VecDeque<T>);

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Line<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |items| items.0.len())
    }

    pub(crate) fn push_back(&mut self, item: T) {
        self.0.get_or_insert_with(|| Box::new(Items(VecDeque::new()))).0.push_back(item);
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let item = self.0.as_mut()?.0.pop_front();
        self.0.take_if(|items| items.0.is_empty());
        item
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_queue_that_keeps_nothing() {
        let (mut line, mut model, mut number) = (Line::default(), VecDeque::new(), 0);
        // Every sequence of twelve of the two, once each.
        for sequence in 0..2_u32.pow(12) {
            for place in 0..12 {
                number += 1;
                if sequence >> place & 1 == 0 {
                    line.push_back(number);
                    model.push_back(number);
                } else {
                    assert_eq!(line.pop_front(), model.pop_front());
                }
                assert_eq!(line.len(), model.len());
            }
            while let Some(item) = model.pop_front() {
                assert_eq!(line.pop_front(), Some(item));
            }
            assert!(line.pop_front().is_none() && line.0.is_none());
        }
    }
}
