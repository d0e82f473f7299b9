//! Places to which no one may be sent, in every spelling that a person might read otherwise.

use crate::web::test_broker::SHOP;

/// Spellings with which a person would rather be somewhere else. Every marked place is varied with every mark.
pub fn nasty_addresses() -> Vec<String> {
    let evil = "evil.example";
    let mut all: Vec<String> = Vec::new();
    // In front of a host without a scheme: what some parsers take for a path and some for an authority.
    let fronts = [
        "//",
        "///",
        "////",
        "/\\",
        "\\/",
        "\\\\",
        "\\",
        "/\\/",
        "//\\",
        "/%09/",
        "/%0a/",
        "/%0d/",
        "/%00/",
        "/\t/",
        "/\n/",
        "/ /",
        "/./",
        "/.//",
        "/..//",
        "/%2f",
        "/%5c",
        "%2f%2f",
        "%5c%5c",
        "/%2e%2e//",
        "/;//",
        "/@",
        "//@",
        "/?//",
        "/#//",
        ".",
        "..//",
        "@",
        ":",
        "://",
        "?",
        "#",
        "/\u{3000}/",
        "/\u{ff0f}",
        "\u{ff0f}\u{ff0f}",
        "/\u{200b}/",
        "\u{feff}//",
        "\u{202e}//",
        " //",
        "\t//",
        "%20//",
        "\u{0}//",
        "",
    ];
    all.extend(fronts.iter().map(|front| format!("{front}{evil}")));
    all.extend(fronts.iter().map(|front| format!("{front}localhost:9000@{evil}/")));
    // Schemes, whole and half, in many clothes.
    for scheme in [
        "http",
        "https",
        "HTTP",
        "hTTps",
        "ftp",
        "ws",
        "file",
        "javascript",
        "JaVaScRiPt",
        "data",
        "vbscript",
        "blob",
        "about",
        "view-source",
        "intent",
        "chrome",
    ] {
        for after in [":", ":/", "://", ":\\", ":\\\\", ":///", ":%2f%2f", ":\t//", "%3a//", " ://"] {
            all.push(format!("{scheme}{after}{evil}"));
        }
        all.push(format!("{scheme}:alert(1)//{SHOP}/"));
        all.push(format!("{scheme}:{SHOP}/"));
        all.push(format!(" {scheme}://{evil}/"));
        all.push(format!("\u{1}{scheme}://{evil}/"));
    }
    // Around the shop's own host.
    for marked in [
        "http://localhost:9000*",
        "http://localhost:9000*.evil.example",
        "http://*localhost:9000@evil.example",
        "http://evil.example*localhost:9000",
        "http://evil.example*@localhost:9000/",
        "http://localhost*:9000",
        "http*://localhost:9000/",
        "http:*//localhost:9000/",
        "http:/*/localhost:9000/",
    ] {
        for mark in [
            "@", "\\", "\\@", "%40", "%2e", "%00", "\u{0}", "\t", "\r", "\n", "\r\n", " ", "%20", "#@", "?@", "/@", ";", ",", "&", ":",
            ":80@", "%5c", "%23", "%3f", "。", "．", "\u{ad}", "\u{200d}", "\u{fe0f}", "evil",
        ] {
            all.push(marked.replace('*', mark));
        }
    }
    all.extend(
        [
            "http://localhost:9001/",
            "http://localhost:90000/",
            "http://localhost:9000:80/",
            "http://localhost/",
            "http://localhost:09000/",
            "http://LOCALHOST:9000@evil.example",
            "https://localhost:9000/",
            "http://127.0.0.1:9000/",
            "http://[::1]:9000/",
            "http://0x7f000001:9000/",
            "http://2130706433:9000/",
            "http://017700000001:9000/",
            "http://localhost.:9000/",
            "http://localhost%2e:9000/",
            "http://localhost%3a9000/",
            "http://[localhost]:9000/",
            "http://user:pass@localhost:9000/",
            "http://localhost:9000/\r\nSet-Cookie: portaria=evil",
            "/login\r\nLocation: //evil.example",
            "null",
            "undefined",
            "0",
            "[]",
            "{}",
            "\"",
            "'",
            "<>",
            "http://",
            "http:///",
            "http://:9000/",
            "http://:@/",
            "http://?",
            "//",
            "/",
            "",
        ]
        .map(str::to_owned),
    );
    all.sort();
    all.dedup();
    all
}
