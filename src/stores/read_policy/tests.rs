//! Tests of what provider files may read.

use crate::stores::read_policy::ReadPolicy;
use crate::stores::read_refusal::ReadRefusalKind;
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
                    filesMayRead: { env: [ 'VAULT_*', 'SMTP_*', 'PORT*', 'PG*' ], folder: [ secrets, data ] }\n\
                    stores: { b: { publicUrl: 'https://b.example', mail: { smtp: 'smtp://localhost:25', from: b@loja.example, user: env:VAULT_MAIL, password: env:SMTP_B } } }\n";
    let policy = policy(settings);

    for variable in ["VAULT_KEY", "SMTP_USER", "SMTP_B", "VAULT_MAIL", "PORTARIA_MASTER_KEY", "PORTARIA", "PGPASSWORD"] {
        assert!(matches!(policy.judge_variable("acme", variable), Err(ReadRefusalKind::BrokersVariable)), "{variable}");
    }
    for variable in ["VAULT_OTHER", "PORTAL", "ACME_CLIENT_ID", "ACME_CLIENT_SECRET"] {
        assert!(policy.judge_variable("acme", variable).is_ok(), "{variable}");
    }
    assert!(matches!(policy.judge_variable("acme", "ACME_KEY"), Err(ReadRefusalKind::OtherVariable)), "the list replaces the default");
    for file in ["secrets/smtp", "secrets/./smtp", "data/portaria.db", "data/portaria.db-wal", "data/master.key"] {
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
    let judged = ["file", "below/master", "current"]
        .map(|name| policy.judge_file(&secrets.join(name).to_string_lossy()).unwrap_or_else(|_| panic!("{name} may be read")));
    let are_read = || judged.each_ref().map(secrets::is_set);

    let before = are_read();
    std::fs::remove_file(secrets.join("file")).unwrap();
    std::os::unix::fs::symlink(own.join("master"), secrets.join("file")).unwrap();
    std::fs::rename(secrets.join("below"), secrets.join("aside")).unwrap();
    std::os::unix::fs::symlink(&own, secrets.join("below")).unwrap();
    let after = are_read();
    std::fs::remove_dir_all(&folder).unwrap();

    assert_eq!((before, after), ([true; 3], [false, false, true]));
}
