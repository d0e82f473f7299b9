//! What has to happen before a request of an app is answered: a decision from the request and the session of the browser.

use crate::apps::authorization_request::{AuthorizationError, AuthorizationRequest};

/// The browser's session, as far as the decision needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionAtRequest<'a> {
    pub(crate) uid: &'a str,
    pub(crate) sid: &'a str,
    /// When the person signed in.
    pub(crate) since: i64,
    /// Whether the app accepts the provider of the session.
    pub(crate) is_allowed: bool,
    /// Whether the person signed in through the provider that the request names, or the request names none.
    pub(crate) is_by_named_provider: bool,
}

/// What the browser has been through since the request came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InteractionState<'a> {
    /// The session of a sign-in that was begun for the request. Another sign-in of the same browser, as in a second tab, is not meant.
    pub(crate) signed_in: Option<&'a str>,
    /// Whether the person comes back from our pages.
    pub(crate) came_back: bool,
    /// Whether the app may have what it asks for: by an earlier consent, or because the settings ask for none.
    pub(crate) has_consent: bool,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// The person signs in; where `anew`, although there is a session.
    SignIn {
        anew: bool,
    },
    /// The person chooses between the session and another account.
    SelectAccount,
    AskConsent,
    /// The app gets a code.
    Answer,
    Refuse(AuthorizationError),
}

const fn refuse(code: &'static str, description: &'static str) -> NextStep {
    NextStep::Refuse(AuthorizationError { code, description })
}

/// For how long a sign-in for the request itself is young enough, whatever `max_age` says, in seconds: the person may read our pages.
const JUST_NOW: i64 = 300;

/// Decides what happens next.
pub(crate) fn next_step(
    request: &AuthorizationRequest,
    session: Option<SessionAtRequest<'_>>,
    state: InteractionState<'_>,
    now: i64,
) -> NextStep {
    let silent = request.prompt.none;
    let Some(session) = session else {
        return if silent { refuse("login_required", "no person is signed in") } else { NextStep::SignIn { anew: false } };
    };
    let is_new = state.came_back && state.signed_in == Some(session.sid);
    let age = now.saturating_sub(session.since);
    let is_too_old =
        request.max_age.is_some_and(|max_age| if is_new { age > max_age.max(JUST_NOW) } else { age > max_age || max_age == 0 });
    let has_to_be_new = request.prompt.login && !is_new || is_too_old;
    if request.hinted_uid.as_deref().is_some_and(|uid| uid != session.uid) {
        return if silent || is_new {
            refuse("login_required", "the person of `id_token_hint` is not signed in")
        } else {
            NextStep::SignIn { anew: true }
        };
    }
    if has_to_be_new || !session.is_allowed || !session.is_by_named_provider {
        return if silent { refuse("login_required", "the person has to sign in anew") } else { NextStep::SignIn { anew: true } };
    }
    if request.prompt.select_account && !state.came_back {
        return NextStep::SelectAccount;
    }
    if !state.has_consent {
        return if silent { refuse("consent_required", "the person has to agree") } else { NextStep::AskConsent };
    }
    NextStep::Answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::authorization_request::{AuthorizationReply, Prompt, ResponseMode};

    fn request() -> AuthorizationRequest {
        let reply = AuthorizationReply {
            app: "painel".into(),
            redirect_uri: "https://painel.loja.example/".into(),
            state: None,
            mode: ResponseMode::Query,
        };
        AuthorizationRequest {
            reply,
            scope: "openid".into(),
            resources: Vec::new(),
            nonce: None,
            challenge: None,
            prompt: Prompt::default(),
            max_age: None,
            login_hint: None,
            ui_locales: None,
            provider: None,
            hinted_uid: None,
        }
    }

    fn prompt(text: &str) -> AuthorizationRequest {
        let prompt = Prompt {
            none: text.contains("none"),
            login: text.contains("login"),
            consent: text.contains("consent"),
            select_account: text.contains("select"),
        };
        AuthorizationRequest { prompt, ..request() }
    }

    const SESSION: SessionAtRequest<'_> =
        SessionAtRequest { uid: "u1", sid: "s1", since: 100, is_allowed: true, is_by_named_provider: true };
    const FIRST: InteractionState<'_> = InteractionState { signed_in: None, came_back: false, has_consent: true };

    fn word(step: NextStep) -> &'static str {
        match step {
            NextStep::SignIn { anew: false } => "sign in",
            NextStep::SignIn { anew: true } => "sign in anew",
            NextStep::SelectAccount => "select",
            NextStep::AskConsent => "consent",
            NextStep::Answer => "answer",
            NextStep::Refuse(error) => error.code,
        }
    }

    #[test]
    fn a_session_is_enough_unless_the_request_asks_for_more() {
        let max_age = |seconds| AuthorizationRequest { max_age: Some(seconds), ..request() };
        let hint = |uid: &str| AuthorizationRequest { hinted_uid: Some(uid.into()), ..request() };
        let silent = |request| AuthorizationRequest { prompt: Prompt { none: true, ..Prompt::default() }, ..request };
        for (request, session, expected) in [
            (request(), Some(SESSION), "answer"),
            (request(), None, "sign in"),
            (prompt("none"), None, "login_required"),
            (prompt("none"), Some(SESSION), "answer"),
            (prompt("login"), Some(SESSION), "sign in anew"),
            (prompt("select"), Some(SESSION), "select"),
            (max_age(900), Some(SESSION), "answer"),
            (max_age(899), Some(SESSION), "sign in anew"),
            (max_age(0), Some(SessionAtRequest { since: 1000, ..SESSION }), "sign in anew"),
            (silent(max_age(10)), Some(SESSION), "login_required"),
            (hint("u1"), Some(SESSION), "answer"),
            (hint("u2"), Some(SESSION), "sign in anew"),
            (silent(hint("u2")), Some(SESSION), "login_required"),
            (request(), Some(SessionAtRequest { is_allowed: false, ..SESSION }), "sign in anew"),
            (prompt("none"), Some(SessionAtRequest { is_allowed: false, ..SESSION }), "login_required"),
            (request(), Some(SessionAtRequest { is_by_named_provider: false, ..SESSION }), "sign in anew"),
        ] {
            assert_eq!(word(next_step(&request, session, FIRST, 1000)), expected, "{request:?} {session:?}");
        }
    }

    #[test]
    fn only_a_sign_in_that_was_begun_for_the_request_is_a_new_one() {
        let back = InteractionState { signed_in: Some("s2"), came_back: true, ..FIRST };
        let new = SessionAtRequest { sid: "s2", since: 1005, ..SESSION };
        for (session, state, expected) in [
            (new, back, "answer"),
            (SESSION, back, "sign in anew"),
            (SessionAtRequest { since: 1005, ..SESSION }, back, "sign in anew"),
            (SessionAtRequest { sid: "s3", since: 1006, ..SESSION }, back, "sign in anew"),
            (new, InteractionState { signed_in: None, ..back }, "sign in anew"),
            (new, FIRST, "sign in anew"),
        ] {
            assert_eq!(word(next_step(&prompt("login"), Some(session), state, 1010)), expected, "{session:?} {state:?}");
            let of_max_age = AuthorizationRequest { max_age: Some(0), ..request() };
            assert_eq!(word(next_step(&of_max_age, Some(session), state, 1010)), expected, "{session:?} {state:?}");
        }
        let of_max_age = AuthorizationRequest { max_age: Some(60), ..request() };
        assert_eq!(word(next_step(&of_max_age, Some(new), back, 1305)), "answer");
        assert_eq!(word(next_step(&of_max_age, Some(new), back, 1306)), "sign in anew", "the person was away for long");
        let other_person = AuthorizationRequest { hinted_uid: Some("u2".into()), ..request() };
        assert_eq!(word(next_step(&other_person, Some(new), back, 1010)), "login_required", "no endless circle");
        assert_eq!(word(next_step(&prompt("select"), Some(SESSION), back, 1010)), "answer", "the person has chosen");
    }

    #[test]
    fn a_missing_consent_is_asked_for_and_never_in_silence() {
        let without = InteractionState { has_consent: false, ..FIRST };

        assert_eq!(word(next_step(&request(), Some(SESSION), without, 1000)), "consent");
        assert_eq!(word(next_step(&prompt("none"), Some(SESSION), without, 1000)), "consent_required");
    }
}
