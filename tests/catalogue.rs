//! The contracts of the catalogue: every file is right, every story is true, and what is explained is what is sent.

use crate::support::{STRICT, catalogue, on_threads, root, text};
use portaria::provider::Provider;
use portaria::stores::catalogue::{ProviderFileState, examples_path, load};
use portaria::stores::read_policy::ReadPolicy;
use portaria::vocabulary::diagnostic::Severity;
use portaria::vocabulary::place::Source;
use portaria::vocabulary::text::Text;
use portaria::workbench::examples;
use portaria::workbench::examples::example::ExampleSpec;
use portaria::workbench::examples::mutation::mutate;
use portaria::workbench::examples::replay::replay;
use portaria::workbench::explain::{explain, facts_of_document};
use std::path::Path;
use std::process::Command;

fn provider(path: &Path) -> Provider {
    let entry = load(path, STRICT, &ReadPolicy::default());
    assert!(entry.report.complaints.iter().all(|complaint| complaint.severity != Severity::Warning), "{}", entry.report.draw(false));
    match entry.state {
        ProviderFileState::Offered(provider) | ProviderFileState::Off(provider) | ProviderFileState::Dormant(provider, _) => *provider,
        ProviderFileState::Broken => panic!("{}", entry.report.draw(false)),
    }
}

fn stories(path: &Path) -> Vec<ExampleSpec> {
    let path = examples_path(path);
    examples::read(&Source::new(path.display().to_string(), text(&path))).unwrap_or_else(|report| panic!("{}", report.draw(false)))
}

#[test]
fn every_provider_of_the_catalogue_is_right_and_every_story_is_true() {
    let paths = catalogue();
    let real = paths.iter().filter(|path| !path.ends_with("playground.yaml")).count();
    assert!(real >= 177 && real + 1 == paths.len(), "{real} providers, and {} files with the playground", paths.len());

    for path in &paths {
        let provider = provider(path);
        for story in stories(path) {
            let differences = replay(&provider, &story).differences;
            let rendered: Vec<String> = differences.iter().map(ToString::to_string).collect();
            assert!(rendered.is_empty(), "{}: {}\n{}", path.display(), story.what.value, rendered.join("\n"));
        }
    }
}

/// Attack S-04
/// Lessons 43, 45
#[test]
fn every_provider_is_sent_the_standards_request() {
    for path in catalogue() {
        let provider = provider(&path);
        let file = text(&path);
        let explained = explain(&provider, &[]).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        // What is pushed travels in a call before the redirect.
        let until = explained.iter().position(|call| call.step.word() == "getAuthorizationCode").expect("a redirect");
        let sent: String = explained[..=until]
            .iter()
            .map(|call| format!("{} {}\n", call.request.address.masked(), call.request.body.as_ref().map(Text::masked).unwrap_or_default()))
            .collect();
        for (value, exception) in
            [("‹clientId›", "clientId"), ("‹redirectUri›", "redirect_uri:"), ("‹state›", "stateIn"), ("‹codeChallenge›", "pkce:")]
        {
            let is_sent = sent.contains(value) || sent.contains(&value.replace(['‹', '›'], ""));
            assert!(is_sent || (!exception.is_empty() && file.contains(exception)), "{}: no {value} in {sent}", path.display());
        }
        assert!(!sent.contains("codeChallenge") || sent.contains("S256"), "{}: {sent}", path.display());
    }
}

#[test]
fn every_file_names_its_schema_stands_in_the_catalogue_and_has_a_login_and_a_refusal() {
    for path in catalogue() {
        let text = text(&path);
        let is_playground = path.ends_with("playground.yaml");

        assert_eq!(text.lines().next(), Some("# yaml-language-server: $schema=../schemas/provider.schema.json"), "{}", path.display());
        assert!(is_playground || text.contains("\ncatalogue:\n"), "{}: it says nothing for the catalogue", path.display());
        assert!(
            is_playground || text.contains("${redirectUri}") || text.contains("${host}"),
            "{}: it does not say where the redirect address is registered",
            path.display()
        );
        let stories = stories(&path);
        assert!(
            stories.iter().any(|story| story.identity.is_some() && story.redirect.is_some()),
            "{}: no login with its redirect",
            path.display()
        );
        assert!(stories.iter().any(|story| story.refused.is_some() && story.has_redirect()), "{}: no refusal", path.display());
    }
}

/// In these texts `${host}` is the host of the broker.
#[test]
fn the_texts_of_a_file_with_a_setting_for_the_host_do_not_say_the_brokers_in_its_place() {
    for path in catalogue() {
        let file = text(&path);
        let texts = file.split("\nsettings:").next().unwrap_or_default();
        assert!(!(file.contains("settings: { host:") && texts.contains("${host}")), "{}", path.display());
    }
}

#[test]
fn the_file_that_takes_the_place_of_another_is_itself_for_new_apps() {
    let successor = |path: &Path| text(path).lines().find_map(|line| line.trim().strip_prefix("supersededBy: ").map(str::to_owned));
    let superseded: Vec<(String, String)> =
        catalogue().iter().filter_map(|path| Some((path.file_stem()?.to_string_lossy().into_owned(), successor(path)?))).collect();

    assert!(superseded.len() >= 3, "{superseded:?}");
    for (name, by) in &superseded {
        let path = root().join(format!("providers.d/{by}.yaml"));
        assert!(path.is_file() && successor(&path).is_none(), "{name}: {by}");
    }
}

#[test]
fn what_is_explained_is_what_is_sent_byte_for_byte_after_masking() {
    for path in catalogue() {
        let (provider, source) = (provider(&path), text(&path));
        // The first story is a login that makes every call.
        let story = &stories(&path)[0];
        let played = replay(&provider, story);
        let public_url = story.facts.iter().flat_map(|facts| &facts.0).find(|(name, _)| name.value == "publicUrl");
        let known = [
            (provider.known.redirect_uri, "‹redirectUri›"),
            (provider.known.now, "1767323045"),
            (provider.known.public_url, public_url.map_or("‹publicUrl›", |(_, url)| url.value.as_str())),
        ];
        let mut given: Vec<_> = known.iter().map(|(slot, value)| (*slot, Text::plain(*value))).collect();
        given.extend(story.discovery.iter().flat_map(|document| facts_of_document(&provider, &document.0)));
        let explained = explain(&provider, &given).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));

        let shown = |request: &portaria::vocabulary::wire::Request| {
            let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {}", value.masked())).collect();
            format!(
                "{} {}\n{}\n\n{}",
                request.method,
                request.address.masked(),
                headers.join("\n"),
                request.body.as_ref().map(Text::masked).unwrap_or_default()
            )
        };
        let sent: Vec<String> = played.requests.iter().map(|(step, request)| format!("{}\n{}", step.word(), shown(request))).collect();
        let explained: Vec<String> =
            explained.iter().map(|explained| format!("{}\n{}", explained.step.word(), shown(&explained.request))).collect();
        // A redirect address in which the state stands is masked as a whole.
        let unencoded = |call: String| call.replace("%E2%80%B9redirectUri%E2%80%BA", "‹redirectUri›");
        let (sent, explained): (Vec<_>, Vec<_>) =
            (sent.into_iter().map(unencoded).collect(), explained.into_iter().map(unencoded).collect());
        // A call that has a condition may be left out. The userinfo call that `discovery` implies is made only if the ID token lacks something.
        let has_conditions = source.contains("when:") || source.contains("\ndiscovery:");
        let explained: Vec<String> = explained.into_iter().filter(|call| !has_conditions || sent.contains(call)).collect();
        assert_eq!(sent, explained, "{}", path.display());
    }
}

#[test]
fn the_examples_notice_at_least_97_of_100_changes_and_those_of_each_file_95() {
    let scores = on_threads(catalogue(), |path| {
        let source = Source::new(path.display().to_string(), text(&path));
        (mutate(&source, &stories(&path), STRICT), path)
    });

    let few = |tried: usize, noticed: usize, of_100: usize| noticed * 100 < tried * of_100;
    let below: Vec<String> = scores
        .iter()
        .filter(|(score, _)| few(score.tried, score.noticed(), 95))
        .map(|(score, path)| format!("{}: {} of {}", path.display(), score.noticed(), score.tried))
        .collect();
    let (tried, noticed) = scores.iter().fold((0, 0), |(tried, noticed), (score, _)| (tried + score.tried, noticed + score.noticed()));
    println!("{noticed} of {tried} changes noticed");
    assert!(below.is_empty(), "{below:#?}");
    assert!(tried > 8000, "only {tried} changes were tried");
    assert!(!few(tried, noticed, 97), "{noticed} of {tried} changes noticed");
}

/// Without optimization it takes 0.6 seconds. The limit is one of CPU time, so that a busy machine breaks nothing.
#[test]
fn the_whole_catalogue_is_checked_within_three_seconds_of_cpu_time() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -t 3; exec \"$0\" check --providers providers.d --public-url https://login.loja.example"]);

    let checked = command.arg(env!("CARGO_BIN_EXE_portaria")).current_dir(root()).env_clear().output().expect("the program starts");

    let shown = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(0), "{shown}");
    assert!(shown.contains(&format!("{} dormant, 0 broken; 0 complaints", catalogue().len() - 1)), "{shown}");
}

#[test]
fn a_file_waits_only_for_what_it_uses() {
    let waits = |name: &str| {
        let provider = provider(&root().join("providers.d").join(name));
        provider.needed.iter().map(|needed| needed.reference.location()).collect::<Vec<_>>()
    };

    assert_eq!(waits("discord.yaml"), ["DISCORD_CLIENT_ID", "DISCORD_CLIENT_SECRET"]);
    assert_eq!(waits("apple.yaml"), ["APPLE_SERVICE_ID", "APPLE_TEAM_ID", "APPLE_KEY_ID", "APPLE_P8"]);
}

/// Lessons 3, 7
#[test]
fn an_address_without_a_claim_is_trusted_only_where_the_file_says_why() {
    let lines =
        |path: &Path| -> Vec<String> { text(path).lines().filter(|line| line.starts_with("trustEmail:")).map(str::to_owned).collect() };
    for path in catalogue() {
        for line in lines(&path) {
            assert!(!line.contains("always") || line.contains(" # "), "{}: {line}", path.display());
        }
    }
    let microsoft = lines(&root().join("providers.d/microsoft.yaml"));
    assert!(matches!(&*microsoft, [line] if line.starts_with("trustEmail: never")), "its tenants write any address there: {microsoft:?}");
}
