//! `portaria catalogue` and `portaria providers stale`: an installed program has the catalogue without the repository.

use crate::command_line::{Folder, portaria};
use crate::support::{catalogue, root, text};
use serde_json::Value;

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let (_, out, err) = portaria(&folder.0, &arguments, &[]);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|entry| entry["name"].as_str()).collect()
}

#[test]
fn every_file_of_the_catalogue_but_the_playground_is_listed() {
    let folder = Folder::new("catalogue-list");
    let list = json(&folder, &["catalogue", "list"]);

    let mut listed = names(&list);
    listed.sort_unstable();
    let files = catalogue();
    let files: Vec<&str> = files.iter().filter_map(|path| path.file_stem()?.to_str()).filter(|name| *name != "playground").collect();
    assert_eq!(listed, files);
    for entry in list.as_array().expect("a list") {
        assert!(["A", "B"].contains(&entry["grade"].as_str().expect("a grade")), "{entry}");
    }
}

#[test]
fn the_list_can_be_of_one_country_or_one_kind() {
    let folder = Folder::new("catalogue-country");

    let brazil = json(&folder, &["catalogue", "list", "--country", "br"]);
    let government = json(&folder, &["catalogue", "list", "--country", "BR", "--kind", "government"]);

    assert!(["govbr", "mercadopago", "suap"].iter().all(|name| names(&brazil).contains(name)), "{brazil}");
    assert_eq!(names(&government), ["govbr"]);
    assert_eq!(portaria(&folder.0, &["catalogue", "list", "--country", "XX"], &[]).0, 1);
    let (code, _, err) = portaria(&folder.0, &["catalogue", "list", "--country", "Brasil"], &[]);
    assert!(code == 2 && err.contains("two letters"), "{err}");
    let (_, out, _) = portaria(&folder.0, &["catalogue", "list", "--country", "BR"], &[]);
    assert!(out.contains("5 files, and ") && out.contains("for people of any country"), "{out}");
}

#[test]
fn a_file_is_found_by_its_name_its_kind_its_country_or_its_host() {
    let folder = Folder::new("catalogue-search");
    let first = |words: &[&str]| {
        let arguments: Vec<&str> = ["catalogue", "search"].iter().chain(words).copied().collect();
        let found = json(&folder, &arguments);
        names(&found).first().map(|name| (*name).to_owned())
    };

    for (words, expected) in [
        (&["github"][..], "github"),
        (&["GitHub"], "github"),
        (&["gov.br"], "govbr"),
        (&["mercado", "pago"], "mercadopago"),
        (&["brasil", "governo"], "govbr"),
        (&["brazil", "government"], "govbr"),
        (&["kauth.kakao.com"], "kakao"),
        (&["br"], "govbr"),
        (&["forgejo"], "gitea"),
        (&["codeberg"], "gitea"),
        (&["Phorge"], "phabricator"),
        (&["quickbooks"], "intuit"),
        (&["login", "único"], "govbr"),
    ] {
        assert_eq!(first(words).as_deref(), Some(expected), "{words:?}");
    }
    let (code, out, _) = portaria(&folder.0, &["catalogue", "search", "githob"], &[]);
    assert!(code == 1 && out.contains("did you mean `github`?") && out.contains("portaria new NAME"), "{out}");
}

#[test]
fn a_page_says_what_is_needed_what_is_sent_and_what_comes_out() {
    let folder = Folder::new("catalogue-show");

    let (code, out, _) = portaria(&folder.0, &["catalogue", "show", "github", "--public-url", "https://login.loja.example"], &[]);

    assert_eq!(code, 0, "{out}");
    for part in [
        "https://login.loja.example/callback/github",
        "GITHUB_CLIENT_SECRET",
        "read:user user:email",
        "GET https://api.github.com/user/emails",
        "emailVerified",
        "Grade ",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 80 || line.contains("https://")), "{out}");
    let (code, _, err) = portaria(&folder.0, &["catalogue", "show", "githob"], &[]);
    assert!(code == 2 && err.contains("did you mean `github`?"), "{err}");
}

#[test]
fn an_added_file_is_checked_and_its_examples_pass() {
    let folder = Folder::new("catalogue-add");

    let (code, out, err) = portaria(&folder.0, &["catalogue", "add", "govbr", "--public-url", "https://login.loja.example"], &[]);

    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("GOVBR_CLIENT_ID") && out.contains("https://login.loja.example/callback/govbr"), "{out}");
    let added = text(&folder.0.join("providers.d/govbr.yaml"));
    assert!(text(&root().join("providers.d/govbr.yaml")).ends_with(&added), "{added}");
    assert!(!added.contains("$schema"), "no schema lies there: {added}");
    for command in [&["check"][..], &["test"]] {
        let arguments: Vec<&str> = command.iter().chain(&["--public-url", "https://login.loja.example"]).copied().collect();
        let (code, out, err) = portaria(&folder.0, &arguments, &[]);
        assert_eq!(code, 0, "{command:?}: {out}{err}");
    }
    let (code, _, err) = portaria(&folder.0, &["catalogue", "add", "govbr"], &[]);
    assert!(code == 2 && err.contains("is there already") && err.contains("portaria new NAME --from govbr"), "{err}");
    assert_eq!(portaria(&folder.0, &["catalogue", "add", "govbr", "--force"], &[]).0, 0);
}

#[test]
fn a_file_that_is_added_for_a_store_has_the_addresses_of_the_store() {
    let settings =
        "publicUrl: https://login.loja.example\nstores: { outra: { publicUrl: https://login.outra.example, providers: outra.d } }\n";
    let folder = Folder::new("catalogue-store").with("portaria.yaml", settings);

    let (code, out, err) = portaria(&folder.0, &["catalogue", "add", "mercadopago", "--providers", "outra.d"], &[]);

    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("https://login.outra.example/callback/mercadopago") && !out.contains("login.loja.example"), "{out}");
    assert!(out.contains("set `mail`"), "its addresses are proven by a code: {out}");
}

#[test]
fn a_superseded_file_says_so_wherever_it_is_chosen() {
    let folder = Folder::new("catalogue-superseded");
    let run = |arguments: &[&str]| portaria(&folder.0, arguments, &[]);

    let list = json(&folder, &["catalogue", "list"]);
    let entry = |name: &str| list.as_array().expect("a list").iter().find(|entry| entry["name"] == name).cloned().expect("it is listed");
    assert_eq!(entry("linkedin_v2_legacy")["supersededBy"], "linkedin");
    assert!(entry("linkedin")["supersededBy"].is_null());
    assert_eq!(names(&json(&folder, &["catalogue", "search", "linkedin"])).first(), Some(&"linkedin"), "the file for new apps comes first");
    let (_, shown, _) = run(&["catalogue", "show", "linkedin_v2_legacy"]);
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("For a new one take linkedin."), "{shown}");
    let (code, _, err) = run(&["catalogue", "add", "linkedin_v2_legacy"]);
    assert!(code == 0 && err.contains("warning: ") && err.contains("`portaria catalogue add linkedin`"), "{err}");
    let (_, checked, _) = run(&["check", "--all"]);
    assert!(checked.contains("superseded by linkedin)"), "{checked}");
}

#[test]
fn a_page_is_shown_although_the_settings_are_broken() {
    let folder = Folder::new("catalogue-broken").with("portaria.yaml", "publicUrI: x\n");
    let (code, out, err) = portaria(&folder.0, &["catalogue", "show", "github"], &[]);
    assert!(code == 0 && out.contains("GITHUB_CLIENT_ID"), "{out}{err}");
}

#[test]
fn only_a_checkout_gets_the_pages_of_the_catalogue() {
    let folder = Folder::new("catalogue-docs").with("docs/providers/our-notes.md", "# Ours\n");

    let (_, out, err) = portaria(&folder.0, &["schema"], &[]);

    assert!(folder.0.join("docs/providers/our-notes.md").exists(), "{out}{err}");
    assert!(!folder.0.join("docs/providers/README.md").exists(), "{out}{err}");
}

const OLD: &str = "name: Acme
catalogue:
  kind: developers
  manual: https://sso.acme.example/docs
  setUp: Create an application with ${redirectUri} as its redirect address.
  evidence: { grade: B, confirmed: 2020-01-31, witnesses: [ manual ] }
discovery: https://sso.acme.example
";

#[test]
fn a_file_that_was_not_confirmed_for_a_year_is_stale() {
    let today = chrono::DateTime::from_timestamp(portaria::world::clock::now(), 0).expect("a time").format("%Y-%m-%d").to_string();
    let fresh = OLD.replace("2020-01-31", &today);
    let without = "name: Beta\ndiscovery: https://sso.beta.example\n";
    let folder = Folder::new("providers-stale").with("providers.d/acme.yaml", OLD).with("providers.d/nova.yaml", &fresh);

    let (code, out, err) = portaria(&folder.0, &["providers", "stale"], &[]);
    assert!(code == 1 && out.contains("acme  2020-01-31, by its witnesses") && !out.contains("nova"), "{out}{err}");

    // The playground is a part of the program.
    let folder = folder.with("providers.d/beta.yaml", without).with("providers.d/playground.yaml", &without.replace("Beta", "Playground"));
    let (_, out, _) = portaria(&folder.0, &["providers", "stale"], &[]);
    assert!(out.contains("beta  never"), "{out}");
    let stale = json(&folder, &["providers", "stale"]);
    assert_eq!(names(&stale), ["beta", "acme"]);

    let long = ["providers", "stale", "--days", "36500"];
    assert_eq!(names(&json(&folder, &long)), ["beta"]);

    let folder = folder.with("providers.d/beta.yaml", &OLD.replace("2020-01-31", "2999-01-31"));
    let folder = folder.with("providers.d/nova.yaml", "name: Nova\nenabled: false\ndiscovery: https://sso.nova.example\n");
    let folder = folder.with("providers.d/odd.yaml", "nam: Odd\n");
    let (_, out, _) = portaria(&folder.0, &["providers", "stale"], &[]);
    assert!(out.contains("beta  2999-01-31") && !out.contains("nova") && out.contains("odd   unknown: the file is broken"), "{out}");
    assert_eq!(portaria(&folder.0, &["providers", "stale", "--storage", "sqlite:no/such.db"], &[]).0, 3);
}

#[test]
fn check_names_a_setting_that_is_no_host() {
    let folder = Folder::new("catalogue-hosts");
    assert_eq!(portaria(&folder.0, &["catalogue", "add", "okta"], &[]).0, 0);
    let checked = |host: &str| {
        let variables = [("OKTA_HOST", host), ("OKTA_CLIENT_ID", "loja"), ("OKTA_CLIENT_SECRET", "invented")];
        portaria(&folder.0, &["check", "providers.d"], &variables).1
    };

    assert!(
        checked("https://quist.okta.example/").contains("`OKTA_HOST` is no host that fits"),
        "{}",
        checked("https://quist.okta.example/")
    );
    assert!(!checked("quist.okta.example").contains("is no host that fits"), "{}", checked("quist.okta.example"));
}
