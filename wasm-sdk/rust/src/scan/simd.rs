//! Sixteen bytes in one register.

use core::arch::wasm32::{
    u8x16, u8x16_bitmask, u8x16_eq, u8x16_le, u8x16_splat, u8x16_sub, v128, v128_load, v128_not, v128_or,
};

pub(super) const LENGTH: usize = 16;

/// Sixteen bytes; or for each whether something holds: all bits set, or none.
#[derive(Clone, Copy)]
pub(super) struct Block(v128);

impl Block {
    pub(super) const NONE: Self = Self(u8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));

    #[inline(always)]
    fn of(bytes: &[u8; LENGTH]) -> Self {
        // SAFETY: sixteen bytes are there, and a load needs no alignment.
        Self(unsafe { v128_load(bytes.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(super) fn first(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(Self::of)
    }

    #[inline(always)]
    pub(super) fn first_two(bytes: &[u8]) -> Option<(Self, Self)> {
        let both: &[u8; 2 * LENGTH] = bytes.first_chunk()?;
        Some((Self::of(both.first_chunk()?), Self::of(both.last_chunk()?)))
    }

    #[inline(always)]
    pub(super) fn any_of<const N: usize>(self, bytes: [u8; N]) -> Self {
        bytes.iter().fold(Self::NONE, |any, &byte| any.or(Self(u8x16_eq(self.0, u8x16_splat(byte)))))
    }

    #[inline(always)]
    pub(super) fn within(self, low: u8, high: u8) -> Self {
        Self(u8x16_le(u8x16_sub(self.0, u8x16_splat(low)), u8x16_splat(high - low)))
    }

    #[inline(always)]
    pub(super) fn or(self, other: Self) -> Self {
        Self(v128_or(self.0, other.0))
    }

    #[inline(always)]
    pub(super) fn not(self) -> Self {
        Self(v128_not(self.0))
    }

    #[inline(always)]
    pub(super) fn bits(self) -> u16 {
        u8x16_bitmask(self.0)
    }
}
