//! What happened in a login, as support reads it: requests with their secrets masked, of answers only keys and looks, and the
//! lines of the file. Never a value that came from outside.

pub mod looks;
pub mod shape;
pub mod told;
pub mod watch;

use crate::login::error::LoginError;
use crate::login::trace::{self, Trace};
use crate::personal::without;
use crate::provider::Provider;
use crate::provider::identity::{Identity, Mailbox};
use crate::provider::step::Step;
use crate::story::looks::Looks;
use crate::story::shape::{Member, shape};
use crate::story::watch::{Read, Watch};
use crate::text::Text;
use crate::wire;
use crate::workbench::proposal::Proposal;
use crate::workbench::repair::propose;
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
    pub redirect: Option<Request>,
    /// What the browser brought back.
    pub callback: Vec<Member>,
    /// What was read from that.
    pub callback_facts: Vec<Fact>,
    /// The calls, in order.
    pub exchanges: Vec<Exchange>,
    /// The facts that became known, and the steps that taught them.
    pub learned: Vec<Learned>,
    /// Who would have come in: what is known of them, without values.
    pub identity: Option<Vec<Fact>>,
    /// What would mend the file, the likeliest first.
    pub proposals: Vec<Proposal>,
}

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exchange {
    /// The step.
    pub step: String,
    /// The line where the call is written.
    pub line: Option<u32>,
    /// What was sent.
    pub request: Request,
    /// What came back.
    pub answer: Option<Answer>,
    /// Why nothing came back.
    pub no_answer: Option<String>,
    /// Whether it failed and the login went on all the same.
    pub forgiven: bool,
    /// How many milliseconds the provider took.
    pub took: Option<u64>,
    /// What was read from the answer.
    pub facts: Vec<Fact>,
}

/// A request with its secrets masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
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
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What it says it is.
    pub content_type: Option<String>,
    /// How long it is.
    pub bytes: usize,
    /// Its keys and what their values look like; nothing where it could not be read.
    pub shape: Option<Vec<Member>>,
}

/// A fact that was read, or looked for in vain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fact {
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

impl Fact {
    fn new(name: &str, looks: Looks) -> Self {
        let (looks, many) = looks.word();
        Self { name: name.to_owned(), looks: Some(looks.to_owned()), many, ..Self::default() }
    }

    /// What it looks like, in English.
    pub fn told(&self) -> Option<String> {
        Looks::named(self.looks.as_deref()?, self.many).map(|looks| looks.to_string())
    }
}

/// A fact that became known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// Its name.
    pub fact: String,
    /// The step.
    pub step: String,
}

/// What a story is made from.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// The provider.
    pub provider: &'a Provider,
    /// Where the browser was sent, if that is known.
    pub redirect: Option<&'a wire::Request>,
    /// What happened.
    pub trace: &'a Trace,
    /// What was seen meanwhile.
    pub watch: &'a Watch,
    /// How it ended.
    pub end: Result<&'a Identity, &'a LoginError>,
}

/// The story of a login, with what would mend the file.
pub fn tell(happened: Happened<'_>) -> Story {
    let Happened { provider, end, trace, .. } = happened;
    Story { proposals: propose(provider, end, trace), ..plainly(happened) }
}

/// The story of a login by itself.
pub fn plainly(happened: Happened<'_>) -> Story {
    let Happened { provider, redirect, trace, watch, end } = happened;
    let error = end.err();
    let learned = trace.learned.iter();
    Story {
        provider: provider.name.to_string(),
        file: provider.source.name.to_string(),
        step: error.and_then(|error| error.step).map(|step| step.word().to_owned()),
        code: error.map(|error| short(&error.code)),
        message: error.map(|error| short(&error.message)),
        by_provider: error.is_some_and(|error| error.by_provider),
        line: error.and_then(|error| error.place).map(|place| place.line),
        column: error.and_then(|error| error.place).map(|place| place.column),
        redirect: redirect.map(request),
        callback: shape(&trace.callback.document()),
        callback_facts: facts(provider, watch.facts(None)),
        exchanges: trace.exchanges.iter().map(|call| exchange(provider, watch, call)).collect(),
        learned: learned
            .map(|(fact, step)| Learned { fact: provider.names.name(*fact).to_string(), step: step.word().to_owned() })
            .collect(),
        identity: end.ok().map(who),
        ..Story::default()
    }
}

/// What a provider says is told, but not at length, without what controls a terminal, and without what may be somebody's.
pub fn short(text: &str) -> String {
    crate::diagnostic::printable(&without(text).chars().take(200).collect::<String>())
}

fn exchange(provider: &Provider, watch: &Watch, told: &trace::Exchange) -> Exchange {
    let step = &provider.calls[told.call];
    let (answer, no_answer) = heard(step, told.answer.as_ref());
    Exchange {
        step: told.step.word().to_owned(),
        line: Some(step.place.line),
        request: request(&told.request),
        answer,
        no_answer,
        forgiven: told.forgiven,
        took: watch.took(told.call).map(millis),
        facts: facts(provider, watch.facts(Some(told.call))),
    }
}

/// What came back, by its looks; or why nothing came.
pub fn heard(step: &Step, answer: Result<&wire::Response, &wire::NoAnswer>) -> (Option<Answer>, Option<String>) {
    match answer {
        Ok(answer) => {
            let kind = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| short(value));
            let document = step.document(answer);
            let shape = document.as_ref().map(shape);
            (Some(Answer { status: answer.status, content_type: kind, bytes: answer.body.len(), shape }), None)
        }
        Err(why) => (None, Some(why.to_string())),
    }
}

/// A time in milliseconds.
pub fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// A request as it is told.
pub fn request(request: &wire::Request) -> Request {
    Request {
        method: request.method.to_string(),
        url: request.address.masked(),
        headers: request.headers.iter().map(|(name, value)| (name.to_string(), value.masked())).collect(),
        body: request.body.as_ref().map(Text::masked),
    }
}

/// What was read, by its looks.
pub fn facts(provider: &Provider, read: &[Read]) -> Vec<Fact> {
    let one = |read: &Read| {
        let name = provider.names.name(read.fact);
        let fact = match read.found {
            Ok(looks) => Fact::new(name, looks),
            Err(instead) => Fact { name: name.to_string(), instead: instead.map(str::to_owned), ..Fact::default() },
        };
        Fact { line: read.place.map(|place| place.line), ..fact }
    };
    read.iter().map(one).collect()
}

fn who(identity: &Identity) -> Vec<Fact> {
    let address = match &identity.address {
        Mailbox::Proven(_, by) => Fact { instead: Some(by.word().to_owned()), ..Fact::new("email", Looks::Address) },
        Mailbox::Placeholder(_) => Fact { instead: Some("placeholder".to_owned()), ..Fact::new("email", Looks::Address) },
        Mailbox::Ask(_) => Fact { name: "email".to_owned(), instead: Some("ask".to_owned()), ..Fact::default() },
    };
    let others = [("name", &identity.name), ("picture", &identity.picture), ("locale", &identity.locale)];
    let others = others.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let more = identity.more.iter().map(|(name, value)| (&**name, value.as_str()));
    let others = others.chain(more).map(|(name, value)| Fact::new(name, Looks::of(value)));
    [Fact::new("id", Looks::of(&identity.id)), address].into_iter().chain(others).collect()
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
            assert_eq!(short(said), told);
        }
    }

    #[test]
    fn a_story_of_an_older_version_is_still_read() {
        let old = r#"{"provider":"acme","file":"acme.yaml","code":"blocked","exchanges":[{"step":"getUserInfo","request":{"method":"GET","url":"u","headers":[],"body":null},"answer":{"status":200,"bytes":2,"shape":null}}]}"#;

        let story: Story = serde_json::from_str(old).unwrap();

        assert_eq!((story.code.as_deref(), story.exchanges.len()), (Some("blocked"), 1));
    }
}
