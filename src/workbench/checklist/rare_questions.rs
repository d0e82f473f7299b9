//! The questions about what few providers need. A flag answers them, or the question `further` names them.

use crate::workbench::checklist::question::{ChecklistQuestion, RARELY_ASKED, has_own_token_header};

const ANSWER_FORMATS: &[&str] = &["auto", "json", "form", "jsonp", "xml", "text"];

/// What few providers need.
pub(crate) const RARE_QUESTIONS: &[ChecklistQuestion] = &[
    ChecklistQuestion {
        name: "key",
        ask: "The key under which its identities are kept, if it is not the name of the file",
        example: "acme",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "logo",
        ask: "The picture on the button: a file in the same folder, or `simple:` and a mark of Simple Icons",
        example: "simple:openid",
        ..RARELY_ASKED
    },
    ChecklistQuestion { name: "order", ask: "The position of the button: lower numbers come first", example: "10", ..RARELY_ASKED },
    ChecklistQuestion {
        name: "hidden",
        ask: "Whether the login has no button, and is reached by its address alone",
        example: "true",
        choices: &["true", "false"],
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "require",
        ask: "Who may sign in: conditions on facts, all of which must hold",
        example: "${email} != ana@loja.example; ${name}",
        ..RARELY_ASKED
    },
    ChecklistQuestion { name: "timeout", ask: "How long the provider may take for each answer", example: "20s", ..RARELY_ASKED },
    ChecklistQuestion {
        name: "reauthenticate",
        ask: "The parameters that make the provider ask a person whom it knows to log in again",
        example: "prompt=login",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "redirect-uri",
        ask: "The redirect address that is registered there already: a path, or a whole address",
        example: "/oauth/volta",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "scope-separator",
        ask: "What stands between the words of the scope",
        example: "comma",
        choices: &["blank", "comma", "semicolon"],
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "extra",
        ask: "Further parameters of the redirect: each with a fact in `${…}` or a text",
        example: "prompt=consent, display=page",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "response-mode",
        ask: "How the browser comes back, if that has to be asked for",
        example: "form_post",
        choices: &["query", "form_post"],
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "token-extra",
        ask: "Further parameters of the token request: each with a fact in `${…}` or a text",
        example: "audience=loja",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "token-headers",
        ask: "Further headers of the token request",
        example: "X-Client=${clientId}",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "userinfo-headers",
        ask: "Further headers of the request about the person",
        example: "Client-Id=${clientId}",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "token-prefix",
        ask: "The word before the access token in its header, or `none`",
        example: "OAuth",
        usual: |answers| Some(if has_own_token_header(answers) { "none" } else { "Bearer" }.to_owned()),
        matters: has_own_token_header,
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "bearer",
        ask: "What goes into `Authorization: Bearer`: `standard` (the access token, unless a parameter has it), a fact, or `none`",
        example: "${appToken}",
        ..RARELY_ASKED
    },
    ChecklistQuestion { name: "picture", ask: "Where the address of a picture stands", example: "$.data.avatar", ..RARELY_ASKED },
    ChecklistQuestion { name: "locale", ask: "Where the language stands", example: "$.data.lang", ..RARELY_ASKED },
    ChecklistQuestion {
        name: "logout",
        ask: "The address at which the provider ends its own session",
        example: "https://sso.acme.example/sair",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "prepare",
        ask: "The address of a call before the redirect, such as a pushed authorization request",
        example: "https://sso.acme.example/par",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "prepare-read",
        ask: "What is read from the answer to that call: each fact with its path",
        example: "requestUri=$.request_uri",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "verify",
        ask: "The signature of the callback: the words of `verify`",
        example: "into=hmac, algorithm=hmacSha256, key=${clientSecret}",
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "token-answer",
        ask: "The format of the answer with the token",
        example: "form",
        choices: ANSWER_FORMATS,
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "userinfo-answer",
        ask: "The format of the answer about the person",
        example: "xml",
        choices: ANSWER_FORMATS,
        ..RARELY_ASKED
    },
    ChecklistQuestion {
        name: "userinfo-sign",
        ask: "The signature of the request about the person: the words of `sign`",
        example: "into=sign, algorithm=md5, join=, pair=, after=${clientSecret}",
        ..RARELY_ASKED
    },
];
