//! `portaria try NAME --exchange FILE`: what `/exchange/NAME` would answer to a token. Nothing is created, and a token with a nonce is
//! not used up.

use crate::commands::outcome::{CommandFailure, CommandOutcome};
use crate::commands::try_login::TrialLogin;
use crate::commands::try_login::witness::{AnnouncedFetch, TrialWitness};
use crate::login::attempt::Entropy;
use crate::login::conversation::{Conversation, ConversationParties};
use crate::login::exchange::{ExchangedIdentity, HandedNonce, HandedTokens};
use crate::login::trace::Trace;
use crate::provider::Provider;
use crate::provider::json;
use crate::stores::connection::ProviderClient;
use crate::stores::{Store, Stores};
use crate::story::{LoginRecord, Story, login_story};
use crate::vocabulary::text::Text;
use crate::web::exchange::answer_to;
use crate::workbench::examples::tokens::token_parts;
use crate::world::{clock, files, random};
use serde_json::Value;
use std::io::Read as _;
use std::path::Path;

/// The largest file that is read, in bytes.
const LARGEST: usize = 64 * 1024;
/// What stands for the standard input.
const STANDARD_INPUT: &str = "-";

/// Reads the tokens from a file, or from the standard input: one token alone, or the JSON that `/exchange` takes.
pub(crate) fn read_tokens(source: &str, provider: &Provider) -> Result<HandedTokens, CommandFailure> {
    let text = if source == STANDARD_INPUT {
        let mut text = Vec::new();
        std::io::stdin().lock().take(LARGEST as u64).read_to_end(&mut text).map(|_| text).map_err(|_| unreadable())?
    } else {
        // The name is not repeated: it may be the token itself.
        files::read_bytes(Path::new(source), LARGEST).map_err(|_| unreadable())?
    };
    let text = String::from_utf8(text).map_err(|_| no_token())?;
    let text = text.trim();
    if let Ok(Value::Object(members)) = json::parse(text.as_bytes()) {
        let value = |names: [&str; 2]| names.into_iter().find_map(|name| members.get(name)).and_then(Value::as_str);
        return handed(value(["idToken", "id_token"]), value(["accessToken", "access_token"]), value(["nonce", "nonce"]));
    }
    if text.split_whitespace().count() != 1 {
        return Err(no_token());
    }
    // A signed token alone is an ID token where the file accepts one, unless it says that it is an access token.
    let is_id_token = provider.exchange.id_token.is_ok() && may_be_id_token(text);
    if is_id_token { handed(Some(text), None, None) } else { handed(None, Some(text), None) }
}

fn handed(id_token: Option<&str>, access_token: Option<&str>, nonce: Option<&str>) -> Result<HandedTokens, CommandFailure> {
    let secret = |value: Option<&str>, name: &str| value.filter(|value| !value.is_empty()).map(|value| Text::secret(value, &name.into()));
    let tokens = HandedTokens {
        id_token: secret(id_token, "idToken"),
        access_token: secret(access_token, "accessToken"),
        nonce: secret(nonce, "nonce").map_or(HandedNonce::None, HandedNonce::Given),
    };
    if tokens.id_token.is_none() && tokens.access_token.is_none() { Err(no_token()) } else { Ok(tokens) }
}

/// Whether a token is signed and does not say of itself that it is an access token (RFC 9068).
fn may_be_id_token(text: &str) -> bool {
    let Some((header, _)) = token_parts(text) else { return false };
    let kind = header.get("typ").and_then(Value::as_str).map(str::to_ascii_lowercase);
    kind.is_none_or(|kind| kind.trim_start_matches("application/") != "at+jwt")
}

fn unreadable() -> CommandFailure {
    CommandFailure::Usage(
        "`--exchange` names no file that can be read".to_owned(),
        "write the token into a file and name that, or pipe it in and write `--exchange -`; other programs of this machine can read arguments"
            .to_owned(),
    )
}

fn no_token() -> CommandFailure {
    CommandFailure::Usage(
        "what `--exchange` names holds no token".to_owned(),
        "it holds a token alone, or JSON such as `{ \"idToken\": \"…\", \"nonce\": \"…\" }`, at most 64 KiB".to_owned(),
    )
}

/// Hands the tokens in, and shows what comes of it.
pub(crate) async fn run(trial: &TrialLogin, stores: &Stores, tokens: &HandedTokens) -> CommandOutcome {
    let (store, TrialLogin { provider, screen, .. }) = (stores.main(), trial);
    screen.print_heading(&format!("{} ({})", provider.title, provider.source.name));
    let kinds = [(tokens.id_token.is_some(), "an ID token"), (tokens.access_token.is_some(), "an access token")];
    let kinds: Vec<&str> = kinds.into_iter().filter(|(is_there, _)| *is_there).map(|(_, kind)| kind).collect();
    screen.print(&format!("handed in: {}", kinds.join(" and ")));
    let client = ProviderClient { connection: &trial.connection, store, limits: None };
    let announced = AnnouncedFetch { client, screen };
    let parties =
        ConversationParties { provider, fetch: &announced, documents: &trial.connection.documents, fingerprint: None, limits: None };
    let entropy = Entropy(random::bytes());
    let conversation = Conversation::begin(parties, trial.installation.clone(), &entropy, Vec::new(), clock::now());
    conversation.refresh_document(clock::now()).await;
    let mut witness = TrialWitness::new(provider, screen);
    let exchanged = conversation.exchange(tokens, None, clock::now(), &mut witness).await;
    let (trace, exchanged) = exchanged.unwrap_or_else(|busy| (Trace::default(), Err(busy.into())));
    let (single_use, end) = match exchanged {
        Ok(ExchangedIdentity { identity, token }) => (token.single_use.is_some(), Ok(identity)),
        Err(error) => (false, Err(error)),
    };
    let record = LoginRecord { provider, redirect: None, trace: &trace, watch: &witness.watch, end: end.as_ref() };
    let mut story = Story { test: true, ..login_story(record, Vec::new()) };
    story.mark_omitted(&end.as_ref().map(|identity| store.facts_left_out(identity)).unwrap_or_default());
    screen.print_outcome(provider, &story, end.as_ref());
    screen.print_story(&story);
    let answer = match &end {
        Ok(_) => "200 with the token of a session, unless the person is blocked or the address belongs to another one".to_owned(),
        Err(error) => {
            let (status, name) = answer_to(error);
            format!("{} with the error `{name}`", status.as_u16())
        }
    };
    screen.print(&format!("\n{} would answer {answer}", at_store(store, provider)));
    if single_use {
        screen.print("the token has a nonce, so it counts there once; this trial has not used it up");
    }
    if end.is_ok() { CommandOutcome::Fine } else { CommandOutcome::No }
}

fn at_store(store: &Store, provider: &Provider) -> String {
    format!("POST {}/exchange/{}", store.public_url, provider.name)
}
