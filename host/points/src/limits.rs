//! What one call of a plugin may take, for a cart of any size.
//!
//! A budget that suits 10 lines is eaten by 500 lines alone, before the rule did anything foolish. So a plugin's
//! budget is stated for a cart of `lines` lines, and grows with the cart above that.

use fondaco_engine::Limits;

/// Limits of a plugin, stated for a cart of [`PluginLimits::lines`] lines.
#[derive(Debug, Clone)]
pub struct PluginLimits {
    /// What a call may take with a cart of up to `lines` lines.
    pub base: Limits,
    /// The cart that `base` is for.
    pub lines: u32,
    /// Bytes of answer that each line of the cart adds to `base.output_bytes`.
    pub output_bytes_per_line: usize,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self { base: Limits::default(), lines: 200, output_bytes_per_line: 4 << 10 }
    }
}

impl PluginLimits {
    /// The limits of a call with a cart of `lines` lines. Fuel and time grow in proportion; memory does not, because
    /// 64 MiB hold any cart many times over.
    pub fn for_lines(&self, lines: usize) -> Limits {
        let mut limits = self.base.clone();
        limits.output_bytes = limits.output_bytes.saturating_add(self.output_bytes_per_line.saturating_mul(lines));
        let stated = u64::from(self.lines.max(1));
        let lines = u64::try_from(lines).unwrap_or(u64::MAX);
        if lines > stated {
            let scaled = u128::from(limits.fuel) * u128::from(lines) / u128::from(stated);
            limits.fuel = u64::try_from(scaled).unwrap_or(u64::MAX);
            let times = u32::try_from(lines.div_ceil(stated)).unwrap_or(u32::MAX);
            limits.wall = limits.wall.saturating_mul(times);
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits() -> PluginLimits {
        let base = Limits { fuel: 1_000, wall: Duration::from_millis(100), output_bytes: 10, ..Limits::default() };
        PluginLimits { base, lines: 200, output_bytes_per_line: 2 }
    }

    #[test]
    fn small_carts_have_the_base() {
        for lines in [1, 10, 200] {
            let limits = limits().for_lines(lines);
            assert_eq!((limits.fuel, limits.wall), (1_000, Duration::from_millis(100)), "{lines}");
            assert_eq!(limits.output_bytes, 10 + 2 * lines);
        }
    }

    #[test]
    fn large_carts_have_more() {
        let limits = limits().for_lines(500);
        assert_eq!((limits.fuel, limits.wall), (2_500, Duration::from_millis(300)));
    }

    #[test]
    fn nothing_overflows() {
        let mut largest = limits();
        largest.base.fuel = u64::MAX;
        largest.base.wall = Duration::MAX;
        assert_eq!(largest.for_lines(usize::MAX).fuel, u64::MAX);
    }
}
