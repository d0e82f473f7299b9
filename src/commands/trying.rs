//! `portaria try NAME`: a real login, told step by step, with nobody created: no user, no session, no directory is opened.

pub mod arrivals;
pub mod door;
pub mod keeping;
pub mod screen;
pub mod teller;

use crate::catalogue::{self, State};
use crate::commands::outcome::{Failure, Outcome, colour};
use crate::commands::trying::arrivals::{Arrival, Arrivals};
use crate::commands::trying::door::Door;
use crate::commands::trying::keeping::keep;
use crate::commands::trying::screen::Screen;
use crate::commands::trying::teller::{Announced, Teller};
use crate::commands::{Global, provider_file};
use crate::login::attempt::{Attempt, CannotBegin, Entropy, GOOD_FOR, Inputs, Installation};
use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::login::{discover, drive_before};
use crate::playground::Playground;
use crate::provider::Provider;
use crate::provider::documents::Documents;
use crate::provider::identity::Identity;
use crate::provider::step::StepKind;
use crate::settings::Settings;
use crate::stores::Stores;
use crate::story::watch::Watch;
use crate::story::{Happened, Story, tell};
use crate::web::app::reach;
use crate::web::outgoing::Wall;
use crate::wire::Request;
use crate::world::browser as world_browser;
use crate::world::network::Network;
use crate::world::{clock, dice, secrets};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Try a login.
#[derive(Debug, Args)]
pub struct Try {
    /// The provider's name, or its file
    name: String,
    /// What a shopper would type for an input of the file; asked for when it is left out
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// Open no browser; the address is printed in any case
    #[arg(long)]
    no_open: bool,
    /// Wait for what is pasted here, rather than for the browser
    #[arg(long)]
    paste: bool,
    /// How long to wait, such as 90s or 5m; a login is good for ten minutes
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = span)]
    timeout: Duration,
    /// Add what happened to the examples beside the file, with invented people, secrets and codes
    #[arg(long)]
    record: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write the input's name and its value: `--input shop=quist`")?;
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
        Err("a login is good for ten minutes: `10m` at most".to_owned())
    }
}

/// A login that is tried.
pub struct Trial {
    provider: Provider,
    path: PathBuf,
    installation: Installation,
    attempt: Attempt,
    documents: Documents,
    network: Network,
    playground: Arc<Playground>,
    screen: Screen,
}

/// How a login that was tried ended.
struct Ended {
    redirect: Option<Request>,
    trace: Trace,
    watch: Watch,
    end: Result<Identity, LoginError>,
}

impl Try {
    /// Runs the command.
    pub fn run(&self, global: &Global) -> Result<Outcome, Failure> {
        let settings = global.settings()?;
        let path = provider_file(&self.name, &settings)?;
        let entry = catalogue::load(&path, settings.ground());
        let provider = match entry.state {
            State::Offered(provider) | State::Off(provider) | State::Dormant(provider, _) => *provider,
            State::Broken => return Err(Failure::No(entry.report.draw(colour()))),
        };
        let missing = secrets::missing(&provider);
        if !missing.is_empty() {
            return Err(Failure::No(waits_for(&provider, &missing, &self.name)));
        }
        let screen = Screen { json: global.json, colour: !global.json && colour() };
        let inputs = arrivals::inputs(&provider, &self.inputs, &screen)?;
        let (trial, stores) = trial(provider, path, inputs, &settings, screen);
        actix_web::rt::System::new().block_on(self.carry_out(&trial, &stores))
    }

    async fn carry_out(&self, trial: &Trial, stores: &Stores) -> Result<Outcome, Failure> {
        let store = stores.main();
        let listens = !self.paste && store.loopback && !store.secure;
        let Trial { provider, playground, .. } = trial;
        let mut door = if listens { Some(Door::open(&provider.name, provider.callback, store, playground)?) } else { None };
        let arrivals = door.as_mut().and_then(|door| door.arrivals.take());
        let playground = (door.is_some() && store.playground).then_some((&*trial.playground, &*store.public_url));
        let wall = Wall { network: &trial.network, playground };
        let announced = Announced { wall, screen: &trial.screen };
        let ended = match begin(trial, &announced).await? {
            Ok(request) => self.wait(trial, &announced, request, arrivals).await,
            Err(error) => Ok(early(None, error)),
        };
        let ended = match ended {
            Ok(ended) => self.tell_end(trial, &ended),
            Err(failure) => Err(failure),
        };
        if let Some(door) = door {
            door.close().await;
        }
        ended
    }

    /// Sends the browser out, and talks to the provider once it is back.
    async fn wait(
        &self,
        trial: &Trial,
        announced: &Announced<'_>,
        request: Request,
        browser: Option<UnboundedReceiver<Arrival>>,
    ) -> Result<Ended, Failure> {
        let Trial { provider, installation, attempt, documents, screen, .. } = trial;
        let mut teller = Teller::new(provider, screen);
        teller.tell_redirect(&request);
        screen.say(&format!("\nopen this address in a browser:\n\n  {}\n", world_browser::address(&request)));
        if !self.no_open {
            world_browser::open(&request);
        }
        let address = format!("{}/callback/{}", installation.public_url, provider.name);
        let mut arrivals = Arrivals::new(screen, &address, browser);
        screen.say(&arrivals.awaited());
        let patience = tokio::time::sleep(self.timeout);
        tokio::pin!(patience);
        loop {
            let arrival = tokio::select! {
                arrival = arrivals.next() => arrival?,
                () = &mut patience => return Err(too_late(self.timeout, &address)),
            };
            let Arrival { callback, state, reply } = arrival;
            let accepted = attempt.accept(provider, installation, &callback, state.as_deref(), documents, clock::now());
            if let Some(reply) = reply {
                // Whether the browser still listens is its own affair.
                let _ = reply.send(accepted.is_ok());
            }
            match accepted {
                Ok(login) => {
                    teller.tell_callback(&callback);
                    let (trace, end) = drive_before(&mut teller, login, announced, documents).await;
                    return Ok(Ended { redirect: Some(request), trace, watch: teller.watch, end });
                }
                Err(error) if matches!(error.code.as_str(), "badState" | "badCallback") => {
                    screen.say(&format!("\nsomebody came back, and {} ({}); still waiting", error.message, error.code));
                }
                Err(error) => return Ok(early(Some(request), error)),
            }
        }
    }

    fn tell_end(&self, trial: &Trial, ended: &Ended) -> Result<Outcome, Failure> {
        let Ended { redirect, trace, watch, end } = ended;
        let happened = Happened { provider: &trial.provider, redirect: redirect.as_ref(), trace, watch, end: end.as_ref() };
        let story = Story { test: true, ..tell(happened) };
        trial.screen.tell_end(&trial.provider, &story, end.as_ref());
        trial.screen.end(&story);
        if self.record {
            keep(trial, trace, end.as_ref())?;
        }
        if let Some(next) = self.next(&story) {
            trial.screen.say(&format!("\n{next}"));
        }
        Ok(if end.is_ok() { Outcome::Fine } else { Outcome::No })
    }

    /// What to do now.
    fn next(&self, story: &Story) -> Option<String> {
        let name = &self.name;
        if story.code.is_none() {
            return (!self.record)
                .then(|| format!("next: `portaria try {name} --record` keeps a login as an example that `portaria test` replays"));
        }
        let changes = story.proposals.iter().filter(|proposal| proposal.change.is_some()).count();
        let change = match changes {
            0 => "when that is mended",
            1 => "write the proposed change into the file",
            _ => "write the change that fits into the file, the likeliest stands first",
        };
        Some(format!("next: {change}, then `portaria try {name}` again"))
    }
}

fn trial(provider: Provider, path: PathBuf, inputs: Inputs, settings: &Settings, screen: Screen) -> (Trial, Stores) {
    let stores = Stores::new(settings);
    let installation = secrets::installation(&provider, &settings.public_url);
    let attempt = Attempt::new(&provider, &installation, &Entropy(dice::bytes()), clock::now(), inputs);
    let (network, no_certificates) = Network::new(reach(settings, &stores));
    if let Some(reason) = no_certificates {
        screen.say(&format!(
            "this machine knows no certificate authorities, so no provider can be reached by https ({reason}); install ca-certificates"
        ));
    }
    let playground = Arc::new(Playground::new(dice::bytes()));
    (Trial { provider, path, installation, attempt, documents: Documents::default(), network, playground, screen }, stores)
}

/// The request that the browser carries to the provider, or why there is none.
async fn begin(trial: &Trial, announced: &Announced<'_>) -> Result<Result<Request, LoginError>, Failure> {
    let Trial { provider, installation, attempt, documents, screen, .. } = trial;
    screen.heading(&format!("{} ({})", provider.title, provider.source.name));
    let known = attempt.own_facts(provider, installation);
    discover(provider, &known, announced, documents, clock::now()).await;
    match attempt.redirect(provider, installation, documents) {
        Ok(request) => Ok(Ok(request)),
        Err(CannotBegin::Input(name)) => Err(arrivals::unfit_input(&name)),
        Err(CannotBegin::NoDocument) => Ok(Err(LoginError::bad_callback("noDocument", "the issuer's document could not be had"))),
        Err(CannotBegin::Request(error)) => Ok(Err(LoginError::in_step(StepKind::GetAuthorizationCode, error, None, provider))),
    }
}

/// An end before anything was asked of the provider.
fn early(redirect: Option<Request>, error: LoginError) -> Ended {
    Ended { redirect, trace: Trace::default(), watch: Watch::default(), end: Err(error) }
}

fn waits_for(provider: &Provider, missing: &[String], name: &str) -> String {
    let how = |missing: &String| match missing.strip_prefix("file:") {
        Some(path) => format!("\n  help: write it into {}", Path::new(path).display()),
        None => format!("\n  help: export {missing}=…"),
    };
    let help: String = missing.iter().map(how).collect();
    let place = format!("what {} gave you for this app, then `portaria try {name}` again", provider.title);
    format!("error: {} waits for {}{help}\n  help: it is {place}", provider.source.name, missing.join(", "))
}

fn too_late(timeout: Duration, address: &str) -> Failure {
    Failure::No(format!(
        "error: nobody came back within {} seconds\n  help: {} has to be registered at the provider, exactly as it is written here",
        timeout.as_secs(),
        address
    ))
}
