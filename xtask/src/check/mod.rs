//! The conventions of the spec, beyond the form of each construct. `docs/generator.md` lists them.

mod names;
mod operations;
mod references;
mod schemas;

use crate::problems::Problems;
use crate::spec::Spec;

/// Notes everything in which the spec departs from its conventions.
pub fn check(spec: &Spec, problems: &Problems) {
    references::check(spec, problems);
    // What follows resolves references, and would only repeat that they lead nowhere.
    if !problems.is_empty() {
        return;
    }
    operations::check(spec, problems);
    schemas::check(spec, problems);
    names::check(spec, problems);
}
