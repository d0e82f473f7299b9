//! What the system shows of this process. Where it shows nothing, the numbers are 0.

use std::path::Path;

/// How many ticks a second has in `/proc`, on every Linux.
const TICKS: f64 = 100.0;
/// More than these files hold.
const LARGEST: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ProcessState {
    pub(crate) processor_seconds: f64,
    pub(crate) memory_bytes: u64,
    pub(crate) open_files: u64,
    pub(crate) most_files: u64,
}

impl ProcessState {
    pub(crate) fn read() -> Self {
        let text = |path: &str| {
            let bytes = crate::world::files::read_bytes(Path::new(path), LARGEST).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let status = text("/proc/self/status");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Self {
            processor_seconds: processor_seconds(&text("/proc/self/stat")).unwrap_or_default(),
            memory_bytes: resident.unwrap_or_default().saturating_mul(1024),
            // The folder that is being listed is open as well.
            open_files: std::fs::read_dir("/proc/self/fd").map_or(0, |open| (open.count() as u64).saturating_sub(1)),
            most_files: rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(0, |(soft, _)| soft),
        }
    }
}

/// The time in user and system mode. The name of the program, in parentheses, may hold anything.
fn processor_seconds(stat: &str) -> Option<f64> {
    let mut numbers = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let ticks = |text: &str| text.parse::<u32>().ok().map(f64::from);
    Some((ticks(numbers.next()?)? + ticks(numbers.next()?)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_stand_behind_a_name_that_holds_anything() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";

        assert_eq!(processor_seconds(stat), Some(3.0));
        assert_eq!(processor_seconds("7 (a) S 1"), None);
    }
}
