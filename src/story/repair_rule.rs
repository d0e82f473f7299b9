//! The reasons for proposed changes: one rule for each reason, with its sentence.
//!
//! A row of the table holds the rule, the word by which stories and pages name it, what fills its sentence (numbered in this
//! order in the translations of the lab), and the English sentence, which exists only here. Nothing that fills a sentence
//! is a value of an answer.

use std::fmt;

macro_rules! repair_rules {
    ($( $rule:ident = $word:literal { $($field:ident),* } $sentence:literal )+) => {
        /// Why a change is proposed.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) enum RepairRule {
            $( $rule { $($field: String),* }, )+
        }

        impl RepairRule {
            /// The words of all rules, each with how many places its sentence fills.
            #[cfg(test)]
            pub(crate) const WORDS: &[(&str, usize)] = &[ $( ($word, <[&str]>::len(&[$(stringify!($field)),*])), )+ ];

            /// The word by which stories and the lab's translations know the rule.
            pub(crate) fn word(&self) -> &'static str {
                match self { $( Self::$rule { .. } => $word, )+ }
            }

            /// What fills the sentence, in order.
            pub(crate) fn values(&self) -> Vec<String> {
                match self { $( Self::$rule { $($field),* } => vec![$($field.clone()),*], )+ }
            }

            /// The rule with this word and these values; `None` for what another version has written.
            pub(crate) fn from_parts(word: &str, values: &[String]) -> Option<Self> {
                match (word, values) {
                    $( ($word, [$($field),*]) => Some(Self::$rule { $($field: $field.clone()),* }), )+
                    _ => None,
                }
            }
        }

        impl fmt::Display for RepairRule {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$rule { $($field),* } => {
                        $( let _ = $field; )*
                        write!(f, $sentence)
                    } )+
                }
            }
        }
    };
}

repair_rules! {
    // The file was changed since it worked.
    AsItWas = "asItWas" { line } "line {line} has changed since the last login that worked; this is how it was then"

    // A value has moved within the answer.
    PathMoved = "pathMoved" { fact, new, old } "`{fact}` stands at `{new}` in this answer, not at `{old}`"
    ConditionMoved = "conditionMoved" { word, new, old } "what `{word}` looks at stands at `{new}`, not at `{old}`"
    PlaceNotStandard = "placeNotStandard" { fact, new, old } "`{fact}` stands at `{new}` in this answer, not at the standard place `{old}`"
    AnswerMoved = "answerMoved" { step, to, from, paths } "what {step} reads stands below `{to}` in this answer, not below `{from}` ({paths} paths)"
    AnswersWrapped = "answersWrapped" { to, answers, paths } "what is read stands below `{to}` in {answers} answers ({paths} paths)"
    IdMoved = "idMoved" { new, old, logins } "`id` stands at `{new}` in this answer, not at `{old}`; it was seen there in {logins} login: compare it with that of another person"
    IdStays = "idStays" { new, old, logins } "`id` stands at `{new}` in this answer, not at `{old}`; it was seen there in {logins} logins of one person, the same in each: compare it with that of another person"
    IdDiffers = "idDiffers" { new, old, logins, people } "`id` stands at `{new}` in this answer, not at `{old}`; it was seen there in {logins} logins of {people} people, different for each"
    NothingLike = "nothingLike" { fact } "no answer holds anything that looks like `{fact}`; compare scope and addresses with the manual"
    SeveralMoved = "severalMoved" { first, all } "two things moved: {all}"
    HeaderRenamed = "headerRenamed" { new, old } "the answer has a header `{new}`, and none called `{old}`"
    DriftReplaced = "driftReplaced" { fact, old, new } "`{fact}` is not found at `{old}` any more, and `{new}` is new"

    RefusalElsewhere = "refusalElsewhere" { step, new, old } "the answer of {step} is a refusal: `{new}` says so, and the file looks at `{old}`"

    // An answer is written in another format.
    FormatOther = "formatOther" { step, format } "the answer of {step} is written as {format}"
    PrefixInFront = "prefixInFront" { step, prefix } "something stands in front of the answer of {step}; `skipPrefix` passes over it"

    TokenIssuerOther = "tokenIssuerOther" { found, expected } "the token comes from `{found}`, and the file expects `{expected}`"
    TokenAudienceOther = "tokenAudienceOther" { found, expected } "the token was issued for `{found}`, and the file expects `{expected}`"
    TokenAlgorithmOther = "tokenAlgorithmOther" { found, expected } "the token is signed by `{found}`, and the file accepts `{expected}`"
    TokenNonceMissing = "tokenNonceMissing" { step } "the token of {step} does not repeat the nonce of the login; see in the manual where the provider expects it: without it, a token of another login would be taken as well"
    TokenTypeOther = "tokenTypeOther" { step } "{step} names another type of token than `Bearer`; if the manual shows it as a bearer token, accept its name"

    // No address, or no proof of it.
    ScopeLacksEmail = "scopeLacksEmail" { scope } "the e-mail address is not asked for: `scope` lacks `{scope}`"
    ScopeMayLack = "scopeMayLack" { fact, scope } "no answer holds `{fact}`; `scope` may lack `{scope}`"
    AskBecauseUnproven = "askBecauseUnproven" {} "no answer proves the e-mail address; with `missingEmail: ask` the person proves it by a code that is sent there"
    AskBecauseMissing = "askBecauseMissing" {} "no answer holds an e-mail address; with `missingEmail: ask` the person is asked for one"
    AskBecauseUnfit = "askBecauseUnfit" {} "no address that the answers hold can be used; with `missingEmail: ask` the person is asked for one"

    // The provider refuses.
    SecretRefused = "secretRefused" { from } "the provider refuses the client secret, which comes from {from}"
    ClientUnknown = "clientUnknown" { from } "the provider does not know the client id, which comes from {from}"
    CredentialsElsewhere = "credentialsElsewhere" { place } "the provider may expect the client id and secret elsewhere: `credentials: {place}`"
    PkceRefused = "pkceRefused" {} "the provider does not take PKCE"
    PkceRequired = "pkceRequired" {} "the provider asks for PKCE"
    RedirectUnknown = "redirectUnknown" { address } "the redirect address {address} is not registered with the provider; register it there"
    ScopeRefused = "scopeRefused" { scope } "the provider does not allow what `scope` asks for; allow it in the console, or ask for less than `{scope}`"
    ScopeWordRefused = "scopeWordRefused" { scope } "the provider does not allow the scope `{scope}`; allow it in the console, or take it out"
    CodeUsed = "codeSpent" {} "the code was used before or is too old; log in once more"
    GrantRefused = "grantRefused" {} "the client is not allowed to use the authorization code grant; allow it in the provider's console"
    BodyOther = "bodyOther" { format } "the provider reads the body in another format: write it under `{format}`"
    MethodOther = "methodOther" { step, method } "the address of {step} is called by another method: `{method}`"
    ParameterMissing = "parameterMissing" { parameter, step } "the provider misses `{parameter}` in {step}, and the file shows no value for it; complete the line with what the manual says"
    AddressWrong = "addressWrong" { step } "the address of {step} answers with a page or with nothing; compare it with the manual"
    AudienceMissing = "audienceMissing" {} "the provider wants to know for which API the token is; add `audience` or `resource` under `extra`"
    ParameterOtherName = "parameterOtherName" { parameter, step, was } "the provider misses `{parameter}` in {step}, and the file sends `{was}`"
    ParameterAdded = "parameterAdded" { parameter, step } "the provider misses `{parameter}` in {step}"
    ParameterUnwanted = "parameterUnwanted" { parameter, step } "the provider does not take `{parameter}` in {step}"
    LikeOtherStep = "likeOtherStep" { step, other, what } "{other} has `{what}`, and {step} lacks it"
    TokenElsewhere = "tokenElsewhere" { step, place } "{step} may expect the access token elsewhere: `{place}`"
    AddressOther = "addressOther" { step, address } "the address of {step} answers with a page or with nothing; `{address}` is related to the others of this file"
    AddressRedirected = "addressRedirected" { step, address } "the address of {step} redirects to `{address}`, which belongs to the same site"
    SignatureRefused = "signatureRefused" { step } "the provider does not take the signature of {step}; compare key and order with the manual"
    ClockWrong = "clockWrong" {} "the provider finds the time of the request wrong; set the clock of this machine"
    TokenRefused = "tokenRefused" { step } "{step} does not take the access token; compare scope and header with the manual"
    PlaceRefused = "placeRefused" {} "the provider answers only to registered addresses; register the address of this server"
    Declined = "declined" {} "the person, or their organisation, said no"
    TooMany = "tooMany" {} "the provider was asked too often; wait and log in again"
    Unavailable = "unavailable" { provider } "the provider itself is in trouble; wait and log in again"

    // No answer came.
    NotReached = "notReached" { step } "there is no server at the address of {step}; compare it with the manual"
    TooSlow = "tooSlow" { step } "the address of {step} does not answer in time; wait and log in again"
    TooLarge = "tooLarge" { step } "the answer of {step} is larger than what is read; compare its address with the manual"
    HostUnknown = "hostUnknown" { step } "the name of the host in the address of {step} was not found (DNS); correct it, or let the name server of this machine resolve it"
    PortClosed = "portClosed" { step } "no program listens at the port of the address of {step}; correct the port, or start the provider"
    ConnectionBroken = "connectionBroken" { step } "the connection for {step} was broken before the answer; log in again, and if it stays, look for a firewall or a proxy in between"
    NoRoute = "noRoute" { step } "this machine has no route to the address of {step}; check its network"
    NotConnected = "notConnected" { step } "no connection to the address of {step} came about in time; a firewall may drop what this machine sends"
    AuthorityUnknown = "authorityUnknown" { step } "an authority that this machine does not trust signed the certificate for {step}; name its PEM file in `trustedAuthorities` of the settings (the variable `SSL_CERT_FILE` replaces the authorities of the machine)"
    NoAuthorities = "noAuthorities" { step } "this machine has no certificate authorities of its own, so the certificate for {step} is not accepted; install `ca-certificates`, or name your authority in `trustedAuthorities` of the settings"
    SelfSigned = "selfSigned" { step } "the certificate for {step} is signed by itself; let an authority sign it, and name that authority in `trustedAuthorities` of the settings"
    CertificateExpired = "certificateExpired" { step } "the certificate for {step} has expired; the provider has to renew it, or the clock of this machine is wrong"
    CertificateNotYetValid = "certificateNotYetValid" { step } "the certificate for {step} is not valid yet; set the clock of this machine"
    CertificateOtherHost = "certificateOtherHost" { step } "the certificate for {step} is for another host; write that host into the address, or ask the provider for a certificate of this one"
    CertificateUnusable = "certificateUnusable" { step } "the certificate for {step} is not made as those of servers have to be; ask the provider for another"
    TlsNotSpoken = "tlsNotSpoken" { step } "the server does not speak TLS at the port of the address of {step}; correct the port"
    TlsRefused = "tlsRefused" { step } "the server of {step} takes no version of TLS from 1.2 on, or refuses this client; ask the provider"
    AnswerCut = "answerCut" { step } "the answer of {step} ended early; log in again, and if it stays, tell the provider"
    AnswerPacked = "answerPacked" { step } "the answer of {step} is packed in a way that cannot be undone; ask for one that is not"
    NotHttp = "notHttp" { step } "what answers at the address of {step} does not speak HTTP; compare port and scheme with the manual"
    Redirected = "redirected" { step, address } "the address of {step} redirects to {address}, and redirects are not followed; write that address into the file, if it is the provider's"
    DocumentElsewhere = "documentElsewhere" { step } "what is at the address of `{step}` is no document of an issuer; write the issuer's own address"
    DocumentIssuerOther = "documentIssuerOther" { found, expected } "the discovery document names the issuer {found}, and the file expects {expected}"
    HostsWait = "hostsWait" {} "the discovery document leads to new hosts; look at `portaria providers hosts`, and accept them there"
    KeyUnknown = "keyUnknown" { step, keys } "the key set has {keys} keys, and none with the id that the token of {step} names; the provider may have just exchanged its keys, or the set is that of another service"
    KeyUnfit = "keyUnfit" { step } "the key that the token of {step} names is for something else; the key set may be that of another service"
    TokenOld = "tokenOld" { step } "the token of {step} has expired; set the clock of this machine"
    TokenEarly = "tokenEarly" { step } "the token of {step} is not valid yet; set the clock of this machine"

    // The state did not come back as it was sent.
    StateMissing = "stateMissing" { names } "the callback has no state, only {names}; read the state from the parameter that holds it, or write `stateIn: cookie` if the provider returns none"
    CookiesLost = "cookiesLost" {} "this browser has no login with the state that came back: its cookie was dropped, by another browser, another host than `publicUrl`, a proxy, or after ten minutes"

    // A rule of the file that no answer met.
    ConditionNeverFound = "conditionNeverFound" { word, path } "`{word}: {path}` found nothing in any answer"
    NotAllowedFromHere = "notAllowedFromHere" { step } "the address of {step} leads into this server's own network, which is not allowed"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_rule_is_found_again_by_its_word_and_values() {
        let words: HashSet<&str> = RepairRule::WORDS.iter().map(|(word, _)| *word).collect();
        assert_eq!(words.len(), RepairRule::WORDS.len());

        for (word, holes) in RepairRule::WORDS {
            let values: Vec<String> = (0..*holes).map(|at| format!("value {at}")).collect();
            let rule = RepairRule::from_parts(word, &values).expect("it is one of the rules");

            assert_eq!((rule.word(), rule.values()), (*word, values));
            assert!(!rule.to_string().ends_with('.') && !rule.to_string().contains('{'), "{rule}");
        }
        assert_eq!(RepairRule::from_parts("of another version", &[]), None);
    }
}
