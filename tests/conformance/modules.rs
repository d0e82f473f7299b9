//! The client modules of the OpenID Foundation's conformance suite under its own names: what the issuer does, and how the login must end.

use crate::conformance::issuer::{CLIENT, Change, MessageKind, public_key};
use serde_json::{Value, json};

/// The modules in which the issuer ends a session, or watches over it.
const LOGOUT_BY_THE_ISSUER: &[&str] = &[
    "oidcc-client-test-session-management",
    "oidcc-client-test-rp-frontchannel-rpinitlogout",
    "oidcc-client-test-rp-frontchannel-opinitlogout",
    "oidcc-client-test-rp-backchannel-rpinitlogout",
    "oidcc-client-test-rp-backchannel-rpinitlogout-alg-none",
    "oidcc-client-test-rp-backchannel-rpinitlogout-no-event",
    "oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce",
    "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg",
    "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud",
    "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event",
    "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss",
];

/// The modules of the same plan that end a session in a frame of another page.
const IN_A_FRAME: &[&str] = &[
    "oidcc-client-test-session-management",
    "oidcc-client-test-rp-frontchannel-rpinitlogout",
    "oidcc-client-test-rp-frontchannel-opinitlogout",
];

/// The plans of the suite that a client of this kind meets, with their modules (state of August 2026). The form post plan repeats the basic
/// one with another way back.
pub const PLANS: &[(&str, &[&str])] = &[
    (
        "oidcc-client-basic-certification-test-plan",
        &[
            "oidcc-client-test",
            "oidcc-client-test-invalid-iss",
            "oidcc-client-test-missing-sub",
            "oidcc-client-test-invalid-aud",
            "oidcc-client-test-missing-iat",
            "oidcc-client-test-kid-absent-single-jwks",
            "oidcc-client-test-kid-absent-multiple-jwks",
            "oidcc-client-test-idtoken-sig-rs256",
            "oidcc-client-test-idtoken-sig-none",
            "oidcc-client-test-invalid-sig-rs256",
            "oidcc-client-test-userinfo-invalid-sub",
            "oidcc-client-test-nonce-invalid",
            "oidcc-client-test-scope-userinfo-claims",
            "oidcc-client-test-client-secret-basic",
        ],
    ),
    (
        "oidcc-client-config-certification-test-plan",
        &[
            "oidcc-client-test-discovery-openid-config",
            "oidcc-client-test-discovery-jwks-uri-keys",
            "oidcc-client-test-discovery-issuer-mismatch",
            "oidcc-client-test-idtoken-sig-none",
            "oidcc-client-test-signing-key-rotation-just-before-signing",
            "oidcc-client-test-signing-key-rotation",
        ],
    ),
    (
        "oidcc-client-test-plan, beyond the plans above",
        &[
            "oidcc-client-test-missing-aud",
            "oidcc-client-test-userinfo-bearer-header",
            "oidcc-client-test-userinfo-bearer-body",
            "oidcc-client-test-nonce-unless-code-flow",
            "oidcc-client-test-missing-chash",
            "oidcc-client-test-invalid-chash",
            "oidcc-client-test-invalid-athash",
            "oidcc-client-test-missing-athash",
            "oidcc-client-test-form-post-error",
            "oidcc-client-test-invalid-sig-hs256",
            "oidcc-client-test-invalid-sig-es256",
            "oidcc-client-test-aggregated-claims",
            "oidcc-client-test-distributed-claims",
            "oidcc-client-test-mtls-endpoint-aliases",
            "oidcc-client-test-discovery-webfinger-acct",
            "oidcc-client-test-discovery-webfinger-url",
            "oidcc-client-test-dynamic-registration",
            "oidcc-client-test-request-uri-signed-rs256",
            "oidcc-client-test-request-uri-signed-none",
            "oidcc-client-test-userinfo-signed",
            "oidcc-client-test-ignores-unparseable-key-in-jwks",
        ],
    ),
    ("oidcc-client-test-3rd-party-init-login-test-plan", &["oidcc-client-test-3rd-party-init-login"]),
    (
        "oidcc-client-rp-initiated-logout-rp-basic",
        &["oidcc-client-test-rp-init-logout", "oidcc-client-test-rp-init-logout-other-state", "oidcc-client-test-rp-init-logout-no-state"],
    ),
    (
        "oidcc-client-refresh-token-profile-test-plan",
        &[
            "oidcc-client-test-refresh-token",
            "oidcc-client-test-refresh-token-invalid-issuer",
            "oidcc-client-test-refresh-token-invalid-sub",
        ],
    ),
    ("oidcc-client-logout-test-plan", LOGOUT_BY_THE_ISSUER),
    (
        "fapi2-security-profile-final-client-test-plan, what the browser brings back (RFC 9207)",
        &[
            "fapi2-security-profile-final-client-test-invalid-authorization-response-iss",
            "fapi2-security-profile-final-client-test-remove-authorization-response-iss",
            "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails",
            "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails",
        ],
    ),
];

/// How a login must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The shopper is signed in.
    SignedIn,
    /// No redirect: the issuer is never reached by the browser.
    NotBegun(&'static str),
    /// Refused by what the browser brings back: the code is not used.
    CallbackRefused(&'static str),
    /// Refused by the ID token: the user info is not asked for.
    TokenRefused(&'static str),
    /// Refused by the user info.
    UserInfoRefused(&'static str),
}

impl End {
    /// As the documentation describes it.
    pub fn outcome_text(self) -> String {
        match self {
            Self::SignedIn => "signed in".to_owned(),
            Self::NotBegun(code) => format!("not begun, `{code}`"),
            Self::CallbackRefused(code) => format!("refused before the code is used, `{code}`"),
            Self::TokenRefused(code) => format!("refused before the user info, `{code}`"),
            Self::UserInfoRefused(code) => format!("refused, `{code}`"),
        }
    }
}

/// A module that is a login, or several at one issuer.
pub struct Module {
    /// The suite's own name.
    pub name: &'static str,
    /// What its issuer does otherwise than an honest one.
    pub issuer: &'static str,
    /// How each login ends.
    pub ends: &'static [End],
    /// Words that the provider's file needs besides the issuer.
    pub file: &'static str,
    /// What is changed.
    pub change: Change,
}

impl Module {
    /// The name of its provider, and of its issuer's path: names of providers are short.
    pub fn provider(&self) -> &'static str {
        self.name[self.name.len().saturating_sub(40)..].trim_start_matches('-')
    }
}

/// The modules that are logins.
pub const LOGINS: &[Module] = &[
    usual("oidcc-client-test", "is honest", &[End::SignedIn], |_, _, _| {}),
    usual("oidcc-client-test-invalid-iss", "names another issuer in the ID token", BAD, |at, _, message| {
        set(at == MessageKind::Claims, message, "iss", json!("https://evil.example"));
    }),
    usual("oidcc-client-test-missing-sub", "leaves `sub` out of the ID token", BAD, |at, _, message| {
        leave_out(at == MessageKind::Claims, message, "sub");
    }),
    usual("oidcc-client-test-invalid-aud", "issues the ID token for another client", BAD, |at, _, message| {
        set(at == MessageKind::Claims, message, "aud", json!("another-client"));
    }),
    usual("oidcc-client-test-missing-aud", "leaves `aud` out of the ID token", BAD, |at, _, message| {
        leave_out(at == MessageKind::Claims, message, "aud");
    }),
    usual("oidcc-client-test-missing-iat", "leaves `iat` out of the ID token", BAD, |at, _, message| {
        leave_out(at == MessageKind::Claims, message, "iat");
    }),
    usual(
        "oidcc-client-test-kid-absent-single-jwks",
        "publishes one key, and the ID token names none",
        &[End::SignedIn],
        |at, _, message| {
            leave_out(at == MessageKind::Header, message, "kid");
            if at == MessageKind::Keys {
                *message = json!({ "keys": [public_key("k-1")] });
            }
        },
    ),
    usual(
        "oidcc-client-test-kid-absent-multiple-jwks",
        "publishes several keys that fit, and the ID token names none",
        &[End::SignedIn],
        |at, _, message| {
            leave_out(at == MessageKind::Header, message, "kid");
            if at == MessageKind::Keys {
                *message = json!({ "keys": [public_key("k-2"), public_key("k-1")] });
            }
        },
    ),
    usual("oidcc-client-test-idtoken-sig-rs256", "signs with RS256", &[End::SignedIn], |at, _, message| {
        set(at == MessageKind::Header, message, "alg", json!("RS256"));
    }),
    usual("oidcc-client-test-idtoken-sig-none", "does not sign the ID token (`alg: none`)", BAD, |at, _, message| {
        set(at == MessageKind::Header, message, "alg", json!("none"));
    }),
    usual("oidcc-client-test-invalid-sig-rs256", "spoils the signature of RS256", BAD, |at, _, message| spoil(at, message)),
    usual("oidcc-client-test-invalid-sig-hs256", "signs with HS256 and the client's secret, and spoils that", BAD, |at, _, message| {
        set(at == MessageKind::Header, message, "alg", json!("HS256"));
        spoil(at, message);
    }),
    usual(
        "oidcc-client-test-invalid-sig-es256",
        "signs with ES256, and at the second login spoils that",
        &[End::SignedIn, End::TokenRefused("badToken")],
        |at, login, message| {
            set(at == MessageKind::Header, message, "alg", json!("ES256"));
            set(at == MessageKind::Header, message, "kid", json!("curve"));
            if at == MessageKind::Keys {
                message["keys"][1]["kid"] = json!("curve");
            }
            if login == 2 {
                spoil(at, message);
            }
        },
    ),
    usual("oidcc-client-test-nonce-invalid", "repeats another nonce", BAD, |at, _, message| {
        set(at == MessageKind::Claims, message, "nonce", json!("another-nonce-than-that-of-this-login"));
    }),
    usual("oidcc-client-test-invalid-athash", "puts the hash of another access token into the ID token", BAD, |at, _, message| {
        set(at == MessageKind::Claims, message, "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"));
    }),
    usual(
        "oidcc-client-test-userinfo-invalid-sub",
        "answers with the user info of another person",
        &[End::UserInfoRefused("badToken")],
        |at, _, message| set(at == MessageKind::UserInfo, message, "sub", json!("s-8")),
    ),
    usual("oidcc-client-test-scope-userinfo-claims", "gives the address only in the user info", &[End::SignedIn], |_, _, _| {}),
    usual("oidcc-client-test-userinfo-bearer-header", "takes the access token in the header", &[End::SignedIn], |_, _, _| {}),
    Module {
        name: "oidcc-client-test-userinfo-bearer-body",
        issuer: "takes the access token in a form",
        ends: &[End::SignedIn],
        file: "getUserInfo: { post: \"${userinfoEndpoint}\", form: { access_token: \"${accessToken}\" }, bearer: none }\n",
        change: |_, _, _| {},
    },
    usual("oidcc-client-test-userinfo-signed", "signs the user info", &[End::SignedIn], |at, _, message| {
        set(at == MessageKind::UserInfo, message, "aud", json!(CLIENT));
    }),
    usual(
        "oidcc-client-test-client-secret-basic",
        "takes the client's credentials in the header alone, and says so",
        &[End::SignedIn],
        |at, _, message| set(at == MessageKind::Document, message, "token_endpoint_auth_methods_supported", json!(["client_secret_basic"])),
    ),
    usual("oidcc-client-test-discovery-openid-config", "says in its document where everything is", &[End::SignedIn], |_, _, _| {}),
    usual(
        "oidcc-client-test-discovery-jwks-uri-keys",
        "publishes its keys where only the document says",
        &[End::SignedIn],
        |at, _, message| {
            if at == MessageKind::Document {
                message["jwks_uri"] = json!(format!("{}?set=17", message["jwks_uri"].as_str().unwrap_or_default()));
            }
        },
    ),
    usual(
        "oidcc-client-test-discovery-issuer-mismatch",
        "names another issuer in its document",
        &[End::NotBegun("noDocument")],
        |at, _, message| {
            set(at == MessageKind::Document, message, "issuer", json!("https://evil.example"));
        },
    ),
    usual(
        "oidcc-client-test-signing-key-rotation",
        "signs the second ID token with a new key, and publishes no other",
        &[End::SignedIn, End::SignedIn],
        |at, login, message| set(at == MessageKind::Header && login == 2, message, "kid", json!("k-2")),
    ),
    usual(
        "oidcc-client-test-signing-key-rotation-just-before-signing",
        "changes its key before every signature",
        &[End::SignedIn, End::SignedIn],
        |at, login, message| set(at == MessageKind::Header, message, "kid", json!(if login % 2 == 1 { "k-2" } else { "k-1" })),
    ),
    usual(
        "oidcc-client-test-ignores-unparseable-key-in-jwks",
        "publishes keys of kinds that no program knows beside its own",
        &[End::SignedIn],
        |at, _, message| {
            if at == MessageKind::Keys {
                let own = message["keys"][0].clone();
                let unknown = json!({ "kty": "AKP", "alg": "ML-DSA-999", "kid": "k-pq", "pub": "AAAA" });
                *message = json!({ "keys": [unknown, { "kty": "NOPE", "kid": "k-nope", "x": 7 }, own] });
            }
        },
    ),
    usual(
        "fapi2-security-profile-final-client-test-invalid-authorization-response-iss",
        "sends the browser back with another `iss`",
        &[End::CallbackRefused("badIssuer")],
        |at, _, message| set(at == MessageKind::Callback, message, "iss", json!("https://evil.example")),
    ),
    usual(
        "fapi2-security-profile-final-client-test-remove-authorization-response-iss",
        "promises `iss`, and sends the browser back without it",
        &[End::CallbackRefused("badIssuer")],
        |at, _, message| leave_out(at == MessageKind::Callback, message, "iss"),
    ),
    usual(
        "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails",
        "sends the browser back with another `state`",
        &[End::CallbackRefused("badState")],
        |at, _, message| set(at == MessageKind::Callback, message, "state", json!("another-state-than-that-of-this-login")),
    ),
    usual(
        "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails",
        "sends the browser back without `state`",
        &[End::CallbackRefused("badState")],
        |at, _, message| leave_out(at == MessageKind::Callback, message, "state"),
    ),
];

/// Modules that are tested by a run of their own.
pub const OTHERS: &[(&str, &str, &str, &str)] = &[
    (
        "oidcc-client-test-form-post-error",
        "lets the browser post an error",
        "refused before the code is used, `interaction_required`",
        "an_error_that_comes_by_a_form_is_shown_to_the_shopper",
    ),
    (
        "oidcc-client-test-3rd-party-init-login",
        "sends the shopper to `/login/{provider}` with `iss`, `login_hint` and `target_link_uri`",
        "signed in, and sent to no place that the link names",
        "a_login_that_another_site_begins_is_a_login",
    ),
    ("oidcc-client-test-rp-init-logout", "ends its session, and sends the browser back", "signed out", LOGOUT),
    ("oidcc-client-test-rp-init-logout-other-state", "sends the browser back with another `state`", "signed out", LOGOUT),
    ("oidcc-client-test-rp-init-logout-no-state", "sends the browser back without `state`", "signed out", LOGOUT),
    ("oidcc-client-test-rp-backchannel-rpinitlogout", "says by a logout token that its session has ended", "signed out", BY_LOGOUT_TOKEN),
    (
        "oidcc-client-test-rp-backchannel-rpinitlogout-alg-none",
        "does not sign the logout token (`alg: none`)",
        "not signed out, 400",
        BY_LOGOUT_TOKEN,
    ),
    (
        "oidcc-client-test-rp-backchannel-rpinitlogout-no-event",
        "leaves `events` out of the logout token",
        "not signed out, 400",
        BY_LOGOUT_TOKEN,
    ),
    (
        "oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce",
        "puts a `nonce` into the logout token",
        "not signed out, 400",
        BY_LOGOUT_TOKEN,
    ),
    (
        "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg",
        "signs the logout token with HS256 and the client secret",
        "not signed out, 400",
        BY_LOGOUT_TOKEN,
    ),
    (
        "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud",
        "issues the logout token for another client",
        "not signed out, 400",
        BY_LOGOUT_TOKEN,
    ),
    (
        "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event",
        "names another event in the logout token",
        "not signed out, 400",
        BY_LOGOUT_TOKEN,
    ),
    (
        "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss",
        "names another issuer in the logout token",
        "not signed out, 400",
        BY_LOGOUT_TOKEN,
    ),
];

const LOGOUT: &str = "a_logout_leads_to_the_issuer_and_whatever_comes_back_changes_nothing";
const BY_LOGOUT_TOKEN: &str = "a_logout_token_ends_the_session_and_what_is_none_does_not";

/// Modules about what this program does not do.
pub const NOT_OFFERED: &[(&str, &[&str])] = &[
    (
        "the request of `discovery` has the response type `code`, so no ID token comes through the browser; a nonce is sent nevertheless",
        &[
            "oidcc-client-test-nonce-unless-code-flow",
            "oidcc-client-test-missing-chash",
            "oidcc-client-test-invalid-chash",
            "oidcc-client-test-missing-athash",
        ],
    ),
    (
        "a claim counts only from the issuer itself; those of other sources are not read",
        &["oidcc-client-test-aggregated-claims", "oidcc-client-test-distributed-claims"],
    ),
    ("the client does not authenticate with a certificate", &["oidcc-client-test-mtls-endpoint-aliases"]),
    (
        "the operator names the issuer; a shopper's address never leads to one",
        &["oidcc-client-test-discovery-webfinger-acct", "oidcc-client-test-discovery-webfinger-url"],
    ),
    ("the operator registers the client", &["oidcc-client-test-dynamic-registration"]),
    (
        "the parameters stand in the address; there are no request objects",
        &["oidcc-client-test-request-uri-signed-rs256", "oidcc-client-test-request-uri-signed-none"],
    ),
    (
        "a refresh gives apps the provider's own access token, and no ID token of it is read",
        &[
            "oidcc-client-test-refresh-token",
            "oidcc-client-test-refresh-token-invalid-issuer",
            "oidcc-client-test-refresh-token-invalid-sub",
        ],
    ),
    (
        "it needs our cookie in a frame of the issuer's page, and browsers send none there; `/backchannel-logout/` needs no browser",
        IN_A_FRAME,
    ),
];

/// The end of a login whose ID token is not as it should be.
const BAD: &[End] = &[End::TokenRefused("badToken")];

/// A module with the file of one line.
const fn usual(name: &'static str, issuer: &'static str, ends: &'static [End], change: Change) -> Module {
    Module { name, issuer, ends, file: "", change }
}

fn set(is_meant: bool, message: &mut Value, name: &str, value: Value) {
    if is_meant {
        message[name] = value;
    }
}

fn leave_out(is_meant: bool, message: &mut Value, name: &str) {
    if is_meant {
        message.as_object_mut().expect("an object").remove(name);
    }
}

/// Another signature of the same length.
fn spoil(at: MessageKind, message: &mut Value) {
    if at == MessageKind::Signature {
        let right = message.as_str().expect("a signature is a text");
        let first = if right.starts_with('A') { "B" } else { "A" };
        *message = json!(format!("{first}{}", &right[1..]));
    }
}
