//! The questions of the checklist, in the order in which they are asked.

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
