//! The setting `outgoingProxy`: the proxy through which calls to providers leave the network.

use crate::choice;
use crate::provider::hosts::is_host;
use crate::provider::value_reference::SecretReference;
use crate::vocabulary::place::{Located, Place};
use crate::vocabulary::words::{OneOrMany, Reader, ValueShape, WordValue, read_scalar};
use crate::vocabulary::yaml::{YamlKind, YamlNode};
use crate::words;
use url::Url;

choice! {
    /// Who looks up the names of hosts that are called through the proxy.
    pub(crate) enum ProxyNameLookup {
        /// The broker, which hands on only names that lead to addresses that it may call.
        Broker = "broker",
        /// The proxy alone.
        Proxy = "proxy",
    }
}

words! {
    /// The proxy through which calls to providers and to apps, and the events of a store, leave the network. The hosts of `privateHosts`, and this
    /// machine, are called without it. A receiver of events inside the network is also called through it, unless `noProxy` lists its host. Mail does not go through it, and variables such as `HTTPS_PROXY` are not read.
    pub(crate) struct OutgoingProxyBlock ("outgoingProxy block") {
        /// The address of the proxy: `http://`, its host and its port. What is said to a provider is encrypted within it.
        /// Example: `url: http://proxy.interno.example:3128`
        url: Located<String> = "url",
        /// Where the user name at the proxy is kept. User and password are set both or neither.
        /// Default: none
        /// Example: `user: env:PROXY_USER`
        user: Option<SecretReference> = "user",
        /// Where the password at the proxy is kept.
        /// Default: none
        /// Example: `password: env:PROXY_PASSWORD`
        password: Option<SecretReference> = "password",
        /// Hosts that are called without the proxy; `.parceiro.example` stands for all hosts below that name.
        /// Default: none
        /// Example: `noProxy: [ sso.parceiro.example ]`
        no_proxy: Option<OneOrMany<Located<String>>> = "noProxy",
        /// Who looks names up. `broker`: a name that is unknown here, or leads to a private address, is not handed to the proxy. `proxy`: the
        /// broker hands on every name, for a network whose name server knows no names outside. Then the proxy alone keeps provider files from calling
        /// services inside the network, and has to refuse private addresses.
        /// Default: `broker`
        /// Example: `resolve: proxy`
        resolve: Option<Located<ProxyNameLookup>> = "resolve",
    }
}

/// The value of `outgoingProxy`.
#[derive(Clone, Debug)]
pub(crate) enum OutgoingProxySpec {
    /// The address alone.
    Address(Located<String>),
    Block(Box<OutgoingProxyBlock>),
}

impl OutgoingProxySpec {
    pub(crate) fn url(&self) -> &Located<String> {
        match self {
            Self::Address(url) => url,
            Self::Block(block) => &block.url,
        }
    }

    pub(crate) fn block(&self) -> Option<&OutgoingProxyBlock> {
        match self {
            Self::Address(_) => None,
            Self::Block(block) => Some(block),
        }
    }

    /// Where its user and its password are kept.
    pub(crate) fn secret_references(&self) -> impl Iterator<Item = &SecretReference> {
        self.block().into_iter().flat_map(|block| block.user.iter().chain(&block.password))
    }

    pub(crate) fn place(&self) -> Place {
        self.url().place
    }
}

impl WordValue for OutgoingProxySpec {
    fn read(node: &YamlNode, reader: &mut Reader) -> Option<Self> {
        match &node.kind {
            YamlKind::Scalar { .. } => read_scalar(node, reader).map(Self::Address),
            YamlKind::List(_) | YamlKind::Map(_) => OutgoingProxyBlock::read(node, reader).map(|block| Self::Block(Box::new(block))),
        }
    }
    fn shape() -> ValueShape {
        ValueShape::Either(vec![<Located<String> as WordValue>::shape(), OutgoingProxyBlock::shape()])
    }
}

/// The address of a proxy, if this is one.
pub(crate) fn proxy_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
    let has_only_host = url.has_host() && matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    (is_plain && has_only_host).then_some(url)
}

pub(crate) fn check_outgoing_proxy(proxy: &OutgoingProxySpec, reader: &mut Reader) {
    if proxy_url(proxy.url()).is_none() {
        // The text is not repeated: it might hold a password.
        let help =
            "write `http://proxy.interno.example:3128`; a user and a password have keys of their own, `user: env:…` and `password: env:…`";
        reader.complain(proxy.place(), "this is not the address of a proxy", help);
    }
    let Some(block) = proxy.block() else { return };
    if let (Some(alone), None) | (None, Some(alone)) = (&block.user, &block.password) {
        reader.complain(alone.1, "the proxy needs a user and a password, and only one is set", "set both, or neither");
    }
    for host in block.no_proxy.iter().flat_map(|list| &list.0) {
        if !is_host(host.strip_prefix('.').unwrap_or(host)) || host.contains(':') {
            let help = "write its name without scheme, port and path: `sso.parceiro.example`, or `.parceiro.example` for all below it";
            reader.complain(host.place, format!("`{}` is not a host", host.value), help);
        }
    }
}
