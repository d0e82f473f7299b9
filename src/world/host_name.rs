//! The name of this machine.

/// The name of this machine, or nothing where the system does not tell it.
pub(crate) fn host_name() -> String {
    // Linux has it here; elsewhere a shell may have exported it.
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    name.unwrap_or_default().trim().to_owned()
}
