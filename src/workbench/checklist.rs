//! The checklist that somebody answers about a provider, and the file that comes of it. Each answer is looked over by the language itself.

use crate::place::Source;
use crate::provider::{Ground, compile};
use crate::workbench::draft::{Draft, Entry, Piece};
use std::collections::BTreeMap;

/// Answers by the names of their questions.
pub type Answers = BTreeMap<&'static str, String>;

/// A question.
pub struct Question {
    /// Its name; the flag is the same behind `--`.
    pub name: &'static str,
    /// What is asked.
    pub ask: &'static str,
    /// An example of an answer.
    pub example: &'static str,
    /// What holds when nothing is typed; `None` where an answer is needed.
    pub usual: fn(&Answers) -> Option<String>,
    /// Whether it is asked at all.
    pub matters: fn(&Answers) -> bool,
    /// The answers among which one is chosen; none where anything may be typed.
    pub choices: &'static [&'static str],
}

fn always(_: &Answers) -> bool {
    true
}

fn says(answers: &Answers, name: &str, what: &str) -> bool {
    answers.get(name).is_some_and(|answer| answer == what)
}

fn by_hand(answers: &Answers) -> bool {
    !answers.contains_key("discovery")
}

fn asks_user_info(answers: &Answers) -> bool {
    by_hand(answers) && !says(answers, "userinfo", "none")
}

fn nothing(_: &Answers) -> Option<String> {
    None
}

macro_rules! usual {
    ($text:literal) => {
        |_| Some($text.to_owned())
    };
}

/// The questions in the order in which they are asked.
pub const QUESTIONS: &[Question] = &[
    Question {
        name: "title",
        ask: "What does the button say?",
        example: "Clube Acme",
        usual: |answers| answers.get("name").map(|name| crate::workbench::learn::whole::title(name)),
        matters: always,
        choices: &[],
    },
    Question {
        name: "client-id",
        ask: "The client's id: `env` for a variable, or the id itself",
        example: "loja-42",
        usual: usual!("env"),
        matters: always,
        choices: &[],
    },
    Question {
        name: "client-secret",
        ask: "The client's secret: `env` for a variable, `none`, or where it is kept",
        example: "env:ACME_SECRET",
        usual: usual!("env"),
        matters: always,
        choices: &[],
    },
    Question {
        name: "authorize",
        ask: "The address to which the browser is sent",
        example: "https://sso.acme.example/entrar",
        usual: nothing,
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "authorize-parameters",
        ask: "What it carries: `standard`, or each parameter with a fact or a text",
        example: "app_key=clientId, return_url=redirectUri, state=state, canal=loja",
        usual: usual!("standard"),
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "scope",
        ask: "The scope: what is asked for, or `none`",
        example: "perfil email",
        usual: |answers| Some(if by_hand(answers) { "none" } else { "openid profile email" }.to_owned()),
        matters: |answers| says(answers, "authorize-parameters", "standard") || !by_hand(answers),
        choices: &[],
    },
    Question {
        name: "pkce",
        ask: "Does it know PKCE?",
        example: "off",
        usual: usual!("S256"),
        matters: always,
        choices: &["S256", "plain", "off"],
    },
    Question {
        name: "code",
        ask: "The parameter in which the code comes back",
        example: "auth_code",
        usual: usual!("code"),
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "token",
        ask: "The address at which the code becomes a token",
        example: "https://sso.acme.example/api/token",
        usual: nothing,
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "token-encoding",
        ask: "How is that request written?",
        example: "json",
        usual: usual!("form"),
        matters: by_hand,
        choices: &["form", "json", "query"],
    },
    Question {
        name: "token-parameters",
        ask: "What it carries: `standard`, or each parameter with a fact or a text",
        example: "auth_code=code, return_url=redirectUri",
        usual: usual!("standard"),
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "credentials",
        ask: "Where do the client's id and secret go?",
        example: "basic",
        usual: |answers| {
            Some(
                if says(answers, "token-parameters", "standard") || !by_hand(answers) {
                    if says(answers, "token-encoding", "query") { "query" } else { "form" }
                } else {
                    "none"
                }
                .to_owned(),
            )
        },
        matters: always,
        choices: &["form", "query", "basic", "basicEncoded", "none"],
    },
    Question {
        name: "token-path",
        ask: "Where the access token stands in the answer",
        example: "$.data.token",
        usual: usual!("$.access_token"),
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "userinfo",
        ask: "The address that tells who it is, or `none` if the token's answer does",
        example: "https://sso.acme.example/api/me",
        usual: nothing,
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "userinfo-encoding",
        ask: "How is that request written?",
        example: "json",
        usual: usual!("query"),
        matters: asks_user_info,
        choices: &["query", "form", "json"],
    },
    Question {
        name: "userinfo-parameters",
        ask: "What it carries besides the token as Bearer: `none`, or each parameter with a fact or a text",
        example: "fields=id email",
        usual: usual!("none"),
        matters: asks_user_info,
        choices: &[],
    },
    Question {
        name: "id",
        ask: "Where the person's id stands in the answer",
        example: "$.data.id",
        usual: usual!("$.sub"),
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "email",
        ask: "Where the e-mail address stands, or `none`",
        example: "$.data.email",
        usual: usual!("$.email"),
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "email-verified",
        ask: "Where it stands whether the address is proven, or `none`",
        example: "$.data.email_ok",
        usual: |answers| Some(if says(answers, "id", "$.sub") { "$.email_verified" } else { "none" }.to_owned()),
        matters: |answers| by_hand(answers) && !says(answers, "email", "none"),
        choices: &[],
    },
    Question {
        name: "name-path",
        ask: "Where the name stands, or `none`; two paths are written with holes",
        example: "${$.data.nome} ${$.data.sobrenome}",
        usual: usual!("$.name"),
        matters: by_hand,
        choices: &[],
    },
    Question {
        name: "trust",
        ask: "Are its addresses proven? `claim`: where it says so; `always`: it proves every one; `never`: shoppers prove them",
        example: "always",
        usual: |answers| Some(if says(answers, "email-verified", "none") { "never" } else { "claim" }.to_owned()),
        matters: |answers| !says(answers, "email", "none"),
        choices: &["claim", "always", "never"],
    },
];

/// Why an answer cannot be taken, if it cannot: the choices, or what the language says of it.
pub fn complaint(question: &Question, answer: &str, ground: Ground) -> Option<String> {
    if !question.choices.is_empty() {
        let fits = question.choices.contains(&answer);
        return (!fits).then(|| format!("write {}", crate::diagnostic::one_of(question.choices.iter().copied())));
    }
    // A whole file around the one answer, so that every complaint is about that answer.
    let mut answers: Answers =
        [("authorize", "https://a.example/a"), ("token", "https://a.example/t"), ("userinfo", "https://a.example/u")]
            .into_iter()
            .chain([("trust", "never"), ("pkce", "off"), ("email-verified", "none"), ("title", "Acme")])
            .map(|(name, answer)| (name, answer.to_owned()))
            .collect();
    answers.insert(question.name, answer.to_owned());
    if question.name == "email-verified" && answer != "none" {
        answers.insert("trust", "claim".to_owned());
    }
    if question.name == "discovery" {
        answers.remove("userinfo");
    }
    let (_, report) = compile(&Source::new("answer.yaml", draft(&answers).yaml()), ground);
    let worst = report.complaints.iter().find(|complaint| complaint.severity == crate::diagnostic::Severity::Error)?;
    Some(format!("{}; {}", worst.message, worst.help))
}

/// The file that comes of the answers: only what differs from the standard.
pub fn draft(answers: &Answers) -> Draft {
    let get = |name: &str| answers.get(name).map(String::as_str).filter(|answer| !answer.is_empty());
    let said = |name: &str| get(name).filter(|answer| *answer != "none");
    let text = |text: &str| Piece::text(text);
    let mut draft = Draft::default();
    draft.word(Entry::because("name", text(get("title").unwrap_or("Provider")), "what the button says"));
    if let Some(id) = get("client-id").filter(|id| *id != "env") {
        draft.word(Entry::new("clientId", text(id)));
    }
    if let Some(secret) = get("client-secret").filter(|secret| *secret != "env") {
        draft.word(Entry::because("clientSecret", text(secret), "a secret is never written here, only where it is kept"));
    }
    if let Some(issuer) = get("discovery") {
        draft.word(Entry::because("discovery", text(issuer), "addresses, keys and issuer come from its document"));
    }
    if let Some(pkce) = get("pkce").filter(|pkce| *pkce != "S256") {
        draft.word(Entry::because("pkce", Piece::Bare(pkce.to_owned()), "the usual is S256"));
    }
    let reads_email = get("discovery").is_some() || get("email") != Some("none");
    match get("trust").filter(|_| reads_email) {
        Some("always") => {
            draft.word(Entry::because("trustEmail", text("always"), "it only hands out addresses that it has checked itself"));
        }
        Some("never") => {
            draft.word(Entry::because("trustEmail", text("never"), "nothing says that its addresses are proven"));
            draft.word(Entry::because("missingEmail", text("ask"), "so shoppers prove theirs; `refuse` keeps them out"));
        }
        _ if !reads_email => draft.word(Entry::because("missingEmail", text("ask"), "it tells no address, so shoppers type and prove one")),
        _ => {}
    }
    let first = authorization(&get, &said);
    if !first.is_empty() {
        draft.word(Entry::new("getAuthorizationCode", Piece::Block(first)));
    }
    let person = person(&get, &said);
    let access = access(&get, &said, &person);
    if !access.is_empty() {
        draft.word(Entry::new("getAccessCode", Piece::Block(access)));
    }
    if let Some(address) = said("userinfo").filter(|_| get("discovery").is_none()) {
        let encoding = get("userinfo-encoding").unwrap_or("query");
        let mut words = vec![Entry::new(if encoding == "query" { "get" } else { "post" }, text(address))];
        if let Some(parameters) = said("userinfo-parameters") {
            words.push(Entry::new(encoding, Piece::Block(pairs(parameters))));
        }
        if !person.is_empty() {
            words.push(Entry::new("read", Piece::Block(person)));
        }
        draft.word(Entry::new("getUserInfo", Piece::Block(words)));
    }
    draft
}

type Answer<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

fn authorization<'a>(get: &Answer<'a>, said: &Answer<'a>) -> Vec<Entry> {
    let mut words = Vec::new();
    if let Some(address) = get("authorize").filter(|_| get("discovery").is_none()) {
        words.push(Entry::new("get", Piece::text(address)));
    }
    let is_usual = |scope: &&str| get("discovery").is_some() && *scope == "openid profile email";
    if let Some(scope) = said("scope").filter(|scope| !is_usual(scope)) {
        words.push(Entry::new("scope", Piece::text(scope)));
    }
    if let Some(parameters) = get("authorize-parameters").filter(|parameters| *parameters != "standard") {
        words.push(Entry::because("query", Piece::Block(pairs(parameters)), "exactly this is sent"));
    }
    if let Some(code) = get("code").filter(|code| *code != "code") {
        let read = Entry::because("code", Piece::Text(in_callback(code)), "the callback's parameters are this step's answer");
        words.push(Entry::new("read", Piece::Block(vec![read])));
    }
    words
}

fn in_callback(code: &str) -> String {
    if code.starts_with('$') {
        return code.to_owned();
    }
    crate::workbench::learn::document::path(&[crate::workbench::learn::document::Key::Name(code.to_owned())])
}

fn access<'a>(get: &Answer<'a>, said: &Answer<'a>, person: &[Entry]) -> Vec<Entry> {
    let mut words = Vec::new();
    let by_hand = get("discovery").is_none();
    let encoding = get("token-encoding").unwrap_or("form");
    if let Some(address) = get("token").filter(|_| by_hand) {
        words.push(Entry::new(if encoding == "query" { "get" } else { "post" }, Piece::text(address)));
    }
    let parameters = get("token-parameters").filter(|parameters| *parameters != "standard" && by_hand);
    let is_written = parameters.is_some() || encoding == "json" && by_hand;
    let usual = match (is_written, encoding) {
        (true, _) => "none",
        (false, "query") => "query",
        (false, _) => "form",
    };
    if let Some(credentials) = get("credentials").filter(|credentials| *credentials != usual) {
        words.push(Entry::because("credentials", Piece::text(credentials), "where the client's id and secret go"));
    }
    match parameters {
        Some(parameters) => words.push(Entry::because(encoding, Piece::Block(pairs(parameters)), "exactly this is sent")),
        None if encoding == "json" && by_hand => {
            // Standard parameters, written as JSON.
            let mut list = vec!["grant_type=authorization_code", "code=code", "redirect_uri=redirectUri"];
            if get("pkce") != Some("off") {
                list.push("code_verifier=codeVerifier");
            }
            words.push(Entry::new("json", Piece::Block(pairs(&list.join(", ")))));
        }
        None => {}
    }
    let mut read = Vec::new();
    if let Some(path) = get("token-path").filter(|path| *path != "$.access_token" && by_hand) {
        read.push(Entry::new("accessToken", Piece::text(path)));
    }
    if by_hand && said("userinfo").is_none() {
        let standard = [("id", "$.sub"), ("email", "$.email"), ("name", "$.name")];
        if person.is_empty() {
            read.extend(standard.iter().map(|(fact, path)| Entry::new(*fact, Piece::text(*path))));
        }
        read.extend(person.iter().cloned());
    }
    if !read.is_empty() {
        words.push(Entry::new("read", Piece::Block(read)));
    }
    words
}

/// What is read of the person; nothing where the standard says the same.
fn person<'a>(get: &Answer<'a>, said: &Answer<'a>) -> Vec<Entry> {
    let usual = [
        ("id", "id", "$.sub"),
        ("email", "email", "$.email"),
        ("email-verified", "emailVerified", "$.email_verified"),
        ("name-path", "name", "$.name"),
    ];
    if usual.iter().all(|(question, _, path)| get(question).is_none_or(|answer| answer == *path)) {
        return Vec::new();
    }
    let told = usual.iter().filter_map(|(question, fact, path)| {
        let answer = if get(question).is_none() && *fact != "emailVerified" { Some(*path) } else { said(question) };
        Some(Entry::new(*fact, Piece::text(answer?)))
    });
    told.collect()
}

/// Facts that may stand in a request by their names alone.
const FACTS: &[&str] = &[
    "clientId",
    "clientSecret",
    "redirectUri",
    "state",
    "nonce",
    "code",
    "codeVerifier",
    "codeChallenge",
    "scope",
    "accessToken",
    "now",
    "publicUrl",
];

/// `a=clientId, b=text` as parameters: the name of a fact becomes a hole.
fn pairs(text: &str) -> Vec<Entry> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs
        .map(|(name, value)| {
            let value = value.trim();
            let written = if FACTS.contains(&value) { format!("${{{value}}}") } else { value.to_owned() };
            Entry::new(name.trim(), Piece::Text(written))
        })
        .collect()
}
