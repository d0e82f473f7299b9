//! The address and the claim in several documents: two answers, the signed tokens in them, and one more answer.

use crate::email_proof::address;
use crate::support::{STRICT, provider};
use portaria::provider::compile;
use portaria::provider::fact_origin::FactOrigin;
use portaria::provider::identity::IdentityEmail;
use portaria::vocabulary::place::{Place, Source};
use portaria::workbench::examples;
use portaria::workbench::examples::replay::replay;
use proptest::prelude::*;
use std::fmt::Write as _;

/// The documents of a login: the first two calls' answers, each with the signed token in it, and one more answer.
const DOCUMENTS: usize = 5;

/// What one document holds.
#[derive(Clone, Copy, Debug)]
struct Document {
    has_address: bool,
    claim: Option<bool>,
}

/// A generated file and what the provider answers.
#[derive(Clone, Debug)]
struct Shape {
    addresses: Vec<usize>,
    claims: Vec<usize>,
    /// Whether a claim is a condition rather than a text.
    is_condition: bool,
    documents: Vec<Document>,
}

/// What a document's `read` says: an address, a claim, or neither.
fn reads(shape: &Shape, document: usize) -> String {
    let mut reads = String::new();
    if shape.addresses.contains(&document) {
        let _ = write!(reads, ", mail{document}: $.mail");
    }
    if shape.claims.contains(&document) {
        let _ = write!(reads, ", ok{document}: $.ok");
    }
    reads
}

fn alternatives(name: &str, documents: &[usize]) -> String {
    documents.iter().map(|document| format!("\"${{{name}{document}}}\"")).collect::<Vec<_>>().join(", ")
}

impl Shape {
    fn file(&self) -> String {
        let signed = |token: &str, document: usize| {
            format!(
                "signed: {{ token: \"${{{token}}}\", issuer: acme, keys: \"${{clientSecret}}\", nonce: none, read: {{ sub{document}: $.sub{} }} }}",
                reads(self, document)
            )
        };
        let claim = if self.is_condition && self.claims.len() == 1 {
            format!("{{ at: \"${{ok{}}}\", is: \"true\" }}", self.claims[0])
        } else {
            format!("[ {} ]", alternatives("ok", &self.claims))
        };
        format!(
            "name: Acme
getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}
getAccessCode:
  post: https://sso.acme.example/token
  read: {{ id: $.id{} }}
  {}
getUserInfo:
  - get: https://sso.acme.example/me
    read: {{ token1: $.token{} }}
    {}
  - get: https://sso.acme.example/mails
    read: {{ other: $.other{} }}
identity: {{ email: [ {} ], emailVerified: {claim} }}
",
            reads(self, 0),
            signed("idToken", 1),
            reads(self, 2),
            signed("token1", 3),
            reads(self, 4),
            alternatives("mail", &self.addresses),
        )
    }

    /// What a document says, as members of JSON or YAML.
    fn members(&self, document: usize) -> String {
        let Document { has_address, claim } = self.documents[document];
        let mail = if has_address { format!(", mail: {}", address(document)) } else { String::new() };
        let ok = claim.map_or_else(String::new, |claim| format!(", ok: {claim}"));
        format!("{mail}{ok}")
    }

    /// The login, and how it has to end.
    fn story(&self) -> String {
        let found = |list: &[usize], has: &dyn Fn(&Document) -> bool| list.iter().copied().find(|at| has(&self.documents[*at]));
        let from = found(&self.addresses, &|document| document.has_address);
        let vouching = found(&self.claims, &|document| document.claim.is_some());
        let end = match (from, vouching) {
            (None, _) => "refused: { code: missingEmail }".to_owned(),
            (Some(from), Some(vouching)) if from == vouching && self.documents[vouching].claim == Some(true) => {
                format!("identity: {{ id: \"7\", email: {}, emailVerified: true }}", address(from))
            }
            (Some(_), _) => "refused: { code: unprovenEmail }".to_owned(),
        };
        let token = |name: &str, document: usize| {
            format!("{name}: {{ claims: {{ iss: acme, aud: ‹clientId›, sub: \"7\"{} }} }}", self.members(document))
        };
        format!(
            "- what: a login
  tokens: {{ {}, {} }}
  exchanges:
    - answer: {{ json: {{ access_token: at-1, id: \"7\", id_token: ‹idToken›{} }} }}
    - answer: {{ json: {{ token: ‹token1›{} }} }}
    - answer: {{ json: {{ other: 1{} }} }}
  {end}
",
            token("idToken", 1),
            token("token1", 3),
            self.members(0),
            self.members(2),
            self.members(4),
        )
    }

    /// Whether every address has a claim of its own document, and every claim an address.
    fn is_paired(&self) -> bool {
        self.addresses.iter().all(|document| self.claims.contains(document))
            && self.claims.iter().all(|document| self.addresses.contains(document))
    }
}

fn shapes() -> impl Strategy<Value = Shape> {
    let order = || {
        let all: Vec<usize> = (0..DOCUMENTS).collect();
        (Just(all).prop_shuffle(), 1..=DOCUMENTS).prop_map(|(all, count)| all[..count].to_vec())
    };
    let document = (any::<bool>(), proptest::option::of(any::<bool>()));
    let documents = proptest::collection::vec(document.prop_map(|(has_address, claim)| Document { has_address, claim }), DOCUMENTS);
    // Half of the files read address and claim from the same documents, in orders of their own: those that `check` lets through.
    let lists = (order(), order(), any::<bool>(), 0..DOCUMENTS).prop_map(|(addresses, mut claims, is_paired, turn)| {
        if is_paired {
            claims.clone_from(&addresses);
            claims.rotate_left(turn % addresses.len());
        }
        (addresses, claims)
    });
    (lists, any::<bool>(), documents).prop_map(|((addresses, claims), is_condition, documents)| Shape {
        addresses,
        claims,
        is_condition,
        documents,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_address_is_never_proven_by_a_claim_from_another_exchange(shape in shapes()) {
        let file = shape.file();
        let (compiled, report) = compile(&Source::new("acme.yaml", file.as_str()), STRICT);
        prop_assert_eq!(compiled.is_some(), shape.is_paired(), "{}\n{}", file, report.draw(false));
        let Some(acme) = compiled else {
            prop_assert!(report.draw(false).contains("another answer or token"), "{}", report.draw(false));
            return Ok(());
        };
        // A condition says `false` where the claim is missing, which ends a login in the same way.
        let story = shape.story();
        let stories = examples::read(&Source::new("acme.examples.yaml", story.as_str())).unwrap_or_else(|report| panic!("{}", report.draw(false)));
        let differences: Vec<String> = replay(&acme, &stories[0]).differences.iter().map(ToString::to_string).collect();
        prop_assert!(differences.is_empty(), "{}\n{}\n{}", file, story, differences.join("\n"));
    }
}

/// Lesson 15
#[test]
fn facts_of_two_exchanges_prove_nothing_whatever_the_file_says() {
    const ANSWER: FactOrigin = FactOrigin::Answer(Some(1));
    for (trust, address, claim, expected) in [
        ("claim", ANSWER, ANSWER, true),
        ("claim", FactOrigin::SignedToken(Some(0)), FactOrigin::SignedToken(Some(0)), true),
        ("claim", ANSWER, FactOrigin::Answer(Some(0)), false),
        ("claim", ANSWER, FactOrigin::SignedToken(Some(1)), false),
        ("claim", FactOrigin::Answer(None), FactOrigin::SignedToken(None), false),
        ("claim", FactOrigin::Several, FactOrigin::Several, false),
        ("claim", FactOrigin::Shopper, FactOrigin::Shopper, false),
        ("claim", ANSWER, FactOrigin::Broker, false),
        ("always", ANSWER, FactOrigin::Answer(Some(0)), true),
        ("always", FactOrigin::Shopper, ANSWER, false),
        ("[ loja.example ]", FactOrigin::Shopper, ANSWER, false),
    ] {
        let acme = provider(&format!(
            "name: Acme\ntrustEmail: {trust}
getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}
getAccessCode: {{ post: \"https://sso.acme.example/token\" }}
getUserInfo: {{ get: \"https://sso.acme.example/me\" }}
"
        ));
        let mut facts = acme.empty_facts();
        for (name, value, origin) in [("id", "7", ANSWER), ("email", "ana@loja.example", address), ("emailVerified", "true", claim)] {
            facts.learn(acme.names.find(name).expect("the file reads it"), value, origin, Place::default());
        }

        let identity = acme.identity_from(&facts, "origins https://sso.acme.example");

        let is_proven = identity.is_ok_and(|identity| matches!(identity.address, IdentityEmail::Proven(..)));
        assert_eq!(is_proven, expected, "{trust} {address:?} {claim:?}");
    }
}

fn refused_with(identity: &str, message: &str) {
    let file = format!(
        "name: Acme
inputs: {{ typed: {{ label: E-mail }} }}
getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}
getAccessCode: {{ post: \"https://sso.acme.example/token\", read: {{ login: $.login, emailVerified: $.ok, plan: $.plan }} }}
getUserInfo: {{ get: \"https://sso.acme.example/me\", read: {{ id: $.id, contact: $.contact, also: \"${{$.also}}\" }} }}
{identity}
"
    );
    let (compiled, report) = compile(&Source::new("acme.yaml", file.as_str()), STRICT);
    let drawn = report.draw(false);
    assert!(compiled.is_none() && drawn.contains(message), "{file}\n{drawn}");
}

#[test]
fn a_file_that_pairs_an_address_with_a_claim_of_another_answer_is_refused() {
    for identity in [
        "identity: { email: [ \"${contact}\", \"${login}\" ] }",
        "identity: { email: [ \"${login}\", \"${contact}\" ] }",
        "identity: { email: \"${contact}\" }",
        "identity: { email: \"${also}\" }",
        "identity: { email: [ \"${login}\", \"${contact}\" ] }\ntrustEmail: claim",
        "identity: { email: [ \"${login}\", \"${contact}\" ] }\ntrustEmail: always\nrequire: { at: \"${emailVerified}\", is: \"true\" }",
    ] {
        refused_with(identity, "another answer or token");
    }
    for identity in
        ["identity: { email: \"${contact | default login}\" }", "identity: { email: '${login | before \"@\"}@${contact | after \"@\"}' }"]
    {
        refused_with(identity, "several answers or tokens");
    }
}

#[test]
fn an_address_that_the_shopper_types_is_never_proven() {
    for trust in ["always", "[ loja.example ]"] {
        refused_with(&format!("identity: {{ email: [ \"${{typed}}\", \"${{login}}\" ] }}\ntrustEmail: {trust}"), "what the shopper typed");
    }
}

#[test]
fn an_address_and_its_claim_may_come_from_any_one_exchange() {
    for identity in [
        "identity: { email: \"${login}\" }",
        "identity: { email: \"${login | lower}\" }",
        "identity: { email: \"${login | default login}\" }",
        "identity: { email: \"${contact | default login}\", more: [ emailVerified ] }\ntrustEmail: always",
        "identity: { email: [ \"${login}\", \"${contact}\" ], more: [ emailVerified ] }\ntrustEmail: always",
    ] {
        provider(&format!(
            "name: Acme
getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}
getAccessCode: {{ post: \"https://sso.acme.example/token\", read: {{ login: $.login, emailVerified: $.ok }} }}
getUserInfo: {{ get: \"https://sso.acme.example/me\", read: {{ id: $.id, contact: $.contact }} }}
{identity}
"
        ));
    }
}
