//! What happened in a login, as support reads it: requests with their secrets masked, of answers only keys and looks, and the
//! lines of the file. Never a value that came from outside.

pub(crate) mod looks;
pub(crate) mod shape;
pub(crate) mod plain_text;
pub(crate) mod repair_rule;
pub mod proposal;
pub mod watch;

use crate::login::error::{LoginError, LoginErrorCode};
use crate::login::trace::{self, Trace};
use crate::provider::Provider;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::step::Step;
use crate::story::looks::Looks;
use crate::story::proposal::Proposal;
use crate::story::shape::{StoryMember, document_shape};
use crate::story::watch::{LoginWatch, WatchedFact};
use crate::vocabulary::privacy::without_personal_data;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The story of a login. It is kept as JSON, so what is new in it may be missing in older ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Story {
    /// The provider.
    pub provider: String,
    /// Its file.
    pub file: String,
    /// The version of the file.
    pub version: Option<String>,
    /// Whether it was a login of support staff, who created nothing.
    pub test: bool,
    /// Who ran the test.
    pub by: Option<String>,
    /// The step in which it ended; nothing where all steps were fine.
    pub step: Option<String>,
    /// The reason in short; nothing for a login that worked.
    pub code: Option<String>,
    /// The reason.
    pub message: Option<String>,
    /// Whether the provider itself said no.
    pub by_provider: bool,
    /// The line of the file that decided.
    pub line: Option<u32>,
    /// The column.
    pub column: Option<u32>,
    /// Where the browser was sent.
    pub redirect: Option<StoryRequest>,
    /// What the browser brought back.
    pub callback: Vec<StoryMember>,
    /// What was read from that.
    pub callback_facts: Vec<StoryFact>,
    /// The calls, in order.
    pub exchanges: Vec<StoryExchange>,
    /// The facts that became known, and the steps that taught them.
    pub learned: Vec<StoryLearnedFact>,
    /// Who would have come in: what is known of them, without values.
    pub identity: Option<Vec<StoryFact>>,
    /// What would mend the file, the likeliest first.
    pub proposals: Vec<Proposal>,
}

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoryExchange {
    /// The step.
    pub step: String,
    /// The line where the call is written.
    pub line: Option<u32>,
    /// What was sent.
    pub request: StoryRequest,
    /// What came back.
    pub answer: Option<StoryAnswer>,
    /// Why nothing came back.
    pub no_answer: Option<String>,
    /// Whether it failed and the login went on all the same.
    pub forgiven: bool,
    /// How many milliseconds the provider took.
    pub took: Option<u64>,
    /// What was read from the answer.
    pub facts: Vec<StoryFact>,
}

/// A request with its secrets masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryRequest {
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
}

/// An answer by its looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoryAnswer {
    /// The HTTP status.
    pub status: u16,
    /// What it says it is.
    pub content_type: Option<String>,
    /// How long it is.
    pub bytes: usize,
    /// Its keys and what their values look like; nothing where it could not be read.
    pub shape: Option<Vec<StoryMember>>,
}

/// A fact that was read, or looked for in vain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoryFact {
    /// Its name.
    pub name: String,
    /// The line of the file that reads it; a standard place has none.
    pub line: Option<u32>,
    /// What it looks like; nothing where it was not found.
    pub looks: Option<String>,
    /// How many characters or digits it has.
    pub many: Option<usize>,
    /// What stands there instead of a text, if anything.
    pub instead: Option<String>,
}

impl Story {
    /// The code, where it is one of ours and not the provider's.
    pub(crate) fn own_code(&self) -> Option<LoginErrorCode> {
        self.code.as_deref().filter(|_| !self.by_provider).and_then(LoginErrorCode::named)
    }
}

impl StoryFact {
    fn new(name: &str, looks: Looks) -> Self {
        let (looks, many) = looks.word();
        Self { name: name.to_owned(), looks: Some(looks.to_owned()), many, ..Self::default() }
    }

    /// What it looks like, in English.
    pub(crate) fn looks_in_english(&self) -> Option<String> {
        Looks::from_word(self.looks.as_deref()?, self.many).map(|looks| looks.to_string())
    }
}

/// A fact that became known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryLearnedFact {
    pub(crate) fact: String,
    pub(crate) step: String,
}

/// What a story is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoginRecord<'a> {
    pub(crate) provider: &'a Provider,
    /// Where the browser was sent, if that is known.
    pub(crate) redirect: Option<&'a wire::Request>,
    pub(crate) trace: &'a Trace,
    /// What was seen meanwhile.
    pub(crate) watch: &'a LoginWatch,
    pub(crate) end: Result<&'a Identity, &'a LoginError>,
}

/// The story of a login, with the proposals that its caller has for the provider's file.
pub(crate) fn login_story(record: LoginRecord<'_>, proposals: Vec<Proposal>) -> Story {
    let LoginRecord { provider, redirect, trace, watch, end } = record;
    let error = end.err();
    let learned = trace.learned.iter();
    Story {
        provider: provider.name.to_string(),
        file: provider.source.name.to_string(),
        step: error.and_then(|error| error.step).map(|step| step.word().to_owned()),
        code: error.map(|error| redacted_excerpt(error.code())),
        message: error.map(|error| redacted_excerpt(&error.to_string())),
        by_provider: error.is_some_and(|error| error.refusal().is_some()),
        line: error.and_then(|error| error.place).map(|place| place.line),
        column: error.and_then(|error| error.place).map(|place| place.column),
        redirect: redirect.map(masked_request),
        callback: document_shape(&trace.callback.document()),
        callback_facts: describe_facts(provider, watch.call_facts(None)),
        exchanges: trace.exchanges.iter().map(|call| story_exchange(provider, watch, call)).collect(),
        learned: learned
            .map(|(fact, step)| StoryLearnedFact { fact: provider.names.name(*fact).to_string(), step: step.word().to_owned() })
            .collect(),
        identity: end.ok().map(describe_identity),
        proposals,
        ..Story::default()
    }
}

/// What a provider says is told, but not at length, without what controls a terminal, and without what may be somebody's.
pub(crate) fn redacted_excerpt(text: &str) -> String {
    crate::vocabulary::diagnostic::printable(&without_personal_data(text).chars().take(200).collect::<String>())
}

fn story_exchange(provider: &Provider, watch: &LoginWatch, told: &trace::Exchange) -> StoryExchange {
    let step = &provider.calls[told.call];
    let (answer, no_answer) = describe_answer(step, told.answer.as_ref());
    StoryExchange {
        step: told.step.word().to_owned(),
        line: Some(step.place.line),
        request: masked_request(&told.request),
        answer,
        no_answer,
        forgiven: told.forgiven,
        took: watch.call_duration(told.call).map(millis),
        facts: describe_facts(provider, watch.call_facts(Some(told.call))),
    }
}

/// What came back, by its looks; or why nothing came.
pub(crate) fn describe_answer(step: &Step, answer: Result<&wire::Response, &wire::NoAnswer>) -> (Option<StoryAnswer>, Option<String>) {
    match answer {
        Ok(answer) => {
            let kind =
                answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| redacted_excerpt(value));
            let document = step.document(answer);
            let shape = document.as_ref().map(document_shape);
            (Some(StoryAnswer { status: answer.status, content_type: kind, bytes: answer.body.len(), shape }), None)
        }
        Err(why) => (None, Some(why.to_string())),
    }
}

/// A time in milliseconds.
pub(crate) fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// A request as it is told.
pub(crate) fn masked_request(request: &wire::Request) -> StoryRequest {
    StoryRequest {
        method: request.method.to_string(),
        url: request.address.masked(),
        headers: request.headers.iter().map(|(name, value)| (name.to_string(), value.masked())).collect(),
        body: request.body.as_ref().map(Text::masked),
    }
}

/// What was read, by its looks.
pub(crate) fn describe_facts(provider: &Provider, read: &[WatchedFact]) -> Vec<StoryFact> {
    let one = |read: &WatchedFact| {
        let name = provider.names.name(read.fact);
        let fact = match read.found {
            Ok(looks) => StoryFact::new(name, looks),
            Err(instead) => StoryFact { name: name.to_string(), instead: instead.map(|kind| kind.to_string()), ..StoryFact::default() },
        };
        StoryFact { line: read.place.map(|place| place.line), ..fact }
    };
    read.iter().map(one).collect()
}

fn describe_identity(identity: &Identity) -> Vec<StoryFact> {
    let address = match &identity.address {
        IdentityEmail::Proven(_, by) => StoryFact { instead: Some(by.word().to_owned()), ..StoryFact::new("email", Looks::Address) },
        IdentityEmail::Placeholder(_) => StoryFact { instead: Some("placeholder".to_owned()), ..StoryFact::new("email", Looks::Address) },
        IdentityEmail::Ask(_) => StoryFact { name: "email".to_owned(), instead: Some("ask".to_owned()), ..StoryFact::default() },
    };
    let others = [("name", &identity.name), ("picture", &identity.picture), ("locale", &identity.locale)];
    let others = others.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let more = identity.more.iter().map(|(name, value)| (&**name, value.as_str()));
    let others = others.chain(more).map(|(name, value)| StoryFact::new(name, Looks::from_text(value)));
    [StoryFact::new("id", Looks::from_text(&identity.id)), address].into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_says_is_told_without_what_may_be_somebodys() {
        for (said, told) in [
            ("not today", "not today"),
            ("user ana@loja.example CPF 123.456.789-00 not allowed", "user ‹…› CPF ‹…› not allowed"),
            ("error 403 in api v2", "error 403 in api v2"),
            ("see https://acme.example/docs?for=ana", "see https://acme.example/docs"),
            ("token eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl expired", "token ‹…› expired"),
        ] {
            assert_eq!(redacted_excerpt(said), told);
        }
    }

    #[test]
    fn a_story_of_an_older_version_is_still_read() {
        let old = r#"{"provider":"acme","file":"acme.yaml","code":"blocked","exchanges":[{"step":"getUserInfo","request":{"method":"GET","url":"u","headers":[],"body":null},"answer":{"status":200,"bytes":2,"shape":null}}]}"#;

        let story: Story = serde_json::from_str(old).unwrap();

        assert_eq!((story.code.as_deref(), story.exchanges.len()), (Some("blocked"), 1));
    }
}
