//! Repairs of requests: from a provider's refusal to its cause, and the line of the file that would change it, if one would.

use crate::login::error::LoginError;
use crate::login::trace::{Exchange, Trace};
use crate::provider::answer::is_web_page;
use crate::provider::pkce::Pkce;
use crate::provider::step::{Step, StepKind};
use crate::provider::value_reference::ValueReference;
use crate::provider::{InstallationContext, Provider, compile, json};
use crate::story::proposal::{FileChange, Proposal};
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::Response;
use crate::workbench::answers::leaves::{AnswerNode, all_leaves};
use crate::workbench::answers::parameters::names_in_text;
use crate::workbench::answers::refusals::{RefusalCause, causes_in_text, lowercase_text};
use crate::workbench::repair::edit::{EditableFile, FileEdit, changed_lines};
use crate::workbench::repair::request::RequestRefusal;
use serde_json::Value;

/// Parameters that a provider may name as missing.
const PARAMETERS: &[&str] = &[
    "code_verifier",
    "code_challenge",
    "redirect_uri",
    "response_type",
    "grant_type",
    "client_secret",
    "client_id",
    "access_token",
    "scope",
    "nonce",
    "state",
    "audience",
    "resource",
    "code",
];

/// At most this many changes of a request are compiled.
const MOST_CHANGES: usize = 8;

/// A refusal, and the step in which it came.
pub(crate) struct ObservedRefusal<'a> {
    pub(super) provider: &'a Provider,
    pub(super) trace: &'a Trace,
    pub(super) step: Option<&'a Step>,
    pub(super) kind: Option<StepKind>,
    status: u16,
    is_page: bool,
    /// What the provider says, in small letters.
    pub(super) words: String,
    /// The texts of its answer as they are written.
    said: String,
    moved_to: Option<String>,
    challenge: Option<String>,
    allowed: Option<String>,
}

impl<'a> ObservedRefusal<'a> {
    /// Collects the words of the last answer, the callback and the error.
    pub(crate) fn from_login(provider: &'a Provider, error: &LoginError, trace: &'a Trace) -> Self {
        let last = trace.exchanges.last().filter(|_| !trace.ends_with_callback(error.step));
        let answer = last.and_then(|exchange| exchange.answer.as_ref().ok());
        let step = match last {
            Some(exchange) => provider.calls.get(exchange.call),
            None => Some(&provider.authorization),
        };
        let mut words = error.refusal().map_or_else(String::new, |refusal| {
            format!("{}\n{}\n", refusal.code.as_str(), refusal.message.as_deref().unwrap_or("")).to_lowercase()
        });
        match (answer, last) {
            (Some(answer), _) => words.push_str(&answer_text(step, answer)),
            (None, None) => words.push_str(&lowercase_text(&trace.callback.document())),
            (None, Some(_)) => {}
        }
        let status = answer.map_or(200, |answer| answer.status);
        Self {
            provider,
            trace,
            step,
            kind: step.map(|step| step.kind).or(error.step),
            status,
            is_page: answer.is_some_and(|answer| is_web_page(&answer.body)),
            words,
            said: match (answer, last) {
                (Some(answer), _) => said_in_answer(step, answer),
                (None, None) => texts_of(&trace.callback.document()),
                (None, Some(_)) => String::new(),
            },
            moved_to: last.zip(answer).and_then(|(exchange, answer)| moved_to(exchange, answer)),
            challenge: answer.and_then(|answer| header(answer, "www-authenticate")),
            allowed: answer.and_then(|answer| header(answer, "allow")),
        }
    }

    /// The causes, the likeliest first, with how certain they are.
    pub(crate) fn likely_causes(&self) -> Vec<(RefusalCause, u8)> {
        let mut list = causes_in_text(&self.words);
        let shows_client = matches!(self.kind, Some(StepKind::GetAccessCode | StepKind::GetClientToken));
        let by_status = match self.status {
            301..=303 | 307 | 308 | 404 | 410 => Some((RefusalCause::AddressWrong, 2)),
            405 => Some((RefusalCause::MethodOther, 4)),
            415 => Some((RefusalCause::BodyOther, 4)),
            429 => Some((RefusalCause::TooMany, 4)),
            500..=599 => Some((RefusalCause::Unavailable, 2)),
            401 if shows_client => Some((RefusalCause::SecretRefused, 1)),
            401 => Some((RefusalCause::TokenRefused, 2)),
            403 if !shows_client => Some((RefusalCause::TokenRefused, 1)),
            _ if self.is_page => Some((RefusalCause::AddressWrong, 1)),
            _ => None,
        };
        if let Some((cause, weight)) = by_status
            && !list.iter().any(|(known, other)| *known == cause && *other >= weight)
        {
            let at = list.iter().position(|(_, known)| *known < weight).unwrap_or(list.len());
            list.retain(|(known, _)| *known != cause);
            list.insert(at.min(list.len()), (cause, weight));
        }
        if self.kind != Some(StepKind::GetAccessCode) {
            // A used code can be the reason only where the code is redeemed.
            list.retain(|(cause, _)| !matches!(cause, RefusalCause::CodeUsed) || self.kind.is_none());
        }
        list.retain(|(cause, _)| self.can_be(*cause));
        self.with_alternatives(list)
    }

    /// Whether a cause is still open: what an earlier answer has proven to be right is not.
    fn can_be(&self, cause: RefusalCause) -> bool {
        let known = &self.provider.known;
        let uses = |facts: &[Slot]| {
            self.step.is_none_or(|step| step.basic.is_some() || step.uses_in_request().iter().any(|used| facts.contains(&used.fact)))
        };
        let is_person = self.kind == Some(StepKind::GetUserInfo);
        match cause {
            RefusalCause::PkceRefused | RefusalCause::PkceRequired | RefusalCause::CodeUsed | RefusalCause::GrantRefused => !is_person,
            RefusalCause::RedirectUnknown => !is_person || uses(&[known.redirect_uri]),
            RefusalCause::SecretRefused | RefusalCause::CredentialsElsewhere => !is_person || uses(&[known.client_secret]),
            RefusalCause::ClientUnknown => !is_person || uses(&[known.client_secret, known.client_id]),
            RefusalCause::TokenRefused => is_person || self.kind.is_none(),
            RefusalCause::ScopeRefused
            | RefusalCause::BodyOther
            | RefusalCause::MethodOther
            | RefusalCause::AddressWrong
            | RefusalCause::AudienceMissing
            | RefusalCause::ParameterMissing
            | RefusalCause::SignatureRefused
            | RefusalCause::ClockWrong
            | RefusalCause::PlaceRefused
            | RefusalCause::Declined
            | RefusalCause::TooMany
            | RefusalCause::Unavailable => true,
        }
    }

    /// Adds causes that are easily confused with the given ones, and removes impossible ones.
    fn with_alternatives(&self, mut list: Vec<(RefusalCause, u8)>) -> Vec<(RefusalCause, u8)> {
        let has = |list: &[(RefusalCause, u8)], cause: RefusalCause| list.iter().any(|(known, _)| *known == cause);
        if list.first().is_some_and(|(cause, _)| *cause == RefusalCause::SecretRefused) && !has(&list, RefusalCause::CredentialsElsewhere) {
            list.insert(1, (RefusalCause::CredentialsElsewhere, 0));
        }
        if list.first() == Some(&(RefusalCause::CodeUsed, 1)) && !has(&list, RefusalCause::RedirectUnknown) {
            list.insert(1, (RefusalCause::RedirectUnknown, 0));
        }
        // That the secret is named as a missing parameter does not mean that it is refused.
        if list.first().is_some_and(|(cause, _)| *cause == RefusalCause::ParameterMissing)
            && self.words.contains("client_secret")
            && has(&list, RefusalCause::SecretRefused)
        {
            list.retain(|(cause, weight)| *cause != RefusalCause::SecretRefused || *weight > 1);
        }
        if self.provider.pkce == Pkce::Off {
            list.retain(|(cause, _)| *cause != RefusalCause::PkceRefused);
        }
        list
    }

    /// The proposals, each with how likely it is: ten times the certainty of its cause.
    pub(crate) fn proposals(&self) -> Vec<(Proposal, f32)> {
        let causes = self.likely_causes();
        let file = EditableFile::open(&self.provider.source);
        let refused = file.as_ref().zip(self.step).and_then(|(file, step)| self.refused_request(file, step, &causes));
        let of_causes = causes.iter().take(4).enumerate().map(|(at, (cause, weight))| {
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let behind = at as f32;
            (self.proposal_for(*cause, refused.as_ref()), 10.0 * f32::from(*weight) - behind)
        });
        let mut list: Vec<(Proposal, f32)> = of_causes.collect();
        list.extend(self.named_scope().map(|proposal| (proposal, 42.0)));
        list.extend(refused.iter().flat_map(|refused| self.request_changes(refused)));
        list.sort_by(|one, other| other.1.total_cmp(&one.1));
        list
    }

    /// The proposal for a word of the scope that the refusal of the redirect names.
    fn named_scope(&self) -> Option<Proposal> {
        let is_redirect = self.kind == Some(StepKind::GetAuthorizationCode);
        let proposal = self.scope_proposal();
        Some(proposal).filter(|proposal| is_redirect && proposal.change.is_some())
    }

    /// The refused request as the file writes it.
    fn refused_request<'r>(
        &'r self,
        file: &'r EditableFile<'_>,
        step: &'r Step,
        causes: &'r [(RefusalCause, u8)],
    ) -> Option<RequestRefusal<'r>> {
        let (call, others) = RequestRefusal::find(file, self.provider, step)?;
        Some(RequestRefusal {
            provider: self.provider,
            step,
            call,
            others,
            status: self.status,
            moved_to: self.moved_to.as_deref(),
            said: &self.said,
            challenge: self.challenge.as_deref(),
            allowed: self.allowed.as_deref(),
            depends_on_encoding: self.credentials_depend_on_encoding(),
            causes,
        })
    }

    /// The changes of the refused request that compile.
    fn request_changes(&self, refused: &RequestRefusal<'_>) -> Vec<(Proposal, f32)> {
        let drafts = refused.drafts().into_iter().take(MOST_CHANGES);
        let tried = drafts.map(|draft| (self.with_change(&draft.edits, Proposal::new(draft.title, &draft.rule, None)), draft.score));
        tried.filter(|(proposal, _)| proposal.change.is_some()).collect()
    }

    fn proposal_for(&self, cause: RefusalCause, refused: Option<&RequestRefusal<'_>>) -> Proposal {
        let outside = |title: &str, rule: RepairRule| Proposal::new(title, &rule, None);
        let step = self.step_name();
        match cause {
            RefusalCause::SecretRefused => {
                let from = self.value_location(self.provider.known.client_secret);
                outside("clientSecret", RepairRule::SecretRefused { from })
            }
            RefusalCause::ClientUnknown => {
                let from = self.value_location(self.provider.known.client_id);
                outside("clientId", RepairRule::ClientUnknown { from })
            }
            RefusalCause::CredentialsElsewhere => self.credentials_proposal(),
            RefusalCause::PkceRefused => self.pkce_proposal("off", &RepairRule::PkceRefused {}),
            RefusalCause::PkceRequired => self.pkce_proposal("S256", &RepairRule::PkceRequired {}),
            RefusalCause::RedirectUnknown => {
                let address = self.redirect_address();
                outside(&address.clone(), RepairRule::RedirectUnknown { address })
            }
            RefusalCause::ScopeRefused => self.scope_proposal(),
            RefusalCause::CodeUsed => outside("code", RepairRule::CodeUsed {}),
            RefusalCause::GrantRefused => outside("authorization code", RepairRule::GrantRefused {}),
            RefusalCause::BodyOther => self.body_proposal(),
            RefusalCause::MethodOther => self.method_proposal(),
            RefusalCause::AddressWrong => outside(&step.clone(), RepairRule::AddressWrong { step }),
            RefusalCause::AudienceMissing => outside("extra: { audience: … }", RepairRule::AudienceMissing {}),
            RefusalCause::ParameterMissing => self.parameter_proposal(refused),
            RefusalCause::SignatureRefused => outside("sign", RepairRule::SignatureRefused { step }),
            RefusalCause::ClockWrong => outside("clock", RepairRule::ClockWrong {}),
            RefusalCause::TokenRefused => outside("bearer", RepairRule::TokenRefused { step }),
            RefusalCause::PlaceRefused => outside("address of this server", RepairRule::PlaceRefused {}),
            RefusalCause::Declined => outside("declined", RepairRule::Declined {}),
            RefusalCause::TooMany => outside("limit", RepairRule::TooMany {}),
            RefusalCause::Unavailable => outside("provider", RepairRule::Unavailable { provider: self.provider.name.to_string() }),
        }
    }

    fn pkce_proposal(&self, value: &str, rule: &RepairRule) -> Proposal {
        let edit = FileEdit::Top { key: "pkce", value: value.to_owned(), behind: &["clientSecret", "clientId", "name"] };
        let is_written = value == "S256" && self.provider.pkce == Pkce::S256;
        let edits = if is_written { Vec::new() } else { vec![edit] };
        self.with_change(&edits, Proposal::new(format!("pkce: {value}"), rule, None))
    }

    /// The change for a provider that gives its bearer tokens a name of its own.
    pub(crate) fn token_type_proposal(&self) -> Proposal {
        let proposal = Proposal::new("tokenType: any", &RepairRule::TokenTypeOther { step: self.step_name() }, None);
        let word = |step: &Step| FileEdit::Word { step: step.place, word: step.kind.word(), key: "tokenType", value: "any".to_owned() };
        self.with_change(&self.step.map(word).into_iter().collect::<Vec<_>>(), proposal)
    }

    /// A proposal with a change, if the change compiles.
    pub(super) fn with_change(&self, edits: &[FileEdit], proposal: Proposal) -> Proposal {
        let source = &self.provider.source;
        let text = if edits.is_empty() { None } else { EditableFile::open(source).and_then(|sheet| sheet.apply(edits)) };
        let found = text.and_then(|text| changed_lines(&source.text, &text)).filter(|change| still_compiles(self.provider, change));
        Proposal { change: found, ..proposal }
    }

    /// A parameter that is missing and whose value the file does not show: a line to complete.
    fn parameter_proposal(&self, refused: Option<&RequestRefusal<'_>>) -> Proposal {
        let mentioned = names_in_text(&self.said, &refused.map(RequestRefusal::known_names).unwrap_or_default());
        let by_words = || PARAMETERS.iter().find(|name| self.words.contains(**name) || self.words.contains(&name.replace('_', " ")));
        let name = mentioned.into_iter().next().map(|found| found.name).or_else(|| by_words().map(|name| (*name).to_owned()));
        let Some(name) = name else {
            let rule = RepairRule::ParameterMissing { parameter: "…".to_owned(), step: self.step_name() };
            return Proposal::new("extra: { …: … }", &rule, None);
        };
        let is_header = name.contains('-') || self.said.to_lowercase().contains(&format!("header {}", name.to_lowercase()));
        let word = if is_header { "headers" } else { refused.map_or("extra", |refused| refused.call.word_for_more()) };
        let rule = RepairRule::ParameterMissing { parameter: name.clone(), step: self.step_name() };
        Proposal::new(format!("{word}: {{ {name}: \"…\" }}"), &rule, None)
    }

    pub(super) fn step_name(&self) -> String {
        self.kind.map_or("the login", StepKind::word).to_owned()
    }

    /// Where a value of the installation comes from.
    fn value_location(&self, fact: Slot) -> String {
        let needed = self.provider.needed.iter().find(|needed| needed.fact == fact);
        match needed.map(|needed| &needed.reference) {
            Some(ValueReference::Variable(name)) => format!("the variable {name}"),
            Some(ValueReference::File(path) | ValueReference::JudgedFile { path, .. }) => format!("the file {path}"),
            Some(ValueReference::Literal(_)) | None => format!("`{}` of this file", self.provider.names.name(fact)),
        }
    }

    /// The redirect address as it was sent, with secrets masked.
    fn redirect_address(&self) -> String {
        let usual = || format!("https://YOUR-HOST/callback/{}", self.provider.name);
        let sent = self.trace.exchanges.iter().find_map(|exchange| {
            let body = exchange.request.body.as_ref().map(Text::masked).unwrap_or_default();
            let query = exchange.request.address.masked();
            let pairs = format!("{}&{body}", query.split_once('?').map_or("", |(_, query)| query));
            let value = pairs.split('&').find_map(|pair| pair.strip_prefix("redirect_uri="))?.to_owned();
            percent_encoding::percent_decode_str(&value).decode_utf8().ok().map(|text| printable(&text))
        });
        sent.filter(|address| address.starts_with("http") && address.len() < 300).unwrap_or_else(usual)
    }
}

/// Whether a file still compiles with a change.
pub(crate) fn still_compiles(provider: &Provider, change: &FileChange) -> bool {
    change.apply(&provider.source.text).is_some_and(|text| {
        let source = Source::new(provider.source.name.clone(), text.as_str());
        compile(&source, InstallationContext { loopback: true }).0.is_some()
    })
}

/// The address to which an answer redirects the same request.
fn moved_to(exchange: &Exchange, answer: &Response) -> Option<String> {
    let is_moved = matches!(answer.status, 301 | 302 | 307 | 308);
    exchange.request.redirect_target(answer).address_for_same_request().filter(|_| is_moved).map(str::to_owned)
}

/// A header of an answer.
fn header(answer: &Response, name: &str) -> Option<String> {
    answer.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_string())
}

/// The texts of an answer as they are written, one a line: of a document its values, of a page what stands between its tags.
fn said_in_answer(step: Option<&Step>, answer: &Response) -> String {
    let document = step.and_then(|step| step.answers.read(answer).ok()).or_else(|| json::parse(&answer.body).ok());
    if let Some(document) = document.filter(|_| !is_web_page(&answer.body)) {
        return texts_of(&document);
    }
    let raw = String::from_utf8_lossy(&answer.body[..answer.body.len().min(6_000)]).into_owned();
    raw.split('<').filter_map(|part| part.split_once('>').map(|(_, text)| text).or(Some(part))).collect::<Vec<_>>().join("\n")
}

/// The texts of a document, one a line, within bounds.
fn texts_of(document: &Value) -> String {
    let leaves = all_leaves(document);
    let texts = leaves.iter().filter(|leaf| leaf.value.is_string()).filter_map(AnswerNode::text).take(60);
    texts.map(|text| text.chars().take(600).collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// The text of an answer in small letters, in any format, with the challenge of its `WWW-Authenticate` header.
fn answer_text(step: Option<&Step>, answer: &Response) -> String {
    let raw = String::from_utf8_lossy(&answer.body[..answer.body.len().min(6_000)]).to_lowercase();
    let document: Option<Value> = step.and_then(|step| step.answers.read(answer).ok()).or_else(|| json::parse(&answer.body).ok());
    let header = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
    let header = header.map_or_else(String::new, |(_, value)| format!("www-authenticate: {}\n", value.to_lowercase()));
    format!("{header}{}\n{}", document.as_ref().map(lowercase_text).unwrap_or_default(), raw.replace("&quot;", "\"").replace('+', " "))
}
