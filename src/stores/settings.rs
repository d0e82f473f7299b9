//! The settings file of an installation, `portaria.yaml`, in which every key is optional.

pub(crate) mod account; // `account`
pub(crate) mod apps; // `apps`
mod auth;
mod check;
mod check_apps;
mod check_audiences;
mod check_finish;
mod check_origins;
mod check_session;
mod check_ways;
pub(crate) mod events; // `events`
pub(crate) mod limits;
pub(crate) mod mail; // `mail`
pub(crate) mod outgoing_proxy; // `outgoingProxy`
pub(crate) mod session; // `session`
pub(crate) mod shutdown; // `shutdown`
mod values;

pub(crate) use crate::stores::settings::check::{browser_host, browser_origin, check_public_url};
pub(crate) use crate::stores::settings::check_apps::client_id_problem;
pub(crate) use crate::stores::settings::check_ways::can_have_passkeys;
pub(crate) use crate::stores::settings::mail::MailSpec;
pub(crate) use crate::stores::settings::values::{NullableText, PossiblyEmptyList};

use crate::provider::InstallationContext;
use crate::provider::hosts::is_loopback;
use crate::provider::moment::TimeSpan;
use crate::provider::value_reference::SecretReference;
use crate::stores::settings::account::AccountSpec;
use crate::stores::settings::apps::AppSpec;
use crate::stores::settings::auth::AuthSpec;
use crate::stores::settings::check::{check, host_of};
use crate::stores::settings::events::EventsSpec;
use crate::stores::settings::limits::LimitsSpec;
use crate::stores::settings::outgoing_proxy::OutgoingProxySpec;
use crate::stores::settings::session::SessionSpec;
use crate::stores::settings::shutdown::ShutdownSpec;
use crate::vocabulary::diagnostic::Report;
use crate::vocabulary::localized_text::LocalizedTextSpec;
use crate::vocabulary::place::{Located, Source};
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader, WordValue};
use crate::words;
use std::path::{Path, PathBuf};

/// The storage of an installation that names none.
pub(crate) const DEFAULT_STORAGE: &str = "sqlite:data/portaria.db";

/// The address of an installation whose settings name none.
pub(crate) const DEFAULT_PUBLIC_URL: &str = "http://localhost:8080";

words! {
    /// The keys at the top of the file, and those of a store under `stores`. Every one may be left out.
    pub(crate) struct SettingsSpec ("settings file", elsewhere = misplaced_word_hint) {
        /// The address at which browsers reach the broker: scheme, host and, if it is not the usual one, the port; no path. It is https,
        /// except on loopback.
        /// Default: `http://localhost:8080`
        /// Example: `publicUrl: https://login.loja.example`
        public_url: Option<Located<String>> = "publicUrl",
        /// The address and the port at which the broker listens. It is read at the start only. The flag `--listen` and
        /// `PORTARIA_LISTEN` take precedence.
        /// Default: `127.0.0.1`, with the port of a `publicUrl` on loopback, otherwise 8080
        /// Example: `listen: 0.0.0.0:8080`
        listen: Option<Located<String>> = "listen",
        /// Where users, linked identities, ended sessions and signing keys are kept: `sqlite:` and a file for one machine, or
        /// `postgres://…` for several brokers with one directory. Of several servers, as in
        /// `postgres://portaria@db1.loja.example:5432,db2.loja.example:5432/portaria?target_session_attrs=read-write`, the one that accepts
        /// writes is used, and its standby after a promotion. It is read at the start only. The flag `--storage` and
        /// `PORTARIA_STORAGE` take precedence. `docs/scaling.md` says more.
        /// Default: `sqlite:data/portaria.db`
        /// Example: `storage: postgres://portaria@db.loja.example/portaria`
        storage: Option<Located<String>> = "storage",
        /// The folder of the provider files, one file `NAME.yaml` for each provider. A changed file is noticed without a restart. For
        /// stores without a folder of their own it is that of the main store.
        /// Default: `providers.d`
        /// Example: `providers: /etc/portaria/providers.d`
        providers: Option<Located<String>> = "providers",
        /// Where the master key is kept, with which signing keys and cookies are encrypted: at least 32 random bytes, such as
        /// `openssl rand -hex 32` prints. All brokers with one storage need the same key. It is read at the start only.
        /// Default: the variable `PORTARIA_MASTER_KEY`; if that is not set and the storage is a file, `master.key` beside the storage,
        /// which is made at the first start
        /// Example: `masterKey: env:PORTARIA_MASTER_KEY`
        master_key: Option<SecretReference> = "masterKey",
        /// How long sessions last, how their cookie is called, and what their token carries.
        /// Default: see each key
        session: Option<SessionSpec> = "session",
        /// The origins to which a shopper may be sent after the login, and whose pages may read `/session`. Without `return_to`, the
        /// shopper lands on the first of them. A `*` in the place of the first label stands for any one label, on the site of `publicUrl` alone:
        /// `https://*.preview.loja.example` for preview deployments. Pages of another site never get the cookie: name their origins in
        /// `handOver`.
        /// Default: none; the shopper lands on the login page
        /// Example: `returnTo: [ https://www.loja.example ]`
        return_to: Option<OneOrMany<Located<String>>> = "returnTo",
        /// The paths of the shop that only signed-in shoppers may see, with all below them, where the proxy asks `/auth?optional`. The proxy
        /// names the path in `X-Forwarded-Uri`. Capitals do not count, and a path that programs read in different ways (with `..`, `//`, `;`,
        /// `\` or an encoded slash) counts as one of them. `[ / ]` demands a login everywhere.
        /// Default: none; guests may see every page
        /// Example: `loginPaths: [ /minha-conta, /checkout ]`
        login_paths: Option<OneOrMany<Located<String>>> = "loginPaths",
        /// The pages of stores on other sites, to which a shopper returns with a code that the store exchanges for a token of the
        /// session: whole addresses, compared exactly but for the query and the fragment. Their origins count as origins of `returnTo`, too,
        /// and no other page there gets a code. The section Stores on another site says how. Such a page must not pass its own address on,
        /// as an open redirect does. A store does not inherit it.
        /// Default: none
        /// Example: `handOver: [ https://loja.outra.example/volta ]`
        hand_over: Option<OneOrMany<Located<String>>> = "handOver",
        /// How the pages for shoppers look, and in which languages they are.
        /// Default: see each key
        login: Option<LoginSpec> = "login",
        /// What shoppers can do on the page `/account`.
        /// Default: see each key
        account: Option<AccountSpec> = "account",
        /// Who may use the lab at `/lab`, where support staff see why a login failed and try providers out.
        /// Default: no access; on a loopback `publicUrl`, open to everyone
        lab: Option<LabSpec> = "lab",
        /// The proxies in front of the broker: addresses or networks. Their `X-Forwarded-For`, `-Proto`, `-Host` and
        /// `-Uri` are trusted, and their own requests to `/auth` have no limit. A broker that other machines reach
        /// and whose `publicUrl` is https starts only if this key is set: a proxy in front of it ends TLS, and as
        /// long as its headers are not trusted, all visitors seem to come from one address. `none` is for a proxy
        /// that passes connections on and forwards no addresses.
        /// Default: none; loopback where `publicUrl` is on loopback
        /// Example: `trustedProxies: [ 10.0.0.0/8 ]`
        trusted_proxies: Option<OneOrMany<Located<String>>> = "trustedProxies",
        /// How many requests a minute each address may make at a store, and how many connections it may have open. What is not
        /// named keeps its default. `off` lifts all limits, on loopback only.
        /// Default: see each key
        /// Example: `limits: { login: 10, callback: 30 }`
        limits: Option<LimitsSpec> = "limits",
        /// The hosts of providers inside your own network. Calls to other hosts never reach private addresses, so that no provider file
        /// can make the broker call a service inside the network.
        /// Default: none; everything may be reached where `publicUrl` is on loopback
        /// Example: `privateHosts: [ sso.interno.example ]`
        private_hosts: Option<OneOrMany<Located<String>>> = "privateHosts",
        /// Names or addresses under which services inside the network reach the broker, without a port: `/session/validate`, `/introspect`,
        /// the published keys and `/.well-known/…`, and nothing else. No page, no login and no cookie exists under such a host; what the
        /// answers say of the store's address is `publicUrl`. Each belongs to the store under which it is written; a store does not inherit it.
        /// Default: none; under another host than that of `publicUrl` nothing is answered
        /// Example: `internalHosts: [ portaria.loja.svc.cluster.local, 10.0.0.5 ]`
        internal_hosts: Option<OneOrMany<Located<String>>> = "internalHosts",
        /// The proxy through which calls to providers and to apps, and the events of a store, leave the network: its address, or a block with
        /// further keys. It is read at the start only.
        /// Default: none; providers are called directly
        /// Example: `outgoingProxy: http://proxy.interno.example:3128`
        outgoing_proxy: Option<OutgoingProxySpec> = "outgoingProxy",
        /// PEM files of further certificate authorities, relative to the settings file. Calls to providers trust them beside those of the
        /// machine. It is read at the start only. The variable `SSL_CERT_FILE` takes the place of those of the machine.
        /// Default: none
        /// Example: `trustedAuthorities: [ authorities/interna.pem ]`
        trusted_authorities: Option<OneOrMany<Located<String>>> = "trustedAuthorities",
        /// The address and the port of a separate listener for `/metrics`, and for `/health/ready` with details: which files are broken, and
        /// what is wrong with the settings. On the main listener, `/health/ready` has only its status, unless every `publicUrl` is on loopback.
        /// It is read at the start only.
        /// Default: none; on a loopback `publicUrl` they are on the main one
        /// Example: `metricsListen: 127.0.0.1:9090`
        metrics_listen: Option<Located<String>> = "metricsListen",
        /// How the broker ends when a service manager asks it to.
        /// Default: see each key
        /// Example: `shutdown: { delay: 5s }`
        shutdown: Option<ShutdownSpec> = "shutdown",
        /// How long the record of sign-ins, refusals, links and sign-outs is kept.
        /// Default: see each key
        audit: Option<AuditSpec> = "audit",
        /// How mail is sent: codes that prove an address (`missingEmail: ask` in a provider file), and notices that an identity was
        /// linked.
        /// Default: none; no mail is sent, and a shopper without a proven address is refused
        mail: Option<MailSpec> = "mail",
        /// What the store offers beside its providers. `email` is a code that is sent to an e-mail address (needs `mail`): it signs in the
        /// user who has the address, or makes one. `passkey` lets people who have an account sign in by the fingerprint, face or PIN of
        /// their device: after a sign-in they are offered one, once for each browser, and `/account` adds and removes them. Passkeys belong
        /// to the host of `publicUrl`: under another host none of them works. An app with `providers` offers what the list names, `email` and
        /// `passkey` too. A store inherits the list, and `[]` takes it away.
        /// Default: none
        /// Example: `ways: [ email, passkey ]`
        ways: Option<PossiblyEmptyList> = "ways",
        /// Whether the calls of VTEX ID are answered below `/api/vtexid`, for pages of a storefront that were written for them.
        /// `docs/vtex.md` says what each call answers. A store inherits it.
        /// Default: `false`
        /// Example: `vtexId: true`
        vtex_id: Option<Located<bool>> = "vtexId",
        /// Whether the playground is offered, a provider inside the program with invented people. It exists only where `publicUrl` is
        /// on loopback, because everyone can sign in there as anyone.
        /// Default: `true` on loopback
        /// Example: `playground: false`
        playground: Option<Located<bool>> = "playground",
        /// The programs that sign people in through this store by OpenID Connect, by their `client_id`. A store does not inherit them: an
        /// app belongs to the store under which it is written.
        /// Default: none
        /// Example: `apps: { painel: { secret: env:PAINEL_SECRET, redirectUris: [ https://painel.loja.example/callback ] } }`
        apps: Option<NamedValues<AppSpec>> = "apps",
        /// What `/auth` accepts besides the session cookie. A store does not inherit it, as it does not inherit `apps`.
        /// Default: the session cookie alone
        /// Example: `auth: { bearer: https://api.loja.example }`
        auth: Option<AuthSpec> = "auth",
        /// Signed events about its people that a store is sent: sign-ins, refusals, links, sign-outs, blocks, erasures. A store does not
        /// inherit it: an address belongs to the store under which it is written.
        /// Default: none are sent
        /// Example: `events: { to: https://www.loja.example/portaria-events, secret: env:LOJA_EVENTS_SECRET }`
        events: Option<EventsSpec> = "events",
        /// Which variables and files of this machine the provider files may name with `env:` and `file:`.
        /// Default: see each key
        files_may_read: Option<FilesMayReadSpec> = "filesMayRead",
        /// Further stores by name. Each needs a `publicUrl`, whose host chooses the store. What a store does not set it inherits. What
        /// belongs to the whole installation it cannot set: `listen`, `metricsListen`, `storage`, `masterKey`, `privateHosts`, `outgoingProxy`,
        /// `trustedAuthorities`, `shutdown`, `audit` and `stores`.
        /// Default: none
        /// Example: `stores: { atacado: { publicUrl: https://login.atacado.example } }`
        stores: Option<NamedValues<Box<SettingsSpec>>> = "stores",
    }
}

fn misplaced_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "url" | "baseUrl" | "host" => Some("write `publicUrl: https://…`"),
        "port" => Some("write `listen: 127.0.0.1:8080`"),
        "database" | "db" => Some("write `storage: sqlite:…` or `storage: postgres://…`"),
        "clients" | "applications" | "relyingParties" | "staticClients" => Some("write `apps:`, and below it a block for each `client_id`"),
        "cookie" | "domain" | "lifetime" | "idle" | "audience" | "refreshGrace" => Some("this key belongs into `session:`"),
        "bearer" | "acceptBearer" | "tokens" => {
            Some("write `auth: { bearer: https://… }`, the audience of the access tokens that `/auth` accepts")
        }
        "webhook" | "webhooks" | "hooks" | "notifications" => Some("write `events: { to: https://…, secret: env:NAME }`"),
        "deletion" | "erase" | "erasure" => Some("write `account: { deletion: … }`"),
        "title" | "accent" | "logo" | "languages" => Some("this key belongs into `login:`"),
        _ => None,
    }
}

words! {
    /// How the pages for shoppers look, and in which languages they are.
    pub(crate) struct LoginSpec ("login block") {
        /// The name of the store, as shoppers read it on pages and in mails.
        /// Default: the host of the first `returnTo`, otherwise of `publicUrl`, without a first part such as `www` or `login`; on loopback the name of the store
        /// Example: `title: Loja Exemplo`
        title: Option<Located<String>> = "title",
        /// The file of the store's logo: SVG, PNG, WebP, JPEG, GIF or ICO, at most 256 KiB. It keeps its proportions; beside one that is
        /// not much wider than high, such as a sign, stands the title.
        /// Default: none
        /// Example: `logo: logo.svg`
        logo: Option<Located<String>> = "logo",
        /// The colour of the store, from which those of buttons and links are derived: three or six hexadecimal digits after `#`, in quotes.
        /// Default: a slate blue
        /// Example: `accent: "#0a6"`
        accent: Option<Located<String>> = "accent",
        /// The text of a login button, with `{name}` in the place of the provider's name: one text, or one for each language.
        /// Default: as each language says it, such as `Continuar com {name}`
        /// Example: `button: "Entrar como {name}"`
        button: Option<LocalizedTextSpec> = "button",
        /// The languages of the pages. The browser's settings choose among them; the first is used when none fits.
        /// Default: all that the program has
        /// Example: `languages: [ pt-BR, es, en ]`
        languages: Option<OneOrMany<Located<String>>> = "languages",
        /// A folder with phrases of your own, and with further languages: one file `LANGUAGE.yaml` for each.
        /// Default: none
        /// Example: `phrases: languages.d`
        phrases: Option<Located<String>> = "phrases",
        /// Where a shopper finds help, which error pages link to: an https address or an e-mail address.
        /// Default: none
        /// Example: `help: ajuda@loja.example`
        help: Option<Located<String>> = "help",
        /// The https address of the privacy notice, which the login page links to.
        /// Default: none
        /// Example: `privacy: https://www.loja.example/privacidade`
        privacy: Option<Located<String>> = "privacy",
        /// An address of the shop to which shoppers go first after a sign-in, for a shop that has to do something of its own then. It gets the
        /// page to which the shopper wanted to return as the parameter `returnUrl`, and has to send the browser on there, to pages of its
        /// own origin alone. Shoppers who return to another origin go there at once. Its origin stands in `returnTo`.
        /// Default: none; shoppers go to their page at once
        /// Example: `finish: https://www.loja.example/api/vtexid/oauth/finish`
        finish: Option<Located<String>> = "finish",
    }
}

words! {
    /// Who may use the lab.
    pub(crate) struct LabSpec ("lab block") {
        /// The e-mail addresses of the staff. A member signs in at this store like a shopper, with a proven address,
        /// through a provider: a code by e-mail and a passkey (`ways`) do not open the lab.
        /// Default: none; on a loopback `publicUrl`, the lab is open to everyone
        /// Example: `staff: [ suporte@loja.example ]`
        staff: Option<OneOrMany<Located<String>>> = "staff",
    }
}

words! {
    /// How long the record of what happened is kept.
    pub(crate) struct AuditSpec ("audit block") {
        /// How long the events are kept that `portaria history` and `portaria users history` show.
        /// Default: `90d`
        /// Example: `keep: 365d`
        keep: Option<Located<TimeSpan>> = "keep",
    }
}

words! {
    /// What a provider file may read of this machine through `env:` and `file:`. A provider file decides where its values are sent,
    /// so it reads only what is meant for it.
    pub(crate) struct FilesMayReadSpec ("filesMayRead block") {
        /// The variables that a provider file may name; the list replaces the default. `{NAME}` stands for the name
        /// of the file in capitals, with `_` for every character that is no letter and no digit (`CLUBE_ACME` for
        /// `clube-acme.yaml`), and `{STORE}` in the same way for the name of a store that uses the file. A `*` at the
        /// end stands for any rest, so `{NAME}_*` of `acme` also matches the variables of `acme-b2b`, unless that
        /// is a file of another store. For files of
        /// the main store `{NAME}_CLIENT_ID` and `{NAME}_CLIENT_SECRET` need no entry.
        /// Default: `[ "{NAME}_*", "{STORE}_*" ]`
        /// Example: `env: [ "{NAME}_*", SHARED_CLIENT_ID ]`
        env: Option<PossiblyEmptyList> = "env",
        /// The folder, or a list of folders, whose files a provider file may name, as in `file:secrets/acme`. It is
        /// relative to the folder of the settings file, and so are the paths in provider files. A path with `..` and
        /// a symbolic link that leads out of the folder are refused. No file reads from the folder of another store.
        /// Default: `secrets`; for a further store with provider files of its own `secrets` and its name, as in
        /// `secrets/atacado`
        /// Example: `folder: /run/secrets`
        folder: Option<OneOrMany<Located<String>>> = "folder",
    }
}

/// Settings, read and checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The broker's own address, without a slash at the end.
    pub public_url: String,
    /// The folder of the provider files.
    pub providers: String,
    /// The providers that are simulated; only the command line sets them.
    pub simulated: Vec<Box<str>>,
    /// The storage that the command line sets.
    pub(crate) storage: Option<String>,
    /// The path of the settings file.
    pub(crate) file: Option<PathBuf>,
    /// The settings file as written; `None` where there is none.
    pub(crate) spec: Option<SettingsSpec>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: DEFAULT_PUBLIC_URL.to_owned(),
            providers: "providers.d".to_owned(),
            simulated: Vec::new(),
            storage: None,
            file: None,
            spec: None,
        }
    }
}

impl Settings {
    /// Reads a settings file; the report may hold warnings even when settings come out.
    pub fn read(source: &Source) -> (Option<Self>, Report) {
        let mut reader = Reader::default();
        // An empty file leaves every key out.
        if source.text.trim().is_empty() {
            let settings = Self { file: Some(PathBuf::from(&*source.name)), ..Self::default() };
            return (Some(settings), Report::new(source.clone(), Vec::new()));
        }
        let node = reader.parse_source(source, "write a key, such as `publicUrl: https://login.loja.example`, or delete the file");
        let settings = node.and_then(|node| SettingsSpec::read(&node, &mut reader)).map(|spec| {
            check(&spec, false, &mut reader);
            let usual = Self::default();
            Self {
                public_url: spec.public_url.as_ref().map_or(usual.public_url, |url| url.value.trim_end_matches('/').to_owned()),
                providers: spec.providers.as_ref().map_or(usual.providers, |folder| folder.value.clone()),
                simulated: Vec::new(),
                storage: None,
                file: Some(PathBuf::from(&*source.name)),
                spec: Some(spec),
            }
        });
        let report = Report::new(source.clone(), reader.complaints);
        (settings.filter(|_| !report.is_broken()), report)
    }

    /// The folder of the settings file, where relative paths of provider files begin.
    pub(crate) fn folder(&self) -> PathBuf {
        self.file.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default()
    }

    /// The context in which provider files are compiled.
    pub(crate) fn installation_context(&self) -> InstallationContext {
        InstallationContext { loopback: host_of(&self.public_url).is_some_and(is_loopback) }
    }
}
