//! Every flag has an effect, flags and the dialog write the same file, and no combination of flags writes a broken one.

use crate::command_line::{Folder, portaria};
use crate::new::typed;
use crate::support::text;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::Path;

/// Flags without which another flag says nothing.
const PLAIN: &str = "--authorize https://sso.acme.example/a --token https://sso.acme.example/t --userinfo https://sso.acme.example/me";

/// Each flag with a value, the flags beside which it matters, and a part of the file that it brings.
const EFFECTS: &[(&str, &str, &str, &str)] = &[
    ("discovery", "none", "", "getUserInfo:"),
    ("title", "Clube Acme", "", "name: Clube Acme"),
    ("client-id", "loja-42", "", "clientId: loja-42"),
    ("client-secret", "none", "", "clientSecret: none"),
    ("authorize", "https://other.example/a", "", "get: https://other.example/a"),
    ("authorize-parameters", "app=${clientId}, state=${state}", "--pkce off", "app: ${clientId}"),
    ("state-in", "cookie", "", "stateIn: cookie"),
    ("callback", "post", "", "callback: post"),
    ("rename", "client_id=app_key", "", "client_id: app_key"),
    ("scope", "perfil", "", "scope: perfil"),
    ("scope-separator", "comma", "--scope perfil_email", "scope: perfil,email"),
    ("pkce", "off", "", "pkce: off"),
    ("code", "auth_code", "", "code: $.auth_code"),
    ("state-name", "csrf", "--rename state=csrf", "state: $.csrf"),
    ("issuer", "https://sso.acme.example", "", "issuer: https://sso.acme.example"),
    ("token", "https://other.example/t", "", "post: https://other.example/t"),
    ("token-encoding", "json", "", "json:"),
    ("token-parameters", "auth=${code}, verifier=${codeVerifier}", "", "auth: ${code}"),
    ("token-rename", "code=auth_code", "", "code: auth_code"),
    ("token-extra", "audience=loja", "", "audience: loja"),
    ("token-headers", "X-Client=${clientId}", "", "X-Client:"),
    ("credentials", "basic", "", "credentials: basic"),
    ("token-path", "$.data.token", "", "accessToken: $.data.token"),
    ("signed", "answer", "--signed-issuer https://sso.acme.example --signed-keys ${clientSecret}", "token: answer"),
    ("signed-issuer", "https://idp.example", "--signed answer --signed-keys ${clientSecret}", "issuer: https://idp.example"),
    ("signed-keys", "https://sso.acme.example/jwks", "--signed answer --signed-issuer https://idp.example", "keys: https://sso"),
    ("userinfo", "https://other.example/me", "", "get: https://other.example/me"),
    ("userinfo-encoding", "form", "", "post: https://sso.acme.example/me"),
    ("userinfo-parameters", "fields=id", "", "fields: id"),
    ("userinfo-headers", "Client-Id=${clientId}", "", "Client-Id:"),
    ("token-in", "query", "", "access_token: ${accessToken}"),
    ("token-name", "oauth_token", "--token-in form", "oauth_token: ${accessToken}"),
    ("token-name", "X-Credencial", "", "X-Credencial: \"${accessToken}\""),
    ("token-prefix", "OAuth", "", "OAuth ${accessToken}"),
    ("token-prefix", "Bearer", "--token-name X-Credencial", "X-Credencial: \"Bearer ${accessToken}\""),
    ("bearer", "${accessToken}", "--userinfo-parameters t=${accessToken}", "bearer: ${accessToken}"),
    ("id", "$.uid", "", "id: $.uid"),
    ("email", "$.mail", "", "email: $.mail"),
    ("email-verified", "$.ok", "", "emailVerified: $.ok"),
    ("name-path", "$.nome", "", "name: $.nome"),
    ("picture", "$.avatar", "", "picture: $.avatar"),
    ("locale", "$.lang", "", "locale: $.lang"),
    ("trust", "always", "", "trustEmail: always"),
    ("missing-email", "ask", "", "missingEmail: ask"),
    ("refused", "$.errcode != 0", "", "refused:"),
    ("accepted", "$.ok = true", "", "accepted:"),
    ("refused-code", "$.errcode", "--refused $.fault", "code: $.errcode"),
    ("refused-message", "$.errmsg", "--refused $.fault", "message: $.errmsg"),
    ("key", "clube", "", "key: clube"),
    ("logo", "simple:openid", "", "logo: simple:openid"),
    ("redirect-uri", "/oauth/volta", "", "redirectUri: /oauth/volta"),
    ("extra", "prompt=consent", "", "prompt: consent"),
    ("response-mode", "form_post", "", "callback: post"),
    ("logout", "https://sso.acme.example/sair", "", "logout: https://sso.acme.example/sair"),
    ("prepare", "https://sso.acme.example/par", "", "post: https://sso.acme.example/par"),
    ("prepare-read", "requestUri=$.uri", "--prepare https://sso.acme.example/par", "requestUri: $.uri"),
    ("verify", "into=hmac, algorithm=hmacSha256, key=${clientSecret}", "", "verify:"),
    ("token-answer", "form", "", "answer: form"),
    ("userinfo-answer", "xml", "--id $.r.id --email $.r.mail", "answer: xml"),
    ("userinfo-sign", "into=sign, algorithm=md5, after=${clientSecret}", "--userinfo-parameters app=${clientId}", "sign:"),
    ("settings", "plano=gold", "--userinfo-parameters plan=${plano}", "plano: gold"),
    ("hosts", "*.acme.example", "--authorize https://${shop}.acme.example/a --settings shop=env:ACME_SHOP", "hosts:"),
    ("order", "10", "", "order: 10"),
    ("hidden", "true", "", "hidden: true"),
    ("require", "${name}; ${email} != ana@loja.example", "", "isNot: ana@loja.example"),
    ("timeout", "20s", "", "timeout: 20s"),
    ("reauthenticate", "prompt=login", "", "reauthenticate: { prompt: login }"),
    ("session-swap", "accepted", "--state-in cookie --pkce off", "sessionSwap: accepted"),
];

/// The arguments of a command, in which `_` within the value of a scope stands for a blank.
fn arguments<'a>(flags: &'a str, more: &[&'a str]) -> Vec<String> {
    let words = ["new", "acme", "--yes"].into_iter().chain(flags.split_whitespace()).chain(more.iter().copied());
    let mut arguments: Vec<String> = Vec::new();
    for word in words {
        let is_scope = arguments.last().is_some_and(|flag| flag == "--scope");
        arguments.push(if is_scope { word.replace('_', " ") } else { word.to_owned() });
    }
    arguments
}

/// The file that flags write, or what is said about them. Of a flag that is given twice the last one counts.
fn written(folder: &Path, flags: &[String]) -> Result<String, String> {
    let mut kept: Vec<&str> = flags[..3].iter().map(String::as_str).collect();
    for pair in flags[3..].chunks(2) {
        match kept.iter().skip(3).position(|known| *known == pair[0]) {
            Some(at) => kept[3 + at + 1] = &pair[1],
            None => kept.extend([&*pair[0], &*pair[1]]),
        }
    }
    let (code, out, err) = portaria(folder, &kept, &[]);
    let path = folder.join("providers.d/acme.yaml");
    if code == 0 { Ok(text(&path)) } else { Err(format!("{code} {out}{err}")) }
}

#[test]
fn every_flag_has_an_effect() {
    for (flag, value, beside, part) in EFFECTS {
        let folder = Folder::new("new-effect");
        let before = format!("{PLAIN} {beside}");
        let given = arguments(&before, &[&format!("--{flag}"), value]);

        let file = written(&folder.0, &given).unwrap_or_else(|said| panic!("--{flag}: {said}"));

        assert!(file.contains(part), "--{flag}\n{file}");
        let (code, out, _) = portaria(&folder.0, &["check"], &[]);
        assert!(code == 0 && !out.contains("warning"), "--{flag}\n{out}\n{file}");
    }
}

#[test]
fn the_table_of_effects_names_every_flag() {
    let folder = Folder::new("new-help");
    let (_, help, _) = portaria(&folder.0, &["new", "--help"], &[]);
    let general = ["config", "json", "store", "public-url", "providers", "storage", "listen", "yes", "ask", "from", "force", "help"];

    let flags: Vec<&str> = help
        .lines()
        .filter_map(|line| line.trim_start().split_once("--").filter(|(before, _)| before.len() < 5)?.1.split([' ', '=']).next())
        .collect();

    for flag in flags.into_iter().filter(|flag| !general.contains(flag)) {
        assert!(EFFECTS.iter().any(|(name, ..)| *name == flag), "--{flag} has no row");
    }
}

#[test]
fn the_same_answers_write_the_same_file_by_flags_and_in_the_dialog() {
    let answers: &[(&str, &str)] = &[
        ("title", "Clube Acme"),
        ("client-id", "loja-42"),
        ("client-secret", "env:ACME_SECRET"),
        ("authorize", "https://sso.acme.example/entrar"),
        ("authorize-parameters", "standard"),
        ("rename", "client_id=app_key, state=csrf"),
        ("scope", "perfil email"),
        ("pkce", "plain"),
        ("code", "auth_code"),
        ("state-name", "csrf"),
        ("issuer", "none"),
        ("token", "https://sso.acme.example/token"),
        ("token-encoding", "form"),
        ("token-parameters", "standard"),
        ("token-rename", "code=auth_code"),
        ("credentials", "basic"),
        ("token-path", "$.data.token"),
        ("signed", "none"),
        ("userinfo", "https://sso.acme.example/me"),
        ("userinfo-encoding", "query"),
        ("userinfo-parameters", "fields=id"),
        ("token-in", "query"),
        ("token-name", "oauth_token"),
        ("id", "$.data.id"),
        ("email", "$.data.email"),
        ("email-verified", "$.data.ok"),
        ("name-path", "$.data.nome"),
        ("trust", "claim"),
        ("missing-email", "refuse"),
        ("refused", "$.status = error"),
        ("accepted", "none"),
        ("refused-code", "$.code"),
        ("refused-message", "none"),
        ("logo", "simple:openid"),
        ("redirect-uri", "/oauth/volta"),
        ("extra", "prompt=consent"),
        ("picture", "$.data.foto"),
    ];
    let (by_flags, by_dialog) = (Folder::new("new-by-flags"), Folder::new("new-by-dialog"));
    let flags = answers.iter().flat_map(|(flag, value)| [format!("--{flag}"), (*value).to_owned()]);
    let flags: Vec<String> = ["new", "acme", "--yes"].into_iter().map(str::to_owned).chain(flags).collect();
    let mut lines: Vec<&str> = vec!["none"];
    for (name, value) in answers {
        if *name == "logo" {
            lines.push("logo redirect-uri extra picture");
        }
        lines.push(value);
    }

    let file = written(&by_flags.0, &flags).unwrap_or_else(|said| panic!("{said}"));
    let (code, out, err) = typed(&by_dialog.0, &["new", "acme", "--ask"], &(lines.join("\n") + "\n"));

    assert_eq!(code, 0, "{out}\n{err}");
    assert_eq!(text(&by_dialog.0.join("providers.d/acme.yaml")), file);
}

#[test]
fn the_dialog_shows_the_request_as_it_grows() {
    let folder = Folder::new("new-growing");

    let (_, out, _) =
        typed(&folder.0, &["new", "acme", "--ask"], "none\nAcme\nloja-42\nenv\nhttps://sso.acme.example/a\n\nclient_id=app_key\nperfil\n");

    let lines: Vec<&str> =
        out.lines().filter_map(|line| line.trim().split_once("getAuthorizationCode: GET ")).map(|(_, line)| line).collect();
    assert!(lines[0].starts_with("https://sso.acme.example/a?response_type=code&client_id=loja-42&"), "{lines:?}");
    assert!(lines[1].contains("app_key=loja-42") && !lines[1].contains("scope"), "{lines:?}");
    assert!(lines[2].contains("scope=perfil"), "{lines:?}");
    assert_eq!(lines.len(), 3, "{lines:?}");
}

/// Values that fit some flags and not others.
const ODD_VALUES: &[&str] =
    &["none", "standard", "${state}", "$.a", "a=b, c=${code}", "https://x.example/${y}", "\u{1b}[31m", "a: b # c", "\"", "form"];

#[test]
fn no_combination_of_flags_writes_a_broken_file() {
    let flags = proptest::sample::subsequence(EFFECTS.to_vec(), 0..7);
    let odd = proptest::option::of((0..EFFECTS.len(), 0..ODD_VALUES.len()));
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let folder = Folder::new("new-any");

    let outcome = runner.run(&(flags, odd), |(flags, odd)| {
        let _ = std::fs::remove_file(folder.0.join("providers.d/acme.yaml"));
        let mut given = arguments(PLAIN, &[]);
        for (flag, value, beside, _) in flags {
            given.extend(arguments(beside, &[&format!("--{flag}"), value]).into_iter().skip(3));
        }
        given.extend(odd.iter().flat_map(|(flag, value)| [format!("--{}", EFFECTS[*flag].0), ODD_VALUES[*value].to_owned()]));

        match written(&folder.0, &given) {
            Ok(file) => {
                let (code, out, _) = portaria(&folder.0, &["check", "--json"], &[]);
                // That no mail can be sent is a complaint about the settings of this folder.
                let complaints = out.matches("\"severity\"").count() - out.matches("no mail can be sent").count();
                prop_assert!(code == 0 && complaints == 0, "{given:?}\n{out}\n{file}");
            }
            Err(said) => {
                prop_assert!(said.starts_with('1') || said.starts_with('2'), "{given:?}\n{said}");
                prop_assert!(!folder.0.join("providers.d/acme.yaml").exists(), "{given:?}\n{said}");
            }
        }
        Ok(())
    });

    assert!(outcome.is_ok(), "{outcome:?}");
}
