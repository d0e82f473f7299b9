//! What the broker reaches, and whether it is reached: providers, its own address with its certificate, the mail server. No secret is sent: a
//! provider is asked for its discovery document or for the first page of its host.

use crate::commands::doctor::storage_checks::{MOST_DIFFERENCE, compare_clocks};
use crate::commands::doctor::{ExaminedProvider, Finding};
use crate::provider::Provider;
use crate::stores::settings::Settings;
use crate::stores::trusted_authorities::trusted_authorities;
use crate::stores::{Store, Stores};
use crate::vocabulary::no_answer::NoAnswer;
use crate::vocabulary::utc_time::format_day;
use crate::vocabulary::wire::{Fetch as _, Request, Response};
use crate::web::network_reach::{missing_proxy_values, network_reach, outgoing_proxy};
use crate::world::addresses::NetworkPolicy;
use crate::world::mail::Mailer;
use crate::world::network::Network;
use crate::world::tls::TrustedAuthorities;
use crate::world::{certificate, clock, secrets};
use chrono::DateTime;
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

/// A certificate that expires sooner was not renewed in time.
const SOON: i64 = 14 * 86400;

/// What to do about a proxy that cannot be reached.
const PROXY_REMEDIES: &str =
    "check `outgoingProxy` of the settings: while its proxy is away, no provider is called, and no other route is taken";

/// What to do about a name that this machine does not know, where a proxy may know it.
pub(crate) const LET_THE_PROXY_LOOK_UP: &str =
    "this machine looks the name up itself: correct it, or let the proxy do that: `outgoingProxy: { url: …, resolve: proxy }`";

/// Whether calls go through a proxy, and names are looked up by this machine.
pub(crate) fn looks_up_beside_proxy(settings: &Settings) -> bool {
    outgoing_proxy(settings).is_some_and(|proxy| !proxy.resolves_names_itself)
}

/// Where documents of issuers are.
const WELL_KNOWN: &str = "/.well-known/";

/// Looks at all of it.
pub(crate) async fn examine(
    settings: &Settings,
    stores: &Stores,
    providers: &[ExaminedProvider],
    key_ids: &[Box<str>],
    findings: &mut Vec<Finding>,
) {
    let (authorities, _) = trusted_authorities(settings);
    let (network, missing) = Network::new(network_reach(settings, stores), &authorities, outgoing_proxy(settings));
    if let Some(reason) = missing {
        let said = format!("this machine has no certificate authorities ({reason})");
        findings.push(Finding::wrong("certificates", said, "install ca-certificates: no provider can be reached by https"));
    }
    examine_proxy(settings, findings).await;
    examine_providers(&network, providers, looks_up_beside_proxy(settings), findings).await;
    for store in stores.all() {
        examine_own_address(store, &authorities, key_ids, findings).await;
        examine_mail(store, findings).await;
    }
}

/// Whether the proxy of the settings takes connections, and has what it needs. What it refuses shows at each provider.
async fn examine_proxy(settings: &Settings, findings: &mut Vec<Finding>) {
    let Some(proxy) = outgoing_proxy(settings) else { return };
    for missing in missing_proxy_values(settings) {
        let said = format!("`outgoingProxy` names {missing}, which is not set");
        findings.push(Finding::wrong("proxy", said, "set it, or take `user` and `password` out"));
    }
    let address = proxy.url.to_string();
    let connected = tokio::task::spawn_blocking(move || proxy.connect()).await;
    findings.push(match connected {
        Ok(Ok(())) => Finding::fine("proxy", format!("{address} takes connections")),
        Ok(Err(why)) => Finding::wrong("proxy", format!("{address}: {}", why.sentence_about("the proxy")), PROXY_REMEDIES),
        Err(_) => Finding::wrong("proxy", format!("{address}: whether it takes connections was not found out"), PROXY_REMEDIES),
    });
}

/// The addresses to ask for a provider, one for each of its hosts.
fn addresses_of(one: &ExaminedProvider) -> BTreeMap<String, String> {
    let provider: &Provider = &one.provider;
    let reach = provider.request_reach(&secrets::installation_values(provider, &one.store.public_url).values);
    // The playground, and what else lies below the broker itself, is reached if the broker is.
    let is_address = |text: &str| text.starts_with("http") && !text.contains("${") && !text.starts_with(&*one.store.public_url);
    let mut addresses: BTreeMap<String, String> =
        reach.origins.into_keys().filter(|origin| is_address(origin)).map(|origin| (origin.clone(), format!("{origin}/"))).collect();
    if let Some(issuer) = reach.discovery.filter(|issuer| is_address(issuer))
        && let Ok(url) = Url::parse(&issuer)
    {
        let written = issuer.trim_end_matches('/');
        let is_document = written.contains(WELL_KNOWN);
        let document = if is_document { written.to_owned() } else { format!("{written}{WELL_KNOWN}openid-configuration") };
        addresses.insert(url.origin().ascii_serialization(), document);
    }
    addresses
}

async fn examine_providers(network: &Network, providers: &[ExaminedProvider], looks_up_beside_proxy: bool, findings: &mut Vec<Finding>) {
    let mut worst: Option<(String, i64)> = None;
    let mut has_clock = false;
    for one in providers.iter().filter(|one| one.is_live) {
        for (origin, address) in addresses_of(one) {
            let what = format!("{}: {origin}", one.provider.name);
            let ours = clock::now();
            match network.send(&Request::for_document(&address)).await {
                Ok(answer) => {
                    if let Some(theirs) = date_of(&answer) {
                        has_clock = true;
                        let difference = ours.saturating_sub(theirs);
                        if worst.as_ref().is_none_or(|(_, known)| known.abs() < difference.abs()) {
                            worst = Some((origin.clone(), difference));
                        }
                    }
                    findings.push(judge_answer(&what, &address, &answer));
                }
                Err(why) => findings.push(unreached(&what, &why, looks_up_beside_proxy)),
            }
        }
    }
    if let Some((origin, difference)) = worst.filter(|_| has_clock) {
        let ours = clock::now();
        let whose = if difference.abs() > MOST_DIFFERENCE { origin } else { "the providers".to_owned() };
        findings.push(compare_clocks(&whose, ours.saturating_sub(difference), ours));
    }
}

/// Any answer shows that the host is reached; a discovery document has to be there.
fn judge_answer(what: &str, address: &str, answer: &Response) -> Finding {
    if address.contains(WELL_KNOWN) && answer.status != 200 {
        let help = "check the issuer in the file: its document is at ISSUER/.well-known/openid-configuration";
        return Finding::wrong("provider", format!("{what} answers {} where its discovery document should be", answer.status), help);
    }
    if answer.status >= 500 {
        return Finding::warning(
            "provider",
            format!("{what} answers {}", answer.status),
            "the provider may be out of order; try again later",
        );
    }
    Finding::fine("provider", format!("{what} answers"))
}

fn unreached(what: &str, why: &NoAnswer, looks_up_beside_proxy: bool) -> Finding {
    let help = if looks_up_beside_proxy && *why == NoAnswer::HostUnknown {
        LET_THE_PROXY_LOOK_UP
    } else {
        "logins with it fail until that is mended; `portaria try NAME` shows one step by step"
    };
    Finding::wrong("provider", format!("{what}: {why}"), help)
}

/// The moment that an answer names.
fn date_of(answer: &Response) -> Option<i64> {
    let (_, date) = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.timestamp())
}

/// Whether the address of a store leads to this installation: the keys that it publishes are those of the storage.
async fn examine_own_address(store: &Store, authorities: &TrustedAuthorities, key_ids: &[Box<str>], findings: &mut Vec<Finding>) {
    let address = &store.public_url;
    // The operator's own address may lie in a private network.
    let (network, _) = Network::new(NetworkPolicy { everything: true, ..NetworkPolicy::default() }, authorities, None);
    let answer = network.send(&Request::for_document(&format!("{address}/.well-known/jwks.json"))).await;
    findings.push(match answer {
        Err(NoAnswer::ConnectionRefused) if store.loopback => {
            Finding::warning("own address", format!("{address}: no program listens there"), "start the broker: `portaria serve`")
        }
        Err(why) => {
            let why = why.to_string().replace("the provider's", "its").replace("the provider", "it");
            let help = "check the name in DNS, the proxy in front, and that the broker runs; a machine may also be unable to reach its own address";
            Finding::wrong("own address", format!("{address}: {why}"), help)
        }
        Ok(answer) => judge_own_answer(address, &answer, key_ids),
    });
    if store.secure
        && let Ok(url) = Url::parse(address)
    {
        let (host, port) = (url.host_str().unwrap_or_default().to_owned(), url.port_or_known_default().unwrap_or(443));
        let authorities = authorities.clone();
        let expiry = tokio::task::spawn_blocking(move || certificate::expiry(&host, port, &authorities)).await;
        let was_seen = |why: &NoAnswer| matches!(why, NoAnswer::Certificate(_));
        let help = |why: &NoAnswer| if was_seen(why) { FAULTY_CERTIFICATE } else { UNSEEN_CERTIFICATE };
        findings.push(match expiry {
            Ok(Ok(until)) => judge_certificate(address, until, clock::now()),
            Ok(Err(why)) => Finding::wrong("certificate", format!("{address}: {}", why.sentence_about("the server")), help(&why)),
            Err(_) => Finding::wrong("certificate", format!("{address}: the look at it broke off"), UNSEEN_CERTIFICATE),
        });
    }
}

/// The help where a certificate was seen that cannot be used, and where none was seen.
const FAULTY_CERTIFICATE: &str = "renew or replace the certificate at the proxy in front of the broker";
const UNSEEN_CERTIFICATE: &str =
    "the certificate was not looked at; check the name in DNS, and that TLS is spoken at the port of the address";

fn judge_own_answer(address: &str, answer: &Response, key_ids: &[Box<str>]) -> Finding {
    let published: Option<Value> = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200);
    let Some(published) = published else {
        let help = "send all paths of the broker there: docker/proxies has the files for nginx, Caddy, Traefik and HAProxy";
        return Finding::wrong("own address", format!("{address} answers {} where the keys should be", answer.status), help);
    };
    if key_ids.is_empty() {
        let said = format!("{address} answers with keys, and those of the storage were not read, so they cannot be compared");
        return Finding::warning("own address", said, "mend what is said of the storage first");
    }
    let is_ours = |key: &Value| key_ids.iter().any(|id| key["kid"] == **id);
    if published["keys"].as_array().is_some_and(|keys| keys.iter().any(is_ours)) {
        return Finding::fine("own address", format!("{address} leads to this installation"));
    }
    let help = "does the name lead to an older machine, or does the broker there use another storage? name that of the broker: `--storage`";
    Finding::wrong("own address", format!("{address} leads to another installation: it publishes none of the keys of this storage"), help)
}

fn judge_certificate(address: &str, until: i64, now: i64) -> Finding {
    let left = until.saturating_sub(now);
    let said = format!("that of {address} is valid until {}, {} more days", format_day(until), left.div_euclid(86400));
    if left < SOON {
        Finding::warning("certificate", said, "renew it: the proxy in front was to do that by now")
    } else {
        Finding::fine("certificate", said)
    }
}

async fn examine_mail(store: &Store, findings: &mut Vec<Finding>) {
    let Some(mail) = &store.mail else { return };
    let reached = match Mailer::new(&mail.smtp, None, None, &mail.from) {
        Ok(mailer) => mailer.reach().await,
        Err(why) => Err(why),
    };
    findings.push(match reached {
        Ok(()) => Finding::fine("mail", format!("{}: the mail server of {} answers", store.name, mail.smtp.value)),
        Err(why) => Finding::wrong(
            "mail",
            format!("{}: {why}", store.name),
            "check `mail: { smtp: … }`, and whether this machine may reach that port",
        ),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Standing;

    #[test]
    fn a_certificate_is_warned_about_two_weeks_before_its_end() {
        let standing = |days: i64| judge_certificate("https://login.loja.example", days * 86400, 0).standing;

        assert_eq!((standing(15), standing(13), standing(-1)), (Standing::Fine, Standing::Warning, Standing::Warning));
    }

    #[test]
    fn the_own_address_leads_here_if_it_publishes_a_key_of_the_storage() {
        let answer = |status, body: &str| Response { status, body: body.as_bytes().to_vec(), ..Response::default() };
        let judged = |answer: &Response| judge_own_answer("https://login.loja.example", answer, &["a".into()]);

        assert_eq!(judged(&answer(200, r#"{"keys":[{"kid":"b"},{"kid":"a"}]}"#)).standing, Standing::Fine);
        let unread = judge_own_answer("https://login.loja.example", &answer(200, r#"{"keys":[{"kid":"b"}]}"#), &[]);
        assert!(unread.standing == Standing::Warning && unread.said.contains("cannot be compared"), "{unread:?}");
        let other = judged(&answer(200, r#"{"keys":[{"kid":"b"}]}"#));
        assert!(other.standing == Standing::Wrong && other.said.contains("leads to another installation"), "{other:?}");
        assert_eq!(judged(&answer(502, "{}")).standing, Standing::Wrong);
        assert_eq!(judged(&answer(200, "<html>")).standing, Standing::Wrong);
    }

    #[test]
    fn a_clock_that_differs_is_said_with_its_direction() {
        let date = |date: &str| date_of(&Response { headers: vec![("date".into(), date.into())], ..Response::default() });
        let theirs = date("Mon, 05 Jan 2026 12:00:00 GMT").expect("a date");

        assert_eq!((theirs, date("soon")), (1_767_614_400, None));
        assert_eq!(compare_clocks("x", theirs, theirs + 30).standing, Standing::Fine);
        let behind = compare_clocks("x", theirs, theirs - 31);
        assert_eq!(
            (behind.standing, behind.said.as_str()),
            (Standing::Wrong, "the clock of this machine is 31 seconds behind the clock of x")
        );
    }
}
