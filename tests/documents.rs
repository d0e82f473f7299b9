//! The documents: their links lead somewhere, their files are right, and the program knows their commands.

use crate::command_line::{Folder, Running, portaria};
use crate::support::{STRICT, files, root, text};
use clap::Parser as _;
use portaria::commands::CommandLine;
use portaria::provider::compile;
use portaria::stores::settings::Settings;
use portaria::vocabulary::diagnostic::Report;
use portaria::vocabulary::place::Source;
use portaria::workbench::examples;
use std::path::{Path, PathBuf};

/// The pages of `docs` that exist in English alone: that on the program itself, and those that are written from tables of tests.
const ENGLISH_ALONE: [&str; 3] = ["architecture.md", "conformance-apps.md", "conformance.md"];

/// The kinds of blocks. Blocks of a program stand beside the name of a file, and the tests of the programs run them.
const KINDS: [&str; 25] = [
    "apache",
    "caddy",
    "console",
    "envoy",
    "go",
    "haproxy",
    "html",
    "java",
    "js",
    "json",
    "jsx",
    "manual",
    "nginx",
    "php",
    "python",
    "ruby",
    "rust",
    "sh",
    "text",
    "toml",
    "traefik",
    "vcl",
    "yaml",
    "yaml examples",
    "yaml provider",
];

/// A block of code.
struct Block {
    /// The page, and the line on which the block begins.
    place: String,
    /// The first word behind the fence.
    language: String,
    /// The rest of that line: the name of a file, or what kind of file it is.
    name: String,
    code: String,
}

/// Every page of `docs` in every language, and the two documents beside them.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for folder in ["docs", "docs/providers", "docs/pt-BR", "docs/pt-BR/providers"] {
        pages.extend(files(&root().join(folder), ".md"));
    }
    pages
}

fn name_of(page: &Path) -> String {
    page.strip_prefix(root()).expect("a page lies in the project").display().to_string()
}

fn blocks_of(page: &Path) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for (at, line) in text(page).lines().enumerate() {
        match (line.strip_prefix("```"), is_inside) {
            (Some(kind), false) => {
                let (language, name) = kind.split_once(' ').unwrap_or((kind, ""));
                let place = format!("{}:{}", name_of(page), at + 1);
                blocks.push(Block { place, language: language.to_owned(), name: name.trim().to_owned(), code: String::new() });
                is_inside = true;
            }
            (Some(_), true) => is_inside = false,
            (None, true) => {
                let block = blocks.last_mut().expect("it has begun");
                block.code.push_str(line);
                block.code.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!is_inside, "{}: a block does not end", name_of(page));
    blocks
}

fn blocks(language: &str) -> Vec<Block> {
    pages().iter().flat_map(|page| blocks_of(page)).filter(|block| block.language == language).collect()
}

/// The page without its blocks of code.
fn prose_of(page: &Path) -> String {
    let mut is_inside = false;
    let mut kept = String::new();
    for line in text(page).lines() {
        if line.starts_with("```") {
            is_inside = !is_inside;
        } else if !is_inside {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The anchor by which a heading of a page is linked.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut found = 0;
    for page in pages() {
        let folder = page.parent().expect("a page lies in a folder");
        for link in prose_of(&page).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") || link.contains(' ') {
                continue;
            }
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { folder.join(path) };
            assert!(target.exists(), "{} links {link}, which does not exist", name_of(&page));
            let is_there =
                || prose_of(&target).lines().any(|line| line.starts_with('#') && anchor(line.trim_start_matches(['#', ' '])) == place);
            assert!(place.is_empty() || is_there(), "{} links {link}, and there is no such heading", name_of(&page));
            found += 1;
        }
    }
    assert!(found > 60, "only {found} links are found");
}

#[test]
fn every_page_has_a_translation_or_is_one_that_needs_none() {
    let names = |folder: &str| -> Vec<String> {
        let pages = files(&root().join(folder), ".md");
        pages.iter().filter_map(|page| Some(page.file_name()?.to_string_lossy().into_owned())).collect()
    };
    let (mut expected, translated) = (names("docs"), names("docs/pt-BR"));
    expected.retain(|name| !ENGLISH_ALONE.contains(&name.as_str()));

    assert_eq!(translated, expected, "a page without a translation stands in ENGLISH_ALONE");
    for name in expected {
        let structure = |folder: &str| -> Vec<usize> {
            let prose = prose_of(&root().join(folder).join(&name));
            prose.lines().filter(|line| line.starts_with('#')).map(|line| line.chars().take_while(|&sign| sign == '#').count()).collect()
        };
        assert_eq!(structure("docs/pt-BR"), structure("docs"), "the headings of {name} in both languages");
    }
}

#[test]
fn the_programs_of_a_page_are_the_same_in_every_language() {
    for page in files(&root().join("docs/pt-BR"), ".md") {
        let english = root().join("docs").join(page.file_name().expect("a page has a name"));
        let programs = |page: &Path| -> Vec<(String, String)> {
            let named = blocks_of(page).into_iter().filter(|block| block.name.contains('.'));
            named.map(|block| (block.name, block.code)).collect()
        };
        assert_eq!(programs(&page), programs(&english), "{}", name_of(&page));
    }
}

#[test]
fn every_block_is_of_a_kind_that_is_checked() {
    for block in pages().iter().flat_map(|page| blocks_of(page)) {
        assert!(KINDS.contains(&block.language.as_str()), "{}: nothing checks `{}`", block.place, block.language);
    }
}

/// The complaints about a file; warnings count as well.
fn errors(report: &Report) -> Option<String> {
    (!report.complaints.is_empty()).then(|| report.draw(false))
}

#[test]
fn every_file_of_the_documents_is_right() {
    let (mut providers, mut settings) = (0, 0);
    for block in blocks("yaml") {
        let is_part = block.code.starts_with("exchange:");
        let is_provider =
            is_part || block.name == "provider" || block.code.contains("getAuthorizationCode") || block.code.contains("discovery:");
        let wrong = if block.name == "examples" {
            examples::read(&Source::new("acme.examples.yaml", block.code.clone())).err().map(|report| report.draw(false))
        } else if is_provider {
            providers += 1;
            let rest = if is_part { "name: Acme\ndiscovery: https://sso.acme.example\n" } else { "" };
            let (provider, report) = compile(&Source::new("acme.yaml", format!("{rest}{}", block.code)), STRICT);
            errors(&report).or_else(|| provider.is_none().then(|| "it is no provider".to_owned()))
        } else {
            settings += 1;
            let (read, report) = Settings::read(&Source::new("portaria.yaml", block.code.clone()));
            errors(&report).or_else(|| read.is_none().then(|| "these are no settings".to_owned()))
        };
        assert!(wrong.is_none(), "{}: {}", block.place, wrong.unwrap_or_default());
    }
    assert!(providers >= 12 && settings > 20, "{providers} provider files and {settings} settings");
}

#[test]
fn every_json_of_the_documents_can_be_read() {
    for block in blocks("json") {
        let read: Result<serde_json::Value, _> = serde_json::from_str(&block.code);
        assert!(read.is_ok(), "{}: {}", block.place, read.err().map(|error| error.to_string()).unwrap_or_default());
    }
}

/// The words of a line of a shell; what stands in quotes is one word. A comment and everything behind `|`, `&&`, `;` and `>` is a command of its own.
fn commands_of(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let (mut word, mut is_word, mut quote) = (String::new(), false, None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => (quote, is_word) = (Some(letter), true),
            (None, '#') if !is_word => break,
            (None, ' ' | '|' | '&' | ';' | '>') => {
                if std::mem::take(&mut is_word) {
                    commands.last_mut().expect("there is one").push(std::mem::take(&mut word));
                }
                if letter != ' ' {
                    commands.push(Vec::new());
                }
            }
            (Some(_) | None, _) => {
                word.push(letter);
                is_word = true;
            }
        }
    }
    if is_word {
        commands.last_mut().expect("there is one").push(word);
    }
    commands
}

/// The commands of the program that a block runs, without the program's name.
fn portaria_commands(block: &Block) -> Vec<Vec<String>> {
    let code = block.code.replace("\\\n", " ");
    let commands = code.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line)).flat_map(commands_of);
    let ours = commands.filter_map(|words| {
        let mut words = words.into_iter().skip_while(|word| word.contains('=') && !word.starts_with('-'));
        match words.next()?.as_str() {
            "portaria" => Some(words.collect()),
            "cargo" => Some(words.skip_while(|word| word != "--").skip(1).collect()).filter(|words: &Vec<String>| !words.is_empty()),
            _ => None,
        }
    });
    ours.filter(|words| !words.iter().any(|word| word.contains("::"))).collect()
}

#[test]
fn the_program_knows_every_command_of_the_documents() {
    let mut found = 0;
    for block in blocks("sh") {
        for command in portaria_commands(&block) {
            let parsed = CommandLine::try_parse_from(std::iter::once("portaria".to_owned()).chain(command.iter().cloned()));
            let why = parsed.err().map(|error| error.to_string());
            assert!(why.is_none(), "{}: {}: {}", block.place, command.join(" "), why.unwrap_or_default());
            found += 1;
        }
    }
    assert!(found > 40, "only {found} commands are found");
}

#[test]
fn a_line_of_a_shell_is_taken_apart() {
    let words = |line: &str| commands_of(line);

    assert_eq!(words("a 'b c' --d=e # f"), [["a", "b c", "--d=e"]]);
    assert_eq!(words("curl x | portaria try acme --exchange -"), [vec!["curl", "x"], vec!["portaria", "try", "acme", "--exchange", "-"]]);
}

/// The lines of a file without its comments.
fn without_comments(file: &str) -> String {
    let lines = file.lines().map(|line| line.split(" #").next().unwrap_or_default().trim_end());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_first_provider_comes_about_as_its_page_says() {
    for page in ["docs/first-provider.md", "docs/pt-BR/first-provider.md"] {
        let blocks = blocks_of(&root().join(page));
        let named = |name: &str| &blocks.iter().find(|block| block.name == name).unwrap_or_else(|| panic!("{page}: {name}")).code;
        let commands: Vec<Vec<String>> = blocks.iter().filter(|block| block.language == "sh").flat_map(portaria_commands).collect();
        let folder = Folder::new("first-provider").with("token.json", named("token.json")).with("eu.json", named("eu.json"));
        let run = |begins: &[&str]| {
            let found =
                commands.iter().find(|command| command.iter().zip(begins).filter(|(word, begin)| word == begin).count() == begins.len());
            let command: Vec<&str> = found.unwrap_or_else(|| panic!("{page}: {begins:?}")).iter().map(String::as_str).collect();
            let (code, out, err) = portaria(&folder.0, &command, &[]);
            assert_eq!(code, 0, "{page}: {}\n{out}{err}", command.join(" "));
            out
        };

        run(&["new", "clube-azul"]);
        let path = folder.0.join("providers.d/clube-azul.yaml");
        assert_eq!(&without_comments(&text(&path)), named("provider"), "{page}: what `new` writes");
        let content = run(&["check"]);
        assert!(content.starts_with("dormant") && content.ends_with("0 complaints\n"), "{content}");

        let explained = run(&["explain", "clube-azul", "--answer"]);
        let console = &blocks.iter().find(|block| block.language == "console").expect("what it prints is shown").code;
        assert!(explained.contains(console.as_str()), "{explained}");
        assert!(run(&["explain", "clube-azul", "--curl"]).contains("-H 'Authorization: Basic ‹clientId:clientSecret›'"));
        run(&["test", "clube-azul", "--init"]);
        assert!(portaria(&folder.0, &["test", "clube-azul"], &[]).1.contains("1 story replayed, 0 otherwise than written"));
        let served = ["serve", "--simulate", "clube-azul", "--listen", "127.0.0.1:0"];
        Running::start(&folder, &served).until("simulated  clube-azul");
    }
}

/// Whether a line of a proxy's file sets something.
fn sets_something(line: &str) -> bool {
    !(line.is_empty() || line.starts_with('#') || line.starts_with("--"))
}

/// The first line of a block that does not follow in the file. A line `…` stands for lines that the block leaves out.
fn line_that_differs<'b>(block: &'b Block, file: &str) -> Option<&'b str> {
    let mut own = file.lines().map(str::trim).filter(|line| sets_something(line));
    let mut is_left_out = true;
    block.code.lines().map(str::trim).filter(|line| sets_something(line)).find(|&line| {
        if line == "…" {
            is_left_out = true;
            return false;
        }
        let is_there = if std::mem::take(&mut is_left_out) { own.any(|own| own == line) } else { own.next() == Some(line) };
        !is_there
    })
}

#[test]
fn every_setting_of_the_page_of_proxies_is_taken_from_a_tested_file() {
    for page in ["docs/proxies.md", "docs/pt-BR/proxies.md"] {
        let blocks = blocks_of(&root().join(page));
        let taken: Vec<&Block> = blocks.iter().filter(|block| block.name.starts_with("docker/proxies/")).collect();
        for block in &taken {
            let differs = line_that_differs(block, &text(&root().join(&block.name)));
            assert_eq!(differs, None, "{}: it does not stand there in {}", block.place, block.name);
        }
        for proxy in ["nginx", "caddy", "haproxy", "envoy", "apache", "varnish", "traefik"] {
            let folder = format!("docker/proxies/{proxy}/");
            assert!(taken.iter().any(|block| block.name.starts_with(&folder)), "{page}: nothing of {proxy}");
        }
    }
}

#[test]
fn a_line_that_a_proxys_file_does_not_have_is_found() {
    let block = |code: &str| Block { place: String::new(), language: String::new(), name: String::new(), code: code.to_owned() };
    let file = "a 1;\n# why\nb 2;\n\nc 3;\nd 4;\n";

    for code in ["b 2;\nc 3;\n", "a 1;\nb 2;\n…\nd 4;\n", "# other words\na 1;\n"] {
        assert_eq!(line_that_differs(&block(code), file), None, "{code}");
    }
    for (code, line) in [("a 1;\nc 3;\n", "c 3;"), ("d 4;\n…\na 1;\n", "a 1;"), ("b 3;\n", "b 3;")] {
        assert_eq!(line_that_differs(&block(code), file), Some(line), "{code}");
    }
}

#[test]
fn every_test_that_the_page_of_systems_names_exists() {
    for page in ["docs/systems.md", "docs/pt-BR/systems.md"] {
        let page = root().join(page);
        let text_of_page = text(&page);
        let links = text_of_page.split("[`").skip(1).filter_map(|rest| rest.split_once("`](")).filter_map(|(name, rest)| {
            let (path, _) = rest.split_once(')')?;
            Some((name, path))
        });
        let mut found = 0;
        for (name, path) in links {
            let tests = text(&page.parent().expect("a page lies in a folder").join(path));
            let is_there = if path.ends_with(".rs") {
                tests.contains(&format!("fn {name}(")) || tests.contains(&format!("    {name}: "))
            } else {
                tests.contains(name)
            };
            assert!(is_there, "{}: {path} has no test `{name}`", name_of(&page));
            found += 1;
        }
        assert!(found > 20, "{}: {found} tests", name_of(&page));
    }
}

#[test]
fn the_file_of_the_ticket_sends_what_the_ticket_says_and_signs_in() {
    for page in ["docs/moving-from-vtex.md", "docs/pt-BR/moving-from-vtex.md"] {
        let blocks = blocks_of(&root().join(page));
        let file = &blocks.iter().find(|block| block.name == "provider").expect("the page has a whole example").code;
        let folder = Folder::new("ticket")
            .with("providers.d/clube-azul.yaml", file)
            .with("token.json", r#"{"token": "tk-1"}"#)
            .with("perfil.json", r#"{"codigo": "4711", "email": "ana@loja.example", "nome": "Ana Prova"}"#);

        let (code, sent, err) = portaria(&folder.0, &["explain", "clube-azul", "--curl"], &[]);
        assert_eq!(code, 0, "{err}");
        for line in [
            "'https://sso.clube-azul.example/oauth/entrar?response_type=code&app_key=loja-42\
             &return_url=http%3A%2F%2Flocalhost%3A8080%2Fcallback%2Fclube-azul&state=‹state›&canal=loja'",
            "'https://sso.clube-azul.example/oauth/token?versao=2'",
            "-H 'Authorization: Basic ‹clientId:clientSecret›'",
            "--data-raw '{\"auth_code\":\"‹code›\",\"tipo\":\"codigo\"}'",
            "'https://sso.clube-azul.example/oauth/perfil?campos=basicos'",
            "-H 'Authorization: Bearer ‹accessToken›'",
        ] {
            assert!(sent.contains(line), "{line} is not sent:\n{sent}");
        }

        let answers = ["explain", "clube-azul", "--answer", "getAccessCode=token.json", "--answer", "getUserInfo=perfil.json"];
        let read = portaria(&folder.0, &answers, &[]).1;
        let expected = "would sign in\n  id       4711\n  email    ana@loja.example (proven: `trustEmail: always`)\n  name     Ana Prova\n";
        assert!(read.contains(expected), "{read}");
    }
}
