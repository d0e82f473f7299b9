//! `portaria try NAME`: a real login, shown step by step. It opens no directory, and creates no user and no session.

pub(crate) mod callbacks;
pub(crate) mod exchange;
pub(crate) mod listener;
pub(crate) mod recording;
pub(crate) mod screen;
pub(crate) mod witness;

use crate::commands::outcome::{CommandFailure, CommandOutcome, uses_colour};
use crate::commands::try_login::callbacks::{TrialCallback, TrialCallbacks};
use crate::commands::try_login::listener::{CallbackListener, free_port};
use crate::commands::try_login::recording::{add_example, recorded_logins};
use crate::commands::try_login::screen::TrialScreen;
use crate::commands::try_login::witness::{AnnouncedFetch, TrialWitness};
use crate::commands::{GlobalOptions, provider_file};
use crate::login::attempt::{Attempt, Entropy, GOOD_FOR, InputValues, InstallationValues, RedirectError};
use crate::login::conversation::{Conversation, ConversationParties};
use crate::login::error::{LoginError, LoginErrorCause};
use crate::login::options::LoginOptions;
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::callback::CallbackParameters;
use crate::provider::document_cache::DocumentCache;
use crate::provider::identity::Identity;
use crate::provider::redirect_address::RedirectAddress;
use crate::provider::step::StepKind;
use crate::simulated::playground::Playground;
use crate::stores::catalogue::{self, ProviderFileState};
use crate::stores::connection::{NetworkConnection, ProviderClient};
use crate::stores::read_policy::ReadPolicy;
use crate::stores::settings::Settings;
use crate::stores::trusted_authorities::trusted_authorities;
use crate::stores::{Store, Stores};
use crate::story::watch::LoginWatch;
use crate::story::{LoginRecord, Story, login_story};
use crate::vocabulary::privacy::masked_key;
use crate::vocabulary::wire::Request;
use crate::web::network_reach::{network_reach, outgoing_proxy};
use crate::workbench::repair::propose_among;
use crate::world::browser as world_browser;
use crate::world::network::Network;
use crate::world::{clock, random, secrets};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Try a login.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct TryCommand {
    /// The provider's name, or its file
    name: String,
    /// The value of an input of the file, as a shopper would type it; asked for if omitted
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// Who wants to sign in, as the address of a login says it by `login_hint`
    #[arg(long, value_name = "TEXT", conflicts_with = "record")]
    login_hint: Option<String>,
    /// The languages of the person, such as "pt-BR es", as the address of a login says them by `ui_locales`
    #[arg(long, value_name = "LANGUAGES", conflicts_with = "record")]
    ui_locales: Option<String>,
    /// Let the provider ask for the login again, as `reauthenticate=true` does
    #[arg(long, conflicts_with = "record")]
    reauthenticate: bool,
    /// Hand in a token in place of a login: the file, or `-` for the standard input, holds one token or the JSON of `/exchange`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "paste", "login_hint", "ui_locales", "reauthenticate", "inputs"])]
    exchange: Option<String>,
    /// Do not open a browser; the address is always printed
    #[arg(long)]
    no_open: bool,
    /// Wait for an address pasted here, not for the browser
    #[arg(long)]
    paste: bool,
    /// How long to wait, such as 90s or 5m; a login expires after ten minutes
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = span)]
    timeout: Duration,
    /// Add the login to the examples beside the file, with invented people, secrets and codes
    #[arg(long)]
    record: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write the name and the value of the input: `--input shop=quist`")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn span(text: &str) -> Result<Duration, String> {
    let (count, unit) = text.split_at(text.len().saturating_sub(usize::from(text.ends_with(['s', 'm']))));
    let count: u64 = count.parse().map_err(|_| "write seconds or minutes: `90s`, `5m`")?;
    let seconds = if unit == "m" { count.saturating_mul(60) } else { count };
    let most = u64::try_from(GOOD_FOR).unwrap_or_default();
    if (1..=most).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err("a login expires after ten minutes: write `10m` at most".to_owned())
    }
}

/// A trial login and all that it needs.
pub(crate) struct TrialLogin {
    provider: Provider,
    path: PathBuf,
    installation: InstallationValues,
    inputs: InputValues,
    connection: NetworkConnection,
    playground: Arc<Playground>,
    screen: TrialScreen,
}

/// How a trial login ended.
struct TrialOutcome {
    redirect: Option<Request>,
    trace: Trace,
    watch: LoginWatch,
    end: Result<Identity, LoginError>,
}

impl TryCommand {
    pub(crate) fn run(&self, global: &GlobalOptions) -> Result<CommandOutcome, CommandFailure> {
        let mut settings = global.settings()?;
        let path = provider_file(&self.name, &settings)?;
        let entry = catalogue::load(&path, settings.installation_context(), &ReadPolicy::for_file(&settings, &path));
        let provider = match entry.state {
            ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) | ProviderFileState::Dormant(provider, _) => *provider,
            ProviderFileState::Broken => return Err(CommandFailure::No(entry.report.draw(uses_colour()))),
        };
        let missing = secrets::missing_values(&provider);
        if !missing.is_empty() {
            return Err(CommandFailure::No(missing_variables_message(&provider, &missing, &self.name)));
        }
        let screen = TrialScreen { json: global.json, colour: !global.json && uses_colour() };
        if let Some(source) = &self.exchange {
            let tokens = exchange::read_tokens(source, &provider)?;
            let (trial, stores) = prepare_trial(provider, path, InputValues::new(), &settings, screen);
            return Ok(actix_web::rt::System::new().block_on(exchange::run(&trial, &stores, &tokens)));
        }
        if global.public_url.is_none() && !self.paste {
            move_to_free_port(&mut settings, &provider, &screen);
        }
        let options = self.login_options(&provider, &screen)?;
        let inputs = callbacks::resolve_inputs(&provider, &self.inputs, &screen)?;
        let (mut trial, stores) = prepare_trial(provider, path, inputs, &settings, screen);
        actix_web::rt::System::new().block_on(self.execute(&mut trial, options, &stores))
    }

    /// What the address of a login would ask for. Says so where the file does not pass it on.
    fn login_options(&self, provider: &Provider, screen: &TrialScreen) -> Result<LoginOptions, CommandFailure> {
        let again = self.reauthenticate.then_some("true");
        let options = LoginOptions::parse(self.login_hint.clone(), self.ui_locales.clone(), again).ok_or_else(|| {
            CommandFailure::Usage(
                "what `--login-hint` or `--ui-locales` says cannot be passed on".to_owned(),
                "a hint has at most 200 characters; languages are written `pt-BR es`, at most 10 of them".to_owned(),
            )
        })?;
        if self.reauthenticate && !provider.can_reauthenticate() {
            return Err(CommandFailure::No(format!(
                "error: {} has no `reauthenticate`, so a login that asks for it cannot begin\n  help: write the parameters that the provider's manual names, such as `reauthenticate: {{ prompt: login }}`",
                provider.source.name
            )));
        }
        let used = provider.used_facts();
        for (given, slot, hole) in [
            (self.login_hint.is_some(), provider.known.login_hint, "${loginHint?}"),
            (self.ui_locales.is_some(), provider.known.ui_locales, "${uiLocales?}"),
        ] {
            if given && !used.contains(&slot) {
                screen.print(&format!("note: no request of the file has `{hole}`, so this is not passed on"));
            }
        }
        Ok(options)
    }

    async fn execute(&self, trial: &mut TrialLogin, options: LoginOptions, stores: &Stores) -> Result<CommandOutcome, CommandFailure> {
        let store = stores.main();
        let listens = !self.paste && store.loopback && !store.secure;
        if listens {
            // The browser has to come back to this terminal.
            trial.provider.redirect_address = RedirectAddress::USUAL;
        }
        let TrialLogin { provider, playground, .. } = &*trial;
        let mut listener = if listens { Some(CallbackListener::open(&provider.name, provider.callback, store, playground)?) } else { None };
        let arrivals = listener.as_mut().and_then(|listener| listener.arrivals.take());
        if listener.is_some() {
            trial.connection.playground = Some(Arc::<Playground>::clone(&trial.playground));
        }
        let trial = &*trial;
        let client = ProviderClient { connection: &trial.connection, store, limits: None };
        let announced = AnnouncedFetch { client, screen: &trial.screen };
        let parties = ConversationParties {
            provider: &trial.provider,
            fetch: &announced,
            documents: &trial.connection.documents,
            fingerprint: None,
            limits: None,
        };
        let entropy = Entropy(random::bytes());
        let mut conversation = Conversation::begin(parties, trial.installation.clone(), &entropy, trial.inputs.clone(), clock::now());
        conversation.attempt.set_options(&trial.provider, options);
        let mut witness = TrialWitness::new(&trial.provider, &trial.screen);
        let (prepared, request) = authorization_request(trial, &mut conversation, &mut witness).await;
        let outcome = match request? {
            Ok(request) => self.await_callback(trial, &conversation, (prepared, request), witness, arrivals).await,
            Err(error) => Ok(TrialOutcome { redirect: None, trace: prepared, watch: witness.watch, end: Err(error) }),
        };
        let outcome = match outcome {
            Ok(outcome) => self.report_outcome(trial, store, &conversation.attempt, &outcome),
            Err(failure) => Err(failure),
        };
        if let Some(listener) = listener {
            listener.close().await;
        }
        outcome
    }

    /// Sends the browser to the provider, and makes the calls once it is back.
    async fn await_callback(
        &self,
        trial: &TrialLogin,
        conversation: &Conversation<'_>,
        (prepared, request): (Trace, Request),
        mut witness: TrialWitness<'_>,
        browser: Option<UnboundedReceiver<TrialCallback>>,
    ) -> Result<TrialOutcome, CommandFailure> {
        let TrialLogin { provider, installation, screen, .. } = trial;
        witness.print_redirect(&request);
        screen.print(&format!("\nopen this address in a browser:\n\n  {}\n", request.browser_address()));
        if !self.no_open {
            world_browser::open(&request);
        }
        let address = provider.redirect_address.of(&installation.public_url, &provider.name);
        let mut arrivals = TrialCallbacks::new(screen, &address, browser);
        screen.print(&arrivals.waiting_message());
        let timeout = tokio::time::sleep(self.timeout);
        tokio::pin!(timeout);
        loop {
            let arrival = tokio::select! {
                arrival = arrivals.next() => arrival?,
                () = &mut timeout => return Err(timed_out(self.timeout, &address)),
            };
            let TrialCallback { callback, state, reply } = arrival;
            let accepted = conversation.accept(&callback, state.as_deref(), clock::now());
            if let Some(reply) = reply {
                // The browser may have closed the connection.
                let _ = reply.send(accepted.is_ok());
            }
            match accepted {
                Ok(login) => {
                    witness.print_callback(&callback);
                    let driven = conversation.drive(login, None, &mut witness).await;
                    let (trace, end) = driven.unwrap_or_else(|busy| (Trace::default(), Err(busy.into())));
                    return Ok(TrialOutcome { redirect: Some(request), trace: trace.after(prepared), watch: witness.watch, end });
                }
                Err(error) if is_other_callback(&error.cause) => {
                    screen.print(&format!("\na callback arrived, but {error} ({}); still waiting", error.code()));
                    screen.print(&callback_names(&callback));
                }
                Err(error) => {
                    witness.print_callback(&callback);
                    let trace = Trace::of_callback(callback).after(prepared);
                    return Ok(TrialOutcome { redirect: Some(request), trace, watch: witness.watch, end: Err(error) });
                }
            }
        }
    }

    fn report_outcome(
        &self,
        trial: &TrialLogin,
        store: &Store,
        attempt: &Attempt,
        outcome: &TrialOutcome,
    ) -> Result<CommandOutcome, CommandFailure> {
        let TrialOutcome { redirect, trace, watch, end } = outcome;
        let record = LoginRecord { provider: &trial.provider, redirect: redirect.as_ref(), trace, watch, end: end.as_ref() };
        let mut story =
            Story { test: true, ..login_story(record, propose_among(&trial.provider, end.as_ref(), trace, &recorded_logins(trial))) };
        story.mark_omitted(&end.as_ref().map(|identity| store.facts_left_out(identity)).unwrap_or_default());
        trial.screen.print_outcome(&trial.provider, &story, end.as_ref());
        trial.screen.print_story(&story);
        if self.record {
            add_example(trial, attempt, trace, end.as_ref())?;
        }
        if let Some(next) = self.next_step(&story) {
            trial.screen.print(&format!("\n{next}"));
        }
        Ok(if end.is_ok() { CommandOutcome::Fine } else { CommandOutcome::No })
    }

    /// The sentence about what to do next.
    fn next_step(&self, story: &Story) -> Option<String> {
        let name = &self.name;
        if story.code.is_none() {
            return (!self.record)
                .then(|| format!("next: `portaria try {name} --record` saves a login as an example that `portaria test` replays"));
        }
        let changes = story.proposals.iter().filter(|proposal| proposal.change.is_some()).count();
        let change = match changes {
            0 => "repair that",
            1 => "write the proposed change into the file",
            _ => "write the right change into the file (the likeliest comes first)",
        };
        Some(format!("next: {change}, then `portaria try {name}` again"))
    }
}

/// Takes another port of this machine where a program, such as the broker itself, has that of the settings.
fn move_to_free_port(settings: &mut Settings, provider: &Provider, screen: &TrialScreen) {
    let stores = Stores::new(settings);
    let store = stores.main();
    if !store.loopback || store.secure {
        return;
    }
    if let Some((taken, free)) = free_port(&store.host) {
        settings.public_url = format!("http://localhost:{free}");
        let address = RedirectAddress::USUAL.of(&settings.public_url, &provider.name);
        screen.print(&format!(
            "port {taken} is taken, so this login comes back to port {free}; if the provider refuses, register {address} there, or stop the program at port {taken}"
        ));
    }
}

fn prepare_trial(provider: Provider, path: PathBuf, inputs: InputValues, settings: &Settings, screen: TrialScreen) -> (TrialLogin, Stores) {
    let stores = Stores::new(settings);
    let installation = secrets::installation_values(&provider, &settings.public_url);
    let (network, no_certificates) =
        Network::new(network_reach(settings, &stores), &trusted_authorities(settings).0, outgoing_proxy(settings));
    if let Some(reason) = no_certificates {
        screen.print(&format!(
            "this machine has no certificate authorities, so no provider can be reached by https ({reason}); install ca-certificates"
        ));
    }
    let playground = Arc::new(Playground::new(random::bytes()));
    let connection = NetworkConnection { network, documents: DocumentCache::default(), playground: None };
    (TrialLogin { provider, path, installation, inputs, connection, playground, screen }, stores)
}

/// The names of a callback's parameters, of which one may be what the file looks for.
fn callback_names(callback: &CallbackParameters) -> String {
    let names: Vec<String> = callback.pairs.iter().map(|(name, _)| format!("`{}`", masked_key(name))).collect();
    if names.is_empty() { "it has no parameters".to_owned() } else { format!("its parameters are {}", names.join(", ")) }
}

/// Whether a refused callback may belong to another login, so that the awaited one may still arrive.
fn is_other_callback(cause: &LoginErrorCause) -> bool {
    matches!(
        cause,
        LoginErrorCause::OtherProvider
            | LoginErrorCause::StateMismatch
            | LoginErrorCause::NoState { found_as: None, .. }
            | LoginErrorCause::UnknownState
            | LoginErrorCause::TooManyParameters
            | LoginErrorCause::RepeatedParameter
    )
}

/// The calls before the redirect, and the authorization request or the error that prevents it.
async fn authorization_request(
    trial: &TrialLogin,
    conversation: &mut Conversation<'_>,
    witness: &mut TrialWitness<'_>,
) -> (Trace, Result<Result<Request, LoginError>, CommandFailure>) {
    let TrialLogin { provider, screen, .. } = trial;
    screen.print_heading(&format!("{} ({})", provider.title, provider.source.name));
    conversation.refresh_document(clock::now()).await;
    let (prepared, is_prepared) = conversation.prepare(None, clock::now(), witness).await;
    let request = match is_prepared.and_then(|()| conversation.authorization_request()) {
        Ok(request) => Ok(Ok(request)),
        Err(RedirectError::Input(name)) => Err(callbacks::unusable_input(&name)),
        Err(RedirectError::Prepare(error)) => Ok(Err(*error)),
        Err(RedirectError::NoDocument(fault)) => Ok(Err(LoginError::before_calls(LoginErrorCause::NoDocument(fault)))),
        Err(RedirectError::Request(error)) => Ok(Err(LoginError::from_step_error(StepKind::GetAuthorizationCode, error, None, provider))),
    };
    (prepared, request)
}

fn missing_variables_message(provider: &Provider, missing: &[String], name: &str) -> String {
    let instruction = |missing: &String| match missing.strip_prefix("file:") {
        Some(path) => format!("\n  help: write it into {}", Path::new(path).display()),
        None => format!("\n  help: export {missing}=…"),
    };
    let help: String = missing.iter().map(instruction).collect();
    let place = format!("the value that {} gave you for this app; then run `portaria try {name}` again", provider.title);
    format!("error: {} needs {}{help}\n  help: use {place}", provider.source.name, missing.join(", "))
}

fn timed_out(timeout: Duration, address: &str) -> CommandFailure {
    CommandFailure::No(format!(
        "error: the browser did not come back within {} seconds\n  help: register {} at the provider, exactly as it is written here",
        timeout.as_secs(),
        address
    ))
}
