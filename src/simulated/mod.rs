//! simulated.

pub mod playground;
pub mod simulation;
