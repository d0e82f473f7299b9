//! The doors to the world: the disk, variables and secrets, and dice. Nothing else opens them.

pub mod dice;
pub mod files;
pub mod secrets;
