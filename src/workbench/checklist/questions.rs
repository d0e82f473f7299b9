//! The questions of the checklist, in the order in which they are asked.

use crate::workbench::learn::provider_file::display_title;
use std::collections::BTreeMap;

/// Answers by the names of their questions.
pub(crate) type ChecklistAnswers = BTreeMap<&'static str, String>;

pub(crate) struct ChecklistQuestion {
    /// Its name, which is also the name of the flag.
    pub(crate) name: &'static str,
    pub(crate) ask: &'static str,
    pub(crate) example: &'static str,
    /// The default; `None` where an answer is required.
    pub(crate) usual: fn(&ChecklistAnswers) -> Option<String>,
    /// Whether the earlier answers leave this question open.
    pub(crate) matters: fn(&ChecklistAnswers) -> bool,
    /// The possible answers; empty where anything may be typed.
    pub(crate) choices: &'static [&'static str],
}

/// A question that is always asked, takes any answer and has no default.
const ALWAYS_ASKED: ChecklistQuestion =
    ChecklistQuestion { name: "", ask: "", example: "", usual: |_| None, matters: |_| true, choices: &[] };

fn answer_is(answers: &ChecklistAnswers, name: &str, expected: &str) -> bool {
    answers.get(name).is_some_and(|answer| answer == expected)
}

fn is_without_discovery(answers: &ChecklistAnswers) -> bool {
    !answers.contains_key("discovery")
}

fn asks_user_info(answers: &ChecklistAnswers) -> bool {
    is_without_discovery(answers) && !answer_is(answers, "userinfo", "none")
}

macro_rules! usual {
    ($text:literal) => {
        |_| Some($text.to_owned())
    };
}

/// The questions in the order in which they are asked.
pub(crate) const QUESTIONS: &[ChecklistQuestion] = &[
    ChecklistQuestion {
        name: "title",
        ask: "What does the button say?",
        example: "Clube Acme",
        usual: |answers| answers.get("name").map(|name| display_title(name)),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "client-id",
        ask: "The client's id: `env` for a variable, or the id itself",
        example: "loja-42",
        usual: usual!("env"),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "client-secret",
        ask: "The client's secret: `env` for a variable, `none`, or where it is kept",
        example: "env:CLUBE_ACME_SECRET",
        usual: usual!("env"),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "authorize",
        ask: "The address to which the browser is sent",
        example: "https://sso.acme.example/entrar",
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "authorize-parameters",
        ask: "What it carries: `standard`, or each parameter with a fact or a text",
        example: "app_key=clientId, return_url=redirectUri, state=state, canal=loja",
        usual: usual!("standard"),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "scope",
        ask: "The scope: what is asked for, or `none`",
        example: "perfil email",
        usual: |answers| Some(if is_without_discovery(answers) { "none" } else { "openid profile email" }.to_owned()),
        matters: |answers| answer_is(answers, "authorize-parameters", "standard") || !is_without_discovery(answers),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "pkce",
        ask: "Does it support PKCE?",
        example: "off",
        usual: usual!("S256"),
        choices: &["S256", "plain", "off"],
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "code",
        ask: "The parameter in which the code comes back",
        example: "auth_code",
        usual: usual!("code"),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "token",
        ask: "The address at which the code is exchanged for a token",
        example: "https://sso.acme.example/api/token",
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "token-encoding",
        ask: "How is that request written?",
        example: "json",
        usual: usual!("form"),
        matters: is_without_discovery,
        choices: &["form", "json", "query"],
    },
    ChecklistQuestion {
        name: "token-parameters",
        ask: "What it carries: `standard`, or each parameter with a fact or a text",
        example: "auth_code=code, return_url=redirectUri",
        usual: usual!("standard"),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "credentials",
        ask: "Where do the client's id and secret go?",
        example: "basic",
        usual: |answers| {
            Some(
                if answer_is(answers, "token-parameters", "standard") || !is_without_discovery(answers) {
                    if answer_is(answers, "token-encoding", "query") { "query" } else { "form" }
                } else {
                    "none"
                }
                .to_owned(),
            )
        },
        choices: &["form", "query", "basic", "basicEncoded", "none"],
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "token-path",
        ask: "Where the access token stands in the answer",
        example: "$.data.token",
        usual: usual!("$.access_token"),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "userinfo",
        ask: "The address that describes the person, or `none` if the token's answer does",
        example: "https://sso.acme.example/api/me",
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "userinfo-encoding",
        ask: "How is that request written?",
        example: "json",
        usual: usual!("query"),
        matters: asks_user_info,
        choices: &["query", "form", "json"],
    },
    ChecklistQuestion {
        name: "userinfo-parameters",
        ask: "What it carries besides the token as Bearer: `none`, or each parameter with a fact or a text",
        example: "fields=id email",
        usual: usual!("none"),
        matters: asks_user_info,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "id",
        ask: "Where the person's id stands in the answer",
        example: "$.data.id",
        usual: usual!("$.sub"),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "email",
        ask: "Where the e-mail address stands, or `none`",
        example: "$.data.email",
        usual: usual!("$.email"),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "email-verified",
        ask: "Where the answer says whether the address is proven, or `none`",
        example: "$.data.email_ok",
        usual: |answers| Some(if answer_is(answers, "id", "$.sub") { "$.email_verified" } else { "none" }.to_owned()),
        matters: |answers| is_without_discovery(answers) && !answer_is(answers, "email", "none"),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "name-path",
        ask: "Where the name stands, or `none`; two paths are written with holes",
        example: "${$.data.nome} ${$.data.sobrenome}",
        usual: usual!("$.name"),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "trust",
        ask: "Are its addresses proven? `claim`: where it says so; `always`: it proves every one; `never`: shoppers prove them",
        example: "always",
        usual: |answers| Some(if answer_is(answers, "email-verified", "none") { "never" } else { "claim" }.to_owned()),
        matters: |answers| !answer_is(answers, "email", "none"),
        choices: &["claim", "always", "never"],
    },
];
