//! Opens an address in the browser of this machine.

use crate::vocabulary::wire::Request;
use std::process::{Command, Stdio};

/// The program that opens an address in the default browser.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens the address of a request, if this machine can; otherwise nothing happens.
pub(crate) fn open(request: &Request) {
    let opener =
        Command::new(OPENER).arg(request.browser_address()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Ok(mut opener) = opener {
        // A process that nothing waits for stays in the system's table after its end.
        std::thread::spawn(move || opener.wait());
    }
}
