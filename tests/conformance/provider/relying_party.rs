//! The suite as a relying party: its requests, its browser, and what it checks in every module.

use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::test_broker::{LOCAL, OPEN, TestBroker};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portaria::apps::client_app::SecretDigest;
use portaria::world::{clock, random};
use serde_json::Value;

/// The store as an issuer. Logins need a provider, and the one of the tests is on this machine, so the store is as well.
pub const ISSUER: &str = "http://localhost:8080";
/// A store on the open net.
pub const OPEN_ISSUER: &str = "https://login.loja.example";
/// Where the suite receives people.
pub const CALLBACK: &str = "https://suite.example/test/a/portaria/callback";
/// The client of most modules.
pub const CLIENT: &str = "suite";
/// The client of the module that sends its secret in the form.
pub const CLIENT_BY_POST: &str = "suite-post";
/// The second client of the modules that need two.
pub const SECOND_CLIENT: &str = "suite-2";

/// The settings of a store that has the clients of the suite, as an operator would write them.
fn settings(store: &str, of_client: &str) -> String {
    let hash = |name: &str| SecretDigest::of(&secret(name)).setting();
    let refreshing = "grants: [ authorizationCode, refreshToken ], scopes: [ openid, email, profile, offline_access ]";
    format!(
        "{store}providers: FOLDER/providers.d\napps:\n  \
         {CLIENT}: {{ secret: {}, redirectUris: [ {CALLBACK} ], {refreshing}{of_client} }}\n  \
         {CLIENT_BY_POST}: {{ secret: {}, redirectUris: [ {CALLBACK} ] }}\n  \
         {SECOND_CLIENT}: {{ secret: {}, redirectUris: [ {CALLBACK} ], {refreshing} }}\n",
        hash(CLIENT),
        hash(CLIENT_BY_POST),
        hash(SECOND_CLIENT),
    )
}

/// With characters that Basic encodes.
pub fn secret(client: &str) -> String {
    format!("a secret+of/{client}")
}

/// A request for a login, as the suite puts it together.
#[derive(Clone)]
pub struct SuiteRequest(Vec<(String, String)>);

impl SuiteRequest {
    /// By a client, for some scopes, with a state and a nonce of its own.
    pub fn of(client: &str, scope: &str) -> Self {
        let (state, nonce) = (random::id().into(), random::id().into());
        let pairs = [("client_id", client.to_owned()), ("redirect_uri", CALLBACK.to_owned()), ("scope", scope.to_owned())];
        let more = [("state", state), ("nonce", nonce), ("response_type", "code".to_owned())];
        Self(pairs.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// By the client of most modules, for a login alone.
    pub fn new() -> Self {
        Self::of(CLIENT, "openid")
    }

    /// With another parameter, or another value of it.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.retain(|(other, _)| other != name);
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Without a parameter.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    /// With the parameters in the other order.
    pub fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }

    /// With these parameters alone, and one that holds all of them, unsigned.
    pub fn into_object(self, left: &[&str]) -> Self {
        let claims: serde_json::Map<String, Value> = self.0.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let object = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&Value::Object(claims).to_string()));
        Self(self.0.into_iter().filter(|(name, _)| left.contains(&name.as_str())).collect()).with("request", object)
    }

    /// A parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The parameters as a query or a form.
    pub fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

/// What the browser saw on its way.
#[derive(Debug)]
pub struct Journey {
    /// The last answer: a redirect to the client, or a page of ours that asks for nothing.
    pub answer: Answer,
    /// How often the login page was shown.
    pub login_pages: usize,
    /// How often the person was sent to the provider.
    pub logins: usize,
}

/// The tokens of an answer of the token endpoint that has been checked.
pub struct SuiteTokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: Option<String>,
    /// The ID token.
    pub id_token: String,
    /// Its claims.
    pub claims: Value,
}

/// The suite, its browser, and the broker under test.
pub struct Suite {
    /// The broker.
    pub broker: TestBroker,
    /// The browser.
    pub browser: Browser,
}

impl Suite {
    /// With the usual settings.
    pub async fn open() -> Self {
        Self::open_with("").await
    }

    /// With further settings of the client of most modules.
    pub async fn open_with(of_client: &str) -> Self {
        let broker = TestBroker::builder(&settings(LOCAL, of_client)).with_standard("acme").with_standard("beta").build().await;
        let browser = Browser::new(&broker);
        Self { broker, browser }
    }

    /// At a store on the open net.
    pub async fn open_net() -> Self {
        let broker = TestBroker::builder(&settings(OPEN, "")).build().await;
        let browser = Browser::at(&broker, "login.loja.example");
        Self { broker, browser }
    }

    /// Asks as a program.
    pub async fn ask(&self, request: ClientRequest) -> Answer {
        self.broker.ask(request).await
    }

    /// Sends the browser to the authorization endpoint and does what a person does, until it is back at the client or stands before
    /// a page on which there is nothing to do.
    pub async fn authorize(&self, request: &SuiteRequest) -> Journey {
        self.journey(ClientRequest::get(&format!("/authorize?{}", request.query()))).await
    }

    /// The same from another first request.
    pub async fn journey(&self, first: ClientRequest) -> Journey {
        let mut journey = Journey { answer: self.browser.ask(first.with("accept", "text/html")).await, login_pages: 0, logins: 0 };
        for _ in 0..12 {
            let answer = &journey.answer;
            let next = match answer.location() {
                Some(location) if location.starts_with("https://suite.example/") => return journey,
                Some(location) if location.starts_with(&self.broker.upstream.url()) => {
                    journey.logins += 1;
                    let url = url::Url::parse(location).expect("an address");
                    let (_, state) = url.query_pairs().find(|(name, _)| name == "state").expect("a state");
                    ClientRequest::get(&self.browser.way_back("acme", &state, "ana"))
                }
                Some(location) => ClientRequest::get(location.strip_prefix(ISSUER).unwrap_or(location)),
                None => match (link_of(&answer.body, "/login/acme"), consent_form(&answer.body)) {
                    (Some(link), _) => {
                        journey.login_pages += 1;
                        ClientRequest::get(&link)
                    }
                    (None, Some((action, form))) => ClientRequest::form(&action, &form).with("origin", ISSUER),
                    (None, None) => return journey,
                },
            };
            journey.answer = self.browser.ask(next.with("accept", "text/html")).await;
        }
        panic!("it goes round in a circle: {journey:?}");
    }

    /// The code of an answer of the authorization endpoint.
    #[expect(clippy::unused_self, reason = "the suite judges as this relying party")]
    pub fn code(&self, journey: &Journey, request: &SuiteRequest) -> String {
        let reply = reply(&journey.answer);
        let names: Vec<&str> = reply.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((journey.answer.status, names), (303, vec!["code", "state", "iss"]), "{journey:?}");
        assert_eq!((Some(reply[1].1.as_str()), reply[2].1.as_str()), (request.value("state"), ISSUER), "{journey:?}");
        assert!(reply[0].1.len() >= 22 && entropy(&reply[0].1) > 96.0, "{journey:?}");
        reply[0].1.clone()
    }

    /// The error of an answer of the authorization endpoint.
    #[expect(clippy::unused_self, reason = "the suite judges as this relying party")]
    pub fn error(&self, journey: &Journey, request: &SuiteRequest) -> String {
        let reply = reply(&journey.answer);
        let value = |name: &str| reply.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        for (name, _) in &reply {
            assert!(["error", "error_description", "error_uri", "state", "iss"].contains(&name.as_str()), "{journey:?}");
        }
        assert_eq!((value("state"), value("iss")), (request.value("state"), Some(ISSUER)), "{journey:?}");
        let description = value("error_description").unwrap_or_default();
        assert!(description.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'), "{description}");
        value("error").unwrap_or_else(|| panic!("{journey:?}")).to_owned()
    }

    /// Redeems a code; the secret is in the header, or in the form for the client that is made so.
    pub async fn redeem(&self, client: &str, code: &str, more: &str) -> Answer {
        let redirect_uri: String = url::form_urlencoded::byte_serialize(CALLBACK.as_bytes()).collect();
        self.ask(at_token_endpoint(client, &format!("grant_type=authorization_code&code={code}&redirect_uri={redirect_uri}{more}"))).await
    }

    /// A whole login: the tokens, all checked, and the user info was asked for.
    pub async fn log_in(&self, request: &SuiteRequest) -> SuiteTokens {
        let journey = self.authorize(request).await;
        self.complete(&journey, request, "").await
    }

    /// The second half of a login.
    pub async fn complete(&self, journey: &Journey, request: &SuiteRequest, more: &str) -> SuiteTokens {
        let code = self.code(journey, request);
        let client = request.value("client_id").expect("a client");
        let answer = self.redeem(client, &code, more).await;
        let tokens = self.tokens(&answer, client, request.value("nonce")).await;
        let person = self.userinfo(&tokens).await;
        assert_eq!(person["sub"], tokens.claims["sub"]);
        tokens
    }

    /// Checks an answer of the token endpoint.
    pub async fn tokens(&self, answer: &Answer, client: &str, nonce: Option<&str>) -> SuiteTokens {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_json(answer);
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")), "{answer:?}");
        let json = answer.json();
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        assert!(text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")), "{answer:?}");
        assert!(json["expires_in"].as_i64().is_some_and(|seconds| seconds > 0), "{answer:?}");
        let (access, id_token) = (text("access_token").expect("an access token"), text("id_token").expect("an ID token"));
        let refresh = text("refresh_token");
        for token in refresh.iter().chain([&access]) {
            assert!(token.bytes().all(|byte| matches!(byte, b' '..=b'~')) && entropy(token) > 96.0, "{answer:?}");
        }
        let claims = self.id_token(&id_token, client, nonce).await;
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access.as_bytes());
        assert_eq!(claims["at_hash"].as_str(), Some(URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]).as_str()));
        SuiteTokens { access, refresh, id_token, claims }
    }

    /// Checks an ID token and answers with its claims.
    async fn id_token(&self, token: &str, client: &str, nonce: Option<&str>) -> Value {
        let (header, claims) = self.verified(token).await;
        assert_eq!((header["alg"].as_str(), header["kid"].is_string()), (Some("RS256"), true), "{header}");
        let now = clock::now();
        let number = |name: &str| claims[name].as_i64().unwrap_or_else(|| panic!("no {name} in {claims}"));
        assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(ISSUER), Some(client)), "{claims}");
        assert!(number("exp") > now && (now - 300..=now + 300).contains(&number("iat")), "{claims}");
        assert!((now - 3600..=now).contains(&number("auth_time")), "{claims}");
        assert!(claims["sub"].as_str().is_some_and(|sub| !sub.is_empty() && sub.len() <= 255), "{claims}");
        assert!(claims["acr"].as_str().is_some_and(|acr| !acr.is_empty()), "{claims}");
        assert_eq!(claims.get("nonce").and_then(Value::as_str), nonce, "{claims}");
        claims
    }

    /// The header and the claims of a token whose signature is right by the published keys.
    pub async fn verified(&self, token: &str) -> (Value, Value) {
        let keys = self.ask(ClientRequest::get("/.well-known/jwks.json")).await.json();
        let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64"));
        let mut next = || parts.next().expect("a part");
        let (header, claims, signature) = (next(), next(), next());
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        let named = keys["keys"].as_array().expect("keys").iter().filter(|key| key["kid"] == header["kid"]).collect::<Vec<_>>();
        let [key] = named.as_slice() else { panic!("{} keys of the name in {header}", named.len()) };
        let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap_or_default()).expect("base64");
        let (signed, _) = token.rsplit_once('.').expect("three parts");
        RsaPublicKeyComponents { n: number("n"), e: number("e") }
            .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
            .expect("a right signature");
        (header, serde_json::from_slice(&claims).expect("JSON"))
    }

    /// What the userinfo endpoint says, asked as most modules ask.
    pub async fn userinfo(&self, tokens: &SuiteTokens) -> Value {
        let request = ClientRequest::get("/userinfo").with("authorization", format!("Bearer {}", tokens.access));
        person(&self.ask(request).await)
    }
}

/// The person of an answer of the userinfo endpoint.
pub fn person(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_json(answer);
    let person = answer.json();
    assert!(person["sub"].as_str().is_some_and(|sub| !sub.is_empty()), "{person}");
    for (name, value) in person.as_object().expect("an object") {
        let is_right = if name.ends_with("_verified") { value.is_boolean() } else { value.as_str().is_some_and(|text| !text.is_empty()) };
        assert!(is_right, "{name} in {person}");
    }
    person
}

/// A request to the token endpoint by a client with its secret.
pub fn at_token_endpoint(client: &str, form: &str) -> ClientRequest {
    let encoded: String = url::form_urlencoded::byte_serialize(secret(client).as_bytes()).collect();
    if client == CLIENT_BY_POST {
        return ClientRequest::form("/token", &format!("{form}&client_id={client}&client_secret={encoded}"));
    }
    ClientRequest::form("/token", form).with("authorization", format!("Basic {}", STANDARD.encode(format!("{client}:{encoded}"))))
}

/// Checks an answer of the token endpoint that refuses a grant.
pub fn assert_invalid_grant(answer: &Answer) {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_json(answer);
    assert_eq!(answer.json()["error"], "invalid_grant", "{answer:?}");
}

/// Whether the browser stands before a page of ours that is an error, and leads nowhere.
pub fn is_error_page(answer: &Answer) -> bool {
    answer.status == 400 && answer.location().is_none() && answer.body.contains("<html")
}

fn assert_json(answer: &Answer) {
    let kind = answer.header("content-type").and_then(|kind| kind.split(';').next());
    assert_eq!(kind, Some("application/json"), "{answer:?}");
}

/// The parameters that an answer carries to the client's redirect address.
fn reply(answer: &Answer) -> Vec<(String, String)> {
    let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(location.starts_with(&format!("{CALLBACK}?")), "{answer:?}");
    url::Url::parse(location).expect("an address").query_pairs().into_owned().collect()
}

/// The link to a path on a page.
fn link_of(page: &str, path: &str) -> Option<String> {
    let rest = page.split(&format!("href=\"{path}")).nth(1)?;
    Some(format!("{path}{}", rest.split('"').next()?.replace("&amp;", "&").replace("&#38;", "&")))
}

/// The form by which a person agrees.
fn consent_form(page: &str) -> Option<(String, String)> {
    let field = |before: &str| Some(page.split(before).nth(1)?.split('"').next()?.to_owned());
    let action = field("method=\"post\" action=\"")?;
    action.starts_with("/authorize/").then_some(())?;
    let token: String = url::form_urlencoded::byte_serialize(field("name=\"form\" value=\"")?.as_bytes()).collect();
    Some((action, format!("form={token}&answer=yes")))
}

/// The bits in a text, by Shannon's formula, as the suite counts them.
fn entropy(text: &str) -> f64 {
    let length = f64::from(u32::try_from(text.len()).expect("it is short"));
    let counted = (0..=u8::MAX).map(|byte| text.bytes().filter(|other| *other == byte).count()).filter(|count| *count > 0);
    let shares = counted.map(|count| f64::from(u32::try_from(count).expect("it is short")) / length);
    -length * shares.map(|share| share * share.log2()).sum::<f64>()
}
