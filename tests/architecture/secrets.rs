//! Which files may see a secret in plain letters.

use crate::architecture::{FilesWithReasons, production_code, sources};
use crate::support::{root, text};

/// The files that may see a secret in plain letters, each with its reason. Every other file compares, masks and transforms
/// secrets by the methods of `Text`.
const MAY_EXPOSE: FilesWithReasons = &[
    ("vocabulary/text.rs", "the type itself"),
    ("vocabulary/wire.rs", "a request in plain values, for the files of the next list"),
    ("login/attempt.rs", "what the calls before the redirect have read is sealed with the attempt"),
    ("login/exchange.rs", "a token that a program hands in is taken apart"),
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
    ("world/outgoing_proxy.rs", "the proxy gets its user and its password"),
    ("world/secrets.rs", "a generated secret is written to its file"),
    ("web/kept_tokens.rs", "the provider's own tokens are sealed, and the access token is handed to an app"),
    ("web/id_tokens.rs", "the ID token of a session is sealed for the logout at the provider"),
    ("workbench/examples/difference.rs", "what was sent is compared with what an example expects"),
    ("workbench/examples/invented/values.rs", "an invented answer repeats stand-ins and public values of the installation"),
    ("simulated/simulation/replacements.rs", "a story gets the values of the login in place of its stand-ins"),
    ("simulated/simulation/handed_in.rs", "the claims of an invented token name the issuer and the client"),
    ("simulated/simulation/authorization.rs", "the callback names the issuer"),
    ("commands/try_login/recording.rs", "a recording replaces the secrets of the installation, so it has to find them"),
];

/// The files that may take a request or a callback in plain values.
const MAY_TAKE_AS_SENT: FilesWithReasons = &[
    ("provider/callback.rs", "a callback is read by the paths of the provider file"),
    ("world/network.rs", "the request leaves"),
    ("simulated/playground/client.rs", "the request goes to the playground of this process"),
    ("workbench/examples/difference.rs", "the text that was signed is made again"),
    ("workbench/recorded_exchange.rs", "what a learned file sends is compared with what was recorded"),
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

/// Attacks, J-17
/// Lessons 51, 142
#[test]
fn what_is_secret_is_compared_in_constant_time_and_never_printed() {
    let secret_types = [
        ("src/vocabulary/text.rs", "Text"),
        ("src/session/seal.rs", "MasterKey"),
        ("src/session/seal.rs", "Seal"),
        ("src/apps/client_app.rs", "SecretDigest"),
    ];
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
