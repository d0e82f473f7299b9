//! Why a provider says no: the causes that have a name, and the words in which providers speak of them.

use crate::provider::json_path::scalar_text;
use serde_json::Value;

/// A cause with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is told by its sentence")]
pub enum RefusalCause {
    SecretRefused,
    CredentialsElsewhere,
    PkceRefused,
    PkceRequired,
    RedirectUnknown,
    ScopeRefused,
    CodeSpent,
    ClientUnknown,
    GrantRefused,
    BodyOther,
    MethodOther,
    AddressWrong,
    AudienceMissing,
    ParameterMissing,
    SignatureRefused,
    ClockWrong,
    TokenRefused,
    PlaceRefused,
    Declined,
    TooMany,
    Unavailable,
}

/// Words that must all be there, and how much they say: 3 for a sentence of its own, 2 for a usual code, 1 for a hint.
type CauseWording = (RefusalCause, u8, &'static [&'static str]);

use RefusalCause::{
    AddressWrong, AudienceMissing, BodyOther, ClientUnknown, ClockWrong, CodeSpent, CredentialsElsewhere, Declined, GrantRefused,
    MethodOther, ParameterMissing, PkceRefused, PkceRequired, PlaceRefused, RedirectUnknown, ScopeRefused, SecretRefused, SignatureRefused,
    TokenRefused, TooMany, Unavailable,
};

/// How providers say it, in small letters.
const WORDINGS: &[CauseWording] = &[
    // The secret.
    (SecretRefused, 3, &["client_secret", "incorrect"]),
    (SecretRefused, 3, &["client secret", "incorrect"]),
    (SecretRefused, 3, &["invalid client secret"]),
    (SecretRefused, 3, &["invalid client_secret"]),
    (SecretRefused, 3, &["invalid secret"]),
    (SecretRefused, 3, &["invalid appsecret"]),
    (SecretRefused, 3, &["invalid app_secret"]),
    (SecretRefused, 3, &["invalid app secret"]),
    (SecretRefused, 3, &["client secret", "invalid"]),
    (SecretRefused, 3, &["client_secret", "invalid"]),
    (SecretRefused, 3, &["clientsecret", "invalid"]),
    (SecretRefused, 3, &["client secret", "wrong"]),
    (SecretRefused, 3, &["client_secret", "wrong"]),
    (SecretRefused, 3, &["app secret", "wrong"]),
    (SecretRefused, 3, &["secret", "mismatch"]),
    (SecretRefused, 3, &["secret", "does not match"]),
    (SecretRefused, 3, &["secret", "not match"]),
    (SecretRefused, 3, &["secret", "expired"]),
    (SecretRefused, 3, &["error validating client secret"]),
    (SecretRefused, 3, &["bad client secret"]),
    (SecretRefused, 3, &["bad_client_secret"]),
    (SecretRefused, 3, &["incorrect_client_credentials"]),
    (SecretRefused, 3, &["incorrect", "client_id and/or client_secret"]),
    (SecretRefused, 3, &["bad client credentials"]),
    (SecretRefused, 3, &["invalid client credentials"]),
    (SecretRefused, 3, &["invalid_client_secret"]),
    (SecretRefused, 3, &["invalid_client_credentials"]),
    (SecretRefused, 3, &["client credentials", "invalid"]),
    (SecretRefused, 3, &["segredo", "inválid"]),
    (SecretRefused, 3, &["segredo", "incorret"]),
    (SecretRefused, 3, &["segredo", "invalid"]),
    (SecretRefused, 3, &["credenciais", "cliente"]),
    (SecretRefused, 3, &["secreto", "inválid"]),
    (SecretRefused, 3, &["secreto", "incorrect"]),
    (SecretRefused, 3, &["secreto", "no es válid"]),
    (SecretRefused, 3, &["credenciales", "cliente"]),
    (SecretRefused, 3, &["secret", "incorrecte"]),
    (SecretRefused, 3, &["client secret", "ungültig"]),
    (SecretRefused, 3, &["секрет", "неверн"]),
    (SecretRefused, 3, &["неверный", "client_secret"]),
    (SecretRefused, 3, &["secret", "错误"]),
    (SecretRefused, 3, &["secret", "无效"]),
    (SecretRefused, 3, &["secret", "不正确"]),
    (SecretRefused, 3, &["密钥", "错误"]),
    (SecretRefused, 3, &["密钥", "不正确"]),
    (SecretRefused, 3, &["シークレット", "無効"]),
    (SecretRefused, 3, &["シークレット", "正しく"]),
    (SecretRefused, 3, &["시크릿", "유효하지"]),
    (SecretRefused, 2, &["client authentication failed"]),
    (SecretRefused, 2, &["client authentication", "invalid"]),
    (SecretRefused, 2, &["aadsts7000215"]),
    (SecretRefused, 2, &["40125"]),
    (SecretRefused, 1, &["invalid_client"]),
    (SecretRefused, 1, &["invalid client"]),
    (SecretRefused, 1, &["client_secret"]),
    // Where the credentials go.
    (CredentialsElsewhere, 3, &["client authentication method"]),
    (CredentialsElsewhere, 3, &["client authentication", "not supported"]),
    (CredentialsElsewhere, 3, &["token_endpoint_auth_method"]),
    (CredentialsElsewhere, 3, &["authentication method", "not supported"]),
    (CredentialsElsewhere, 3, &["authentication method", "not allowed"]),
    (CredentialsElsewhere, 3, &["auth method"]),
    (CredentialsElsewhere, 3, &["client_secret_basic"]),
    (CredentialsElsewhere, 3, &["client_secret_post"]),
    (CredentialsElsewhere, 3, &["missing", "authorization header"]),
    (CredentialsElsewhere, 3, &["authorization header", "required"]),
    (CredentialsElsewhere, 3, &["authorization header", "not found"]),
    (CredentialsElsewhere, 3, &["basic auth", "required"]),
    (CredentialsElsewhere, 3, &["must use", "basic"]),
    (CredentialsElsewhere, 3, &["use http basic"]),
    (CredentialsElsewhere, 3, &["http basic", "client"]),
    (CredentialsElsewhere, 3, &["no client authentication"]),
    (CredentialsElsewhere, 3, &["client authentication", "missing"]),
    (CredentialsElsewhere, 3, &["client authentication", "not included"]),
    (CredentialsElsewhere, 3, &["no client credentials"]),
    (CredentialsElsewhere, 3, &["client credentials", "missing"]),
    (CredentialsElsewhere, 3, &["client credentials", "body"]),
    (CredentialsElsewhere, 3, &["client credentials", "header"]),
    (CredentialsElsewhere, 3, &["credentials", "request body"]),
    (CredentialsElsewhere, 3, &["only one", "client authentication"]),
    (CredentialsElsewhere, 3, &["multiple", "client", "authenti"]),
    (CredentialsElsewhere, 3, &["client_id", "must be", "body"]),
    (CredentialsElsewhere, 3, &["cabeçalho authorization"]),
    (CredentialsElsewhere, 3, &["cabecera authorization"]),
    (CredentialsElsewhere, 3, &["encabezado authorization"]),
    (CredentialsElsewhere, 3, &["缺少", "authorization"]),
    (CredentialsElsewhere, 3, &["www-authenticate: basic"]),
    // PKCE.
    (PkceRefused, 3, &["code challenge method is unsupported"]),
    (PkceRefused, 3, &["code_challenge", "not supported"]),
    (PkceRefused, 3, &["code_challenge", "unsupported"]),
    (PkceRefused, 3, &["code challenge", "not supported"]),
    (PkceRefused, 3, &["code_challenge", "unknown"]),
    (PkceRefused, 3, &["code_challenge", "unexpected"]),
    (PkceRefused, 3, &["code_challenge", "not allowed"]),
    (PkceRefused, 3, &["code_challenge", "unrecogni"]),
    (PkceRefused, 3, &["code_verifier", "not supported"]),
    (PkceRefused, 3, &["code_verifier", "not allowed"]),
    (PkceRefused, 3, &["code_verifier", "unknown"]),
    (PkceRefused, 3, &["code_verifier", "unexpected"]),
    (PkceRefused, 3, &["code_verifier", "unrecogni"]),
    (PkceRefused, 3, &["code_verifier", "extra"]),
    (PkceRefused, 3, &["code_verifier", "não", "suportad"]),
    (PkceRefused, 3, &["code_verifier", "no", "admit"]),
    (PkceRefused, 3, &["code_verifier", "не поддерживается"]),
    (PkceRefused, 3, &["code_challenge", "não", "suportad"]),
    (PkceRefused, 3, &["code_challenge", "no", "soportad"]),
    (PkceRefused, 3, &["code_challenge", "不支持"]),
    (PkceRefused, 3, &["pkce", "not supported"]),
    (PkceRefused, 3, &["pkce", "not allowed"]),
    (PkceRefused, 3, &["pkce", "unsupported"]),
    (PkceRefused, 3, &["pkce", "not enabled"]),
    (PkceRefused, 3, &["pkce", "não", "suportad"]),
    (PkceRefused, 3, &["pkce", "no", "soportad"]),
    (PkceRefused, 3, &["pkce", "不支持"]),
    (PkceRequired, 3, &["pkce", "required"]),
    (PkceRequired, 3, &["code_challenge", "required"]),
    (PkceRequired, 3, &["code challenge", "required"]),
    (PkceRequired, 3, &["code_challenge", "missing"]),
    (PkceRequired, 3, &["missing", "code_challenge"]),
    (PkceRequired, 3, &["code_verifier", "required"]),
    (PkceRequired, 3, &["missing", "code_verifier"]),
    (PkceRequired, 3, &["code_verifier", "missing"]),
    (PkceRequired, 3, &["proof key", "required"]),
    (PkceRequired, 3, &["pkce", "obrigat"]),
    (PkceRequired, 3, &["pkce", "obligator"]),
    (PkceRequired, 3, &["code_challenge", "必"]),
    (PkceRequired, 3, &["缺少", "code_challenge"]),
    (PkceRequired, 3, &["缺少", "code_verifier"]),
    // The redirect address.
    (RedirectUnknown, 3, &["redirect_uri_mismatch"]),
    (RedirectUnknown, 3, &["redirect_uri", "mismatch"]),
    (RedirectUnknown, 3, &["redirect uri", "mismatch"]),
    (RedirectUnknown, 3, &["redirect_uri", "match"]),
    (RedirectUnknown, 3, &["redirect uri", "match"]),
    (RedirectUnknown, 3, &["redirect url", "match"]),
    (RedirectUnknown, 3, &["invalid_redirect_uri"]),
    (RedirectUnknown, 3, &["invalid redirect"]),
    (RedirectUnknown, 3, &["bad_redirect_uri"]),
    (RedirectUnknown, 3, &["redirect_uri", "not registered"]),
    (RedirectUnknown, 3, &["redirect", "not registered"]),
    (RedirectUnknown, 3, &["redirect_uri", "registered"]),
    (RedirectUnknown, 3, &["redirect_uri", "invalid"]),
    (RedirectUnknown, 3, &["redirect uri", "invalid"]),
    (RedirectUnknown, 3, &["redirect_uri", "illegal"]),
    (RedirectUnknown, 3, &["redirect_uri", "not valid"]),
    (RedirectUnknown, 3, &["redirect_uri", "incorrect"]),
    (RedirectUnknown, 3, &["redirect_uri", "not whitelisted"]),
    (RedirectUnknown, 3, &["redirect uri", "not allowed"]),
    (RedirectUnknown, 3, &["redirect_uri", "not allowed"]),
    (RedirectUnknown, 3, &["redirect_uri", "identical"]),
    (RedirectUnknown, 3, &["reply url", "match"]),
    (RedirectUnknown, 3, &["reply address", "match"]),
    (RedirectUnknown, 3, &["callback url", "match"]),
    (RedirectUnknown, 3, &["callback url", "approved"]),
    (RedirectUnknown, 3, &["callback", "not registered"]),
    (RedirectUnknown, 3, &["aadsts50011"]),
    (RedirectUnknown, 3, &["redirect_uri", "不"]),
    (RedirectUnknown, 3, &["redirect uri", "错误"]),
    (RedirectUnknown, 3, &["redirect_uri", "错误"]),
    (RedirectUnknown, 3, &["回调", "不"]),
    (RedirectUnknown, 3, &["redirecionamento"]),
    (RedirectUnknown, 3, &["uri de redirección"]),
    (RedirectUnknown, 3, &["url de redirección"]),
    (RedirectUnknown, 3, &["redirect_uri", "não"]),
    (RedirectUnknown, 3, &["redirect_uri", "no coincide"]),
    (RedirectUnknown, 3, &["redirect_uri", "неверн"]),
    (RedirectUnknown, 3, &["リダイレクト", "一致"]),
    (RedirectUnknown, 3, &["domain of this url", "app's domains"]),
    (RedirectUnknown, 2, &["koe006"]),
    // What is asked for.
    (ScopeRefused, 3, &["invalid_scope"]),
    (ScopeRefused, 3, &["invalid scope"]),
    (ScopeRefused, 3, &["scope", "not allowed"]),
    (ScopeRefused, 3, &["scope", "unauthorized_scope_error"]),
    (ScopeRefused, 3, &["unauthorized_scope_error"]),
    (ScopeRefused, 3, &["scope", "not authorized"]),
    (ScopeRefused, 3, &["scope", "unknown"]),
    (ScopeRefused, 3, &["scope", "does not exist"]),
    (ScopeRefused, 3, &["scope", "is invalid"]),
    (ScopeRefused, 3, &["scope", "malformed"]),
    (ScopeRefused, 3, &["scope", "not supported"]),
    (ScopeRefused, 3, &["scope", "not permitted"]),
    (ScopeRefused, 3, &["invalid permission"]),
    (ScopeRefused, 3, &["escopo", "inválid"]),
    (ScopeRefused, 3, &["escopo", "não"]),
    (ScopeRefused, 3, &["ámbito", "no"]),
    (ScopeRefused, 3, &["alcance", "no"]),
    (ScopeRefused, 3, &["scope", "无"]),
    (ScopeRefused, 3, &["scope", "错误"]),
    (ScopeRefused, 3, &["scope", "没有"]),
    (ScopeRefused, 3, &["insufficient_scope"]),
    (ScopeRefused, 3, &["insufficient", "scope"]),
    (ScopeRefused, 3, &["missing_scope"]),
    (ScopeRefused, 3, &["aadsts70011"]),
    // The code.
    (CodeSpent, 3, &["bad_verification_code"]),
    (CodeSpent, 3, &["invalid authorization code"]),
    (CodeSpent, 3, &["authorization code", "used"]),
    (CodeSpent, 3, &["code", "already been used"]),
    (CodeSpent, 3, &["code has been used"]),
    (CodeSpent, 3, &["code been used"]),
    (CodeSpent, 3, &["authorization code", "expired"]),
    (CodeSpent, 3, &["code", "expired"]),
    (CodeSpent, 3, &["code", "redeemed"]),
    (CodeSpent, 3, &["code_already_used"]),
    (CodeSpent, 3, &["invalid_code"]),
    (CodeSpent, 3, &["invalid code"]),
    (CodeSpent, 3, &["código", "expirad"]),
    (CodeSpent, 3, &["código", "usado"]),
    (CodeSpent, 3, &["código", "utilizad"]),
    (CodeSpent, 3, &["code", "过期"]),
    (CodeSpent, 3, &["code", "已使用"]),
    (CodeSpent, 3, &["code", "истек"]),
    (CodeSpent, 2, &["authorization code", "invalid"]),
    (CodeSpent, 2, &["40029"]),
    (CodeSpent, 2, &["40163"]),
    (CodeSpent, 1, &["invalid_grant"]),
    // The client.
    (ClientUnknown, 3, &["client_id", "not found"]),
    (ClientUnknown, 3, &["client id", "not found"]),
    (ClientUnknown, 3, &["client not found"]),
    (ClientUnknown, 3, &["unknown client"]),
    (ClientUnknown, 3, &["unknown_client"]),
    (ClientUnknown, 3, &["client", "does not exist"]),
    (ClientUnknown, 3, &["application", "not found"]),
    (ClientUnknown, 3, &["application", "does not exist"]),
    (ClientUnknown, 3, &["invalid client_id"]),
    (ClientUnknown, 3, &["invalid client id"]),
    (ClientUnknown, 3, &["bad_client_id"]),
    (ClientUnknown, 3, &["invalid_client_id"]),
    (ClientUnknown, 3, &["invalid appid"]),
    (ClientUnknown, 3, &["invalid app_id"]),
    (ClientUnknown, 3, &["invalid app id"]),
    (ClientUnknown, 3, &["invalid application"]),
    (ClientUnknown, 3, &["client_id", "is invalid"]),
    (ClientUnknown, 3, &["oauth client was not found"]),
    (ClientUnknown, 3, &["aadsts700016"]),
    (ClientUnknown, 3, &["cliente", "não encontrad"]),
    (ClientUnknown, 3, &["cliente", "no encontrad"]),
    (ClientUnknown, 3, &["appid", "错误"]),
    (ClientUnknown, 3, &["appid", "不存在"]),
    (ClientUnknown, 3, &["应用", "不存在"]),
    (ClientUnknown, 2, &["40013"]),
    (ClientUnknown, 2, &["koe101"]),
    // The rest of the request.
    (GrantRefused, 3, &["unauthorized_client"]),
    (GrantRefused, 3, &["unsupported_grant_type"]),
    (GrantRefused, 3, &["unsupported_response_type"]),
    (GrantRefused, 3, &["grant type", "not"]),
    (GrantRefused, 3, &["grant_type", "not"]),
    (BodyOther, 3, &["must be json"]),
    (BodyOther, 3, &["expected json"]),
    (BodyOther, 3, &["unexpected token", "json"]),
    (BodyOther, 3, &["not valid json"]),
    (BodyOther, 3, &["invalid json"]),
    (BodyOther, 3, &["parse json"]),
    (BodyOther, 3, &["json parse"]),
    (BodyOther, 3, &["unsupported media type"]),
    (BodyOther, 3, &["content-type", "must be"]),
    (BodyOther, 3, &["content type", "must be"]),
    (BodyOther, 3, &["content-type", "not supported"]),
    (BodyOther, 3, &["content type", "not supported"]),
    (BodyOther, 3, &["x-www-form-urlencoded", "must"]),
    (MethodOther, 3, &["method not allowed"]),
    (MethodOther, 3, &["request method", "not supported"]),
    (MethodOther, 3, &["method_not_allowed"]),
    (MethodOther, 3, &["require post method"]),
    (MethodOther, 3, &["require get method"]),
    (MethodOther, 3, &["método", "não permitido"]),
    (MethodOther, 3, &["método", "no permitido"]),
    (AddressWrong, 3, &["page not found"]),
    (AddressWrong, 3, &["no such endpoint"]),
    (AddressWrong, 3, &["unknown path"]),
    (AddressWrong, 3, &["unknown method"]),
    (AddressWrong, 3, &["unknown_method"]),
    (AddressWrong, 3, &["api", "deprecated"]),
    (AddressWrong, 3, &["endpoint", "no longer"]),
    (AddressWrong, 3, &["página não encontrada"]),
    (AudienceMissing, 3, &["audience", "required"]),
    (AudienceMissing, 3, &["audience", "missing"]),
    (AudienceMissing, 3, &["missing", "audience"]),
    (AudienceMissing, 3, &["invalid_target"]),
    (AudienceMissing, 3, &["resource", "parameter", "required"]),
    (AudienceMissing, 3, &["missing", "resource parameter"]),
    (ParameterMissing, 2, &["missing", "parameter"]),
    (ParameterMissing, 2, &["missing", "param"]),
    (ParameterMissing, 2, &["parameter", "required"]),
    (ParameterMissing, 2, &["required parameter"]),
    (ParameterMissing, 2, &["parâmetro", "obrigatóri"]),
    (ParameterMissing, 2, &["parámetro", "obligatori"]),
    (ParameterMissing, 2, &["falta", "parámetro"]),
    (ParameterMissing, 2, &["缺少", "参数"]),
    (ParameterMissing, 2, &["is required"]),
    (SignatureRefused, 3, &["invalid-signature"]),
    (SignatureRefused, 3, &["invalid signature"]),
    (SignatureRefused, 3, &["sign check fail"]),
    (SignatureRefused, 3, &["signature", "not match"]),
    (SignatureRefused, 3, &["incorrect signature"]),
    (SignatureRefused, 3, &["param_signature"]),
    (SignatureRefused, 3, &["验签"]),
    (SignatureRefused, 3, &["签名", "错误"]),
    (ClockWrong, 3, &["timestamp", "expired"]),
    (ClockWrong, 3, &["timestamp", "invalid"]),
    (ClockWrong, 3, &["assertion", "expired"]),
    (ClockWrong, 3, &["clock"]),
    (ClockWrong, 3, &["时间戳"]),
    (TokenRefused, 2, &["invalid_token"]),
    (TokenRefused, 2, &["invalid access token"]),
    (TokenRefused, 2, &["access token", "missing"]),
    (TokenRefused, 2, &["access token", "expired"]),
    (TokenRefused, 2, &["bad credentials"]),
    (TokenRefused, 2, &["no access token"]),
    (PlaceRefused, 3, &["not in whitelist"]),
    (PlaceRefused, 3, &["ip", "not allowed"]),
    (PlaceRefused, 3, &["invalid ip"]),
    (Declined, 3, &["access_denied"]),
    (Declined, 3, &["user_cancelled"]),
    (Declined, 3, &["user denied"]),
    (Declined, 3, &["user cancel"]),
    (TooMany, 3, &["too many requests"]),
    (TooMany, 3, &["rate limit"]),
    (TooMany, 3, &["rate_limit"]),
    (TooMany, 3, &["slow_down"]),
    (TooMany, 3, &["quota"]),
    (Unavailable, 3, &["temporarily_unavailable"]),
    (Unavailable, 3, &["server_error"]),
    (Unavailable, 3, &["maintenance"]),
    (Unavailable, 3, &["service unavailable"]),
    (Unavailable, 3, &["bad gateway"]),
];

/// The causes that these words name, the likeliest first.
pub(crate) fn causes_in_text(text: &str) -> Vec<(RefusalCause, u8)> {
    let mut found: Vec<(RefusalCause, u8, usize)> = Vec::new();
    for (cause, weight, words) in WORDINGS {
        if !words.iter().all(|word| text.contains(word)) {
            continue;
        }
        let length = words.iter().map(|word| word.chars().count()).sum();
        match found.iter_mut().find(|(known, ..)| known == cause) {
            Some(known) => (known.1, known.2) = (known.1, known.2).max((*weight, length)),
            None => found.push((*cause, *weight, length)),
        }
    }
    found.sort_by_key(|(cause, weight, length)| (std::cmp::Reverse((*weight, *length)), *cause));
    found.into_iter().map(|(cause, weight, _)| (cause, weight)).collect()
}

/// What a document says, in small letters: its keys and its texts, within bounds.
pub(crate) fn lowercase_text(document: &Value) -> String {
    let mut text = String::new();
    let mut waiting = vec![document];
    while let Some(value) = waiting.pop() {
        if text.len() > 8_000 || waiting.len() > 2_000 {
            break;
        }
        match value {
            Value::Array(list) => waiting.extend(list.iter().take(200)),
            Value::Object(members) => {
                for (key, value) in members.iter().take(200) {
                    text.push_str(&key.chars().take(60).collect::<String>());
                    text.push(' ');
                    waiting.push(value);
                }
            }
            scalar => {
                text.extend(scalar_text(scalar).unwrap_or_default().chars().take(600));
                text.push('\n');
            }
        }
    }
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_most_telling_words_name_the_cause() {
        for (text, cause) in [
            ("invalid_client the provided client secret is incorrect", RefusalCause::SecretRefused),
            ("invalid_client client authentication method is not supported", RefusalCause::CredentialsElsewhere),
            ("invalid_request pkce is not supported for this client", RefusalCause::PkceRefused),
            ("invalid_grant redirect_uri does not match", RefusalCause::RedirectUnknown),
            ("invalid_grant the code has expired", RefusalCause::CodeSpent),
            ("invalid_grant", RefusalCause::CodeSpent),
            ("segredo do cliente inválido", RefusalCause::SecretRefused),
            ("la uri de redirección no está registrada", RefusalCause::RedirectUnknown),
            ("redirect_uri 参数错误", RefusalCause::RedirectUnknown),
        ] {
            assert_eq!(causes_in_text(text).first().map(|(cause, _)| *cause), Some(cause), "{text}");
        }
        assert!(causes_in_text("ana likes tea").is_empty());
    }

    #[test]
    fn what_an_answer_says_is_read_from_all_its_places() {
        let text = lowercase_text(&json!({ "Error": { "Fields": [{ "Message": "Invalid Scope" }] } }));
        assert!(text.contains("invalid scope") && text.contains("error"));
    }
}
