//! A small reproducible source of random values.

use std::borrow::Cow;

use bytes::Bytes;
use uuid::Uuid;

/// A type of which random values can be made, filled only where `version` carries them.
pub(crate) trait Sample {
    /// A random value.
    fn sample(random: &mut Random, version: i16) -> Self;
}

/// `SplitMix64`: the same seed gives the same values everywhere.
pub(crate) struct Random {
    state: u64,
}

const LETTERS: [char; 6] = ['a', 'Z', '0', '.', 'é', '水'];

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn i64(&mut self) -> i64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as i64
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.i64() as u64 % bound as u64) as usize
    }

    pub(crate) fn bool(&mut self) -> bool {
        self.i64() < 0
    }

    pub(crate) fn i8(&mut self) -> i8 {
        self.i64() as i8
    }

    pub(crate) fn i16(&mut self) -> i16 {
        self.i64() as i16
    }

    pub(crate) fn u16(&mut self) -> u16 {
        self.i64() as u16
    }

    pub(crate) fn i32(&mut self) -> i32 {
        self.i64() as i32
    }

    pub(crate) fn f64(&mut self) -> f64 {
        f64::from(self.i32()) / 8.0
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.i64() as u64, self.i64() as u64)
    }

    pub(crate) fn text(&mut self) -> Cow<'static, str> {
        let length = self.below(6);
        Cow::Owned((0..length).map(|_| LETTERS[self.below(LETTERS.len())]).collect())
    }

    pub(crate) fn bytes(&mut self) -> Cow<'static, [u8]> {
        let length = self.below(9);
        Cow::Owned((0..length).map(|_| self.i8() as u8).collect())
    }

    /// Mostly small, at times large enough to be shared rather than copied.
    pub(crate) fn records(&mut self) -> Bytes {
        let length = if self.below(4) == 0 { 5000 } else { self.below(40) };
        (0..length).map(|_| self.i8() as u8).collect()
    }

    pub(crate) fn nullable<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.below(4) == 0 { None } else { Some(make(self)) }
    }

    pub(crate) fn array<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let length = self.below(3);
        (0..length).map(|_| make(self)).collect()
    }
}
