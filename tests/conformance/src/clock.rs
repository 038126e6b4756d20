//! The clock that a driver's SDK goes by: a folder with four files.
//!
//! Files work in every language, in code that blocks and in code that does not, and for tries that are reset and have no
//! headers to carry a time.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

/// One cell's clock, as the runner and the scripted server see it.
#[derive(Debug)]
pub struct Clock {
    folder: PathBuf,
    elapsed: Mutex<u64>,
}

impl Clock {
    /// A clock on which nothing has passed yet.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn new(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("elapsed"), "0")?;
        Ok(Self {
            folder,
            elapsed: Mutex::new(0),
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that appears when the driver is to cancel.
    pub fn cancel_file(&self) -> PathBuf {
        self.folder.join("cancel")
    }

    /// Lets virtual time pass.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn pass(&self, milliseconds: u64) -> io::Result<()> {
        if milliseconds == 0 {
            return Ok(());
        }
        let mut elapsed = self.elapsed.lock().unwrap_or_else(PoisonError::into_inner);
        *elapsed += milliseconds;
        // Replaced in one step: the driver may read at any moment.
        let next = self.folder.join("elapsed.next");
        fs::write(&next, elapsed.to_string())?;
        fs::rename(&next, self.folder.join("elapsed"))
    }

    /// Tells the driver to cancel.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn cancel(&self) -> io::Result<()> {
        fs::write(self.cancel_file(), "")
    }

    /// Makes waits last until [`release`](Self::release); the first of them tells the driver to cancel.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn hold(&self) -> io::Result<()> {
        fs::write(self.folder.join("hold"), "")
    }

    /// Ends held waits, and takes back the sign to cancel.
    pub fn release(&self) {
        for name in ["hold", "cancel"] {
            let _ = fs::remove_file(self.folder.join(name));
        }
    }

    /// The waits since the last time that this was asked, in milliseconds.
    ///
    /// # Errors
    /// A line that is no number.
    pub fn take_waits(&self) -> Result<Vec<f64>, String> {
        let file = self.folder.join("waits");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        let waits = text.lines().map(|line| {
            let wait = line.trim().parse::<f64>();
            wait.map_err(|_| {
                format!("the clock's file `waits` has a line that is no number: {line:?}")
            })
        });
        waits.collect()
    }
}
