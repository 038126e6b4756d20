//! `approute-fuzz`: broken input by the thousand, for as long as it is given.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use approute_fuzz::{Target, targets};

const USAGE: &str = "\
usage: approute-fuzz [--seconds N] [--seed N] [--case N] [TARGET]...

TARGET is bodies, cursors or signatures; all without one, one after the other. A case that fails is printed with its
seed and number, and is repeated by --seed and --case.";

struct Options {
    seconds: u64,
    seed: u64,
    case: Option<u64>,
    targets: Vec<String>,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        seconds: 60,
        seed: fastrand::u64(..),
        case: None,
        targets: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next()?.parse::<u64>().ok();
        match argument.as_str() {
            "--seconds" => options.seconds = number().ok_or(USAGE)?,
            "--seed" => options.seed = number().ok_or(USAGE)?,
            "--case" => options.case = Some(number().ok_or(USAGE)?),
            flag if flag.starts_with('-') => return Err(USAGE.to_owned()),
            _ => options.targets.push(argument),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let server: PathBuf = program.with_file_name("approute-server");
    let mut chosen = targets(&server)?;
    let known: Vec<_> = chosen.iter().map(|target| target.name()).collect();
    if let Some(unknown) = options
        .targets
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(format!(
            "there is no target {unknown}; there are {}",
            known.join(", ")
        ));
    }
    chosen.retain(|target| {
        options.targets.is_empty() || options.targets.iter().any(|name| name == target.name())
    });
    let each =
        Duration::from_secs(options.seconds) / u32::try_from(chosen.len()).unwrap_or(1).max(1);
    for target in &mut chosen {
        play(&mut **target, options, each)?;
    }
    Ok(())
}

fn play(target: &mut dyn Target, options: &Options, time: Duration) -> Result<(), String> {
    let (started, seed) = (Instant::now(), options.seed);
    let mut case = options.case.unwrap_or(0);
    while started.elapsed() < time {
        // A generator for each case, so that a case can be repeated alone.
        let mut random =
            fastrand::Rng::with_seed(seed.wrapping_add(case.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        target.case(&mut random).map_err(|problem| {
            format!(
                "{}: {problem}\nagain: approute-fuzz --seed {seed} --case {case} {}",
                target.name(),
                target.name()
            )
        })?;
        case += 1;
        if options.case.is_some() {
            break;
        }
    }
    target.end()?;
    println!(
        "{:<12} {case} cases in {:.0} s, seed {seed}",
        target.name(),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}
