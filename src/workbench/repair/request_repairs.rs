//! Repairs of requests: from a provider's refusal to its cause, and the line of the file that would change it, if one would.

use crate::login::error::LoginError;
use crate::login::trace::Trace;
use crate::provider::answer::is_web_page;
use crate::provider::pkce::Pkce;
use crate::provider::step::{Step, StepBody, StepKind};
use crate::provider::value_reference::ValueReference;
use crate::provider::{InstallationContext, Provider, compile, json};
use crate::story::proposal::{FileChange, Proposal};
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::diagnostic::printable;
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Source;
use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{Method, NoAnswer, Response};
use crate::workbench::answers::refusals::{RefusalCause, causes_in_text, lowercase_text};
use crate::workbench::repair::edit::{EditableFile, FileEdit, changed_lines};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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

/// A refusal, and the step in which it came.
pub(crate) struct ObservedRefusal<'a> {
    provider: &'a Provider,
    trace: &'a Trace,
    step: Option<&'a Step>,
    kind: Option<StepKind>,
    status: u16,
    is_page: bool,
    words: String,
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
        }
    }

    /// The causes, the likeliest first, with how certain they are.
    pub(crate) fn likely_causes(&self) -> Vec<(RefusalCause, u8)> {
        let mut list = causes_in_text(&self.words);
        let shows_client = matches!(self.kind, Some(StepKind::GetAccessCode | StepKind::GetClientToken));
        let by_status = match self.status {
            404 | 410 => Some((RefusalCause::AddressWrong, 2)),
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
        self.with_alternatives(list)
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

    pub(crate) fn proposals(&self) -> Vec<(Proposal, u8)> {
        self.likely_causes().into_iter().take(4).map(|(cause, weight)| (self.proposal_for(cause), weight)).collect()
    }

    fn proposal_for(&self, cause: RefusalCause) -> Proposal {
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
            RefusalCause::ParameterMissing => self.parameter_proposal(),
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
    fn with_change(&self, edits: &[FileEdit], proposal: Proposal) -> Proposal {
        let source = &self.provider.source;
        let text = if edits.is_empty() { None } else { EditableFile::open(source).and_then(|sheet| sheet.apply(edits)) };
        let found = text.and_then(|text| changed_lines(&source.text, &text)).filter(|change| still_compiles(self.provider, change));
        Proposal { change: found, ..proposal }
    }

    fn credentials_proposal(&self) -> Proposal {
        let is_basic = self.step.is_some_and(|step| step.basic.is_some());
        let is_get = self.step.is_some_and(|step| step.method == Method::Get);
        let is_encoded = self.step.and_then(|step| step.basic).is_some_and(|basic| basic.encoded);
        let to = match (is_basic, is_get) {
            (false, _) => "basic",
            // The two differ in these credentials, so the other of them is the likeliest.
            (true, _) if self.credentials_depend_on_encoding() => {
                if is_encoded {
                    "basic"
                } else {
                    "basicEncoded"
                }
            }
            (true, true) => "query",
            (true, false) => "form",
        };
        let proposal = Proposal::new(format!("credentials: {to}"), &RepairRule::CredentialsElsewhere { place: to.to_owned() }, None);
        let by_hand = self.step.is_some_and(|step| {
            let uses = step.uses_in_request();
            step.assertion.is_some()
                || step.sign.is_some()
                || (!is_basic && !matches!(step.body, StepBody::Form(_) | StepBody::None))
                || uses.is_empty()
        });
        let shows_client = |step: &&Step| matches!(step.kind, StepKind::GetAccessCode | StepKind::GetClientToken);
        match self.step.filter(shows_client).filter(|_| !by_hand) {
            Some(step) => self.with_change(
                &[FileEdit::Word { step: step.place, word: step.kind.word(), key: "credentials", value: to.to_owned() }],
                proposal,
            ),
            None => proposal,
        }
    }

    /// Whether the id and the secret, as they were sent in the `Authorization` header, are other texts with and without percent-encoding.
    fn credentials_depend_on_encoding(&self) -> bool {
        let sent = self.trace.exchanges.last().and_then(|exchange| {
            let mut headers = exchange.request.headers.iter();
            headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value)
        });
        sent.is_some_and(|value| {
            value.judged(|value| {
                let pair = value.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok()).unwrap_or_default();
                let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*');
                // A stand-in of an example says nothing about the value.
                let has_stand_in = pair.windows(3).any(|bytes| bytes == "‹".as_bytes());
                let mut odd = pair.iter().filter(|byte| **byte != b':' && !is_plain(byte));
                !has_stand_in && (odd.next().is_some() || pair.iter().filter(|byte| **byte == b':').nth(1).is_some())
            })
        })
    }

    fn scope_proposal(&self) -> Proposal {
        let scope = self.provider.scope.as_deref().unwrap_or_default();
        let is_border = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';');
        let separator = scope.chars().find(|letter| is_border(*letter)).unwrap_or(' ');
        let all: Vec<&str> = scope.split(is_border).filter(|word| !word.is_empty()).collect();
        let named = |word: &&&str| {
            let word = word.to_lowercase();
            self.words.match_indices(&word).any(|(at, _)| {
                let inside =
                    |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ':' | '-'));
                !inside(self.words[..at].chars().next_back()) && !inside(self.words[at + word.len()..].chars().next())
            })
        };
        let refused: Vec<&str> = all.iter().filter(named).copied().collect();
        let (Some(word), true) = (refused.first(), refused.len() < all.len()) else {
            return Proposal::new("scope", &RepairRule::ScopeRefused { scope: scope.to_owned() }, None);
        };
        let left: Vec<&str> = all.iter().filter(|one| *one != word).copied().collect();
        let joined = left.join(&separator.to_string());
        let value = if joined.contains([':', '#', '[', ']', '{', '}', ',']) { format!("\"{joined}\"") } else { joined.clone() };
        self.with_change(
            &[FileEdit::Word { step: self.provider.authorization.place, word: "getAuthorizationCode", key: "scope", value }],
            Proposal::new(format!("scope: {joined}"), &RepairRule::ScopeWordRefused { scope: (*word).to_owned() }, None),
        )
    }

    fn body_proposal(&self) -> Proposal {
        let is_json = self.step.is_some_and(|step| matches!(step.body, StepBody::Json(_)));
        let (from, to) = if is_json { ("json", "form") } else { ("form", "json") };
        let proposal = Proposal::new(format!("{to}: …"), &RepairRule::BodyOther { format: to.to_owned() }, None);
        let Some(step) = self.step else { return proposal };
        let renamed = self.with_change(&[FileEdit::Rename { step: step.place, from, to }], proposal.clone());
        if renamed.change.is_some() || is_json || step.kind != StepKind::GetAccessCode || step.basic.is_some() {
            return renamed;
        }
        let mut members =
            vec!["grant_type: authorization_code", "code: \"${code}\"", "redirect_uri: \"${redirectUri}\"", "client_id: \"${clientId}\""];
        if step.uses_in_request().iter().any(|used| used.fact == self.provider.known.client_secret) {
            members.push("client_secret: \"${clientSecret}\"");
        }
        if self.provider.pkce != Pkce::Off {
            members.push("code_verifier: \"${codeVerifier}\"");
        }
        let value = format!("{{ {} }}", members.join(", "));
        self.with_change(&[FileEdit::Word { step: step.place, word: step.kind.word(), key: "json", value }], proposal)
    }

    fn method_proposal(&self) -> Proposal {
        let is_get = self.step.is_some_and(|step| step.method == Method::Get);
        let (from, to) = if is_get { ("get", "post") } else { ("post", "get") };
        let proposal = Proposal::new(format!("{to}: …"), &RepairRule::MethodOther { step: self.step_name(), method: to.to_owned() }, None);
        match self.step {
            // With `get` the secret would be written into the address, and so into logs and histories.
            Some(step) if !is_get && self.sends_a_secret(step) => proposal,
            Some(step) => self.with_change(&[FileEdit::Rename { step: step.place, from, to }], proposal),
            None => proposal,
        }
    }

    /// Whether a request holds a secret of the client outside of its address.
    fn sends_a_secret(&self, step: &Step) -> bool {
        let known = &self.provider.known;
        let secret = [known.client_secret, known.client_assertion];
        step.basic.is_some() || step.assertion.is_some() || step.uses_in_request().iter().any(|used| secret.contains(&used.fact))
    }

    fn parameter_proposal(&self) -> Proposal {
        let named = PARAMETERS.iter().find(|name| self.words.contains(**name) || self.words.contains(&name.replace('_', " ")));
        let name = named.map_or("…", |name| *name);
        let rule = RepairRule::ParameterMissing { parameter: name.to_owned(), step: self.step_name() };
        Proposal::new(format!("extra: {{ {name}: … }}"), &rule, None)
    }

    fn step_name(&self) -> String {
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

/// The text of an answer in small letters, in any format, with the challenge of its `WWW-Authenticate` header.
fn answer_text(step: Option<&Step>, answer: &Response) -> String {
    let raw = String::from_utf8_lossy(&answer.body[..answer.body.len().min(6_000)]).to_lowercase();
    let document: Option<Value> = step.and_then(|step| step.answers.read(answer).ok()).or_else(|| json::parse(&answer.body).ok());
    let header = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
    let header = header.map_or_else(String::new, |(_, value)| format!("www-authenticate: {}\n", value.to_lowercase()));
    format!("{header}{}\n{}", document.as_ref().map(lowercase_text).unwrap_or_default(), raw.replace("&quot;", "\"").replace('+', " "))
}

/// The proposal for a request that was not answered.
pub(crate) fn no_answer_proposal(why: &NoAnswer, step: Option<StepKind>) -> Proposal {
    let step = step.map_or("the login", StepKind::word).to_owned();
    let title = step.clone();
    let rule = match why {
        NoAnswer::Unreachable => RepairRule::NotReached { step },
        NoAnswer::TooSlow => RepairRule::TooSlow { step },
        NoAnswer::TooLarge => RepairRule::TooLarge { step },
        NoAnswer::Forbidden => RepairRule::NotAllowedFromHere { step },
    };
    Proposal::new(title, &rule, None)
}
