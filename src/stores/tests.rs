use crate::session::SessionLifetime;
use crate::stores::Stores;
use crate::stores::settings::Settings;
use crate::vocabulary::email::Email;
use crate::vocabulary::place::Source;
use std::path::PathBuf;

fn stores(text: &str) -> Stores {
    let (settings, report) = Settings::read(&Source::new("portaria.yaml", text));
    Stores::new(&settings.unwrap_or_else(|| panic!("{}", report.draw(false))))
}

#[test]
fn a_store_inherits_what_it_does_not_say() {
    let stores = stores(
        "publicUrl: https://login.loja.example\nreturnTo: https://www.loja.example/\nsession: { idle: 1h, lifetime: 2h }\n\
         login: { title: Loja, accent: '#0a6' }\nlimits: { login: 3 }\nlab: { staff: [ Suporte@Loja.example ] }\nstores:\n  atacado:\n    publicUrl: https://login.atacado.example\n\
         \x20   session: { idle: 30m, cookie: 'VtexIdclientAutCookie_{account}' }\n    login: { title: Atacado }\n    providers: stores/atacado\n",
    );
    let atacado = stores.by_host("login.atacado.example").expect("the store");

    assert_eq!(&*atacado.name, "atacado");
    assert_eq!(atacado.lasting, SessionLifetime { lifetime: 7200, idle: 1800 });
    assert_eq!((&*atacado.title, atacado.accent.as_deref()), ("Atacado", Some("#0a6")));
    assert_eq!(atacado.return_to, ["https://www.loja.example".into()]);
    assert_eq!(&*atacado.cookie, "VtexIdclientAutCookie_atacado");
    assert_eq!(atacado.providers, PathBuf::from("stores/atacado"));
    assert_eq!(atacado.rates.map(|rates| rates.login), Some(3));
    assert_eq!(atacado.staff, [Email::parse("suporte@loja.example").expect("an address")]);
    assert!(!atacado.playground && atacado.proxies.is_none());
    assert_eq!(&*stores.main().cookie, "__Host-portaria");
}

#[test]
fn a_fresh_checkout_is_on_loopback_with_a_playground() {
    let stores = Stores::new(&Settings::default());
    let main = stores.main();

    assert_eq!((&*main.host, &*main.cookie, main.playground, main.secure), ("localhost:8080", "portaria", true, false));
    assert!(main.is_proxy("127.0.0.1".parse().unwrap()));
}

/// Lesson 39
#[test]
fn a_host_is_found_however_a_browser_writes_it_and_no_other_is() {
    let stores = stores("publicUrl: https://login.loja.example\n");

    for host in ["login.loja.example", "LOGIN.loja.example", "login.loja.example:443"] {
        assert!(stores.by_host(host).is_some(), "{host}");
    }
    for host in ["", "loja.example", "login.loja.example.", "login.loja.example:8080", "evil.example", "login.loja.example:443:443"] {
        assert!(stores.by_host(host).is_none(), "{host}");
    }
}
