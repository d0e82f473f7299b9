//! The house rules that a compiler does not know: who may import whom, who may expose secrets, and that no provider
//! is known by name.

use crate::support::{catalogue, files, root, text};
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
    let names = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.split(';').next().map(str::to_owned));
    names.collect()
}

fn room_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).expect("a source lies below src");
    let first = below.components().next().expect("a path has a part").as_os_str().to_string_lossy().into_owned();
    first.strip_suffix(".rs").map_or(first.clone(), str::to_owned)
}

/// The rooms that a file names in `crate::…`, tests apart.
fn imports(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or(source);
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
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        assert!(!code.contains("super::"), "{}: name what is imported from `crate`", path.display());
        for imported in imports(code) {
            let Some(other) = map.iter().position(|name| *name == imported) else {
                // A macro of the vocabulary, such as `crate::words!`, is known by its module as well.
                assert!(imported == "choice" || imported.is_empty(), "{}: `crate::{imported}` is not on the map", path.display());
                continue;
            };
            assert!(other <= own, "{} imports `{imported}`, which stands below `{room}` on the map", path.display());
        }
    }
}

#[test]
fn the_pure_rooms_open_no_doors() {
    for room in ["provider", "login", "playground"] {
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

#[test]
fn only_few_rooms_expose_what_is_secret() {
    // Where bytes are made or judged; showing, telling and keeping are done with masks.
    let allowed = [
        "text.rs",
        "provider/address.rs",
        "provider/assertion.rs",
        "provider/callback.rs",
        "provider/condition.rs",
        "provider/credentials.rs",
        "provider/discovery.rs",
        "provider/functions.rs",
        "provider/identity.rs",
        "provider/parameters.rs",
        "provider/refusal.rs",
        "provider/signature.rs",
        "provider/signed.rs",
        "provider/step.rs",
        "provider/template.rs",
        "login/attempt.rs",
        "login/mod.rs",
        "world/browser.rs",
        "world/network.rs",
        "web/outgoing.rs",
        "web/start.rs",
        "examples/difference.rs",
        "examples/replay.rs",
        "workbench/recording.rs",
        "story/looks.rs",
        "workbench/simulate/arrived.rs",
        "workbench/simulate/browser.rs",
        "workbench/simulate/calls.rs",
        "workbench/simulate/compare.rs",
        "workbench/simulate/mirror.rs",
        "workbench/simulate/mod.rs",
        "workbench/simulate/real.rs",
    ];
    for path in sources(&root().join("src")) {
        let below = path.strip_prefix(root().join("src")).expect("a source lies below src").to_string_lossy().into_owned();
        let code = text(&path);
        let exposes = code.contains(".expose()") || code.contains("Text::expose");
        assert!(!exposes || allowed.contains(&below.as_str()), "{below} exposes secrets and is not on the list");
        let reveals = code.contains("revealed()") || code.contains("::revealed");
        assert!(
            !reveals || ["text.rs", "provider/identity.rs", "provider/step.rs"].contains(&below.as_str()),
            "{below} reveals what is secret"
        );
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
