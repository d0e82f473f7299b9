//! A new file that begins with one of the catalogue.

use crate::command_line::{Folder, portaria};
use crate::support::{catalogue, on_threads, text};

#[test]
fn every_file_of_the_catalogue_begins_a_new_one_in_a_folder_that_has_none() {
    on_threads(catalogue(), |path| {
        let other = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let folder = Folder::new(&format!("new-from-{other}"));

        let (code, out, err) = portaria(&folder.0, &["new", "minha-loja", "--from", other, "--title", "Minha: Loja"], &[]);

        assert_eq!(code, 0, "{other}: {out}{err}");
        let written = text(&folder.0.join("providers.d/minha-loja.yaml"));
        assert!(written.contains("name: \"Minha: Loja\"") && written.contains("# What to do next: "), "{written}");
        let (code, out, _) = portaria(&folder.0, &["check"], &[]);
        assert!(code == 0 && !out.contains("warning"), "{other}: {out}\n{written}");
    });
}

#[test]
fn flags_change_the_words_at_the_top_and_no_others() {
    let folder = Folder::new("new-from-flags").with("providers.d/acme.yaml", ACME);
    let flags = ["--client-id", "loja-42", "--client-secret", "env", "--pkce", "off", "--trust", "always"];

    let arguments = ["new", "beta", "--from", "acme"].into_iter().chain(flags);
    let (code, out, err) = portaria(&folder.0, &arguments.collect::<Vec<_>>(), &[]);

    assert_eq!(code, 0, "{out}{err}");
    let written = text(&folder.0.join("providers.d/beta.yaml"));
    for part in ["clientId: loja-42", "clientSecret: env:BETA_CLIENT_SECRET", "trustEmail: always", "plan: env:BETA_PLAN"] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    let (code, _, err) = portaria(&folder.0, &["new", "gama", "--from", "acme", "--scope", "x"], &[]);
    assert!(code == 2 && err.contains("`--scope` cannot stand beside `--from`"), "{err}");
    let (code, _, err) = portaria(&folder.0, &["new", "gama", "--from", "no-such-provider"], &[]);
    assert!(code == 2 && err.contains("no provider file is called `no-such-provider`"), "{err}");
    assert!(!folder.0.join("providers.d/gama.yaml").exists());
}

const ACME: &str = "name: Acme
clientId: other
settings: { plan: env:ACME_PLAN }
trustEmail: never
getAuthorizationCode: { get: \"https://sso.acme.example/a\", extra: { plan: \"${plan}\" } }
getAccessCode: { post: \"https://sso.acme.example/t\" }
getUserInfo: { get: \"https://sso.acme.example/me\", read: { id: $.id, email: $.email } }
";
