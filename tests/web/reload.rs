//! Files that change while people log in.

use crate::web::browser::Browser;
use crate::web::client_request::ClientRequest;
use crate::web::test_broker::{LOCAL, STANDARD, TestBroker};
use crate::web::test_provider::{TestProvider, json};
use portaria::apps::client_app::AppAuthentication;

async fn ready(broker: &TestBroker) -> serde_json::Value {
    broker.ask(ClientRequest::get("/health/ready")).await.json()
}

#[actix_web::test]
async fn a_changed_file_takes_effect_and_a_new_one_is_offered() {
    let broker = TestBroker::open().await;

    broker.rewrite("acme", &STANDARD.replace("loja-42", "loja-43"));
    broker.rewrite("gama", &STANDARD.replace("Clube Acme", "Clube Gama"));

    let begun = Browser::new(&broker).begin("/login/acme").await;
    assert!(begun.query.contains(&("client_id".to_owned(), "loja-43".to_owned())));
    assert_eq!(Browser::new(&broker).log_in("gama", "ana").await.status, 303);
    assert!(broker.ask(ClientRequest::get("/login")).await.body.contains("Clube Gama"));
}

#[actix_web::test]
async fn a_broken_or_half_written_file_leaves_the_last_good_version_and_is_told_of() {
    let broker = TestBroker::open().await;

    for broken in [
        "",
        "name: [",
        "name: Clube Acme\n",
        &STANDARD[..STANDARD.len() / 2],
        "\u{0}",
        "name: *x\n",
        &STANDARD.replace("clientId", "clienteId"),
        &"a: b\n".repeat(100_000),
        &"[".repeat(50_000),
    ] {
        broker.rewrite("acme", broken);
        let browser = Browser::new(&broker);
        assert_eq!(browser.log_in("acme", "ana").await.status, 303, "{}", &broken[..broken.len().min(60)]);
        let told = ready(&broker).await;
        assert_eq!((told["ready"].as_bool(), told["broken"].as_array().map(Vec::len)), (Some(true), Some(1)), "{told}");
        assert_eq!(told["broken"][0]["lastGoodServes"], true);
        assert!(!told.to_string().contains(&broker.mark), "{told}");
    }
    broker.rewrite("acme", STANDARD);
    assert_eq!(ready(&broker).await["broken"].as_array().map(Vec::len), Some(0));
    broker.assert_still_works().await;
}

#[actix_web::test]
async fn a_folder_that_is_gone_leaves_its_providers_live_and_is_complained_of_until_it_is_back() {
    let broker = TestBroker::open().await;
    let (folder, elsewhere) = (broker.folder.0.join("providers.d"), broker.folder.0.join("elsewhere.d"));
    let up_to_date = async || {
        let metrics = broker.ask(ClientRequest::get("/metrics")).await.body;
        metrics.lines().find_map(|line| line.strip_prefix("portaria_configuration_up_to_date ")).map(str::to_owned)
    };

    std::fs::rename(&folder, &elsewhere).expect("it can be moved");
    broker.look_again();
    assert_eq!(Browser::new(&broker).log_in("acme", "ana").await.status, 303);
    let told = ready(&broker).await;
    assert_eq!(told["ready"], true);
    assert!(told["complaints"].to_string().contains("the folder of provider files is gone; its providers stay live"), "{told}");
    assert_eq!(up_to_date().await.as_deref(), Some("0"));
    assert!(broker.logged().contains("the folder of provider files is gone"));

    std::fs::write(&folder, "").expect("it can be written");
    broker.look_again();
    assert!(ready(&broker).await["complaints"].to_string().contains("cannot be listed (not a directory"), "{}", ready(&broker).await);
    assert_eq!(Browser::new(&broker).log_in("acme", "ana").await.status, 303);

    std::fs::remove_file(&folder).expect("it is there");
    std::fs::rename(&elsewhere, &folder).expect("it can be moved");
    broker.look_again();
    assert_eq!(ready(&broker).await["complaints"], serde_json::json!([]));
    assert_eq!(up_to_date().await.as_deref(), Some("1"));
    std::fs::remove_file(folder.join("acme.yaml")).expect("it is there");
    broker.look_again();
    assert_eq!(broker.ask(ClientRequest::get("/login/acme")).await.status, 404, "a file that is removed is meant");
}

#[actix_web::test]
async fn a_file_that_was_never_good_is_not_there_and_keeps_no_other_from_working() {
    let broker = TestBroker::builder(LOCAL).with_standard("acme").with("broken", "name: [").build().await;

    assert_eq!(broker.ask(ClientRequest::get("/login/broken")).await.status, 404);
    assert_eq!(ready(&broker).await["broken"][0]["lastGoodServes"], false);
    broker.assert_still_works().await;
}

/// Attack Y-15
#[actix_web::test]
async fn a_login_ends_with_the_version_with_which_it_began() {
    let broker = TestBroker::open().await;
    let elsewhere = TestProvider::open("", "nobody");
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;

    broker.rewrite("acme", &STANDARD.replace("UPSTREAM", &elsewhere.url()).replace("name: Clube Acme", "name: Clube Novo"));
    let answer = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!((broker.upstream.asked("/token"), elsewhere.connections()), (1, 0), "the code goes to no one whom it was not meant for");
    let next = Browser::new(&broker).begin("/login/acme").await;
    assert!(next.answer.location().expect("it leads on").starts_with(&elsewhere.url()));
}

#[actix_web::test]
async fn a_login_survives_more_than_one_change() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;

    for at in 0..20 {
        broker.rewrite("acme", &STANDARD.replace("loja-42", &format!("loja-{at}")));
    }
    broker.rewrite("acme", "name: [");

    assert_eq!(browser.get(&browser.way_back("acme", &begun.state, "ana")).await.status, 303);
    assert_eq!(broker.upstream.heard()[0].field("client_id").as_deref(), Some("loja-42"));
}

/// Lessons 25, 26
/// Attack Y-15
#[actix_web::test]
async fn a_provider_that_is_deleted_or_switched_off_lets_nobody_in_any_more() {
    for (what, gone) in [
        ("deleted", None),
        ("switched off", Some(format!("enabled: false\n{STANDARD}"))),
        ("waiting for a secret", Some(STANDARD.replace("SECRET", "env:BETA_NOT_SET_ANYWHERE"))),
    ] {
        let broker = TestBroker::open().await;
        let browser = Browser::new(&broker);
        let begun = browser.begin("/login/beta").await;

        if let Some(text) = &gone {
            broker.rewrite("beta", text);
        } else {
            std::fs::remove_file(broker.folder.0.join("providers.d/beta.yaml")).expect("it was there");
            broker.look_again();
        }
        let answer = browser.get(&browser.way_back("beta", &begun.state, "ana")).await;

        assert_eq!(answer.status, 404, "{what}: {answer:?}");
        broker.assert_clean(&answer);
        assert!(broker.upstream.heard().is_empty());
        assert_eq!(broker.ask(ClientRequest::get("/login/beta")).await.status, 404);
        broker.assert_still_works().await;
    }
}

/// Attack Y-15
#[actix_web::test]
async fn a_changed_secret_is_used_by_logins_that_are_under_way() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme").await;
    let right = format!("{}-secret", broker.mark);

    broker.folder.write("secrets/acme", "something else entirely");
    broker.look_again();
    let wrong = Browser::new(&broker).log_in("acme", "ana").await;
    broker.folder.write("secrets/acme", &right);
    broker.look_again();

    assert_eq!(wrong.status, 502, "{wrong:?}");
    assert_eq!(browser.get(&browser.way_back("acme", &begun.state, "ana")).await.status, 303);
}

#[actix_web::test]
async fn odd_things_in_the_folder_harm_nobody() {
    let broker = TestBroker::open().await;
    let folder = broker.folder.0.join("providers.d");
    std::fs::create_dir(folder.join("a_folder.yaml")).expect("a folder can be made");
    std::os::unix::fs::symlink("/dev/zero", folder.join("endless.yaml")).expect("a link can be made");
    std::os::unix::fs::symlink("/nowhere", folder.join("dangling.yaml")).expect("a link can be made");
    std::os::unix::fs::symlink(&folder, folder.join("itself.yaml")).expect("a link can be made");
    for name in [".hidden", "acme.yaml~", "b c", "\u{202e}x", "acme.examples"] {
        std::fs::write(folder.join(format!("{name}.yaml")), STANDARD).expect("a file can be written");
    }
    std::fs::write(folder.join("large.yaml"), vec![b'#'; 1 << 20]).expect("a file can be written");

    broker.look_again();
    broker.look_again();

    broker.assert_still_works().await;
    assert_eq!(broker.ask(ClientRequest::get("/login/.hidden")).await.status, 404);
    let page = broker.ask(ClientRequest::get("/login")).await;
    assert!(page.status == 200 && !page.body.contains('\u{202e}'));
}

#[actix_web::test]
async fn a_storm_of_changes_never_shows_half_of_anything() {
    let broker = TestBroker::open().await;
    for at in 0..100 {
        broker.rewrite("acme", &if at % 3 == 0 { "name: [".to_owned() } else { STANDARD.replace("loja-42", &format!("loja-{at}")) });
        let begun = Browser::new(&broker).begin("/login/acme").await;
        assert_eq!(begun.query.iter().filter(|(name, value)| name == "client_id" && value.starts_with("loja-")).count(), 1);
    }
    broker.assert_still_works().await;
}

#[actix_web::test]
async fn a_place_that_is_no_longer_listed_is_not_gone_to_by_a_login_under_way() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    let begun = browser.begin("/login/acme?return_to=http://localhost:9000/carrinho").await;

    broker.resettle(&LOCAL.replace("localhost:9000", "localhost:9001"));
    let answer = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;

    assert_eq!((answer.status, answer.location()), (303, Some("http://localhost:9001/")), "{answer:?}");
}

#[actix_web::test]
async fn mail_leaves_as_before_while_its_password_is_not_there() {
    let broker = TestBroker::open().await;
    let file = broker.folder.0.join("password");
    let mail =
        format!("smtp: smtps://mail.loja.example, from: conta@loja.example, user: \"file:{0}\", password: \"file:{0}\"", file.display());
    let settings = format!("{LOCAL}mail: {{ {mail} }}\n");
    let leaves = || broker.front("localhost:8080").mailer.is_some();

    broker.resettle(&settings);
    assert!(!leaves(), "it was never there");
    assert!(broker.logged().contains("a part of the settings is not in use"), "{}", broker.logged());
    broker.folder.write("password", "geheim");
    broker.resettle(&settings);
    assert!(leaves() && broker.app.complaints(portaria::world::clock::now()).is_empty());

    std::fs::remove_file(&file).expect("it was there");
    broker.resettle(&settings);
    assert!(leaves(), "the last good one serves");
    assert!(
        broker
            .app
            .complaints(portaria::world::clock::now())
            .iter()
            .any(|complaint| complaint.starts_with("`mail`: ") && complaint.contains(" is not set")),
        "{:?}",
        broker.app.complaints(portaria::world::clock::now())
    );
    broker.resettle(LOCAL);
    assert!(!leaves() && broker.app.complaints(portaria::world::clock::now()).is_empty(), "without `mail` none is wanted");
}

#[actix_web::test]
async fn the_secret_of_an_app_is_followed_and_while_it_is_missing_no_secret_is_right() {
    let broker = TestBroker::open().await;
    let file = broker.folder.0.join("painel");
    let settings = format!(
        "{LOCAL}apps: {{ painel: {{ secret: \"file:{}\", redirectUris: https://painel.loja.example/cb, providers: [ acme, zeta ] }} }}\n",
        file.display()
    );
    let proves = |secret: &str| {
        let live_store = broker.front("localhost:8080");
        let app = live_store.apps.find("painel").expect("the app is known");
        matches!(app.authentication, AppAuthentication::Secret(digest) if digest.matches(secret))
    };
    let complaints = || broker.app.complaints(portaria::world::clock::now());

    assert!(!broker.front("localhost:8080").needs_rsa());
    broker.resettle(&settings);
    assert!(!proves("") && broker.front("localhost:8080").needs_rsa());
    assert!(complaints().iter().any(|complaint| complaint.contains("the app `painel` of the store `main` cannot sign anyone in")));
    assert!(broker.logged().contains("a part of the settings is not in use"), "{}", broker.logged());

    for secret in ["geheim-eins", "geheim-zwei"] {
        broker.folder.write("painel", secret);
        broker.resettle(&settings);
        assert!(proves(secret) && !proves("geheim") && !proves(""));
    }
    assert!(!proves("geheim-eins"), "the old one is not accepted any more");
    let left = complaints();
    assert!(left.len() == 1 && left[0].contains("names the provider `zeta`, which has no file there"), "{left:?}");

    std::fs::remove_file(&file).expect("it was there");
    broker.resettle(&settings);
    assert!(!proves("geheim-zwei"));
    broker.resettle(LOCAL);
    assert!(broker.front("localhost:8080").apps.find("painel").is_none() && complaints().is_empty());
}

#[actix_web::test]
async fn a_cookie_of_another_name_is_another_cookie() {
    let broker = TestBroker::open().await;
    let browser = Browser::new(&broker);
    browser.log_in("acme", "ana").await;
    let ask = ClientRequest::get("/auth").with("cookie", browser.cookies());
    assert_eq!(broker.ask(ask.clone()).await.status, 200);

    broker.resettle(&format!("{LOCAL}session: {{ cookie: loja, alsoCookie: antiga }}\n"));

    assert_eq!(broker.ask(ask).await.status, 401, "what was judged before is judged anew");
    let answer = browser.log_in("acme", "ana").await;
    let names: Vec<&str> = answer.cookies().iter().map(|(name, ..)| *name).collect();
    assert_eq!(names[..2], ["loja", "antiga"]);
    let token = answer.cookies()[0].1.to_owned();
    for (cookie, expected) in [("loja", 200), ("antiga", 200), ("portaria", 401)] {
        assert_eq!(broker.ask(ClientRequest::get("/auth").with("cookie", format!("{cookie}={token}"))).await.status, expected, "{cookie}");
    }
    let out = browser.ask(ClientRequest::form("/logout", "")).await;
    assert_eq!(
        out.cookies().iter().map(|(name, value, _)| (*name, value.is_empty())).collect::<Vec<_>>(),
        [("loja", true), ("antiga", true)]
    );
}

#[actix_web::test]
async fn logins_that_begin_at_once_ask_for_a_document_only_now_and_then() {
    let broker = TestBroker::builder(LOCAL)
        .with_standard("acme")
        .with("openid", "name: X\nclientId: c\nclientSecret: SECRET\ndiscovery: UPSTREAM\n")
        .build()
        .await;

    let answers = broker.ask_at_once(vec![ClientRequest::get("/login/openid"); 200]).await;

    assert!(answers.iter().all(|answer| answer.status == 502));
    assert!(broker.upstream.heard().len() <= 4, "{} asked", broker.upstream.heard().len());
    broker.assert_still_works().await;
}

#[actix_web::test]
async fn keys_that_are_no_keys_of_ours_do_not_become_so_by_a_document() {
    let broker = TestBroker::builder(LOCAL)
        .with_standard("acme")
        .with("openid", "name: X\nclientId: c\nclientSecret: SECRET\ndiscovery: UPSTREAM\n")
        .build()
        .await;
    for document in [
        "{}",
        "[]",
        "{\"issuer\":7}",
        "<html>",
        "{\"issuer\":\"https://evil.example\",\"authorization_endpoint\":\"https://evil.example/a\"}",
    ] {
        broker.upstream.says("/.well-known/openid-configuration", json(200, document));
        for _ in 0..10 {
            let answer = broker.ask(ClientRequest::get("/login/openid")).await;
            assert_eq!(answer.status, 502, "{document}: {answer:?}");
            broker.assert_clean(&answer);
        }
    }

    assert!(broker.upstream.heard().iter().all(|heard| heard.path == "/.well-known/openid-configuration"));
    assert!(broker.upstream.heard().len() <= 3, "who begins again and again does not make us ask again and again");
    broker.assert_still_works().await;
}

/// Attack Y-14
#[actix_web::test]
async fn files_that_could_not_be_read_again_for_a_minute_are_complained_about() {
    let broker = TestBroker::open().await;
    let now = portaria::world::clock::now();

    let complaints = broker.app.complaints(now + 120);

    assert!(broker.app.complaints(now).is_empty());
    let about = |what: &str| complaints.iter().any(|complaint| complaint.contains(what) && complaint.contains("could not be read again"));
    assert!(about("the settings") && about("providers.d"), "{complaints:?}");
}
