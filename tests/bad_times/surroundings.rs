//! What the environment of the process says.

use crate::bad_times::place::{Browser, Ending, Place};

/// Lesson 135
#[test]
fn a_proxy_that_the_environment_names_is_not_asked() {
    let place = Place::on_sqlite();
    // No program listens there.
    let proxy = "http://127.0.0.1:9";
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let broker = Ending(place.start_as(&[], &names.map(|name| (name, proxy))));

    Browser::signed_in(&broker.0, "ana");

    assert_eq!((place.upstream.asked("/token"), place.upstream.asked("/me")), (1, 1));
}
