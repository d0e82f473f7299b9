//! The access of apps: granted once, refreshed, and ended with whatever it depends on.

use crate::directory::{arrival, at_once, comes, on_both, proven, uid};
use portaria::directory::Directory;
use portaria::directory::app_consents::{FindConsent, RecordConsent};
use portaria::directory::app_grants::{
    AppUser, CodeRedemption, FindAppGrant, FindAppUser, ListAppsOfUser, NewAppGrant, RedeemCode, RefreshOutcome, RotateRefreshToken,
};
use portaria::directory::audit::{AuditActor, AuditEvent, AuditEventKind, ListAuditEvents, ListUserAuditEvents};
use portaria::directory::ended_grants::{EndAppGrant, EndAppsOfUser, MOST_GRANTS};
use portaria::directory::export::ExportUser;
use portaria::directory::identity_links::{LinkIdentity, UnlinkIdentity, UnlinkOutcome};
use portaria::directory::kept_tokens::TokenFetchers;
use portaria::directory::logout_notices::{DropLogoutNotice, LogoutNotice, TakeDueLogoutNotices};
use portaria::directory::reasons::describe_event;
use portaria::directory::served_stores::RecordServedStores;
use portaria::directory::sessions::{EndAllSessions, EndSession, EndedSessionCursor, ListEndedSessions};
use portaria::directory::sign_in::SignIn;
use portaria::directory::tidy::tidy;
use portaria::directory::users::{BlockUser, EraseUser};
use portaria::provider::identity::Identity;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The access of an app to Ana's first session, which ends with it.
fn access(user: &str, sid: &str, id: &str) -> NewAppGrant {
    NewAppGrant {
        id: id.into(),
        store: "main".into(),
        uid: user.into(),
        app: "painel".into(),
        sid: sid.into(),
        offline: false,
        scopes: "openid email".into(),
        resources: "".into(),
        audiences: "".into(),
        provider: "acme".into(),
        auth_time: 100,
        until: 900,
    }
}

/// Access that outlives a sign-out.
fn offline(user: &str, sid: &str, id: &str) -> NewAppGrant {
    NewAppGrant { offline: true, app: "agenda".into(), scopes: "openid offline_access".into(), until: 5000, ..access(user, sid, id) }
}

async fn redeem(directory: &Directory, grant: &NewAppGrant) -> CodeRedemption {
    directory.write(RedeemCode { grant: grant.clone(), issued: 110, now: 110 }).await.expect("storage")
}

/// Gives access to an app.
async fn gets(directory: &Directory, grant: &NewAppGrant) -> AppUser {
    match redeem(directory, grant).await {
        CodeRedemption::Granted(user) => user,
        refused @ (CodeRedemption::Reused | CodeRedemption::SessionOver) => panic!("{refused:?}: {grant:?}"),
    }
}

fn refresh(id: &str, presented: i64, now: i64) -> RotateRefreshToken {
    RotateRefreshToken { id: id.into(), store: "main".into(), app: "agenda".into(), presented, grace: 10, until: now + 5000, now }
}

/// The outcome of a refresh, with the number of the successor.
async fn refreshes(directory: &Directory, id: &str, presented: i64, now: i64) -> (&'static str, i64) {
    match directory.write(refresh(id, presented, now)).await.expect("storage") {
        RefreshOutcome::Rotated(grant, _) => ("rotated", grant.rotation),
        RefreshOutcome::Repeated(grant, _) => ("repeated", grant.rotation),
        RefreshOutcome::Reused => ("reused", 0),
        RefreshOutcome::Over => ("over", 0),
    }
}

async fn is_live(directory: &Directory, id: &str) -> bool {
    directory.read(FindAppGrant { store: "main".into(), id: id.into() }).await.expect("storage").is_some()
}

/// Which grants are live, of those with these ids.
async fn live<'i>(directory: &Directory, ids: &[&'i str]) -> Vec<&'i str> {
    let mut found = Vec::new();
    for id in ids {
        if is_live(directory, id).await {
            found.push(*id);
        }
    }
    found
}

/// What all machines learn to have ended: sessions and grants.
async fn ended(directory: &Directory) -> BTreeSet<String> {
    let (ends, ..) = directory.read(ListEndedSessions(EndedSessionCursor::default())).await.expect("storage");
    ends.iter().map(|(id, _)| id.to_string()).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

async fn due(directory: &Directory, now: i64) -> Vec<LogoutNotice> {
    directory.write(TakeDueLogoutNotices { store: "main".into(), now, limit: 50 }).await.expect("storage")
}

/// The apps that get a notice, each with the session that it names. They are delivered.
async fn notices(directory: &Directory) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for LogoutNotice { store, app, sid, .. } in due(directory, 1000).await {
        named.insert(format!("{app} {sid}"));
        directory.write(DropLogoutNotice { store, app, sid }).await.expect("storage");
    }
    named
}

fn sign_out(user: &str, sid: &str) -> EndSession {
    let event = AuditEvent::new(110, "main", AuditEventKind::Logout);
    EndSession { sid: sid.into(), uid: user.into(), latest: 1000, again: false, event }
}

fn sign_out_everywhere(user: &str) -> EndAllSessions {
    EndAllSessions { store: "main".into(), uid: user.into(), except: None, by: AuditActor::Person, now: 110 }
}

fn link(user: &str, sid: &str, new_sid: &str) -> LinkIdentity {
    let (sid, new_sid) = (sid.into(), new_sid.into());
    LinkIdentity {
        store: "main".into(),
        uid: user.into(),
        identity: proven("beta", "7", "outra"),
        version: "v1".into(),
        sid,
        new_sid,
        now: 110,
    }
}

/// A user signs in, often in place of a session that another task has begun; an app gets access, and something ends. Answers with the id
/// of the grant, if there is one.
async fn change(directory: &Directory, users: &[Box<str>], task: usize, round: usize) -> Option<String> {
    let at = (task * 7 + round * 3) % users.len();
    let (user, sid, id) = (&users[at], format!("s{task}-{round}"), format!("g{task}-{round}"));
    let since = i64::try_from(100 + task * 100 + round).expect("it is small");
    let old = round.checked_sub(1).map(|before| (format!("s{}-{before}", (task + round) % 8).into(), 100_000));
    let identity = proven("acme", &at.to_string(), &format!("ana{at}"));
    let sign_in = SignIn { now: since, latest: 100_000, instead_of: old, ..arrival("main", &identity, &sid) };
    directory.write(sign_in).await.expect("storage").expect("signed in");
    let grant = if round.is_multiple_of(2) { offline(user, &sid, &id) } else { access(user, &sid, &id) };
    let is_granted = matches!(redeem(directory, &grant).await, CodeRedemption::Granted(_));
    match (task + round) % 5 {
        0 => directory.write(EndSession { latest: 100_000, ..sign_out(user, &sid) }).await.expect("storage"),
        1 => {
            let (app, id) = (grant.app.clone(), grant.id.clone());
            directory.write(EndAppGrant { store: "main".into(), app, id, by: AuditActor::App, now: 120 }).await.map(drop).expect("storage");
        }
        2 => {
            for presented in [0, 1, 0] {
                let refresh = RotateRefreshToken { app: grant.app.clone(), ..refresh(&id, presented, 120) };
                directory.write(refresh).await.map(drop).expect("storage");
            }
        }
        3 => drop(redeem(directory, &grant).await),
        _ => directory.write(sign_out_everywhere(user)).await.map(drop).expect("storage"),
    }
    is_granted.then_some(id)
}

on_both! {
    /// Attack V-02
    a_code_gives_access_once_and_its_second_use_ends_what_came_of_it: async |place| {
        let directory = place.machine().await;
        let rich = Identity { more: vec![("cpf".into(), "123".to_owned())], locale: Some("pt-BR".to_owned()), ..proven("acme", "1", "ana") };
        let ana = uid(&directory, &rich, "s").await;

        let user = gets(&directory, &access(&ana, "s", "code")).await;
        assert_eq!((&user.uid, user.email.key(), user.email_verified), (&ana, "ana@loja.example", true));
        assert_eq!((user.name.as_deref(), user.locale.as_deref()), (Some("Ana"), Some("pt-BR")));
        assert_eq!(user.facts, [("cpf".into(), "123".into())]);
        let (grant, same) = directory.read(FindAppGrant { store: "main".into(), id: "code".into() }).await.expect("storage").expect("a grant");
        assert_eq!((&*grant.app, &*grant.scopes, &*grant.claimed_sid, grant.auth_time, grant.made, grant.rotation), ("painel", "openid email", "s", 100, 110, 0));
        assert_eq!(grant.until, 1000, "it counts until its session expires");
        assert_eq!(same, user);
        assert!(directory.read(FindAppGrant { store: "atacado".into(), id: "code".into() }).await.expect("storage").is_none());

        for _ in 0..2 {
            assert_eq!(redeem(&directory, &access(&ana, "s", "code")).await, CodeRedemption::Reused);
        }
        assert!(!is_live(&directory, "code").await);
        assert_eq!(ended(&directory).await, set(&["code"]), "all machines refuse its tokens, and the session goes on");
        let history = directory.read(ListUserAuditEvents { uid: ana, most: 10 }).await.expect("storage");
        assert_eq!(history.iter().map(describe_event).take(2).collect::<Vec<_>>(), [
            "a code of the app `painel` was used twice, so its access was ended: it may have been stolen",
            "the app `painel` got access: openid email",
        ], "once, however often it comes");
        assert_eq!(history.len(), 3);
    };

    /// Attack V-03
    of_fifty_redemptions_of_one_code_on_two_machines_one_succeeds_and_the_others_end_it: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let ana = uid(&machines[0], &proven("acme", "1", "ana"), "s").await;
        let redeeming = (0..50).map(|at| {
            let (directory, ana) = (Arc::clone(&machines[at % 2]), ana.clone());
            async move { redeem(&directory, &access(&ana, "s", "code")).await }
        });

        let outcomes = at_once(redeeming).await;

        let granted = outcomes.iter().filter(|outcome| matches!(outcome, CodeRedemption::Granted(_))).count();
        let reused = outcomes.iter().filter(|outcome| **outcome == CodeRedemption::Reused).count();
        assert_eq!((granted, reused), (1, 49), "{outcomes:?}");
        assert!(!is_live(&machines[0], "code").await);
        assert_eq!(ended(&machines[1]).await, set(&["code"]));
    };

    /// Attack V-03
    of_twenty_equal_refreshes_on_two_machines_one_rotates_and_the_others_get_the_same_successor: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let ana = uid(&machines[0], &proven("acme", "1", "ana"), "s").await;
        gets(&machines[0], &offline(&ana, "s", "g")).await;
        let refreshing = (0..20).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { refreshes(&directory, "g", 0, 120 + i64::try_from(at).expect("it is small") % 10).await }
        });

        let outcomes = at_once(refreshing).await;

        assert_eq!(outcomes.iter().filter(|outcome| **outcome == ("rotated", 1)).count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == ("repeated", 1)).count(), 19, "{outcomes:?}");
        assert_eq!(refreshes(&machines[1], "g", 1, 130).await, ("rotated", 2));
    };

    /// Attack V-03
    a_refresh_token_that_was_spent_before_ends_the_grant: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        for id in ["late", "two behind", "ahead", "negative"] {
            gets(&directory, &offline(&ana, "s", id)).await;
            assert_eq!(refreshes(&directory, id, 0, 120).await, ("rotated", 1));
        }
        assert_eq!(refreshes(&directory, "late", 0, 130).await, ("repeated", 1), "ten seconds later");
        assert_eq!(refreshes(&directory, "two behind", 1, 121).await, ("rotated", 2));

        assert_eq!(refreshes(&directory, "late", 0, 131).await, ("reused", 0));
        assert_eq!(refreshes(&directory, "two behind", 0, 122).await, ("reused", 0), "however soon");
        assert_eq!(refreshes(&directory, "ahead", 2, 121).await, ("reused", 0));
        assert_eq!(refreshes(&directory, "negative", -1, 121).await, ("reused", 0));

        for id in ["late", "two behind", "ahead", "negative"] {
            assert_eq!(refreshes(&directory, id, 1, 131).await, ("over", 0), "{id}: its successor is over as well");
        }
        assert_eq!(ended(&directory).await, set(&["late", "two behind", "ahead", "negative"]));
        let history = directory.read(ListUserAuditEvents { uid: ana, most: 1 }).await.expect("storage");
        assert_eq!(describe_event(&history[0]), "a refresh token of the app `agenda` was used twice, so its access was ended: it may have been stolen");
        assert_eq!(notices(&directory).await, set(&[]), "no session has ended");
    };

    a_refresh_is_for_the_app_and_store_of_the_grant_until_it_expires: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &offline(&ana, "s", "g")).await;

        for other in [
            RotateRefreshToken { app: "painel".into(), ..refresh("g", 0, 120) },
            RotateRefreshToken { store: "atacado".into(), ..refresh("g", 0, 120) },
            refresh("h", 0, 120),
            refresh("g", 0, 5000),
        ] {
            assert_eq!(directory.write(other.clone()).await, Ok(RefreshOutcome::Over), "{other:?}");
        }

        assert_eq!(refreshes(&directory, "g", 0, 4999).await, ("rotated", 1), "none of them has ended it");
        assert_eq!(refreshes(&directory, "g", 1, 9998).await, ("rotated", 2), "each use extends it");
        let (grant, _) = directory.read(FindAppGrant { store: "main".into(), id: "g".into() }).await.expect("storage").expect("a grant");
        assert_eq!((grant.made, grant.used, grant.until), (110, 9998, 14_998));
    };

    access_that_does_not_outlive_its_session_is_not_extended_beyond_it: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &NewAppGrant { app: "agenda".into(), ..access(&ana, "s", "g") }).await;

        assert_eq!(refreshes(&directory, "g", 0, 120).await, ("rotated", 1));

        assert_eq!(refreshes(&directory, "g", 1, 999).await, ("rotated", 2));
        assert_eq!(refreshes(&directory, "g", 2, 1000).await, ("over", 0), "the session expires");
    };

    one_grant_more_than_an_app_may_have_ends_the_one_that_was_used_least_recently: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        let bia = uid(&directory, &proven("acme", "2", "bia"), "t").await;
        let begin = async |grant: NewAppGrant, now: i64| {
            let granted = directory.write(RedeemCode { grant, issued: now, now }).await.expect("storage");
            assert!(matches!(granted, CodeRedemption::Granted(_)));
        };
        for at in 0..MOST_GRANTS {
            begin(offline(&ana, "s", &format!("g{at}")), 110 + at).await;
        }
        begin(NewAppGrant { app: "painel".into(), ..offline(&ana, "s", "other app") }, 100).await;
        begin(offline(&bia, "t", "other user"), 100).await;
        begin(NewAppGrant { until: 180, ..offline(&ana, "s", "expired") }, 109).await;
        assert_eq!(ended(&directory).await, set(&["g0"]), "of 51 one");
        assert_eq!(refreshes(&directory, "g1", 0, 200).await, ("rotated", 1), "the first one is used again");

        begin(offline(&ana, "s", "new"), 200).await;
        assert_eq!(ended(&directory).await, set(&["g0"]), "one has expired, so there is room");
        begin(offline(&ana, "s", "newer"), 200).await;

        assert_eq!(ended(&directory).await, set(&["g0", "g2"]));
        assert_eq!(live(&directory, &["g0", "g1", "g2", "g3", "new", "newer", "other app", "other user"]).await, ["g1", "g3", "new", "newer", "other app", "other user"]);
        assert_eq!(refreshes(&directory, "g2", 0, 200).await, ("over", 0));
        assert_eq!(due(&directory, 1000).await, [], "the session goes on");
        let events = directory.read(ListUserAuditEvents { uid: ana.clone(), most: 200 }).await.expect("storage");
        let surplus: Vec<String> = events.iter().map(describe_event).filter(|text| text.contains("too often")).collect();
        assert_eq!(surplus.len(), 2, "{surplus:?}");
    };

    the_audiences_of_a_grant_are_kept: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &NewAppGrant { resources: "a b".into(), audiences: "b".into(), ..offline(&ana, "s", "g") }).await;

        let RefreshOutcome::Rotated(grant, _) = directory.write(refresh("g", 0, 120)).await.expect("storage") else { panic!("it is valid") };

        assert_eq!((&*grant.resources, &*grant.audiences), ("a b", "b"));
    };

    a_code_of_a_session_that_is_over_gives_no_access: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        let bia = uid(&directory, &proven("acme", "2", "bia"), "t").await;
        let over = async |grant: NewAppGrant, now| {
            assert_eq!(directory.write(RedeemCode { grant: grant.clone(), issued: now, now }).await, Ok(CodeRedemption::SessionOver), "{grant:?}");
        };

        over(access(&ana, "t", "c"), 110).await;
        over(access("nobody", "s", "c"), 110).await;
        over(NewAppGrant { store: "atacado".into(), ..access(&ana, "s", "c") }, 110).await;
        over(offline(&ana, "s", "c"), 1000).await;
        directory.write(sign_out(&ana, "s")).await.expect("storage");
        over(offline(&ana, "s", "c"), 110).await;
        directory.write(BlockUser { store: "main".into(), uid: bia.clone(), blocked: true, now: 110 }).await.expect("storage");
        over(access(&bia, "t", "c"), 110).await;
        directory.write(EraseUser { store: "main".into(), uid: bia.clone(), by: AuditActor::Support, now: 110 }).await.expect("storage");
        over(access(&bia, "t", "c"), 110).await;

        assert!(!is_live(&directory, "c").await);
    };

    a_sign_out_ends_the_access_given_in_the_session_unless_it_is_to_outlive_it: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        uid(&directory, &proven("acme", "1", "ana"), "t").await;
        for (sid, id) in [("s", "1"), ("s", "2"), ("t", "3")] {
            gets(&directory, &access(&ana, sid, id)).await;
        }
        for (sid, id) in [("s", "4"), ("t", "5")] {
            gets(&directory, &offline(&ana, sid, id)).await;
        }
        // Both logins took place in the same second; only one is meant.
        directory.write(sign_out(&ana, "s")).await.expect("storage");

        assert_eq!(live(&directory, &["1", "2", "3", "4", "5"]).await, ["3", "4", "5"]);
        assert_eq!(ended(&directory).await, set(&["s", "1", "2"]));
        assert_eq!(notices(&directory).await, set(&["painel s", "agenda s"]), "each app once, and the one that keeps its access too");
        assert_eq!(refreshes(&directory, "4", 0, 120).await, ("rotated", 1));
    };

    /// Attack D-10
    a_sign_out_everywhere_a_block_an_erasure_and_a_new_address_end_all_access: async |place| {
        let directory = place.machine().await;
        let mut users = Vec::new();
        for at in ["1", "2", "3", "4"] {
            let (sid, gone) = (format!("s{at}"), format!("gone{at}"));
            let ana = uid(&directory, &proven("acme", at, &format!("ana{at}")), &gone).await;
            gets(&directory, &offline(&ana, &gone, &format!("kept{at}"))).await;
            directory.write(sign_out(&ana, &gone)).await.expect("storage");
            uid(&directory, &proven("acme", at, &format!("ana{at}")), &sid).await;
            gets(&directory, &access(&ana, &sid, &format!("on{at}"))).await;
            gets(&directory, &offline(&ana, &sid, &format!("off{at}"))).await;
            users.push(ana);
        }
        notices(&directory).await;

        directory.write(sign_out_everywhere(&users[0])).await.expect("storage");
        directory.write(BlockUser { store: "main".into(), uid: users[1].clone(), blocked: true, now: 110 }).await.expect("storage");
        directory.write(EraseUser { store: "main".into(), uid: users[2].clone(), by: AuditActor::Support, now: 110 }).await.expect("storage");
        uid(&directory, &proven("acme", "4", "nova"), "new").await;

        let mut expected = BTreeSet::new();
        for at in ["1", "2", "3", "4"] {
            let names = ["gone", "s", "on", "off", "kept"].map(|name| format!("{name}{at}"));
            assert_eq!(live(&directory, &[&names[2], &names[3], &names[4]]).await, Vec::<&str>::new());
            assert_eq!(refreshes(&directory, &names[3], 0, 120).await, ("over", 0));
            expected.extend(names);
        }
        assert_eq!(ended(&directory).await, expected);
        let named = notices(&directory).await;
        let apps = |at: &str| [format!("painel s{at}"), format!("agenda s{at}"), format!("agenda gone{at}")];
        assert_eq!(named, ["1", "2", "3", "4"].iter().flat_map(|at| apps(at)).collect(), "an erased user's apps too");
        uid(&directory, &proven("acme", "1", "ana1"), "again").await;
        for ends in [1, 0] {
            assert_eq!(directory.write(sign_out_everywhere(&users[0])).await, Ok(ends));
        }
        assert_eq!(notices(&directory).await, set(&[]), "what has ended before is not said again");
    };

    access_of_a_user_without_a_session_ends_with_a_sign_out_everywhere: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &offline(&ana, "s", "g")).await;
        directory.write(sign_out(&ana, "s")).await.expect("storage");

        assert_eq!(directory.write(sign_out_everywhere(&ana)).await, Ok(0), "no session");

        assert!(!is_live(&directory, "g").await);
        assert!(ended(&directory).await.contains("g"));
    };

    a_user_whose_address_another_one_proves_loses_all_access: async |place| {
        let directory = place.machine().await;
        let placeholder = portaria::provider::identity::IdentityEmail::Placeholder(crate::directory::email("ana"));
        let unproven = uid(&directory, &crate::directory::identity("acme", "1", placeholder), "s").await;
        gets(&directory, &offline(&unproven, "s", "g")).await;

        uid(&directory, &proven("beta", "2", "ana"), "t").await;

        assert!(!is_live(&directory, "g").await);
        assert_eq!(ended(&directory).await, set(&["s", "g"]));
        assert_eq!(notices(&directory).await, set(&["agenda s"]));
    };

    access_follows_a_session_that_gets_a_new_id_and_its_apps_are_notified_of_the_id_that_they_were_given: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "old").await;
        gets(&directory, &access(&ana, "old", "g")).await;

        directory.write(link(&ana, "old", "new")).await.expect("storage").expect("linked");
        let (grant, _) = directory.read(FindAppGrant { store: "main".into(), id: "g".into() }).await.expect("storage").expect("a grant");
        assert_eq!((&*grant.sid, &*grant.claimed_sid), ("new", "old"));
        gets(&directory, &access(&ana, "new", "h")).await;
        assert_eq!(notices(&directory).await, set(&[]), "the session goes on");

        // By the old id: a sign-out in another tab of the same browser.
        directory.write(sign_out(&ana, "old")).await.expect("storage");
        assert_eq!(live(&directory, &["g", "h"]).await, Vec::<&str>::new());
        assert_eq!(ended(&directory).await, set(&["old", "new", "g", "h"]));
        assert_eq!(notices(&directory).await, set(&["painel old", "painel new"]));
    };

    unlinking_ends_what_came_through_the_provider_also_in_the_session_that_goes_on: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "a").await;
        uid(&directory, &proven("beta", "7", "ana"), "b").await;
        let through_beta = |grant: NewAppGrant| NewAppGrant { provider: "beta".into(), ..grant };
        gets(&directory, &offline(&ana, "a", "a-off")).await;
        gets(&directory, &access(&ana, "a", "a-on")).await;
        gets(&directory, &through_beta(offline(&ana, "b", "b-off"))).await;
        gets(&directory, &through_beta(access(&ana, "b", "b-on"))).await;
        let unlink = UnlinkIdentity {
            store: "main".into(), uid: ana.clone(), provider: "beta".into(), provider_id: None, except: Some("b".into()), by: AuditActor::Person, even_last: false, now: 110,
        };

        assert_eq!(directory.write(unlink).await, Ok(UnlinkOutcome::Unlinked));

        assert_eq!(live(&directory, &["a-off", "a-on", "b-off", "b-on"]).await, ["a-off", "a-on"]);
        assert_eq!(ended(&directory).await, set(&["b-off", "b-on"]), "the session itself goes on");
        assert_eq!(notices(&directory).await, set(&["agenda b", "painel b"]));
    };

    who_signs_in_again_keeps_the_apps_and_who_comes_instead_of_another_does_not: async |place| {
        let directory = place.machine().await;
        let again = |id: &str, name: &str, old: &str, new: &str| SignIn { instead_of: Some((old.into(), 1000)), latest: 2000, ..arrival("main", &proven("acme", id, name), new) };
        let ana = uid(&directory, &proven("acme", "1", "ana"), "a1").await;
        gets(&directory, &access(&ana, "a1", "on")).await;
        gets(&directory, &offline(&ana, "a1", "off")).await;

        directory.write(again("1", "ana", "a1", "a2")).await.expect("storage").expect("signed in");
        assert_eq!(live(&directory, &["on", "off"]).await, ["on", "off"]);
        let (grant, _) = directory.read(FindAppGrant { store: "main".into(), id: "on".into() }).await.expect("storage").expect("a grant");
        assert_eq!((&*grant.sid, &*grant.claimed_sid, grant.until), ("a2", "a1", 2000));
        assert_eq!((ended(&directory).await, notices(&directory).await), (set(&["a1"]), set(&[])));

        directory.write(again("2", "bia", "a2", "b")).await.expect("storage").expect("signed in");
        assert_eq!(live(&directory, &["on", "off"]).await, ["off"]);
        assert_eq!(ended(&directory).await, set(&["a1", "a2", "on"]));
        assert_eq!(notices(&directory).await, set(&["painel a1", "agenda a1"]));
    };

    a_grant_is_ended_by_its_app_and_by_no_other: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &access(&ana, "s", "g")).await;
        let end = |store: &str, app: &str| EndAppGrant { store: store.into(), app: app.into(), id: "g".into(), by: AuditActor::App, now: 120 };

        assert_eq!(directory.write(end("main", "agenda")).await, Ok(false));
        assert_eq!(directory.write(end("atacado", "painel")).await, Ok(false));
        assert!(is_live(&directory, "g").await);
        assert_eq!(directory.write(end("main", "painel")).await, Ok(true));
        assert_eq!(directory.write(end("main", "painel")).await, Ok(false));

        assert_eq!((is_live(&directory, "g").await, ended(&directory).await), (false, set(&["g"])));
        assert_eq!(redeem(&directory, &access(&ana, "s", "g")).await, CodeRedemption::Reused, "its code is used");
        let history = directory.read(ListUserAuditEvents { uid: ana.clone(), most: 1 }).await.expect("storage");
        assert_eq!(describe_event(&history[0]), "the access of the app `painel` was ended by the app itself");
        directory.write(sign_out(&ana, "s")).await.expect("storage");
        assert_eq!(notices(&directory).await, set(&["painel s"]), "it may still have a session of its own");
    };

    a_user_sees_the_apps_with_access_and_ends_one_or_all: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &access(&ana, "s", "1")).await;
        let later = RedeemCode { grant: NewAppGrant { scopes: "openid profile".into(), ..access(&ana, "s", "2") }, issued: 130, now: 130 };
        directory.write(later).await.expect("storage");
        gets(&directory, &offline(&ana, "s", "3")).await;
        directory.write(refresh("3", 0, 140)).await.expect("storage");
        let consent = |app: &str| RecordConsent { store: "main".into(), uid: ana.clone(), app: app.into(), shown: "x".into(), scopes: "openid".into(), now: 110 };
        for app in ["painel", "agenda"] {
            directory.write(consent(app)).await.expect("storage");
        }
        let apps = async || {
            let apps = directory.read(ListAppsOfUser { store: "main".into(), uid: ana.clone() }).await.expect("storage");
            apps.iter().map(|app| format!("{}: {}, {}-{}, {}", app.app, app.scopes, app.first, app.last, app.offline)).collect::<Vec<_>>()
        };
        let end = |app: Option<&str>| EndAppsOfUser { store: "main".into(), uid: ana.clone(), app: app.map(Into::into), fetchers: TokenFetchers::default(), by: AuditActor::Person, now: 150 };

        assert_eq!(apps().await, ["agenda: openid offline_access, 110-140, true", "painel: openid email profile, 110-130, false"]);
        assert_eq!(directory.write(EndAppsOfUser { store: "atacado".into(), ..end(None) }).await, Ok(0));
        assert_eq!(directory.write(end(Some("painel"))).await, Ok(2));
        assert_eq!(apps().await, ["agenda: openid offline_access, 110-140, true"]);
        assert_eq!(ended(&directory).await, set(&["1", "2"]));
        assert_eq!(notices(&directory).await, set(&["painel s"]));
        let consented = async |app: &str| directory.read(FindConsent { store: "main".into(), uid: ana.clone(), app: app.into(), shown: "x".into() }).await.expect("storage");
        assert_eq!((consented("painel").await, consented("agenda").await.as_deref()), (None, Some("openid")), "it is asked again");
        assert_eq!(directory.write(end(None)).await, Ok(1));
        assert_eq!((apps().await, directory.write(end(None)).await), (Vec::new(), Ok(0)));

        let history = directory.read(ListUserAuditEvents { uid: ana.clone(), most: 2 }).await.expect("storage");
        assert_eq!(history.iter().map(describe_event).collect::<Vec<_>>(), [
            "the access of all apps was ended by the person",
            "the access of the app `painel` was ended by the person",
        ]);
    };

    a_redemption_while_the_session_ends_leaves_no_access: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for round in 0..20 {
            let (at, sid, id) = (round.to_string(), format!("s{round}"), format!("g{round}"));
            let ana = uid(&machines[0], &proven("acme", &at, &format!("ana{at}")), &sid).await;
            let (here, there, out) = (Arc::clone(&machines[0]), Arc::clone(&machines[1]), sign_out(&ana, &sid));
            let grant = access(&ana, &sid, &id);
            let redeeming = actix_web::rt::spawn(async move { redeem(&here, &grant).await });
            let replaced = SignIn { instead_of: Some((sid.clone().into(), 1000)), ..arrival("main", &proven("acme", "other", "other"), &format!("o{round}")) };
            match round % 3 {
                0 => there.write(out).await.expect("storage"),
                1 => drop(there.write(replaced).await.expect("storage").expect("signed in")),
                _ => drop(there.write(sign_out_everywhere(&ana)).await.expect("storage")),
            }
            let redeemed = redeeming.await.expect("it ends");

            assert!(!is_live(&machines[0], &id).await, "round {round}: {redeemed:?}");
            if matches!(redeemed, CodeRedemption::Granted(_)) {
                assert!(ended(&machines[0]).await.contains(&id), "round {round}");
            }
        }
    };

    a_redemption_while_the_session_gets_a_new_id_is_refused_or_follows_it: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for round in 0..20 {
            let (at, sid, new_sid, id) = (round.to_string(), format!("s{round}"), format!("n{round}"), format!("g{round}"));
            let ana = uid(&machines[0], &proven("acme", &at, &format!("ana{at}")), &sid).await;
            let (here, grant) = (Arc::clone(&machines[0]), access(&ana, &sid, &id));
            let redeeming = actix_web::rt::spawn(async move { redeem(&here, &grant).await });
            let link = LinkIdentity { identity: proven("beta", &at, "outra"), ..link(&ana, &sid, &new_sid) };
            machines[1].write(link).await.expect("storage").expect("linked");

            let is_granted = matches!(redeeming.await.expect("it ends"), CodeRedemption::Granted(_));
            let found = machines[0].read(FindAppGrant { store: "main".into(), id: id.into() }).await.expect("storage");
            assert_eq!(found.map(|(grant, _)| grant.sid), is_granted.then_some(new_sid.into()), "round {round}");
        }
    };

    many_changes_at_once_neither_fail_nor_leave_access_behind: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let mut users = Vec::new();
        for at in 0..4 {
            users.push(uid(&machines[0], &proven("acme", &at.to_string(), &format!("ana{at}")), &format!("first{at}")).await);
        }
        let changing = (0..8).map(|task| {
            let (directory, users) = (Arc::clone(&machines[task % 2]), users.clone());
            async move {
                let mut granted = Vec::new();
                for round in 0..10 {
                    granted.extend(change(&directory, &users, task, round).await);
                }
                granted
            }
        });

        let granted: Vec<String> = at_once(changing).await.into_iter().flatten().collect();
        for user in &users {
            machines[0].write(sign_out_everywhere(user)).await.expect("storage");
        }

        assert!(granted.len() > 20, "{granted:?}");
        let ended = ended(&machines[1]).await;
        for id in &granted {
            assert!(!is_live(&machines[1], id).await && ended.contains(id), "{id}");
        }
    };

    access_whose_session_vanished_is_over: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &NewAppGrant { app: "agenda".into(), until: 10_000_000, ..access(&ana, "s", "on") }).await;
        gets(&directory, &NewAppGrant { until: 10_000_000, ..offline(&ana, "s", "off") }).await;

        // The session expires by itself.
        tidy(&directory, 1001 + 86_400, 0).await.expect("storage");

        assert_eq!(live(&directory, &["on", "off"]).await, ["off"]);
        assert_eq!(refreshes(&directory, "on", 0, 120).await, ("over", 0));
        let apps = directory.read(ListAppsOfUser { store: "main".into(), uid: ana }).await.expect("storage");
        assert_eq!(apps.iter().map(|app| &*app.app).collect::<Vec<_>>(), ["agenda"]);
        assert!(apps[0].offline);
    };

    /// Attack N-06
    a_store_that_was_removed_takes_the_access_of_its_apps_with_it: async |place| {
        let directory = place.machine().await;
        let serving = |stores: &[&str], now| RecordServedStores {
            machine: "m".into(), stores: stores.iter().map(|name| (*name).into()).collect(), dropped: Vec::new(), silent_since: None, now,
        };
        let fresh = portaria::directory::keys::NewSigningKey { id: "k".into(), sealed: "s".to_owned() };
        let plan = portaria::session::rotation::RotationPlan::for_sessions_lasting(86400);
        directory.write(serving(&["atacado"], 1)).await.expect("storage");
        let (algorithm, fresh) = (portaria::session::token_algorithm::TokenAlgorithm::Es256, Some(fresh));
        let rotation = portaria::directory::keys::RotateSigningKeys { store: "atacado".into(), algorithm, fresh, plan, wanted: false, now: 1 };
        directory.write(rotation).await.expect("storage");
        let ana = directory.write(arrival("atacado", &proven("acme", "1", "ana"), "s")).await.expect("storage").expect("signed in").user.uid;
        gets(&directory, &NewAppGrant { store: "atacado".into(), ..offline(&ana, "s", "g") }).await;
        directory.write(RecordConsent { store: "atacado".into(), uid: ana.clone(), app: "agenda".into(), shown: "x".into(), scopes: "openid".into(), now: 110 }).await.expect("storage");

        assert_eq!(directory.write(serving(&[], 2)).await.expect("storage").len(), 1);

        assert_eq!(directory.write(RotateRefreshToken { store: "atacado".into(), ..refresh("g", 0, 120) }).await, Ok(RefreshOutcome::Over));
        assert_eq!(directory.read(FindConsent { store: "atacado".into(), uid: ana, app: "agenda".into(), shown: "x".into() }).await, Ok(None));
    };

    facts_are_those_of_the_provider_that_is_asked_about: async |place| {
        let directory = place.machine().await;
        let with = |provider: &str, id: &str, cpf: &str| Identity { more: vec![("cpf".into(), cpf.to_owned())], ..proven(provider, id, "ana") };
        let ana = uid(&directory, &with("acme", "1", "123"), "1").await;
        uid(&directory, &with("beta", "1", "456"), "2").await;
        let find = async |store: &str, provider: &str| directory.read(FindAppUser { store: store.into(), uid: ana.clone(), provider: provider.into() }).await.expect("storage");

        for (provider, facts) in [("acme", vec!["123"]), ("beta", vec!["456"]), ("gama", vec![])] {
            let user = find("main", provider).await.expect("a user");
            assert_eq!(user.facts.iter().map(|(_, value)| &**value).collect::<Vec<_>>(), facts, "{provider}");
        }
        assert_eq!(find("atacado", "acme").await, None);
        directory.write(BlockUser { store: "main".into(), uid: ana.clone(), blocked: true, now: 100 }).await.expect("storage");
        assert_eq!(find("main", "acme").await, None, "blocked");
    };

    a_notice_is_tried_after_growing_pauses_for_a_day_until_it_is_dropped: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &access(&ana, "s", "1")).await;
        gets(&directory, &offline(&ana, "s", "2")).await;
        directory.write(sign_out(&ana, "s")).await.expect("storage");

        let first = due(&directory, 110).await;
        assert_eq!(first.iter().map(|notice| (&*notice.store, &*notice.app, &*notice.sid, &notice.uid, notice.tries)).collect::<Vec<_>>(), [
            ("main", "agenda", "s", &ana, 0),
            ("main", "painel", "s", &ana, 0),
        ]);
        directory.write(DropLogoutNotice { store: "main".into(), app: "agenda".into(), sid: "s".into() }).await.expect("storage");
        let mut tried = Vec::new();
        let mut last = false;
        // Only moments at which it can be due, to be quick.
        for after in (0..7410).step_by(30).chain((7410..86_400 + 3600).step_by(3600)) {
            for notice in due(&directory, 110 + after).await {
                assert!(!last, "the last try was said to be the last");
                last = notice.is_last;
                tried.push(after);
            }
        }
        assert_eq!(tried[..8], [30, 90, 210, 450, 930, 1890, 3810, 7410], "30 s, 60 s, … up to an hour");
        assert!(last && tried.len() < 40, "{tried:?}");
        tidy(&directory, 110 + 86_401, 0).await.expect("storage");
        assert_eq!(due(&directory, 110 + 86_401).await, []);
    };

    a_notice_is_taken_by_one_machine_at_a_time: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let ana = uid(&machines[0], &proven("acme", "1", "ana"), "s").await;
        for at in 0..30 {
            gets(&machines[0], &NewAppGrant { app: format!("app{at:02}").into(), ..access(&ana, "s", &at.to_string()) }).await;
        }
        machines[0].write(sign_out(&ana, "s")).await.expect("storage");
        let taking = (0..20).map(|at| {
            let directory = Arc::clone(&machines[at % 2]);
            async move { directory.write(TakeDueLogoutNotices { store: "main".into(), now: 110, limit: 7 }).await.expect("storage") }
        });

        let taken: Vec<_> = at_once(taking).await.into_iter().flatten().chain(due(&machines[0], 110).await).collect();

        assert_eq!(taken.len(), 30, "none twice");
        assert_eq!(taken.iter().map(|notice| &notice.app).collect::<BTreeSet<_>>().len(), 30, "none is left out");
    };

    what_a_user_allows_an_app_adds_up: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        let allow = |app: &str, scopes: &str| RecordConsent { store: "main".into(), uid: ana.clone(), app: app.into(), shown: "x".into(), scopes: scopes.into(), now: 110 };
        let allowed = async |store: &str, app: &str| directory.read(FindConsent { store: store.into(), uid: ana.clone(), app: app.into(), shown: "x".into() }).await.expect("storage");

        directory.write(allow("painel", "openid email")).await.expect("storage");
        directory.write(allow("painel", "openid profile")).await.expect("storage");
        directory.write(RecordConsent { uid: "nobody".into(), ..allow("painel", "openid") }).await.expect("it is not recorded");

        assert_eq!(allowed("main", "painel").await.as_deref(), Some("openid email profile"));
        assert_eq!((allowed("main", "agenda").await, allowed("atacado", "painel").await), (None, None));
    };

    a_consent_counts_for_the_app_that_the_user_has_seen: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        let allow = |shown: &str, scopes: &str| RecordConsent { store: "main".into(), uid: ana.clone(), app: "painel".into(), shown: shown.into(), scopes: scopes.into(), now: 110 };
        let allowed = async |shown: &str| directory.read(FindConsent { store: "main".into(), uid: ana.clone(), app: "painel".into(), shown: shown.into() }).await.expect("storage");

        directory.write(allow("x", "openid email")).await.expect("storage");
        assert_eq!((allowed("x").await.as_deref(), allowed("y").await), (Some("openid email"), None));

        directory.write(allow("y", "openid")).await.expect("storage");
        assert_eq!((allowed("y").await.as_deref(), allowed("x").await), (Some("openid"), None), "what was allowed the other one is not added");
    };

    a_code_that_was_issued_before_the_access_ended_gives_none: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        let end = |app: Option<&str>, now| EndAppsOfUser { store: "main".into(), uid: ana.clone(), app: app.map(Into::into), fetchers: TokenFetchers::default(), by: AuditActor::Person, now };
        let outcome = async |grant: NewAppGrant, issued| {
            let redeemed = directory.write(RedeemCode { grant, issued, now: 120 }).await.expect("storage");
            matches!(redeemed, CodeRedemption::Granted(_))
        };
        assert_eq!(directory.write(end(Some("painel"), 105)).await, Ok(0), "there is no access yet");

        assert!(!outcome(access(&ana, "s", "1"), 104).await && !outcome(access(&ana, "s", "1"), 105).await);
        assert!(outcome(offline(&ana, "s", "2"), 104).await, "another app is not meant");
        assert!(outcome(access(&ana, "s", "1"), 106).await);

        let consent = RecordConsent { store: "main".into(), uid: ana.clone(), app: "painel".into(), shown: "x".into(), scopes: "openid".into(), now: 107 };
        directory.write(consent).await.expect("storage");
        assert!(!outcome(access(&ana, "s", "3"), 105).await, "an agreement afterwards revives no code");
        assert_eq!(directory.write(EndAppsOfUser { store: "atacado".into(), ..end(None, 118) }).await, Ok(0));
        assert!(outcome(access(&ana, "s", "3"), 116).await);
        assert_eq!(directory.write(end(None, 117)).await, Ok(3));
        assert!(!outcome(access(&ana, "s", "4"), 117).await && !outcome(offline(&ana, "s", "5"), 116).await, "of all apps");
        assert!(outcome(access(&ana, "s", "4"), 118).await && outcome(offline(&ana, "s", "5"), 118).await);
    };

    /// Attack D-10
    an_export_holds_the_access_of_apps_and_an_erasure_removes_it: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "s").await;
        gets(&directory, &access(&ana, "s", "1")).await;
        gets(&directory, &offline(&ana, "s", "2")).await;
        directory.write(RecordConsent { store: "main".into(), uid: ana.clone(), app: "painel".into(), shown: "x".into(), scopes: "openid".into(), now: 110 }).await.expect("storage");

        let export = directory.write(ExportUser { uid: ana.clone(), by: AuditActor::Support, now: 1000 }).await.expect("storage").expect("a user");
        assert_eq!(export.apps.iter().map(|app| &*app.app).collect::<Vec<_>>(), ["agenda"], "the other one has expired");
        assert_eq!(export.consents.iter().map(|consent| (&*consent.app, consent.at)).collect::<Vec<_>>(), [("painel", 110)]);

        assert!(directory.write(EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 120 }).await.expect("storage"));
        assert_eq!(directory.read(FindConsent { store: "main".into(), uid: ana.clone(), app: "painel".into(), shown: "x".into() }).await, Ok(None));
        let page = directory.read(ListAuditEvents { store: None, provider: None, before: None, most: 50 }).await.expect("storage");
        assert!(page.events.len() > 3 && page.events.iter().all(|event| event.uid.is_none()), "{:?}", page.events);
    };

    no_access_is_recorded_for_a_user_who_is_erased_at_the_same_moment: async |place| {
        let machines = [place.machine().await, place.machine().await];
        for round in 0..20 {
            let (at, sid) = (round.to_string(), format!("s{round}"));
            let ana = uid(&machines[0], &proven("acme", &at, &format!("ana{at}")), &sid).await;
            gets(&machines[0], &offline(&ana, &sid, &format!("g{round}"))).await;
            let here = Arc::clone(&machines[0]);
            let end = EndAppGrant { store: "main".into(), app: "agenda".into(), id: format!("g{round}").into(), by: AuditActor::App, now: 120 };
            let ending = actix_web::rt::spawn(async move { here.write(end).await.expect("storage") });
            machines[1].write(EraseUser { store: "main".into(), uid: ana.clone(), by: AuditActor::Support, now: 120 }).await.expect("storage");
            ending.await.expect("it ends");

            assert!(machines[0].read(ListUserAuditEvents { uid: ana, most: 10 }).await.expect("storage").is_empty(), "round {round}");
        }
    };

    a_user_without_apps_signs_in_and_out_as_before: async |place| {
        let directory = place.machine().await;
        let ana = comes(&directory, &proven("acme", "1", "ana"), "s").await.expect("signed in").user.uid;

        directory.write(sign_out(&ana, "s")).await.expect("storage");

        assert_eq!((ended(&directory).await, notices(&directory).await), (set(&["s"]), set(&[])));
    };
}
