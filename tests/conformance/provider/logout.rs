//! The modules about logout: the client sends the browser to the end of the session.

use crate::conformance::provider::relying_party::{CLIENT, ISSUER, Suite, SuiteRequest, SuiteTokens, is_error_page};
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_provider::answer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::web::apps::logout_delivery::deliver_due;
use portaria::world::{clock, random};
use serde_json::{Value, json};

/// Where the client receives people who have signed out.
const OUT: &str = "https://suite.example/test/a/portaria/post_logout_redirect";
/// Where it hears of ended sessions.
const BACK_CHANNEL: &str = "/backchannel_logout";

/// A person who has signed in to the client, and what the client sends to the end of the session.
struct LogoutModule {
    suite: Suite,
    tokens: SuiteTokens,
    request: Vec<(&'static str, String)>,
}

impl LogoutModule {
    async fn begin(more: &str) -> Self {
        let suite = Suite::open_with(&format!(", afterLogout: [ {OUT} ]{more}")).await;
        let tokens = suite.log_in(&SuiteRequest::new()).await;
        let state = random::id().repeat(8)[..128].to_owned();
        let request = vec![("id_token_hint", tokens.id_token.clone()), ("post_logout_redirect_uri", OUT.to_owned()), ("state", state)];
        Self { suite, tokens, request }
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self = self.without(&[name]);
        self.request.push((name, value));
        self
    }

    fn without(mut self, names: &[&str]) -> Self {
        self.request.retain(|(name, _)| !names.contains(name));
        self
    }

    /// Sends the browser to the end of the session.
    async fn send(&self) -> Answer {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.request).finish();
        self.suite.browser.ask(ClientRequest::get(&format!("/end-session?{query}")).with("accept", "text/html")).await
    }

    async fn is_signed_in(&self) -> bool {
        self.suite.browser.who().await.is_some()
    }

    /// A request without a page must fail.
    async fn assert_signed_out(&self) {
        let request = SuiteRequest::new().with("prompt", "none");
        assert_eq!(self.suite.error(&self.suite.authorize(&request).await, &request), "login_required");
    }

    /// The browser goes back to the client with nothing but the state, and the session is over.
    async fn assert_leads_back(&self) {
        let state = self.request.iter().find(|(name, _)| *name == "state").map(|(_, state)| state);
        let expected = state.map_or_else(|| OUT.to_owned(), |state| format!("{OUT}?state={state}"));

        let answer = self.send().await;

        assert_eq!((answer.status, answer.location()), (303, Some(expected.as_str())), "{answer:?}");
        self.assert_signed_out().await;
    }

    /// An error page, and the browser goes nowhere.
    async fn assert_refused(&self) {
        let answer = self.send().await;

        assert!(is_error_page(&answer), "{answer:?}");
        assert!(self.is_signed_in().await);
    }

    /// The person is asked, then signed out, and the browser does not go to the client.
    async fn assert_asks(&self) {
        let page = self.send().await;
        assert!(page.status == 200 && page.body.contains("action=\"/end-session/confirm\""), "{page:?}");
        assert!(self.is_signed_in().await);
        let fields = page.body.split("type=\"hidden\" name=\"").skip(1).filter_map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"")?;
            Some((name, rest.split('"').next()?))
        });
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();

        let answer = self.suite.browser.ask(ClientRequest::form("/end-session/confirm", &form).with("origin", ISSUER)).await;

        assert_eq!((answer.status, answer.location()), (303, Some("http://localhost:9000/")), "{answer:?}");
        self.assert_signed_out().await;
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout() {
    LogoutModule::begin("").await.assert_leads_back().await;
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    let module = LogoutModule::begin("").await;

    module.with("post_logout_redirect_uri", format!("{OUT}/{}", random::id())).assert_refused().await;
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    let module = LogoutModule::begin("").await;
    let unsigned = format!("{}.{}.", part(&json!({ "alg": "none" })), part(&module.tokens.claims));

    module.with("id_token_hint", unsigned).assert_refused().await;
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    LogoutModule::begin("").await.without(&["id_token_hint"]).assert_refused().await;
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_no_params() {
    LogoutModule::begin("").await.without(&["id_token_hint", "post_logout_redirect_uri", "state"]).assert_asks().await;
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let module = LogoutModule::begin("").await.without(&["post_logout_redirect_uri"]);

    let answer = module.send().await;

    assert_eq!((answer.status, answer.location()), (303, Some("http://localhost:9000/")), "{answer:?}");
    module.assert_signed_out().await;
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_no_state() {
    LogoutModule::begin("").await.without(&["state"]).assert_leads_back().await;
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_only_state() {
    LogoutModule::begin("").await.without(&["id_token_hint", "post_logout_redirect_uri"]).assert_asks().await;
}

/// Attack V-11
#[actix_web::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let module = LogoutModule::begin("").await;

    module.with("post_logout_redirect_uri", format!("{OUT}?foo=bar")).assert_refused().await;
}

/// The client signs the token itself, with its secret, and the two names in it are the wrong way round.
/// Attack V-11
#[actix_web::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    let module = LogoutModule::begin("").await;
    let now = clock::now();
    let claims = json!({ "iss": CLIENT, "sub": "SubjectID", "aud": ISSUER, "nonce": "flibble", "iat": now, "exp": now + 300 });
    let signed = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(&claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"a secret+of/suite");
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes())));

    module.with("id_token_hint", token).assert_refused().await;
}

#[actix_web::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    let module = LogoutModule::begin(&format!(", backChannelLogout: 'UPSTREAM{BACK_CHANNEL}'")).await;
    module.suite.broker.upstream.says(BACK_CHANNEL, answer(200, "", b""));

    module.assert_leads_back().await;

    assert_eq!(deliver_due(&module.suite.broker.app, clock::now()).await, 1);
    let heard = module.suite.broker.upstream.heard().into_iter().find(|heard| heard.path == BACK_CHANNEL).expect("a notice");
    let names: Vec<String> = heard.form().into_iter().map(|(name, _)| name).collect();
    assert_eq!((heard.method.as_str(), names), ("POST", vec!["logout_token".to_owned()]));
    let (header, claims) = module.suite.verified(&heard.field("logout_token").expect("a token")).await;
    assert_eq!(header["alg"], "RS256");
    assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(ISSUER), Some(CLIENT)), "{claims}");
    assert!(claims["iat"].as_i64().is_some_and(|iat| (clock::now() - 300..=clock::now()).contains(&iat)), "{claims}");
    assert!(claims["jti"].is_string() && claims.get("nonce").is_none(), "{claims}");
    assert_eq!(claims["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    for name in ["sub", "sid"] {
        assert_eq!(claims[name], module.tokens.claims[name], "{name}");
    }
}
