//! The doors to the world: the disk, variables and secrets, the clock, dice, and the network. Nothing else opens them.

pub mod addresses;
pub mod clock;
pub mod dice;
pub mod files;
pub mod network;
pub mod secrets;
pub mod watch;
