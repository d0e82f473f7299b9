//! What happened in a login, as support reads it: requests with masked secrets, the keys of answers and what their values
//! look like, and the lines of the file. Of what came from outside it holds keys that are no one's, what the provider says where it refuses
//! without personal data, and the few texts of a cause that [`crate::login::error`] names. It holds no secret.

pub(crate) mod answer_changes;
pub(crate) mod answer_keys;
pub mod app_trial;
pub(crate) mod file_changes;
pub mod good_login;
pub(crate) mod login_fingerprint;
pub(crate) mod looks;
pub(crate) mod plain_text;
pub(crate) mod repair_rule;
pub mod proposal;
pub mod recent_logins;
pub(crate) mod shape;
pub(crate) mod since_good_login;
pub(crate) mod since_text;
pub mod watch;

use crate::login::error::{LoginError, LoginErrorCode};
use crate::login::trace::{self, ClientTokenUse, Trace};
use crate::provider::Provider;
use crate::provider::answer::is_signed_token;
use crate::provider::fact_expression::FoundInstead;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::refusal::ProviderRefusal;
use crate::provider::step::{Step, StepKind};
use crate::story::app_trial::AppTrial;
use crate::story::looks::Looks;
use crate::story::proposal::Proposal;
use crate::story::shape::{StoryMember, answer_shape};
use crate::story::since_good_login::SinceGoodLogin;
use crate::story::watch::{LoginWatch, WatchedFact};
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::privacy::without_personal_data;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The story of a login. It is stored as JSON, and an older story may lack newer members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Story {
    /// The provider's name.
    pub provider: String,
    /// The name of the provider's file.
    pub file: String,
    /// The version of the file.
    pub version: Option<String>,
    /// The address of the store at which it happened.
    pub public_url: Option<String>,
    /// How many more logins failed in the same minute at the same place and with the same code, and have this story.
    pub shared: u32,
    /// Whether it was a test login of support staff, which creates no user.
    pub test: bool,
    /// The user id of the tester.
    pub by: Option<String>,
    /// The step that failed; `None` if all steps succeeded.
    pub step: Option<String>,
    /// Our code for the cause, or the provider's; `None` for a login that succeeded.
    pub code: Option<String>,
    /// The exact cause, one word of ours: several causes may have one code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The cause as a sentence.
    pub message: Option<String>,
    /// The rule of the file that refuses, where the message is the provider's own.
    pub rule: Option<String>,
    /// Whether the provider refused the login.
    pub by_provider: bool,
    /// The line of the file that decided.
    pub line: Option<u32>,
    /// The column in that line.
    pub column: Option<u32>,
    /// The calls before the redirect, in order.
    pub prepared: Vec<StoryExchange>,
    /// The request that the browser carried to the provider.
    pub redirect: Option<StoryRequest>,
    /// The shape of the callback's parameters.
    pub callback: Vec<StoryMember>,
    /// The facts that were read from the callback.
    pub callback_facts: Vec<StoryFact>,
    /// The calls after the callback, in order.
    pub exchanges: Vec<StoryExchange>,
    /// The facts that were learned, and the steps that read them.
    pub learned: Vec<StoryLearnedFact>,
    /// The facts about the person who would have signed in, without values.
    pub identity: Option<Vec<StoryFact>>,
    /// The changes that would mend the file, the likeliest first.
    pub proposals: Vec<Proposal>,
    /// The incident code of another failure at this place whose story holds proposals, where none were searched for this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The name of the error page that the person saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// What changed since the last login that worked, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<SinceGoodLogin>,
    /// What an app would have got, where an app was tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppTrial>,
}

/// The words of a story for a client token that was kept from an earlier login.
pub(crate) const KEPT_TOKEN: &str = "kept";
pub(crate) const REPLACED_TOKEN: &str = "replaced";

/// One call of a story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoryExchange {
    /// The word of the step.
    pub step: String,
    /// The line where the call is written.
    pub line: Option<u32>,
    /// The request, with masked secrets.
    pub request: StoryRequest,
    /// The answer, if one arrived.
    pub answer: Option<StoryAnswer>,
    /// Why there is no answer; beside an answer, why there was none when the call was made once more.
    pub no_answer: Option<String>,
    /// Whether it failed and was optional, so that the login went on.
    pub forgiven: bool,
    /// What became of a client token that its request carries and that was kept from an earlier login: `kept`, or `replaced` where the
    /// provider refused it and the call was made once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// How many milliseconds the provider took.
    pub took: Option<u64>,
    /// The facts that were read from the answer, or missed in it.
    pub facts: Vec<StoryFact>,
}

/// A request with masked secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryRequest {
    /// The HTTP method in capitals.
    pub method: String,
    /// The address with its query.
    pub url: String,
    /// Header names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, if it has one.
    pub body: Option<String>,
}

/// An answer without its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoryAnswer {
    /// The HTTP status, which says nothing yet about whether the step accepted the answer.
    pub status: u16,
    /// The value of `Content-Type` with secrets masked; `None` if the header is missing.
    pub content_type: Option<String>,
    /// The length of its body.
    pub bytes: usize,
    /// Its keys and what their values look like; `None` if it could not be read.
    pub shape: Option<Vec<StoryMember>>,
    /// Whether it has no shape because it is a signed token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_token: bool,
}

/// A fact that was read or missed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoryFact {
    /// The name of the fact.
    pub name: String,
    /// The line of the file that reads it; a standard place has none.
    pub line: Option<u32>,
    /// The word for what it looks like; `None` if it was not found.
    pub looks: Option<String>,
    /// How many characters or digits it has.
    pub many: Option<usize>,
    /// What was found instead of a text; in an identity, what proves the address.
    pub instead: Option<String>,
    /// Whether the settings name the fact for the session token, and it does not fit into it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub omitted: bool,
    /// Whether it was not looked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
    /// Why it was not looked for.
    #[serde(rename = "unreadBecause", skip_serializing_if = "Option::is_none")]
    pub unread_because: Option<String>,
    /// Whether it is read from an entry of a list, and no entry fits.
    #[serde(rename = "noEntryFits", skip_serializing_if = "std::ops::Not::not")]
    pub no_entry_fits: bool,
}

impl Story {
    /// Says of facts of the identity that they do not fit into the session token.
    pub(crate) fn mark_omitted(&mut self, left_out: &[Box<str>]) {
        for fact in self.identity.iter_mut().flatten() {
            fact.omitted = left_out.iter().any(|name| **name == *fact.name);
        }
    }

    /// The code, if it is one of ours and not the provider's.
    pub(crate) fn own_code(&self) -> Option<LoginErrorCode> {
        self.code.as_deref().filter(|_| !self.by_provider).and_then(LoginErrorCode::named)
    }
}

impl StoryFact {
    fn new(name: &str, looks: Looks) -> Self {
        let (looks, many) = looks.word();
        Self { name: name.to_owned(), looks: Some(looks.to_owned()), many, ..Self::default() }
    }

    pub(crate) fn looks_in_english(&self) -> Option<String> {
        Looks::from_word(self.looks.as_deref()?, self.many).map(|looks| looks.to_string())
    }
}

/// A fact that was learned, and the step that read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryLearnedFact {
    pub(crate) fact: String,
    pub(crate) step: String,
}

/// What a story is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoginRecord<'a> {
    pub(crate) provider: &'a Provider,
    /// The request that the browser carried to the provider, if it is known.
    pub(crate) redirect: Option<&'a wire::Request>,
    pub(crate) trace: &'a Trace,
    pub(crate) watch: &'a LoginWatch,
    pub(crate) end: Result<&'a Identity, &'a LoginError>,
}

/// Makes the story of a login, with the proposals that the caller has for the provider's file.
pub(crate) fn login_story(record: LoginRecord<'_>, proposals: Vec<Proposal>) -> Story {
    let LoginRecord { provider, redirect, trace, watch, end } = record;
    let error = end.err();
    let refusal = error.and_then(LoginError::refusal);
    let learned = trace.learned.iter();
    let (prepared, exchanges) = trace.exchanges_by_phase();
    let stories = |calls: &[trace::Exchange]| calls.iter().filter_map(|call| story_exchange(provider, watch, call)).collect();
    Story {
        provider: provider.name.to_string(),
        file: provider.source.name.to_string(),
        step: error.and_then(|error| error.step).map(|step| call_word(provider, step, trace.exchanges.last()).to_owned()),
        code: error.map(redacted_code),
        cause: error.map(|error| error.exact_cause().to_owned()),
        message: error.map(redacted_message),
        rule: refusal.filter(|refusal| refusal.message.is_some()).and_then(|refusal| refusal.rule.as_deref()).map(printable),
        by_provider: refusal.is_some(),
        line: error.and_then(|error| error.place).map(|place| place.line),
        column: error.and_then(|error| error.place).map(|place| place.column),
        prepared: stories(prepared),
        redirect: redirect.map(masked_request),
        callback: answer_shape(&provider.authorization, &trace.callback.document()),
        callback_facts: watched_facts(provider, watch, None),
        exchanges: stories(exchanges),
        learned: learned
            .map(|(fact, step)| StoryLearnedFact { fact: provider.names.name(*fact).to_string(), step: step.word().to_owned() })
            .collect(),
        identity: end.ok().map(describe_identity),
        proposals,
        ..Story::default()
    }
}

/// The code of a failed login for stories, the log and the audit. A short number is a code, and never personal data.
pub(crate) fn redacted_code(error: &LoginError) -> String {
    const LONGEST_NUMBER: usize = 6;
    let code = error.code();
    let is_number = code.len() <= LONGEST_NUMBER && code.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_number { code.to_owned() } else { redacted_excerpt(code) }
}

/// The cause of a failed login as a sentence, for stories and the log. The rules of the file are no personal data.
pub(crate) fn redacted_message(error: &LoginError) -> String {
    match error.refusal() {
        Some(ProviderRefusal { message: None, rule: Some(rule), .. }) => printable(rule),
        Some(_) => redacted_excerpt(&error.to_string()),
        None => shortened(&error.to_string(), 400),
    }
}

fn shortened(text: &str, longest: usize) -> String {
    printable(&without_personal_data(text).chars().take(longest).collect::<String>())
}

/// A text of a provider, shortened, without control characters and without personal data.
pub(crate) fn redacted_excerpt(text: &str) -> String {
    shortened(text, 200)
}

/// The word of the file under which a call stands: that of its step, or `refresh`.
fn call_word(provider: &Provider, step: StepKind, call: Option<&trace::Exchange>) -> &'static str {
    if call.is_some_and(|call| call.call == provider.refresh_position()) { "refresh" } else { step.word() }
}

fn story_exchange(provider: &Provider, watch: &LoginWatch, exchange: &trace::Exchange) -> Option<StoryExchange> {
    let step = provider.call(exchange.call)?;
    let (answer, no_answer) = describe_answer(step, exchange.answer.as_ref());
    let repeat = exchange.unanswered_repeat.as_ref();
    let no_answer = no_answer.or(repeat.map(|why| format!("once more, with the client's credentials in the other place: {why}")));
    Some(StoryExchange {
        step: call_word(provider, exchange.step, Some(exchange)).to_owned(),
        line: Some(step.place.line),
        request: masked_request(&exchange.request),
        answer,
        no_answer,
        forgiven: exchange.forgiven,
        client_token: match exchange.client_token {
            ClientTokenUse::None => None,
            ClientTokenUse::Kept => Some(KEPT_TOKEN.to_owned()),
            ClientTokenUse::Replaced => Some(REPLACED_TOKEN.to_owned()),
        },
        took: watch.call_duration(exchange.call).map(millis),
        facts: watched_facts(provider, watch, Some(exchange.call)),
    })
}

/// An answer without its values, or why there is none.
pub(crate) fn describe_answer(step: &Step, answer: Result<&wire::Response, &wire::NoAnswer>) -> (Option<StoryAnswer>, Option<String>) {
    match answer {
        Ok(answer) => {
            let kind =
                answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| redacted_excerpt(value));
            let document = step.document(answer);
            let shape = document.as_ref().map(|document| answer_shape(step, document));
            let is_token = shape.is_none() && std::str::from_utf8(&answer.body).is_ok_and(is_signed_token);
            (Some(StoryAnswer { status: answer.status, content_type: kind, bytes: answer.body.len(), shape, is_token }), None)
        }
        Err(why) => (None, Some(why.to_string())),
    }
}

pub(crate) fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// A request with masked secrets.
pub(crate) fn masked_request(request: &wire::Request) -> StoryRequest {
    StoryRequest {
        method: request.method.to_string(),
        url: request.address.masked(),
        headers: request.headers.iter().map(|(name, value)| (name.to_string(), value.masked())).collect(),
        body: request.body.as_ref().map(Text::masked),
    }
}

/// The facts of a watched step without their values.
fn watched_facts(provider: &Provider, watch: &LoginWatch, call: Option<usize>) -> Vec<StoryFact> {
    let why = watch.why_nothing_was_read(call);
    let facts = describe_facts(provider, watch.call_facts(call)).into_iter();
    let unread = |fact: StoryFact| match why {
        Some(why) if fact.looks.is_none() => StoryFact { unread: true, unread_because: Some(why.to_owned()), ..fact },
        Some(_) | None => fact,
    };
    facts.map(unread).collect()
}

/// The facts of a step without their values.
pub(crate) fn describe_facts(provider: &Provider, read: &[WatchedFact]) -> Vec<StoryFact> {
    let one = |read: &WatchedFact| {
        let name = provider.names.name(read.fact);
        let fact = match read.found {
            Ok(looks) => StoryFact::new(name, looks),
            Err(instead) => StoryFact {
                name: name.to_string(),
                instead: instead.and_then(FoundInstead::kind).map(|kind| kind.to_string()),
                no_entry_fits: instead == Some(FoundInstead::NoFittingEntry),
                ..StoryFact::default()
            },
        };
        StoryFact { line: read.place.map(|place| place.line), ..fact }
    };
    read.iter().map(one).collect()
}

fn describe_identity(identity: &Identity) -> Vec<StoryFact> {
    let address = match &identity.address {
        IdentityEmail::Proven(email, by) => {
            StoryFact { instead: Some(by.word().to_owned()), ..StoryFact::new("email", Looks::from_text(email.key())) }
        }
        IdentityEmail::Placeholder(email) => {
            StoryFact { instead: Some("placeholder".to_owned()), ..StoryFact::new("email", Looks::from_text(email.key())) }
        }
        IdentityEmail::Ask(_) => StoryFact { name: "email".to_owned(), instead: Some("ask".to_owned()), ..StoryFact::default() },
    };
    let others = [("name", &identity.name), ("picture", &identity.picture), ("locale", &identity.locale)];
    let others = others.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let more = identity.more.iter().map(|(name, value)| (&**name, value.as_str()));
    let others = others.chain(more).map(|(name, value)| StoryFact::new(name, Looks::from_text(value)));
    [StoryFact::new("id", Looks::from_text(&identity.id)), address].into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests;
