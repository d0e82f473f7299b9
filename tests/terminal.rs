//! What a person at a terminal sees: help, the version, the greeting of `serve`, and lists that stay short.

use crate::bad_times::place::until;
use crate::command_line::{ACME, Folder, Running, portaria};
use crate::support::text as read;
use crate::try_command::{RunningTry, browse, free_port};
use std::net::TcpListener;
use std::time::Duration;

/// What `serve` says until it listens, in a folder, on a free port.
fn greeting(folder: &Folder, more: &[&str]) -> (Running, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let mut running = Running::start(folder, &[&["serve", "--listen", &listen], more].concat());
    let said = running.until("listening").join("\n");
    (running, said)
}

#[test]
fn the_version_names_the_edition_of_the_language() {
    let folder = Folder::new("version");

    let (code, line, _) = portaria(&folder.0, &["--version"], &[]);
    let (_, long, _) = portaria(&folder.0, &["version"], &[]);
    let (_, json, _) = portaria(&folder.0, &["version", "--json"], &[]);

    assert_eq!(code, 0);
    assert!(line.starts_with(concat!("portaria ", env!("CARGO_PKG_VERSION"), " (")) && line.contains("language edition 2"), "{line}");
    assert_eq!(line, long);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json["version"].as_str(), json["languageEdition"].as_u64()), (Some(env!("CARGO_PKG_VERSION")), Some(2)));
}

#[test]
fn help_completions_and_man_pages_speak_of_every_command() {
    let folder = Folder::new("help");
    let secret = ("PORTARIA_STORAGE", "postgres://portaria:hush@db.loja.example/portaria");

    let (code, help, _) = portaria(&folder.0, &["help", "check"], &[secret]);
    assert_eq!(code, 0);
    assert!(help.contains("Example: portaria check"), "{help}");

    for (shell, part) in [("bash", "complete -F"), ("zsh", "#compdef portaria"), ("fish", "complete -c portaria")] {
        let (code, script, _) = portaria(&folder.0, &["completions", shell], &[secret]);
        assert!(code == 0 && script.contains(part) && script.contains("incident") && !script.contains("hush"), "{shell}: {script}");
    }

    let (code, out, err) = portaria(&folder.0, &["man", "share/man1"], &[secret]);
    assert_eq!(code, 0, "{out}{err}");
    for page in ["portaria.1", "portaria-check.1", "portaria-users-show.1"] {
        let text = read(&folder.0.join("share/man1").join(page));
        assert!(text.starts_with('.') && text.contains("portaria") && !text.contains("hush"), "{page}: {text}");
    }
}

#[test]
fn check_lists_what_is_offered_first_and_folds_many_dormant_files_into_one_line() {
    let mut folder = Folder::new("folds").with("providers.d/clube.yaml", &ACME.replace("env:ACME_", "env:CLUBE_"));
    for name in ["a", "b", "c", "d", "e", "f"] {
        folder = folder.with(&format!("providers.d/{name}.yaml"), &ACME.replace("env:ACME_", &format!("env:{}_", name.to_uppercase())));
    }
    let set = [("CLUBE_SECRET", "hush")];

    let (_, out, _) = portaria(&folder.0, &["check"], &set);
    assert_eq!(
        out,
        "offered  providers.d/clube.yaml  Clube Acme\n\
         dormant  6 files wait for variables; `portaria check --all` lists them\n\
         1 offered, 6 dormant, 0 broken; 0 complaints\n"
    );

    let (_, all, _) = portaria(&folder.0, &["check", "--all"], &set);
    assert!(all.starts_with("offered  providers.d/clube.yaml  Clube Acme\ndormant  providers.d/a.yaml      waits for A_SECRET\n"), "{all}");
    assert_eq!(all.lines().filter(|line| line.starts_with("dormant")).count(), 6, "{all}");

    let (_, quiet, _) = portaria(&folder.0, &["check", "--quiet"], &set);
    assert_eq!(quiet, "1 offered, 6 dormant, 0 broken; 0 complaints\n");
}

#[test]
fn an_empty_folder_offers_the_playground_to_this_machine_alone() {
    let folder = Folder::new("greet-nothing");
    let (_running, said) = greeting(&folder, &[]);
    assert!(said.contains("providers  1 offered (playground), 0 dormant"), "{said}");
    let written = read(&folder.0.join("providers.d/playground.yaml"));
    assert!(written.contains("name: Playground") && !written.contains("$schema"), "{written}");

    for (name, more) in
        [("greet-public", &["--public-url", "https://login.loja.example"][..]), ("greet-elsewhere", &["--providers", "other.d"][..])]
    {
        let folder = Folder::new(name);
        let (_running, said) = greeting(&folder, more);
        assert!(said.contains("none offered") && !folder.0.join("providers.d").exists() && !folder.0.join("other.d").exists(), "{said}");
    }
    for (name, file, text) in [("greet-settings", "portaria.yaml", "login: { title: Loja }\n"), ("greet-own", "providers.d/note.txt", "")] {
        let folder = Folder::new(name).with(file, text);
        let (_running, said) = greeting(&folder, &[]);
        assert!(said.contains("none offered") && !folder.0.join("providers.d/playground.yaml").exists(), "{said}");
    }
}

#[test]
fn serve_says_where_it_is_and_why_nothing_is_offered() {
    let dormant = Folder::new("greet-dormant").with("providers.d/acme.yaml", ACME).with("portaria.yaml", "playground: false\n");
    let broken = Folder::new("greet-broken").with("providers.d/acme.yaml", "name: [\n").with("portaria.yaml", "playground: false\n");
    let empty = Folder::new("greet-empty").with("portaria.yaml", "providers: nowhere.d\nplayground: false\n");
    let bare = Folder::new("greet-bare").with("providers.d/note.txt", "").with("portaria.yaml", "playground: false\n");
    for (folder, why) in [
        (&dormant, "providers  none offered: in `providers.d` 1 file waits for a variable; see `portaria check`"),
        (&broken, "providers  none offered: in `providers.d` 1 file is broken; see `portaria check`"),
        (&empty, "providers  none offered: there is no folder `nowhere.d`"),
        (&bare, "providers  none offered: `providers.d` has no provider file; `portaria new NAME` writes the first"),
    ] {
        let (_running, said) = greeting(folder, &[]);
        assert!(said.contains(why), "{why}\n{said}");
        for (word, path) in [("login", "/login"), ("lab", "/lab"), ("health", "/health/ready")] {
            let line = said.lines().find(|line| line.starts_with(word)).unwrap_or_else(|| panic!("{word}: {said}"));
            assert!(line.ends_with(path), "{said}");
        }
    }
}

#[test]
fn serve_names_what_no_proxy_passes_on_by_the_address_at_which_it_listens() {
    let metrics = format!("127.0.0.1:{}", free_port());
    let settings = format!("publicUrl: https://login.loja.example\nmetricsListen: {metrics}\n");
    let folder = Folder::new("greet-behind-a-proxy").with("portaria.yaml", &settings);

    let (_running, said) = greeting(&folder, &[]);

    let row = |word: &str| said.lines().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("{word}: {said}")).trim();
    let address = row("listening").split(';').next().unwrap_or_default();
    assert_eq!(row("login"), "https://login.loja.example/login");
    assert_eq!(row("health"), format!("http://{address}/health/ready"));
    assert_eq!(row("metrics"), format!("http://{metrics}/metrics"));
    assert_eq!((browse(row("health")).0, browse(row("metrics")).0), (200, 200));
}

#[test]
fn settings_and_a_folder_that_appear_later_are_read() {
    let folder = Folder::new("later");
    let (_running, said) = greeting(&folder, &[]);
    assert!(said.contains("there is no portaria.yaml here; it is read as soon as there is one"), "{said}");
    let address = said.lines().find_map(|line| line.strip_prefix("login      ")).expect("it says where").to_owned();
    let page = || browse(&address).2;
    assert!(!page().contains("Loja Prova"));

    let folder = folder
        .with("portaria.yaml", "login: { title: Loja Prova }\n")
        .with("providers.d/clube.yaml", &ACME.replace("env:ACME_SECRET", "none"));

    until("the title and the button are there", Duration::from_mins(1), || page().contains("Loja Prova") && page().contains("Clube Acme"));
    drop(folder);
}

#[test]
fn a_log_level_that_is_none_and_a_folder_that_cannot_be_made_are_named() {
    let folder = Folder::new("levels").with("file", "");
    for (level, expected) in [("loud", 2), ("warn,portaria=loud", 2), ("portaria", 2)] {
        let (code, _, err) = portaria(&folder.0, &["serve", "--storage", "sqlite:file/portaria.db"], &[("PORTARIA_LOG", level)]);
        assert_eq!(code, expected, "{err}");
        assert!(
            err.contains(&format!("PORTARIA_LOG: `{level}` is not a log level")) && err.contains("off, error, warn, info, debug, trace"),
            "{err}"
        );
    }

    let (code, _, err) =
        portaria(&folder.0, &["serve", "--storage", "sqlite:file/portaria.db"], &[("PORTARIA_LOG", "WARN,portaria::web=debug")]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("the folder file cannot be created: there is a file of this name"), "{err}");
}

#[test]
fn try_takes_another_port_while_the_broker_has_its_own() {
    let folder = Folder::new("beside").with("providers.d/clube.yaml", &ACME.replace("env:ACME_SECRET", "none"));
    let broker = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = broker.local_addr().expect("it listens").port();
    let folder = folder.with("portaria.yaml", &format!("publicUrl: http://localhost:{port}\n"));

    let mut trying = RunningTry::begin(&folder, &["clube", "--timeout", "1s"]);

    let said = trying.until("is taken");
    assert!(said.starts_with(&format!("port {port} is taken, so this login comes back to port ")), "{said}");
    let (_, free) = said.split_once("register http://localhost:").expect("it names the address");
    let free = free.split('/').next().expect("a port").to_owned();
    let address = trying.until("https://sso.acme.example/entrar?");
    assert!(address.contains(&format!("redirect_uri=http%3A%2F%2Flocalhost%3A{free}%2Fcallback%2Fclube")), "{address}");
}

#[test]
fn how_far_a_command_is_is_said_on_a_terminal_alone() {
    let folder = Folder::new("progress").with("providers.d/acme.yaml", ACME);

    for arguments in [&["check"][..], &["check", "--json"], &["test"], &["test", "--json"]] {
        let (_, out, err) = portaria(&folder.0, arguments, &[]);
        assert!(err.is_empty() && !out.contains('\u{1b}'), "{arguments:?}: {out}{err}");
    }
}
