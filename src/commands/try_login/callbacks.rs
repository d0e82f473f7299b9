//! How the browser's answer arrives: by the browser itself, or pasted into the terminal; and what is asked there.

use crate::commands::outcome::CommandFailure;
use crate::commands::try_login::screen::TrialScreen;
use crate::login::attempt::InputValues;
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::vocabulary::diagnostic::printable;
use std::io::{BufRead as _, IsTerminal as _, Read as _};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;

/// The most that is read of a line.
const LONGEST: u64 = 64 * 1024;

/// What came back.
pub(crate) struct TrialCallback {
    /// The parameters.
    pub(crate) callback: CallbackParameters,
    /// The state from the path.
    pub(crate) state: Option<String>,
    /// Who wants to know whether it fits.
    pub(crate) reply: Option<oneshot::Sender<bool>>,
}

/// Everything that arrives.
pub(crate) struct TrialCallbacks<'a> {
    screen: &'a TrialScreen,
    /// The callback's address, without a state.
    address: &'a str,
    browser: Option<UnboundedReceiver<TrialCallback>>,
    lines: Option<UnboundedReceiver<String>>,
}

impl<'a> TrialCallbacks<'a> {
    /// From the browser, where somebody listens for it; from the terminal, where that is wished, the only way, or possible.
    pub(crate) fn new(screen: &'a TrialScreen, address: &'a str, browser: Option<UnboundedReceiver<TrialCallback>>) -> Self {
        let pastes = browser.is_none() || std::io::stdin().is_terminal();
        Self { screen, address, browser, lines: pastes.then(spawn_line_reader) }
    }

    /// What is waited for, and what it means when it does not come.
    pub(crate) fn waiting_message(&self) -> String {
        let address = self.address;
        let awaited = match (&self.browser, &self.lines) {
            (Some(_), None) => format!("waiting for the browser at {address}; Ctrl-C stops"),
            (Some(_), Some(_)) => {
                format!("waiting for the browser at {address}, or for the address that it was sent back to, pasted here; Ctrl-C stops")
            }
            (None, _) => format!(
                "when the browser has come back to {address}, paste the whole address from its address bar here, or the form that it \
                 sent; Ctrl-C stops"
            ),
        };
        format!(
            "{awaited}\nif the provider shows an error instead, it does not accept something in the address\nabove: compare it with its manual, \
             and see that the callback is registered there"
        )
    }

    /// The next that arrives.
    pub(crate) async fn next(&mut self) -> Result<TrialCallback, CommandFailure> {
        loop {
            let line = tokio::select! {
                Some(arrival) = receive(&mut self.browser) => return Ok(arrival),
                line = receive(&mut self.lines) => line,
            };
            match line.map(|line| self.parse_pasted(line.trim())) {
                Some(Ok(Some(arrival))) => return Ok(arrival),
                Some(Ok(None)) => {}
                Some(Err(why)) => self.screen.print(&format!("{why}; still waiting")),
                None if self.browser.is_some() => self.lines = None,
                None => {
                    return Err(CommandFailure::No(
                        "error: nothing fitting was pasted\n  help: paste the whole address from the browser's address bar".to_owned(),
                    ));
                }
            }
        }
    }

    /// A line as what came back: the whole address, or only its parameters.
    fn parse_pasted(&self, line: &str) -> Result<Option<TrialCallback>, String> {
        let line = line.trim_matches(['"', '\'']);
        if line.is_empty() {
            return Ok(None);
        }
        let (state, query) = if line.starts_with("http://") || line.starts_with("https://") {
            let line = line.split('#').next().unwrap_or_default();
            let (place, query) = line.split_once('?').unwrap_or((line, ""));
            let below = place.strip_prefix(self.address).filter(|below| below.is_empty() || below.starts_with('/'));
            let below = below.ok_or_else(|| format!("this is no address below {}", self.address))?;
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

/// The next from a channel, if there is one; otherwise nothing ever comes.
async fn receive<T>(channel: &mut Option<UnboundedReceiver<T>>) -> Option<T> {
    match channel {
        Some(channel) => channel.recv().await,
        None => std::future::pending().await,
    }
}

/// The lines that are typed. Reading them cannot be stopped, so it is done apart, and ends with the program.
fn spawn_line_reader() -> UnboundedReceiver<String> {
    let (tell, told) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Some(line) = read_line() {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    told
}

fn read_line() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().take(LONGEST).read_line(&mut line);
    read.is_ok_and(|read| read > 0).then_some(line)
}

/// What a shopper would type: as it was given, or asked for at the terminal.
pub(crate) fn resolve_inputs(provider: &Provider, given: &[(String, String)], screen: &TrialScreen) -> Result<InputValues, CommandFailure> {
    if let Some((unknown, _)) = given.iter().find(|(name, _)| provider.inputs.iter().all(|input| *input.name != **name)) {
        let known = provider.inputs.iter().map(|input| &*input.name);
        let help = if provider.inputs.is_empty() {
            "leave `--input` out".to_owned()
        } else {
            format!("it asks for {}", crate::vocabulary::diagnostic::quoted_alternatives(known))
        };
        return Err(CommandFailure::Usage(format!("{} has no input `{}`", provider.source.name, printable(unknown)), help));
    }
    let mut inputs = InputValues::new();
    for input in &provider.inputs {
        let typed = match given.iter().find(|(name, _)| **name == *input.name) {
            Some((_, value)) => Some(value.clone()),
            None if std::io::stdin().is_terminal() => {
                screen.print(&format!("{} (`{}`):", printable(&input.label), input.name));
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

/// What was given for an input cannot be used, or nothing was.
pub(crate) fn unusable_input(name: &str) -> CommandFailure {
    CommandFailure::Usage(
        format!("`{name}` is asked for, and what was given does not fit"),
        format!("give it as a shopper would type it: `--input {name}=…`"),
    )
}
