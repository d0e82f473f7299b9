//! The own tokens of providers: kept, replaced once, and forgotten with what they belong to.

use crate::directory::{at_once, on_both, proven, uid};
use portaria::directory::Directory;
use portaria::directory::app_grants::{CodeRedemption, NewAppGrant, RedeemCode};
use portaria::directory::audit::AuditActor;
use portaria::directory::ended_grants::EndAppsOfUser;
use portaria::directory::export::ExportUser;
use portaria::directory::identity_links::UnlinkIdentity;
use portaria::directory::kept_tokens::{
    FindProviderTokens, FindTokensForApp, ForgetProviderTokens, KeepProviderTokens, KeptProviderTokens, ReplaceProviderTokens,
    TokenFetchers, TokensForApp,
};
use portaria::directory::sessions::EndAllSessions;
use portaria::directory::tidy::tidy;
use portaria::directory::users::{BlockUser, EraseUser};
use std::sync::Arc;

async fn keeps(directory: &Directory, user: &str, provider: &str, sealed: &str) {
    keeps_of(directory, user, (provider, "1", "1"), sealed).await;
}

/// Keeps the tokens of an identity, in a session.
async fn keeps_of(directory: &Directory, user: &str, (provider, id, sid): (&str, &str, &str), sealed: &str) {
    let (store, uid, provider, provider_id, sid) = ("main".into(), user.into(), provider.into(), id.into(), sid.into());
    let keep = KeepProviderTokens { store, uid, provider, provider_id, sid, sealed: sealed.to_owned(), until: 1000 };
    directory.write(keep).await.expect("storage");
}

async fn kept(directory: &Directory, user: &str, provider: &str) -> Option<String> {
    let find = FindProviderTokens { store: "main".into(), uid: user.into(), provider: provider.into() };
    directory.read(find).await.expect("storage").map(|kept| kept.sealed)
}

fn replace(user: &str, before: &str, sealed: &str) -> ReplaceProviderTokens {
    let (before, sealed) = (before.to_owned(), sealed.to_owned());
    ReplaceProviderTokens { store: "main".into(), uid: user.into(), provider: "acme".into(), before, sealed, until: 2000 }
}

on_both! {
    tokens_are_kept_for_a_user_and_a_provider: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        uid(&directory, &proven("beta", "1", "ana"), "2").await;
        keeps(&directory, &ana, "acme", "first").await;
        keeps(&directory, &ana, "acme", "second").await;
        keeps_of(&directory, &ana, ("beta", "1", "2"), "other").await;
        keeps(&directory, "nobody", "acme", "x").await;

        assert_eq!(kept(&directory, &ana, "acme").await.as_deref(), Some("second"));
        assert_eq!((kept(&directory, &ana, "gama").await, kept(&directory, "nobody", "acme").await), (None, None));
        let elsewhere = FindProviderTokens { store: "atacado".into(), uid: ana.clone(), provider: "acme".into() };
        assert_eq!(directory.read(elsewhere).await, Ok(None));
        let export = directory.write(ExportUser { uid: ana.clone(), by: AuditActor::Support, now: 100 }).await.expect("storage").expect("a user");
        assert_eq!(export.kept_tokens, [("acme".into(), 1000), ("beta".into(), 1000)]);

        for (before, left) in [("first", Some("second")), ("second", None)] {
            let (uid, provider, before) = (ana.clone(), "acme".into(), before.to_owned());
            directory.write(ForgetProviderTokens { store: "main".into(), uid, provider, before }).await.expect("storage");
            assert_eq!(kept(&directory, &ana, "acme").await.as_deref(), left);
        }
        assert_eq!((kept(&directory, &ana, "acme").await, kept(&directory, &ana, "beta").await.as_deref()), (None, Some("other")));
        tidy(&directory, 1001 + 86_400, 0).await.expect("storage");
        assert_eq!(kept(&directory, &ana, "beta").await, None, "they are of no more use");
    };

    tokens_of_a_login_that_is_over_already_are_not_kept: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;

        keeps_of(&directory, &ana, ("acme", "2", "1"), "x").await;
        keeps_of(&directory, &ana, ("beta", "1", "1"), "x").await;
        keeps_of(&directory, &ana, ("acme", "1", "2"), "x").await;
        assert_eq!(kept(&directory, &ana, "acme").await, None, "another identity, or no session");
        let (store, by) = ("main".into(), AuditActor::Person);
        directory.write(EndAllSessions { store, uid: ana.clone(), except: None, by, now: 100 }).await.expect("storage");
        keeps(&directory, &ana, "acme", "late").await;

        assert_eq!(kept(&directory, &ana, "acme").await, None);
    };

    an_app_finds_the_tokens_as_long_as_its_access_goes_on: async |place| {
        let directory = place.machine().await;
        let ana = uid(&directory, &proven("acme", "1", "ana"), "1").await;
        keeps(&directory, &ana, "acme", "sealed").await;
        let grant = NewAppGrant {
            id: "g".into(), store: "main".into(), uid: ana.clone(), app: "painel".into(), sid: "1".into(), offline: false,
            scopes: "openid".into(), resources: "".into(), audiences: "".into(), provider: "acme".into(), auth_time: 100, until: 1000,
        };
        assert!(matches!(directory.write(RedeemCode { grant, issued: 100, now: 100 }).await, Ok(CodeRedemption::Granted(_))));
        let find = FindTokensForApp { store: "main".into(), grant: "g".into(), app: "painel".into(), uid: ana.clone(), provider: "acme".into() };
        let found = async |find: FindTokensForApp| directory.read(find).await.expect("storage");

        let sealed = KeptProviderTokens { provider: "acme".into(), sealed: "sealed".to_owned(), until: 1000 };
        assert_eq!(found(find.clone()).await, TokensForApp::Kept(sealed));
        assert_eq!(found(FindTokensForApp { provider: "beta".into(), ..find.clone() }).await, TokensForApp::None);
        for other in [
            FindTokensForApp { store: "atacado".into(), ..find.clone() },
            FindTokensForApp { grant: "h".into(), ..find.clone() },
            FindTokensForApp { app: "other".into(), ..find.clone() },
            FindTokensForApp { uid: "nobody".into(), ..find.clone() },
        ] {
            assert_eq!(found(other).await, TokensForApp::AccessEnded);
        }
        let fetchers = TokenFetchers(vec![("other".into(), "acme".into())]);
        let end = EndAppsOfUser { store: "main".into(), uid: ana.clone(), app: Some("painel".into()), fetchers, by: AuditActor::Person, now: 100 };
        directory.write(end).await.expect("storage");
        assert_eq!(found(find).await, TokensForApp::AccessEnded);
        assert_eq!(kept(&directory, &ana, "acme").await.as_deref(), Some("sealed"), "it could not fetch them");
    };

    tokens_that_no_app_may_fetch_any_more_are_forgotten: async |place| {
        let directory = place.machine().await;
        let (ana, caio) = (uid(&directory, &proven("acme", "1", "ana"), "1").await, uid(&directory, &proven("acme", "2", "caio"), "2").await);
        keeps(&directory, &ana, "acme", "sealed").await;
        keeps_of(&directory, &caio, ("acme", "2", "2"), "sealed").await;
        for (id, uid, app, sid) in [("g1", &ana, "painel", "1"), ("g2", &ana, "agenda", "1"), ("g3", &ana, "other", "1"), ("g4", &caio, "painel", "2")] {
            let grant = NewAppGrant {
                id: id.into(), store: "main".into(), uid: uid.clone(), app: app.into(), sid: sid.into(), offline: false,
                scopes: "openid".into(), resources: "".into(), audiences: "".into(), provider: "acme".into(), auth_time: 100, until: 1000,
            };
            assert!(matches!(directory.write(RedeemCode { grant, issued: 100, now: 100 }).await, Ok(CodeRedemption::Granted(_))));
        }
        let end = async |app: &str| {
            let fetchers = TokenFetchers(vec![("painel".into(), "acme".into()), ("agenda".into(), "acme".into()), ("unused".into(), "acme".into())]);
            let end = EndAppsOfUser { store: "main".into(), uid: ana.clone(), app: Some(app.into()), fetchers, by: AuditActor::Person, now: 110 };
            directory.write(end).await.expect("storage");
        };

        end("other").await;
        end("painel").await;
        assert_eq!(kept(&directory, &ana, "acme").await.as_deref(), Some("sealed"), "the second app may still fetch them");
        end("agenda").await;

        assert_eq!(kept(&directory, &ana, "acme").await, None);
        assert_eq!(kept(&directory, &caio, "acme").await.as_deref(), Some("sealed"), "those of another person stay");
    };

    of_many_refreshes_at_once_one_replaces_the_tokens: async |place| {
        let machines = [place.machine().await, place.machine().await];
        let ana = uid(&machines[0], &proven("acme", "1", "ana"), "1").await;
        keeps(&machines[0], &ana, "acme", "first").await;
        let refreshing = (0..20).map(|at| {
            let (directory, replace) = (Arc::clone(&machines[at % 2]), replace(&ana, "first", &format!("second {at}")));
            async move { directory.write(replace).await.expect("storage") }
        });

        let replaced = at_once(refreshing).await;

        assert_eq!(replaced.iter().filter(|replaced| **replaced).count(), 1);
        let winner = replaced.iter().position(|replaced| *replaced).expect("one");
        assert_eq!(kept(&machines[0], &ana, "acme").await, Some(format!("second {winner}")));
        assert_eq!(machines[0].write(replace("nobody", "first", "x")).await, Ok(false));
    };

    /// Attack D-10
    tokens_are_forgotten_with_the_user_the_identity_and_all_sessions: async |place| {
        let directory = place.machine().await;
        let mut users = Vec::new();
        for id in ["1", "2", "3", "4"] {
            let ana = uid(&directory, &proven("acme", id, &format!("ana{id}")), id).await;
            uid(&directory, &proven("beta", id, &format!("ana{id}")), &format!("b{id}")).await;
            for provider in ["acme", "beta"] {
                keeps_of(&directory, &ana, (provider, id, id), "sealed").await;
            }
            users.push(ana);
        }
        let unlink = UnlinkIdentity {
            store: "main".into(), uid: users[0].clone(), provider: "acme".into(), provider_id: None, except: Some("1".into()), by: AuditActor::Person, even_last: false, now: 100,
        };

        directory.write(unlink).await.expect("storage");
        directory.write(EndAllSessions { store: "main".into(), uid: users[1].clone(), except: None, by: AuditActor::Person, now: 100 }).await.expect("storage");
        directory.write(BlockUser { store: "main".into(), uid: users[2].clone(), blocked: true, now: 100 }).await.expect("storage");
        directory.write(EraseUser { store: "main".into(), uid: users[3].clone(), by: AuditActor::Support, now: 100 }).await.expect("storage");

        assert_eq!((kept(&directory, &users[0], "acme").await, kept(&directory, &users[0], "beta").await.as_deref()), (None, Some("sealed")));
        for user in &users[1..] {
            assert_eq!((kept(&directory, user, "acme").await, kept(&directory, user, "beta").await), (None, None));
        }
    };
}
