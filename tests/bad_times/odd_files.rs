//! Files that are no ordinary ones stand where the operator's files are expected.

use crate::bad_times::place::{Ending, Place, until};
use portaria::world::files;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn make_pipe(path: &Path) {
    std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo is there").success());
}

/// Attacks Y-07, Y-14
#[test]
fn a_pipe_among_the_files_stops_neither_a_start_nor_the_noticing_of_a_deleted_provider() {
    let place = Place::on_sqlite();
    let folder = &place.folder.0;
    let acme = String::from_utf8(files::read_bytes(&folder.join("providers.d/acme.yaml"), 1 << 16).expect("it is there")).expect("a text");
    make_pipe(&folder.join("secrets/pipe"));
    make_pipe(&folder.join("providers.d/pipe.yaml"));
    make_pipe(&folder.join("languages.d/pt-BR.yaml"));
    make_pipe(&folder.join("logo.png"));
    place.folder.write("providers.d/waits.yaml", &acme.replace("file:secrets/acme", "file:secrets/pipe"));
    place.set("login: { logo: logo.png, phrases: languages.d }\n");

    let broker = Ending(place.start());
    let login = || broker.0.ask("GET", "/login/acme", &[]).map(|answer| answer.status);
    assert_eq!(login(), Some(303));
    make_pipe(&folder.join("providers.d/later.yaml"));
    std::fs::remove_file(folder.join("providers.d/acme.yaml")).expect("it was there");

    until("the deleted provider signs no user in", Duration::from_mins(1), || login() == Some(404));
    let ready = broker.0.ask("GET", "/health/ready", &[]).expect("it answers").json();
    let broken: Vec<&str> = ready["broken"].as_array().expect("a list").iter().filter_map(|file| file["file"].as_str()).collect();
    assert!(broken.contains(&"providers.d/pipe.yaml") && broken.contains(&"providers.d/later.yaml"), "{ready}");
    assert_eq!((ready["ready"].as_bool(), ready["providers"]["dormant"].as_u64()), (Some(true), Some(1)), "{ready}");
}
