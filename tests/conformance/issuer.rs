//! An issuer over HTTP on this machine that follows OpenID Connect to the letter, except where a module of the suite says otherwise.

use crate::web::test_provider::{ReceivedRequest, TestProvider, answer, json as answer_json};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm as Jose, EncodingKey};
use portaria::provider::keys::{Algorithm, JwsSigningKey};
use portaria::world::{clock, random};
use serde_json::{Value, json};
use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

/// The client that is registered at the issuer.
pub const CLIENT: &str = "loja-42";

/// What the issuer is about to say, and a module may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// The discovery document.
    Document,
    /// The set of keys.
    Keys,
    /// The parameters that the browser brings back.
    Callback,
    /// The header of the ID token. Its `kid` is also the key that is published from then on.
    Header,
    /// The claims of the ID token.
    Claims,
    /// The signature of the ID token, as a text.
    Signature,
    /// The token answer.
    TokenAnswer,
    /// The user info.
    UserInfo,
}

/// What a module changes: the saying, the number of the login (from 1), and what an honest issuer would say.
pub type Change = fn(MessageKind, usize, &mut Value);

/// The issuer of one module.
pub struct Issuer {
    address: String,
    secret: String,
    change: Change,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    login: usize,
    kid: String,
    nonce: String,
    challenge: String,
    redirect_uri: String,
    heard: Vec<String>,
    faults: Vec<String>,
}

/// A key on P-256: how it signs, and its public part.
struct CurveKey {
    signing: JwsSigningKey,
    public: Value,
}

static CURVE: LazyLock<CurveKey> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("the machine has random bytes");
    let der = pair.to_pkcs8v1().expect("a key can be written");
    let signing = JwsSigningKey::read(STANDARD.encode(der.as_ref()).as_bytes(), Algorithm::Es256).expect("it is a key");
    let point = pair.public_key().as_ref();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    CurveKey {
        signing,
        public: json!({ "kty": "EC", "crv": "P-256", "x": number(&point[1..33]), "y": number(&point[33..]), "kid": "k-3" }),
    }
});

/// The private RSA keys: the issuer begins with `k-1` and may change to `k-2`.
static RSA: LazyLock<[String; 2]> = LazyLock::new(|| {
    [(); 2].map(|()| {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("the machine has random bytes");
        STANDARD.encode(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("a key can be written").as_ref())
    })
});

/// The key of a name, ready to sign.
fn rsa_key(kid: &str) -> JwsSigningKey {
    JwsSigningKey::read(RSA[usize::from(kid == "k-2")].as_bytes(), Algorithm::Rs256).expect("it is a key")
}

/// The public part of an RSA key.
pub fn public_key(kid: &str) -> Value {
    let lines: Vec<String> =
        RSA[usize::from(kid == "k-2")].as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("it is a key");
    let mut key = serde_json::to_value(Jwk::from_encoding_key(&key, Jose::RS256).expect("it has a public part")).expect("it is JSON");
    key["kid"] = json!(kid);
    key["use"] = json!("sig");
    key
}

impl Issuer {
    /// Opens the issuer of a module at the provider, below a path of its own.
    pub fn open(provider: &TestProvider, module: &str, secret: &str, change: Change) -> Arc<Self> {
        let (address, state) = (format!("{}/{module}", provider.url()), State { kid: "k-1".to_owned(), ..State::default() });
        let issuer = Arc::new(Self { address, secret: secret.to_owned(), change, state: Mutex::new(state) });
        for (path, say) in [
            (".well-known/openid-configuration", Self::document as fn(&Self, &ReceivedRequest) -> Vec<u8>),
            ("jwks", Self::keys),
            ("token", Self::token),
            ("userinfo", Self::user_info),
        ] {
            let own = Arc::clone(&issuer);
            provider.answers(&format!("/{module}/{path}"), move |heard, to| {
                own.with_state(|state| state.heard.push(path.to_owned()));
                drop(to.write_all(&say(&own, heard)));
            });
        }
        issuer
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().expect("no one panics here"))
    }

    /// The message that is sent: the honest one, changed by the module.
    fn message(&self, kind: MessageKind, mut honest: Value) -> Value {
        let login = self.with_state(|state| state.login);
        (self.change)(kind, login, &mut honest);
        honest
    }

    /// How often it was asked at this path.
    pub fn asked(&self, path: &str) -> usize {
        self.with_state(|state| state.heard.iter().filter(|heard| *heard == path).count())
    }

    /// What the client did that the suite refuses in every module.
    pub fn faults(&self) -> Vec<String> {
        self.with_state(|state| state.faults.clone())
    }

    fn demand(&self, holds: bool, fault: &str) {
        if !holds {
            self.with_state(|state| state.faults.push(fault.to_owned()));
        }
    }

    /// Hears the authorization request, and answers with what the browser brings back.
    pub fn authorize(&self, request: &[(String, String)]) -> Vec<(String, String)> {
        let value = |name: &str| request.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value).to_owned();
        self.demand(value("response_type") == "code", "another response type");
        self.demand(value("scope").split(' ').any(|scope| scope == "openid"), "no scope openid");
        self.demand(value("scope").split(' ').any(|scope| scope == "email"), "no scope for the claims that are needed");
        self.demand(value("client_id") == CLIENT, "another client id");
        self.demand(value("nonce").len() >= 22 && value("state").len() >= 22, "no nonce or state that no one guesses");
        self.demand(value("code_challenge_method") == "S256", "no challenge");
        self.with_state(|state| {
            state.login += 1;
            state.nonce = value("nonce");
            state.challenge = value("code_challenge");
            state.redirect_uri = value("redirect_uri");
        });
        let message = self.message(MessageKind::Callback, json!({ "code": "c-1", "state": value("state"), "iss": self.address }));
        let members = message.as_object().expect("parameters have names").iter();
        members.map(|(name, value)| (name.clone(), value.as_str().expect("parameters are texts").to_owned())).collect()
    }

    fn document(&self, _: &ReceivedRequest) -> Vec<u8> {
        let at = |path: &str| format!("{}/{path}", self.address);
        let honest = json!({
            "issuer": self.address,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks"),
            "end_session_endpoint": at("end"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": true,
        });
        answer_json(200, &self.message(MessageKind::Document, honest).to_string())
    }

    fn keys(&self, _: &ReceivedRequest) -> Vec<u8> {
        let kid = self.with_state(|state| state.kid.clone());
        answer_json(200, &self.message(MessageKind::Keys, json!({ "keys": [public_key(&kid), CURVE.public] })).to_string())
    }

    fn token(&self, heard: &ReceivedRequest) -> Vec<u8> {
        let field = |name: &str| heard.field(name).unwrap_or_default();
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{}", self.secret)));
        let (in_header, in_form) = (heard.header("authorization") == Some(&basic), field("client_secret") == self.secret);
        self.demand(in_header != in_form, "the client shows itself not at all or twice");
        let document = self.message(MessageKind::Document, json!({}));
        let only_basic = document["token_endpoint_auth_methods_supported"] == json!(["client_secret_basic"]);
        self.demand(in_header || !only_basic, "the client does not use client_secret_basic");
        self.demand(field("grant_type") == "authorization_code" && field("code") == "c-1", "not the code that was given");
        let (challenge, redirect_uri) = self.with_state(|state| (state.challenge.clone(), state.redirect_uri.clone()));
        self.demand(field("redirect_uri") == redirect_uri, "another redirect address");
        self.demand(URL_SAFE_NO_PAD.encode(digest(&SHA256, field("code_verifier").as_bytes())) == challenge, "another verifier");
        let honest =
            json!({ "access_token": "at-1", "token_type": "Bearer", "expires_in": 3600, "id_token": self.id_token(&self.claims()) });
        answer_json(200, &self.message(MessageKind::TokenAnswer, honest).to_string())
    }

    fn claims(&self) -> Value {
        let (now, nonce) = (clock::now(), self.with_state(|state| state.nonce.clone()));
        self.message(
            MessageKind::Claims,
            json!({ "iss": self.address, "aud": CLIENT, "sub": "s-7", "iat": now, "exp": now + 300, "nonce": nonce }),
        )
    }

    /// Signs claims as the header says.
    fn id_token(&self, claims: &Value) -> String {
        let kid = self.with_state(|state| state.kid.clone());
        let header = self.message(MessageKind::Header, json!({ "alg": "RS256", "kid": kid }));
        let kid = header["kid"].as_str().filter(|kid| kid.starts_with("k-")).map_or(kid, str::to_owned);
        self.with_state(|state| state.kid.clone_from(&kid));
        self.signed(&header, claims)
    }

    /// A logout token about the person; `change` makes another one of its header and its claims.
    pub fn logout_token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (now, kid) = (clock::now(), self.with_state(|state| state.kid.clone()));
        let mut header = json!({ "alg": "RS256", "kid": kid, "typ": "logout+jwt" });
        let mut claims = json!({
            "iss": self.address, "aud": CLIENT, "sub": "s-7", "sid": "op-1", "iat": now, "exp": now + 120, "jti": random::id(),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        change(&mut header, &mut claims);
        self.signed(&header, &claims)
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let own = self.with_state(|state| state.kid.clone());
        let kid = header["kid"].as_str().filter(|kid| kid.starts_with("k-")).map_or(own, str::to_owned);
        let (header, claims) = (header.to_string(), claims.to_string());
        let by = |key: &JwsSigningKey| key.sign_token(&header, &claims).expect("the key signs");
        let token = match serde_json::from_str::<Value>(&header).expect("it was JSON")["alg"].as_str() {
            Some("none") => format!("{}.{}.", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&claims)),
            Some("HS256") => by(&JwsSigningKey::read(self.secret.as_bytes(), Algorithm::Hs256).expect("a secret is any text")),
            Some("ES256") => by(&CURVE.signing),
            _ => by(&rsa_key(&kid)),
        };
        let (message, signature) = token.rsplit_once('.').expect("a token has three parts");
        let signature = self.message(MessageKind::Signature, json!(signature));
        format!("{message}.{}", signature.as_str().expect("a signature is a text"))
    }

    fn user_info(&self, heard: &ReceivedRequest) -> Vec<u8> {
        let in_header = heard.header("authorization") == Some("Bearer at-1");
        self.demand(in_header || heard.field("access_token").as_deref() == Some("at-1"), "the access token is not shown as a bearer token");
        self.demand(heard.query.is_empty(), "the access token stands in the address");
        let honest = json!({ "sub": "s-7", "email": "ana@clientes.example", "email_verified": true, "name": "Ana da Silva" });
        let mut message = self.message(MessageKind::UserInfo, honest);
        // What is for a person is signed.
        if message["aud"].is_null() {
            return answer_json(200, &message.to_string());
        }
        message["iss"] = json!(self.address);
        let kid = self.with_state(|state| state.kid.clone());
        let key = rsa_key(&kid);
        let token = key.sign_token(&json!({ "alg": "RS256", "kid": kid }).to_string(), &message.to_string()).expect("the key signs");
        answer(200, "Content-Type: application/jwt\r\n", token.as_bytes())
    }
}
