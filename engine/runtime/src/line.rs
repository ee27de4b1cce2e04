//! A queue that is hardly ever longer than one, and most of the time empty.

use std::collections::VecDeque;

/// Whoever is first has a place without a word to the allocator; an emptied queue keeps no memory.
#[derive(Debug)]
pub(crate) struct Line<T> {
    first: Option<T>,
    /// `None` without a first, and where it is alone.
    rest: Option<Box<Rest<T>>>,
}

/// The others, in a place of their own: there are many lines, and few have any.
#[derive(Debug)]
struct Rest<T>(VecDeque<T>);

impl<T> Default for Rest<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { first: None, rest: None }
    }
}

impl<T> Line<T> {
    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.as_ref().map_or(0, |rest| rest.0.len())
    }

    pub(crate) fn push_back(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.rest.get_or_insert_default().0.push_back(item);
        }
    }

    pub(crate) fn push_front(&mut self, item: T) {
        if let Some(second) = self.first.replace(item) {
            self.rest.get_or_insert_default().0.push_front(second);
        }
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let first = self.first.take()?;
        if let Some(rest) = &mut self.rest {
            self.first = rest.0.pop_front();
            self.rest.take_if(|rest| rest.0.is_empty());
        }
        Some(first)
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
        // Every sequence of nine of the three, once each.
        for sequence in 0..3_u32.pow(9) {
            for place in 0..9 {
                number += 1;
                match sequence / 3_u32.pow(place) % 3 {
                    0 => {
                        line.push_back(number);
                        model.push_back(number);
                    }
                    1 => {
                        line.push_front(number);
                        model.push_front(number);
                    }
                    _ => assert_eq!(line.pop_front(), model.pop_front()),
                }
                assert_eq!(line.len(), model.len());
            }
            while let Some(item) = model.pop_front() {
                assert_eq!(line.pop_front(), Some(item));
            }
            assert!(line.pop_front().is_none() && line.rest.is_none());
        }
    }
}
