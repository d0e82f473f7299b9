//! How many files, and so connections, this process may have open.

/// Raises the limit of this process as far as the system allows. Returns what it is then.
pub(crate) fn raise_limit() -> u64 {
    // Without a limit that can be read, the usual one of a shell is assumed.
    rlimit::increase_nofile_limit(u64::MAX).or_else(|_| rlimit::getrlimit(rlimit::Resource::NOFILE).map(|(soft, _)| soft)).unwrap_or(1024)
}
