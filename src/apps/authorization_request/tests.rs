use crate::apps::authorization_request::*;
use crate::apps::client_app::{AppAuthentication, AppGrantKinds, SecretDigest};
use crate::session::token_algorithm::TokenAlgorithm;

const REDIRECT: &str = "https://painel.loja.example/callback";

fn painel() -> ClientApp {
    ClientApp {
        name: "painel".into(),
        title: None,
        authentication: AppAuthentication::Secret(SecretDigest::of("hush")),
        redirect_uris: vec![REDIRECT.into()],
        after_logout: Vec::new(),
        back_channel_logout: None,
        grants: AppGrantKinds(vec![AppGrantKind::AuthorizationCode, AppGrantKind::RefreshToken]),
        scopes: ["openid", "email", "offline_access", "orders:read"].map(Into::into).to_vec(),
        audiences: vec!["https://api.loja.example".into(), "painel".into()],
        serves: Vec::new(),
        providers: Some(vec!["acme".into()]),
        signing: TokenAlgorithm::Rs256,
        requires_pkce: false,
        asks_consent: false,
        token_providers: Vec::new(),
    }
}

fn read_with(app: ClientApp, query: &str) -> Result<AuthorizationRequest, RefusedRequest> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let app = Arc::new(app);
    let find = |name: &str| (name == "painel").then(|| Arc::clone(&app));
    let hinted = |token: &str, _: &ClientApp| (token == "good").then(|| "u1".into());
    read_authorization_request(&AuthorizationParameters(&pairs), find, hinted).map(|(_, request)| request)
}

fn read(more: &str) -> Result<AuthorizationRequest, RefusedRequest> {
    read_with(painel(), &format!("client_id=painel&redirect_uri={REDIRECT}&response_type=code&scope=openid&{more}"))
}

fn code(result: Result<AuthorizationRequest, RefusedRequest>) -> &'static str {
    let result = result.map(drop);
    match result {
        Ok(()) => "fine",
        Err(RefusedRequest::Unanswerable(why)) => why.word(),
        Err(RefusedRequest::Answered(_, error)) => error.code,
    }
}

/// Attack V-01
#[test]
fn without_a_known_app_and_its_redirect_address_nothing_is_sent_anywhere() {
    for (query, expected) in [
        ("", "unknown_client"),
        ("client_id=other&redirect_uri=https://painel.loja.example/callback", "unknown_client"),
        ("client_id=painel", "unknown_redirect_uri"),
        ("client_id=painel&redirect_uri=", "unknown_redirect_uri"),
        ("client_id=painel&redirect_uri=https://evil.example/callback", "unknown_redirect_uri"),
        ("client_id=painel&redirect_uri=https://painel.loja.example/callback?x=1", "unknown_redirect_uri"),
        ("client_id=painel&client_id=painel&redirect_uri=https://painel.loja.example/callback", "repeated_parameter"),
        ("client_id=painel&redirect_uri=https://painel.loja.example/callback&redirect_uri=https://evil.example", "repeated_parameter"),
    ] {
        let asked = format!("{query}&response_type=code&scope=openid&state=s&request=x");
        assert_eq!(code(read_with(painel(), &asked)), expected, "{query}");
    }
}

/// Attacks V-02, V-05, V-06
#[test]
fn a_request_that_cannot_be_met_gets_the_error_of_the_specification() {
    let s256 = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    for (more, expected) in [
        ("", "fine"),
        ("unknown=1&unknown=2&display=popup&claims=%7B%7D", "fine"),
        ("response_mode=query", "fine"),
        ("response_mode=form_post", "fine"),
        ("response_mode=fragment", "invalid_request"),
        ("response_mode=jwt", "invalid_request"),
        ("request=e30.e30.", "request_not_supported"),
        ("request=", "request_not_supported"),
        ("request_uri=https://evil.example/r", "request_uri_not_supported"),
        ("registration=%7B%7D", "registration_not_supported"),
        ("state=a&state=b", "invalid_request"),
        ("nonce=a&nonce=b", "invalid_request"),
        ("prompt=none", "fine"),
        ("prompt=login+consent+select_account", "fine"),
        ("prompt=none+login", "invalid_request"),
        ("prompt=create", "invalid_request"),
        ("max_age=0", "fine"),
        ("max_age=-1", "invalid_request"),
        ("max_age=1.5", "invalid_request"),
        ("max_age=99999999999999999999", "invalid_request"),
        ("id_token_hint=good", "fine"),
        ("id_token_hint=bad", "invalid_request"),
        ("resource=painel&resource=https%3A%2F%2Fapi.loja.example", "fine"),
        ("resource=https%3A%2F%2Fother.example", "invalid_target"),
        (&format!("code_challenge={s256}&code_challenge_method=S256"), "fine"),
        (&format!("code_challenge={s256}"), "invalid_request"),
        (&format!("code_challenge={s256}&code_challenge_method=plain"), "invalid_request"),
        (&format!("code_challenge={s256}A&code_challenge_method=S256"), "invalid_request"),
        ("code_challenge=short&code_challenge_method=S256", "invalid_request"),
        ("code_challenge_method=S256", "invalid_request"),
        (&format!("nonce={}", "n".repeat(2049)), "invalid_request"),
    ] {
        assert_eq!(code(read(more)), expected, "{more}");
    }
    for (response_type, expected) in [
        ("code", "fine"),
        ("token", "unsupported_response_type"),
        ("id_token", "unsupported_response_type"),
        ("code+id_token", "unsupported_response_type"),
        ("", "invalid_request"),
    ] {
        let query = format!("client_id=painel&redirect_uri={REDIRECT}&scope=openid&response_type={response_type}");
        assert_eq!(code(read_with(painel(), &query)), expected, "{response_type}");
    }
}

/// Attack V-08
/// Lesson 181
#[test]
fn only_scopes_of_the_settings_are_granted() {
    let with =
        |app: ClientApp, scope: &str| read_with(app, &format!("client_id=painel&redirect_uri={REDIRECT}&response_type=code&scope={scope}"));
    let granted = |app: ClientApp, scope: &str| with(app, scope).map(|request| request.scope.to_string());
    let online = || ClientApp { grants: AppGrantKinds(vec![AppGrantKind::AuthorizationCode]), ..painel() };

    assert_eq!(granted(painel(), "openid+profile+orders:read+admin").as_deref(), Ok("openid orders:read"));
    assert_eq!(granted(painel(), "openid+offline_access").as_deref(), Ok("openid offline_access"));
    assert_eq!(granted(online(), "openid+offline_access").as_deref(), Ok("openid"), "there is no grant to renew with");
    assert_eq!(code(with(painel(), "admin")), "invalid_scope");
    assert_eq!(code(with(painel(), "")), "invalid_scope");
    let machine = ClientApp { grants: AppGrantKinds(vec![AppGrantKind::ClientCredentials]), ..painel() };
    assert_eq!(code(with(machine, "openid")), "unauthorized_client");
}

#[test]
fn a_public_client_and_one_whose_settings_say_so_have_to_use_pkce() {
    let query = format!("client_id=painel&redirect_uri={REDIRECT}&response_type=code&scope=openid");

    assert_eq!(code(read_with(ClientApp { requires_pkce: true, ..painel() }, &query)), "invalid_request");
    assert_eq!(code(read_with(ClientApp { authentication: AppAuthentication::Public, ..painel() }, &query)), "invalid_request");
}

#[test]
fn what_a_request_says_is_kept() {
    let request = read("state=s%20t&nonce=n&prompt=login&max_age=60&login_hint=ana%40loja.example&ui_locales=pt-BR&acr_values=1+provider:acme&id_token_hint=good&response_mode=form_post&resource=painel")
        .expect("it is fine");

    assert_eq!(
        (request.reply.state.as_deref(), request.nonce.as_deref(), request.reply.mode),
        (Some("s t"), Some("n"), ResponseMode::FormPost)
    );
    assert_eq!((request.prompt.login, request.max_age, request.hinted_uid.as_deref()), (true, Some(60), Some("u1")));
    assert_eq!((request.login_hint.as_deref(), request.ui_locales.as_deref()), (Some("ana@loja.example"), Some("pt-BR")));
    assert_eq!((request.provider.as_deref(), request.resources), (Some("acme"), vec!["painel".into()]));
    assert_eq!(read("acr_values=provider:other").expect("a wish").provider, None, "the app may not use this provider");
}
