//! The names of an object's properties, side by side in one text.

/// Names by number, in the order in which they are declared.
#[derive(Debug)]
pub struct Names {
    text: Box<str>,
    /// Where each ends in the text.
    ends: Box<[u32]>,
}

impl Names {
    /// The name of this number.
    pub(crate) fn name(&self, number: usize) -> &str {
        &self.text[self.start(number)..self.ends[number] as usize]
    }

    /// The number of a name, in bytes; `guess` is tried first.
    pub(crate) fn number(&self, name: &[u8], guess: usize) -> Option<usize> {
        let is = |number: usize| self.text.as_bytes()[self.start(number)..self.ends[number] as usize] == *name;
        if guess < self.ends.len() && is(guess) { Some(guess) } else { (0..self.ends.len()).find(|number| is(*number)) }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn start(&self, number: usize) -> usize {
        number.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }
}

impl<'n> FromIterator<&'n str> for Names {
    fn from_iter<I: IntoIterator<Item = &'n str>>(names: I) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for name in names {
            text.push_str(name);
            ends.push(text.len() as u32);
        }
        Self { text: text.into(), ends: ends.into() }
    }
}
