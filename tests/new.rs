//! `portaria new`, on a terminal and in scripts.

mod catalogue;
mod flags;
mod issuer;

use crate::command_line::{Folder, portaria};
use crate::support::text;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the program with these lines typed into it.
fn typed(folder: &Path, arguments: &[&str], lines: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portaria"));
    command.current_dir(folder).args(arguments).env_clear();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    // The program may end before all lines are typed.
    let _ = child.stdin.take().expect("an input").write_all(lines.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

const PLAIN: &[&str] =
    &["--authorize", "https://sso.acme.example/a", "--token", "https://sso.acme.example/t", "--userinfo", "https://sso.acme.example/me"];

fn with<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    ["new", "acme"].into_iter().chain(PLAIN.iter().copied()).chain(arguments.iter().copied()).collect()
}

#[test]
fn scripts_say_everything_in_flags_and_the_file_is_right() {
    for more in [
        &["--yes"][..],
        &["--yes", "--credentials", "basic", "--scope", "perfil", "--pkce", "off"],
        &["--yes", "--token-encoding", "json", "--credentials", "form"],
        &["--yes", "--token-encoding", "query", "--token-path", "$.data.token"],
        &["--yes", "--id", "$.data.id", "--email", "$.data.email", "--email-verified", "$.data.ok", "--name-path", "${$.first} ${$.last?}"],
        &["--yes", "--email", "$[?@.primary == true].email", "--email-verified", "$[?@.primary == true].verified", "--id", "$[0].user"],
        &["--yes", "--email", "none"],
        &["--yes", "--client-id", "loja-42", "--client-secret", "none", "--trust", "always"],
        &["--yes", "--userinfo-encoding", "json", "--userinfo-parameters", "fields=id"],
        &["--yes", "--query", "response_type=code, app_key=${clientId}, return_url=redirectUri, state=state", "--pkce", "off"],
        &["--yes", "--rename", "client_id=app_key", "--token-rename", "code=auth_code, client_id=app_key"],
        &["--yes", "--refused", "$.errcode != 0; $.status = error|failed", "--refused-code", "$.errcode", "--refused-message", "$.errmsg"],
        &["--yes", "--accepted", "$.ok = true"],
        &["--yes", "--prepare", "https://sso.acme.example/par", "--credentials", "basic"],
        &[
            "--yes",
            "--prepare",
            "https://sso.acme.example/bilhete",
            "--prepare-read",
            "ticket=$.bilhete",
            "--query",
            "app=${clientId}, ticket=${ticket}",
        ],
        &["--yes", "--state-in", "cookie", "--query", "app=${clientId}, c=${codeChallenge}, m=S256"],
        &["--yes", "--callback", "post", "--verify", "into=hmac, algorithm=hmacSha256, key=${clientSecret}"],
        &["--yes", "--token-answer", "form", "--userinfo-answer", "xml", "--id", "$.r.id", "--email", "$.r.email"],
        &["--yes", "--userinfo-parameters", "app=${clientId}", "--userinfo-sign", "into=sign, algorithm=md5, after=${clientSecret}"],
        &["--yes", "--userinfo-parameters", "token=accessToken", "--bearer", "none"],
        &["--yes", "--email", "none", "--placeholder", "${id}@acme.invalid"],
        &["--yes", "--trust", "never", "--missing-email", "ask", "--email-verified", "none"],
        &["--yes", "--trust", "always", "--email-verified", "$.ok", "--id", "$.id"],
        &["--yes", "--signed", "idToken", "--signed-issuer", "https://sso.acme.example", "--signed-keys", "https://sso.acme.example/jwks"],
        &[
            "--yes",
            "--signed",
            "answer",
            "--signed-issuer",
            "https://sso.acme.example",
            "--signed-keys",
            "${clientSecret}",
            "--id",
            "$.uid",
        ],
        &["--yes", "--userinfo-parameters", "plan=${plan}, key=${apiKey}", "--settings", "plan=gold, apiKey=env:ACME_API_KEY"],
    ] {
        let folder = Folder::new("new-flags");

        let (code, out, err) = portaria(&folder.0, &with(more), &[]);

        assert_eq!(code, 0, "{more:?}\n{out}{err}");
        assert!(out.contains("/callback/acme") && out.contains("portaria explain acme") && out.contains("portaria try acme"), "{out}");
        let (code, out, _) = portaria(&folder.0, &["check"], &[]);
        assert_eq!(code, 0, "{more:?}\n{out}\n{}", text(&folder.0.join("providers.d/acme.yaml")));
        assert!(out.contains("0 broken"), "{out}");
    }
}

#[test]
fn an_address_and_its_claim_in_a_list_are_read_from_one_entry() {
    let folder = Folder::new("new-list");
    let flags =
        |claim| ["--yes", "--id", "$.id", "--email", "$.mails[?@.kind == 'home' && @.primary == true].value", "--email-verified", claim];

    let (code, _, err) = portaria(&folder.0, &with(&flags("$.mails[?@.verified == true].verified")), &[]);
    assert_ne!(code, 0, "{err}");
    assert!(err.contains("such as `$.mails[?@.kind == 'home' && @.primary == true].verified`, or `none`"), "{err}");

    let (code, _, err) = portaria(&folder.0, &with(&flags("$.mails[?@.kind == 'home' && @.primary == true].verified")), &[]);
    assert_eq!(code, 0, "{err}");
    let written = text(&folder.0.join("providers.d/acme.yaml"));
    for line in ["choose:", "from: $.mails", "email: $.value", "emailVerified: $.verified"] {
        assert!(written.contains(line), "{line}: {written}");
    }
    assert!(written.contains("where: [ { at: $.kind, is: home }, { at: $.primary, is: true } ]"), "{written}");
}

#[test]
fn only_what_differs_from_the_standard_is_written() {
    let folder = Folder::new("new-short").with("schemas/provider.schema.json", "{}");

    portaria(&folder.0, &with(&["--yes"]), &[]);

    let written = text(&folder.0.join("providers.d/acme.yaml"));
    assert!(written.starts_with("# yaml-language-server: $schema="), "{written}");
    assert!(written.lines().nth(1).is_some_and(|line| line.contains("set ACME_CLIENT_ID, ACME_CLIENT_SECRET, register")), "{written}");
    for word in ["clientId", "clientSecret", "pkce", "credentials", "read", "rename", "query"] {
        assert!(!written.contains(word), "{word}\n{written}");
    }
}

#[test]
fn a_schema_is_named_only_where_it_lies() {
    let folder = Folder::new("new-schema");
    let path = folder.0.join("providers.d/acme.yaml");

    portaria(&folder.0, &with(&["--yes"]), &[]);
    assert!(!text(&path).contains("$schema") && text(&path).starts_with("# What to do next"), "{}", text(&path));

    let (code, _, err) = portaria(&folder.0, &["schema"], &[]);
    assert_eq!(code, 0, "{err}");
    portaria(&folder.0, &with(&["--yes", "--force"]), &[]);
    let written = text(&path);
    let schema = written.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema=")).expect("a schema");
    assert!(folder.0.join("providers.d").join(schema).is_file(), "{schema}");
}

#[test]
fn a_file_that_is_there_is_not_written_over_unless_that_is_meant() {
    let folder = Folder::new("new-force").with("providers.d/acme.yaml", "mine");

    let (code, _, err) = portaria(&folder.0, &with(&["--yes"]), &[]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("there already") && text(&folder.0.join("providers.d/acme.yaml")) == "mine", "{err}");

    let (code, _, err) = portaria(&folder.0, &with(&["--yes", "--force"]), &[]);
    assert_eq!(code, 0, "{err}");
}

#[test]
fn what_is_missing_and_what_is_wrong_is_named() {
    let folder = Folder::new("new-missing");
    for (arguments, parts) in [
        (&["new", "acme"][..], &["--authorize", "--token", "--userinfo"][..]),
        (&["new", "acme", "--yes", "--token", "https://a.example/t", "--userinfo", "none"], &["--authorize"]),
        (&["new", "../acme", "--yes"], &["cannot be a provider's name", "letters, digits"]),
        (&["new", "acme", "--yes", "--authorize", "sso.acme.example"], &["--authorize"]),
        (&["new", "acme", "--yes", "--id", "id"], &["--id", "neither a path"]),
        (&["new", "acme", "--yes", "--credentials", "cookie"], &["--credentials", "basicEncoded"]),
        (&["new", "acme", "--yes", "--client-secret", "hush-hush"], &["--client-secret"]),
        (&["new", "acme", "--yes", "--refused", "errcode != 0"], &["--refused"]),
        (
            &["new", "acme", "--yes", "--query", "appid=clientId back=redirectUri"],
            &["--authorize-parameters", "`appid=clientId, back=redirectUri`"],
        ),
        (&["new", "acme", "--yes", "--query", "app=${clientId}"], &["--authorize-parameters", "`stateIn: cookie` (the flag `--state-in`)"]),
        (&["new", "acme", "--yes", "--id", "$.id", "--trust", "claim"], &["--trust", "`--email-verified PATH`"]),
        (&["new", "acme", "--yes", "--rename", "client_name=app"], &["--rename", "the standard names here are"]),
    ] {
        let (code, _, err) = portaria(&folder.0, arguments, &[]);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        for part in parts {
            assert!(err.contains(part), "{arguments:?}: {part}\n{err}");
        }
    }
    assert!(!folder.0.join("providers.d/acme.yaml").exists());
}

#[test]
fn answers_that_do_not_fit_together_are_named_by_their_flags() {
    let folder = Folder::new("new-unfit");

    let (code, _, err) = portaria(&folder.0, &with(&["--yes", "--query", "app=${clientId}, state=${state}", "--pkce", "plain"]), &[]);

    assert_eq!(code, 1, "{err}");
    assert!(err.contains("nothing was written") && err.contains("these lines are made of `--authorize-parameters`"), "{err}");
    assert!(!folder.0.join("providers.d/acme.yaml").exists());
}

#[test]
fn the_clube_acme_of_the_readme_comes_of_answers_with_a_slip_and_a_step_back() {
    let folder = Folder::new("new-dialog");
    let lines = [
        "",
        "Clube Acme",
        "loja-42",
        "env:ACME_SECRET",
        "env:CLUBE_ACME_SECRET",
        "sso.acme.example/entrar",
        "https://sso.acme.example/entrar",
        "app_key=${clientId}, return_url=${redirectUri}, response_type=code, state=${state}, canal=${canal}",
        "S256",
        "back",
        "off",
        "auth_code",
        "",
        "https://sso.acme.example/api/token",
        "json",
        "auth_code=${code}",
        "basic",
        "$.data.token",
        "",
        "https://sso.acme.example/api/me",
        "",
        "",
        "",
        "$.data.id",
        "$.data.email",
        "",
        "${$.data.nome} ${$.data.sobrenome}",
        "always",
        "",
        "$.status != ok",
        "",
        "",
        "$.mensagem",
        "",
        "canal=loja",
    ];

    let (code, out, err) = typed(&folder.0, &["new", "clube-acme", "--ask"], &(lines.join("\n") + "\n"));

    assert_eq!(code, 0, "{out}\n{err}");
    let written = text(&folder.0.join("providers.d/clube-acme.yaml"));
    for part in [
        "name: Clube Acme",
        "clientId: loja-42",
        "clientSecret: env:CLUBE_ACME_SECRET",
        "response_type: code",
        "canal: ${canal}",
        "canal: loja",
        "refused: { at: $.status, isNot: ok, message: $.mensagem }",
        "pkce: off",
        "trustEmail: always",
        "app_key: ${clientId}",
        "code: $.auth_code",
        "credentials: basic",
        "auth_code: ${code}",
        "accessToken: $.data.token",
        "id: $.data.id",
    ] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    let (code, out, _) = portaria(&folder.0, &["check"], &[]);
    assert_eq!(code, 0, "{out}");
}

/// What an operator is asked only where an answer before shows that it matters.
#[test]
fn the_state_is_asked_about_where_no_parameter_carries_it() {
    let folder = Folder::new("new-stateless");
    let lines = [
        "none",
        "Feira",
        "loja-9",
        "env",
        "https://feira.example/autorizar",
        "loja=${clientId}, volta=${redirectUri}",
        "cookie",
        "off",
        "cupom",
        "none",
        "https://feira.example/troca",
        "query",
        "cupom=${code}",
        "basic",
        "",
        "none",
        "none",
        "$.id",
        "$.email",
        "none",
        "$.name",
        "always",
        "refuse",
        "none",
        "none",
        "none",
        "accepted",
    ];

    let (code, out, err) = typed(&folder.0, &["new", "feira", "--ask"], &(lines.join("\n") + "\n"));

    assert_eq!(code, 0, "{out}\n{err}");
    let written = text(&folder.0.join("providers.d/feira.yaml"));
    for part in ["stateIn: cookie", "sessionSwap: accepted", "pkce: off", "volta: ${redirectUri}"] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    let posted =
        ["--yes", "--query", "client_id=${clientId}, back=${redirectUri}, state=${state}, response_mode=form_post", "--pkce", "off"];
    let (code, _, err) = portaria(&folder.0, &with(&posted), &[]);
    assert_eq!(code, 0, "{err}");
    assert!(text(&folder.0.join("providers.d/acme.yaml")).contains("callback: post"));
}

#[test]
fn answers_that_end_too_early_write_nothing() {
    let folder = Folder::new("new-early");

    let (code, _, err) = typed(&folder.0, &["new", "acme", "--ask"], "Acme\n");

    assert_eq!(code, 1, "{err}");
    assert!(err.contains("nothing was written") && !folder.0.join("providers.d/acme.yaml").exists(), "{err}");
}

#[test]
fn a_fact_that_nothing_gives_is_asked_for_and_a_hole_in_a_host_has_its_hosts() {
    let folder = Folder::new("new-facts");
    let arguments = with(&["--yes", "--userinfo-parameters", "plan=${plano}"]);

    let (code, _, err) = portaria(&folder.0, &[&arguments[..], &["--settings", "shop=a"]].concat(), &[]);
    assert!(code == 2 && err.contains("`plano`") && err.contains("--settings plano=env:"), "{err}");

    let (code, out, err) = portaria(&folder.0, &arguments, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(text(&folder.0.join("providers.d/acme.yaml")).contains("plano: env:ACME_PLANO"));

    let (code, out, err) = portaria(
        &folder.0,
        &[
            "new",
            "loja",
            "--yes",
            "--authorize",
            "https://${shopId}.acme.example/a",
            "--token",
            "https://${shopId}.acme.example/t",
            "--userinfo",
            "https://api.acme.example/me",
            "--pkce",
            "off",
        ],
        &[],
    );
    assert_eq!(code, 0, "{out}{err}");
    let written = text(&folder.0.join("providers.d/loja.yaml"));
    assert!(written.contains("shopId: env:LOJA_SHOP_ID") && written.contains("hosts: [ \"*.acme.example\" ]"), "{written}");
    let (code, out, _) = portaria(&folder.0, &["check"], &[]);
    assert_eq!(code, 0, "{out}\n{written}");
}
