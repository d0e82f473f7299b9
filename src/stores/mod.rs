//! The stores of an installation, made from the settings, the values that a store inherits, and the defaults.

pub mod settings; //    `portaria.yaml`
pub mod catalogue; //   the provider files of a folder
pub(crate) mod trusted_authorities; // further certificate authorities
pub(crate) mod variable_pattern; // the variables that `filesMayRead` allows
pub mod read_policy; // what provider files may read of this machine
pub(crate) mod other_files; // the names of the provider files of other stores
pub(crate) mod store_boundaries; // what belongs to which store
pub(crate) mod read_refusal; // why one may not, and what to do
pub(crate) mod setting_values; // what values of settings cannot be
pub mod connection; //  how a live provider is reached
pub mod compiled_on_demand; // a provider, compiled when it is needed
pub mod live; //        the live providers of a folder
pub mod next_version; // the next version of a provider file
pub(crate) mod tried_text; // a text that is tried out as one of them
pub(crate) mod seen_files; // its files when they were last read
pub(crate) mod picture; // a logo
pub(crate) mod title; // the name of a store without one in the settings
pub(crate) mod account_deletion; // how shoppers have their accounts deleted
pub(crate) mod installation; // all stores, and what belongs to all of them
pub(crate) mod rates; // how many requests an address may make
pub(crate) mod internal_host; // a host for services inside the network
pub(crate) mod ip_network; // an address or a block of addresses
pub(crate) mod passkey_place; // to what its passkeys belong
pub(crate) mod session_cookie; // the names of the session cookie
pub(crate) mod cookie_domain; // the domain for which it may be written
pub(crate) mod login_paths; // the paths of a shop that demand a login
pub(crate) mod hand_over_page; // the pages to which a shopper returns with a code
pub(crate) mod handed_facts; // the further facts that a store hands out
pub mod apps; //        the client apps of a store
pub(crate) mod events; // the events that a store is sent

pub(crate) use crate::stores::installation::Stores;

use crate::login::return_to::{allowed_return_address, is_origin_pattern};
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::hosts::is_loopback;
use crate::provider::identity::{Identity, IdentityEmail};
use crate::provider::moment::TimeSpan;
use crate::provider::passkey::PASSKEY;
use crate::session::further_facts::FurtherFacts;
use crate::session::keys::TokenParties;
use crate::session::rotation::RotationPlan;
use crate::session::token_claims::facts_left_out;
use crate::session::{Session, SessionLifetime, SessionUser, TokenReach, short_name};
use crate::stores::account_deletion::AccountDeletion;
use crate::stores::events::StoreEvents;
use crate::stores::hand_over_page::HandOverPage;
use crate::stores::handed_facts::compile_further_facts;
use crate::stores::internal_host::parse_internal_host;
use crate::stores::ip_network::{IpNetwork, trusted_networks};
use crate::stores::login_paths::LoginPaths;
use crate::stores::passkey_place::PasskeyPlace;
use crate::stores::rates::{Rates, compile_rates};
use crate::stores::read_policy::ReadableValues;
use crate::stores::session_cookie::{SecondCookie, compile_cookies};
use crate::stores::settings::apps::AppSpec;
use crate::stores::settings::session::SessionSpec;
use crate::stores::settings::{LoginSpec, MailSpec, Settings, SettingsSpec, browser_host, browser_origin};
use crate::stores::title::usual_title;
use crate::vocabulary::email::Email;
use crate::vocabulary::localized_text::{LocalizedText, LocalizedTextSpec};
use crate::vocabulary::place::Located;
use crate::vocabulary::words::OneOrMany;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The name of the store that the settings file itself describes.
pub(crate) const MAIN: &str = "main";

/// A store: a storefront whose shoppers log in through the broker.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Store {
    /// Its name in the settings.
    pub name: Box<str>,
    /// The address of the broker for this store, without a slash at the end.
    pub public_url: Box<str>,
    /// Host and port of that address, as browsers send them.
    pub(crate) host: Box<str>,
    /// Hosts under which services inside the network reach what is meant for programs.
    pub(crate) internal_hosts: Vec<Box<str>>,
    /// Whether the address is https.
    pub(crate) secure: bool,
    /// Whether the address is on loopback.
    pub(crate) loopback: bool,
    /// The folder of the provider files.
    pub(crate) providers: PathBuf,
    /// The name of the session cookie, which alone counts on the broker's own pages.
    pub cookie: Box<str>,
    /// Further cookies of the session.
    pub(crate) second_cookies: Vec<SecondCookie>,
    /// The audience of the token, if the settings name one.
    audience: Option<Box<str>>,
    /// How long sessions last.
    pub lasting: SessionLifetime,
    /// How long sessions are trusted while storage is unavailable, in seconds.
    pub(crate) offline: i64,
    /// The origins to which a shopper may return: those that the settings list there, then those of the pages below.
    pub(crate) return_to: Vec<Box<str>>,
    /// How many of them are listed.
    listed_origins: usize,
    /// The pages of stores on other sites to which a shopper returns with a code for the session.
    pub(crate) hand_over: Vec<HandOverPage>,
    /// The paths of the shop that demand a login where its proxy lets guests pass.
    pub(crate) login_paths: LoginPaths,
    /// The name that shoppers see.
    pub(crate) title: Box<str>,
    /// The file of its logo.
    pub(crate) logo: Option<PathBuf>,
    /// The text of its login buttons.
    pub(crate) button: Option<LocalizedText>,
    /// Its accent colour, as written.
    pub(crate) accent: Option<Box<str>>,
    /// The languages of its pages; empty for all.
    pub(crate) languages: Vec<String>,
    /// The folder with its own phrases.
    pub(crate) phrases: Option<PathBuf>,
    /// Where a shopper finds help.
    pub(crate) help: Option<Box<str>>,
    /// The address of the privacy notice.
    pub(crate) privacy: Option<Box<str>>,
    /// The address to which shoppers go first after a sign-in.
    pub(crate) finish: Option<Box<str>>,
    /// Whether the calls of VTEX ID are answered.
    pub(crate) vtex_id: bool,
    /// How shoppers have their accounts deleted.
    pub(crate) deletion: AccountDeletion,
    /// Whether people may sign in by a code that is sent to their e-mail address.
    pub(crate) email_code: bool,
    /// To what its passkeys belong, where people may sign in by one.
    pub(crate) passkeys: Option<PasskeyPlace>,
    /// How mail is sent, if a server is set.
    pub(crate) mail: Option<MailSpec>,
    /// Rates per minute; `None` for no limits.
    pub(crate) rates: Option<Rates>,
    /// Whether it has the playground.
    pub(crate) playground: bool,
    /// The staff who may use the lab; on loopback it is open to all.
    pub(crate) staff: Vec<Email>,
    /// The proxies whose `X-Forwarded-…` headers are trusted; `None` where the settings name none.
    proxies: Option<Vec<IpNetwork>>,
    /// The further facts of logins that it hands out.
    pub(crate) further: FurtherFacts,
    /// What its provider files may read of this machine.
    pub(crate) readable: ReadableValues,
    /// Its apps by their client ids, as written.
    pub(crate) apps: Vec<(Box<str>, AppSpec)>,
    /// The audiences for which access tokens of its apps are accepted at `/auth`.
    pub(crate) bearer_audiences: Vec<Box<str>>,
    /// The events that it is sent about its people.
    pub(crate) events: Option<StoreEvents>,
    /// How long a refresh token that was used is answered with the same successor, in seconds.
    pub refresh_grace: i64,
}

impl Store {
    /// The first origin of `returnTo` at which a shopper can land without a page that began the login there: its first page gets no code,
    /// for which that page would need a challenge.
    pub(crate) fn first_storefront(&self) -> Option<&str> {
        let mut origins = self.return_to.iter().take(self.listed_origins).map(|origin| &**origin);
        let gets_code = |origin: &str| self.hand_over.iter().any(|page| page.is_first_page_of(origin));
        origins.find(|origin| !is_origin_pattern(origin) && !gets_code(origin))
    }

    /// Where the token of the further session cookies counts. Those of a domain leave the broker's own host.
    pub(crate) fn reach_of_second_cookies(&self) -> TokenReach {
        let leaves = self.second_cookies.iter().any(|second| second.domain.is_some());
        if leaves { TokenReach::Store } else { TokenReach::Broker }
    }

    /// Whether this address is one of its proxies.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().flatten().any(|block| block.contains(address))
    }

    /// Whether the settings name the proxies, or that there are none.
    pub(crate) fn names_its_proxies(&self) -> bool {
        self.proxies.is_some()
    }

    /// Whether the settings trust no proxy.
    pub(crate) fn trusts_no_proxy(&self) -> bool {
        self.proxies.as_ref().is_some_and(Vec::is_empty)
    }

    /// The issuer and the audience of this store's tokens, and what else they carry.
    pub(crate) fn token_parties(&self) -> TokenParties<'_> {
        let earlier_audience = if self.audience.is_none() { Some("webstore") } else { None };
        TokenParties { issuer: &self.public_url, audience: self.audience(), earlier_audience, store: &self.name, further: &self.further }
    }

    /// What the apps of the store may name under `providers`: these provider files, and the code by e-mail and passkeys if the store offers them.
    pub(crate) fn names_for_apps(&self, mut files: Vec<String>) -> Vec<String> {
        files.extend(self.email_code.then(|| EMAIL_CODE.to_owned()));
        files.extend(self.passkeys.as_ref().map(|_| PASSKEY.to_owned()));
        files
    }

    /// The rotation of its signing keys: no session may outlive its key.
    pub(crate) fn rotation_plan(&self) -> RotationPlan {
        RotationPlan::for_sessions_lasting(self.lasting.lifetime)
    }

    /// The audience of the token.
    pub(crate) fn audience(&self) -> &str {
        self.audience.as_deref().unwrap_or(&self.public_url)
    }

    /// The further facts of an identity that would not fit into its session token.
    pub(crate) fn facts_left_out(&self, identity: &Identity) -> Vec<Box<str>> {
        let (email, email_verified) = match &identity.address {
            IdentityEmail::Proven(email, _) | IdentityEmail::Ask(Some(email)) => (email, true),
            IdentityEmail::Placeholder(email) => (email, false),
            // The address that the shopper will prove is not known yet.
            IdentityEmail::Ask(None) => return Vec::new(),
        };
        // An id and a time of the usual length.
        let id = Box::<str>::from("AAAAAAAAAAAAAAAAAAAAAA");
        let person = SessionUser {
            uid: id.clone(),
            email: email.clone(),
            email_verified,
            name: identity.name.as_deref().and_then(short_name),
            provider: identity.provider.clone(),
            provider_id: identity.id.clone(),
            facts: self.further.select(identity),
        };
        let now = 1_700_000_000;
        facts_left_out(&Session::open(person, &self.name, id, self.lasting, now), self.token_parties())
    }
}

pub(crate) fn compile_store(name: &str, public_url: &str, settings: &Settings, own: &SettingsSpec, main: &SettingsSpec) -> Store {
    let secure = public_url.starts_with("https://");
    let host = &*browser_host(public_url).unwrap_or_else(|| public_url.to_ascii_lowercase());
    let loopback = is_loopback(host);
    let [(own_session, own_login), (main_session, main_login)] = [own, main].map(|spec| (spec.session.as_ref(), spec.login.as_ref()));
    let seconds = |pick: fn(&SessionSpec) -> Option<&Located<TimeSpan>>, usual| {
        inherited(own_session, main_session, pick).map_or(usual, |span| whole_seconds(span.value.0))
    };
    let login = |pick: fn(&LoginSpec) -> Option<&Located<String>>| inherited(own_login, main_login, pick).map(|text| text.as_str());
    let (lifetime, idle) = (seconds(|session| session.lifetime.as_ref(), 24 * 3600), seconds(|session| session.idle.as_ref(), 24 * 3600));
    let (cookie, second_cookies) = compile_cookies(name, (host, secure), own_session, main_session);
    let origins = |list| -> Vec<Box<str>> { text_values(list).map(|origin| browser_origin(origin).into()).collect() };
    let return_to = origins(own.return_to.as_ref().or(main.return_to.as_ref()));
    let hand_over: Vec<HandOverPage> = text_values(own.hand_over.as_ref()).filter_map(HandOverPage::parse).collect();
    let has_way = |name: &str| own.ways.as_ref().or(main.ways.as_ref()).is_some_and(|ways| ways.0.iter().any(|way| way.value == name));
    Store {
        name: name.into(),
        public_url: public_url.into(),
        host: host.into(),
        internal_hosts: text_values(own.internal_hosts.as_ref()).filter_map(parse_internal_host).collect(),
        secure,
        loopback,
        providers: own.providers.as_ref().filter(|_| name != MAIN).map_or(&settings.providers, |folder| &folder.value).into(),
        cookie,
        second_cookies,
        audience: audience(own_session, main_session),
        lasting: SessionLifetime { lifetime, idle: idle.min(lifetime) },
        offline: seconds(|session| session.offline.as_ref(), 60),
        title: login(|login| login.title.as_ref()).map_or_else(|| usual_title(name, host, &return_to), str::to_owned).into(),
        finish: finish_address(inherited(own_login, main_login, |login| login.finish.as_ref()), &return_to),
        vtex_id: own.vtex_id.or(main.vtex_id).is_some_and(|calls| calls.value),
        listed_origins: return_to.len(),
        return_to: return_to.into_iter().chain(hand_over.iter().map(|page| page.origin.clone())).collect(),
        hand_over,
        login_paths: LoginPaths::new(text_values(own.login_paths.as_ref().or(main.login_paths.as_ref()))),
        logo: login(|login| login.logo.as_ref()).map(PathBuf::from),
        button: inherited(own_login, main_login, |login| login.button.as_ref()).map(LocalizedTextSpec::compile),
        accent: login(|login| login.accent.as_ref()).map(Into::into),
        languages: text_values(inherited(own_login, main_login, |login| login.languages.as_ref())).map(str::to_owned).collect(),
        phrases: login(|login| login.phrases.as_ref()).map(PathBuf::from),
        help: login(|login| login.help.as_ref()).map(Into::into),
        privacy: login(|login| login.privacy.as_ref()).map(Into::into),
        deletion: deletion(own, main),
        email_code: has_way(EMAIL_CODE),
        passkeys: has_way(PASSKEY).then(|| PasskeyPlace::of_store(host, public_url)).flatten(),
        mail: own.mail.as_ref().or(main.mail.as_ref()).cloned(),
        rates: compile_rates(own.limits.as_ref().or(main.limits.as_ref())),
        staff: staff(own, main),
        // The playground lets a visitor log in as any person, so a store with real users never has it.
        playground: loopback && own.playground.or(main.playground).is_none_or(|playground| playground.value),
        further: compile_further_facts(own_session, main_session),
        readable: ReadableValues::new(name == MAIN, own.files_may_read.as_ref(), main.files_may_read.as_ref()),
        apps: own.apps.iter().flat_map(|apps| &apps.0).map(|(name, app)| (name.as_str().into(), app.clone())).collect(),
        bearer_audiences: text_values(own.auth.as_ref().and_then(|auth| auth.bearer.as_ref())).map(Into::into).collect(),
        events: own.events.as_ref().map(StoreEvents::new),
        refresh_grace: seconds(|session| session.refresh_grace.as_ref(), 10),
        proxies: trusted_networks(own.trusted_proxies.as_ref().or(main.trusted_proxies.as_ref()), loopback),
    }
}

fn audience(own: Option<&SessionSpec>, main: Option<&SessionSpec>) -> Option<Box<str>> {
    inherited(own, main, |session| session.audience.as_ref())?.0.as_ref().map(|text| text.as_str().into())
}

/// The finish address. An inherited one may be of an origin that the store does not list.
fn finish_address(written: Option<&Located<String>>, return_to: &[Box<str>]) -> Option<Box<str>> {
    allowed_return_address(written?, return_to.iter().map(|origin| &**origin)).map(Into::into)
}

fn deletion(own: &SettingsSpec, main: &SettingsSpec) -> AccountDeletion {
    let written = inherited(own.account.as_ref(), main.account.as_ref(), |account| account.deletion.as_ref());
    written.and_then(|deletion| AccountDeletion::parse(deletion.0.as_ref()?)).unwrap_or_default()
}

fn staff(own: &SettingsSpec, main: &SettingsSpec) -> Vec<Email> {
    let staff = text_values(inherited(own.lab.as_ref(), main.lab.as_ref(), |lab| lab.staff.as_ref()));
    staff.filter_map(|address| Email::parse(address).ok()).collect()
}

fn inherited<'s, S, T>(own: Option<&'s S>, main: Option<&'s S>, pick: fn(&S) -> Option<&T>) -> Option<&'s T> {
    own.and_then(pick).or_else(|| main.and_then(pick))
}

fn text_values(list: Option<&OneOrMany<Located<String>>>) -> impl Iterator<Item = &str> {
    list.into_iter().flat_map(|list| &list.0).map(|text| text.value.as_str())
}

fn whole_seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
