//! The doors to the world: the disk, variables and secrets, dice and the clock. Nothing else opens them.

pub mod dice;
pub mod files;
pub mod secrets;
