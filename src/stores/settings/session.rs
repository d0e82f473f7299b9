//! `session`: how long sessions last, how their cookies are called, and what their token carries.

use crate::provider::moment::TimeSpan;
use crate::stores::settings::values::NullableText;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::NamedValues;
use crate::words;

words! {
    /// How long sessions last, how their cookie is called, and what their token carries.
    pub(crate) struct SessionSpec ("session block") {
        /// The name of the session cookie. On https, `__Host-` is put in front, which keeps other hosts from writing the cookie; a name
        /// that begins with `__` or with `VtexIdclientAutCookie` stays as written. `{account}` stands for the name of the store.
        /// A cookie without `__Host-` can be written by every host of the same domain (`blog.loja.example` for `login.loja.example`),
        /// which can sign a shopper in as another person by it. So give VTEX its cookie with `alsoCookie`. With `domain`, this is the name
        /// of the cookie of the domain, as written.
        /// Default: `portaria`
        /// Example: `cookie: loja`
        cookie: Option<Located<String>> = "cookie",
        /// A parent domain of the host of `publicUrl`, or that host itself, so that the shop's own servers below the domain get the session
        /// cookie. It is written for the domain under the plain name (`portaria`), beside the one of the host itself (`__Host-portaria`),
        /// which alone counts on the broker's own pages: the account, the lab, and the pages for apps. `/auth` and `/session` also accept the
        /// cookie of the domain where the other one is not there. Its token says `"for": "store"`, and the broker's own pages refuse it.
        /// Every host below the domain receives it, and a program there can be the shopper at the shop with it; and every one can write it,
        /// and so sign a shopper of the shop in as another person. Name a domain whose hosts are all trusted. An origin of `returnTo` below the
        /// domain needs nothing else. A store does not inherit it; `null` means the same as leaving it out.
        /// Default: none; browsers send the cookie to the host of `publicUrl` alone
        /// Example: `domain: loja.example`
        domain: Option<NullableText> = "domain",
        /// The audience (`aud`) of the token. A service that verifies tokens itself compares it, as the section Sessions says. A store inherits
        /// the audience of the main store; `null` gives it its own address again. Tokens with `webstore`, the audience of earlier
        /// versions, stay valid where the settings name no audience.
        /// Default: the store's `publicUrl`
        /// Example: `audience: webstore`
        audience: Option<NullableText> = "audience",
        /// How long a session lasts at most, even while it is used.
        /// Default: `24h`
        /// Example: `lifetime: 30d`
        lifetime: Option<Located<TimeSpan>> = "lifetime",
        /// How long a session lasts without being used. It cannot be longer than `lifetime`.
        /// Default: `24h`, or `lifetime` if that is shorter
        /// Example: `idle: 2h`
        idle: Option<Located<TimeSpan>> = "idle",
        /// A second cookie with the same value, for programs that expect another name. With `domain` it is written for the domain, and has
        /// the value of the cookie there. Of two
        /// cookies, one that begins with `__Host-` is the first one, whichever of the two words names it, and it alone counts on the
        /// broker's own pages. `/auth` and `/session` read the second one where the first is not there. A program that reads the second one
        /// reads what a sibling host may have written. `{account}` stands for the name of the store. `null` takes an inherited one away.
        /// Default: none
        /// Example: `alsoCookie: "VtexIdclientAutCookie_{account}"`
        also_cookie: Option<NullableText> = "alsoCookie",
        /// How long sessions are still accepted while the storage cannot be reached. After that time `/auth` and `/session` answer 503,
        /// because a session may have been ended elsewhere.
        /// Default: `60s`
        /// Example: `offline: 5m`
        offline: Option<Located<TimeSpan>> = "offline",
        /// For how long a refresh token of an app that was just used is answered once more with the same successor, so that two tabs, or a
        /// client that lost the answer, are not signed out. After that time its use ends the access of the app.
        /// Default: `10s`
        /// Example: `refreshGrace: 30s`
        refresh_grace: Option<Located<TimeSpan>> = "refreshGrace",
        /// Further facts that the session token and `/session` carry: the name of the claim, and the name of a fact that the provider
        /// file lists in `identity.more`. A login whose provider does not give the fact has no such claim. The token stays below
        /// 1 KiB: a claim that does not fit is left out; the log names it, and so does the story of a login in the lab. The first claims have precedence.
        /// Default: none
        /// Example: `claims: { cpf: cpf, customer_tier: tier }`
        claims: Option<NamedValues<Located<String>>> = "claims",
        /// Further facts that `/auth` hands to the proxy: the name of the header, and the name of a fact that the provider file lists in
        /// `identity.more`. The value is percent-encoded, as that of `X-Auth-Name` is. The header is always set, and it is empty if the
        /// login did not give the fact, so that a browser cannot send one of its own. The token carries these facts too, under the
        /// claim `more`, because `/auth` is answered from the token.
        /// Default: none
        /// Example: `headers: { X-Auth-Cpf: cpf }`
        headers: Option<NamedValues<Located<String>>> = "headers",
    }
}
