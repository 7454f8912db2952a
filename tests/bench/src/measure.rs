//! Timing a function: batches, their median. The median of many short batches shrugs off what else the machine does.

use std::time::Instant;

/// How long a batch should take: long enough for the clock, short enough to fit between disturbances.
const BATCH_NS: u128 = 2_000_000;

/// The median cost of one call, in microseconds, over batches that take about `budget_ms` in all.
pub(crate) fn median_us(budget_ms: u64, mut call: impl FnMut()) -> f64 {
    let per_batch = calibrate(&mut call);
    let batches = (u128::from(budget_ms) * 1_000_000 / BATCH_NS).max(5);
    let mut costs: Vec<f64> = (0..batches)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..per_batch {
                call();
            }
            started.elapsed().as_nanos() as f64 / f64::from(per_batch) / 1e3
        })
        .collect();
    median(&mut costs)
}

fn calibrate(call: &mut impl FnMut()) -> u32 {
    let mut times = 1_u32;
    loop {
        let started = Instant::now();
        for _ in 0..times {
            call();
        }
        if started.elapsed().as_nanos() >= BATCH_NS || times >= 1 << 20 {
            return times;
        }
        times *= 2;
    }
}

/// The middle of `values`; 0 of none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
