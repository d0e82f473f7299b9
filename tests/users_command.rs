//! `portaria users` and `portaria keys` as people call them, on a storage with people in it.

use crate::command_line::{Folder, portaria};
use crate::directory::{comes, email, identity, on_postgres, proven};
use portaria::directory::app_consents::RecordConsent;
use portaria::directory::app_grants::{CodeRedemption, NewAppGrant, RedeemCode};
use portaria::directory::audit::{AuditEvent, AuditEventKind};
use portaria::directory::incidents::{SaveIncident, StoredIncident};
use portaria::directory::kept_tokens::KeepProviderTokens;
use portaria::directory::keys::RotateSigningKeys;
use portaria::directory::sign_in::SignIn;
use portaria::directory::users::FindUserByEmail;
use portaria::directory::{Directory, StorageLocation};
use portaria::provider::identity::{Identity, IdentityEmail};
use portaria::session::rotation::RotationPlan;
use portaria::session::seal::MasterKey;
use portaria::session::token_algorithm::TokenAlgorithm;
use portaria::vocabulary::email::Email;
use portaria::web::signing_keys;
use portaria::world::{clock, random};
use serde_json::Value;

const SETTINGS: &str = "publicUrl: https://login.loja.example\nstorage: sqlite:people.db\nsession: { lifetime: 7d }\n\
     stores: { atacado: { publicUrl: https://login.atacado.example } }\n";

/// A name as a hostile provider might give it: it clears the screen and turns the letters around.
const HOSTILE: &str = "Bia\u{1b}[2J\u{9b}31m\u{202e}\u{61c}\nroot";

struct Shop {
    folder: Folder,
    master: String,
}

fn arrival(store: &str, identity: Identity, sid: &str) -> SignIn {
    let now = clock::now();
    let (new_uid, sid) = (format!("u-{sid}").into(), sid.into());
    SignIn {
        store: store.into(),
        identity,
        version: "3f2a".into(),
        new_uid,
        sid,
        now,
        latest: now + 3600,
        instead_of: None,
        device: Some("Chrome/Android".into()),
    }
}

impl Shop {
    /// Ana with two ways in, Bia with a hostile name, a person without an address, Érica in another store as well.
    fn new() -> Self {
        let folder = Folder::new(&random::id()).with("portaria.yaml", SETTINGS);
        let shop = Self { folder, master: random::id().repeat(3) };
        shop.on(async |directory| {
            let placeholder = Email::parse("77@gama.invalid").expect("an address");
            let bia =
                Identity { name: Some(HOSTILE.to_owned()), locale: Some("pt\u{1b}[1m".to_owned()), ..proven("acme", "b\u{1b}2", "bia") };
            let erica = Identity { name: Some("Érica".to_owned()), ..proven("acme", "5", "erica") };
            for (store, identity, sid) in [
                ("main", Identity { more: vec![("cpf".into(), "123\u{1b}[2J".to_owned())], ..proven("acme", "1", "ana") }, "1"),
                ("main", proven("beta", "-9", "ana"), "2"),
                ("main", bia, "3"),
                ("main", Identity { name: None, ..identity("gama", "77", IdentityEmail::Placeholder(placeholder)) }, "4"),
                ("main", erica, "5"),
                ("atacado", proven("acme", "6", "caio"), "6"),
            ] {
                directory.write(arrival(store, identity, sid)).await.expect("storage").expect("signed in");
            }
            let incident = StoredIncident { code: "K7Q-2MD".into(), store: "main".into(), at: clock::now(), story: "{}".to_owned() };
            let impostor = arrival("main", proven("acme", "2", "ana"), "7");
            let event = directory.write(impostor).await.expect("storage").expect_err("another person").event;
            assert!(directory.write(SaveIncident { incident, event }).await.expect("storage"));
        });
        shop
    }

    fn on<T>(&self, doing: impl AsyncFnOnce(Directory) -> T) -> T {
        let storage = StorageLocation::File(self.folder.0.join("people.db"));
        actix_web::rt::System::new().block_on(async { doing(Directory::open(&storage).await.expect("a storage")).await })
    }

    fn run(&self, line: &str) -> (i32, String, String) {
        let arguments: Vec<&str> = line.split(' ').collect();
        portaria(&self.folder.0, &arguments, &[("PORTARIA_MASTER_KEY", &self.master)])
    }

    /// What a command says that goes well.
    fn says(&self, line: &str) -> String {
        let (code, out, err) = self.run(line);
        assert_eq!(code, 0, "{line}: {out}{err}");
        out
    }

    fn json(&self, line: &str) -> Value {
        let out = self.says(&format!("{line} --json"));
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// How a command ends that does not go well, and that it says so in these words.
    fn refuses(&self, line: &str, code: i32, words: &str) {
        let (found, out, err) = self.run(line);
        assert_eq!(found, code, "{line}: {out}{err}");
        assert!(err.contains(words), "{line}: {err}");
        assert_eq!(out, "", "{line}");
    }

    fn keys_at(&self, ages: &[i64]) {
        self.rotate_keys("main", TokenAlgorithm::Es256, ages);
    }

    /// The keys of a store by an algorithm were rotated so many seconds ago.
    fn rotate_keys(&self, store: &str, algorithm: TokenAlgorithm, ages: &[i64]) {
        let master = MasterKey::new(&self.master, false).expect("long enough");
        let plan = RotationPlan::for_sessions_lasting(7 * 86400);
        self.on(async |directory| {
            for age in ages {
                let fresh = Some(signing_keys::new_sealed_key(&master, algorithm));
                let turn = RotateSigningKeys { store: store.into(), algorithm, fresh, plan, wanted: true, now: clock::now() - age };
                directory.write(turn).await.expect("storage");
            }
        });
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|time| time.len() == 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T')
}

#[test]
fn people_are_found_and_who_is_not_there_is_not_found() {
    let shop = Shop::new();

    let out = shop.says("users find loja.example");
    let line = out.lines().next().unwrap_or_default();
    assert!(line.starts_with("ana@loja.example") && line.contains("  proven       Ana  ") && line.contains("  last seen 20"), "{out}");
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(shop.says("users find 77").contains("77@gama.invalid  placeholder  (no name)  last seen"));
    for text in ["Érica", "érica", "ric", "u-5"] {
        let found = shop.run(&format!("users find {text}"));
        // Small letters beyond ASCII are not known to every storage.
        assert!(text == "érica" || found.1.starts_with("erica@"), "{text}: {found:?}");
    }
    let cut = shop.json("users find loja --most 1");
    assert_eq!((cut["people"].as_array().map(Vec::len), &cut["more"]), (Some(1), &Value::Bool(true)));
    assert!(shop.says("users find loja --most 1").contains("there are more"));
    assert_eq!(shop.json("users find caio --store atacado")["people"][0]["email"], "caio@loja.example");
    let (code, out, _) = shop.run("users find caio");
    assert_eq!((code, out.as_str()), (1, "no user of store `main` matches `caio`\n"));
    assert_eq!(shop.run("users find caio --json").0, 1);
}

#[test]
fn show_says_all_that_support_needs() {
    let shop = Shop::new();

    let out = shop.says("users show Ana@Loja.Example");
    for part in [
        "ana@loja.example (proven)\n  name        Ana\n  id          u-1\n  store       main\n  language    not known\n  first seen  20",
        "  blocked     no\n",
        "  acme, there known as 1, since 20",
        "\n    linked because no user had this address: the provider says that the address is proven (acme.yaml, version 3f2a)\n",
        "\n    cpf: 123",
        "  beta, there known as -9, since 20",
        "\n    linked because this user has the same address",
        "Z at most, through beta, in Chrome/Android\n",
        ", used last on 20",
        "  portaria users history ana@loja.example  ",
        "  portaria users sign-out ana@loja.example  ",
        "  portaria users block ana@loja.example  ",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    let json = shop.json("users show ana@loja.example");
    assert_eq!((&json["uid"], &json["emailVerified"], &json["blocked"]), (&"u-1".into(), &true.into(), &false.into()));
    assert_eq!((&json["waysIn"][1]["providerId"], &json["sessions"][1]["provider"]), (&"-9".into(), &"beta".into()));
    assert_eq!(json["waysIn"][0]["facts"], serde_json::json!({ "cpf": "123\u{1b}[2J" }));
    assert!(!out.contains('\u{1b}'), "{out:?}");
    assert!(is_time(&json["lastSeen"]) && is_time(&json["sessions"][0]["until"]), "{json}");
    assert!(shop.says("users show 77@gama.invalid").contains("a placeholder: no provider has named an address that is proven"));
    assert!(shop.says("users show caio@loja.example --store atacado").contains("users block caio@loja.example --store atacado"));
}

#[test]
fn what_a_provider_calls_somebody_never_reaches_the_terminal_raw() {
    let shop = Shop::new();
    let hostile = ['\u{1b}', '\u{9b}', '\u{202e}', '\u{61c}'];

    for line in ["find bia", "show bia@loja.example", "show bia@loja.example --json", "export bia@loja.example", "find bia --json"] {
        let out = shop.says(&format!("users {line}"));
        assert!(!out.contains(hostile) && !out.contains("\nroot"), "{out}");
    }
    assert!(shop.says("users find bia").contains("Bia\\u{1b}[2J\\u{9b}31m\\u{202e}\\u{61c}\\u{a}root"));
    assert_eq!(shop.json("users show bia@loja.example")["name"], HOSTILE, "programs read what is kept");
    for hostile in ["x\u{1b}[2J", "vıctim@loja.example", "ana@lo\u{202e}ja.example", "<ana@loja.example>", "ana"] {
        let (code, out, err) = shop.run(&format!("users show {hostile}"));
        assert!(code == 2 && out.is_empty() && err.contains("is not an address\n  help: write it as"), "{err}");
        assert!(!err.contains(['\u{1b}', '\u{202e}']), "{err}");
    }
}

#[test]
fn somebody_unknown_and_a_store_that_is_not_there_are_said_with_what_may_be_meant() {
    let shop = Shop::new();

    for command in ["show", "history", "block", "unblock", "sign-out", "export", "erase --yes", "unlink --provider acme"] {
        shop.refuses(&format!("users {command} ama@loja.example"), 1, "help: did you mean ana@loja.example?");
    }
    for near in ["ana@loja.exmple", "anna@loja.example", "eria@loja.example"] {
        shop.refuses(&format!("users show {near}"), 1, "did you mean ");
    }
    shop.refuses("users show zoe@outra.example", 1, "no user of store `main` has the address zoe@outra.example\n  help: `portaria users find` takes a part of it; with the code on the error page: `portaria incident CODE`");
    shop.refuses("users show caio@loja.example", 1, "a user of store `atacado` has it: `--store atacado`");
    shop.refuses("users show ana@loja.example --store atacdo", 2, "there is no store `atacdo`\n  help: did you mean `atacado`?");
    shop.refuses("users --store zzz show ana@loja.example", 2, "the settings know `main` or `atacado`");
    shop.refuses("users show ana@loja.example --storage sqlite:nowhere.db", 3, "there is no such storage");
    shop.refuses("users show", 2, "Usage");
    assert!(!shop.folder.0.join("nowhere.db").exists());
}

#[test]
fn history_is_told_in_words_the_newest_first() {
    let shop = Shop::new();

    let out = shop.says("users history ana@loja.example");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(
        lines[0].contains("Z  refused through acme because the address belongs to a user whom the same provider")
            && lines[0].ends_with("(acme.yaml, version 3f2a) [incident K7Q-2MD]"),
        "{out}"
    );
    assert!(lines[1].contains("Z  signed in through beta because this user has the same address"), "{out}");
    assert!(lines[2].contains("(acme.yaml, version 3f2a)"), "{out}");
    assert!(shop.says("users history ana@loja.example --most 1").ends_with("there is more: `--most 10`\n"));
    let json = shop.json("users history ana@loja.example --most 2");
    assert_eq!((&json["more"], &json["history"][0]["incident"]), (&true.into(), &"K7Q-2MD".into()));
    assert!(is_time(&json["history"][1]["at"]) && json["history"][1]["what"] == "login");
}

#[test]
fn all_that_happened_is_told_also_what_happened_to_nobody() {
    let shop = Shop::new();
    shop.keys_at(&[1000]);
    let code = |code: &str| StoredIncident { code: code.into(), store: "main".into(), at: clock::now(), story: "{}".to_owned() };
    let failed =
        |what| AuditEvent { incident: None, ..AuditEvent::new(clock::now(), "main", what).via_provider("beta").with_reason("noAnswer") };
    shop.on(async |directory| {
        assert!(directory.write(SaveIncident { incident: code("K7Q-3MD"), event: failed(AuditEventKind::Failed) }).await.expect("storage"));
    });
    shop.says("users erase bia@loja.example --yes");

    let out = shop.says("history");
    for (at, part) in [
        "  main  a user was erased",
        "  main  a login through beta failed: noAnswer [incident K7Q-3MD]",
        "  main  signing key ",
        "  main  refused through acme because the address belongs to a user",
        "  atacado  signed in through acme because no user had this address",
    ]
    .iter()
    .enumerate()
    {
        assert!(out.lines().nth(at).is_some_and(|line| line.contains(part)), "{part}\n{out}");
    }
    assert!(out.lines().nth(3).is_some_and(|line| line.ends_with("[person u-1] [incident K7Q-2MD]")), "{out}");
    assert_eq!(shop.says("history --store atacado").lines().count(), 1);
    assert_eq!(shop.says("history --provider beta --store main").lines().count(), 2);
    assert!(shop.says("history --most 1").ends_with("there is more: `--most 10`\n"));
    assert!(shop.says("history --provider nobody").starts_with("the audit has no such events"));
    shop.refuses("history --store atacdo", 2, "help: did you mean `atacado`?");
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let page = shop.json(&format!("history --most 2{next}"));
        pages.extend(page["history"].as_array().expect("a list").clone());
        assert_eq!(page["more"].as_bool(), Some(!page["next"].is_null()));
        next = format!(" --before {}", page["next"]);
        if page["next"].is_null() {
            break;
        }
    }
    assert_eq!(pages, *shop.json("history")["history"].as_array().expect("a list"), "two at a time they are the same");
    let json = shop.json("history --most 4");
    assert_eq!(keys(&json["history"][3]).join(", "), "at, store, what, uid, provider, because, evidence, version, incident, told");
    assert_eq!((&json["more"], &json["history"][3]["uid"]), (&true.into(), &"u-1".into()));
}

#[test]
fn a_way_in_goes_but_not_the_last_one_unless_that_is_meant() {
    let shop = Shop::new();

    shop.refuses("users unlink ana@loja.example --provider acmee", 1, "help: did you mean `acme`?");
    shop.refuses("users unlink ana@loja.example --provider acme --id 7", 1, "the linked identities are acme (1), beta (-9)");
    assert_eq!(
        shop.says("users unlink ana@loja.example --provider beta --id -9"),
        "ana@loja.example is no longer linked to beta (-9); 1 session ended\n"
    );
    shop.refuses(
        "users unlink ana@loja.example --provider acme",
        1,
        "nothing was done: this is the last linked identity of ana@loja.example",
    );
    shop.refuses("users unlink ana@loja.example --provider acme", 1, "a login that proves ana@loja.example leads back to this user");
    shop.refuses("users unlink 77@gama.invalid --provider gama", 1, "no login leads back to this user");
    let json = shop.json("users unlink ana@loja.example --provider acme --even-last");
    assert_eq!((&json["removed"][0], &json["waysLeft"], &json["sessionsEnded"]), (&"1".into(), &0.into(), &1.into()));
    assert!(
        shop.says("users show ana@loja.example").contains("linked identities\n  none: a login that proves ana@loja.example leads back")
    );
    assert!(shop.says("users history ana@loja.example").contains("the last linked identity through acme was removed by support"));
    shop.refuses("users unlink ana@loja.example --provider acme", 1, "the user has no linked identity");
}

#[test]
fn who_is_blocked_or_signed_out_twice_is_so_and_the_second_time_says_so() {
    let shop = Shop::new();

    let signed_out = shop.says("users sign-out ana@loja.example");
    assert_eq!(signed_out, "ana@loja.example is signed out everywhere: 2 sessions ended; the user may sign in again\n");
    assert_eq!(shop.says("users sign-out ana@loja.example"), "ana@loja.example was not signed in anywhere\n");
    let blocked = shop.says("users block bia@loja.example");
    assert_eq!(blocked, "bia@loja.example is blocked; 1 session ended\n`portaria users unblock bia@loja.example` lifts that\n");
    assert_eq!(shop.says("users block bia@loja.example"), "bia@loja.example was blocked already; nothing changed\n");
    assert!(shop.says("users find bia").contains("  blocked, last seen "));
    assert!(shop.says("users show bia@loja.example").contains("  blocked     yes: the user cannot sign in\n"));
    let refused = shop.on(async |directory| directory.write(arrival("main", proven("acme", "b\u{1b}2", "bia"), "9")).await);
    assert!(refused.expect("storage").is_err());
    let unblocked = shop.json("users unblock bia@loja.example");
    assert_eq!((&unblocked["blocked"], &unblocked["changed"]), (&false.into(), &true.into()));
    assert_eq!(shop.says("users unblock bia@loja.example"), "bia@loja.example was not blocked; nothing changed\n");
    assert!(shop.says("users history bia@loja.example").contains("blocked by support"));
}

/// Attack P-11
#[test]
fn an_export_is_json_with_keys_that_stay_and_the_audit_notes_it() {
    let shop = Shop::new();

    let (code, out, err) = shop.run("users export ana@loja.example");
    assert_eq!(code, 0, "{err}");
    let json: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    let person = "exportedAt, store, uid, email, emailVerified, placeholder, name, picture, locale, firstSeen, lastSeen, blocked";
    assert_eq!(
        keys(&json).join(", "),
        format!("{person}, waysIn, removedWays, sessions, apps, consents, keptTokens, passkeys, history, historyIsWhole")
    );
    assert_eq!(
        keys(&json["waysIn"][0]).join(", "),
        "provider, providerId, linked, because, evidence, version, address, file, fingerprint, facts, used, told"
    );
    assert_eq!(json["waysIn"][0]["facts"]["cpf"], "123\u{1b}[2J");
    assert_eq!(keys(&json["sessions"][0]).join(", "), "since, until, provider, device");
    assert_eq!(keys(&json["history"][0]).join(", "), "at, what, provider, because, evidence, version, incident, told");
    assert_eq!(json["history"][0]["what"], "exported");
    for time in ["exportedAt", "firstSeen", "lastSeen"] {
        assert!(is_time(&json[time]), "{time}");
    }
    assert!(err.contains("the audit records the export"), "{err}");
    let help = shop.says("users export --help");
    for part in [person, "provider, providerId, linked, because", "at, what, provider, because, evidence, version, incident, told"] {
        assert!(help.contains(part), "{part}\n{help}");
    }
    assert!(shop.says("users history ana@loja.example").contains("Z  the stored data was exported\n"));
}

#[test]
fn forgetting_wants_to_be_meant_and_says_what_is_gone_and_what_stays() {
    let shop = Shop::new();

    shop.refuses("users erase ana@loja.example", 2, "this cannot be undone, and there is no terminal on which to ask\n  help: ");
    assert!(shop.says("users show ana@loja.example").contains("u-1"), "nothing happened");
    let out = shop.says("users erase ana@loja.example --yes");
    for part in [
        "ana@loja.example is erased\n  gone   the user, 2 linked identities, 2 open sessions\n  stays  the audit, which no longer names the user",
        "  yours  what the store itself keeps, such as orders, is not touched\n",
        "a later sign-in makes a new user",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    shop.refuses("users erase ana@loja.example --yes", 1, "no user of store `main` has the address");
    shop.says("users block bia@loja.example");
    assert!(
        shop.says("users erase bia@loja.example --yes")
            .contains("that is erased as well: a later sign-in makes a new user, who is not blocked")
    );
    let json = shop.json("users erase 77@gama.invalid --yes");
    assert_eq!((&json["erased"], &json["gone"]["waysIn"], &json["wasBlocked"]), (&true.into(), &1.into(), &false.into()));
}

/// Gives two apps access to Ana, one of them beyond a sign-out.
fn apps_get_access(shop: &Shop) {
    let now = clock::now();
    shop.on(async |directory| {
        for (app, offline) in [("painel\u{1b}[2J", false), ("agenda", true)] {
            let (id, sid, scopes) = (random::id(), "1".into(), "openid email".into());
            let (store, uid, provider): (Box<str>, Box<str>, Box<str>) = ("main".into(), "u-1".into(), "acme".into());
            let consent =
                RecordConsent { store: store.clone(), uid: uid.clone(), app: app.into(), shown: "x".into(), scopes: "openid".into(), now };
            directory.write(consent).await.expect("storage");
            let grant = NewAppGrant {
                id,
                store,
                uid,
                app: app.into(),
                sid,
                offline,
                scopes,
                resources: "".into(),
                audiences: "".into(),
                provider,
                auth_time: now,
                until: now + 3600,
            };
            let redeemed = directory.write(RedeemCode { grant, issued: now, now }).await.expect("storage");
            assert!(matches!(redeemed, CodeRedemption::Granted(_)));
        }
        let (store, uid, provider) = ("main".into(), "u-1".into(), "acme".into());
        let (provider_id, sid) = ("1".into(), "1".into());
        let keep = KeepProviderTokens { store, uid, provider, provider_id, sid, sealed: "sealed".to_owned(), until: now + 3600 };
        directory.write(keep).await.expect("storage");
    });
}

#[test]
fn apps_with_access_are_shown_and_exported_and_lose_it() {
    let shop = Shop::new();
    assert!(!shop.says("users show ana@loja.example").contains("apps with access"));
    apps_get_access(&shop);

    let shown = shop.says("users show ana@loja.example");
    let (_, apps) = shown.split_once("\napps with access\n").expect("they are shown");
    assert!(apps.starts_with("  agenda, since 20") && apps.contains("Z, also after a sign-out\n    openid email\n  painel"), "{apps}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    assert!(shown.contains("\ntokens of providers that are kept for apps\n  acme, sealed, until 20"), "{shown}");
    assert!(shop.says("users history ana@loja.example").contains("Z  the app `agenda` got access: openid email\n"));
    let shown = shop.json("users show ana@loja.example");
    assert_eq!((&shown["apps"][0]["app"], &shown["apps"][0]["offline"]), (&"agenda".into(), &true.into()));
    assert_eq!(shown["keptTokens"][0]["provider"], "acme");

    let json: Value = serde_json::from_str(&shop.says("users export ana@loja.example")).expect("JSON");
    assert_eq!(keys(&json["apps"][1]).join(", "), "app, scopes, offline, since, used, until");
    assert_eq!(keys(&json["consents"][1]).join(", "), "app, scopes, at");
    assert_eq!(keys(&json["keptTokens"][0]).join(", "), "provider, until");
    assert!(!json.to_string().contains("sealed"));
    let help = shop.says("users export --help");
    for part in ["app, scopes, offline, since, used, until", "app, scopes, at", "provider, until"] {
        assert!(help.contains(part), "{part}\n{help}");
    }

    let signed_out = shop.says("users sign-out ana@loja.example");
    let ended = "2 sessions ended, and the access of 2 apps; the user may sign in again";
    assert_eq!(signed_out, format!("ana@loja.example is signed out everywhere: {ended}\n"));
    assert_eq!(shop.says("users sign-out ana@loja.example"), "ana@loja.example was not signed in anywhere\n");
    assert!(!shop.says("users show ana@loja.example").contains("apps with access"));
}

#[test]
fn a_block_and_an_erasure_say_how_many_apps_lose_their_access() {
    let shop = Shop::new();
    apps_get_access(&shop);
    let blocked = shop.json("users block ana@loja.example");
    assert_eq!((&blocked["sessionsEnded"], &blocked["appsEnded"]), (&2.into(), &2.into()));

    let shop = Shop::new();
    apps_get_access(&shop);
    let erased = shop.says("users erase ana@loja.example --yes");
    assert!(erased.contains("gone   the user, 2 linked identities, 2 open sessions, the access of 2 apps\n"), "{erased}");
}

#[test]
fn keys_are_listed_with_what_comes_next() {
    let shop = Shop::new();
    assert_eq!(shop.says("keys list"), "there are no signing keys yet; the broker makes the first one when it starts\n");
    shop.refuses("keys rotate", 1, "there are no signing keys yet");
    shop.keys_at(&[2000, 1500, 60]);

    let out = shop.says("keys list");
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(out.contains("  active    since ") && out.contains("it signs; the key after it is published at 20"), "{out}");
    assert!(out.contains("  retiring  since ") && out.contains("it no longer signs; its tokens are valid until 20"), "{out}");
    let json = shop.json("keys list");
    assert_eq!(keys(&json["keys"][0]), ["id", "algorithm", "state", "since", "made", "next"]);
    assert_eq!((&json["keys"][0]["next"]["what"], &json["keys"][1]["next"]["what"]), (&"published".into(), &"gone".into()));
    let seconds =
        |value: &Value| -> i64 { chrono::DateTime::parse_from_rfc3339(value.as_str().expect("a time")).expect("a time").timestamp() };
    let retiring = &json["keys"][1];
    assert_eq!(seconds(&retiring["next"]["at"]) - seconds(&retiring["since"]), 8 * 86400, "the longest session and a day");
}

#[test]
fn a_further_key_is_published_once_and_a_key_is_retired_when_that_is_meant() {
    let shop = Shop::new();
    shop.keys_at(&[1000]);
    let first = shop.json("keys list")["keys"][0]["id"].as_str().expect("an id").to_owned();

    let out = shop.says("keys rotate");
    assert!(out.contains(" is published; it signs from 20") && out.contains("no session ends"), "{out}");
    let out = shop.says("keys list");
    assert!(out.contains("it signs until 20") && out.contains("services learn of it; it signs from 20"), "{out}");
    let again = shop.says("keys rotate");
    assert!(again.contains(" is next already, and nothing changed: services learn of it"), "{again}");
    assert_eq!(shop.json("keys rotate")["what"], "unchanged");

    shop.refuses("keys retire nobody --yes", 1, "there is no key `nobody`\n  help: `portaria keys list` names them");
    shop.refuses(&format!("keys retire -- {first}"), 2, "this cannot be undone");
    let out = shop.says(&format!("keys retire --yes -- {first}"));
    assert!(out.contains("is removed: every user with a token of it has to sign in again\n"), "{out}");
    assert!(out.contains(" signs from now on; services that check tokens themselves"), "{out}");
    let left = shop.json("keys list");
    assert_eq!((left["keys"].as_array().map(Vec::len), &left["keys"][0]["state"]), (Some(1), &"active".into()));
    let json = shop.json("keys rotate --storage sqlite:people.db");
    let next = json["id"].as_str().expect("an id");
    assert!(shop.says(&format!("keys retire --yes -- {next}")).contains("it has signed nothing yet, so no session ends"));
}

#[test]
fn the_keys_of_each_store_are_listed_and_rotated_apart() {
    let shop = Shop::new();
    shop.keys_at(&[1000]);
    assert!(shop.says("keys list --store atacado").starts_with("there are no signing keys yet"));
    shop.refuses("keys rotate --store atacado", 1, "there are no signing keys yet");
    shop.rotate_keys("atacado", TokenAlgorithm::Es256, &[1000]);
    let id = |store: &str| shop.json(&format!("keys list --store {store}"))["keys"][0]["id"].as_str().expect("an id").to_owned();
    assert_ne!(id("main"), id("atacado"));

    assert_eq!(shop.json("keys rotate --store atacado")["what"], "published");

    let listed = |store: &str| shop.says(&format!("keys list --store {store}")).lines().count();
    assert_eq!((listed("main"), listed("atacado")), (1, 2));
    shop.refuses(&format!("keys retire --yes -- {}", id("atacado")), 1, "there is no key `");
    let out = shop.says(&format!("keys retire --store atacado --yes -- {}", id("atacado")));
    assert!(out.contains("read https://login.atacado.example/.well-known/jwks.json again"), "{out}");
    shop.refuses("keys list --store atacdo", 2, "help: did you mean `atacado`?");
}

/// A store that had users when the stores got keys of their own took copies of the shared ones with it.
/// Attack N-08
#[test]
fn a_key_is_retired_in_every_store_that_has_it_and_each_gets_another() {
    let shop = Shop::new();
    let fresh = signing_keys::new_sealed_key(&MasterKey::new(&shop.master, false).expect("long enough"), TokenAlgorithm::Es256);
    let shared = fresh.id.clone();
    shop.on(async |directory| {
        let (plan, now) = (RotationPlan::for_sessions_lasting(86400), clock::now() - 1000);
        for store in ["main", "atacado"] {
            let (algorithm, fresh) = (TokenAlgorithm::Es256, Some(fresh.clone()));
            let begin = RotateSigningKeys { store: store.into(), algorithm, fresh, plan, wanted: true, now };
            directory.write(begin).await.expect("storage");
        }
    });
    let id = |store: &str| shop.json(&format!("keys list --store {store}"))["keys"][0]["id"].as_str().expect("a key").to_owned();

    let out = shop.says(&format!("keys retire --yes -- {shared}"));

    assert!(out.contains("is removed, also from the store atacado, which has a copy: every user"), "{out}");
    assert!(out.contains(" signs from now on at the store atacado; services"), "{out}");
    let (main, atacado) = (id("main"), id("atacado"));
    assert!(main != *shared && atacado != *shared && main != atacado, "each has another one");
    shop.refuses(&format!("keys retire --store atacado --yes -- {shared}"), 1, "there is no key `");
}

#[test]
fn a_key_is_never_written_under_a_master_key_that_opens_none_of_those_that_are_there() {
    let mut shop = Shop::new();
    shop.keys_at(&[1000]);
    let before = shop.says("keys list");
    let id = before.split(' ').next().unwrap_or_default().to_owned();

    let (code, _, err) = portaria(&shop.folder.0, &["keys", "rotate"], &[]);
    assert!(code == 3 && err.contains("there is no master key: $PORTARIA_MASTER_KEY is not set"), "{err}");
    assert!(err.contains("help: set $PORTARIA_MASTER_KEY to what the brokers have"), "{err}");
    assert!(!shop.folder.0.join("master.key").exists(), "none is made up");
    shop.master = random::id().repeat(3);
    shop.refuses("keys rotate", 3, "are sealed with another master key");
    shop.refuses(&format!("keys retire --yes -- {id}"), 3, "give the master key that the broker has");
    assert_eq!(shop.says("keys list"), before, "nothing changed, and the list needs no master key");
}

#[test]
fn after_a_leak_of_the_master_key_every_store_begins_anew_under_another() {
    let mut shop = Shop::new();
    shop.keys_at(&[1000]);
    let leaked = shop.json("keys list")["keys"][0]["id"].clone();
    shop.master = random::id().repeat(3);
    let other = MasterKey::new(&shop.master, false).expect("long enough");

    shop.refuses("keys replace-all", 2, "this cannot be undone");
    apps_get_access(&shop);
    let out = shop.says("keys replace-all --yes");

    assert!(
        out.contains("access of apps that was ended: 2;") && !shop.says("users show ana@loja.example").contains("apps with access"),
        "{out}"
    );
    assert!(out.contains("start the brokers with the same master key; every user has to sign in again"), "{out}");
    let keys = shop.json("keys list");
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
    assert_ne!(keys["keys"][0]["id"], leaked);
    assert!(shop.on(async |directory| signing_keys::SigningKeys::open(&directory, &other).await.is_ok()));
}

#[test]
fn the_keys_of_both_algorithms_are_listed_rotated_retired_and_replaced_apart() {
    let mut shop = Shop::new();
    shop.keys_at(&[1000]);
    shop.rotate_keys("main", TokenAlgorithm::Rs256, &[1000]);
    let listed = || {
        let listed = shop.json("keys list");
        let keys = listed["keys"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|key| ["algorithm", "state", "id"].map(|name| key[name].as_str().expect("a text").to_owned()));
        keys.collect::<Vec<_>>()
    };
    let words = |listed: &[[String; 3]]| listed.iter().map(|[algorithm, state, _]| format!("{algorithm} {state}")).collect::<Vec<_>>();
    let before = listed();
    assert_eq!(words(&before), ["ES256 active", "RS256 active"]);
    assert!(shop.says("keys list").lines().nth(1).is_some_and(|line| line.contains("  RS256  active    since ")));

    let rotated = shop.json("keys rotate");

    assert_eq!((&rotated["what"], &rotated["algorithm"]), (&"published".into(), &"ES256".into()));
    assert_eq!((&rotated["others"][0]["what"], &rotated["others"][0]["algorithm"]), (&"published".into(), &"RS256".into()));
    assert_eq!(words(&listed()), ["ES256 active", "ES256 next", "RS256 active", "RS256 next"]);

    let [_, _, rsa] = &before[1];
    let retired: Value = serde_json::from_str(&shop.says(&format!("keys retire --yes --json -- {rsa}"))).expect("JSON");
    assert_eq!((&retired["signs"], &retired["loggedOut"]), (&rotated["others"][0]["id"], &false.into()));
    assert_eq!(words(&listed()), ["ES256 active", "ES256 next", "RS256 active"], "no session ends");
    let next = listed().remove(2)[2].clone();
    let out = shop.says(&format!("keys retire --yes -- {next}"));
    assert!(out.contains("no session ends, and apps have to get new tokens, because those that it has signed are refused"), "{out}");
    assert!(out.contains("/.well-known/jwks.json again"), "{out}");
    let successor = listed().remove(2);
    assert!(successor[..2] == ["RS256", "active"] && successor[2] != next, "{successor:?}");

    shop.master = random::id().repeat(3);
    shop.refuses("keys rotate", 3, "are sealed with another master key");
    apps_get_access(&shop);
    shop.says("users sign-out ana@loja.example");
    let replaced = shop.json("keys replace-all --yes");
    assert_eq!((&replaced["replaced"], &replaced["grants"]), (&1.into(), &0.into()), "the access had ended before");
    let other = MasterKey::new(&shop.master, false).expect("long enough");
    assert!(shop.on(async |directory| signing_keys::SigningKeys::open(&directory, &other).await.is_ok()), "it opens both");
}

#[test]
fn a_broker_with_another_master_key_writes_no_key_before_it_gives_up() {
    let shop = Shop::new();
    shop.keys_at(&[100 * 86400]);
    let other = MasterKey::new(&random::id().repeat(3), false).expect("long enough");

    let opened = shop.on(async |directory| signing_keys::SigningKeys::open(&directory, &other).await.is_ok());

    assert!(!opened);
    let keys = shop.json("keys list");
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1), "one was due, and was not made: {keys}");
    assert!(shop.says("keys list").contains("the key after it is published within a minute, by a broker that runs"));
}

#[test]
fn people_at_a_server_are_shown_and_blocked_just_the_same() {
    let folder = Folder::new(&random::id());
    on_postgres(async |place| {
        let directory = place.machine().await;
        comes(&directory, &Identity { name: Some("Érica".to_owned()), ..proven("acme", "1", "ana") }, "1").await.expect("signed in");
        let StorageLocation::Server(address) = &place.storage else { panic!("a server") };
        let run = |command: &[&str]| portaria(&folder.0, command, &[("PORTARIA_STORAGE", address)]);

        let (code, out, err) = run(&["users", "show", "ana@loja.example"]);
        assert!(code == 0 && out.contains("  id          u-1\n") && out.contains("linked because no user had this address"), "{out}{err}");
        let (code, out, err) = run(&["users", "find", "Érica"]);
        assert!(code == 0 && out.starts_with("ana@loja.example"), "{out}{err}");
        let (code, out, err) = run(&["users", "block", "ana@loja.example", "--json"]);
        assert!(code == 0 && out.contains("\"changed\":true"), "{out}{err}");

        let master = MasterKey::new(&random::id().repeat(3), false).expect("long enough");
        let turn = RotateSigningKeys {
            store: "main".into(),
            algorithm: TokenAlgorithm::Es256,
            fresh: Some(signing_keys::new_sealed_key(&master, TokenAlgorithm::Es256)),
            plan: RotationPlan::for_sessions_lasting(3600),
            wanted: true,
            now: clock::now(),
        };
        directory.write(turn).await.expect("storage");
        let (code, _, err) = run(&["keys", "rotate"]);
        assert!(code == 3 && err.contains("help: set $PORTARIA_MASTER_KEY to what the brokers have") && !err.contains("openssl"), "{err}");

        let kept = directory.read(FindUserByEmail { store: "main".into(), email: email("ana") }).await.expect("storage").expect("a person");
        assert!(kept.blocked);
    });
}
