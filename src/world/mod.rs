//! Everything outside the process: the disk, environment variables and secrets, the clock, random bytes, the network and mail. No
//! other module touches them.

pub(crate) mod addresses;
pub(crate) mod browser;
pub(crate) mod certificate;
pub mod clock;
pub(crate) mod disk_space;
pub mod random;
pub mod files;
pub(crate) mod whole_file;
pub(crate) mod log_queue;
pub(crate) mod mail;
pub(crate) mod network;
pub(crate) mod network_error;
pub(crate) mod open_files;
pub(crate) mod outgoing_proxy;
pub(crate) mod process_state;
pub(crate) mod resolver;
pub(crate) mod secrets;
pub(crate) mod file_watch;
pub mod signals;
pub(crate) mod slow_disk;
pub(crate) mod tls;
pub(crate) mod traces;
pub(crate) mod host_name;
