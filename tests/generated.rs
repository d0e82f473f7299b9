//! Generated files are up to date, and what they say is true of the files that people write.

use crate::support::{catalogue, files, root, text};
use portaria::commands::proxy_files::{PROXY_FILES, TWO_BROKERS_FILE, for_two_brokers, routes_json};
use portaria::vocabulary::place::Source;
use portaria::vocabulary::words::{ValueShape, WordBlock};
use portaria::vocabulary::yaml::{self, YamlKind, YamlNode};
use portaria::workbench::catalogue::gallery::gallery_pages;
use portaria::workbench::reference::generated_files;
use portaria::workbench::reference::{pages, root_blocks};
use serde_json::{Map, Value};

#[test]
fn the_schemas_and_the_reference_are_up_to_date() {
    for (name, page) in generated_files() {
        assert!(text(&root().join("schemas").join(name)) == page, "schemas/{name} is stale: run `cargo run -- schema`");
    }
}

#[test]
fn the_pages_about_providers_are_up_to_date() {
    let pages = gallery_pages();
    for (path, page) in &pages {
        assert!(text(&root().join(path)) == *page, "{path} is stale: run `cargo run -- schema`");
    }
    for folder in ["docs/providers", "docs/pt-BR/providers"] {
        for page in files(&root().join(folder), ".md") {
            let name = page.strip_prefix(root()).expect("a page lies in the project").display().to_string();
            assert!(pages.iter().any(|(path, _)| *path == name), "{name} is about no provider of the catalogue");
        }
    }
}

#[test]
fn the_files_of_the_proxies_list_every_public_path() {
    let folder = root().join("docker/proxies");
    for file in &PROXY_FILES {
        let written = text(&folder.join(file.name));
        let present = file.with_present_paths(&written).unwrap_or_else(|| panic!("docker/proxies/{} has no list of paths", file.name));
        assert!(written == present, "docker/proxies/{} is stale: run `cargo run -- schema`", file.name);
    }
    assert!(text(&folder.join("routes.json")) == routes_json(), "docker/proxies/routes.json is stale: run `cargo run -- schema`");
    let of_two = for_two_brokers(&text(&folder.join("nginx/portaria.conf.template")));
    assert!(of_two.contains("BROKER_2_PORT"), "the line of the broker is found");
    assert!(text(&root().join("docker").join(TWO_BROKERS_FILE)) == of_two, "docker/{TWO_BROKERS_FILE} is stale: run `cargo run -- schema`");
}

/// A YAML node as an editor's schema check sees it.
fn value(node: &YamlNode) -> Value {
    match &node.kind {
        YamlKind::Scalar { .. } if node.is_null() => Value::Null,
        YamlKind::Scalar { text, plain: true, .. } if text == "true" || text == "false" => Value::Bool(text == "true"),
        YamlKind::Scalar { text, plain: true, .. } => text.parse().map_or_else(|_| Value::String(text.clone()), Value::Number),
        YamlKind::Scalar { text, .. } => Value::String(text.clone()),
        YamlKind::List(nodes) => Value::Array(nodes.iter().map(value).collect()),
        YamlKind::Map(entries) => {
            Value::Object(entries.iter().map(|entry| (entry.key.value.clone(), value(&entry.value))).collect::<Map<_, _>>())
        }
    }
}

fn schema(name: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&text(&root().join("schemas").join(name))).expect("a schema is JSON");
    jsonschema::validator_for(&schema).expect("a schema is a schema")
}

fn parsed(text: &str) -> Value {
    value(&yaml::parse(&Source::new("x.yaml", text)).expect("a YAML file").0)
}

#[test]
fn the_list_of_schemas_for_editors_names_files_that_are_there() {
    let list: Value = serde_json::from_str(&text(&root().join("schemas/catalog.json"))).expect("the list is JSON");
    let schemas = list["schemas"].as_array().expect("it lists schemas");

    assert_eq!(schemas.len(), 2);
    for schema in schemas {
        assert!(root().join("schemas").join(schema["url"].as_str().expect("an address")).exists(), "{schema}");
        assert!(schema["fileMatch"].as_array().is_some_and(|names| !names.is_empty()), "{schema}");
    }
}

#[test]
fn editors_accept_every_file_of_the_catalogue() {
    let schema = schema("provider.schema.json");
    for path in catalogue() {
        let value = parsed(&text(&path));
        let errors: Vec<String> = schema.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
}

#[test]
fn editors_refuse_misspelt_words_and_wrong_choices() {
    let schema = schema("provider.schema.json");
    for text in [
        "name: A\ngetUserinfo: { get: https://a.example }\n",
        "name: A\ngetUserInfo: { get: https://a.example, raed: {} }\n",
        "name: A\npkce: on\n",
        "name: A\nhidden: yes please\n",
        "pkce: off\n",
        "name: A\ngetAccessCode: { post: https://a.example, credentials: header }\n",
    ] {
        assert!(!schema.is_valid(&parsed(text)), "{text}");
    }
    let settings = self::schema("settings.schema.json");
    assert!(settings.is_valid(&parsed("publicUrl: https://login.loja.example\nstores: { b: { publicUrl: https://b.example } }\n")));
    assert!(!settings.is_valid(&parsed("publicUrI: https://login.loja.example\n")));
    assert!(!settings.is_valid(&parsed("stores: { b: { publicUrI: https://b.example } }\n")));
}

/// All blocks that a block leads to, itself included.
fn blocks(block: &'static WordBlock, found: &mut Vec<&'static WordBlock>) {
    if found.iter().any(|known| known.title == block.title) {
        return;
    }
    found.push(block);
    let mut open: Vec<ValueShape> = block.words.iter().map(|word| word.shape.clone()).collect();
    while let Some(shape) = open.pop() {
        match shape {
            ValueShape::Block(inner) => blocks(inner(), found),
            ValueShape::List(inner) | ValueShape::Map(inner) => open.push(*inner),
            ValueShape::Either(shapes) => open.extend(shapes),
            ValueShape::Text(_)
            | ValueShape::Flag
            | ValueShape::Number
            | ValueShape::Choice(_)
            | ValueShape::Json
            | ValueShape::Nothing => {}
        }
    }
}

#[test]
fn every_word_has_a_meaning_a_default_and_an_example() {
    let mut all = Vec::new();
    for root in root_blocks() {
        blocks(root, &mut all);
    }
    let mut words = 0;
    for block in all {
        assert!(block.doc.trim().len() > 10, "{}: no meaning", block.title);
        for word in &block.words {
            words += 1;
            let leads_on = matches!(&word.shape, ValueShape::Block(_))
                || matches!(&word.shape, ValueShape::Either(shapes) if shapes.iter().any(|shape| matches!(shape, ValueShape::Block(_))));
            let one_of_several_ends = ["identity", "refused", "name"].contains(&word.name);
            assert!(word.doc.trim().len() > 10, "{}.{}: no meaning", block.title, word.name);
            assert!(word.required || one_of_several_ends || word.doc.contains("Default: "), "{}.{}: no default", block.title, word.name);
            assert!(leads_on || word.doc.contains("Example: "), "{}.{}: no example", block.title, word.name);
        }
    }
    assert!(words > 120, "only {words} words");
}

#[test]
fn every_word_stands_in_exactly_one_topic_of_the_reference() {
    for (name, page) in pages() {
        assert!(page.problems.is_empty(), "schemas/{name}: {:#?}", page.problems);
    }
}

#[test]
fn every_provider_file_of_the_reference_is_right() {
    let page = text(&root().join("schemas/provider.md"));
    let mut files = 0;
    for block in page.split("```yaml provider\n").skip(1) {
        let file = block.split("```").next().expect("a block ends");
        let report = crate::support::report(file);
        assert!(report.complaints.is_empty(), "{}", report.draw(false));
        files += 1;
    }
    assert!(files >= 3);
}

/// The right column of the table "the manual says … → write …": the texts in backticks that begin with a word of a provider file.
fn manual_rows(page: &str) -> Vec<(String, Vec<String>)> {
    let section = page.split("\n## The manual says").nth(1).expect("the page has the table").split("\n## ").next().unwrap_or_default();
    let words: Vec<&str> = root_blocks()[0].words.iter().map(|word| word.name).collect();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let spans = |cell: &str| -> Vec<String> {
        let code = cell.split('`').skip(1).step_by(2);
        code.filter(|code| code.split_once(": ").is_some_and(|(word, _)| words.contains(&word)))
            .map(|code| code.replace("\\|", "|"))
            .collect()
    };
    rows.map(|(says, cell)| (says.to_owned(), spans(cell)))
        .filter(|(says, _)| !says.starts_with("**") && says != "the manual says")
        .collect()
}

/// Puts one mapping into another, word by word.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            if from.contains_key("get") {
                into.remove("post");
            }
            if from.contains_key("post") {
                into.remove("get");
            }
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// The complaints about a file that holds these parts, and for the rest plain addresses. Of two parts with the same word the first counts.
fn complaints_about_parts(parts: &[String]) -> Option<String> {
    let says_who =
        |step: &str| parts.iter().any(|part| part.starts_with(step) && (part.contains("signed: ") || part.contains("read: { id: $.")));
    let is_signed = |step: &str| parts.iter().any(|part| part.starts_with(step) && part.contains("signed: "));
    let has = |word: &str| parts.iter().any(|part| part.starts_with(word));
    let is_verified = parts.iter().any(|part| part.starts_with("getAuthorizationCode") && part.contains("text: ") && part.contains("id: "));
    let mut start = "name: Acme\n".to_owned();
    if is_verified {
        start += "getAuthorizationCode: { get: https://sso.acme.example/authorize }\ntrustEmail: always\n";
    } else if !has("discovery") {
        start +=
            "getAuthorizationCode: { get: https://sso.acme.example/authorize }\ngetAccessCode: { post: https://sso.acme.example/token }\n";
        if is_signed("getUserInfo") {
            start += "getUserInfo: { get: https://api.acme.example/me }\n";
        } else if !says_who("getAccessCode") {
            start += "getUserInfo: { get: https://api.acme.example/me, read: { id: $.id, email: $.email } }\n";
        }
        if !has("trustEmail") {
            start += "trustEmail: always\n";
        }
    }
    let mut file = parsed(&start);
    let mut seen: Vec<&str> = Vec::new();
    for part in parts {
        let word = part.split(':').next().unwrap_or_default();
        if !seen.contains(&word) {
            merge(&mut file, parsed(&format!("{part}\n")));
        }
        seen.push(word);
    }
    let report = crate::support::report(&file.to_string());
    (!report.complaints.is_empty()).then(|| format!("{file}\n{}", report.draw(false)))
}

#[test]
fn every_line_of_what_the_manual_says_is_part_of_a_right_file() {
    let rows = manual_rows(&text(&root().join("schemas/provider.md")));
    assert!(rows.len() >= 30, "only {} rows", rows.len());
    let mut wrong = Vec::new();
    for (says, parts) in rows {
        assert!(!parts.is_empty(), "{says}: nothing to write");
        wrong.extend(complaints_about_parts(&parts).map(|complaints| format!("{says}\n{complaints}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_part_of_a_file_in_the_reference_is_right_and_its_stories_are_true() {
    let page = text(&root().join("schemas/provider.md"));
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
    };

    for part in blocks("yaml part") {
        assert_eq!(complaints_about_parts(&[part]), None);
    }
    let files = blocks("yaml provider");
    let nuvem = Source::new("nuvem.yaml", files.first().expect("the page begins with a file").as_str());
    let provider = portaria::provider::compile(&nuvem, crate::support::STRICT).0.expect("the first file is right");
    let stories = blocks("yaml stories");
    assert!(!stories.is_empty() && blocks("yaml").is_empty(), "every block of YAML is tested");
    for stories in stories {
        for story in portaria::workbench::examples::read(&Source::new("nuvem.examples.yaml", stories)).expect("the stories are right") {
            let differences = portaria::workbench::examples::replay::replay(&provider, &story).differences;
            assert!(differences.is_empty(), "{}: {}", story.what.value, differences.iter().map(ToString::to_string).collect::<String>());
        }
    }
}

/// Whether these are settings without a complaint.
fn settings_report(text: &str) -> portaria::vocabulary::diagnostic::Report {
    portaria::stores::settings::Settings::read(&Source::new("portaria.yaml", text)).1
}

#[test]
fn every_example_of_the_reference_of_the_settings_is_right() {
    let page = text(&root().join("schemas/settings.md"));
    let mut files: Vec<&str> = Vec::new();
    files.extend(page.split("```yaml settings\n").skip(1).filter_map(|block| block.split("```").next()));
    assert!(files.len() >= 3);
    let table = page.split("\n## I want").nth(1).expect("the page has the table").split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let words: Vec<&str> = root_blocks()[1].words.iter().map(|word| word.name).collect();
    let mut rows_with_code = 0;
    for (task, cell) in rows.filter(|(task, _)| !task.starts_with("**") && *task != "I want") {
        let code = cell.split('`').skip(1).step_by(2);
        let settings: Vec<&str> = code.filter(|code| code.split_once(": ").is_some_and(|(word, _)| words.contains(&word))).collect();
        assert!(!settings.is_empty(), "{task}: nothing to write");
        files.extend(settings);
        rows_with_code += 1;
    }
    assert!(rows_with_code >= 30, "only {rows_with_code} rows");
    files.extend(page.lines().filter_map(|line| line.strip_prefix("Example: `")?.strip_suffix('`')));
    for file in files {
        let word = file.split(": ").next().unwrap_or_default();
        // An example of a word of a block stands in that block; some of these words stand at the top as well.
        let holders = ["session", "login", "lab", "audit", "filesMayRead", "limits"];
        let reports: Vec<_> = if file.contains('\n') {
            vec![settings_report(file)]
        } else {
            let parts = ["smtp: smtps://mail.loja.example:465", "from: a@loja.example", "user: env:A", "password: env:B"];
            let parts = parts.map(|part| if part.split(": ").next() == Some(word) { file } else { part });
            let mail = format!("mail: {{ {} }}", parts.join(", "));
            let parts = [
                if word == "keys" { "" } else { "secret: env:A_SECRET" },
                "redirectUris: [ https://a.example/cb ]",
                "grants: [ authorizationCode, refreshToken ]",
                "scopes: [ openid, offline_access ]",
            ];
            let others = parts.iter().filter(|part| !part.is_empty() && part.split(": ").next() != Some(word));
            let app = format!("apps: {{ a: {{ {} }} }}", others.copied().chain([file]).collect::<Vec<_>>().join(", "));
            let held = holders.iter().map(|holder| format!("{holder}:\n  {file}\n"));
            held.chain([mail, app, file.to_owned()]).map(|text| settings_report(&text)).collect()
        };
        assert!(reports.iter().any(|report| report.complaints.is_empty()), "{file}\n{}", reports[0].draw(false));
    }
}
