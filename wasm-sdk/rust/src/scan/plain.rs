//! Sixteen bytes one after the other, where there is no such register.

pub(super) const LENGTH: usize = 16;

/// Sixteen bytes; or for each whether something holds: all bits set, or none.
#[derive(Clone, Copy)]
pub(super) struct Block([u8; LENGTH]);

impl Block {
    pub(super) const NONE: Self = Self([0; LENGTH]);

    #[inline(always)]
    pub(super) fn first(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied().map(Self)
    }

    #[inline(always)]
    pub(super) fn first_two(bytes: &[u8]) -> Option<(Self, Self)> {
        Some((Self::first(bytes)?, Self::first(bytes.get(LENGTH..)?)?))
    }

    #[inline(always)]
    fn each(self, holds: impl Fn(u8) -> bool) -> Self {
        Self(self.0.map(|byte| if holds(byte) { 0xff } else { 0 }))
    }

    #[inline(always)]
    pub(super) fn any_of<const N: usize>(self, bytes: [u8; N]) -> Self {
        self.each(|byte| bytes.contains(&byte))
    }

    #[inline(always)]
    pub(super) fn within(self, low: u8, high: u8) -> Self {
        self.each(|byte| (low..=high).contains(&byte))
    }

    #[inline(always)]
    pub(super) fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index] | other.0[index]))
    }

    #[inline(always)]
    pub(super) fn not(self) -> Self {
        Self(self.0.map(|byte| !byte))
    }

    #[inline(always)]
    pub(super) fn bits(self) -> u16 {
        self.0.iter().enumerate().fold(0, |bits, (index, byte)| bits | (u16::from(byte >> 7) << index))
    }
}
