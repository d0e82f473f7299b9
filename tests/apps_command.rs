//! `portaria apps`, and what `check` says about apps.

use crate::command_line::{ACME, Folder, portaria};
use crate::support::{root, text};
use portaria::apps::client_app::SecretDigest;
use serde_json::Value;

const SETTINGS: &str = "publicUrl: https://login.loja.example
apps:
  painel:
    name: Painel da loja
    secret: env:PAINEL_SECRET
    redirectUris: [ https://painel.loja.example/callback ]
    grants: [ authorizationCode, refreshToken ]
    scopes: [ openid, offline_access ]
    providers: [ acme, beta ]
stores:
  atacado:
    publicUrl: https://login.atacado.example
    providers: atacado.d
    apps:
      celular: { secret: none, redirectUris: \"com.example.app:/callback\" }
      estoque: { keys: file:keys.json, grants: clientCredentials }
";

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn folder(name: &str) -> Folder {
    Folder::new(name).with("portaria.yaml", SETTINGS).with("providers.d/acme.yaml", ACME)
}

fn answer(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn apps_of_all_stores_are_listed_with_what_is_missing() {
    let folder = folder("apps-list");

    let (code, out, err) = portaria(&folder.0, &["apps", "list"], &[]);
    assert_eq!(code, 0, "{err}");
    for part in [
        "painel  Painel da loja  (with a secret; store main)",
        "  issuer       https://login.loja.example\n",
        "  grants       authorizationCode, refreshToken\n",
        "  redirect     https://painel.loja.example/callback\n",
        "`PAINEL_SECRET` is not set, so the app `painel` cannot sign anyone in",
        "there is no provider file `beta` in this store",
        "celular  (public client, with PKCE; store atacado)\n  issuer       https://login.atacado.example",
        "estoque  (signs with keys of its own; store atacado)",
        "`file:keys.json` is not set",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }

    let (code, out, _) = portaria(&folder.0, &["apps", "list", "--json"], &[("PAINEL_SECRET", SECRET)]);
    assert_eq!(code, 0);
    let listed = answer(&out);
    let app = |at: usize| &listed["apps"][at];
    assert_eq!(
        (app(0)["clientId"].as_str(), app(0)["kind"].as_str(), app(0)["store"].as_str()),
        (Some("painel"), Some("secret"), Some("main"))
    );
    assert_eq!(app(0)["missing"], serde_json::json!(["there is no provider file `beta` in this store"]));
    assert_eq!(
        (app(1)["kind"].as_str(), app(1)["pkce"].as_str(), app(1)["signing"].as_str()),
        (Some("public"), Some("required"), Some("RS256"))
    );
    assert_eq!(app(2)["audience"], serde_json::json!(["estoque"]));
    assert!(!out.contains(SECRET), "{out}");
}

#[test]
fn a_store_without_apps_says_how_to_begin() {
    let folder = Folder::new("apps-none");

    let (code, out, _) = portaria(&folder.0, &["apps", "list"], &[]);

    assert!(code == 0 && out.contains("portaria apps add"), "{out}");
    assert_eq!(answer(&portaria(&folder.0, &["apps", "list", "--json"], &[]).1), serde_json::json!({ "apps": [] }));
}

#[test]
fn check_points_at_what_an_app_lacks_on_this_machine() {
    let folder = folder("apps-check");

    let (code, out, _) = portaria(&folder.0, &["check"], &[]);
    assert_eq!(code, 1, "{out}");
    for part in [
        "warning: `PAINEL_SECRET` is not set, so the app `painel` cannot sign anyone in\n --> portaria.yaml:5:13",
        "error: there is no provider file `beta` in this store\n --> portaria.yaml:9:24",
        "warning: `file:keys.json` is not set",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }

    let folder = folder
        .with("keys.json", r#"{"keys":[{"kty":"oct","k":"aHVzaA"}]}"#)
        .with("providers.d/beta.yaml", &ACME.replace("env:ACME_", "env:BETA_"));
    let (code, out, _) = portaria(&folder.0, &["check"], &[("PAINEL_SECRET", "hush")]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("the secret of the app `painel` is short enough to be guessed"), "{out}");
    assert!(out.contains("error: `file:keys.json` is no JWKS: it holds a secret or private key"), "{out}");
    assert!(!out.contains("`beta`") && !out.contains("hush"), "{out}");
}

#[test]
fn a_new_secret_is_shown_once_with_the_line_for_the_settings() {
    let folder = Folder::new("apps-secret")
        .with("portaria.yaml", "apps: { painel: { redirectUris: https://painel.loja.example/callback } }\n")
        .with("providers.d/acme.yaml", ACME);

    // The settings are wrong until the line stands there.
    let (code, out, err) = portaria(&folder.0, &["apps", "secret", "painel"], &[]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<&str> = out.lines().map(str::trim).collect();
    let hash = lines.iter().find_map(|line| line.strip_prefix("secret: sha256:")).expect("the line");
    let secret = lines.iter().find(|line| line.len() == 43).expect("the secret");
    assert!(SecretDigest::parse(hash).expect("a hash").matches(secret));

    let (_, out, _) = portaria(&folder.0, &["apps", "secret", "painel", "--json"], &[]);
    let next = answer(&out);
    assert!(
        next["secret"].as_str().is_some_and(|next| next != *secret)
            && next["hash"].as_str().is_some_and(|hash| hash.starts_with("sha256:"))
    );

    let settings = format!("apps: {{ painel: {{ secret: \"sha256:{hash}\", redirectUris: https://painel.loja.example/callback }} }}\n");
    let folder = folder.with("portaria.yaml", &settings);
    assert_eq!(portaria(&folder.0, &["check"], &[]).0, 0);
    let (code, _, err) = portaria(&folder.0, &["apps", "secret", "painell"], &[]);
    assert!(code == 0 && err.contains("did you mean `painel`?"), "{err}");
    assert_eq!(portaria(&folder.0, &["apps", "secret", "painel da loja"], &[]).0, 2);
}

#[test]
fn a_new_app_is_printed_or_put_into_the_file() {
    let folder = folder("apps-add");
    let redirect = ["--redirect", "https://novo.loja.example/callback"];
    let add = |more: &[&str]| portaria(&folder.0, &[&["apps", "add"], more].concat(), &[]);

    let (code, out, err) = add(&[&["novo"], &redirect[..]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("apps:\n  novo:\n    secret: \"sha256:") || out.contains("apps:\n  novo:\n    secret: sha256:"), "{out}");
    assert!(out.contains("  issuer         https://login.loja.example\n") && out.contains("client secret"), "{out}");
    assert_eq!(text(&folder.0.join("portaria.yaml")), SETTINGS);

    let (code, out, err) = add(&[&["novo", "--write", "--title", "O novo", "--json"], &redirect[..]].concat());
    assert_eq!(code, 0, "{err}");
    let secret = answer(&out)["secret"].as_str().expect("a secret").to_owned();
    let written = text(&folder.0.join("portaria.yaml"));
    let (before, after) = SETTINGS.split_once("  painel:").expect("an app");
    assert!(written.starts_with(before) && written.ends_with(&format!("  painel:{after}")), "{written}");
    assert!(!written.contains(&secret), "{written}");
    let (_, out, _) = portaria(&folder.0, &["apps", "list", "--json"], &[]);
    assert!(answer(&out)["apps"].as_array().is_some_and(|apps| apps.iter().any(|app| app["name"] == "O novo")), "{out}");

    let (code, _, err) =
        add(&[&["mobil", "--public", "--store", "atacado", "--write"], &["--redirect", "http://127.0.0.1/cb"][..]].concat());
    assert_eq!(code, 0, "{err}");
    let (_, out, _) = portaria(&folder.0, &["apps", "list"], &[]);
    assert!(out.contains("mobil  (public client, with PKCE; store atacado)"), "{out}");
}

#[test]
fn a_new_app_that_would_be_a_mistake_is_refused() {
    let folder = folder("apps-refused");
    let before = text(&folder.0.join("portaria.yaml"));

    for (arguments, part) in [
        (&["painel", "--redirect", "https://a.example/cb"][..], "there is an app `painel` already\n  help: `portaria apps secret painel`"),
        (&["novo"], "has no address to which people return"),
        (&["novo", "--redirect", "http://a.example/cb"], "is not encrypted"),
        (&["novo", "--redirect", "https://a.example/#x"], "has a fragment"),
        (&["novo", "--public", "--grant", "clientCredentials"], "any program could act as the app"),
        (&["novo", "--grant", "password"], "none of the words"),
        (&["a b", "--redirect", "https://a.example/cb"], "cannot be a `client_id`"),
        (&["novo", "--store", "atacad", "--redirect", "https://a.example/cb"], "did you mean `atacado`?"),
    ] {
        let (code, out, err) = portaria(&folder.0, &[&["apps", "add", "--write"], arguments].concat(), &[]);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(part), "{arguments:?}: {err}");
    }
    assert_eq!(text(&folder.0.join("portaria.yaml")), before);
    let flow = Folder::new("apps-flow").with("portaria.yaml", "apps: { a: { secret: none, redirectUris: https://a.example/cb } }\n");
    let (code, _, err) = portaria(&flow.0, &["apps", "add", "novo", "--write", "--redirect", "https://a.example/cb"], &[]);
    assert!(code == 1 && err.contains("leave --write out, and paste the block"), "{err}");
}

#[test]
fn every_command_of_apps_shows_an_example_in_its_help() {
    for command in ["apps", "apps list", "apps add", "apps secret"] {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let (code, out, _) = portaria(root(), &arguments, &[]);
        assert!(code == 0 && out.contains(&format!("Example: portaria {command}")), "{out}");
    }
}
