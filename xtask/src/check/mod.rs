//! The conventions of the spec, beyond the form of each construct.

use crate::problems::Problems;
use crate::spec::Spec;

/// Notes everything in which the spec departs from its conventions.
pub fn check(_spec: &Spec, _problems: &Problems) {}
