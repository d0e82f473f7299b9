//! The callbacks of a trial login, sent by the browser or pasted into the terminal, and the inputs that the terminal asks for.

use crate::commands::outcome::CommandFailure;
use crate::commands::try_login::screen::TrialScreen;
use crate::login::attempt::InputValues;
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::vocabulary::diagnostic::{printable, quoted_alternatives};
use std::io::{BufRead as _, IsTerminal as _, Read as _};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

pub(crate) struct TrialCallback {
    pub(crate) callback: CallbackParameters,
    /// The state in the path.
    pub(crate) state: Option<String>,
    /// Receives whether the callback was accepted.
    pub(crate) reply: Option<oneshot::Sender<bool>>,
}

pub(crate) struct TrialCallbacks<'a> {
    screen: &'a TrialScreen,
    /// The callback's address, without a state.
    address: &'a str,
    browser: Option<UnboundedReceiver<TrialCallback>>,
    lines: Option<UnboundedReceiver<String>>,
}

impl<'a> TrialCallbacks<'a> {
    /// Callbacks from the browser, if `browser` is given, and pasted ones, if the terminal is interactive or there is no `browser`.
    pub(crate) fn new(screen: &'a TrialScreen, address: &'a str, browser: Option<UnboundedReceiver<TrialCallback>>) -> Self {
        let reads_terminal = browser.is_none() || std::io::stdin().is_terminal();
        Self { screen, address, browser, lines: reads_terminal.then(spawn_line_reader) }
    }

    /// Says what is awaited, and what it means if it does not arrive.
    pub(crate) fn waiting_message(&self) -> String {
        let address = self.address;
        let awaited = match (&self.browser, &self.lines) {
            (Some(_), None) => format!("waiting for the browser at {address}; Ctrl-C stops"),
            (Some(_), Some(_)) => {
                format!("waiting for the browser at {address}, or for the address to which it was sent back, pasted here; Ctrl-C stops")
            }
            (None, _) => format!(
                "when the browser has come back to {address}, paste the whole address from its address bar here, or the form that it \
                 sent; Ctrl-C stops"
            ),
        };
        format!(
            "{awaited}\nif the provider shows an error instead, it does not accept a part of the address\nabove: compare it with the manual, \
             and check that the callback is registered"
        )
    }

    pub(crate) async fn next(&mut self) -> Result<TrialCallback, CommandFailure> {
        loop {
            let line = tokio::select! {
                Some(arrival) = receive(&mut self.browser) => return Ok(arrival),
                line = receive(&mut self.lines) => line,
            };
            match line.map(|line| self.parse_pasted(line.trim())) {
                Some(Ok(Some(arrival))) => return Ok(arrival),
                Some(Ok(None)) => {}
                Some(Err(message)) => self.screen.print(&format!("{message}; still waiting")),
                None if self.browser.is_some() => self.lines = None,
                None => {
                    return Err(CommandFailure::No(
                        "error: no callback was pasted\n  help: paste the whole address from the browser's address bar".to_owned(),
                    ));
                }
            }
        }
    }

    /// Reads a pasted address, or only its parameters.
    fn parse_pasted(&self, line: &str) -> Result<Option<TrialCallback>, String> {
        let line = line.trim_matches(['"', '\'']);
        if line.is_empty() {
            return Ok(None);
        }
        let (state, query) = if line.starts_with("http://") || line.starts_with("https://") {
            let line = line.split('#').next().unwrap_or_default();
            let (place, query) = line.split_once('?').unwrap_or((line, ""));
            let below = place.strip_prefix(self.address).filter(|below| below.is_empty() || below.starts_with('/'));
            let below = below.ok_or_else(|| format!("this is not an address below {}", self.address))?;
            (Some(below.trim_matches('/').to_owned()).filter(|state| !state.is_empty()), query)
        } else if line.contains('=') {
            (None, line.trim_start_matches('?'))
        } else {
            return Err("this is neither an address nor a form".to_owned());
        };
        let callback = CallbackParameters::new(url::form_urlencoded::parse(query.as_bytes()).into_owned());
        Ok(Some(TrialCallback { callback, state, reply: None }))
    }
}

/// The next value of a channel; without a channel it waits forever.
async fn receive<T>(channel: &mut Option<UnboundedReceiver<T>>) -> Option<T> {
    match channel {
        Some(channel) => channel.recv().await,
        None => std::future::pending().await,
    }
}

/// The lines of the terminal. Reading cannot be interrupted, so a thread does it until the program ends.
fn spawn_line_reader() -> UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Some(line) = read_line() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn read_line() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().take(LONGEST_LINE).read_line(&mut line);
    read.is_ok_and(|read| read > 0).then_some(line)
}

/// The values of the inputs, from the command line or from the terminal.
pub(crate) fn resolve_inputs(provider: &Provider, given: &[(String, String)], screen: &TrialScreen) -> Result<InputValues, CommandFailure> {
    if let Some((unknown, _)) = given.iter().find(|(name, _)| provider.inputs.iter().all(|input| *input.name != **name)) {
        let known = provider.inputs.iter().map(|input| &*input.name);
        let help =
            if provider.inputs.is_empty() { "omit `--input`".to_owned() } else { format!("it asks for {}", quoted_alternatives(known)) };
        return Err(CommandFailure::Usage(format!("{} has no input `{}`", provider.source.name, printable(unknown)), help));
    }
    let mut inputs = InputValues::new();
    for input in &provider.inputs {
        let typed = match given.iter().find(|(name, _)| **name == *input.name) {
            Some((_, value)) => Some(value.clone()),
            None if std::io::stdin().is_terminal() => {
                screen.print(&format!("{} (`{}`):", printable(input.label.in_language("en")), input.name));
                read_line().map(|line| line.trim().to_owned())
            }
            None => None,
        };
        match typed.filter(|typed| input.accepts(typed)) {
            Some(typed) => inputs.push((input.name.clone(), typed.into())),
            None => return Err(unusable_input(&input.name)),
        }
    }
    Ok(inputs)
}

/// The value of an input is missing or not accepted.
pub(crate) fn unusable_input(name: &str) -> CommandFailure {
    CommandFailure::Usage(
        format!("the input `{name}` needs a value that the file accepts"),
        format!("give it as a shopper would type it: `--input {name}=…`"),
    )
}
