//! The doors to the world: the disk, variables and secrets, the clock, dice, the network and the post. Nothing else opens them.

pub(crate) mod addresses;
pub(crate) mod browser;
pub mod clock;
pub mod random;
pub mod files;
pub(crate) mod mail;
pub(crate) mod network;
pub(crate) mod secrets;
pub(crate) mod file_watch;
