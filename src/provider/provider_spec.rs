//! A provider file as written: the words at its top.

use crate::provider::authorization::AuthorizationSpec;
use crate::provider::call::CallSpec;
use crate::provider::condition::Conditions;
use crate::provider::identity::IdentitySpec;
use crate::provider::inputs::InputSpec;
use crate::provider::pkce::Pkce;
use crate::provider::refusal::RefusalRule;
use crate::provider::template::Template;
use crate::provider::trust::{EmailTrustPolicy, MissingEmailPolicy};
use crate::provider::value_reference::{ClientSecretReference, SecretReference, ValueReference};
use crate::vocabulary::place::Located;
use crate::vocabulary::words::{NamedValues, OneOrMany};
use crate::words;

words! {
    /// One identity provider. Leave a request out and the standard OAuth 2 request is sent; write it and exactly that is sent.
    pub(crate) struct ProviderSpec ("provider file", elsewhere = unknown_word_hint) {
        /// What the button says: "Entrar como {name}". Holes are not filled here.
        /// Example: `name: Clube Acme`
        name: Option<Located<String>> = "name",
        /// The client's name at the provider: a text, or where it is kept.
        /// Default: `env:` and the file's name in capitals (every other character as `_`) with `_CLIENT_ID`
        /// Example: `clientId: loja-42`
        client_id: Option<Located<ValueReference>> = "clientId",
        /// Where the client's secret is kept: `env:NAME` or `file:PATH`, or `none` for a public client. A secret is never written here.
        /// Default: `env:` and the file's name in capitals with `_CLIENT_SECRET`
        /// Example: `clientSecret: env:ACME_SECRET`
        client_secret: Option<ClientSecretReference> = "clientSecret",
        /// Further values of this installation, by name; each is a fact.
        /// Default: none
        /// Example: `settings: { tenant: env:ACME_TENANT }`
        settings: Option<NamedValues<Located<ValueReference>>> = "settings",
        /// Further secrets of this installation, by name; each is a fact that is never shown.
        /// Default: none
        /// Example: `secrets: { signingKey: file:/run/secrets/acme.pem }`
        secrets: Option<NamedValues<SecretReference>> = "secrets",
        /// Values asked of the shopper before the redirect; each is a fact.
        /// Default: none
        /// Example: `inputs: { shop: { label: Your shop, pattern: "[a-z0-9-]+" } }`
        inputs: Option<NamedValues<InputSpec>> = "inputs",
        /// An issuer of OpenID Connect, or the whole address of its document (which then names its issuer itself). End points, keys and issuer come from there, each may be overridden; the ID token is
        /// verified, with a nonce. Steps may be left out; the facts `issuer`, `authorizationEndpoint`, `tokenEndpoint`, `userinfoEndpoint` and `jwksUri` are known.
        /// Default: none
        /// Example: `discovery: https://idp.example`
        discovery: Option<Template> = "discovery",
        /// PKCE: `S256`, `plain`, or `off` for a provider that does not know it.
        /// Default: `S256`
        /// Example: `pkce: off`
        pkce: Option<Pkce> = "pkce",
        /// The hosts that an address with a hole in its host may lead to. `*` is one label; a port must be named; `${setting}` and `${publicUrl}` stand for hosts that are set by whoever installs it.
        /// Default: none; required once a host has a hole
        /// Example: `hosts: [ "*.shops.example" ]`
        hosts: Option<OneOrMany<Template>> = "hosts",
        /// When an answer of any call means no although it came with status 200. A step's own `refused` stands beside it: either refuses.
        /// Default: none
        /// Example: `refused: { at: $.ok, is: false, code: $.error }`
        refused: Option<RefusalRule> = "refused",
        /// The only case in which an answer of any call means yes.
        /// Default: none
        /// Example: `accepted: { at: $.ok, is: true }`
        accepted: Option<RefusalRule> = "accepted",
        /// When an address counts as proven: `claim` (a true `emailVerified`), `always`, `never`, or the domains for which this provider is the authority.
        /// Default: `claim` when `emailVerified` is read; otherwise required as soon as an e-mail is read
        /// Example: `trustEmail: always`
        trust_email: Option<Located<EmailTrustPolicy>> = "trustEmail",
        /// When no address is read, or it is not proven: `refuse`, `ask` (the shopper types it and proves it), or a placeholder that ends in `.invalid`.
        /// Default: `refuse`
        /// Example: `missingEmail: "${id}@acme.invalid"`
        missing_email: Option<Located<MissingEmailPolicy>> = "missingEmail",
        /// Who may sign in: conditions on facts, all of which must hold. They are looked at after the last call.
        /// Default: every person
        /// Example: `require: { at: "${hd}", is: loja.example }`
        require: Option<Conditions> = "require",
        /// A picture for the button: a file's name.
        /// Default: the first letter of `name`
        /// Example: `logo: acme.svg`
        logo: Option<Located<String>> = "logo",
        /// Where the button stands among the others; small numbers first.
        /// Default: `100`
        /// Example: `order: 10`
        order: Option<i32> = "order",
        /// No button is shown; the login is still reachable by its address.
        /// Default: `false`
        /// Example: `hidden: true`
        hidden: Option<bool> = "hidden",
        /// `false` switches the provider off.
        /// Default: `true`
        /// Example: `enabled: false`
        enabled: Option<bool> = "enabled",
        /// Where a shopper is sent to end the provider's own session.
        /// Default: none
        /// Example: `logout: "https://sso.acme.example/sair?volta=${publicUrl}"`
        logout: Option<Template> = "logout",
        /// The first step: the browser is sent to the provider.
        /// Default: with `discovery` the standard request; otherwise required
        authorization: Option<AuthorizationSpec> = "getAuthorizationCode",
        /// The second step, or a list of them: the code becomes an access token.
        /// Default: with `discovery` the standard request; otherwise required, unless the callback itself is signed (`verify` or `signed`) and holds the person
        access: Option<OneOrMany<CallSpec>> = "getAccessCode",
        /// The third step, or a list of them: the access token shows who the person is.
        /// Default: none; an earlier answer must hold the person
        person: Option<OneOrMany<CallSpec>> = "getUserInfo",
        /// Composes the identity when a single `read` is not enough.
        /// Default: the facts `id`, `email`, `emailVerified`, `name`, `picture`, `locale`
        identity: Option<IdentitySpec> = "identity",
    }
}

fn unknown_word_hint(word: &str) -> Option<&'static str> {
    match word {
        "get" | "post" | "scope" | "query" | "form" | "json" | "headers" | "credentials" | "bearer" | "read" | "rename" | "extra"
        | "callback" | "stateIn" | "signed" | "sign" => {
            Some("this word belongs into a step: getAuthorizationCode, getAccessCode or getUserInfo")
        }
        "email" | "id" => Some("what is read stands in a step: `getUserInfo: { get: …, read: { id: $.id, email: $.email } }`"),
        "issuer" => Some("write `discovery: https://…` for the issuer of OpenID Connect"),
        "authorize" | "authorization" | "auth" => Some("the first step is called `getAuthorizationCode`"),
        "token" | "getToken" | "getAccessToken" => Some("the second step is called `getAccessCode`"),
        "userinfo" | "profile" | "user" => Some("the third step is called `getUserInfo`"),
        _ => None,
    }
}
