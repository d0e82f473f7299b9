//! The provider's own tokens, kept for apps that the settings name: who gets them, how they are refreshed, and when they are forgotten.

use crate::database::Server;
use crate::try_command::free_port;
use crate::web::apps::client::{self, code, redeem, text};
use crate::web::browser::Browser;
use crate::web::client_request::{Answer, ClientRequest};
use crate::web::mailbox::Mailbox;
use crate::web::prove;
use crate::web::test_broker::{STANDARD, TestBroker, TestBrokerBuilder, until};
use crate::web::test_provider::{ReceivedRequest, json};
use portaria::directory::audit::{AuditActor, AuditEventKind, ListAuditEvents};
use portaria::directory::identity_links::UnlinkIdentity;
use portaria::directory::incidents::LoadIncident;
use portaria::directory::kept_tokens::FindProviderTokens;
use portaria::directory::users::{BlockUser, FindUserByEmail};
use portaria::vocabulary::email::Email;
use portaria::world::clock;
use serde_json::{Value, json as value};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// How the provider answers.
struct Tokens {
    /// How many refreshes there were.
    refreshed: AtomicUsize,
    /// What a token answer says besides the access token.
    at_login: Mutex<Value>,
    at_refresh: Mutex<Value>,
    /// What is answered to a refresh instead.
    refusal: Mutex<Option<(u16, String)>>,
    /// Whether refreshes wait.
    waits: AtomicBool,
}

struct World {
    broker: TestBroker,
    master: String,
    tokens: Arc<Tokens>,
}

fn settings() -> String {
    let named = client::settings().replace("    signing: ES256\n  other:", "    tokens: [ acme, beta ]\n    signing: ES256\n  other:");
    assert_ne!(named, client::settings(), "`painel` is named for the tokens");
    format!("{named}providers: FOLDER/providers.d\n")
}

fn keeping(more: &str) -> String {
    format!("{STANDARD}keepTokens: true\n{more}")
}

impl World {
    async fn open() -> Self {
        Self::with(&keeping(""), false).await
    }

    async fn with(file: &str, server: bool) -> Self {
        let mut plan = TestBroker::builder(&settings()).with("acme", file).with_standard("beta");
        if server {
            plan = plan.at(Server::shared().database().await.1);
        }
        let master = plan.master();
        let broker = plan.build().await;
        let tokens = Arc::new(Tokens {
            refreshed: AtomicUsize::new(0),
            at_login: Mutex::new(value!({ "token_type": "Bearer", "expires_in": 3600, "scope": "perfil pedidos" })),
            at_refresh: Mutex::new(value!({ "token_type": "bearer", "expires_in": 3600 })),
            refusal: Mutex::new(None),
            waits: AtomicBool::new(false),
        });
        let (answering, mark) = (Arc::clone(&tokens), broker.mark.clone());
        broker.upstream.answers("/token", move |heard, to| drop(to.write_all(&answering.answer(heard, &mark))));
        Self { broker, master, tokens }
    }

    /// The provider gives a refresh token at the login, and the access token has so many seconds.
    fn gives_refresh_token(&self, expires_in: u32) {
        let refresh = format!("{}-rt-0", self.broker.mark);
        *self.tokens.at_login.lock().expect("a lock") = value!({ "expires_in": expires_in, "refresh_token": refresh, "scope": "perfil" });
    }

    async fn signed_in(&self, who: &str) -> (Browser, String) {
        let browser = client::signed_in(&self.broker, who).await;
        let access = text(&redeem(&self.broker, &code(&browser, "").await).await, "access_token");
        (browser, access)
    }

    async fn fetch(&self, access: &str) -> Answer {
        self.broker.ask(fetch_of("acme", access)).await
    }

    async fn uid(&self, who: &str) -> Box<str> {
        let email = Email::parse(&format!("{who}@clientes.example")).expect("an address");
        let found = self.broker.app.directory.read(FindUserByEmail { store: "main".into(), email }).await.expect("storage");
        found.expect("a user").user.uid
    }

    async fn are_kept(&self, who: &str) -> bool {
        let find = FindProviderTokens { store: "main".into(), uid: self.uid(who).await, provider: "acme".into() };
        self.broker.app.directory.read(find).await.expect("storage").is_some()
    }

    fn refreshes(&self) -> Vec<ReceivedRequest> {
        let is_refresh = |heard: &ReceivedRequest| heard.field("grant_type").as_deref() == Some("refresh_token");
        self.broker.upstream.heard().into_iter().filter(is_refresh).collect()
    }

    fn token(&self, name: &str) -> String {
        format!("{}-{name}", self.broker.mark)
    }
}

impl Tokens {
    fn answer(&self, heard: &ReceivedRequest, mark: &str) -> Vec<u8> {
        if heard.field("grant_type").as_deref() == Some("authorization_code") {
            let who = heard.field("code").and_then(|code| code.rsplit('-').next().map(str::to_owned)).unwrap_or_default();
            let mut answer = self.at_login.lock().expect("a lock").clone();
            answer["access_token"] = format!("{mark}-at-{who}").into();
            return json(200, &answer.to_string());
        }
        while self.waits.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        if let Some((status, body)) = &*self.refusal.lock().expect("a lock") {
            return json(*status, body);
        }
        let spent = self.refreshed.fetch_add(1, Ordering::SeqCst);
        if heard.field("refresh_token") != Some(format!("{mark}-rt-{spent}")) {
            return json(400, "{\"error\":\"invalid_grant\"}");
        }
        let mut answer = self.at_refresh.lock().expect("a lock").clone();
        answer["access_token"] = format!("{mark}-fresh-{}", spent + 1).into();
        answer["refresh_token"] = format!("{mark}-rt-{}", spent + 1).into();
        json(200, &answer.to_string())
    }
}

fn fetch_of(provider: &str, access: &str) -> ClientRequest {
    ClientRequest::get(&format!("/apps/tokens/{provider}")).with("authorization", format!("Bearer {access}"))
}

#[actix_web::test]
async fn an_app_that_the_settings_name_gets_the_access_token_and_nothing_else() {
    let world = World::open().await;
    world.gives_refresh_token(3600);
    let (_, access) = world.signed_in("ana").await;

    let answer = world.fetch(&access).await;

    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["accessToken"], world.token("at-ana"));
    assert_eq!((&body["tokenType"], &body["scope"]), (&value!("Bearer"), &value!("perfil")));
    assert!(body["expiresAt"].as_str().is_some_and(|moment| moment.ends_with('Z')), "{body}");
    assert_eq!(body.as_object().expect("an object").len(), 4, "{body}");
    assert!(world.refreshes().is_empty());
    let stored = String::from_utf8_lossy(&world.broker.stored()).into_owned();
    assert!(!stored.contains(&world.broker.mark) && !world.broker.logged().contains(&world.broker.mark), "tokens are sealed");
    world.fetch(&access).await;
    let list = ListAuditEvents { store: None, provider: None, before: None, most: 100 };
    let events = world.broker.app.directory.read(list).await.expect("storage").events;
    let fetched: Vec<_> = events.iter().filter(|event| event.what == AuditEventKind::TokenFetched).collect();
    assert_eq!(fetched.len(), 1, "once an hour: {events:?}");
    assert_eq!((fetched[0].provider.as_deref(), fetched[0].evidence.as_deref()), (Some("acme"), Some("painel")));
    assert_eq!(fetched[0].uid.as_deref(), Some(&*world.uid("ana").await));
}

#[actix_web::test]
async fn an_access_token_without_an_expiry_is_handed_out_as_it_is() {
    let world = World::open().await;
    *world.tokens.at_login.lock().expect("a lock") = value!({ "expires_in": 0 });
    let (_, access) = world.signed_in("ana").await;

    let body = world.fetch(&access).await.json();

    let expected = value!({ "accessToken": world.token("at-ana"), "tokenType": "Bearer", "expiresAt": null, "scope": null });
    assert_eq!(body, expected);
}

/// Attack V-05
#[actix_web::test]
async fn no_one_else_gets_it() {
    let world = World::open().await;
    let (browser, access) = world.signed_in("ana").await;
    let request = "/authorize?client_id=other&redirect_uri=https://other.example/cb&response_type=code&scope=openid&state=s";
    let replied = browser.get(request).await;
    let code = replied.location().and_then(|to| to.split_once("code=")?.1.split('&').next()).expect("a code").to_owned();
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri=https://other.example/cb");
    let of_other = text(&world.broker.ask(client::by("other", "/token", &form)).await, "access_token");
    let of_session = browser.cookies().split('=').next_back().unwrap_or_default().to_owned();

    for (request, status, error) in [
        (ClientRequest::get("/apps/tokens/acme"), 401, "invalid_token"),
        (fetch_of("acme", "x.y.z"), 401, "invalid_token"),
        (fetch_of("acme", &of_session), 401, "invalid_token"),
        (ClientRequest::get(&format!("/apps/tokens/acme?access_token={access}")), 401, "invalid_token"),
        (ClientRequest::get("/apps/tokens/acme").with("authorization", format!("Basic {access}")), 401, "invalid_token"),
        (fetch_of("acme", &of_other), 403, "insufficient_scope"),
        (fetch_of("nenhum", &access), 403, "insufficient_scope"),
        (fetch_of("beta", &access), 404, "noTokens"),
    ] {
        let answer = world.broker.ask(request).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{answer:?}");
        assert_eq!(answer.header("www-authenticate").is_some(), status != 404, "{answer:?}");
        world.broker.assert_silent(&answer);
    }
    let post = ClientRequest::form("/apps/tokens/acme", "").with("authorization", format!("Bearer {access}"));
    assert_eq!(world.broker.ask(post).await.status, 405);
    world.broker.resettle(&settings().replace("tokens: [ acme, beta ]", "tokens: []").replace("providers: FOLDER/providers.d\n", ""));
    assert_eq!(world.fetch(&access).await.status, 403, "the settings of the moment count");
}

#[actix_web::test]
async fn of_twenty_requests_at_two_brokers_at_once_one_refreshes() {
    for server in [false, true] {
        let world = World::with(&keeping(""), server).await;
        world.gives_refresh_token(30);
        let (_, access) = world.signed_in("ana").await;
        let other = TestBrokerBuilder::beside(&world.broker, &settings(), &world.master).build().await;

        let asks = || vec![fetch_of("acme", &access); 10];
        let there = actix_web::rt::spawn({
            let (other, asks) = (other.clone(), asks());
            async move { other.ask_at_once(asks).await }
        });
        let mut answers = world.broker.ask_at_once(asks()).await;
        answers.extend(there.await.expect("nothing panics"));

        assert_eq!(answers.len(), 20);
        for answer in &answers {
            assert_eq!((answer.status, answer.json()["accessToken"].as_str()), (200, Some(&*world.token("fresh-1"))), "{answer:?}");
        }
        let refreshes = world.refreshes();
        assert_eq!(refreshes.len(), 1, "the provider accepts a refresh token once");
        let names: Vec<String> = refreshes[0].form().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["grant_type", "refresh_token", "client_id", "client_secret"]);
    }
}

#[actix_web::test]
async fn a_rotated_refresh_token_replaces_the_one_before_and_otherwise_it_stays() {
    let world = World::open().await;
    world.gives_refresh_token(30);
    *world.tokens.at_refresh.lock().expect("a lock") = value!({ "expires_in": 30 });
    let (_, access) = world.signed_in("ana").await;

    for turn in 1..=3 {
        let body = world.fetch(&access).await.json();
        assert_eq!(body["accessToken"], world.token(&format!("fresh-{turn}")), "{body}");
        assert_eq!(body["scope"], "perfil", "what the answer lacks stays as it was");
    }

    let sent: Vec<_> = world.refreshes().iter().filter_map(|refresh| refresh.field("refresh_token")).collect();
    assert_eq!(sent, ["rt-0", "rt-1", "rt-2"].map(|name| world.token(name)));
    world.broker.upstream.says("/token", json(200, "{\"access_token\":\"z\",\"expires_in\":30}"));
    for _ in 0..2 {
        assert_eq!(world.fetch(&access).await.json()["accessToken"], "z");
    }
    let sent: Vec<_> = world.refreshes().iter().filter_map(|refresh| refresh.field("refresh_token")).collect();
    assert_eq!(sent[3..], [world.token("rt-3"), world.token("rt-3")]);
}

#[actix_web::test]
async fn a_refused_refresh_token_is_forgotten_and_support_reads_why() {
    let world = World::open().await;
    world.gives_refresh_token(30);
    let (_, access) = world.signed_in("ana").await;
    let refusal = format!("{{\"error\":\"invalid_grant\",\"error_description\":\"revoked {}\"}}", world.token("rt-0"));
    *world.tokens.refusal.lock().expect("a lock") = Some((400, refusal));

    let answer = world.fetch(&access).await;

    assert_eq!((answer.status, answer.json()["error"].as_str()), (404, Some("noTokens")), "{answer:?}");
    world.broker.assert_silent(&answer);
    assert!(!world.are_kept("ana").await);
    assert_eq!(world.fetch(&access).await.status, 404);
    assert_eq!(world.refreshes().len(), 1);
    let story = story_of_refresh(&world).await;
    assert_eq!((&story["step"], &story["code"], &story["byProvider"]), (&value!("refresh"), &value!("invalid_grant"), &value!(true)));
    assert_eq!(story["exchanges"][0]["step"], "refresh");
    assert!(!story.to_string().contains(&world.broker.mark), "{story}");
}

#[actix_web::test]
async fn while_the_provider_is_down_the_tokens_stay_and_a_live_one_is_handed_out() {
    let world = World::open().await;
    world.gives_refresh_token(2);
    let (_, access) = world.signed_in("ana").await;
    *world.tokens.refusal.lock().expect("a lock") = Some((503, "{}".to_owned()));

    let mut answer = world.fetch(&access).await;
    while answer.status == 200 {
        assert_eq!(answer.json()["accessToken"], world.token("at-ana"), "it has not expired yet");
        actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
        answer = world.fetch(&access).await;
    }

    assert_eq!((answer.status, answer.json()["error"].as_str()), (503, Some("temporarily_unavailable")), "{answer:?}");
    let seconds: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=5).contains(&seconds), "{seconds}");
    assert!(world.are_kept("ana").await);
    assert!(world.refreshes().len() <= 2, "the provider is left in peace for a moment");
    *world.tokens.refusal.lock().expect("a lock") = None;
    let mut answer = world.fetch(&access).await;
    for _ in 0..400 {
        if answer.status == 200 {
            break;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
        answer = world.fetch(&access).await;
    }
    assert_eq!(answer.json()["accessToken"], world.token("fresh-1"), "{answer:?}");
}

#[actix_web::test]
async fn another_refusal_keeps_the_tokens_and_asks_for_a_new_login() {
    let world =
        World::with(&keeping("refresh: { post: \"UPSTREAM/token\", refused: { at: $.error, is: used_up, code: invalid_grant } }\n"), false)
            .await;
    world.gives_refresh_token(1);
    for (refusal, kept) in [("{\"error\":\"odd\"}", true), ("{\"error\":\"used_up\"}", false)] {
        let (_, access) = world.signed_in("ana").await;
        *world.tokens.refusal.lock().expect("a lock") = Some((400, refusal.to_owned()));

        let mut answer = world.fetch(&access).await;
        while answer.status == 200 {
            actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
            answer = world.fetch(&access).await;
        }

        assert!(matches!(answer.status, 404 | 503), "{answer:?}");
        assert_eq!(world.are_kept("ana").await, kept, "{refusal}");
        *world.tokens.refusal.lock().expect("a lock") = None;
    }
}

/// Attack D-10
#[actix_web::test]
async fn a_refresh_that_is_under_way_serves_nothing_once_the_person_is_blocked_or_the_identity_removed() {
    for blocks in [true, false] {
        let world = World::open().await;
        world.gives_refresh_token(30);
        let (_, access) = world.signed_in("ana").await;
        let uid = world.uid("ana").await;
        world.tokens.waits.store(true, Ordering::SeqCst);
        let (broker, ask) = (world.broker.clone(), fetch_of("acme", &access));
        let fetching = actix_web::rt::spawn(async move { broker.ask(ask).await });
        until("the provider is asked", || !world.refreshes().is_empty()).await;

        let directory = &world.broker.app.directory;
        if blocks {
            directory.write(BlockUser { store: "main".into(), uid, blocked: true, now: clock::now() }).await.expect("storage");
        } else {
            let (store, provider) = ("main".into(), "acme".into());
            let by = AuditActor::Support;
            let unlink = UnlinkIdentity { store, uid, provider, provider_id: None, except: None, by, even_last: true, now: clock::now() };
            directory.write(unlink).await.expect("storage");
        }
        world.tokens.waits.store(false, Ordering::SeqCst);
        let answer = fetching.await.expect("nothing panics");

        assert!(matches!(answer.status, 401 | 404), "{answer:?}");
        world.broker.assert_silent(&answer);
        assert!(!world.are_kept("ana").await);
    }
}

#[actix_web::test]
async fn an_app_that_hangs_up_does_not_lose_the_refresh_token() {
    let world = World::open().await;
    world.gives_refresh_token(30);
    let (_, access) = world.signed_in("ana").await;
    world.tokens.waits.store(true, Ordering::SeqCst);
    let (broker, ask) = (world.broker.clone(), fetch_of("acme", &access));
    let fetching = actix_web::rt::spawn(async move { broker.ask(ask).await });
    until("the provider is asked", || !world.refreshes().is_empty()).await;

    fetching.abort();
    world.tokens.waits.store(false, Ordering::SeqCst);

    let answer = world.fetch(&access).await;
    assert_eq!(answer.json()["accessToken"], world.token("fresh-1"), "{answer:?}");
    assert_eq!(world.refreshes().len(), 1);
}

/// Attack D-10
#[actix_web::test]
async fn a_row_that_is_moved_to_another_person_does_not_open() {
    let world = World::open().await;
    let ((_, of_ana), (_, of_bia)) = (world.signed_in("ana").await, world.signed_in("bia").await);
    let (ana, bia) = (world.uid("ana").await, world.uid("bia").await);
    let file = rusqlite::Connection::open(world.broker.folder.0.join("portaria.db")).expect("a file");
    let moved = "UPDATE kept_tokens SET sealed = (SELECT k.sealed FROM kept_tokens k WHERE k.uid = ?1) WHERE uid = ?2";

    assert_eq!(file.execute(moved, [&*ana, &*bia]).expect("a statement"), 1);

    assert_eq!(world.fetch(&of_bia).await.status, 404);
    assert_eq!(world.fetch(&of_ana).await.json()["accessToken"], world.token("at-ana"));
    assert!(!world.are_kept("bia").await);
}

#[actix_web::test]
async fn tokens_are_not_refreshed_where_the_file_points_elsewhere() {
    let world = World::open().await;
    world.gives_refresh_token(30);
    let (_, access) = world.signed_in("ana").await;

    world.broker.rewrite("acme", &keeping("refresh: { post: \"http://127.0.0.1:9/token\" }\n"));

    assert_eq!(world.fetch(&access).await.status, 404);
    assert!(world.refreshes().is_empty() && !world.are_kept("ana").await);
}

#[actix_web::test]
async fn a_login_without_a_refresh_token_goes_on_with_the_one_of_the_same_person() {
    let world = World::open().await;
    world.gives_refresh_token(30);
    world.signed_in("ana").await;
    *world.tokens.at_login.lock().expect("a lock") = value!({ "expires_in": 30 });
    let (_, access) = world.signed_in("ana").await;

    assert_eq!(world.fetch(&access).await.json()["accessToken"], world.token("fresh-1"));
    assert_eq!(world.refreshes()[0].field("refresh_token"), Some(world.token("rt-0")));
}

#[actix_web::test]
async fn tokens_are_kept_of_an_identity_that_is_linked_and_not_where_the_file_does_not_keep_them() {
    let world = World::open().await;
    let browser = Browser::new(&world.broker);
    browser.log_in("beta", "ana").await;
    let access = text(&redeem(&world.broker, &code(&browser, "").await).await, "access_token");
    assert_eq!((world.fetch(&access).await.status, world.broker.ask(fetch_of("beta", &access)).await.status), (404, 404));
    let page = browser.get("/account").await;
    let (_, rest) = page.body.split_once("name=\"form\" value=\"").expect("a form");
    let form = rest.split('"').next().unwrap_or_default();
    let begun = browser.ask(ClientRequest::form("/account/link/acme", &format!("form={form}"))).await;
    let url = url::Url::parse(begun.location().expect("it leads somewhere")).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();

    let linked = browser.get(&browser.way_back("acme", &state, "outra")).await;

    assert_eq!(linked.location(), Some("/account?done=linked"), "{linked:?}");
    let answer = world.fetch(&access).await;
    assert_eq!(answer.json()["accessToken"], world.token("at-outra"), "{answer:?}");
}

#[actix_web::test]
async fn a_person_who_ends_the_access_of_the_last_app_leaves_no_tokens_behind() {
    let world = World::open().await;
    world.gives_refresh_token(3600);
    let (browser, access) = world.signed_in("ana").await;
    assert!(world.are_kept("ana").await);
    let form = prove::mark(&browser.get("/account").await);

    let ended = browser.ask(ClientRequest::form("/account/apps/end", &format!("form={form}&app=painel"))).await;

    assert_eq!(ended.location(), Some("/account?done=ended"), "{ended:?}");
    assert!(!world.are_kept("ana").await);
    assert_eq!(world.fetch(&access).await.status, 401);
}

#[actix_web::test]
async fn tokens_that_no_app_may_fetch_are_not_kept() {
    let world = World::open().await;
    world.gives_refresh_token(3600);
    let plain = settings().replace("tokens: [ acme, beta ]", "tokens: [ beta ]").replace("providers: FOLDER/providers.d\n", "");
    world.broker.resettle(&plain);

    world.signed_in("ana").await;

    assert!(!world.are_kept("ana").await);
}

#[actix_web::test]
async fn tokens_of_a_person_who_has_to_prove_an_address_wait_for_the_proof() {
    let mailbox = Mailbox::open();
    let file = keeping("trustEmail: never\nmissingEmail: ask\n").replace(", emailVerified: $.verified", "");
    let plan = TestBroker::builder(&format!("{}{}", mailbox.settings(), settings())).with("acme", &file);
    let broker = plan.build().await;
    let mark = broker.mark.clone();
    broker.upstream.answers("/token", move |heard, to| {
        let who = heard.field("code").and_then(|code| code.rsplit('-').next().map(str::to_owned)).unwrap_or_default();
        drop(to.write_all(&json(200, &format!("{{\"access_token\":\"{mark}-at-{who}\",\"expires_in\":3600}}"))));
    });
    let (browser, form) = prove::asked(&broker, "ana").await;
    assert!(!String::from_utf8_lossy(&broker.stored()).contains(&broker.mark), "they wait sealed");
    prove::post(&browser, "/prove/address", &form, &[("email", "ana@clientes.example")]).await;
    let form = prove::mark(&browser.get("/prove").await);

    prove::post(&browser, "/prove/code", &form, &[("code", &mailbox.code())]).await;

    let access = text(&redeem(&broker, &code(&browser, "").await).await, "access_token");
    let answer = broker.ask(fetch_of("acme", &access)).await;
    assert_eq!(answer.json()["accessToken"], format!("{}-at-ana", broker.mark), "{answer:?}");
}

#[actix_web::test]
async fn a_refresh_may_show_the_token_of_the_client() {
    let words = "getClientToken: { post: \"UPSTREAM/app\", read: { clientToken: $.app_token } }\nrefresh: { post: \"UPSTREAM/token\", headers: { X-App: \"${clientToken}\" } }\n";
    let world = World::with(&keeping(words), false).await;
    let of_client = world.token("app");
    world.broker.upstream.says("/app", json(200, &value!({ "app_token": of_client, "expires_in": 3600 }).to_string()));
    world.gives_refresh_token(30);
    let (_, access) = world.signed_in("ana").await;

    let answer = world.fetch(&access).await;

    assert_eq!(answer.json()["accessToken"], world.token("fresh-1"), "{answer:?}");
    let shown: Vec<_> = world.refreshes().iter().map(|refresh| refresh.header("x-app").map(str::to_owned)).collect();
    assert_eq!(shown, [Some(of_client)]);
    assert_eq!(world.broker.upstream.asked("/app"), 1, "a login has no use for it");
}

/// The story of the refresh that failed last.
async fn story_of_refresh(world: &World) -> Value {
    let log = world.broker.logged();
    let line = log.lines().rfind(|line| line.contains("kept tokens could not be refreshed")).expect("a line");
    let incident = line.split("incident=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a code").into();
    let stored = world.broker.app.directory.read(LoadIncident { code: incident, now: clock::now() }).await.expect("storage");
    serde_json::from_str(&stored.expect("a story").story).expect("JSON")
}

/// The table of docs/support.md under "When an app cannot sign people in".
#[actix_web::test]
async fn each_failure_of_a_refresh_has_its_story_and_leaves_the_tokens_or_not() {
    let closed = format!("refresh: {{ post: \"http://127.0.0.1:{}/token\" }}\n", free_port());
    for (what, more, spent, refusal, answered, cause, kept) in [
        ("withdrawn", "", 0, Some("invalid_grant"), 404, "refused", false),
        ("used by another program", "", 1, None, 404, "refused", false),
        ("not reached", closed.as_str(), 0, None, 200, "connectionRefused", true),
        ("the secret is refused", "", 0, Some("invalid_client"), 200, "refused", true),
    ] {
        let world = World::with(&keeping(more), false).await;
        world.gives_refresh_token(30);
        let (_, access) = world.signed_in("ana").await;
        world.tokens.refreshed.store(spent, Ordering::SeqCst);
        *world.tokens.refusal.lock().expect("a lock") = refusal.map(|code| (400, format!("{{\"error\":\"{code}\"}}")));

        let answer = world.fetch(&access).await;

        assert_eq!((answer.status, world.are_kept("ana").await), (answered, kept), "{what}: {answer:?}");
        let story = story_of_refresh(&world).await;
        assert_eq!((&story["step"], &story["cause"]), (&value!("refresh"), &value!(cause)), "{what}: {story}");
        assert!(!story.to_string().contains(&world.broker.mark), "{story}");
    }
}
