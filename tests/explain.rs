//! What `portaria explain` says of a file: odd files in `tests/explain/` beside the exact text, and every word of the
//! language. After a change of wording: `ACCEPT=1 cargo test explain`, then read what changed.

use crate::command_line::{Folder, portaria};
use crate::support::{catalogue, files, on_threads, root, text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria::world::clock;
use serde_json::Value;

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable ACCEPT accepts changed sentences")]
fn odd_files_are_explained_to_their_end() {
    let all = files(&root().join("tests/explain"), ".yaml");

    for path in &all {
        let name = format!("tests/explain/{}", path.file_name().expect("a file has a name").to_string_lossy());
        let (code, out, err) = portaria(root(), &["explain", &name, "--public-url", "https://login.loja.example"], &[]);
        assert_eq!(code, 0, "{err}");

        let expected = path.with_extension("txt");
        if std::env::var_os("ACCEPT").is_some() {
            std::fs::write(&expected, &out).unwrap();
        }
        assert_eq!(text(&expected), out, "{name}: run `ACCEPT=1 cargo test explain` and read what changed");
        assert!(!out.contains('\x1b'), "colours are for terminals");
    }

    assert!(all.len() >= 3);
}

/// The rows of the JSON: those of the file, and those of each step.
fn rows(explained: &Value) -> Vec<(String, String, Option<u64>)> {
    let steps = explained["steps"].as_array().into_iter().flatten().flat_map(|step| step["words"].as_array().into_iter().flatten());
    let all = explained["words"].as_array().into_iter().flatten().chain(steps);
    all.map(|row| {
        assert_eq!(row["default"], row["line"].is_null(), "{row}");
        (row["word"].as_str().expect("a text").to_owned(), row["value"].as_str().expect("a text").to_owned(), row["line"].as_u64())
    })
    .collect()
}

#[test]
fn every_block_of_the_catalogue_is_described_with_its_lines() {
    on_threads(catalogue(), |path| {
        let name = path.display().to_string();
        let (code, out, err) = portaria(root(), &["explain", &name, "--json", "--public-url", "https://login.loja.example"], &[]);
        assert_eq!(code, 0, "{err}");
        let explained: Value = serde_json::from_str(&out).expect("JSON");
        let rows = rows(&explained);

        let mut is_of_catalogue = false;
        for (at, line) in (1_u64..).zip(text(&path).lines()) {
            is_of_catalogue = line.starts_with("catalogue:") || is_of_catalogue && line.starts_with(' ');
            if is_of_catalogue {
                continue;
            }
            let Some((key, value)) = line.trim_start().trim_start_matches("- ").split_once(':') else { continue };
            let is_word = !key.is_empty() && !value.starts_with("//") && key.chars().all(|letter| letter.is_ascii_alphanumeric());
            // The words of a condition are one sentence.
            let is_part = ["at", "is", "isNot", "matches", "contains", "present", "within", "status", "all", "any"].contains(&key);
            // A step, a list and a block that is continued below have no line of their own.
            let is_whole = !value.trim().is_empty() && !value.trim().starts_with("{}") && !value.trim().starts_with(['#', '|', '>']);
            if is_word && is_whole && !is_part {
                assert!(rows.iter().any(|(_, _, line)| *line == Some(at)), "{name}:{at}: {line}");
            }
        }
    });
}

/// The rows of the terminal: the word, where it stands, and the value, whose line breaks do not count.
fn rows_of_terminal(out: &str) -> Vec<(String, String, Option<u64>)> {
    let mut rows: Vec<(String, String, Option<u64>)> = Vec::new();
    let mut is_within = false;
    for line in out.lines() {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let is_row = line.starts_with("  ") && !line.starts_with("   ") && parts.len() > 2;
        match parts.as_slice() {
            [word, "by", "default", value @ ..] if is_row => rows.push(((*word).to_owned(), value.concat(), None)),
            [word, "line", number, value @ ..] if is_row && number.parse::<u64>().is_ok() => {
                rows.push(((*word).to_owned(), value.concat(), number.parse().ok()));
            }
            more if line.starts_with("   ") && is_within => rows.last_mut().expect("a row").1.push_str(&more.concat()),
            _ => {
                is_within = false;
                continue;
            }
        }
        is_within = true;
    }
    rows
}

#[test]
fn what_is_explained_fits_80_columns_and_the_json_holds_every_row_of_it() {
    on_threads([catalogue(), files(&root().join("tests/explain"), ".yaml")].concat(), |path| {
        let name = path.strip_prefix(root()).expect("it is in the repository").display().to_string();
        let (_, shown, _) = portaria(root(), &["explain", &name, "--public-url", "https://login.loja.example"], &[]);
        let (_, json, _) = portaria(root(), &["explain", &name, "--json", "--public-url", "https://login.loja.example"], &[]);

        let widest = shown.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
        assert!(widest.chars().count() <= 80, "{name}: {widest}");
        let in_json = rows(&serde_json::from_str(&json).expect("JSON"));
        let in_json: Vec<_> = in_json.into_iter().map(|(word, value, line)| (word, value.split_whitespace().collect(), line)).collect();
        assert_eq!(rows_of_terminal(&shown), in_json, "{name}");
    });
}

#[test]
fn what_a_file_leaves_out_is_described_as_the_default() {
    let (_, out, _) = portaria(root(), &["explain", "tests/explain/issuer-only.yaml", "--json"], &[]);
    let rows = rows(&serde_json::from_str(&out).expect("JSON"));

    for (word, value) in [
        ("pkce", "S256"),
        ("read.state", "$.state"),
        ("refused", "if the callback has a parameter `error`"),
        ("refused", "if the status is outside 2xx"),
        ("signed.issuer", "${issuer}"),
        ("signed.audience", "${clientId}"),
        ("signed.keys", "${jwksUri}"),
        ("signed.nonce", "required"),
        ("signed.exp", "`iat` is required; it and `nbf`, where the token has it, must not lie in the future"),
        ("signed.require", "`at_hash` and `c_hash`, where the token has them, must fit the access token and the code"),
        ("refused", "if the answer's `sub` is missing or is not that of the ID token"),
        ("signed.read.email", "$.email"),
    ] {
        assert!(rows.iter().any(|row| *row == (word.to_owned(), value.to_owned(), None)), "{word}: {rows:?}");
    }
}

const ACME: &str = "name: Acme\nclientId: loja-42\nclientSecret: env:ACME_SECRET\ngetAuthorizationCode: { get: https://sso.acme.example/go }\ngetAccessCode:\n  post: https://sso.acme.example/token\n  refused: { at: $.status, is: erro, code: $.motivo }\ngetUserInfo:\n- get: https://sso.acme.example/me\n  read: { id: $.id, name: $.nome }\n- get: https://sso.acme.example/emails\n  read: { email: $.mail, emailVerified: $.ok }\n";

fn acme(name: &str) -> Folder {
    Folder::new(name)
        .with("providers.d/acme.yaml", ACME)
        .with("token.json", r#"{"access_token": "at-very-secret-1", "status": "ok"}"#)
        .with("me.txt", "HTTP/2 200 \r\ncontent-type: application/json\r\n\r\n{\"id\": 7, \"fullname\": \"Ana Prova\"}\n")
        .with("emails.json", r#"{"mail": "ana@loja.example", "ok": true}"#)
        .with("no.json", r#"{"status": "erro", "motivo": "E-17"}"#)
}

#[test]
fn given_answers_show_what_is_read_and_who_would_sign_in() {
    let folder = acme("forecast");
    let answers = ["--answer", "getAccessCode=token.json", "--answer", "getUserInfo=me.txt", "--answer", "getUserInfo[2]=emails.json"];
    let arguments: Vec<&str> = ["explain", "acme"].into_iter().chain(answers).collect();

    let (code, out, err) = portaria(&folder.0, &arguments, &[("ACME_SECRET", "hush-hush")]);
    assert_eq!(code, 0, "{out}{err}");
    for line in [
        "  accessToken  by default  ‹accessToken›  from $.access_token\n",
        "  id    line 10     7  from $.id\n",
        "  name  line 10     nothing at $.nome\n",
        "  email          line 12     ana@loja.example  from $.mail\n",
        "would sign in\n  id       7\n  email    ana@loja.example (proven: `emailVerified` is true)\n",
        "proposal 1: ",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(!out.contains("at-very-secret-1") && !out.contains("hush-hush"), "{out}");

    let (code, out, _) = portaria(&folder.0, &[&arguments[..], &["--json"]].concat(), &[]);
    let found: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &found["signedIn"], &found["identity"]["email"]), (0, &Value::Bool(true), &Value::from("ana@loja.example")), "{out}");
    assert_eq!(
        found["steps"][2]["facts"][0],
        serde_json::json!({ "fact": "id", "value": "7", "instead": null, "from": "$.id", "line": 10 }),
        "{out}"
    );
}

#[test]
fn what_was_found_and_cannot_be_read_is_not_said_to_be_nothing() {
    let file =
        ACME.replace("  refused:", "  read: { blocked: $.blocked }\n  refused:") + "require: { at: \"${blocked}\", present: false }\n";
    let folder = acme("forecast-unreadable").with("providers.d/acme.yaml", &file);
    let folder = folder.with("token.json", r#"{"access_token": "at-1", "blocked": ["fraud"]}"#);
    let answers = ["--answer", "getAccessCode=token.json", "--answer", "getUserInfo=me.txt", "--answer", "getUserInfo[2]=emails.json"];

    let (code, out, err) = portaria(&folder.0, &["explain", "acme"].into_iter().chain(answers).collect::<Vec<_>>(), &[]);

    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("  blocked      line 7      found, but a list, at $.blocked\n"), "{out}");
    assert!(out.contains("would be refused: notAllowed\n") && out.contains("`blocked` is a list in the answer"), "{out}");
}

#[test]
fn a_refusal_names_its_rule_and_a_missing_answer_its_call() {
    let folder = acme("forecast-no");

    let (code, out, _) = portaria(&folder.0, &["explain", "acme", "--answer", "getAccessCode=no.json"], &[]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("would be refused in getAccessCode: E-17") && out.contains("line 7"), "{out}");
    assert!(out.contains("`refused` if $.status is erro; $.status is \"erro\""), "{out}");

    let filtered = ACME.replace("{ at: $.status, is: erro, code: $.motivo }", "{ at: \"$.list[?@.a == 'b'].c\", is: erro }");
    let listed = folder.with("providers.d/acme.yaml", &filtered).with("list.json", r#"{"list": [{"a": "b", "c": "erro"}]}"#);
    let (code, out, err) = portaria(&listed.0, &["explain", "acme", "--answer", "getAccessCode=list.json"], &[]);
    assert!(code == 1 && out.contains("; $.list[?@.a == 'b'].c is \"erro\""), "{out}{err}");

    let folder = acme("forecast-lacks");
    let (code, out, _) = portaria(&folder.0, &["explain", "acme", "--answer", "getAccessCode=token.json"], &[]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("add `--answer getUserInfo[1]=FILE`"), "{out}");

    let (code, out, _) = portaria(&folder.0, &["explain", "acme", "--callback", "error=access_denied&state=s-1"], &[]);
    assert!(code == 1 && out.contains("would be refused in getAuthorizationCode: access_denied"), "{out}");

    let (code, _, err) = portaria(&folder.0, &["explain", "acme", "--answer", "getPerson=no.json"], &[]);
    assert!(code == 2 && err.contains("the calls of this file are `--answer getAccessCode=FILE`"), "{err}");
    assert!(err.contains("the parameters of the callback are given with `--callback QUERY`"), "{err}");
}

/// A file with one answer, in which a person is read.
fn one_call(name: &str, more: &str, call: &str, answer: &str) -> (i32, String, String) {
    let file = format!(
        "name: Acme\ntrustEmail: always\n{more}getAuthorizationCode: {{ get: https://sso.acme.example/a }}\ngetAccessCode: {{ post: https://sso.acme.example/t, {call} }}\n"
    );
    let folder = Folder::new(name).with("providers.d/acme.yaml", &file).with("answer.txt", answer);
    portaria(&folder.0, &["explain", "acme", "--answer", "getAccessCode=answer.txt"], &[])
}

#[test]
fn what_was_found_and_is_no_address_is_told_from_what_was_not_found() {
    let read = "read: { id: $.id, email: $.mail }";
    for (mail, wrong) in [
        ("<ana@loja.example>", "it has the form `Name <address>`"),
        ("(ana)@loja.example", "the part before the `@` holds something else"),
        ("\u{430}na@loja.example", "the part before the `@` holds letters beyond ASCII"),
        ("ana@loja.example, bia@loja.example", "it has more than one at sign"),
        ("ana@loja.example\\r\\n", "a blank, a line break"),
        ("ana", "it has no `@`"),
    ] {
        let (code, out, err) = one_call("no-address", "", read, &format!("{{\"id\":\"7\",\"mail\":\"{mail}\"}}"));

        assert_eq!(code, 1, "{err}");
        let said = format!("would be refused: missingEmail\n  what was read as `email` is no e-mail address: {wrong}");
        assert!(out.contains(&said) && out.contains("\n  line 4\n"), "{mail}: {out}");
        assert!(!out.contains("no answer holds") && out.contains("no address that the answers hold can be used"), "{mail}: {out}");
    }

    let choose = "read: { id: $.id }, choose: { from: $.caixas, where: { at: $.ok, is: true }, read: { email: $.addr } }";
    let (_, out, _) = one_call("no-entry", "", choose, r#"{"id":"7","caixas":[{"addr":"ana@loja.example","ok":false}]}"#);
    assert!(out.contains("no answer holds an e-mail address (no entry of the list fits `where`)"), "{out}");
    assert!(out.contains("no address that the answers hold can be used"), "{out}");
    let (_, out, _) = one_call("no-list", "", choose, r#"{"id":"7"}"#);
    assert!(out.contains("no answer holds an e-mail address\n"), "{out}");
}

#[test]
fn a_moment_that_is_missing_is_told_from_one_that_is_too_old_or_no_moment() {
    let call = "read: { id: $.id, email: $.mail }, accepted: { at: $.ts, within: 5m }";
    let now = clock::now();
    for (ts, said) in [
        ("null".to_owned(), "no moment is found there"),
        ("\"yesterday\"".to_owned(), "what is found there is neither seconds nor milliseconds since 1970"),
        ((now - 4000).to_string(), "that moment is 40"),
        ((now + 4000).to_string(), "seconds in the future"),
    ] {
        let (code, out, err) = one_call("moment", "", call, &format!("{{\"id\":\"7\",\"mail\":\"ana@loja.example\",\"ts\":{ts}}}"));

        assert!(code == 1 && out.contains("`accepted` only if $.ts is within 5m; $.ts is "), "{ts}: {out}{err}");
        assert!(out.contains(said), "{ts}: {out}");
    }
}

#[test]
fn of_a_form_whose_key_stands_twice_that_is_said_whatever_formats_are_tried() {
    for formats in ["", ", answer: [ json, form ]", ", answer: [ form, json ]", ", answer: form"] {
        let (_, out, _) =
            one_call("twice", "", &format!("read: {{ id: $.id, email: $.mail }}{formats}"), "id=7&id=8&mail=ana%40loja.example");

        assert!(out.contains("the answer cannot be read as a form: a key stands in it twice"), "{formats}: {out}");
        assert!(!out.contains("nothing at"), "what was not read is not told as missing: {out}");
    }
}

#[test]
fn a_signed_token_is_read_without_its_keys_and_its_claims_are_judged() {
    let folder = Folder::new("forecast-token").with("providers.d/idp.yaml", "name: Idp\ndiscovery: https://idp.example\n");
    let token = |issuer: &str| {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = serde_json::json!({
            "iss": issuer, "aud": "loja-7", "sub": "u-1", "iat": 1_767_000_000, "exp": 1_767_003_600, "nonce": "n-1",
            "email": "ana@loja.example", "email_verified": true,
        });
        let token = format!("{}.{}.c2ln", part(serde_json::json!({ "alg": "RS256", "kid": "k" })), part(claims));
        serde_json::json!({ "access_token": "at", "id_token": token }).to_string()
    };
    let folder = folder.with("good.json", &token("https://idp.example")).with("other.json", &token("https://other.example"));

    let (code, out, err) = portaria(&folder.0, &["explain", "idp", "--answer", "getAccessCode=good.json"], &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("u-1  from signed token $.sub"), "{out}");
    assert!(out.contains("note: the signed token of getAccessCode is read without its signature"), "{out}");

    let (code, out, _) = portaria(&folder.0, &["explain", "idp", "--answer", "getAccessCode=other.json"], &[]);
    assert!(code == 1 && out.contains("would be refused in getAccessCode: badToken"), "{out}");
}

#[test]
fn examples_are_begun_from_given_answers_without_their_values() {
    let folder = acme("init");
    let init = ["test", "acme", "--init"];
    let answers = ["--answer", "getAccessCode=token.json", "--answer", "getUserInfo=me.txt", "--answer", "getUserInfo=emails.json"];
    let arguments: Vec<&str> = init.into_iter().chain(answers).collect();

    let (code, out, err) = portaria(&folder.0, &arguments, &[]);
    assert_eq!(code, 0, "{out}{err}");
    let written = text(&folder.0.join("providers.d/acme.examples.yaml"));
    assert!(!written.contains("at-very-secret-1") && !written.contains("Ana Prova"), "{written}");
    let (code, out, _) = portaria(&folder.0, &["test", "acme"], &[]);
    assert_eq!((code, out.trim()), (0, "1 provider, 1 story replayed, 0 otherwise than written"));

    let (code, _, err) = portaria(&folder.0, &arguments, &[]);
    assert!(code == 2 && err.contains("is there already") && err.contains("--force"), "{err}");
    let refused = ["test", "acme", "--init", "--force", "--answer", "getAccessCode=no.json"];
    let (code, out, err) = portaria(&folder.0, &refused, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(text(&folder.0.join("providers.d/acme.examples.yaml")).contains("code: E-17"));
    let (code, _, err) = portaria(&folder.0, &["test", "acme", "--init", "--force", "--answer", "getAccessCode=token.json"], &[]);
    assert!(code == 2 && err.contains("the answer of getUserInfo[1] is not given"), "{err}");
}

#[test]
fn examples_are_begun_from_xml_and_from_moments_that_must_be_recent() {
    let now = clock::now();
    let folder = Folder::new("odd-init")
        .with(
            "providers.d/marisma.yaml",
            "name: Marisma\nclientId: loja-42\npkce: off\ntrustEmail: always\naccepted: { at: \"$.reply['@rc']\", is: \"0\" }
getAuthorizationCode: { get: \"https://sso.acme.example/enter\", read: { code: $.grant } }
getAccessCode: { post: \"https://sso.acme.example/swap\", answer: xml, read: { accessToken: \"$.reply.pass['@token']\" } }
getUserInfo:
  get: https://sso.acme.example/me
  answer: xml
  accepted: { at: \"$.reply['@at']\", within: 2m }
  read: { id: \"$.reply['@uid']\", email: $.reply.mail }\n",
        )
        .with("swap.xml", "<reply rc=\"0\"><pass token=\"T\" ttl=\"600\"/></reply>")
        .with("me.xml", &format!("<reply rc=\"0\" uid=\"M-0099\" at=\"{now}000\"><mail>ana.prova@x.example</mail></reply>"));
    let init = ["test", "marisma", "--init", "--answer", "getAccessCode=swap.xml", "--answer", "getUserInfo=me.xml"];

    let (code, out, err) = portaria(&folder.0, &init, &[]);
    assert_eq!(code, 0, "{out}{err}");

    let written = text(&folder.0.join("providers.d/marisma.examples.yaml"));
    assert!(written.contains("identity") && !written.contains("M-0099") && !written.contains("ana.prova"), "{written}");
    let (code, out, _) = portaria(&folder.0, &["test", "marisma"], &[]);
    assert_eq!((code, out.trim()), (0, "1 provider, 1 story replayed, 0 otherwise than written"));
}

#[test]
fn the_order_of_parameters_counts_only_where_a_story_says_so() {
    let story = |order: &str| {
        format!(
            "- what: another order\n  redirect:\n    get: https://sso.acme.example/go\n    {order}query: {{ state: ‹state›, client_id: loja-42, response_type: code, redirect_uri: ‹redirectUri›, code_challenge_method: S256, code_challenge: ‹codeChallenge› }}\n  callback: {{ error: access_denied, state: ‹state› }}\n  refused: {{ step: getAuthorizationCode, code: access_denied }}\n"
        )
    };

    for (order, expected) in [("", 0), ("order: any\n    ", 0), ("order: exact\n    ", 1)] {
        let folder = acme("order").with("providers.d/acme.examples.yaml", &story(order));
        let (code, out, err) = portaria(&folder.0, &["test", "acme"], &[]);
        assert_eq!(code, expected, "{order}: {out}{err}");
    }
}
