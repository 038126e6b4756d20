//! What processes and files take, as Linux tells it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use std::{fs, io};

use crate::level::Series;

/// Of whom, and what.
pub type Key = (String, String);

/// All measures of a run, filled by several threads.
#[derive(Debug)]
pub struct Record {
    began: Instant,
    all: Mutex<BTreeMap<Key, Series>>,
}

impl Record {
    /// Begins now.
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            all: Mutex::default(),
        }
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Adds a value.
    pub fn add(&self, subject: &str, measure: &str, value: f64) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry((subject.to_owned(), measure.to_owned()))
            .or_default()
            .push((self.seconds(), value));
    }

    /// Everything so far.
    pub fn all(&self) -> BTreeMap<Key, Series> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    /// Looks at a process; one that is gone adds nothing.
    pub fn process(&self, subject: &str, pid: u32) {
        if let Ok(seen) = look(pid) {
            self.add(subject, "memory", seen.memory);
            self.add(subject, "files", seen.files);
            self.add(subject, "threads", seen.threads);
        }
    }
}

/// A process at a moment.
#[derive(Debug, PartialEq)]
struct Process {
    /// Resident, in bytes.
    memory: f64,
    /// Open file descriptors.
    files: f64,
    threads: f64,
}

fn look(pid: u32) -> io::Result<Process> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let status = fs::read_to_string(folder.join("status"))?;
    let files = fs::read_dir(folder.join("fd"))?.count();
    let missing = || io::Error::from(io::ErrorKind::InvalidData);
    Ok(Process {
        memory: field(&status, "VmRSS:").ok_or_else(missing)? * 1024.0,
        files: f64::from(u32::try_from(files).unwrap_or(u32::MAX)),
        threads: field(&status, "Threads:").ok_or_else(missing)?,
    })
}

/// The number of a line such as `VmRSS:   1234 kB`.
fn field(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// How many bytes a database takes, its write-ahead log included.
pub fn database_size(file: &Path) -> f64 {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let folder = file.parent().unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&*name))
        .filter_map(|entry| entry.metadata().ok())
        .map(|data| data.len());
    let bytes: u64 = sizes.sum();
    // Exact up to 2^53, which is more than a disk.
    bytes as f64
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen() {
        let before = look(std::process::id()).unwrap();
        assert!(before.memory > 100_000.0, "{before:?}");
        let files: Vec<_> = (0..5)
            .map(|_| fs::File::open("/dev/null").unwrap())
            .collect();
        let after = look(std::process::id()).unwrap();
        // Other tests of this process may open some too.
        assert!(after.files >= before.files + 4.0, "{before:?} {after:?}");
        drop(files);
    }

    #[test]
    fn a_database_is_all_its_files() {
        let folder =
            std::env::temp_dir().join(format!("approute-soak-test-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in [("a.db", 10), ("a.db-wal", 7), ("b.db", 100)] {
            fs::write(folder.join(name), vec![0; bytes]).unwrap();
        }
        assert!((database_size(&folder.join("a.db")) - 17.0).abs() < 0.1);
        fs::remove_dir_all(folder).unwrap();
    }
}
