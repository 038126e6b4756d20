//! Whether a measure stays where it is.
//!
//! A run is cut into thirds. The first is for warming up: caches fill, allocators take what they need, a language compiles.
//! Then the median of the last third may lie above that of the middle one by a tenth, or by an absolute allowance where a
//! tenth is less than what a process breathes. Medians, because a garbage collector makes saw-teeth.
//!
//! What the server keeps grows with what it was told to keep, so that memory and database are measured per link: what a
//! link of the last third costs may lie above what one of the middle third cost by a quarter.

/// A measure over time: seconds since the start, and the value.
pub type Series = Vec<(f64, f64)>;

/// By how much the last third may lie above the middle one.
const TENTH: f64 = 0.1;
/// By how much a link of the last third may cost more.
const QUARTER: f64 = 0.25;

/// A judged measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Of the middle third: the median, or the cost of a link.
    pub middle: f64,
    /// The same of the last third.
    pub last: f64,
    /// The most that `last` may be.
    pub most: f64,
}

impl Verdict {
    /// Whether it stayed.
    pub fn is_level(&self) -> bool {
        self.last <= self.most
    }
}

/// Judges a measure by itself. `None` when there are too few values to say anything.
pub fn level(series: &Series, allowance: f64) -> Option<Verdict> {
    let end = series.last()?.0;
    let middle = median(part(series, end / 3.0, end * 2.0 / 3.0))?;
    let last = median(part(series, end * 2.0 / 3.0, f64::INFINITY))?;
    let most = middle + (middle * TENTH).max(allowance);
    Some(Verdict { middle, last, most })
}

/// Judges what a measure grows by for each link. `None` when there are too few values, or no links.
pub fn level_per_link(series: &Series, links: &Series, allowance: f64) -> Option<Verdict> {
    let end = series.last()?.0;
    let at = |of: &Series, time: f64| {
        // Around the moment: a single value may lie on a saw-tooth.
        let around = end / 12.0;
        median(part(of, time - around, time + around))
    };
    let cost = |from: f64, to: f64| {
        let more = at(links, to)? - at(links, from)?;
        (more > 0.0).then_some((at(series, to)? - at(series, from)?) / more)
    };
    let middle = cost(end / 3.0, end * 2.0 / 3.0)?;
    let last = cost(end * 2.0 / 3.0, end)?;
    let most = middle + (middle * QUARTER).max(allowance);
    Some(Verdict { middle, last, most })
}

fn part(series: &Series, from: f64, to: f64) -> Vec<f64> {
    series
        .iter()
        .filter(|(time, _)| (from..to).contains(time))
        .map(|(_, value)| *value)
        .collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(value: impl Fn(f64) -> f64) -> Series {
        (0..180)
            .map(|second| (f64::from(second), value(f64::from(second))))
            .collect()
    }

    #[test]
    fn what_warms_up_and_stays_is_level() {
        let warm = series(|at| if at < 40.0 { at * 10.0 } else { 400.0 });
        assert!(level(&warm, 0.0).unwrap().is_level());
        // The saw-teeth of a garbage collector.
        let teeth = series(|at| 100.0 + at % 20.0 * 5.0);
        assert!(level(&teeth, 0.0).unwrap().is_level());
    }

    #[test]
    fn what_leaks_is_not() {
        // A fifth more within a third of the run.
        let leak = series(|at| 100.0 + at);
        let verdict = level(&leak, 0.0).unwrap();
        assert!(!verdict.is_level(), "{verdict:?}");
        // Two descriptors a minute, under an allowance of one.
        let descriptors = series(|at| (10.0 + at / 30.0).floor());
        assert!(!level(&descriptors, 1.0).unwrap().is_level());
        assert!(level(&descriptors, 5.0).unwrap().is_level());
    }

    #[test]
    fn what_grows_with_the_links_is_level_and_what_grows_faster_is_not() {
        let links = series(|at| at * 50.0);
        let steady = series(|at| 1e6 + at * 50.0 * 2000.0);
        let verdict = level_per_link(&steady, &links, 0.0).unwrap();
        assert!((verdict.middle - 2000.0).abs() < 1.0, "{verdict:?}");
        assert!(verdict.is_level(), "{verdict:?}");
        let faster = series(|at| 1e6 + at * at * 1000.0);
        assert!(!level_per_link(&faster, &links, 0.0).unwrap().is_level());
        assert_eq!(level_per_link(&steady, &series(|_| 0.0), 0.0), None);
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(level(&Vec::new(), 0.0), None);
        assert_eq!(level(&vec![(0.0, 1.0)], 0.0), None);
    }
}
