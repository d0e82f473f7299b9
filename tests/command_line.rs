//! The program as a real process: its output and its exit code.

use crate::support::{root, text as read};
use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A folder of a test's own.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portaria-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    pub fn with(self, name: &str, text: &str) -> Self {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        std::fs::write(&path, text).expect("a file can be written");
        // It may be a secret, and one that everyone may read is warned about.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, private).expect("a file can be made private");
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that runs until the test ends.
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portaria"));
        command.current_dir(&folder.0).args(arguments).env_clear().stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("it speaks")).lines();
        Self { child, lines }
    }

    /// The output up to a line that begins with this.
    pub fn until(&mut self, begins: &str) -> Vec<String> {
        let mut heard = Vec::new();
        for line in self.lines.by_ref() {
            heard.push(line.expect("it writes text"));
            if heard.last().is_some_and(|line| line.starts_with(begins)) {
                return heard;
            }
        }
        panic!("it never said `{begins}`: {heard:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program: its exit code, stdout and stderr.
pub fn portaria(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portaria"));
    command.current_dir(folder).args(arguments).env_clear().envs(variables.iter().copied());
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

pub const ACME: &str = "name: Clube Acme
clientId: loja-42
clientSecret: env:ACME_SECRET
getAuthorizationCode: { get: \"https://sso.acme.example/entrar\", scope: perfil }
getAccessCode: { post: \"https://sso.acme.example/token\" }
getUserInfo:
  get: https://sso.acme.example/me
  read: { id: $.id, email: $.email, emailVerified: $.ok }
";

#[test]
fn check_lists_dormant_files_with_what_they_wait_for_and_that_is_no_error() {
    let folder = Folder::new("dormant").with("providers.d/acme.yaml", ACME);

    let (code, out, _) = portaria(&folder.0, &["check"], &[]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("dormant  providers.d/acme.yaml  waits for ACME_SECRET"), "{out}");

    let (code, out, _) = portaria(&folder.0, &["check"], &[("ACME_SECRET", "hush")]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("1 offered, 0 dormant, 0 broken"), "{out}");
}

#[test]
fn check_answers_programs_with_places_in_json() {
    let folder = Folder::new("json")
        .with("providers.d/acme.yaml", &ACME.replace("scope", "scpoe"))
        .with("providers.d/boa.yaml", &ACME.replace("env:ACME_", "env:BOA_"));

    let (code, out, _) = portaria(&folder.0, &["check", "--json"], &[]);

    assert_eq!(code, 1);
    let answer: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let broken = &answer["files"][0];
    assert_eq!(broken["file"], "providers.d/acme.yaml");
    assert_eq!(broken["state"], "broken");
    let complaint = &broken["complaints"][0];
    assert_eq!((complaint["line"].as_u64(), complaint["column"].as_u64(), complaint["endColumn"].as_u64()), (Some(4), Some(65), Some(70)));
    assert_eq!(complaint["severity"], "error");
    assert_eq!(complaint["help"], "did you mean `scope`?");
    assert_eq!(answer["files"][1]["state"], "dormant");
    assert_eq!(answer["files"][1]["missing"][0], "BOA_SECRET");
}

#[test]
fn one_broken_file_does_not_hide_the_others_and_all_complaints_come_at_once() {
    let broken = ACME
        .replace("env:ACME_SECRET", "none")
        .replace("scope", "scpoe")
        .replace("$.id", "id")
        .replace("https://sso.acme.example/me", "sso.acme.example/me");
    let folder =
        Folder::new("all").with("a.yaml", &broken).with("b.yaml", "name: [\n").with("c.yaml", &ACME.replace("env:ACME_", "env:C_"));

    let (code, out, _) = portaria(&folder.0, &["check", "a.yaml", "b.yaml", "c.yaml"], &[]);

    assert_eq!(code, 1);
    for part in [
        "`scpoe` is not a word",
        "`id` is neither a path",
        "not the address of a provider",
        "b.yaml",
        "0 offered, 1 dormant, 2 broken; 4 complaints",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
}

#[test]
fn check_tells_of_an_update_which_lines_mean_something_else_and_that_is_no_error() {
    let changed =
        ACME.replace("read: {", "refused: [ { at: $.a, is: x }, { at: $.b, is: x } ]\n  accepted: { at: $.ok, is: true }\n  read: {");
    let folder = Folder::new("upgrade").with("providers.d/acme.yaml", &changed).with("providers.d/boa.yaml", ACME);

    let (code, out, _) = portaria(&folder.0, &["check", "--upgrade"], &[]);
    assert_eq!(code, 0, "{out}");
    for part in [
        "providers.d/acme.yaml:8:3\n  before   this list refused when all of its conditions held\n  now      it refuses when any of them holds\n  to keep  put",
        "providers.d/acme.yaml:9:3\n",
        "`status: any` in it",
        "2 lines mean something else than in version 0.1",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }

    let (code, out, _) = portaria(&folder.0, &["check", "--upgrade", "--json"], &[]);
    let answer: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(code, 0);
    let line = &answer["files"][0]["changes"][0];
    assert_eq!((line["line"].as_u64(), line["column"].as_u64()), (Some(8), Some(3)), "{out}");
    assert!(["meant", "means", "write"].iter().all(|word| line[*word].is_string()), "{out}");
    assert_eq!(answer["files"][1], serde_json::json!({ "file": "providers.d/boa.yaml", "changes": [] }));

    let (code, out, _) = portaria(&folder.0, &["check", "--upgrade", "providers.d/boa.yaml"], &[]);
    assert_eq!((code, out.trim()), (0, "no line means something else than in version 0.1"));
}

#[test]
fn check_speaks_of_the_settings_too() {
    let folder =
        Folder::new("settings").with("providers.d/acme.yaml", ACME).with("portaria.yaml", "publicUrl: http://loja.example\nlistn: 1\n");

    let (code, out, _) = portaria(&folder.0, &["check"], &[]);

    assert_eq!(code, 1);
    assert!(out.contains("portaria.yaml:1:12") && out.contains("did you mean `listen`?"), "{out}");
}

#[test]
fn files_that_are_not_read_are_pointed_out() {
    let folder = Folder::new("overlooked")
        .with("providers.d/acme.yaml", ACME)
        .with("providers.d/boa.yml", ACME)
        .with("providers.d/cia.examples.yaml", "- what: a login\n  refused: { code: x }\n");

    let (code, out, _) = portaria(&folder.0, &["check"], &[]);

    assert_eq!(code, 0, "{out}");
    assert!(out.contains("ends in `.yml`") && out.contains("no provider file beside these examples"), "{out}");
}

#[test]
fn explain_shows_requests_and_never_a_secret() {
    let folder = Folder::new("explain").with("providers.d/acme.yaml", ACME);
    for arguments in
        [&["explain", "acme"][..], &["explain", "acme", "--curl"], &["explain", "acme", "--json"], &["explain", "providers.d/acme.yaml"]]
    {
        let (code, out, err) = portaria(&folder.0, arguments, &[("ACME_SECRET", "hush-hush")]);

        assert_eq!(code, 0, "{err}");
        assert!(out.contains("client_secret=‹clientSecret›") && out.contains("loja-42"), "{out}");
        assert!(!out.contains("hush"), "{out}");
    }

    let (_, out, _) = portaria(&folder.0, &["explain", "acme", "--json"], &[]);
    let answer: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(answer["provider"], "acme");
    assert_eq!(answer["steps"][0]["step"], "getAuthorizationCode");
    assert_eq!(answer["steps"][0]["request"]["method"], "GET");
    assert_eq!(answer["steps"][2]["request"]["headers"][2], serde_json::json!(["Authorization", "Bearer ‹accessToken›"]));
    assert_eq!(answer["steps"][2]["reads"][1], serde_json::json!({ "fact": "email", "from": "$.email", "line": 8 }));
}

#[test]
fn test_prints_a_difference_that_can_be_read() {
    let story = "- what: a login\n  exchanges:\n    - answer: { json: { access_token: at-1 } }\n    - request: { get: https://sso.acme.example/eu, headers: { Authorization: Bearer at-1 } }\n      answer: { json: { id: 7, email: ana@loja.example, ok: true } }\n  identity: { id: \"7\", email: ana@loja.example, emailVerified: true, name: Ana }\n";
    let folder = Folder::new("test").with("providers.d/acme.yaml", ACME).with("providers.d/acme.examples.yaml", story);

    let (code, out, _) = portaria(&folder.0, &["test"], &[]);

    assert_eq!(code, 1);
    assert!(
        out.contains(
            "acme: a login (line 1)\n    call 2: address\n      - https://sso.acme.example/eu\n      + https://sso.acme.example/me"
        ),
        "{out}"
    );
    assert!(out.contains("identity: name\n      - Ana\n      + nothing"), "{out}");
    assert!(out.ends_with("1 provider, 1 story replayed, 1 otherwise than written\n"), "{out}");
}

#[test]
fn wrong_usage_and_a_bad_machine_have_codes_of_their_own() {
    let folder = Folder::new("codes").with("providers.d/acme.yaml", ACME);

    for (arguments, code, part) in [
        (&["explain", "acmee"][..], 2, "did you mean `acme`?"),
        (&["explain"], 2, "Usage"),
        (&["check", "nowhere"], 2, "no such file"),
        (&["test", "acme"], 2, "has no examples"),
        (&["check", "--config", "nowhere.yaml"], 3, "no such file"),
        (&["keys", "list", "--storage", "sqlite:"], 2, "`sqlite:` names no file\n  help: write the file behind it"),
        (&["keys", "list", "--storage", "data/portaria.db"], 2, "write `sqlite:` in front: `sqlite:data/portaria.db`"),
    ] {
        let (found, _, err) = portaria(&folder.0, arguments, &[]);
        assert_eq!(found, code, "{arguments:?}: {err}");
        assert!(err.contains(part), "{arguments:?}: {err}");
    }
}

#[test]
fn every_command_shows_an_example_in_its_help() {
    let of_people = ["find", "show", "history", "unlink", "block", "unblock", "sign-out", "export", "import", "erase"];
    let of_people = of_people.map(|command| format!("users {command}"));
    let of_keys = ["list", "rotate", "retire", "replace-all", "recover"].map(|command| format!("keys {command}"));
    let commands =
        "serve health check explain try test incident history users keys doctor backup restore storage schema completions man version";
    let commands: Vec<String> = commands.split(' ').map(str::to_owned).collect();
    for command in commands.iter().chain(&of_people).chain(&of_keys) {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let (code, out, _) = portaria(root(), &arguments, &[("PORTARIA_STORAGE", "postgres://portaria:hush@db.loja.example/portaria")]);
        assert_eq!(code, 0);
        assert!(out.contains(&format!("Example: portaria {command}")), "{out}");
        assert!(!out.contains("hush"), "help repeats no password: {out}");
    }
}

#[test]
fn the_health_of_the_broker_is_the_exit_code_of_its_command() {
    let folder = Folder::new("health");
    let mut broker = Running::start(&folder, &["serve", "--listen", "127.0.0.1:0"]);
    let line = broker.until("listening").pop().unwrap_or_default();
    let address = line.trim_start_matches("listening").trim().split(';').next().expect("an address").to_owned();

    let (code, out, _) = portaria(&folder.0, &["health"], &[("PORTARIA_LISTEN", &address)]);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("ready {\"ready\":true"), "{out}");
    drop(broker);
    let (code, out, err) = portaria(&folder.0, &["health", "--listen", &address], &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains(&format!("{address}: the broker could not be reached")), "{err}");
}

#[test]
fn a_file_that_asks_for_addresses_wants_mail_in_the_settings() {
    let asks = ACME.replace("getAuthorizationCode", "missingEmail: ask\ngetAuthorizationCode");
    let folder = Folder::new("asks").with("providers.d/acme.yaml", &asks);

    let (code, out, _) = portaria(&folder.0, &["check"], &[("ACME_SECRET", "hush")]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("warning: shoppers are asked for their address, but no mail can be sent"), "{out}");
    assert!(out.contains("acme.yaml:4:15") && out.contains("1 complaint"), "{out}");

    let folder = folder.with("portaria.yaml", "mail: { smtp: \"smtp://localhost:25\", from: nao-responda@loja.example }\n");
    let (code, out, _) = portaria(&folder.0, &["check"], &[("ACME_SECRET", "hush")]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("0 complaints"), "{out}");
}

#[test]
fn a_store_that_offers_passkeys_alone_is_pointed_out() {
    let settings = "publicUrl: https://login.loja.example\nways: [ passkey ]\nstores:\n  atacado: { publicUrl: https://login.atacado.example, providers: atacado.d }\n";
    let folder = Folder::new("passkeys-alone").with("portaria.yaml", settings).with("providers.d/acme.yaml", ACME);

    let (code, out, _) = portaria(&folder.0, &["check"], &[]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("warning: the store `atacado` has no provider and no `email`"), "{out}");
    assert!(out.contains(" --> portaria.yaml:2:9") && !out.contains("the store `main` has"), "{out}");

    let (_, out, _) = portaria(&folder.with("atacado.d/acme.yaml", ACME).0, &["check"], &[]);
    assert!(!out.contains("no provider and no `email`"), "{out}");
}

#[test]
fn a_secret_of_mail_that_is_not_set_is_pointed_out() {
    let mail = |keeps: &str| format!("mail: {{ smtp: smtps://mail.loja.example, from: nao-responda@loja.example, {keeps} }}");
    let (user, password) = (mail("user: env:SMTP_USER, password: file:pw.txt"), mail("user: file:user.txt, password: env:SMTP_PASSWORD"));
    let store = format!("stores:\n  atacado:\n    publicUrl: https://atacado.example\n    {password}\n");
    let folder = Folder::new("mail-secrets").with("portaria.yaml", &format!("{user}\n{store}")).with("providers.d/acme.yaml", ACME);

    let (code, out, _) = portaria(&folder.0, &["check"], &[]);
    assert_eq!(code, 0, "{out}");
    for part in
        ["`SMTP_USER` is not set, so no mail", "`file:pw.txt`", "`file:user.txt`", "`SMTP_PASSWORD`", "portaria.yaml:1:81", "4 complaints"]
    {
        assert!(out.contains(part), "{part}\n{out}");
    }

    let folder = folder.with("pw.txt", "hush\n").with("user.txt", "loja\n");
    let (code, out, _) = portaria(&folder.0, &["check"], &[("SMTP_USER", "loja"), ("SMTP_PASSWORD", "hush")]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("0 complaints") && !out.contains("hush"), "{out}");
}

#[test]
fn a_file_that_cannot_be_read_is_broken_and_not_an_end() {
    let folder = Folder::new("bytes").with("providers.d/acme.yaml", ACME);
    std::fs::write(folder.0.join("providers.d/bytes.yaml"), [0xff, 0xfe, 0x00]).expect("a file can be written");
    std::fs::create_dir(folder.0.join("providers.d/folder.yaml")).expect("a folder can be made");

    let (code, out, _) = portaria(&folder.0, &["check"], &[]);

    assert_eq!(code, 1, "{out}");
    assert!(out.contains("it is not UTF-8") && out.contains("not an ordinary file") && out.contains("1 dormant, 2 broken"), "{out}");
}

/// Kept tokens need two to agree: the provider file and the settings.
#[test]
fn tokens_that_no_app_may_fetch_and_apps_without_tokens_are_pointed_out() {
    let provider = |more: &str| {
        format!(
            "name: Acme\nclientId: a\nclientSecret: none\n{more}getAuthorizationCode: {{ get: \"https://a.example/a\" }}\ngetAccessCode: {{ post: \"https://a.example/t\" }}\ngetUserInfo: {{ get: \"https://a.example/u\", read: {{ id: $.id, email: $.email, emailVerified: $.ok }} }}\n"
        )
    };
    let settings = |tokens: &str| {
        format!(
            "providers: providers.d\napps: {{ spa: {{ secret: none, redirectUris: \"https://a.example/cb\", tokens: [ {tokens} ] }} }}\n"
        )
    };
    for (tokens, keeps, expected) in [
        ("acme", "keepTokens: true\n", None),
        ("", "", None),
        ("acme", "", Some("the file `acme` keeps no tokens, so the app can fetch none of that provider")),
        ("", "keepTokens: true\n", Some("no app of the settings may fetch these tokens, so they are not kept")),
    ] {
        let folder = Folder::new("agreement").with("portaria.yaml", &settings(tokens)).with("providers.d/acme.yaml", &provider(keeps));

        let (code, out, err) = portaria(&folder.0, &["check"], &[]);

        assert_eq!(code, 0, "{out}{err}");
        match expected {
            Some(expected) => assert!(out.contains(&format!("warning: {expected}\n")), "{out}"),
            None => assert!(!out.contains("warning"), "{out}"),
        }
    }
}

/// The next version of `ACME`, which reads the address elsewhere.
fn next_version(rollout: &str) -> String {
    ACME.replace("email: $.email", "email: $.mail") + rollout
}

/// The storage that a broker makes when it starts.
fn make_storage(folder: &Folder) {
    Running::start(folder, &["serve", "--listen", "127.0.0.1:0"]).until("listening");
}

#[test]
fn check_shows_a_next_version_beside_its_file_and_what_is_wrong_with_it() {
    let variables = [("ACME_SECRET", "hush")];
    let folder = Folder::new("next")
        .with("providers.d/acme.yaml", ACME)
        .with("providers.d/acme.next.yaml", &next_version("rollout: { share: 5% }\n"));

    let (code, out, _) = portaria(&folder.0, &["check"], &variables);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("next     providers.d/acme.next.yaml  the next version of providers.d/acme.yaml, for 5% of the new logins"),
        "{out}"
    );
    assert!(out.contains("1 offered, 0 dormant, 0 broken; 0 complaints"), "{out}");
    let (_, out, _) = portaria(&folder.0, &["check", "--json"], &variables);
    let answer: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&answer["files"][0]["state"], &answer["files"][1]["state"]), (&"next".into(), &"offered".into()), "{out}");

    let folder = folder.with("providers.d/acme.next.yaml", &next_version("rollout: { share: 5% }\n").replace("sso.acme", "id.acme"));
    let (code, out, _) = portaria(&folder.0, &["check"], &variables);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("no login goes through this version, although `rollout` says 5%: it points elsewhere"), "{out}");

    let folder = folder.with("providers.d/acme.next.yaml", "name: [").with("providers.d/boa.next.yaml", &next_version(""));
    let (code, out, _) = portaria(&folder.0, &["check"], &variables);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("there is no provider file of which this is the next version"), "{out}");
    assert!(out.contains("offered  providers.d/acme.yaml"), "{out}");
}

#[test]
fn a_next_version_is_compared_and_promoted() {
    let folder = Folder::new("promote")
        .with("providers.d/acme.yaml", ACME)
        .with("providers.d/acme.next.yaml", &next_version("rollout: { share: 5% }\n"));
    make_storage(&folder);

    let (code, out, err) = portaria(&folder.0, &["providers", "compare", "acme"], &[]);
    assert_eq!(code, 1, "{out}{err}");
    for line in [
        "wait: 0 of 5 logins have shown that both versions read the same id",
        "-    8    read: { id: $.id, email: $.email",
        "+    8    read: { id: $.id, email: $.mail",
        "+    9  rollout",
        "0 logins alike",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    let (_, out, _) = portaria(&folder.0, &["providers", "compare", "acme", "--json"], &[]);
    let answer: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(answer["advice"], "wait", "{out}");
    assert_eq!((&answer["logins"]["standing"], answer["changes"].as_array().map(Vec::len)), (&"idsUnknown".into(), Some(3)), "{out}");

    let (code, _, err) = portaria(&folder.0, &["providers", "promote", "acme"], &[]);
    assert!(code == 1 && err.contains("0 of 5 logins") && err.contains("--even-so"), "{err}");
    assert!(folder.0.join("providers.d/acme.next.yaml").exists() && read(&folder.0.join("providers.d/acme.yaml")) == ACME);
    let (code, out, err) = portaria(&folder.0, &["providers", "promote", "acme", "--even-so"], &[]);

    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("although 0 of 5 logins have shown"), "{out}");
    assert!(out.contains("to go back: mv providers.d/acme.previous.yaml providers.d/acme.yaml"), "{out}");
    let text = |name: &str| read(&folder.0.join(name));
    assert_eq!(text("providers.d/acme.yaml"), next_version(""), "without its share");
    assert_eq!(text("providers.d/acme.previous.yaml"), ACME);
    assert!(!folder.0.join("providers.d/acme.next.yaml").exists());
    assert_eq!(portaria(&folder.0, &["check"], &[("ACME_SECRET", "hush")]).0, 0, "the former file is not read");
    assert_eq!(portaria(&folder.0, &["providers", "promote", "acme"], &[]).0, 2, "there is no next version any more");
}

#[test]
fn a_next_version_that_is_broken_or_leads_elsewhere_is_not_promoted() {
    let folder = Folder::new("refuse").with("providers.d/acme.yaml", ACME).with("providers.d/acme.next.yaml", "name: [");
    make_storage(&folder);
    let is_unchanged = || read(&folder.0.join("providers.d/acme.yaml")) == ACME;

    assert_eq!(portaria(&folder.0, &["providers", "promote", "acme", "--even-so"], &[]).0, 1);
    assert_eq!(portaria(&folder.0, &["providers", "compare", "acme"], &[]).0, 1);
    assert!(is_unchanged());
    std::fs::write(folder.0.join("providers.d/acme.next.yaml"), ACME.replace("sso.acme", "id.acme")).expect("a file can be written");
    let (code, _, err) = portaria(&folder.0, &["providers", "promote", "acme"], &[]);
    assert!(code == 1 && err.contains("points elsewhere") && err.contains("--even-so"), "{err}");
    assert!(is_unchanged());
    let (code, out, _) = portaria(&folder.0, &["providers", "promote", "acme", "--even-so"], &[]);
    assert!(code == 0 && out.contains("although it points elsewhere") && !is_unchanged(), "{out}");
    for (present, next, reason) in [
        ("name: [", ACME.to_owned(), "the present version cannot be read"),
        (ACME, format!("{ACME}enabled: false\n"), "it is switched off"),
        (ACME, format!("{ACME}rollout: {{ share: 5%, sameIds: true }}\n"), "0 of 5 logins through it have signed people in"),
        (&format!("{ACME}enabled: false\n"), ACME.to_owned(), "0 of 5 logins have shown"),
    ] {
        let folder = Folder::new("unlike").with("providers.d/acme.yaml", present).with("providers.d/acme.next.yaml", &next);
        make_storage(&folder);
        let (code, _, err) = portaria(&folder.0, &["providers", "promote", "acme"], &[]);
        assert!(code == 1 && err.contains(reason), "{reason}: {err}");
        assert_eq!(read(&folder.0.join("providers.d/acme.yaml")), present);
        let (code, out, err) = portaria(&folder.0, &["providers", "promote", "acme", "--even-so"], &[]);
        assert_eq!(code, 0, "{out}{err}");
        assert_eq!(read(&folder.0.join("providers.d/acme.previous.yaml")), present, "it is kept as it was");
    }
    let (code, _, err) = portaria(&folder.0, &["providers", "compare", "acmee"], &[]);
    assert!(code == 2 && err.contains("did you mean `acme`?"), "{err}");
}

#[test]
fn a_start_says_that_a_folder_of_provider_files_cannot_be_listed() {
    let folder = Folder::new("unlisted").with("providers.d", "a file");

    let greeting = Running::start(&folder, &["serve", "--listen", "127.0.0.1:0"]).until("listening").join("\n");

    assert!(greeting.contains("none offered: `providers.d`: the folder of provider files cannot be listed (not a directory"), "{greeting}");
}

#[test]
fn the_playground_beside_a_store_with_real_users_is_for_loopback_alone() {
    let file = read(&root().join("providers.d/playground.yaml"));
    let settings = "publicUrl: https://login.loja.example\nreturnTo: [ https://www.loja.example ]\ntrustedProxies: none\n";
    let folder = Folder::new("real-users").with("portaria.yaml", settings).with("providers.d/playground.yaml", &file);

    let (code, checked, _) = portaria(&folder.0, &["check"], &[]);
    assert!(code == 0 && checked.contains("playground.yaml  is for loopback alone") && checked.contains("0 offered"), "{checked}");
    let (_, examined, _) = portaria(&folder.0, &["doctor", "--offline"], &[]);
    assert!(examined.contains("playground.yaml is for loopback alone") && examined.contains("offered: 0, waiting: 0"), "{examined}");
    let greeting = Running::start(&folder, &["serve", "--listen", "127.0.0.1:0"]).until("listening").join("\n");
    assert!(greeting.contains("1 file is for loopback alone"), "{greeting}");
}
