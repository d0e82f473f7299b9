//! Any bytes as a provider file: they yield a provider or a complaint, and no control character of the file reaches the terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portaria::vocabulary::place::Source;
use portaria::provider::{InstallationContext, compile};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (provider, report) = compile(&Source::new("acme.yaml", text), InstallationContext { loopback: false });
    assert!(provider.is_some() || report.is_broken());
    assert!(!report.draw(false).chars().any(|letter| letter.is_control() && letter != '\n'));
});
