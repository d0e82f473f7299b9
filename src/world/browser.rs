//! The browser of whoever sits at this machine.

use crate::vocabulary::wire::Request;
use std::process::{Command, Stdio};

/// The program that opens an address in the browser that somebody has chosen.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// The address that a browser is sent to. It is the browser's to carry, so it is told in full.
pub(crate) fn address(request: &Request) -> &str {
    request.address.expose()
}

/// Opens the address, if this machine can; that it cannot is no error.
pub(crate) fn open(request: &Request) {
    let opener = Command::new(OPENER).arg(address(request)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Ok(mut opener) = opener {
        // Somebody has to hear that it ended.
        std::thread::spawn(move || opener.wait());
    }
}
