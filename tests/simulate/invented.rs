//! Files without examples against their own simulations: the answers are invented from what the files read.

use crate::simulate::broker::{Broker, Folder};
use crate::support::{catalogue, on_threads, problem_of, provider, text};
use portaria::workbench::examples::example::ExampleSpec;
use portaria::workbench::examples::invented::invent_stories;
use portaria::workbench::examples::replay::replay;
use serde_json::Value;
use std::path::Path;

fn inputs(story: &ExampleSpec) -> Vec<(String, String)> {
    let given = story.inputs.iter().flat_map(|inputs| &inputs.0);
    given.map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
}

/// Signs in at a file without examples, and says what went wrong.
async fn sign_in(name: &str, file: &str, story: &ExampleSpec) -> Option<String> {
    let folder = Folder::new();
    folder.write(&format!("providers.d/{name}.yaml"), file);
    let broker = Broker::at(folder, &[name]).await;
    let browser = broker.browser();
    let page = browser.arrive(name, &inputs(story)).await;
    let end = browser.choose(&page, "story-1").await;
    let session = browser.session().await;
    broker.stop().await;
    let identity = story.identity.as_ref().map(|identity| &identity.0)?;
    let is_asked = identity.get("ask") == Some(&Value::Bool(true));
    let is_right = if is_asked {
        session["authenticated"] == false && end.status == 303 && end.location() == "/prove" && identity["id"].is_string()
    } else {
        session["authenticated"] == true && session["providerUserId"] == identity["id"]
    };
    (!is_right).then(|| format!("{name}: {} {:?} {session} {identity}", end.status, end.incident()))
}

fn compiled(path: &Path) -> portaria::provider::Provider {
    let source = portaria::vocabulary::place::Source::new(path.display().to_string(), text(path));
    portaria::provider::compile(&source, portaria::provider::InstallationContext { loopback: true }).0.expect("the catalogue is right")
}

#[actix_web::test]
async fn what_new_writes_signs_in_without_an_example() {
    for flags in [
        &[
            "--authorize",
            "https://sso.acme.example/a",
            "--token",
            "https://sso.acme.example/t",
            "--userinfo",
            "https://sso.acme.example/me",
        ][..],
        &[
            "--authorize",
            "https://sso.acme.example/a",
            "--rename",
            "client_id=app_key, state=csrf",
            "--state-name",
            "csrf",
            "--code",
            "auth_code",
            "--token",
            "https://sso.acme.example/t",
            "--token-encoding",
            "json",
            "--credentials",
            "basic",
            "--token-path",
            "$.data.token",
            "--userinfo",
            "https://sso.acme.example/me",
            "--token-in",
            "query",
            "--id",
            "$.data.id",
            "--email",
            "$.data.email",
            "--trust",
            "always",
            "--accepted",
            "$.ok = true",
        ],
        &["--from", "discord"],
    ] {
        let folder = crate::command_line::Folder::new("new-simulated");
        let arguments: Vec<&str> = ["new", "acme"]
            .into_iter()
            .chain(flags.iter().copied())
            .chain(flags.first().filter(|flag| **flag != "--from").map(|_| "--yes"))
            .collect();
        let (code, out, err) = crate::command_line::portaria(&folder.0, &arguments, &[]);
        assert_eq!(code, 0, "{out}{err}");
        let file = text(&folder.0.join("providers.d/acme.yaml"));
        let stories = invent_stories(&provider(&file)).unwrap_or_else(|why| panic!("{why}\n{file}"));

        assert_eq!(sign_in("acme", &file, &stories[0]).await, None, "{file}");
    }
}

#[test]
fn logins_are_invented_for_every_file_of_the_catalogue() {
    let problems = on_threads(catalogue(), |path| match invent_stories(&compiled(&path)) {
        Err(why) => vec![format!("{}: {why}", path.display())],
        Ok(stories) => {
            let different = stories.iter().flat_map(|story| replay(&compiled(&path), story).differences);
            different.map(|difference| format!("{}: {difference:?}", path.display())).collect()
        }
    });

    let problems = problems.concat();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_file_of_the_catalogue_signs_in_without_its_examples() {
    let problems = on_threads(catalogue(), |path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let Ok(stories) = invent_stories(&compiled(&path)) else { return Some(name) };
        problem_of(&path, || actix_web::rt::System::new().block_on(sign_in(&name, &text(&path), &stories[0]))).unwrap_or_else(Some)
    });

    let problems: Vec<String> = problems.into_iter().flatten().collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

/// What is odd about the answers that a file reads.
const ODD: &[(&str, &str)] = &[
    ("a filter", "getUserInfo: { get: \"https://a.example/me\", read: { id: $.id, email: \"$.mails[?@.primary == true].value\" } }"),
    (
        "a choice",
        "getUserInfo: { get: \"https://a.example/me\", read: { id: $.id }, choose: { from: $.mails, where: { at: $.kind, is: home }, read: { email: $.value } } }",
    ),
    ("a list", "getUserInfo: { get: \"https://a.example/me\", read: { id: \"$[0].id\", email: \"$[0].emails[1]\" } }"),
    ("a text of JSON", "getUserInfo: { get: \"https://a.example/me\", read: { id: $.id, email: '${$.profile | json \"$.mail\"}' } }"),
    ("a part", "getUserInfo: { get: \"https://a.example/me\", read: { id: '${$.sub | after \"user:\"}', email: $.email } }"),
    ("two parts", "getUserInfo: { get: \"https://a.example/me\", read: { id: '${$.tenant}:${$.id}', email: '${$.user}@loja.example' } }"),
    (
        "XML",
        "getUserInfo: { get: \"https://a.example/me\", answer: xml, accepted: { at: \"$.r['@status']\", is: ok }, read: { id: $.r.id, email: $.r.mail } }",
    ),
    ("a form", "getUserInfo: { get: \"https://a.example/me\", answer: form, read: { id: $.id, email: $.email } }"),
    ("JSONP", "getUserInfo: { get: \"https://a.example/me\", answer: jsonp, read: { id: $.id, email: $.email } }"),
    ("a prefix", "getUserInfo: { get: \"https://a.example/me\", skipPrefix: \"for(;;);\", read: { id: $.id, email: $.email } }"),
    (
        "a refusal that comes as a success",
        "refused: [ { at: $.errcode, isNot: \"0\" }, { at: $.errcode, present: false } ]\ngetUserInfo: { get: \"https://a.example/me\", read: { id: $.id, email: $.email } }",
    ),
    ("a moment", "getUserInfo: { get: \"https://a.example/me\", accepted: { at: $.ts, within: 5m }, read: { id: $.id, email: $.email } }"),
    (
        "a requirement",
        "require: [ { at: \"${hd}\", is: loja.example }, { at: \"${email}\", matches: \"@acme\\\\.example$\" } ]\ngetUserInfo: { get: \"https://a.example/me\", read: { id: $.id, email: $.email, hd: $.hd } }",
    ),
    (
        "a signed answer",
        "getUserInfo: { get: \"https://a.example/me\", signed: { token: answer, issuer: \"https://a.example\", keys: \"https://a.example/k\", read: { id: $.sub, email: $.email } } }",
    ),
    ("a status", "getUserInfo: { get: \"https://a.example/me\", accepted: { status: 202 }, read: { id: $.id, email: $.email } }"),
    (
        "a call for some",
        "getUserInfo: [ { get: \"https://a.example/kind\", read: { kind: $.kind } }, { get: \"https://a.example/me\", when: { at: \"${kind}\", is: business }, read: { id: $.id, email: $.email } } ]",
    ),
];

#[actix_web::test]
async fn odd_answers_are_invented() {
    let mut problems = Vec::new();
    for (what, words) in ODD {
        let file = format!(
            "name: Acme\ntrustEmail: always\ngetAuthorizationCode: {{ get: \"https://a.example/a\" }}\ngetAccessCode: {{ post: \"https://a.example/t\" }}\n{words}\n"
        );
        match invent_stories(&provider(&file)) {
            Err(why) => problems.push(format!("{what}: {why}")),
            Ok(stories) => problems.extend(sign_in("acme", &file, &stories[0]).await.map(|problem| format!("{what}: {problem}"))),
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
