//! How much room a disk has, as the program `df` of the system says it.

use std::path::Path;
use std::process::{Command, Stdio};

/// The free bytes of the disk on which a folder lies; `None` where the system does not say it.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let asked = Command::new("df").arg("-Pk").arg("--").arg(folder).env("LC_ALL", "C").stdin(Stdio::null()).stderr(Stdio::null()).output();
    parse(&String::from_utf8_lossy(&asked.ok()?.stdout))
}

/// Reads the table that POSIX describes: the fourth column of the last line, in units of 1024 bytes.
fn parse(table: &str) -> Option<u64> {
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_room_stands_in_the_fourth_column() {
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 100 40 60 40% /\n";

        assert_eq!((parse(table), parse(""), parse("a\nb c d e f")), (Some(61_440), None, None));
        assert!(free_bytes(Path::new("/")).is_some_and(|free| free > 0));
    }
}
