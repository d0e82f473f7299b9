//! The house rules that a compiler does not know: who may import whom, who may expose secrets, and that no provider
//! is known by name.

use crate::support::{catalogue, files, root, text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = files(folder, ".rs");
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            all.extend(sources(&path));
        }
    }
    all
}

/// The modules of `lib.rs` in the order of the map.
fn map() -> Vec<String> {
    let lib = text(&root().join("src/lib.rs"));
    let declared = |line: &str| {
        let name = line.strip_prefix("pub mod ").or(line.strip_prefix("pub(crate) mod "))?;
        name.split(';').next().map(str::to_owned)
    };
    lib.lines().filter_map(declared).collect()
}

fn room_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).expect("a source lies below src");
    let first = below.components().next().expect("a path has a part").as_os_str().to_string_lossy().into_owned();
    first.strip_suffix(".rs").map_or(first.clone(), str::to_owned)
}

/// A source without its module of tests, which stands at the end. A single item for tests in the middle does not count, nor does a
/// module in a file of its own.
fn production_code(source: &str) -> &str {
    let declares_module = |rest: &str| {
        let line = rest.lines().skip(1).find(|line| !line.starts_with("#[")).unwrap_or_default();
        (line.starts_with("mod ") || line.starts_with("pub(crate) mod ")) && line.ends_with('{')
    };
    let mut tests = source.match_indices("#[cfg(test)]").filter(|(at, _)| declares_module(&source[*at..]));
    tests.next().map_or(source, |(at, _)| &source[..at])
}

/// The rooms that a file names in `crate::…`, tests apart.
fn imports(source: &str) -> Vec<String> {
    let code = production_code(source);
    let mut rooms = Vec::new();
    for part in code.split("crate::").skip(1) {
        let room: String = part.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
        rooms.push(room);
    }
    rooms
}

#[test]
fn a_module_imports_only_modules_above_it_on_the_map() {
    let map = map();
    assert!(map.len() > 10, "the map is read: {map:?}");

    for path in sources(&root().join("src")) {
        let room = room_of(&path);
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let own = map.iter().position(|name| *name == room).unwrap_or_else(|| panic!("{room} is not on the map"));
        let code = text(&path);
        let code = production_code(&code);
        assert!(!code.contains("super::"), "{}: name what is imported from `crate`", path.display());
        for imported in imports(code) {
            let Some(other) = map.iter().position(|name| *name == imported) else {
                // The macros of the vocabulary stand at the root.
                let is_macro = matches!(imported.as_str(), "words" | "choice");
                assert!(is_macro || imported.is_empty(), "{}: `crate::{imported}` is not on the map", path.display());
                continue;
            };
            assert!(other <= own, "{} imports `{imported}`, which stands below its own room on the map", path.display());
        }
    }
}

/// The files of `web` that a source imports by `crate::web::…`, tests apart.
fn imported_web_files(source: &str) -> BTreeSet<String> {
    let code = production_code(source);
    let name = |text: &str| -> String { text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect() };
    let mut files = BTreeSet::new();
    for part in code.split("crate::web::").skip(1) {
        match part.strip_prefix('{').and_then(|group| group.split_once(';')) {
            Some((group, _)) => files.extend(group.split([',', '{', '}']).map(|part| name(part.trim()))),
            None => drop(files.insert(name(part))),
        }
    }
    files
}

#[test]
fn the_files_of_web_import_each_other_in_no_circle() {
    let mut left: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(&root().join("src/web")) {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        left.insert(name, imported_web_files(&text(&path)));
    }
    assert!(left.len() > 20, "the files are found: {left:?}");

    // Files that import none of the files that are left can be put on top of each other.
    loop {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|name, imports| imports.iter().any(|import| import != name && names.contains(import)));
        if left.len() == before {
            break;
        }
    }

    assert!(left.is_empty(), "these files import each other in a circle: {left:#?}");
}

/// The types that a source declares, except associated types and those inside functions.
fn declared_types(source: &str) -> Vec<String> {
    let declares = |line: &&str| -> Option<String> {
        let indent = line.len() - line.trim_start().len();
        let mut line = line.trim_start();
        for visibility in ["pub(crate) ", "pub(super) ", "pub "] {
            line = line.strip_prefix(visibility).unwrap_or(line);
        }
        // Types of `words!` and `choice!` and of test modules are indented once.
        let keywords: &[&str] = if indent == 0 { &["struct ", "enum ", "trait ", "type "] } else { &["struct ", "enum ", "trait "] };
        let rest = keywords.iter().find_map(|keyword| line.strip_prefix(keyword)).filter(|_| indent <= 4)?;
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        name.starts_with(|letter: char| letter.is_ascii_uppercase()).then_some(name)
    };
    source.lines().filter_map(|line| declares(&line)).collect()
}

#[test]
fn no_two_types_have_the_same_name() {
    let mut first: std::collections::HashMap<String, PathBuf> = std::collections::HashMap::new();
    for path in sources(&root().join("src")) {
        for name in declared_types(&text(&path)) {
            if let Some(other) = first.insert(name.clone(), path.clone()) {
                panic!("`{name}` is declared in {} and in {}", other.display(), path.display());
            }
        }
    }
    assert!(first.len() > 400, "the types are found: {}", first.len());
}

/// Lesson 133
#[test]
fn the_pure_rooms_open_no_doors() {
    for path in sources(&root().join("src")).iter().filter(|path| !path.ends_with("world/network.rs")) {
        assert!(!text(path).contains("reqwest::"), "{}: every request leaves by the one client of `world::network`", path.display());
    }
    for room in ["provider", "login", "session", "simulated/playground"] {
        for path in sources(&root().join("src").join(room)) {
            let text = text(&path);
            for door in
                ["std::fs", "std::net::Tcp", "SystemTime", "Instant::now", "std::env", "aws_lc_rs::rand", "std::thread", "std::process"]
            {
                assert!(!text.contains(door), "{} opens a door: {door}", path.display());
            }
        }
    }
}

/// Files below `src`, each with the reason why it may do something.
type FilesWithReasons = &'static [(&'static str, &'static str)];

/// The files that may see a secret in plain letters, each with its reason. Every other file compares, masks and transforms
/// secrets by the methods of `Text`.
const MAY_EXPOSE: FilesWithReasons = &[
    ("vocabulary/text.rs", "the type itself"),
    ("vocabulary/wire.rs", "a request in plain values, for the files of the next list"),
    ("login/attempt.rs", "what the calls before the redirect have read is sealed with the attempt"),
    ("provider/address.rs", "the host is compared with the permitted ones before anything is sent to it"),
    ("provider/address/filled.rs", "the address of a document is the name under which it is kept"),
    ("provider/assertion.rs", "the claims of a signed assertion are joined and signed"),
    ("provider/callback.rs", "a callback is read by the paths of the provider file"),
    ("provider/functions.rs", "the functions of the language compute with values"),
    ("provider/hole.rs", "the functions of a hole transform its value"),
    ("provider/placeholder.rs", "the placeholder of an e-mail address is parsed"),
    ("provider/refusal/reason.rs", "the provider's words are read before secrets in them are masked"),
    ("provider/signature.rs", "requests are signed, and signatures are verified"),
    ("provider/signature/signed_text.rs", "the text that is signed is made of the parameters"),
    ("provider/signed_token/verification.rs", "the hash of a code or a token is computed"),
    ("provider/step/reading.rs", "the signed token of an answer is taken apart"),
    ("provider/step/sending.rs", "the query of an address is signed, and a client assertion holds the state and the time"),
    ("provider/template.rs", "keys are bytes"),
    ("session/seal.rs", "the master key is bytes"),
    ("world/mail.rs", "the mail server gets its password"),
    ("world/secrets.rs", "a generated secret is written to its file"),
    ("web/id_tokens.rs", "the ID token of a session is sealed for the logout at the provider"),
    ("workbench/examples/difference.rs", "what was sent is compared with what an example expects"),
    ("simulated/simulation/replacements.rs", "a story gets the values of the login in place of its stand-ins"),
    ("commands/try_login/recording.rs", "a recording replaces the secrets of the installation, so it has to find them"),
];

/// The files that may take a request or a callback in plain values.
const MAY_TAKE_AS_SENT: FilesWithReasons = &[
    ("provider/callback.rs", "a callback is read by the paths of the provider file"),
    ("world/network.rs", "the request leaves"),
    ("simulated/playground/client.rs", "the request goes to the playground of this process"),
    ("workbench/examples/difference.rs", "the text that was signed is made again"),
    ("workbench/synthetic_recording.rs", "invented secrets go into an invented recording"),
    ("simulated/simulation/authorization.rs", "the simulation sends the browser back"),
    ("simulated/simulation/received_request.rs", "what the engine sends is compared with what has arrived"),
];

/// The files that may look at a value by a function of their own.
const MAY_TEST_OR_TRANSFORM: FilesWithReasons = &[
    ("vocabulary/text.rs", "the type itself"),
    ("provider/condition/value_check.rs", "conditions of a provider file compare values"),
    ("provider/credentials.rs", "the header of HTTP Basic is encoded"),
    ("provider/step/sending.rs", "a signed query is put in place of the plain one"),
];

/// The files that may give the browser an address.
const MAY_REDIRECT: FilesWithReasons = &[
    ("web/start.rs", "the broker redirects the browser"),
    ("stores/connection.rs", "an address below the own playground is recognized"),
    ("world/browser.rs", "a browser of this machine is opened"),
    ("commands/try_login.rs", "the terminal shows the address to open"),
];

/// The files that may make a value public that was secret.
const MAY_REVEAL: FilesWithReasons = &[
    ("vocabulary/text.rs", "the type itself"),
    ("provider/identity.rs", "what an identity consists of is no secret"),
    ("provider/step/reading.rs", "the facts decide anew which values of an answer are secret"),
    ("simulated/simulation/expectation.rs", "the simulation reads the state that has arrived, to send it back"),
    ("workbench/explain/forecast.rs", "a person reads what they have pasted; tokens and secrets stay masked"),
    ("workbench/explain/forecast/start.rs", "the state of a pasted callback is taken for the one that was sent"),
    ("workbench/record.rs", "the values of a login are looked for, so that none of them is recorded"),
];

/// Attack T-12
#[test]
fn nothing_switches_off_the_checks_of_certificates() {
    let switches = ["accept_invalid", "tls_danger", "dangerous()", "ServerCertVerifier", "native_tls", "tls_certs_only"];
    let mut found = Vec::new();
    for path in sources(&root().join("src")) {
        let code = text(&path);
        for line in production_code(&code).lines().filter(|line| switches.iter().any(|switch| line.contains(switch))) {
            found.push(line.trim().to_owned());
        }
    }

    // A mail server of this machine; and a machine that knows no authorities, where no certificate is believed.
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().any(|line| line.contains("dangerous_accept_invalid_certs(server.safety == MailEncryption::Loopback)")));
    assert!(found.iter().any(|line| line.contains(".tls_certs_only([])")));
}

/// Attacks, J-17
/// Lessons 51, 142
#[test]
fn what_is_secret_is_compared_in_constant_time_and_never_printed() {
    let secret_types = [("src/vocabulary/text.rs", "Text"), ("src/session/seal.rs", "MasterKey"), ("src/session/seal.rs", "Seal")];
    for (path, name) in secret_types {
        let code = text(&root().join(path));
        let (before, _) =
            code.split_once(&format!("pub struct {name} ")).or(code.split_once(&format!("pub struct {name}("))).expect("the type");
        let derived = before.rsplit_once("\n\n").map_or("", |(_, attributes)| attributes);
        for made in ["PartialEq", "Debug", "Serialize", "Display", "Hash"] {
            assert!(!derived.contains(made), "{name} would be compared or shown as it is: {derived}");
            // Debug may be written by hand, from the mask.
            assert!(made == "Debug" || !code.contains(&format!("{made} for {name} ")), "{name}: {made}");
        }
    }
    let shown = portaria::vocabulary::text::Text::secret("geheim-1234", &"clientSecret".into());
    assert_eq!(format!("{shown:?}"), format!("{:?}", shown.masked()));
}

#[test]
fn only_few_files_expose_what_is_secret() {
    let rules: [(&[&str], FilesWithReasons); 5] = [
        (&[".expose()", "Text::expose"], MAY_EXPOSE),
        (&[".as_sent()"], MAY_TAKE_AS_SENT),
        (&[".satisfies(", ".made_into(", "fn satisfies"], MAY_TEST_OR_TRANSFORM),
        (&[".browser_address()"], MAY_REDIRECT),
        (&[".revealed()", "::revealed", "fn revealed"], MAY_REVEAL),
    ];
    for (calls, allowed) in rules {
        let mut exposing: Vec<String> = Vec::new();
        for path in sources(&root().join("src")) {
            let below = path.strip_prefix(root().join("src")).expect("a source lies below src").to_string_lossy().into_owned();
            let code = text(&path);
            let code = production_code(&code);
            if calls.iter().any(|call| code.contains(call)) {
                exposing.push(below);
            }
        }
        for file in &exposing {
            assert!(allowed.iter().any(|(known, _)| known == file), "{file} calls {calls:?} and is not on the list");
        }
        for (file, reason) in allowed {
            assert!(exposing.iter().any(|known| known == file), "{file} is on the list of {calls:?} and needs it no longer");
            assert!(!reason.is_empty(), "{file} gives a reason");
        }
    }
}

#[test]
fn the_compiler_sees_every_word_that_is_never_read() {
    for path in sources(&root().join("src")) {
        let code = text(&path);
        let blocks = code.split("words! {").skip(1).filter_map(|block| block.lines().find(|line| line.contains(" struct ")));
        let open: Vec<&str> = blocks.filter(|line| line.trim_start().starts_with("pub struct ")).collect();
        let is_examples = path.ends_with("workbench/examples/example.rs");
        assert!(is_examples || open.is_empty(), "{}: a block of words is `pub(crate)`, not {open:?}", path.display());
    }
}

#[test]
fn no_provider_is_known_by_name() {
    // Words of English besides.
    let ordinary = ["line", "box"];
    // The playground is a room of the program itself; its file is there so that the program has something to log in with.
    let own = ["playground"];
    let names: Vec<String> =
        catalogue().iter().map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned()).collect();

    for path in sources(&root().join("src")) {
        let code = text(&path).to_lowercase();
        for name in names.iter().filter(|name| !ordinary.contains(&name.as_str()) && !own.contains(&name.as_str())) {
            let found = code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == name);
            assert!(!found, "{} knows `{name}`: a word is missing from the language", path.display());
        }
    }
}

#[test]
fn nothing_is_left_over() {
    for path in sources(&root().join("src")).into_iter().chain(sources(&root().join("tests"))) {
        let code = text(&path);
        for mark in [
            "to".to_owned() + "do!",
            "unimpl".to_owned() + "emented!",
            "FIX".to_owned() + "ME",
            "TO".to_owned() + "DO",
            "#[ign".to_owned() + "ore",
        ] {
            assert!(!code.contains(&mark), "{}: {mark}", path.display());
        }
    }
}

/// The functions that are longer than 60 lines, each with its reason.
const MAY_BE_LONG: FilesWithReasons = &[
    ("assemble", "it brings the parts of a file together, one line for each"),
    ("leaf_candidate", "the score is one sum, and its signals look at each other"),
];

/// The functions of a source that are longer than 60 lines, tests apart.
fn long_functions(code: &str) -> Vec<String> {
    let lines: Vec<&str> = production_code(code).lines().collect();
    let name_at = |line: &str| {
        let mut rest = line.trim_start();
        for word in ["pub ", "pub(crate) ", "pub(super) ", "const ", "async "] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        rest.strip_prefix("fn ")
            .map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect::<String>())
    };
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = name_at(line) else { continue };
        let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let length =
            if line.ends_with('}') || line.ends_with(';') { 1 } else { lines[at..].iter().take_while(|line| **line != end).count() + 1 };
        if length > 60 {
            found.push(name);
        }
    }
    found
}

#[test]
fn a_file_over_400_lines_says_why_and_no_function_is_over_60() {
    let mut exceptions: Vec<&str> = Vec::new();
    for path in sources(&root().join("src")) {
        let code = text(&path);
        let says_why = code.lines().take_while(|line| line.starts_with("//!")).any(|line| line.starts_with("//! Long because "));
        let lines = code.lines().count();
        assert!(
            lines <= 400 || says_why,
            "{} has {lines} lines: give a subject a file of its own, or say `Long because …`",
            path.display()
        );
        assert!(lines > 400 || !says_why, "{} is not long any more: take `Long because …` out", path.display());
        let is_tests = path.file_name().is_some_and(|name| name == "tests.rs");
        for name in if is_tests { Vec::new() } else { long_functions(&code) } {
            let known = MAY_BE_LONG.iter().find(|(known, _)| *known == name);
            let (known, _) = known.unwrap_or_else(|| panic!("{}: `{name}` is over 60 lines: split it", path.display()));
            exceptions.push(known);
        }
    }
    assert_eq!(exceptions.len(), MAY_BE_LONG.len(), "each exception is needed: {exceptions:?}");
}

/// Attack P-12
#[test]
fn a_line_of_the_audit_is_added_and_goes_with_its_time_or_its_person_and_is_never_changed() {
    let mut touching = Vec::new();
    for path in sources(&root().join("src")) {
        let source = text(&path);
        let code = production_code(&source).to_owned();
        for verb in ["UPDATE audit", "DELETE FROM audit", "INSERT INTO audit"] {
            touching.extend(code.match_indices(verb).map(|(at, _)| code[at..].lines().next().unwrap_or_default().to_owned()));
        }
    }
    touching.sort();

    let begins =
        ["DELETE FROM audit WHERE number IN (SELECT number FROM audit WHERE at < $1", "INSERT INTO audit", "UPDATE audit SET uid = NULL"];
    assert_eq!(touching.len(), begins.len(), "{touching:#?}");
    assert!(touching.iter().zip(begins).all(|(is, begins)| is.starts_with(begins)), "{touching:#?}");
}
