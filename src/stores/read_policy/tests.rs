//! Tests of what provider files may read.

use crate::provider::InstallationContext;
use crate::stores::catalogue;
use crate::stores::read_policy::ReadPolicy;
use crate::stores::read_refusal::{AwaitedReading, ReadRefusalKind};
use crate::stores::settings::Settings;
use crate::vocabulary::place::Source;
use crate::world::files;
use crate::world::slow_disk::tests::{StuckDisk, wait_until_answered};
use crate::world::{random, secrets};
use std::path::Path;

fn policy(settings: &str) -> ReadPolicy {
    let (settings, report) = Settings::read(&Source::new("portaria.yaml", settings));
    ReadPolicy::for_folder(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))), Path::new("providers.d"))
}

#[test]
fn what_the_broker_itself_reads_is_never_read_for_a_provider() {
    let settings = "masterKey: env:VAULT_KEY\nmail: { smtp: 'smtp://localhost:25', from: a@loja.example, user: env:SMTP_USER, password: file:secrets/smtp }\n\
                    outgoingProxy: { url: http://proxy.interno.example:3128, user: env:VAULT_PROXY, password: file:secrets/proxy }\n\
                    events: { to: https://www.loja.example/events, secret: [ env:VAULT_EVENTS, file:secrets/events ] }\n\
                    filesMayRead: { env: [ 'VAULT_*', 'SMTP_*', 'PORT*', 'PG*' ], folder: [ secrets, data ] }\n\
                    apps: { painel: { secret: env:VAULT_PAINEL, redirectUris: 'https://painel.example/cb' }, job: { secret: file:secrets/job, grants: clientCredentials } }\n\
                    stores: { b: { publicUrl: 'https://b.example', mail: { smtp: 'smtp://localhost:25', from: b@loja.example, user: env:VAULT_MAIL, password: env:SMTP_B }, \
                    apps: { b: { secret: env:VAULT_B, grants: clientCredentials } } } }\n";
    let policy = policy(settings);

    for variable in [
        "VAULT_PAINEL",
        "VAULT_B",
        "VAULT_EVENTS",
        "VAULT_PROXY",
        "VAULT_KEY",
        "SMTP_USER",
        "SMTP_B",
        "VAULT_MAIL",
        "PORTARIA_MASTER_KEY",
        "PORTARIA",
        "PGPASSWORD",
    ] {
        assert!(matches!(policy.judge_variable("acme", variable), Err(ReadRefusalKind::BrokersVariable)), "{variable}");
    }
    for variable in ["VAULT_OTHER", "PORTAL", "ACME_CLIENT_ID", "ACME_CLIENT_SECRET"] {
        assert!(policy.judge_variable("acme", variable).is_ok(), "{variable}");
    }
    assert!(matches!(policy.judge_variable("acme", "ACME_KEY"), Err(ReadRefusalKind::OtherVariable)), "the list replaces the default");
    for file in [
        "secrets/smtp",
        "secrets/job",
        "secrets/proxy",
        "secrets/events",
        "secrets/./smtp",
        "data/portaria.db",
        "data/portaria.db-wal",
        "data/master.key",
    ] {
        assert!(matches!(policy.judge_file(file), Err(ReadRefusalKind::BrokersFile)), "{file}");
    }
    assert!(policy.judge_file("secrets/acme").is_ok());
}

/// Attacks Y-03, Y-07
#[test]
fn a_link_is_refused_while_it_is_unknown_whether_it_leads_to_a_file_of_the_broker_or_of_another_store() {
    let folder = std::env::temp_dir().join(format!("portaria-linked-{}", random::id()));
    let (own, outra, secrets) = (folder.join("own"), folder.join("outra"), folder.join("secrets"));
    let settings = format!(
        "masterKey: file:{own}/master\nfilesMayRead: {{ folder: {secrets} }}\n\
         stores: {{ outra: {{ publicUrl: 'https://b.example', providers: outra.d, filesMayRead: {{ folder: {outra} }} }} }}\n",
        own = own.display(),
        outra = outra.display(),
        secrets = secrets.display()
    );
    let policy = policy(&settings);
    for file in [own.join("master"), outra.join("secret"), secrets.join("plain")] {
        files::write(&file, "geheim").unwrap();
    }
    std::fs::hard_link(own.join("master"), secrets.join("master")).unwrap();
    std::os::unix::fs::symlink(outra.join("secret"), secrets.join("outra")).unwrap();
    let judged = |name: &str| match policy.judge_file(&secrets.join(name).to_string_lossy()) {
        Ok(_) => "read".to_owned(),
        Err(ReadRefusalKind::UnansweredDisk(path)) => format!("unanswered: {}", path.strip_prefix(&folder).unwrap().display()),
        Err(ReadRefusalKind::BrokersFile) => "the broker's".to_owned(),
        Err(ReadRefusalKind::LinkOut) => "out".to_owned(),
        Err(_) => "refused".to_owned(),
    };
    let all = || ["master", "outra", "plain", "missing"].map(judged);

    let answered = all();
    let of_broker = {
        let _disk = StuckDisk::below(&own);
        all()
    };
    wait_until_answered([&*own.join("master")]);
    let of_folders = [&outra, &secrets].map(|stuck| {
        let _disk = StuckDisk::below(stuck);
        all()
    });
    std::fs::remove_dir_all(&folder).unwrap();

    assert_eq!(answered, ["the broker's", "out", "read", "read"]);
    let unanswered = "unanswered: own/master";
    assert_eq!(of_broker, [unanswered, "out", unanswered, "read"]);
    let (outra, secrets) = ("unanswered: outra", "unanswered: secrets");
    assert_eq!(of_folders, [[outra, "out", outra, "read"], [secrets, secrets, secrets, "read"]]);
}

#[test]
fn a_store_allows_its_own_name_where_it_uses_the_folder() {
    let settings =
        "stores: { atacado: { publicUrl: 'https://atacado.example', providers: atacado.d }, b2b: { publicUrl: 'https://b2b.example' } }\n";
    let main = policy(settings);

    assert!(main.judge_variable("acme", "MAIN_KEY").is_ok() && main.judge_variable("acme", "B2B_KEY").is_ok());
    assert!(main.judge_variable("acme", "ATACADO_KEY").is_err(), "that store has a folder of its own");
}

/// Attacks Y-03, Y-07
#[test]
fn a_link_that_takes_the_place_of_a_file_after_it_was_judged_is_not_followed() {
    let folder = std::env::temp_dir().join(format!("portaria-replaced-{}", random::id()));
    std::fs::create_dir(&folder).unwrap();
    let folder = files::real_path(&folder).unwrap();
    let (own, secrets) = (folder.join("own"), folder.join("secrets"));
    for file in [own.join("master"), secrets.join("file"), secrets.join("below/master"), secrets.join("v1")] {
        files::write(&file, "geheim").unwrap();
    }
    std::os::unix::fs::symlink("v1", secrets.join("current")).unwrap();
    let policy = policy(&format!("masterKey: file:{}/master\nfilesMayRead: {{ folder: {} }}\n", own.display(), secrets.display()));
    files::write(&secrets.join("swapped"), "geheim").unwrap();
    let judged = ["file", "below/master", "current", "swapped"]
        .map(|name| policy.judge_file(&secrets.join(name).to_string_lossy()).unwrap_or_else(|_| panic!("{name} may be read")));
    let are_read = || judged.each_ref().map(secrets::is_set);

    let before = are_read();
    std::fs::remove_file(secrets.join("file")).unwrap();
    std::os::unix::fs::symlink(own.join("master"), secrets.join("file")).unwrap();
    std::fs::rename(secrets.join("below"), secrets.join("aside")).unwrap();
    std::os::unix::fs::symlink(&own, secrets.join("below")).unwrap();
    std::fs::hard_link(own.join("master"), secrets.join("new")).unwrap();
    std::fs::rename(secrets.join("new"), secrets.join("swapped")).unwrap();
    let after = are_read();
    std::fs::remove_dir_all(&folder).unwrap();

    assert_eq!((before, after), ([true; 4], [false, false, true, false]));
}

/// A platform rotates a secret by a link that it turns to another file.
#[test]
fn a_secret_that_is_replaced_after_it_was_judged_counts_as_changed() {
    let folder = std::env::temp_dir().join(format!("portaria-rotated-{}", random::id()));
    let (secrets, file) = (folder.join("secrets"), folder.join("acme.yaml"));
    let turn_to = |version: &str| {
        std::os::unix::fs::symlink(version, secrets.join("new")).unwrap();
        std::fs::rename(secrets.join("new"), secrets.join("current")).unwrap();
    };
    for name in ["v1", "v2"] {
        files::write(&secrets.join(name), "geheim").unwrap();
    }
    turn_to("v1");
    let text = format!(
        "name: Acme\nclientId: loja\nclientSecret: file:{secrets}/current\ngetAuthorizationCode: {{ get: \"https://a.example/a\" }}\n\
         getAccessCode: {{ post: \"https://a.example/t\" }}\ngetUserInfo: {{ get: \"https://a.example/me\", read: {{ id: $.id, email: $.email, emailVerified: $.ok }} }}\n",
        secrets = secrets.display()
    );
    files::write(&file, &text).unwrap();
    let policy = policy(&format!("filesMayRead: {{ folder: {} }}\n", secrets.display()));
    let entry = || catalogue::load(&file, InstallationContext { loopback: false }, &policy);
    let stamp = |entry: &catalogue::CatalogueEntry| {
        let provider = entry.state.provider().expect("the file may read its secret");
        catalogue::named_file_stamps(provider, &folder).next().expect("it names a secret").1
    };

    let judged = entry();
    let before = stamp(&judged);
    turn_to("v2");
    let (after, judged_again) = (stamp(&judged), stamp(&entry()));
    std::fs::remove_dir_all(&folder).unwrap();

    assert!(before.is_some() && after.is_none() && judged_again.is_some(), "{before:?} {after:?} {judged_again:?}");
}

#[test]
fn what_cannot_be_looked_up_is_refused_with_the_reason() {
    let folder = std::env::temp_dir().join(format!("portaria-circle-{}", random::id()));
    let (secrets, circle) = (folder.join("secrets"), folder.join("circle"));
    files::write(&secrets.join("acme"), "geheim").unwrap();
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    let of_key = policy(&format!("masterKey: file:{}\nfilesMayRead: {{ folder: {} }}\n", circle.display(), secrets.display()));

    let problem = of_key.problem_with("acme", &format!("file:{}/acme", secrets.display())).expect("the key may be that file");
    std::fs::remove_dir_all(&folder).unwrap();

    assert!(problem.contains("circle`, which cannot be looked up: too many levels") && !problem.contains("disk"), "{problem}");
}

#[test]
fn a_folder_that_cannot_be_listed_can_be_looked_up() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = std::env::temp_dir().join(format!("portaria-traversed-{}", random::id()));
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o311)).unwrap();

    let is_possible = AwaitedReading::LookUp(folder.clone()).is_possible();
    let is_listed = AwaitedReading::List(folder.clone()).is_possible();
    // Root lists every folder.
    let is_root = std::fs::read_dir(&folder).is_ok();
    std::fs::remove_dir(&folder).unwrap();

    assert_eq!((is_possible, is_listed), (true, is_root));
}
