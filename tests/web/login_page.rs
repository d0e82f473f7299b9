//! The login page and where it may lead: nowhere but to the store's own places.

use crate::web::house::{Answer, Ask, Browser, HOST, House, LOCAL, Plan, SHOP, STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Spellings with which somebody would rather be somewhere else. Every marked place is varied with every mark.
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

fn leads_away(house: &House, page: &str) -> Option<String> {
    let links = page.split("href=\"").skip(1).chain(page.split("action=\"").skip(1)).chain(page.split("value=\"").skip(1));
    let links = links.filter_map(|rest| rest.split('"').next());
    for link in links.map(|link| link.replace("&amp;", "&").replace("&#38;", "&")) {
        let base = url::Url::parse(&format!("http://{HOST}/login")).expect("an address");
        let Ok(read) = base.join(&link) else { continue };
        let wanted = read.query_pairs().find(|(name, _)| name == "return_to").map(|(_, value)| value.into_owned());
        for address in wanted.iter().chain(link.contains("://").then_some(&link)) {
            if !house.may_lead_to(address) {
                return Some(address.clone());
            }
        }
    }
    None
}

#[actix_web::test]
async fn no_spelling_of_another_place_is_gone_to() {
    let house = House::open().await;
    let all = nasty_addresses();
    assert!(all.len() > 500, "{}", all.len());

    for (at, address) in all.iter().enumerate() {
        let spellings = [address.clone(), encoded(address), encoded(&encoded(address))];
        let spellings: Vec<&String> = spellings.iter().filter(|wanted| Ask::can_be_for(&format!("/login?return_to={wanted}"))).collect();
        for wanted in &spellings {
            let page = house.ask(Ask::get(&format!("/login?return_to={wanted}"))).await;
            assert!(matches!(page.status, 200 | 400), "{wanted}: {page:?}");
            assert_eq!(leads_away(&house, &page.body), None, "{wanted}");
            assert!(page.header("set-cookie").is_none(), "{page:?}");
        }

        // A whole login with some of them; what is kept of an address is decided where the page decides it.
        if at % 4 != 0 {
            continue;
        }
        let wanted = spellings[at / 4 % spellings.len()];
        let browser = Browser::new(&house);
        let began = browser.get(&format!("/login/acme?return_to={wanted}")).await;
        assert!(matches!(began.status, 303 | 400), "{wanted}: {began:?}");
        if began.status == 303 {
            let state = began.location().and_then(|address| address.split("state=").nth(1)).and_then(|rest| rest.split('&').next());
            let landed = browser.get(&browser.way_back("acme", state.expect("a state"), "ana")).await;
            let location = landed.location().expect("it leads somewhere");
            assert!(landed.status == 303 && house.may_lead_to(location), "{wanted} leads to {location}");
            assert!(location.starts_with(&format!("{SHOP}/")) || location.starts_with(&format!("http://{HOST}/")), "{wanted}: {location}");
        }
    }
}

#[actix_web::test]
async fn the_places_of_the_store_are_gone_to() {
    let house = House::open().await;

    for (wanted, expected) in [
        (format!("{SHOP}/carrinho?a=1&b=%20#x"), format!("{SHOP}/carrinho?a=1&b=%20#x")),
        (format!("{SHOP}/../../x"), format!("{SHOP}/x")),
        (SHOP.to_owned(), format!("{SHOP}/")),
        (format!("http://{HOST}/login"), format!("http://{HOST}/login")),
        (format!("{SHOP}/?next=https://evil.example/"), format!("{SHOP}/?next=https://evil.example/")),
    ] {
        let browser = Browser::new(&house);
        let begun = browser.begin(&format!("/login/acme?return_to={}", encoded(&wanted))).await;
        let landed = browser.get(&browser.way_back("acme", &begun.state, "ana")).await;
        assert_eq!(landed.location(), Some(&*expected));
    }
}

#[actix_web::test]
async fn an_address_that_is_too_long_or_stands_twice_begins_nothing() {
    let house = House::open().await;
    let long = |letters: usize| format!("return_to={SHOP}/{}", "a".repeat(letters));

    for (query, status) in [
        (long(3_000), 400),
        (long(9_000), 414),
        (format!("return_to={SHOP}/&return_to={SHOP}/"), 400),
        (format!("return_to={SHOP}/&return_to=//evil.example"), 400),
        (format!("return_to=&return_to={SHOP}/"), 400),
        (format!("%72eturn_to={SHOP}/&return_to={SHOP}/"), 400),
    ] {
        for path in ["/login", "/login/acme"] {
            let answer = house.ask(Ask::get(&format!("{path}?{query}"))).await;
            assert_eq!(answer.status, status, "{path}?{query}: {answer:?}");
            assert!(answer.cookies().is_empty());
            house.assert_clean(&answer);
        }
    }
    house.assert_still_works().await;
}

#[actix_web::test]
async fn markup_is_never_given_back_as_markup() {
    let house = House::open().await;
    let canary = "\"'><img src=x onerror=alert(7)><script>alert(7)</script>{{7*7}}";
    let words = encoded(canary);
    let addresses = [
        format!("/login?return_to={words}"),
        format!("/login?lang={words}"),
        format!("/login?signed_out={words}"),
        format!("/login?{words}={words}"),
        format!("/login/{words}"),
        format!("/login/acme?return_to={words}"),
        format!("/callback/acme?state={words}&code={words}"),
        format!("/callback/acme?error={words}&error_description={words}"),
        format!("/callback/{words}?{words}"),
        format!("/{words}"),
        format!("/logo/{words}"),
        format!("/playground/{words}?{words}"),
        format!("/playground/enter?app={words}&back={words}&nonce_of_yours={words}&riddle={words}&riddle_kind={words}"),
        format!("/session?{words}"),
        format!("/providers?{words}"),
    ];

    for address in &addresses {
        for header in ["x-nothing", "accept-language", "user-agent", "referer", "cookie", "x-forwarded-host", "x-forwarded-uri", "origin"] {
            for accept in ["text/html", "application/json"] {
                let ask = Ask::get(address).with("accept", accept).with(header, canary);
                let answer = house.ask(ask).await;
                assert!(answer.status < 500, "{address}: {answer:?}");
                assert!(!answer.body.contains("<img") && !answer.body.contains("<script>alert"), "{address}: {}", answer.body);
                assert!(answer.headers.iter().all(|(_, value)| !value.contains("<script>")), "{answer:?}");
                let policy = answer.header("content-security-policy").unwrap_or_default();
                assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{address}: {answer:?}");
            }
        }
    }
}

#[actix_web::test]
async fn the_name_of_a_provider_is_text_whatever_it_says() {
    let odd = STANDARD.replace("Clube Acme", "\"<script>alert(7)</script>' onx='\"");
    let turned = STANDARD.replace("Clube Acme", "\"\\u202Eemca\"");
    let house = Plan::new(LOCAL).with_standard("acme").with("odd", &odd).with("turned", &turned).build().await;

    let page = house.ask(Ask::get("/login").with("accept", "text/html")).await;

    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script>alert") && !page.body.contains('\u{202e}'), "{}", page.body);
    assert!(!page.body.contains("' onx='") || page.body.contains("&#39; onx"), "{}", page.body);
    let error = house.ask(Ask::get("/callback/odd?code=x&state=y").with("accept", "text/html")).await;
    assert!(!error.body.contains("<script>alert"), "{}", error.body);
}

#[actix_web::test]
async fn a_cookie_that_opens_nothing_is_taken_away_and_a_shopper_is_not_sent_on() {
    let house = House::open().await;
    let browser = Browser::new(&house);
    browser.log_in("acme", "ana").await;

    let stale = house.ask(Ask::get("/login").with("cookie", "portaria=stale")).await;
    let known = browser.get(&format!("/login?return_to={}", encoded("https://evil.example/"))).await;

    assert_eq!(stale.cookies(), [("portaria", "", "HttpOnly; SameSite=Lax; Path=/; Max-Age=0")]);
    assert_eq!(known.status, 200, "no redirect, whoever is signed in");
    assert!(known.body.contains("ana@clientes.example"));
    assert_eq!(leads_away(&house, &known.body), None);
}

#[actix_web::test]
async fn other_methods_are_told_which_there_are_and_open_no_door() {
    let house = House::open().await;
    for (path, allowed) in [
        ("/login", "GET, HEAD"),
        ("/login/acme", "GET"),
        ("/callback/acme", "GET, POST"),
        ("/callback/acme/x", "GET, POST"),
        ("/session", "GET, HEAD"),
        ("/session/validate", "POST"),
        ("/logout", "POST"),
        ("/providers", "GET, HEAD"),
        ("/embed.js", "GET, HEAD"),
        ("/style.css", "GET, HEAD"),
        ("/look.css", "GET, HEAD"),
        ("/logo", "GET, HEAD"),
        ("/logo/acme", "GET, HEAD"),
        ("/.well-known/jwks.json", "GET, HEAD"),
        ("/health/live", "GET, HEAD"),
        ("/health/ready", "GET, HEAD"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"] {
            if allowed.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let ask = Ask::by(method, path).with("origin", "https://evil.example").with("x-http-method-override", "GET");
            let answer = house.ask(ask.with("access-control-request-method", "POST")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method} {path}: {answer:?}");
            assert!(answer.cookies().is_empty() && answer.all("access-control-allow-methods").next().is_none());
            house.assert_clean(&answer);
        }
    }
    assert!(house.upstream.heard().is_empty());
}

#[actix_web::test]
async fn a_page_that_is_only_looked_at_has_no_body_and_begins_nothing() {
    let house = House::open().await;

    for path in ["/login", "/session", "/providers", "/embed.js", "/style.css", "/.well-known/jwks.json"] {
        let (look, whole) = (house.ask(Ask::by("HEAD", path)).await, house.ask(Ask::get(path)).await);
        assert_eq!(look.status, whole.status, "{path}");
        assert_eq!(look.header("content-type"), whole.header("content-type"), "{path}");
        assert!(look.cookies().is_empty());
    }
    assert_eq!(house.ask(Ask::by("HEAD", "/login/acme")).await.status, 405, "a login does not begin by being looked at");
}

fn guarded(answer: &Answer) -> bool {
    [
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "content-security-policy",
        "cross-origin-opener-policy",
        "permissions-policy",
    ]
    .iter()
    .all(|name| answer.header(name).is_some())
}

#[actix_web::test]
async fn every_answer_is_guarded_whatever_its_status() {
    let house = House::open().await;
    let long = format!("/login?x={}", "a".repeat(9_000));

    for (status, ask) in [
        (200, Ask::get("/login")),
        (303, Ask::get("/")),
        (303, Ask::get("/login/acme")),
        (400, Ask::get("/callback/acme")),
        (401, Ask::get("/session")),
        (403, Ask::get("/login/acme").with("sec-purpose", "prefetch")),
        (404, Ask::get("/nowhere")),
        (404, Ask::get("/login/nobody")),
        (405, Ask::by("PUT", "/login")),
        (413, Ask::form("/logout", &"a".repeat(17_000))),
        (414, Ask::get(&long)),
        (415, Ask::form("/logout", "").with("content-encoding", "gzip")),
        (421, Ask::get("/login").with("host", "evil.example")),
        (431, Ask::get("/login").with("x-long", "a".repeat(17_000))),
        (200, Ask::get("/health/live")),
        (200, Ask::get("/health/ready")),
        (200, Ask::get("/playground/enter").with("accept", "text/html")),
    ] {
        let answer = house.ask(ask).await;
        if status != 200 || !answer.body.contains("playground") {
            assert_eq!(answer.status, status, "{answer:?}");
        }
        assert!(guarded(&answer), "{status}: {answer:?}");
        assert!(answer.header("server").is_none(), "{answer:?}");
    }
}

#[actix_web::test]
async fn a_provider_that_is_not_there_is_not_there_however_it_is_written() {
    let off = format!("enabled: false\n{STANDARD}");
    let house = Plan::new(LOCAL).with_standard("acme").with("off", &off).build().await;
    let long = "a".repeat(300);

    let mut bodies = Vec::new();
    for name in [
        "nobody",
        "off",
        "ACME",
        "acme.yaml",
        "acme%00",
        "..%2facme",
        "%2e%2e",
        "acme%2f..",
        "acme%20",
        "acme.examples",
        "%ff",
        "acme;x=1",
        &long,
        "%61cme%00",
    ] {
        for path in ["/login", "/callback"] {
            let answer = house.ask(Ask::get(&format!("{path}/{name}?code=x&state=y")).with("accept", "text/html")).await;
            assert_eq!(answer.status, 404, "{path}/{name}: {answer:?}");
            house.assert_clean(&answer);
            bodies.push(answer.body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nothing tells them apart");
    assert!(house.upstream.heard().is_empty());
}
