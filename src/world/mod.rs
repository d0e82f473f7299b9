//! The doors to the world: the disk, variables and secrets, the clock, dice, the network and the post. Nothing else opens them.

pub mod addresses;
pub mod browser;
pub mod clock;
pub mod random;
pub mod files;
pub mod mail;
pub mod network;
pub mod secrets;
pub mod file_watch;
