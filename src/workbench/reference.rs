//! Writes the generated files: the JSON schemas and the operators' reference. Both are made from the doc comments of the
//! words.

use crate::login::error::LoginErrorCode;
use crate::provider::facts::{FROM_DISCOVERY, FROM_THE_START};
use crate::provider::functions;
use crate::provider::provider_spec::ProviderSpec;
use crate::provider::standard;
use crate::stores::settings::SettingsSpec;
use crate::vocabulary::words::{ValueShape, WordBlock, WordDoc};
use crate::workbench::examples::example::ExampleSpec;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The blocks at the root of each kind of file: provider files, the settings file, and files of examples.
pub fn root_blocks() -> [&'static WordBlock; 3] {
    [ProviderSpec::block(), SettingsSpec::block(), ExampleSpec::block()]
}

/// The generated files: name below `schemas/`, and text.
pub fn generated_files() -> Vec<(&'static str, String)> {
    vec![
        ("provider.schema.json", json_schema("A provider file of portaria", ProviderSpec::block())),
        ("settings.schema.json", json_schema("The settings file of portaria", SettingsSpec::block())),
        ("provider.md", reference_page()),
    ]
}

/// A word's doc comment, taken apart.
struct ParsedWordDoc {
    meaning: String,
    default: Option<String>,
    example: Option<String>,
}

impl ParsedWordDoc {
    fn parse(word: &WordDoc) -> Self {
        let (mut meaning, mut default, mut example) = (Vec::new(), None, None);
        let mut in_default = false;
        for line in word.doc.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("Default:") {
                default = Some(text.trim().to_owned());
                in_default = true;
            } else if let Some(text) = line.strip_prefix("Example:") {
                example = Some(text.trim().trim_matches('`').to_owned());
                in_default = false;
            } else if in_default {
                default = default.map(|default| format!("{default} {line}"));
            } else {
                meaning.push(line);
            }
        }
        Self { meaning: meaning.join(" ").trim().to_owned(), default, example }
    }
}

fn json_schema(title: &str, block: &'static WordBlock) -> String {
    let mut definitions = Map::new();
    let root = object_schema(block, &mut definitions);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    if let Value::Object(members) = root {
        schema.extend(members);
    }
    if block.title == "settings file" {
        // A store is a settings file within a settings file.
        definitions.insert(definition_name(block), json!({ "$ref": "#" }));
    }
    definitions.sort_keys();
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    serde_json::to_string_pretty(&Value::Object(schema)).expect("a schema is JSON") + "\n"
}

fn definition_name(block: &WordBlock) -> String {
    block.title.replace(' ', "-")
}

fn object_schema(block: &'static WordBlock, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for word in &block.words {
        let doc = ParsedWordDoc::parse(word);
        let mut described = value_schema(&word.shape, definitions);
        if let Value::Object(members) = &mut described {
            let default = doc.default.map_or_else(String::new, |default| format!("\n\nDefault: {default}"));
            let example = doc.example.map_or_else(String::new, |example| format!("\n\nExample: {example}"));
            members.insert("description".to_owned(), json!(format!("{}{default}{example}", doc.meaning)));
        }
        properties.insert(word.name.to_owned(), described);
    }
    let mut required: Vec<&str> = block.words.iter().filter(|word| word.required).map(|word| word.name).collect();
    if block.title == "provider file" {
        required.push("name");
    }
    let mut members = Map::new();
    members.insert("description".to_owned(), json!(one_line(block.doc)));
    members.insert("type".to_owned(), json!("object"));
    members.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        members.insert("required".to_owned(), json!(required));
    }
    members.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(members)
}

/// Editors use YAML's own types: a text may be written as a YAML number or boolean.
fn value_schema(shape: &ValueShape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        ValueShape::Text(_) => json!({ "type": ["string", "number", "boolean"] }),
        ValueShape::Flag => json!({ "type": "boolean" }),
        ValueShape::Number => json!({ "type": "integer" }),
        ValueShape::Choice(words) => json!({ "enum": words }),
        ValueShape::List(inner) => json!({ "type": "array", "items": value_schema(inner, definitions) }),
        ValueShape::Map(inner) => {
            json!({ "type": "object", "additionalProperties": nullable_schema(value_schema(inner, definitions), inner) })
        }
        ValueShape::Either(shapes) => json!({ "anyOf": shapes.iter().map(|shape| value_schema(shape, definitions)).collect::<Vec<_>>() }),
        ValueShape::Json => json!({}),
        ValueShape::Nothing => json!({ "type": "null" }),
        ValueShape::Block(block) => {
            let block = block();
            let name = definition_name(block);
            if !definitions.contains_key(&name) {
                definitions.insert(name.clone(), Value::Null);
                let described = object_schema(block, definitions);
                definitions.insert(name.clone(), described);
            }
            json!({ "$ref": format!("#/$defs/{name}") })
        }
    }
}

/// A parameter may be `null`, which leaves a standard parameter out.
fn nullable_schema(described: Value, shape: &ValueShape) -> Value {
    match shape {
        ValueShape::Either(_) => json!({ "anyOf": [described, { "type": "null" }] }),
        _ => described,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const INTRODUCTION: &str = "# The provider file

One YAML file in `providers.d/` describes one identity provider. The name of the file is the name of the provider: `providers.d/acme.yaml` describes `acme`, its login is at
`/login/acme`, and the redirect address to register at the provider is `{publicUrl}/callback/acme`. This page is generated from the program by `portaria schema`.

A login collects **facts**. Each of its three steps writes a request from the facts known so far, and reads new facts from the answer. When the facts include an `id` and a proven
e-mail address, the person is identified.

**When you leave a request out, the standard OAuth 2 request is sent. When you write one, exactly that request is sent** (in getUserInfo with the bearer token, see `bearer`). Copy the
request from the provider's manual, and write holes such as `${code}` where portaria fills in a value.

## Three files to start from

A provider that follows the standard. The file gives its addresses and the names of its fields:

```yaml provider
# yaml-language-server: $schema=../schemas/provider.schema.json
name: Nuvem
getAuthorizationCode:
  get: https://nuvem.example/oauth2/authorize
  scope: identify email
getAccessCode:
  post: https://nuvem.example/oauth2/token
getUserInfo:
  get: https://nuvem.example/api/me
  read:
    id: $.id
    email: $.email
    emailVerified: $.verified
    name: [ $.full_name, $.login ]             # the first that is found
```

A shop's own login server, where no parameter and no field has its standard name:

```yaml provider
name: Clube Acme
clientId: loja-42
clientSecret: env:ACME_SECRET                  # a secret is never written here, only where it is kept
trustEmail: always                             # this server has verified every address that it hands out
pkce: off                                      # this server does not support PKCE
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  query: { app_key: \"${clientId}\", return_url: \"${redirectUri}\", state: \"${state}\", canal: loja }
  read: { code: $.auth_code }                  # this step reads the parameters of the callback
getAccessCode:
  post: https://sso.acme.example/api/token?versao=2
  credentials: basic
  json: { auth_code: \"${code}\", return_url: \"${redirectUri}\" }
  read: { accessToken: $.data.token, expiresIn: $.data.ttl }
  refused: { at: $.status, isNot: ok, message: $.mensagem }            # this server refuses with HTTP 200
getUserInfo:
  get: https://sso.acme.example/api/me
  query: { token: \"${accessToken}\" }
  read: { id: $.data.cliente.id, email: $.data.cliente.email, name: \"${$.data.cliente.nome} ${$.data.cliente.sobrenome}\" }
```

An OpenID Connect provider. Besides its name, the address of its issuer is enough:

```yaml provider
name: Entrada Única
discovery: https://sso.loja.example
```

## How to add a provider

1. Write the file. `portaria check` shows every mistake at its place in the file, and says how to correct it.
2. Look at the requests. `portaria explain NAME` shows the requests that would be sent, and what is read from each answer; with `--curl` it shows them as curl commands.
3. Set the variables that `portaria check` names. Until they are set the provider is *dormant* and is not offered.
4. Write recorded answers into `NAME.examples.yaml`. `portaria test NAME` replays them.

";

fn reference_page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("## Words\n\n");
    let mut seen: Vec<&'static str> = Vec::new();
    write_section(ProviderSpec::block(), &mut page, &mut seen);
    write_holes(&mut page);
    write_identity(&mut page);
    page.push_str(
        "## Examples beside a file\n\n`NAME.examples.yaml` is a list of stories. `portaria test` replays them without a network. `portaria test --mutate` removes and changes every word of the provider file in turn, and \
         lists the changes that no story notices.\n\n```yaml\n- what: a login\n  redirect: { get: https://nuvem.example/oauth2/authorize, query: { response_type: code, client_id: ‹clientId›, redirect_uri: ‹redirectUri›,\n              \
         scope: identify email, state: ‹state›, code_challenge: ‹codeChallenge›, code_challenge_method: S256 } }\n  callback: { code: c-1, state: ‹state› }\n  exchanges:\n    - request: { post: https://nuvem.example/oauth2/token, \
         form: { grant_type: authorization_code, code: c-1, redirect_uri: ‹redirectUri›,\n                 code_verifier: ‹codeVerifier›, client_id: ‹clientId›, client_secret: ‹clientSecret› } }\n      \
         answer: { status: 200, json: { access_token: at-1, token_type: Bearer } }\n    - request: { get: https://nuvem.example/api/me, headers: { Authorization: Bearer at-1 } }\n      \
         answer: { status: 200, json: { id: \"80351110224678912\", login: ana, email: ana@loja.example, verified: true } }\n  identity: { id: \"80351110224678912\", email: ana@loja.example, emailVerified: true, name: ana }\n\
         - what: the code was used before\n  exchanges:\n    - answer: { status: 400, json: { error: invalid_grant } }\n  refused: { step: getAccessCode, code: invalid_grant }\n```\n\n",
    );
    write_section(ExampleSpec::block(), &mut page, &mut seen);
    write_codes(&mut page);
    page
}

/// Writes the section of a block, and those of the blocks that are values of its words.
fn write_section(block: &'static WordBlock, page: &mut String, seen: &mut Vec<&'static str>) {
    if seen.contains(&block.title) {
        return;
    }
    seen.push(block.title);
    let _ = write!(page, "### {}\n\n{}\n\n", heading(block.title), one_line(block.doc));
    let mut inner = Vec::new();
    for word in &block.words {
        let doc = ParsedWordDoc::parse(word);
        let default = match doc.default {
            Some(default) => default,
            None if word.required || word.name == "name" => "required".to_owned(),
            None => "none".to_owned(),
        };
        let _ = write!(page, "**`{}`** ({}): {}  \nDefault: {default}", word.name, shape_description(&word.shape), doc.meaning);
        if let Some(example) = doc.example {
            let _ = write!(page, "  \nExample: `{example}`");
        }
        page.push_str("\n\n");
        collect_blocks(&word.shape, &mut inner);
    }
    for block in inner {
        write_section(block, page, seen);
    }
}

fn heading(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters
        .next()
        .map_or_else(String::new, |first| if title.starts_with("get") { first.to_string() } else { first.to_uppercase().to_string() });
    first + letters.as_str()
}

fn collect_blocks(shape: &ValueShape, found: &mut Vec<&'static WordBlock>) {
    match shape {
        ValueShape::Block(block) => found.push(block()),
        ValueShape::List(inner) | ValueShape::Map(inner) => collect_blocks(inner, found),
        ValueShape::Either(shapes) => shapes.iter().for_each(|shape| collect_blocks(shape, found)),
        ValueShape::Text(_) | ValueShape::Flag | ValueShape::Number | ValueShape::Choice(_) | ValueShape::Json | ValueShape::Nothing => {}
    }
}

fn shape_description(shape: &ValueShape) -> String {
    match shape {
        ValueShape::Text(note) => (*note).to_owned(),
        ValueShape::Flag => "`true` or `false`".to_owned(),
        ValueShape::Number => "a whole number".to_owned(),
        ValueShape::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        ValueShape::List(inner) => format!("a list of: {}", shape_description(inner)),
        ValueShape::Map(inner) => format!("names of your choice, each with: {}", shape_description(inner)),
        ValueShape::Either(shapes) => {
            let mut parts: Vec<String> = shapes.iter().map(shape_description).collect();
            if let Some((last, others)) = parts.split_last_mut()
                && *last == format!("a list of: {}", others.join("; or "))
            {
                "a list of these".clone_into(last);
            }
            parts.join("; or ")
        }
        ValueShape::Json => "any JSON".to_owned(),
        ValueShape::Nothing => "`null`".to_owned(),
        ValueShape::Block(block) => {
            let title = block().title;
            format!("[{title}](#{})", title.to_lowercase().replace(' ', "-"))
        }
    }
}

fn write_holes(page: &mut String) {
    page.push_str(
        "## Holes\n\nIn any value, `${fact}` stands for the value of a fact. Where facts are read from an answer, `${$.path}` stands for the value at a path. Functions follow after a bar: `${$.sub | after \"CHARACTER:\"}`, \
         `${clientId | append \":\" | append clientSecret | base64}`; a text is written in double quotes, a fact without quotes.\n\nInside `{ }` and `[ ]` put every value that contains a hole, a bracket, a comma or `: ` in quotes: `{ code: \"${code}\" }`. Use single quotes when the hole \
         contains double quotes: `{ id: '${$.sub | after \"user:\"}' }`. A text inside a hole has no escapes such as `\\n`; for a line break, write the YAML text in double quotes, where YAML itself reads `\\n`.\n\n**When a hole in a text finds nothing, the whole text is not found.** So an id is never composed from missing parts. `${last?}` may stay \
         empty; the rest of the text is trimmed, and a parameter that becomes empty by this is left out. `$${` stands for a literal `${`.\n\nEverything that is read from an answer is secret. No secret may be part of an address in the browser, unless it is hashed. \
         In the path and the query of an address, the values of holes are percent-encoded. A hole in the host of an address needs `hosts`.\n\n### Facts known from the start\n\n| fact | what it is |\n|---|---|\n",
    );
    for (name, meaning) in FROM_THE_START {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    page.push_str("| every name under `settings`, `secrets`, `inputs` | its value |\n");
    for (name, key) in FROM_DISCOVERY {
        let _ = writeln!(page, "| `{name}` | with `discovery`: `{key}` in the discovery document |");
    }
    page.push_str("| `clientAssertion` | in a step with `assertion`: the token that portaria made |\n\n### Standard places\n\n| answer | fact | place |\n|---|---|---|\n");
    for (answer, places) in
        [("callback", standard::CALLBACK), ("getAccessCode", standard::TOKEN), ("getUserInfo without `read`", standard::PERSON)]
    {
        for (fact, key) in places {
            let _ = writeln!(page, "| {answer} | `{fact}` | `{key}` |");
        }
    }
    page.push_str(
        "\nWhen getAccessCode is a list of calls, a standard place is read from every answer, and the last answer that has it counts. A call that reads `$.access_token` as a fact of another name does not give `accessToken`.\n\n### Functions\n\n| function | what it does |\n|---|---|\n",
    );
    for function in functions::TABLE {
        let _ = writeln!(page, "| `{}` | {} |", function.usage(), function.meaning);
    }
    page.push_str(
        "\n### Paths\n\nA path is a JSON path (RFC 9535): `$.data.user.id`, `$.list[0].id`, `$['e-mail']` (a key with characters other than letters, digits and `_` needs brackets and quotes), `$[?@.primary == true && @.verified == true].email`, `$.names.*`. \
         The first match counts. A path finds texts, numbers (to the last digit) and booleans; it does not find an object, a list, `null` or an empty text. A path contains at most one `..`, no filter inside a filter, and no holes. The parameters of a callback, a form and an XML answer are \
         read with the same paths.\n\nAddresses with `http://` and addresses of this machine are accepted only when the `publicUrl` of the installation is on loopback.\n\n",
    );
}

/// The step in which an example is refused with one of our own codes, and what the code means; `None` for codes that
/// only a running broker gives.
fn describe_code(code: LoginErrorCode) -> Option<(&'static str, &'static str)> {
    Some(match code {
        LoginErrorCode::BadInput => ("getAuthorizationCode", "what was typed does not match its pattern"),
        LoginErrorCode::NoDocument => {
            ("getAuthorizationCode", "the issuer's discovery document could not be fetched, or names another issuer")
        }
        LoginErrorCode::TooLong => ("getAuthorizationCode", "what `prepare` has read for the later steps is longer than 2048 bytes"),
        LoginErrorCode::BadState => ("getAuthorizationCode", "the state in the callback is not the one that was sent"),
        LoginErrorCode::Expired => ("getAuthorizationCode", "the login took longer than ten minutes"),
        LoginErrorCode::BadCallback => ("getAuthorizationCode", "the callback repeats a parameter, or has more than 100"),
        LoginErrorCode::BadIssuer => ("getAuthorizationCode", "the callback's `iss` is another issuer"),
        LoginErrorCode::BadSignature => ("getAuthorizationCode", "the callback is not signed as `verify` says"),
        LoginErrorCode::MissingFact => ("the step that needs it", "a required fact was in no answer"),
        LoginErrorCode::BadAddress => ("the step", "the request would go to a host that `hosts` does not name"),
        LoginErrorCode::BadHeader => ("the step", "a value holds characters that no header can carry"),
        LoginErrorCode::BadKey => ("the step", "a key cannot be used"),
        LoginErrorCode::NoAnswer => ("the step", "the provider could not be reached, or did not answer in time"),
        LoginErrorCode::Unreadable => ("the step", "the answer is not in the format that `answer` says"),
        LoginErrorCode::BadToken => ("the step", "a signed token was not accepted"),
        LoginErrorCode::MissingId => ("none", "no answer holds an id"),
        LoginErrorCode::MissingEmail => ("none", "no answer holds an e-mail address"),
        LoginErrorCode::UnprovenEmail => ("none", "the e-mail address is not proven under `trustEmail`"),
        LoginErrorCode::NotAllowed => ("none", "`require` does not allow this person to sign in"),
        LoginErrorCode::Changed | LoginErrorCode::TooSlow => return None,
    })
}

fn write_codes(page: &mut String) {
    page.push_str(
        "### Codes of refusals\n\nA refusal by the provider has the provider's own code: the one at `refused.code`, otherwise the one at the usual places, otherwise the HTTP status (even `200`). \
         Every other refusal has one of these codes:\n\n| code | step | meaning |\n|---|---|---|\n",
    );
    for code in LoginErrorCode::WORDS.iter().filter_map(|word| LoginErrorCode::named(word)) {
        if let Some((step, meaning)) = describe_code(code) {
            let _ = writeln!(page, "| `{}` | {step} | {meaning} |", code.word());
        }
    }
}

fn write_identity(page: &mut String) {
    page.push_str(
        "## Who may sign in\n\nThe identity consists of the facts `id`, `email`, `emailVerified`, `name`, `picture` and `locale`, and of the facts that `identity.more` names.\n\nAn `id` is a text of at most 255 bytes. It is kept to the last digit and compared byte for byte. `0`, `true`, `false`, `null`, `None`, `NaN` and `undefined` are not accepted as ids, because programs write them where there is no person.\n\n`emailVerified` is true for `true`, `1` and a date; \
         everything else is false. It proves only an address from the same answer, or from the same signed token. A token and the answer that carries it are not the same. A value that the shopper types before the redirect is never proven. `trustEmail` says when the address counts as proven. When it is not proven, or when there is no address, `missingEmail` says what happens: `refuse`, `ask`, or a placeholder. When the id cannot be part of an address, the placeholder contains the hash of the id.\n\nA provider whose file names \
         a variable that is not set is **dormant**. It is listed together with the missing variables, and it is not offered. This is not an error.\n\n**A fact has one origin.** Reading the same fact twice in one file is a mistake. Calls in a list use names of their own (`appToken`, and `bearer: ${appToken}`).\n\n",
    );
}
