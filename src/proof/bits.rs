//! Sets of streams, a bit for each: what several matchers leave is found a word at a time.
//!
//! Knows: numbers up to a bound. Must not know: what they stand for.

/// A set of numbers below a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    bound: usize,
}

impl Bits {
    /// No number below `bound`.
    pub(super) fn none(bound: usize) -> Self {
        Self { words: vec![0; bound.div_ceil(64)], bound }
    }

    /// Every number below `bound`.
    pub(super) fn all(bound: usize) -> Self {
        Self::none(bound).others()
    }

    /// Every number below the bound that is not in it.
    pub(super) fn others(mut self) -> Self {
        self.words.iter_mut().for_each(|word| *word = !*word);
        if let (Some(last), used @ 1..) = (self.words.last_mut(), self.bound % 64) {
            *last &= (1 << used) - 1;
        }
        self
    }

    pub(super) fn set(&mut self, number: usize, is_in: bool) {
        let (word, bit) = (&mut self.words[number / 64], 1 << (number % 64));
        if is_in { *word |= bit } else { *word &= !bit }
    }

    /// Leaves what is in the other, too.
    pub(super) fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Adds what is in the other.
    pub(super) fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// The numbers in it, sorted.
    pub(super) fn numbers(&self) -> Vec<usize> {
        let mut out = Vec::with_capacity(self.words.iter().map(|word| word.count_ones() as usize).sum());
        for (at, word) in self.words.iter().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                out.push(at * 64 + rest.trailing_zeros() as usize);
                rest &= rest - 1;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_sets_of_numbers() {
        let of = |bound: usize, numbers: &[usize]| {
            let mut bits = Bits::none(bound);
            for &number in numbers {
                bits.set(number, true);
            }
            bits
        };
        for bound in [0, 1, 63, 64, 65, 130] {
            let all: Vec<usize> = (0..bound).collect();
            assert_eq!(Bits::all(bound).numbers(), all);
            assert_eq!(of(bound, &all), Bits::all(bound));
            assert_eq!(Bits::all(bound).others(), Bits::none(bound));
        }
        let (one, other) = (of(130, &[0, 63, 64, 129]), of(130, &[63, 100, 129]));
        let (mut both, mut either) = (one.clone(), one.clone());
        both.keep(&other);
        either.add(&other);
        assert_eq!((both.numbers(), either.numbers()), (vec![63, 129], vec![0, 63, 64, 100, 129]));
        either.set(64, false);
        assert_eq!(either.numbers(), [0, 63, 100, 129]);
        assert_eq!(of(3, &[1]).others().numbers(), [0, 2]);
    }
}
