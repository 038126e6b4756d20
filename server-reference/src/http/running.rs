//! Which idempotency keys are being worked on in this process.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crate::store::idempotency::Name;

/// The set of keys whose first request is still running.
#[derive(Default, Clone)]
pub struct Running(Arc<Mutex<HashSet<Name>>>);

impl Running {
    /// Claims a key until the claim is dropped; none while another request holds it.
    pub fn claim(&self, name: &Name) -> Option<Claim> {
        let fresh = self
            .0
            .lock()
            .expect("no panic while claiming")
            .insert(name.clone());
        fresh.then(|| Claim {
            running: self.clone(),
            name: name.clone(),
        })
    }
}

/// A key that this request works on.
pub struct Claim {
    running: Running,
    name: Name,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // A poisoned set still holds valid names, and a claim must end in any case.
        let mut names = self
            .running
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        names.remove(&self.name);
    }
}
