//! Which module may import which.

use crate::architecture::{production_code, sources};
use crate::support::{root, text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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

/// Lesson 133
#[test]
fn the_pure_rooms_open_no_doors() {
    let is_of_client = |path: &&PathBuf| {
        ["network.rs", "resolver.rs", "outgoing_proxy.rs"].iter().any(|file| path.ends_with(Path::new("world").join(file)))
    };
    for path in sources(&root().join("src")).iter().filter(|path| !is_of_client(path)) {
        assert!(!text(path).contains("reqwest::"), "{}: every request leaves by the one client of `world::network`", path.display());
    }
    for room in ["provider", "login", "session", "passkeys", "simulated/playground"] {
        for path in sources(&root().join("src").join(room)) {
            let text = text(&path);
            for door in
                ["std::fs", "std::net::Tcp", "SystemTime", "Instant::now", "std::env", "aws_lc_rs::rand", "std::thread", "std::process"]
            {
                // A signature needs random bytes, and the library that makes it draws them itself.
                let is_for_signatures = path.ends_with("session/signing_key.rs") && door == "aws_lc_rs::rand";
                assert!(is_for_signatures || !text.contains(door), "{} opens a door: {door}", path.display());
            }
        }
    }
}
