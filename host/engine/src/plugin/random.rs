//! Random numbers that are the same for the same request.
//!
//! They are for hash seeds and samples, not for secrets: a plugin has none, and who knows the request id can know them.

/// SplitMix64 (Steele, Lea, Flood 2014), seeded by FNV-1a of the request id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn of(request_id: &str) -> Self {
        Self(
            request_id
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)),
        )
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count.next_multiple_of(8));
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_gives_the_same_numbers() {
        assert_eq!(Random::of("r1").bytes(13), Random::of("r1").bytes(13));
        assert_ne!(Random::of("r1").bytes(13), Random::of("r2").bytes(13));
        assert_eq!(Random::of("r1").bytes(13).len(), 13);
        // The reference sequence for seed 0.
        assert_eq!(Random(0).next(), 0xe220_a839_7b1d_cdaf);
    }
}
