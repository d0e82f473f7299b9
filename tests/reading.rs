//! What a provider file may read of this machine: every attempt to read more is refused, with its line and the setting.

use crate::command_line::{Folder, portaria};
use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use serde_json::Value;
use std::path::Path;

const SECRET: &str = "a-value-of-this-machine";

/// A provider file whose secret is kept at this reference, on line 3.
fn file(reference: &str) -> String {
    format!(
        "name: Clube Acme\nclientId: loja-42\nclientSecret: {reference}\n\
         getAuthorizationCode: {{ get: \"https://sso.acme.example/entrar\" }}\n\
         getAccessCode: {{ post: \"https://sso.acme.example/token\" }}\n\
         getUserInfo: {{ get: \"https://sso.acme.example/me\", read: {{ id: $.id, email: $.email, emailVerified: $.ok }} }}\n"
    )
}

/// What `check` finds about the one provider of a folder: its state, and the first complaint with its line.
fn checked(folder: &Path, name: &str) -> (String, Option<(u64, String, String)>) {
    let variables = [("PORTARIA_MASTER_KEY", SECRET), ("CLUBE_ACME", SECRET), ("CLUBE_ACME_SECRET", SECRET), ("OTHER_SECRET", SECRET)];
    let (_, out, err) = portaria(folder, &["check", "--json"], &variables);
    let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    let files = answer["files"].as_array().expect("a list of files");
    let found = files.iter().find(|found| found["file"].as_str().is_some_and(|file| file.ends_with(name))).expect("the file is listed");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let first = found["complaints"]
        .get(0)
        .map(|complaint| (complaint["line"].as_u64().unwrap_or_default(), text(&complaint["message"]), text(&complaint["help"])));
    (text(&found["state"]), first)
}

/// A folder with a provider file of this name and secret, and with things that are worth stealing.
fn installation(test: &str, name: &str, reference: &str, settings: &str) -> Folder {
    let folder = Folder::new(test)
        .with(&format!("providers.d/{name}.yaml"), &file(reference))
        .with("portaria.yaml", &format!("publicUrl: https://login.loja.example\n{settings}"))
        .with("secrets/clube-acme", SECRET)
        .with("secrets/below/deep", SECRET)
        .with("secrets/master", SECRET)
        .with("elsewhere/secret", SECRET)
        .with("data/portaria.db", SECRET);
    let link = |from: &str, to: &str| std::os::unix::fs::symlink(to, folder.0.join(from)).expect("a link can be made");
    link("secrets/link", "../elsewhere/secret");
    link("secrets/folder", "../elsewhere");
    link("secrets/absolute", "/etc/passwd");
    link("secrets/inside", "below/deep");
    link("secrets/disguised", "master");
    folder
}

/// Lesson 177
#[test]
fn a_provider_file_reads_nothing_but_what_is_meant_for_it() {
    let refused = [
        ("env:PORTARIA_MASTER_KEY", "a variable of the broker itself"),
        ("env:PORTARIA_", "a variable of the broker itself"),
        ("env:PATH", "may not read the variable"),
        ("env:CLUBE_ACME", "may not read the variable"),
        ("env:CLUBE_ACMEX_SECRET", "may not read the variable"),
        ("env:clube_acme_SECRET", "may not read the variable"),
        ("env:OTHER_SECRET", "may not read the variable"),
        ("env:PGPASSWORD", "a variable of the broker itself"),
        ("file:/etc/passwd", "not in the folder `secrets`"),
        ("file:/proc/self/environ", "not in the folder `secrets`"),
        ("file:secrets/../portaria.yaml", "leads upwards"),
        ("file:secrets/below/../../data/portaria.db", "leads upwards"),
        ("file:../secrets/clube-acme", "leads upwards"),
        ("file:data/portaria.db", "not in the folder `secrets`"),
        ("file:portaria.yaml", "not in the folder `secrets`"),
        ("file:secrets", "not in the folder `secrets`"),
        ("file:secretsX/clube-acme", "not in the folder `secrets`"),
        ("file:secrets/link", "a link that leads out"),
        ("file:secrets/folder/secret", "a link that leads out"),
        ("file:secrets/absolute", "a link that leads out"),
    ];
    for (at, (reference, message)) in refused.into_iter().enumerate() {
        let folder = installation(&format!("reading-{at}"), "clube-acme", reference, "");

        let (state, complaint) = checked(&folder.0, "clube-acme.yaml");

        let (line, said, help) = complaint.unwrap_or_else(|| panic!("{reference}: no complaint"));
        assert_eq!((&*state, line), ("broken", 3), "{reference}: {said}");
        assert!(said.contains(message), "{reference}: {said}");
        assert!(!help.is_empty() && !help.contains(SECRET), "{reference}: {help}");
        for arguments in [
            &["explain", "clube-acme"][..],
            &["explain", "clube-acme", "--curl"],
            &["try", "clube-acme", "--no-open"],
            &["test", "clube-acme"],
        ] {
            let (code, out, err) = portaria(&folder.0, arguments, &[("PORTARIA_MASTER_KEY", SECRET)]);
            assert!(code != 0 && !out.contains(SECRET) && !err.contains(SECRET), "{reference}, {arguments:?}: {out}{err}");
        }
    }
}

#[test]
fn what_is_meant_for_a_provider_file_is_read() {
    let readable = [
        "env:CLUBE_ACME_SECRET",
        "file:secrets/clube-acme",
        "file:./secrets//clube-acme",
        "file:secrets/below/deep",
        "file:secrets/inside",
    ];
    for (at, reference) in readable.into_iter().enumerate() {
        let folder = installation(&format!("readable-{at}"), "clube-acme", reference, "");
        assert_eq!(checked(&folder.0, "clube-acme.yaml"), ("offered".to_owned(), None), "{reference}");
    }
    let folder = installation("readable-missing", "clube-acme", "file:secrets/not-yet", "");
    assert_eq!(checked(&folder.0, "clube-acme.yaml").0, "dormant", "a file that is missing is no mistake");
}

#[test]
fn the_complaint_names_the_setting_that_allows_it() {
    let folder = installation("reading-allowed", "clube-acme", "env:OTHER_SECRET", "");
    let (_, complaint) = checked(&folder.0, "clube-acme.yaml");
    let (_, _, help) = complaint.expect("it is refused");
    let setting = help.split('`').find(|part| part.starts_with("filesMayRead:")).expect("the help names the setting").to_owned();

    let allowed = installation("reading-allowed", "clube-acme", "env:OTHER_SECRET", &format!("{setting}\n"));
    assert_eq!(checked(&allowed.0, "clube-acme.yaml"), ("offered".to_owned(), None), "{setting}");
    drop(allowed);

    let elsewhere = std::env::temp_dir().join(format!("portaria-{}-reading-elsewhere", std::process::id()));
    let reference = format!("file:{}/elsewhere/secret", elsewhere.display());
    let folder = installation("reading-elsewhere", "clube-acme", &reference, "");
    let (_, complaint) = checked(&folder.0, "clube-acme.yaml");
    let (_, _, help) = complaint.expect("it is refused");
    let setting = help.split('`').find(|part| part.starts_with("filesMayRead:")).expect("the help names the setting").to_owned();
    drop(folder);
    let allowed = installation("reading-elsewhere", "clube-acme", &reference, &format!("{setting}\n"));
    assert_eq!(checked(&allowed.0, "clube-acme.yaml"), ("offered".to_owned(), None), "{setting}");
}

#[test]
fn no_setting_allows_what_the_broker_itself_uses() {
    let settings = "masterKey: file:secrets/master\nfilesMayRead: { env: [ 'P*', 'OTHER_*' ], folder: [ secrets, data ] }\n";
    for (at, reference) in
        ["env:PORTARIA_MASTER_KEY", "file:secrets/master", "file:secrets/disguised", "file:data/portaria.db"].into_iter().enumerate()
    {
        let folder = installation(&format!("reading-own-{at}"), "clube-acme", reference, settings);
        let (state, complaint) = checked(&folder.0, "clube-acme.yaml");
        let (line, said, _) = complaint.unwrap_or_else(|| panic!("{reference}: no complaint"));
        assert_eq!((&*state, line), ("broken", 3), "{reference}: {said}");
        assert!(said.contains("of the broker itself"), "{reference}: {said}");
    }
}

#[test]
fn a_file_or_store_named_like_the_broker_reads_nothing_of_the_brokers() {
    let named = installation("reading-portaria", "portaria", "env:PORTARIA_MASTER_KEY", "");
    let (state, complaint) = checked(&named.0, "providers.d/portaria.yaml");
    let (_, said, help) = complaint.expect("it is refused");
    assert_eq!(state, "broken", "{said}");
    assert!(help.contains("another name"), "{help}");

    // Its usual variables are refused as well, although it does not write them.
    let named = named.with("providers.d/portaria.yaml", &file("none").replace("clientId: loja-42\n", ""));
    let (state, complaint) = checked(&named.0, "providers.d/portaria.yaml");
    assert_eq!(state, "broken", "{complaint:?}");

    let store = "stores: { portaria: { publicUrl: https://b.example } }\n";
    let folder = installation("reading-store", "clube-acme", "env:PORTARIA_MASTER_KEY", store);
    assert_eq!(checked(&folder.0, "clube-acme.yaml").0, "broken");

    let (code, _, err) = portaria(&folder.0, &["new", "portaria-x", "--yes"], &[]);
    assert!(code == 2 && err.contains("belong to the broker"), "{err}");
}

#[test]
fn a_file_is_not_named_into_what_belongs_to_another_store() {
    let store = "stores: { clube-acme: { publicUrl: https://b.example, providers: elsewhere } }\n";
    let opened = format!("filesMayRead: {{ env: [ \"CLUBE_ACME_*\" ] }}\n{store}");

    for (test, settings, expected) in
        [("reading-other", store, "broken"), ("reading-alone", "", "offered"), ("reading-opened", &*opened, "offered")]
    {
        let folder = installation(test, "clube", "env:CLUBE_ACME_SECRET", settings);

        let (state, complaint) = checked(&folder.0, "providers.d/clube.yaml");

        assert_eq!(state, expected, "{settings}: {complaint:?}");
    }
}

/// Attack Y-03
#[test]
fn a_file_is_not_named_into_what_programs_of_the_machine_use() {
    let allowed = "filesMayRead: { env: [ \"{NAME}_*\", AWS_SECRET_ACCESS_KEY, \"ARM_*\" ] }\n";
    let store = "stores: { aws: { publicUrl: https://b.example } }\n";
    for (name, variable, settings, expected) in [
        ("aws", "AWS_SECRET_ACCESS_KEY", "", "broken"),
        ("aws", "AWS_CLIENT_SECRET", "", "dormant"),
        ("aws", "AWS_SECRET_ACCESS_KEY", allowed, "dormant"),
        ("aws", "AWS_SESSION_TOKEN", allowed, "broken"),
        ("clube-acme", "AWS_SECRET_ACCESS_KEY", store, "broken"),
        ("arm", "ARM_CLIENT_SECRET", "", "broken"),
        ("arm", "ARM_CLIENT_SECRET", allowed, "dormant"),
        ("arm", "ARM_SECRET", "", "dormant"),
        ("database", "DATABASE_PASSWORD", "", "broken"),
        ("ssh", "SSH_AUTH_SOCK", "", "broken"),
        ("https", "HTTPS_PROXY", "", "broken"),
        ("github", "GITHUB_TOKEN", "", "broken"),
        ("github", "GITHUB_SECRET", "", "dormant"),
    ] {
        let folder = installation("reading-machine", name, &format!("env:{variable}"), settings);

        let (state, complaint) = checked(&folder.0, &format!("{name}.yaml"));

        assert_eq!(state, expected, "{name} {variable} {settings}: {complaint:?}");
        if let Some((line, said, help)) = complaint {
            assert!(line == 3 && said.contains("variable") && help.contains(&format!("{variable} ] }}`")), "{line} {said} {help}");
        }
    }
}

/// Attack Y-03
#[test]
fn no_file_reads_a_secret_of_another_store() {
    let stores = "stores:\n  atacado: { publicUrl: https://b.example, providers: atacado.d }\n  b2b: { publicUrl: https://c.example }\n";
    let vault = format!("filesMayRead: {{ folder: vault }}\n{stores}");
    let opened = format!("filesMayRead: {{ folder: [ secrets, secrets/atacado ] }}\n{stores}");
    let own = stores.replace("atacado.d", "atacado.d, filesMayRead: { folder: secrets }");
    for (place, reference, settings, expected) in [
        ("providers.d", "secrets/key", stores, "offered"),
        ("providers.d", "secrets/atacado/key", stores, "broken"),
        ("providers.d", "secrets/./atacado//key", stores, "broken"),
        ("providers.d", "secrets/atacado/not-yet", stores, "broken"),
        ("providers.d", "secrets/to-atacado", stores, "broken"),
        // This store uses the same provider files.
        ("providers.d", "secrets/b2b/key", stores, "offered"),
        ("providers.d", "secrets/atacado/key", &opened, "offered"),
        ("providers.d", "secrets/atacado/key", "", "offered"),
        ("atacado.d", "secrets/atacado/key", stores, "offered"),
        ("atacado.d", "secrets/key", stores, "broken"),
        ("atacado.d", "secrets/b2b/key", stores, "broken"),
        ("atacado.d", "secrets/atacado/to-main", stores, "broken"),
        ("atacado.d", "secrets/key", &own, "offered"),
        ("atacado.d", "secrets/b2b/key", &own, "broken"),
        ("atacado.d", "vault/atacado/key", &vault, "offered"),
        ("atacado.d", "vault/key", &vault, "broken"),
        ("atacado.d", "secrets/atacado/key", &vault, "broken"),
    ] {
        let folder = Folder::new("reading-stores")
            .with("portaria.yaml", &format!("publicUrl: https://login.loja.example\n{settings}"))
            .with(&format!("{place}/clube-acme.yaml"), &file(&format!("file:{reference}")));
        let keys = ["secrets/key", "secrets/atacado/key", "secrets/b2b/key", "vault/key", "vault/atacado/key"];
        let folder = keys.into_iter().fold(folder, |folder, key| folder.with(key, SECRET));
        let link = |from: &str, to: &str| std::os::unix::fs::symlink(to, folder.0.join(from)).expect("a link can be made");
        link("secrets/to-atacado", "atacado/key");
        link("secrets/atacado/to-main", "../key");

        let (code, out, err) = portaria(&folder.0, &["check", "--json", place], &[]);

        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let state = &answer["files"].as_array().and_then(|files| files.last()).expect("the file is listed")["state"];
        assert_eq!(state, expected, "{place} {reference} {settings}: {code} {out}");
    }
}

/// Attack Y-03
#[test]
fn the_usual_client_variables_open_nothing_of_another_store() {
    let stores =
        "stores: { clube: { publicUrl: https://b.example, providers: clube.d }, b: { publicUrl: https://c.example, providers: b.d } }\n";
    let closed = stores.replace("b.d }", "b.d, filesMayRead: { env: \"{STORE}_{NAME}_*\" } }");
    for (place, variable, settings, expected) in [
        ("b.d", "CLUBE_ACME_CLIENT_SECRET", stores, "broken"),
        ("providers.d", "CLUBE_ACME_CLIENT_SECRET", stores, "broken"),
        ("clube.d", "CLUBE_ACME_CLIENT_SECRET", stores, "dormant"),
        ("providers.d", "CLUBE_ACME_CLIENT_SECRET", "", "dormant"),
        ("b.d", "CLUBE_ACME_CLIENT_SECRET", &closed, "broken"),
        ("b.d", "B_CLUBE_ACME_CLIENT_SECRET", &closed, "dormant"),
    ] {
        let folder = Folder::new("reading-clients")
            .with("portaria.yaml", &format!("publicUrl: https://login.loja.example\n{settings}"))
            .with(&format!("{place}/clube-acme.yaml"), &file(&format!("env:{variable}")));

        let (code, out, err) = portaria(&folder.0, &["check", "--json", place], &[]);

        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let state = &answer["files"].as_array().and_then(|files| files.last()).expect("the file is listed")["state"];
        assert_eq!(state, expected, "{place} {variable} {settings}: {code} {out}");
    }
    // Without a store of that name, what is closed stays closed where the name alone would open it.
    let closed = "stores: { b: { publicUrl: https://c.example, providers: b.d, filesMayRead: { env: \"{STORE}_*\" } } }\n";
    let folder = Folder::new("reading-clients")
        .with("portaria.yaml", &format!("publicUrl: https://login.loja.example\n{closed}"))
        .with("b.d/clube-acme.yaml", &file("env:CLUBE_ACME_CLIENT_SECRET"));
    let (code, out, _) = portaria(&folder.0, &["check", "b.d"], &[]);
    assert!(code == 1 && out.contains("may not read the variable `env:CLUBE_ACME_CLIENT_SECRET`"), "{out}");
}

/// Attack Y-03
#[test]
fn a_file_is_not_named_into_what_belongs_to_a_file_of_another_store() {
    let stores = "stores:\n  clube: { publicUrl: https://b.example, providers: clube.d }\n  outra: { publicUrl: https://c.example, providers: outra.d }\n";
    let named = stores.replace("outra.d }", "outra.d, filesMayRead: { env: [ '{NAME}_*', 'ACME_CLIENT_*', ACME_SHOP_KEY ] } }");
    for (theirs, own, variable, settings, expected) in [
        // The name of a file of the main store, a longer one of it, and a shorter one.
        ("providers.d/acme.yaml", "outra.d/acme.yaml", "ACME_CLIENT_SECRET", stores, "broken"),
        ("providers.d/acme-shop.yaml", "outra.d/acme.yaml", "ACME_SHOP_CLIENT_SECRET", stores, "broken"),
        ("providers.d/acme-shop.yaml", "outra.d/acme.yaml", "ACME_SHOP_KEY", stores, "broken"),
        ("providers.d/acme.yaml", "outra.d/acme-client.yaml", "ACME_CLIENT_SECRET", stores, "broken"),
        ("providers.d/acme_shop.yaml", "outra.d/acme-shop.yaml", "ACME_SHOP_KEY", stores, "broken"),
        ("outra.d/acme-shop.yaml", "providers.d/acme.yaml", "ACME_SHOP_KEY", stores, "broken"),
        ("clube.d/acme.yaml", "outra.d/acme.yaml", "ACME_CLIENT_SECRET", stores, "broken"),
        // What is the file's own stays so, whatever name another file is given.
        ("outra.d/acme.yaml", "providers.d/acme.yaml", "ACME_CLIENT_SECRET", stores, "dormant"),
        ("outra.d/acme-client.yaml", "providers.d/acme.yaml", "ACME_CLIENT_SECRET", stores, "dormant"),
        ("providers.d/acme.yaml", "outra.d/acme-shop.yaml", "ACME_SHOP_KEY", stores, "dormant"),
        ("outra.d/acme-shop.yaml", "outra.d/acme.yaml", "ACME_SHOP_KEY", stores, "dormant"),
        ("providers.d/acme.yaml", "outra.d/acme.yaml", "OUTRA_ACME_CLIENT_SECRET", stores, "dormant"),
        // The settings name it.
        ("providers.d/acme.yaml", "outra.d/acme.yaml", "ACME_CLIENT_SECRET", &named, "dormant"),
        ("providers.d/acme-shop.yaml", "outra.d/acme.yaml", "ACME_SHOP_KEY", &named, "dormant"),
    ] {
        let folder = Folder::new("reading-files-of-others")
            .with("portaria.yaml", &format!("publicUrl: https://login.loja.example\n{settings}"))
            .with(theirs, &file("none"))
            .with(own, &file(&format!("env:{variable}")));

        let (code, out, err) = portaria(&folder.0, &["check", "--json", own], &[]);

        let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let checked = answer["files"].as_array().and_then(|files| files.last()).expect("the file is listed");
        assert_eq!(checked["state"], expected, "{theirs} {own} {variable}: {code} {out}");
        if expected == "broken" {
            let (said, help) = (&checked["complaints"][0]["message"], &checked["complaints"][0]["help"]);
            assert!(said.as_str().is_some_and(|said| said.contains("a provider file of another store")), "{said}");
            let store = if own.starts_with("outra") { "OUTRA" } else { "MAIN" };
            assert!(help.as_str().is_some_and(|help| help.contains(&format!("`env:{store}_{variable}`"))), "{help}");
        }
    }
}

#[test]
fn every_mistake_of_a_file_is_shown_even_beside_others() {
    let folder = installation("reading-broken", "clube-acme", "env:PATH", "");
    let folder = folder.with(
        "providers.d/clube-acme.yaml",
        &file("env:PATH").replace("$.email,", "$.email, nmae: $.n,").replace("getAccessCode", "getAcessCode"),
    );

    let (code, out, _) = portaria(&folder.0, &["check"], &[]);

    assert!(code == 1 && out.contains("getAcessCode") && out.contains("may not read the variable `env:PATH`"), "{out}");
}

#[test]
fn a_new_file_that_would_read_too_much_is_not_written() {
    let folder = installation("reading-new", "clube-acme", "none", "");

    let (code, out, err) = portaria(
        &folder.0,
        &[
            "new",
            "nuvem",
            "--yes",
            "--client-secret",
            "env:AWS_SECRET_ACCESS_KEY",
            "--authorize",
            "https://nuvem.example/a",
            "--token",
            "https://nuvem.example/t",
            "--userinfo",
            "https://nuvem.example/me",
        ],
        &[],
    );

    assert!(code == 2 && err.contains("may not read the variable"), "{code} {out}{err}");
    assert!(!folder.0.join("providers.d/nuvem.yaml").exists());
}

#[actix_web::test]
async fn a_broker_offers_no_provider_that_reads_too_much() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("thief", &STANDARD.replace("SECRET", "env:PATH")).build().await;

    assert_eq!(broker.ask(ClientRequest::get("/login/thief")).await.status, 404);
    assert!(broker.ask(ClientRequest::get("/lab/thief")).await.body.contains("may not read the variable"));
    broker.assert_still_works().await;

    // A change of the settings is judged anew, in both directions.
    broker.resettle(&format!("{LOCAL}filesMayRead: {{ env: [ PATH ], folder: {}/secrets }}\n", broker.folder.0.display()));
    assert_eq!(Browser::new(&broker).get("/login/thief").await.status, 303);
    broker.resettle(&format!("{LOCAL}filesMayRead: {{ env: [ PATH ], folder: {}/other }}\n", broker.folder.0.display()));
    assert_eq!(broker.ask(ClientRequest::get("/login/acme")).await.status, 404);
}
