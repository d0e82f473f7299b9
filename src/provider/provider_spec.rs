//! The top-level words of a provider file.

use crate::provider::authorization::AuthorizationSpec;
use crate::provider::call::CallSpec;
use crate::provider::condition::Conditions;
use crate::provider::exchange::ExchangeSpec;
use crate::provider::fact_expression::FactExpression;
use crate::provider::identity::IdentitySpec;
use crate::provider::inputs::InputSpec;
use crate::provider::listing::ListingSpec;
use crate::provider::pkce::Pkce;
use crate::provider::refusal::{AcceptedRules, RefusedRules};
use crate::provider::rollout::RolloutSpec;
use crate::provider::session_swap::SessionSwap;
use crate::provider::template::Template;
use crate::provider::trust::{EmailTrustPolicy, MissingEmailPolicy};
use crate::provider::value_reference::{ClientSecretReference, SecretReference, ValueReference};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::Located;
use crate::vocabulary::words::{NamedValues, OneOrMany, Reader};
use crate::words;

words! {
    /// The file of one identity provider.
    pub(crate) struct ProviderSpec ("provider file", elsewhere = unknown_word_hint) {
        /// The provider's name on the login button: "Entrar como {name}". Holes are not filled here.
        /// Default: required
        /// Example: `name: Clube Acme`
        name: Option<Located<String>> = "name",
        /// The key under which the identities of this provider are kept. It keeps them when the file gets another name:
        /// write the old name here. Two files of a store cannot have the same key. The addresses `/login/…` and
        /// `/callback/…` follow the name of the file.
        /// Default: the name of the file
        /// Example: `key: acme`
        key: Option<Located<String>> = "key",
        /// The client id that the provider gave to this shop: the id itself, or where it is kept.
        /// Default: `env:`, the file's name in capitals (with `_` for every character that is no letter or digit) and `_CLIENT_ID`;
        /// not needed where no request or check uses it
        /// Example: `clientId: loja-42`
        client_id: Option<Located<ValueReference>> = "clientId",
        /// Where the client secret is kept: `env:NAME` or `file:PATH`, or `none` for a public client. The secret
        /// itself is never written here. `filesMayRead` in the settings says which variables and files may be named.
        /// Default: `env:`, the file's name in capitals (as for `clientId`) and `_CLIENT_SECRET`
        /// Example: `clientSecret: env:CLUBE_ACME_SECRET`
        client_secret: Option<ClientSecretReference> = "clientSecret",
        /// Further values of this installation, by name. Each of them is a fact.
        /// Default: none
        /// Example: `settings: { tenant: env:ACME_TENANT }`
        settings: Option<NamedValues<Located<ValueReference>>> = "settings",
        /// Further secrets of this installation, by name. Each of them is a fact whose value is never shown.
        /// Default: none
        /// Example: `secrets: { signingKey: file:secrets/acme.pem }`
        secrets: Option<NamedValues<SecretReference>> = "secrets",
        /// Values that the shopper is asked for before the redirect. Each of them is a fact.
        /// Default: none
        /// Example: `inputs: { shop: { label: Your shop, pattern: "[a-z0-9-]+" } }`
        inputs: Option<NamedValues<InputSpec>> = "inputs",
        /// The issuer of an OpenID Connect provider, or the full address of its discovery document (then the issuer
        /// is the one that the document names). The issuer, the endpoints and the keys are taken from the document;
        /// each of them may be overridden. The ID token is verified, with a nonce; it must say whom it is about (`sub`)
        /// and when it was issued (`iat`). The steps may be left out: getUserInfo is then called when the ID token lacks
        /// the address, or says nothing about its verification where `trustEmail` needs that, and the document has a
        /// `userinfo_endpoint`.
        /// Default: none
        /// Example: `discovery: https://idp.example`
        discovery: Option<Template> = "discovery",
        /// The issuer of a provider without `discovery`: exactly the text that its callbacks name with the parameter
        /// `iss` (RFC 9207). A callback with another or an empty `iss` is refused, also one that reports an error. One without `iss`
        /// is accepted, unless the provider's metadata (RFC 8414, below `/.well-known/oauth-authorization-server`) promise
        /// `authorization_response_iss_parameter_supported`. A promise holds until the metadata take it back or are gone
        /// (404 or 410), however long they cannot be fetched. A broker that has not been able to fetch them since its start
        /// knows of no promise and accepts the callback, so that logins at a provider that never promised it go on.
        /// Default: none; `iss` is not compared
        /// Example: `issuer: https://sso.acme.example`
        issuer: Option<Template> = "issuer",
        /// The redirect address that is registered at the provider already, where it is another one than the usual: a path of `publicUrl`, or
        /// a whole address of the shop that is sent on to the broker, with this path or as `/callback/` and the name of the file. The path
        /// is that of no page of the broker and of no other file of the store. A proxy in front of the broker has to send it there.
        /// Default: `{publicUrl}/callback/` and the name of the file
        /// Example: `redirectUri: https://www.loja.example/oauth/volta`
        redirect_uri: Option<Located<String>> = "redirectUri",
        /// The PKCE method: `S256`, `plain`, or `off` for a provider that does not support PKCE.
        /// Default: `S256`
        /// Example: `pkce: off`
        pkce: Option<Pkce> = "pkce",
        /// `accepted`: a shopper who has begun a login at this provider can be signed in as another person, within ten minutes and by
        /// a link of that person, because nothing ties the callback to the login. Required with `stateIn: cookie` where no nonce comes
        /// back and no call after the callback uses PKCE, which would tie them. So that such a link gives that person no way into an
        /// account of the shopper, identities of this provider are not linked on `/account` then, and neither is any identity in a session
        /// that this provider has opened; no code by mail proves an address for them, and `missingEmail: ask` is a mistake. An address
        /// that the provider proves links an identity to the user who has that address, as at every provider: that depends on what the
        /// provider says of the identity, not on the browser in which it arrives.
        /// Default: none
        /// Example: `sessionSwap: accepted`
        session_swap: Option<Located<SessionSwap>> = "sessionSwap",
        /// The hosts that are allowed for an address whose host contains a hole. `*` stands for one label, and `:*` for
        /// any port; another port than the usual one must be written out. A host means `https`, and for a
        /// provider on this machine also `http`; a scheme may be written in front: `http://127.0.0.1:*`. This machine is
        /// accepted only where the installation itself is on loopback. `${setting}` and `${publicUrl}` stand for hosts or origins that the
        /// operator of this installation chooses.
        /// Default: none; required when a host has a hole
        /// Example: `hosts: [ "*.shops.example" ]`
        hosts: Option<OneOrMany<Template>> = "hosts",
        /// Which answers are refusals, in every call, besides those of the default and of the call's own `refused`.
        /// Default: none; see `refused` of a call
        /// Example: `refused: { at: $.ok, is: false, code: $.error }`
        refused: Option<RefusedRules> = "refused",
        /// What the answer must say to be accepted, in every call, besides what the call's own `accepted` demands.
        /// Default: none
        /// Example: `accepted: { at: $.ok, is: true }`
        accepted: Option<AcceptedRules> = "accepted",
        /// When an e-mail address counts as proven: `claim` (when `emailVerified` is true), `always`, `never`, or a
        /// list of the domains for which this provider is the authority. Only `claim` asks about `emailVerified`: beside
        /// `always` or a list of domains, a file that reads it itself is a mistake, unless it is read in an entry that was
        /// chosen because it is verified.
        /// Default: `claim` where `emailVerified` is read. A file that reads `email` and no `emailVerified` must write this word
        /// Example: `trustEmail: always`
        trust_email: Option<Located<EmailTrustPolicy>> = "trustEmail",
        /// What happens when no e-mail address is read, or when it is not proven: `refuse`, `ask` (the shopper
        /// types an address and proves it), or a placeholder that is made from the id and ends in `.invalid`.
        /// Default: `refuse`
        /// Example: `missingEmail: "${id}@acme.invalid"`
        missing_email: Option<Located<MissingEmailPolicy>> = "missingEmail",
        /// Who may sign in: conditions on facts, all of which must hold. They are checked after the last call.
        /// Default: everyone
        /// Example: `require: { at: "${hd}", is: loja.example }`
        require: Option<Conditions> = "require",
        /// The picture on the login button: the name of a file in the same folder, such as `acme.svg`, or `simple:` and the name of a mark
        /// of the collection Simple Icons, which the program has. A mark is shown in its own colour.
        /// Default: the first letter of `name`
        /// Example: `logo: simple:openid`
        logo: Option<Located<String>> = "logo",
        /// The position of the login button among the others. Lower numbers come first.
        /// Default: `100`
        /// Example: `order: 10`
        order: Option<i32> = "order",
        /// `true` shows no login button. The login can still be reached by its address.
        /// Default: `false`
        /// Example: `hidden: true`
        hidden: Option<bool> = "hidden",
        /// `true` for a provider that refuses to sign people in where an app shows the page in a browser of its own, as apps for messages and
        /// pictures do. The login page then offers the other providers there, and says how to open the browser of the device.
        /// Default: `false`
        /// Example: `refusesEmbeddedBrowsers: true`
        refuses_embedded_browsers: Option<bool> = "refusesEmbeddedBrowsers",
        /// `false` switches the provider off.
        /// Default: `true`
        /// Example: `enabled: false`
        enabled: Option<bool> = "enabled",
        /// The address to which the shopper is sent to end the session at the provider. It may name settings that are
        /// not secret, `${publicUrl}`, `${id}`, and with `discovery` the facts of the document, such as
        /// `${endSessionEndpoint}`. With `${idToken}` the ID token of the login is kept, sealed, until the session
        /// ends; one of more than 4096 characters is not kept. When a hole cannot be filled, the shopper is signed out
        /// here only, and the log says so. No address is assumed: with `discovery` alone the shopper is not sent to the provider.
        /// A person whom an app has signed out goes on to the app if the provider sends them back to `${publicUrl}/login`.
        /// A provider that has ended its session itself can say so at `/backchannel-logout/` and the name of the file,
        /// where the file verifies an ID token (OpenID Connect Back-Channel Logout).
        /// Default: none
        /// Example: `logout: "https://sso.acme.example/sair?volta=${publicUrl}"`
        logout: Option<Template> = "logout",
        /// The call that gets a token of the client itself, for a provider that asks for one in other calls. The standard request
        /// sends `grant_type=client_credentials` and the credentials; a `scope` is added with `extra`. What its answer gives is the fact
        /// `${clientToken}`, which may stand in the requests of `prepare`, getAccessCode, getUserInfo and `ask`. It says nothing about
        /// a person, so it may stand nowhere else, and the call knows nothing of one login: settings, secrets, `${clientId}`,
        /// `${clientSecret}`, `${publicUrl}`, `${provider}`, `${now}`, and the facts of the discovery document. The call is made when a login
        /// comes to the first request that carries the token, and all logins at a store share the token
        /// [until it expires](#the-clients-own-token). `when`, `optional` and `signed` cannot stand in it.
        /// Default: none
        /// Example: `getClientToken: { post: "https://sso.acme.example/app", read: { clientToken: $.app_token, clientTokenExpiresIn: $.expire } }`
        client_token: Option<CallSpec> = "getClientToken",
        /// The first step: the browser is redirected to the provider.
        /// Default: with `discovery` the standard request; otherwise required
        authorization: Option<AuthorizationSpec> = "getAuthorizationCode",
        /// The second step, as one call or a list of calls: the code is exchanged for an access token.
        /// Default: with `discovery` the standard request; otherwise required, unless the callback itself is signed
        /// (`verify` or `signed`) and says who the person is
        access: Option<OneOrMany<CallSpec>> = "getAccessCode",
        /// The third step, as one call or a list of calls: the access token is used to find out who the person is.
        /// Default: none; an earlier answer must say who the person is. With `discovery` the call that
        /// [`discovery`](#tokens) describes, unless the file itself reads `id`, `email` or `emailVerified`
        person: Option<OneOrMany<CallSpec>> = "getUserInfo",
        /// Which tokens of this provider a program may hand in at `POST /exchange/{provider}` for a session, without a login
        /// in a browser.
        /// Default: the ID token that getAccessCode verifies, if the file needs no other fact of a login; no access token
        exchange: Option<ExchangeSpec> = "exchange",
        /// `true` keeps the provider's own tokens of each login in a browser, sealed, so that an app can fetch the access token at
        /// `/apps/tokens/` and the name of the file, if the settings name this file in `tokens` of the app; otherwise they are not kept. They are forgotten when the identity is removed, when
        /// the person is blocked or erased or signed out everywhere, and when this file points elsewhere. A token that a program hands
        /// in at `/exchange` is not kept.
        /// Default: `false`
        /// Example: `keepTokens: true`
        keep_tokens: Option<Located<bool>> = "keepTokens",
        /// The call that refreshes kept tokens when an app fetches one that has less than a minute left. It is written like a
        /// call of getAccessCode: its standard request has `grant_type`, `refresh_token` and the credentials, and the standard
        /// places are read from the answer. A refresh token that comes with the answer replaces the one before. It knows what is known
        /// without a login, and the kept `${refreshToken}`, `${accessToken}` and `${grantedScope}`. Where the provider refuses with the code `invalid_grant`, the
        /// tokens are forgotten; a provider with another code for that says so in `refused`, with `code: invalid_grant`.
        /// Default: with `keepTokens`, where getAccessCode is a single standard request that needs no other fact of the login: that request with the
        /// grant `refresh_token`; otherwise none, and the tokens last until they expire
        /// Example: `refresh: { post: "https://sso.acme.example/token", credentials: basic }`
        refresh: Option<CallSpec> = "refresh",
        /// How much the next version of a file takes part. Only a file that is called `NAME.next.yaml` may have it.
        /// Default: none; the next version sends nothing and only reads along
        /// Example: `rollout: { share: 10% }`
        rollout: Option<RolloutSpec> = "rollout",
        /// What the catalogue says about the provider. No login reads it.
        /// Default: none
        /// Example: `catalogue: { kind: work, manual: "https://sso.acme.example/docs", setUp: "Create an app with ${redirectUri}.", evidence: { grade: B, confirmed: 2026-11-30, witnesses: [ manual ] } }`
        catalogue: Option<ListingSpec> = "catalogue",
        /// How the identity is composed, when a single `read` is not enough.
        /// Default: the facts `id`, `email`, `emailVerified`, `name`, `picture`, `locale`
        identity: Option<IdentitySpec> = "identity",
    }
}

impl ProviderSpec {
    /// The facts that the file itself reads or composes.
    pub(crate) fn written_facts(&self, reader: &mut Reader) -> Vec<Slot> {
        let prepare = self.authorization.iter().filter_map(|step| step.prepare.as_ref());
        let calls = prepare.chain(&self.access).chain(&self.person).flat_map(|list| &list.0).chain(&self.client_token);
        let mut names: Vec<String> = Vec::new();
        let mut add = |named: Option<&NamedValues<FactExpression>>| {
            names.extend(named.iter().flat_map(|named| &named.0).map(|(name, _)| name.value.clone()));
        };
        add(self.authorization.as_ref().and_then(|step| step.read.as_ref()));
        add(self.authorization.as_ref().and_then(|step| step.signed.as_ref()?.read.as_ref()));
        for call in calls.clone() {
            add(call.read.as_ref());
            add(call.signed.as_ref().and_then(|signed| signed.read.as_ref()));
        }
        let signed =
            calls.clone().map(|call| call.signed.as_ref()).chain([self.authorization.as_ref().and_then(|step| step.signed.as_ref())]);
        let choices = calls.clone().map(|call| call.choose.as_ref()).chain(signed.map(|signed| signed?.choose.as_ref()));
        for choice in choices.flatten().flat_map(|list| &list.0) {
            add(Some(&choice.read));
        }
        names.extend(calls.flat_map(|call| call.read_headers.iter().flat_map(|named| &named.0)).map(|(name, _)| name.value.clone()));
        names.iter().map(|name| reader.names.intern(name)).collect()
    }
}

/// The hint about a word of the top of a file that stands in a step.
pub(crate) fn hint_about_top_word(word: &str) -> Option<&'static str> {
    let is_top_word = ProviderSpec::block().words.iter().any(|known| known.name == word);
    is_top_word.then_some("this word stands at the top of the file, beside `name`")
}

fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "get" | "post" | "scope" | "query" | "form" | "json" | "headers" | "credentials" | "bearer" | "read" | "rename" | "extra"
        | "callback" | "stateIn" | "signed" | "sign" => {
            Some("this word belongs into a step: getAuthorizationCode, getAccessCode or getUserInfo")
        }
        "refreshToken" | "refreshTokens" | "tokenRefresh" => Some("write `refresh: { post: https://… }` beside `keepTokens: true`"),
        "tokens" | "storeTokens" | "offlineAccess" => {
            Some("write `keepTokens: true`; the settings say which apps may fetch the tokens: `apps: { painel: { tokens: [ acme ] } }`")
        }
        "canary" | "share" | "next" | "shadow" => {
            Some("a share of the logins goes through the next version of a file: write `rollout: { share: 10% }` into `NAME.next.yaml`")
        }
        "email" | "id" => Some("what is read stands in a step: `getUserInfo: { get: …, read: { id: $.id, email: $.email } }`"),
        "authorize" | "authorization" | "auth" => Some("the first step is called `getAuthorizationCode`"),
        "token" | "getToken" | "getAccessToken" => Some("the second step is called `getAccessCode`"),
        "userinfo" | "profile" | "user" => Some("the third step is called `getUserInfo`"),
        "clientToken" | "appToken" | "getAppToken" | "clientCredentials" => {
            Some("a token of the client itself is asked for with `getClientToken`")
        }
        _ => None,
    }
}
