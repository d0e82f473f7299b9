//! The proposals for causes whose change is one line of the file: where the credentials are sent, the scope, the body, the method.

use crate::provider::pkce::Pkce;
use crate::provider::step::{Step, StepBody, StepKind};
use crate::story::proposal::Proposal;
use crate::story::repair_rule::RepairRule;
use crate::vocabulary::wire::Method;
use crate::workbench::repair::edit::FileEdit;
use crate::workbench::repair::request_repairs::ObservedRefusal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

impl ObservedRefusal<'_> {
    pub(super) fn credentials_proposal(&self) -> Proposal {
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
    pub(super) fn credentials_depend_on_encoding(&self) -> bool {
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

    pub(super) fn scope_proposal(&self) -> Proposal {
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

    pub(super) fn body_proposal(&self) -> Proposal {
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

    pub(super) fn method_proposal(&self) -> Proposal {
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
    pub(super) fn sends_a_secret(&self, step: &Step) -> bool {
        let known = &self.provider.known;
        let secret = [known.client_secret, known.client_assertion];
        step.basic.is_some() || step.assertion.is_some() || step.uses_in_request().iter().any(|used| secret.contains(&used.fact))
    }
}
