//! Maps from the numbers that a record gives: nearly always it counts from 1, and a place in a list is found at once.

use std::collections::HashMap;

/// Numbers up to here are places in a list, which then takes no more than 4 MiB.
const DENSE: u32 = 1 << 20;

/// Indexes by number.
#[derive(Debug, Default)]
pub(crate) struct Few {
    /// The index of each number and one more, so that 0 is none.
    dense: Vec<u32>,
    others: HashMap<u32, u32>,
}

impl Few {
    pub(crate) fn get(&self, number: u32) -> Option<usize> {
        let found = match self.dense.get(number as usize) {
            Some(&found) => found,
            None if number < DENSE => 0,
            None => self.others.get(&number).copied().unwrap_or(0),
        };
        found.checked_sub(1).map(|index| index as usize)
    }

    /// Gives a number an index, whatever it had.
    pub(crate) fn insert(&mut self, number: u32, index: usize) {
        let found = u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1));
        if number >= DENSE {
            self.others.insert(number, found);
            return;
        }
        let at = number as usize;
        if at >= self.dense.len() {
            self.dense.resize(at + 1, 0);
        }
        self.dense[at] = found;
    }

    /// Changes every index.
    pub(crate) fn change(&mut self, change: impl Fn(usize) -> usize) {
        let all = self.dense.iter_mut().chain(self.others.values_mut());
        for found in all.filter(|found| **found > 0) {
            let index = change(*found as usize - 1);
            *found = u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_the_index_that_it_was_given() {
        let mut few = Few::default();
        let numbers = [0, 1, 7, DENSE - 1, DENSE, u32::MAX];
        assert!(numbers.iter().all(|&number| few.get(number).is_none()));
        for (index, &number) in numbers.iter().enumerate() {
            few.insert(number, index);
        }
        few.change(|index| index + 10);
        for (index, &number) in numbers.iter().enumerate() {
            assert_eq!(few.get(number), Some(index + 10));
        }
        assert_eq!((few.get(2), few.get(DENSE + 1)), (None, None));
    }
}
