//! The generated pages: the JSON schemas and the operators' reference, made from the words themselves.

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

/// Editors use the types of YAML, so a value that is a text to us may be a number or a boolean to them.
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

/// Parameters may be `null`, which takes a standard one out.
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

One YAML file in `providers.d/` describes one identity provider; its name is what the provider is called everywhere (`providers.d/acme.yaml` is `acme`: the login is
`/login/acme`, the redirect address to register is `{publicUrl}/callback/acme`). This page is generated from the program by `portaria schema`.

A login is a growing set of **facts**. Each of the three steps writes a request from the facts known so far, and reads new facts from the answer. When the facts hold an `id` and
an e-mail that can be trusted, there is an identity.

**Leave a request out and the standard OAuth 2 request is sent; write it and exactly that is sent** (and in getUserInfo the bearer, see `bearer`). Copy the request from the provider's manual and put holes where
portaria fills in.

## Three files to begin with

A provider that follows the standard needs its addresses and the names of its fields:

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
    name: [ $.full_name, $.login ]             # the first that finds something
```

A shop's own login server, where nothing has its usual name:

```yaml provider
name: Clube Acme
clientId: loja-42
clientSecret: env:ACME_SECRET                  # a secret is never written here, only where it is kept
trustEmail: always                             # this server only hands out addresses that it has checked itself
pkce: off                                      # it does not know PKCE
getAuthorizationCode:
  get: https://sso.acme.example/entrar
  query: { app_key: \"${clientId}\", return_url: \"${redirectUri}\", state: \"${state}\", canal: loja }
  read: { code: $.auth_code }                  # the callback's parameters are this step's answer
getAccessCode:
  post: https://sso.acme.example/api/token?versao=2
  credentials: basic
  json: { auth_code: \"${code}\", return_url: \"${redirectUri}\" }
  read: { accessToken: $.data.token, expiresIn: $.data.ttl }
  refused: { at: $.status, isNot: ok, message: $.mensagem }            # it says no with HTTP 200
getUserInfo:
  get: https://sso.acme.example/api/me
  query: { token: \"${accessToken}\" }
  read: { id: $.data.cliente.id, email: $.data.cliente.email, name: \"${$.data.cliente.nome} ${$.data.cliente.sobrenome}\" }
```

An issuer of OpenID Connect needs one line more than its name:

```yaml provider
name: Entrada Única
discovery: https://sso.loja.example
```

## How to go about it

1. Write the file. `portaria check` draws every mistake into it, with what to do.
2. `portaria explain NAME` shows the requests that would be sent and what is read from each answer; `--curl` shows them as curl lines.
3. Set the variables that `portaria check` names: until then the provider is *dormant* and not offered.
4. Write down recorded answers in `NAME.examples.yaml`; `portaria test NAME` replays them.

";

fn reference_page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("## Words\n\n");
    let mut seen: Vec<&'static str> = Vec::new();
    write_section(ProviderSpec::block(), &mut page, &mut seen);
    write_holes(&mut page);
    write_identity(&mut page);
    page.push_str(
        "## Examples beside a file\n\n`NAME.examples.yaml` is a list of stories, which `portaria test` replays without a network. `portaria test --mutate` drops and changes every word of the provider file in turn and \
         tells which of these changes no story notices.\n\n```yaml\n- what: a login\n  redirect: { get: https://nuvem.example/oauth2/authorize, query: { response_type: code, client_id: ‹clientId›, redirect_uri: ‹redirectUri›,\n              \
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

/// A block's own section, and those of the blocks that its words lead to.
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
        ValueShape::Map(inner) => format!("names of your own, each with: {}", shape_description(inner)),
        ValueShape::Either(shapes) => {
            let mut parts: Vec<String> = shapes.iter().map(shape_description).collect();
            if let [one, many] = parts.as_slice()
                && *many == format!("a list of: {one}")
            {
                parts = vec![one.clone(), "a list of these".to_owned()];
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
        "## Holes\n\n`${fact}` stands for a fact in any value. Where something is read, `${$.path}` takes what stands at a path. Functions follow behind bars: `${$.sub | after \"CHARACTER:\"}`, \
         `${clientId | append \":\" | append clientSecret | base64}`; texts stand in double quotes, facts without.\n\nInside `{ }` and `[ ]` put every value with a hole, a bracket, a comma or `: ` in quotes: `{ code: \"${code}\" }`; in single quotes where the hole \
         holds double ones: `{ id: '${$.sub | after \"user:\"}' }`. In a hole's text `\\n` is no escape; write the YAML text in double quotes, which know it.\n\n**A text in which a hole finds nothing is itself not found**, so that no id is ever composed of nothing. `${last?}` may stay \
         empty; what is left is trimmed, and a parameter that is empty because of it is left out. `$${` writes a literal `${`.\n\nEverything learned from an answer is secret; no secret may stand in the browser's address, unless a hash has made it unrecognisable. \
         In a path or query of an address, holes are percent-encoded; a hole in the host needs `hosts`.\n\n### Facts from the start\n\n| fact | what it is |\n|---|---|\n",
    );
    for (name, meaning) in FROM_THE_START {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    page.push_str("| every name under `settings`, `secrets`, `inputs` | its value |\n");
    for (name, key) in FROM_DISCOVERY {
        let _ = writeln!(page, "| `{name}` | with `discovery`: the document's `{key}` |");
    }
    page.push_str("| `clientAssertion` | in a step with `assertion`: the token that was made |\n\n### Standard places\n\n| answer | fact | where |\n|---|---|---|\n");
    for (answer, places) in
        [("callback", standard::CALLBACK), ("getAccessCode", standard::TOKEN), ("getUserInfo without `read`", standard::PERSON)]
    {
        for (fact, key) in places {
            let _ = writeln!(page, "| {answer} | `{fact}` | `{key}` |");
        }
    }
    page.push_str(
        "\nIn a list of getAccessCode steps a standard place is looked for in every answer, and the last one in which it is found counts; a step that reads `$.access_token` under a name of its own is not looked at for `accessToken`.\n\n### Functions\n\n| function | what it does |\n|---|---|\n",
    );
    for function in functions::TABLE {
        let _ = writeln!(page, "| `{}` | {} |", function.usage(), function.meaning);
    }
    page.push_str(
        "\n### Paths\n\nA path is a JSON path (RFC 9535): `$.data.user.id`, `$.list[0].id`, `$['e-mail']` (every key that is not letters, digits and `_` needs brackets and quotes), `$[?@.primary == true && @.verified == true].email`, `$.names.*`. \
         The first match counts. Texts, numbers (to the last digit) and booleans are values; an object, a list, `null` and an empty text are not found. At most one `..`, no filter inside a filter. A callback's parameters, a form and an XML answer are \
         looked at in the same way. A path holds no holes.\n\nPlain `http://` and addresses of this machine are accepted only where the installation's own `publicUrl` is on loopback.\n\n",
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
        LoginErrorCode::BadState => ("getAuthorizationCode", "the state in the callback is not the one that was sent"),
        LoginErrorCode::Expired => ("getAuthorizationCode", "the login took longer than ten minutes"),
        LoginErrorCode::BadCallback => ("getAuthorizationCode", "the callback repeats a parameter, or has more than 100"),
        LoginErrorCode::BadIssuer => ("getAuthorizationCode", "the callback's `iss` is another issuer"),
        LoginErrorCode::BadSignature => ("getAuthorizationCode", "the callback is not signed as `verify` says"),
        LoginErrorCode::MissingFact => ("the step that needs it", "a fact is needed that no answer gave"),
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
        "### Codes of refusals\n\nA refusal by the provider has the provider's own code: where `refused.code` says, else from the usual places, else the HTTP status (even `200`). \
         Everything else has one of these:\n\n| code | step | what is so |\n|---|---|---|\n",
    );
    for code in LoginErrorCode::WORDS.iter().filter_map(|word| LoginErrorCode::named(word)) {
        if let Some((step, meaning)) = describe_code(code) {
            let _ = writeln!(page, "| `{}` | {step} | {meaning} |", code.word());
        }
    }
}

fn write_identity(page: &mut String) {
    page.push_str(
        "## Who may sign in\n\nThe identity is made of the facts `id`, `email`, `emailVerified`, `name`, `picture`, `locale` and what `identity.more` names. An `id` is a text of at most 255 bytes, exact to the last digit, compared byte for byte; `0`, `true`, `false`, `null`, `None`, `NaN` and `undefined` are what programs write where there is no person. They are no ids. `emailVerified` is true for `true`, `1` and a date; \
         everything else is false. A claim proves only an address from the same answer, or from the same signed token; a token and the answer that carries it are two. What the shopper types is never proven. The address counts as proven as `trustEmail` says; when it does not, or there is none, `missingEmail` says what happens: `refuse`, `ask`, or a placeholder. A placeholder from an id that could not stand in an address uses the id's hash.\n\nA provider that names \
         a variable that is not set is **dormant**. It is listed with the variables it waits for, it is not offered, and that is no error.\n\n**A fact has one origin**: reading the same name twice in a file is a complaint; chains of calls use names of their own (`appToken`, and `bearer: ${appToken}`).\n\n",
    );
}
