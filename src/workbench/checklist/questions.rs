//! The questions of the checklist, in the order in which they are asked.

use crate::workbench::checklist::pairs::unknown_facts;
use crate::workbench::checklist::question::{
    ALWAYS_ASKED, ChecklistQuestion, FURTHER, PUSHED, answer_is, asks_user_info, distinguishes_refusals, is_none, is_without_discovery,
    lacks_state, may_ask_user_info, other_state_name, usual_hosts, usual_settings,
};
use crate::workbench::checklist::rare_questions::RARE_QUESTIONS;
use crate::workbench::learn::provider_file::display_title;
use std::sync::LazyLock;

macro_rules! usual {
    ($text:literal) => {
        |_| Some($text.to_owned())
    };
}

/// All questions in the order in which they are asked.
pub(crate) static QUESTIONS: LazyLock<Vec<&ChecklistQuestion>> =
    LazyLock::new(|| USUAL_QUESTIONS.iter().chain(RARE_QUESTIONS).chain(CLOSING_QUESTIONS).collect());

/// The names of the questions that few providers need.
pub(crate) fn rare_names() -> impl Iterator<Item = &'static str> {
    RARE_QUESTIONS.iter().map(|question| question.name)
}

const USUAL_QUESTIONS: &[ChecklistQuestion] = &[
    ChecklistQuestion {
        name: "discovery",
        ask: "The issuer of an OpenID Connect provider, which publishes its addresses and keys; or `none`",
        example: "https://idp.example",
        usual: usual!("none"),
        ..ALWAYS_ASKED
    },
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
        ask: "What it carries: `standard`, or each parameter with a fact in `${…}` or a text",
        example: "app_key=${clientId}, return_url=${redirectUri}, state=${state}, canal=loja",
        usual: |answers| Some(if is_none(answers, "prepare") { "standard" } else { PUSHED }.to_owned()),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "state-in",
        ask: "How the state comes back where no parameter is `${state}`. `path`: in the address of the callback; `redirectQuery`: in its query; `cookie`: not at all",
        example: "cookie",
        matters: |answers| {
            let parameters = answers.get("authorize-parameters").map_or("standard", String::as_str);
            is_without_discovery(answers) && is_none(answers, "prepare") && lacks_state(parameters)
        },
        choices: &["query", "path", "redirectQuery", "cookie"],
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "callback",
        ask: "The method with which the browser comes back",
        example: "post",
        usual: usual!("post"),
        matters: |answers| {
            answers.get("authorize-parameters").is_some_and(|parameters| parameters.contains("form_post"))
                || answer_is(answers, "response-mode", "form_post")
        },
        choices: &["get", "post", "either"],
    },
    ChecklistQuestion {
        name: "rename",
        ask: "Standard parameters that have other names there, or `none`",
        example: "client_id=app_key, redirect_uri=return_url",
        usual: usual!("none"),
        matters: |answers| answer_is(answers, "authorize-parameters", "standard"),
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
        name: "state-name",
        ask: "The parameter in which the state comes back",
        example: "csrf",
        usual: other_state_name,
        matters: |answers| other_state_name(answers).is_some(),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "issuer",
        ask: "The `iss` that comes back beside the code, or `none` if none does",
        example: "https://sso.acme.example",
        usual: usual!("none"),
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
        ask: "What it carries: `standard`, or each parameter with a fact in `${…}` or a text",
        example: "auth_code=${code}, return_url=${redirectUri}, kind=code",
        usual: usual!("standard"),
        matters: is_without_discovery,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "token-rename",
        ask: "Standard parameters of this request that have other names there, or `none`",
        example: "code=auth_code",
        usual: usual!("none"),
        matters: |answers| {
            is_without_discovery(answers)
                && answer_is(answers, "token-parameters", "standard")
                && !answer_is(answers, "token-encoding", "json")
        },
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
        name: "signed",
        ask: "Is the person in a signed token (JWT)? `idToken`: one in that answer; `answer`: the answer about the person is one; or `none`",
        example: "idToken",
        usual: usual!("none"),
        matters: is_without_discovery,
        choices: &["none", "idToken", "answer"],
    },
    ChecklistQuestion {
        name: "signed-issuer",
        ask: "The token's `iss`",
        example: "https://sso.acme.example",
        matters: |answers| !is_none(answers, "signed"),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "signed-keys",
        ask: "Where the token's keys are: the address of a JWKS, or `${clientSecret}`",
        example: "https://sso.acme.example/jwks.json",
        matters: |answers| !is_none(answers, "signed"),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "userinfo",
        ask: "The address that describes the person, or `none` if the token's answer does",
        example: "https://sso.acme.example/api/me",
        matters: may_ask_user_info,
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
        ask: "What it carries: `none`, or each parameter with a fact in `${…}` or a text",
        example: "fields=id email, token=${accessToken}",
        usual: usual!("none"),
        matters: asks_user_info,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "token-in",
        ask: "Where does the access token go in that request?",
        example: "query",
        usual: usual!("header"),
        matters: |answers| asks_user_info(answers) && answers.get("userinfo-parameters").is_none_or(|list| !list.contains("accessToken")),
        choices: &["header", "query", "form"],
    },
    ChecklistQuestion {
        name: "token-name",
        ask: "The name of that parameter, or of the header",
        example: "access_token",
        usual: usual!("access_token"),
        matters: |answers| asks_user_info(answers) && answers.get("token-in").is_some_and(|place| place != "header"),
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
    ChecklistQuestion {
        name: "missing-email",
        ask: "Without a proven address: `ask` (shoppers type and prove one), `refuse`, or a placeholder",
        example: "${id}@acme.invalid",
        usual: |answers| {
            let is_without_address = answer_is(answers, "trust", "never") || answer_is(answers, "email", "none");
            // Nothing but a cookie ties such a callback to the login, so no address may be proved for it.
            let asks = is_without_address && !answer_is(answers, "state-in", "cookie");
            Some(if asks { "ask" } else { "refuse" }.to_owned())
        },
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "refused",
        ask: "Does it answer 200 to a refusal? When: a path with a value; or `none`",
        example: "$.errcode != 0; $.status = error",
        usual: usual!("none"),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "accepted",
        ask: "Or is there a value that every success has? Which; or `none`",
        example: "$.ok = true",
        usual: usual!("none"),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "refused-code",
        ask: "Where the code of the refusal stands, or `none`",
        example: "$.errcode",
        usual: usual!("none"),
        matters: distinguishes_refusals,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "refused-message",
        ask: "Where its message stands, or `none`",
        example: "$.errmsg",
        usual: usual!("none"),
        matters: distinguishes_refusals,
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: FURTHER,
        ask: "Does it need anything that few providers do? The names of the questions, with blanks between them, or `none`",
        example: "extra redirect-uri",
        usual: usual!("none"),
        ..ALWAYS_ASKED
    },
];

/// What is asked last, because it depends on all other answers.
const CLOSING_QUESTIONS: &[ChecklistQuestion] = &[
    ChecklistQuestion {
        name: "session-swap",
        ask: "Without state and PKCE nothing ties the callback to the login: a shopper who has begun a login can be signed in as another person by a link of that person. Is that `accepted`?",
        example: "accepted",
        matters: |answers| {
            let is_tied = answer_is(answers, "signed", "idToken") || !is_none(answers, "verify");
            answer_is(answers, "state-in", "cookie") && answer_is(answers, "pkce", "off") && !is_tied
        },
        choices: &["accepted"],
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "settings",
        ask: "Values of this shop that the answers name: each with its text, or where it is kept",
        example: "tenant=env:ACME_TENANT",
        usual: |answers| Some(usual_settings(answers)),
        matters: |answers| !unknown_facts(answers).is_empty(),
        ..ALWAYS_ASKED
    },
    ChecklistQuestion {
        name: "hosts",
        ask: "The hosts to which an address with a hole in its host may lead",
        example: "*.acme.example",
        usual: usual_hosts,
        matters: |answers| usual_hosts(answers).is_some(),
        ..ALWAYS_ASKED
    },
];
