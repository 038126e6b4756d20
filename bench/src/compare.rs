//! Comparing contenders that do the same work: in turns, so that a machine that changes its mind changes it for all,
//! and by the median, so that one interruption counts for nothing.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// What is compared.
pub struct Contender<'a> {
    /// Its name in the table.
    pub name: &'a str,
    /// Does the work that many times, on this thread.
    pub run: Box<dyn FnMut(usize) + 'a>,
}

/// What a contender took for one piece of work.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Time on the clock.
    pub wall: Duration,
    /// Time on the processor, of this thread alone.
    pub cpu: Duration,
}

/// Lets the contenders take turns and prints a table, relative to the first. Returns what each took.
pub fn compare(
    title: &str,
    contenders: &mut [Contender<'_>],
    rounds: usize,
    times: usize,
) -> Vec<Taken> {
    let mut walls = vec![Vec::new(); contenders.len()];
    let mut cpus = vec![Vec::new(); contenders.len()];
    for round in 0..=rounds {
        for (index, contender) in contenders.iter_mut().enumerate() {
            let (wall, cpu) = (Instant::now(), ThreadTime::now());
            (contender.run)(times);
            let taken = (wall.elapsed(), cpu.elapsed());
            // The first round warms connections and caches up.
            if round > 0 {
                walls[index].push(taken.0);
                cpus[index].push(taken.1);
            }
        }
    }
    let divisor = u32::try_from(times).unwrap_or(u32::MAX);
    let taken: Vec<Taken> = walls
        .into_iter()
        .zip(cpus)
        .map(|(wall, cpu)| Taken {
            wall: median(wall) / divisor,
            cpu: median(cpu) / divisor,
        })
        .collect();
    println!("\n{title} (median of {rounds} rounds of {times}, taking turns)");
    println!("{:<44} {:>11} {:>11} {:>6}", "", "wall", "CPU", "CPU ×");
    let first = taken.first().map_or(1.0, |taken| taken.cpu.as_secs_f64());
    for (contender, taken) in contenders.iter().zip(&taken) {
        println!(
            "{:<44} {:>8.2} µs {:>8.2} µs {:>6.2}",
            contender.name,
            taken.wall.as_secs_f64() * 1e6,
            taken.cpu.as_secs_f64() * 1e6,
            taken.cpu.as_secs_f64() / first,
        );
    }
    taken
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
