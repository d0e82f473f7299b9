//! A log that a test can read.

use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// What is logged, in memory.
#[derive(Clone, Default)]
pub struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no thread panics while it holds the lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for CapturedLog {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl CapturedLog {
    /// All that has been logged.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no thread panics while it holds the lock")).into_owned()
    }
}
