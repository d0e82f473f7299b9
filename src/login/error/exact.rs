//! The exact cause of a failed login, one word for each, with what it means and what is done about it. A story keeps the word beside its
//! code, metrics and the audit count by it, and the table in docs/support.md is made of it.

use crate::choice;
use crate::login::error::{LoginErrorCause, MissingProof};
use crate::provider::document_fault::DocumentFault;
use crate::provider::fact_expression::FoundInstead;
use crate::provider::token_fault::TokenFault;
use crate::vocabulary::no_answer::{CertificateFault, NoAnswer, TlsFault, WaitingFor};

/// Declares the causes: each with its word, what it means, and what is done about it.
macro_rules! exact_causes {
    ($( $cause:ident = $word:literal $meaning:literal => $remedy:literal; )*) => {
        choice! {
            /// The exact cause of a failed login.
            pub(crate) enum ExactCause { $( $cause = $word ),* }
        }

        impl ExactCause {
            /// What is done about it.
            pub(crate) fn remedy(self) -> &'static str {
                match self { $( Self::$cause => $remedy ),* }
            }
        }

        /// All causes with their meanings and remedies, as rows of a table.
        pub fn table_of_causes() -> String {
            let rows = [ $( ($word, $meaning, $remedy) ),* ];
            rows.iter().map(|(word, meaning, remedy)| format!("| {word} | {meaning} | {remedy} |\n")).collect()
        }
    };
}

exact_causes! {
    OtherProvider = "otherProvider"
        "the callback belongs to a login at another provider"
        => "compare the redirect address in the provider's console";
    OtherState = "otherState"
        "the state in the callback is not the one that was sent"
        => "begin the login anew; if it stays, the provider changes the state";
    StateElsewhere = "stateElsewhere"
        "the state came under another name than the file reads"
        => "read it from there, as the proposal does";
    NoState = "noState"
        "the callback has no state"
        => "read it from the parameter that holds it; if none does, write `stateIn: cookie`";
    NoAttempt = "noAttempt"
        "the state belongs to no login of this browser"
        => "look for what drops cookies: another browser, another host than `publicUrl`, a proxy, or ten minutes that have passed";
    Expired = "expired"
        "the login took longer than ten minutes"
        => "begin it anew";
    BadCallback = "badCallback"
        "the callback repeats a parameter, or has too many"
        => "compare the address to which the provider sent the browser with its manual";
    NoCode = "noCode"
        "the callback has neither a code nor an error"
        => "read the code from the parameter that holds it";
    OtherIssuer = "otherIssuer"
        "the callback names another issuer (`iss`)"
        => "write the issuer as the provider names it";
    NoIssuer = "noIssuer"
        "the callback names no issuer, and the provider promises it"
        => "ask the provider; the redirect address may be that of another client";
    BadSignature = "badSignature"
        "the callback is not signed as `verify` says"
        => "compare `verify` with the manual, and the secret with the console";
    TooLong = "tooLong"
        "what `prepare` has read is too long"
        => "read less, or read it after the callback";
    Changed = "changed"
        "the file changed during the login"
        => "begin it anew";
    BadInput = "badInput"
        "what was typed does not match its pattern"
        => "type it anew, or correct `matches` of the input";
    TooManyLogins = "tooManyLogins"
        "too many logins wait for the provider"
        => "wait, or give the calls a shorter `timeout`";
    OutOfTime = "outOfTime"
        "the calls took too long together"
        => "give the calls shorter `timeout`s, or leave one out";
    MissingFact = "missingFact"
        "a fact that a request needs was in no answer"
        => "correct its path, as the proposals do";
    BadAddress = "badAddress"
        "a request would go to an address that is not allowed"
        => "name the host under `hosts`";
    BadHeader = "badHeader"
        "a value cannot stand in a header"
        => "encode it, or send it in the body";
    BadKey = "badKey"
        "a key cannot be used"
        => "compare the key with the algorithm of the file";
    Unreachable = "unreachable"
        "there was no connection, and no more is known"
        => "check the address, and whether this machine may reach it";
    HostUnknown = "hostUnknown"
        "the name of the host was not found (DNS)"
        => "correct the host in the address, or let the name server of this machine resolve it; with an `outgoingProxy`, `resolve: proxy` lets the \
            proxy look it up";
    ConnectionRefused = "connectionRefused"
        "no program listens at the port"
        => "correct the port in the address, or start the provider";
    ConnectionReset = "connectionReset"
        "the other side broke the connection"
        => "log in again; if it stays, look for a firewall or a proxy between this machine and the provider";
    NoRoute = "noRoute"
        "this machine has no route to the address"
        => "check the network of this machine, and whether the address is IPv6 while the network is not";
    ProxyRefused = "proxyRefused"
        "the proxy opened no connection to the provider"
        => "check `outgoingProxy` of the settings, its user and password, and whether the proxy allows the host; list a host that needs no proxy in `noProxy`";
    PrivateAddress = "privateAddress"
        "the address lies in a private network, and its host is not listed"
        => "list the host in `privateHosts` of the settings if that is meant";
    NotSendable = "notSendable"
        "the request holds characters that cannot be sent"
        => "find the value with line breaks or control characters, such as a secret from a file";
    UnknownAuthority = "unknownAuthority"
        "an authority signed the certificate that this machine does not trust"
        => "name the authority's PEM file in `trustedAuthorities` of the settings, and start the broker again; the variable `SSL_CERT_FILE` takes the place of all authorities of the machine";
    NoAuthorities = "noAuthorities"
        "the same, and this machine has no authorities of its own"
        => "install `ca-certificates`, or name your authority in `trustedAuthorities`, and start the broker again";
    SelfSigned = "selfSigned"
        "the certificate is signed by itself"
        => "let an authority sign it and name that authority in `trustedAuthorities` of the settings";
    CertificateExpired = "certificateExpired"
        "the certificate has expired"
        => "tell the provider to renew it; if it is valid, set the clock of this machine";
    CertificateNotYetValid = "certificateNotYetValid"
        "the certificate is not valid yet"
        => "set the clock of this machine; if it is right, the provider has to exchange the certificate";
    CertificateOtherHost = "certificateOtherHost"
        "the certificate is for another host"
        => "write the host of the certificate into the address, or ask the provider for one of this host";
    CertificateUnusable = "certificateUnusable"
        "the certificate is not made as those of servers have to be"
        => "ask the provider for a certificate that browsers accept";
    TlsNotSpoken = "tlsNotSpoken"
        "the server does not speak TLS at this port"
        => "correct the port in the address";
    TlsRefused = "tlsRefused"
        "the server takes no version of TLS from 1.2 on, or refuses the connection"
        => "ask the provider which versions of TLS it takes, and whether it expects certificates of clients";
    ConnectTimeout = "connectTimeout"
        "no connection came about in time"
        => "check whether a firewall drops what this machine sends to the address";
    AnswerTimeout = "answerTimeout"
        "no answer, or no whole one, came in time"
        => "log in again; if the provider is always slow, write `timeout: 30s` in the call";
    TooLarge = "tooLarge"
        "the answer is larger than what is read"
        => "compare the address with the manual; a parameter may choose fewer fields";
    Closed = "closed"
        "the connection was closed without an answer"
        => "log in again; if it stays, compare the port and the scheme of the address with the manual";
    CutOff = "cutOff"
        "the answer ended early"
        => "log in again; if it stays, tell the provider that its `Content-Length` does not fit its answer";
    Packed = "packed"
        "the body of the answer is packed in a way that cannot be undone"
        => "write `headers: { Accept-Encoding: identity }` in the call";
    NotHttp = "notHttp"
        "what came is no answer of HTTP"
        => "compare the port and the scheme of the address with the manual";
    Redirected = "redirected"
        "the answer redirects to another address, and redirects are not followed"
        => "write the address to which it redirects into the file, if it is the provider's";
    NoDocument = "noDocument"
        "the discovery document or the key set was not fetched yet"
        => "log in again";
    DocumentStatus = "documentStatus"
        "the address of the discovery document or the key set answers with another status than 200"
        => "write the issuer's own address under `discovery`, or the address of its `keys`";
    DocumentUnreadable = "documentUnreadable"
        "what is at the address is no discovery document or key set"
        => "write the issuer's own address under `discovery`, or the address of its `keys`";
    DocumentIssuer = "documentIssuer"
        "the discovery document names another issuer than the file"
        => "write the issuer as its document names it";
    HostsNotAccepted = "hostsNotAccepted"
        "the discovery document leads to new hosts"
        => "look at `portaria providers hosts`, and accept them there";
    Unreadable = "unreadable"
        "the answer is not in the format that the file says"
        => "correct `answer`";
    BadToken = "badToken"
        "the signed token is not made as the file demands"
        => "compare `signed` with the provider's manual";
    UnknownKey = "unknownKey"
        "the key set has no key with the id of the token"
        => "compare `keys` or `discovery` with the manual; a provider that has just exchanged its keys works again in a minute";
    UnfitKey = "unfitKey"
        "the key of the token's id is for something else"
        => "compare `keys` with the manual: the set may belong to another service of the provider";
    TokenSignature = "tokenSignature"
        "the signature is not made with the key"
        => "compare `keys` with the manual, or the secret with the provider's console";
    TokenAlgorithm = "tokenAlgorithm"
        "the token is signed by an algorithm that is not accepted"
        => "write the algorithm under `algorithms` if the manual names it";
    TokenIssuer = "tokenIssuer"
        "the token comes from another issuer"
        => "write the issuer as the token names it, if that is the provider";
    TokenAudience = "tokenAudience"
        "the token was issued for another client"
        => "compare `clientId` with the provider's console, and `audience` with the manual";
    TokenExpired = "tokenExpired"
        "the token has expired"
        => "set the clock of this machine; if it is right, the provider gives out tokens that are old";
    TokenNotYetValid = "tokenNotYetValid"
        "the token is not valid yet"
        => "set the clock of this machine";
    TokenNonce = "tokenNonce"
        "the token does not repeat the nonce of the login"
        => "send `nonce` in the redirect; if the manual says that the token has none, write `nonce: none`";
    OtherTokenType = "otherTokenType"
        "the access token is not a bearer token"
        => "compare with the manual how the access token is sent";
    MissingId = "missingId"
        "no answer holds an id"
        => "correct the path of `id`";
    MissingEmail = "missingEmail"
        "no answer holds an e-mail address"
        => "request a scope that returns it, correct its path, or set `missingEmail`";
    NotAnEmail = "notAnEmail"
        "what was read as `email` is no e-mail address"
        => "correct the path, or cut the address out of the text; or set `missingEmail`";
    ClaimFalse = "emailClaimFalse"
        "`emailVerified` does not say `true`"
        => "compare its path and its condition with the answer; if the address is not proven, set `missingEmail`";
    ClaimMissing = "emailClaimMissing"
        "`emailVerified` was not found"
        => "correct its path, or set `trustEmail` to what proves an address here";
    UnprovenEmail = "unprovenEmail"
        "nothing proves the e-mail address"
        => "set `trustEmail` to what proves an address here, or `missingEmail` to what happens without";
    NotAllowed = "notAllowed"
        "`require` does not allow this person"
        => "nothing, if that is meant; `require` says who may sign in";
    NotExchangeable = "notExchangeable"
        "the file cannot accept the token that was handed in"
        => "compare the token with `exchange`";
    Refused = "refused"
        "the provider refused, in its own words"
        => "look its code up in the manual, and compare secret, redirect address and scope with the console";
}

impl LoginErrorCause {
    /// The exact cause.
    pub(crate) fn exact(&self) -> ExactCause {
        match self {
            Self::OtherProvider => ExactCause::OtherProvider,
            Self::StateMismatch => ExactCause::OtherState,
            Self::NoState { found_as: Some(_), .. } => ExactCause::StateElsewhere,
            Self::NoState { found_as: None, .. } => ExactCause::NoState,
            Self::UnknownState => ExactCause::NoAttempt,
            Self::Expired => ExactCause::Expired,
            Self::TooManyParameters | Self::RepeatedParameter => ExactCause::BadCallback,
            Self::NoCode { .. } => ExactCause::NoCode,
            Self::OtherIssuer => ExactCause::OtherIssuer,
            Self::NoIssuer => ExactCause::NoIssuer,
            Self::NoDocument(fault) => of_document(fault),
            Self::PreparedTooLong => ExactCause::TooLong,
            Self::FileChanged => ExactCause::Changed,
            Self::BadInput(_) => ExactCause::BadInput,
            Self::TooManyLogins => ExactCause::TooManyLogins,
            Self::OutOfTime(_) => ExactCause::OutOfTime,
            Self::NotAllowed(_) => ExactCause::NotAllowed,
            Self::MissingFact { .. } => ExactCause::MissingFact,
            Self::BadAddress(_) => ExactCause::BadAddress,
            Self::BadHeader => ExactCause::BadHeader,
            Self::BadKey(_) => ExactCause::BadKey,
            Self::Unreadable(_) => ExactCause::Unreadable,
            Self::BadToken(fault) => of_token(fault),
            Self::OtherTokenType => ExactCause::OtherTokenType,
            Self::BadSignature(_) => ExactCause::BadSignature,
            Self::NoAnswer(why) => of_no_answer(why),
            Self::Redirected(_) => ExactCause::Redirected,
            Self::RecordingWaits => ExactCause::Unreachable,
            Self::MissingId(_) => ExactCause::MissingId,
            Self::MissingEmail(Some(FoundInstead::NoAddress(_))) => ExactCause::NotAnEmail,
            Self::MissingEmail(Some(FoundInstead::Value(_) | FoundInstead::NoFittingEntry) | None) => ExactCause::MissingEmail,
            Self::UnprovenEmail(MissingProof::ClaimIsFalse { .. }) => ExactCause::ClaimFalse,
            Self::UnprovenEmail(MissingProof::NoClaim { .. }) => ExactCause::ClaimMissing,
            Self::UnprovenEmail(MissingProof::NotAsked) => ExactCause::UnprovenEmail,
            Self::NotExchangeable(_) => ExactCause::NotExchangeable,
            Self::Refused(_) => ExactCause::Refused,
        }
    }
}

impl ExactCause {
    /// The cause where there is no answer.
    pub(crate) fn of_no_answer(why: &NoAnswer) -> Self {
        of_no_answer(why)
    }
}

fn of_no_answer(why: &NoAnswer) -> ExactCause {
    match why {
        NoAnswer::Unreachable => ExactCause::Unreachable,
        NoAnswer::HostUnknown => ExactCause::HostUnknown,
        NoAnswer::ConnectionRefused => ExactCause::ConnectionRefused,
        NoAnswer::ConnectionReset => ExactCause::ConnectionReset,
        NoAnswer::NoRoute => ExactCause::NoRoute,
        NoAnswer::Proxy => ExactCause::ProxyRefused,
        NoAnswer::Forbidden => ExactCause::PrivateAddress,
        NoAnswer::NotSendable => ExactCause::NotSendable,
        NoAnswer::Certificate(CertificateFault::UnknownAuthority | CertificateFault::ThroughProxy) => ExactCause::UnknownAuthority,
        NoAnswer::Certificate(CertificateFault::NoAuthorities) => ExactCause::NoAuthorities,
        NoAnswer::Certificate(CertificateFault::SelfSigned) => ExactCause::SelfSigned,
        NoAnswer::Certificate(CertificateFault::Expired(_)) => ExactCause::CertificateExpired,
        NoAnswer::Certificate(CertificateFault::NotYetValid) => ExactCause::CertificateNotYetValid,
        NoAnswer::Certificate(CertificateFault::OtherHost(_)) => ExactCause::CertificateOtherHost,
        NoAnswer::Certificate(CertificateFault::Unusable) => ExactCause::CertificateUnusable,
        NoAnswer::Tls(TlsFault::NotSpoken) => ExactCause::TlsNotSpoken,
        NoAnswer::Tls(TlsFault::NothingInCommon) => ExactCause::TlsRefused,
        NoAnswer::TooSlow(slowness) => match slowness.phase {
            WaitingFor::Connection => ExactCause::ConnectTimeout,
            WaitingFor::Answer | WaitingFor::Rest | WaitingFor::Anything => ExactCause::AnswerTimeout,
        },
        NoAnswer::TooLarge(_) => ExactCause::TooLarge,
        NoAnswer::Closed => ExactCause::Closed,
        NoAnswer::CutOff(_) => ExactCause::CutOff,
        NoAnswer::Packed => ExactCause::Packed,
        NoAnswer::NotHttp => ExactCause::NotHttp,
    }
}

fn of_document(fault: &DocumentFault) -> ExactCause {
    match fault {
        DocumentFault::NotFetched => ExactCause::NoDocument,
        DocumentFault::NoAnswer(why) => of_no_answer(why),
        DocumentFault::Status(_) => ExactCause::DocumentStatus,
        DocumentFault::Redirected(_) => ExactCause::Redirected,
        DocumentFault::NotJson(_) | DocumentFault::NothingUsable => ExactCause::DocumentUnreadable,
        DocumentFault::HostsNotAccepted => ExactCause::HostsNotAccepted,
        DocumentFault::NoIssuer | DocumentFault::OtherIssuer { .. } => ExactCause::DocumentIssuer,
    }
}

fn of_token(fault: &TokenFault) -> ExactCause {
    match fault {
        TokenFault::NoKeys(fault) => of_document(fault),
        TokenFault::UnknownKey { .. } => ExactCause::UnknownKey,
        TokenFault::UnfitKey(_) => ExactCause::UnfitKey,
        TokenFault::Signature => ExactCause::TokenSignature,
        TokenFault::Algorithm { .. } => ExactCause::TokenAlgorithm,
        TokenFault::NoIssuer | TokenFault::Issuer { .. } => ExactCause::TokenIssuer,
        TokenFault::Audience { .. } => ExactCause::TokenAudience,
        TokenFault::Expired(_) => ExactCause::TokenExpired,
        TokenFault::NotYetValid { .. } => ExactCause::TokenNotYetValid,
        TokenFault::NoNonce | TokenFault::OtherNonce => ExactCause::TokenNonce,
        TokenFault::Other(_) => ExactCause::BadToken,
    }
}
