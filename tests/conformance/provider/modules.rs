//! The provider modules of the OpenID Foundation's conformance suite under its own names: what each does, and how it ends.

/// How a module of the suite ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuiteResult {
    Passed,
    /// It passes, and a person looks at the picture of a page.
    Review,
    /// It passes, and the suite would rather have it otherwise.
    Warning,
    /// The suite leaves it when it sees that this is not offered.
    Skipped,
    /// The suite does not run it for clients of this kind.
    LeftOut,
}

impl SuiteResult {
    /// As the page says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Review => "passed, review",
            Self::Warning => "passed, warning",
            Self::Skipped => "skipped",
            Self::LeftOut => "not run",
        }
    }
}

/// A module, which is played by the test of its name.
pub struct ProviderModule {
    /// The suite's own name.
    pub name: &'static str,
    /// What it does and demands.
    pub what: &'static str,
    /// How it ends.
    pub result: SuiteResult,
    /// Why it ends otherwise than passed.
    pub why: &'static str,
}

impl ProviderModule {
    /// The name of its test.
    pub fn test(&self) -> String {
        self.name.replace('-', "_")
    }
}

const fn passed(name: &'static str, what: &'static str) -> ProviderModule {
    ProviderModule { name, what, result: SuiteResult::Passed, why: "" }
}

const fn ends(name: &'static str, what: &'static str, result: SuiteResult, why: &'static str) -> ProviderModule {
    ProviderModule { name, what, result, why }
}

use SuiteResult::{LeftOut, Review, Skipped, Warning};

const ONLY_DYNAMIC: &str = "only for clients that register themselves";
const IN_BOTH: &str = "the address stands in the ID token as well, because many clients read nothing else";
const NO_SCOPE: &str = "the document does not list the scope: there is no such claim; a request for it is a login without it";

/// The plans with their modules, in the suite's order (state of August 2026).
pub const PLANS: &[(&str, &str, &[ProviderModule])] = &[
    ("oidcc-basic-certification-test-plan", "`client_registration=static_client`, `client_secret_basic`, `response_type=code`", BASIC),
    (
        "oidcc-config-certification-test-plan",
        "`client_registration=static_client`",
        &[passed(
            "oidcc-discovery-endpoint-verification",
            "reads the document and the keys: what has to be there is there, of the right form, at the issuer's own `https` addresses, and no key has a private part",
        )],
    ),
    (
        "oidcc-rp-initiated-logout-certification-test-plan",
        "`client_registration=static_client`, `client_secret_basic`, `response_type=code`",
        RP_INITIATED_LOGOUT,
    ),
    (
        "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
        "`client_registration=static_client`, `client_secret_basic`, `response_type=code`",
        &[
            passed(
                "oidcc-backchannel-logout-discovery-endpoint-verification",
                "the document has the addresses and says that back-channel logout and its `sid` are supported",
            ),
            passed(
                "oidcc-backchannel-rp-initiated-logout",
                "ends the session: the client gets a logout token of this session, signed and of the right form; then `prompt=none` is an error",
            ),
        ],
    ),
];

const BASIC: &[ProviderModule] = &[
    passed(
        "oidcc-server",
        "a login: code, tokens, user info; the ID token holds no claim that was not asked for, and the code can't be guessed",
    ),
    passed("oidcc-response-type-missing", "sends no `response_type`: an error page, `invalid_request` or `unsupported_response_type`"),
    ends("oidcc-idtoken-signature", "the ID token is signed with RS256 by default and names its key", LeftOut, ONLY_DYNAMIC),
    ends(
        "oidcc-idtoken-unsigned",
        "asks for ID tokens without a signature",
        LeftOut,
        "only for clients that register themselves, and the document does not list `none`",
    ),
    passed("oidcc-userinfo-get", "asks for the user info by GET"),
    passed("oidcc-userinfo-post-header", "asks for it by POST, with the access token in the header"),
    passed("oidcc-userinfo-post-body", "asks for it by POST, with the access token in the form"),
    passed("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", "sends no `nonce`: a login"),
    ends("oidcc-scope-profile", "asks for the scope `profile`", Warning, "of its 14 claims those are given that the provider's answer has"),
    ends("oidcc-scope-email", "asks for the scope `email`", Warning, IN_BOTH),
    ends("oidcc-scope-address", "asks for the scope `address`", Skipped, NO_SCOPE),
    ends("oidcc-scope-phone", "asks for the scope `phone`", Skipped, NO_SCOPE),
    ends("oidcc-scope-all", "asks for all of these scopes", Skipped, NO_SCOPE),
    ends("oidcc-alternate-happy-flow", "sends the scopes and the parameters in another order", Warning, IN_BOTH),
    passed("oidcc-display-page", "sends `display=page`: a login"),
    passed("oidcc-display-popup", "sends `display=popup`: a login"),
    ends(
        "oidcc-prompt-login",
        "sends `prompt=login` after a login: the login page again, and a later `auth_time`",
        Review,
        "the second login page",
    ),
    passed("oidcc-prompt-none-not-logged-in", "sends `prompt=none` without a session, with a long `state`: an error, and no page"),
    passed("oidcc-prompt-none-logged-in", "sends `prompt=none` after a login: the same person and time, and no page"),
    ends(
        "oidcc-max-age-1",
        "sends `max_age=1` two seconds after a login: the login page again, and a later `auth_time`",
        Review,
        "the second login page",
    ),
    passed("oidcc-max-age-10000", "sends `max_age=15000` and then `max_age=10000`: the same person and time, and no page"),
    passed("oidcc-ensure-request-with-unknown-parameter-succeeds", "sends `extra=foobar`: a login"),
    passed("oidcc-id-token-hint", "sends `prompt=none` with the ID token of a login: the same person and time, and no page"),
    passed("oidcc-login-hint", "sends a `login_hint`: a login"),
    passed("oidcc-ui-locales", "sends `ui_locales=se`: a login"),
    passed("oidcc-claims-locales", "sends `claims_locales=se`: a login"),
    ends(
        "oidcc-ensure-request-with-acr-values-succeeds",
        "sends `acr_values=1 2`: a login",
        Warning,
        "`acr` names the provider, which is what this issuer can vouch for",
    ),
    passed("oidcc-codereuse", "redeems a code twice: `invalid_grant`"),
    passed("oidcc-codereuse-30seconds", "redeems it again after 30 seconds: `invalid_grant`, and the access token has ended"),
    ends(
        "oidcc-ensure-registered-redirect-uri",
        "names a redirect address that is not registered: an error page",
        Review,
        "the error page",
    ),
    passed("oidcc-ensure-post-request-succeeds", "sends the request as a form: a login"),
    passed("oidcc-server-client-secret-post", "a login by a client that sends its secret in the form"),
    ends(
        "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        "sends the address of a request object: a login or `request_uri_not_supported`",
        LeftOut,
        "only for clients that register themselves; refused as unsupported",
    ),
    ends(
        "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
        "sends an unsigned request object: a login or `request_not_supported`",
        Skipped,
        "refused as unsupported",
    ),
    ends(
        "oidcc-claims-essential",
        "asks by `claims` for the name in the user info: a login",
        Warning,
        "the document says that `claims` is not supported; the name comes with the scope `profile`",
    ),
    ends(
        "oidcc-ensure-request-object-with-redirect-uri",
        "sends an unsigned request object beside a redirect address that is not registered: an error page",
        Review,
        "the error page",
    ),
    passed(
        "oidcc-refresh-token",
        "refreshes with `offline_access`: the same person and `auth_time`, a later `iat`; the refresh token of another client is `invalid_grant`",
    ),
    passed("oidcc-ensure-request-with-valid-pkce-succeeds", "sends a PKCE challenge, and its verifier: a login"),
];

const REFUSED: &str = "the error page; the session goes on";
const ASKED: &str = "the person is asked, and then signed out";

const RP_INITIATED_LOGOUT: &[ProviderModule] = &[
    passed(
        "oidcc-rp-initiated-logout-discovery-endpoint-verification",
        "the document has an `end_session_endpoint`, and every address is `https`",
    ),
    passed(
        "oidcc-rp-initiated-logout",
        "sends the ID token, an address and a long `state`: the browser comes back with the state, and `prompt=none` is an error",
    ),
    ends(
        "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
        "names an address that is not registered: an error page or a question, and never a redirect to it",
        Review,
        REFUSED,
    ),
    ends(
        "oidcc-rp-initiated-logout-modified-id-token-hint",
        "sends the ID token without its signature (`alg: none`): an error page or a question",
        Review,
        REFUSED,
    ),
    ends("oidcc-rp-initiated-logout-no-id-token-hint", "sends the address and no ID token: an error page or a question", Review, REFUSED),
    ends("oidcc-rp-initiated-logout-no-params", "sends nothing: the person is signed out", Review, ASKED),
    ends(
        "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
        "sends the ID token and no address: the person is signed out",
        Review,
        "the browser goes to the store's own place",
    ),
    passed("oidcc-rp-initiated-logout-no-state", "sends no `state`: the browser comes back without one, and `prompt=none` is an error"),
    ends("oidcc-rp-initiated-logout-only-state", "sends a `state` alone: the person is signed out", Review, ASKED),
    ends(
        "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
        "adds `?foo=bar` to the address: an error page or a question",
        Review,
        REFUSED,
    ),
    ends(
        "oidcc-rp-initiated-logout-bad-id-token-hint",
        "sends an ID token that the client has signed itself: an error page or a question",
        Review,
        REFUSED,
    ),
];
