//! Compiles a provider file: the result is a provider without mistakes, or a report of all mistakes.

use crate::provider::address::{Address, AddressContext};
use crate::provider::authorization::{self, Authorization, AuthorizationSpec};
use crate::provider::call::{self, CallSpec};
use crate::provider::client_token::{self, ClientTokenCheck};
use crate::provider::compiled_file::CompiledFile;
use crate::provider::condition::Condition;
use crate::provider::declared_values::DeclaredValues;
use crate::provider::discovery::Discovery;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::exchange::{ExchangeCheck, ExchangeWords};
use crate::provider::fact_flow_check::FactFlowCheck;
use crate::provider::facts::{FROM_DISCOVERY, WellKnownFacts};
use crate::provider::file_name::{check_file_name, is_name};
use crate::provider::hosts;
use crate::provider::identity::{IdentityMapping, IdentitySpec};
use crate::provider::implied_userinfo::ImpliedUserInfo;
use crate::provider::inputs::{Input, InputSpec};
use crate::provider::issuer::Issuer;
use crate::provider::listing::Listing;
use crate::provider::logo::ProviderLogo;
use crate::provider::passkey::PASSKEY;
use crate::provider::pkce::Pkce;
use crate::provider::proof_check::ProofCheck;
use crate::provider::provider_spec::ProviderSpec;
use crate::provider::redirect_address::RedirectAddress;
use crate::provider::rollout::Rollout;
use crate::provider::sense_check::SenseCheck;
use crate::provider::session_swap;
use crate::provider::standard;
use crate::provider::step::{Step, StepKind};
use crate::provider::step_context::{StepContext, check_own_name};
use crate::provider::template::Template;
use crate::provider::token_keeping::{TokenKeepingCheck, TokenKeepingSpec};
use crate::provider::trust::{EmailTrustPolicy, MissingEmailPolicy};
use crate::provider::{InstallationContext, Provider, RequiredSetting};
use crate::vocabulary::diagnostic::{Report, printable};
use crate::vocabulary::names::Slot;
use crate::vocabulary::place::{Located, Place, Source};
use crate::vocabulary::words::{NamedValues, Reader, WordValue};
use crate::vocabulary::yaml::YamlNode;
use std::sync::Arc;

/// Compiles a file. The report may contain warnings even when there is a provider.
pub fn compile(source: &Source, installation: InstallationContext) -> (Option<Provider>, Report) {
    let mut reader = Reader::default();
    match reader.parse_source(source, "write `name:` and the steps, or copy a file from the catalogue") {
        Some(node) => compile_node(source, &node, installation, reader),
        None => (None, Report::new(source.clone(), reader.complaints)),
    }
}

/// Compiles a file that has been parsed.
pub fn compile_node(source: &Source, node: &YamlNode, installation: InstallationContext, mut reader: Reader) -> (Option<Provider>, Report) {
    let known = WellKnownFacts::register(&mut reader);
    let name = source.stem().to_owned();
    check_file_name(&name, &mut reader);
    let spec = ProviderSpec::read(node, &mut reader);
    let provider = spec.and_then(|spec| assemble(source, &name, spec, known, installation, &mut reader));
    if reader.names.is_over_limit() {
        reader.complaints.clear();
        reader.complain_about_file("the file names more than 500 facts", "no provider needs that many; leave out what is not used");
    }
    let report = Report::new(source.clone(), reader.complaints);
    let provider = provider.filter(|_| !report.is_broken()).map(Provider::held_to_persons);
    (provider, report)
}

/// The key of the identities, and its place if the file has the word.
fn checked_key(spec: &mut ProviderSpec, name: &str, reader: &mut Reader) -> (Box<str>, Option<Place>) {
    let Some(key) = spec.key.take() else { return (name.into(), None) };
    if !is_name(&key) {
        reader.complain(
            key.place,
            format!("`{}` cannot be a key", printable(&key)),
            "write what the file was called before: letters, digits, `-` and `_`",
        );
    } else if key.value == EMAIL_CODE {
        let help = "write another key, or leave it out";
        reader.complain(key.place, "under the key `email` stand the identities of people who sign in by a code", help);
    } else if key.value == PASSKEY {
        let help = "write another key, or leave it out";
        reader.complain(key.place, "under the key `passkey` stand the sessions of people who sign in by a passkey", help);
    }
    (key.value.into(), Some(key.place))
}

/// The steps of a file, compiled as far as they can be.
struct CompiledSteps {
    /// The calls before the redirect.
    prepare: Vec<Step>,
    authorization: Option<Authorization>,
    /// The calls after the callback.
    calls: Vec<Step>,
    /// The call for the client's own token.
    client_token: Option<Step>,
    /// The position behind all calls.
    behind_all: u16,
    complete: bool,
}

fn assemble(
    source: &Source,
    name: &str,
    mut spec: ProviderSpec,
    known: WellKnownFacts,
    installation: InstallationContext,
    reader: &mut Reader,
) -> Option<Provider> {
    let top = Place { start: spec.place.start, end: spec.place.start, ..spec.place };
    let title = checked_title(&mut spec, top, reader);
    let (key, key_place) = checked_key(&mut spec, name, reader);
    let installed = DeclaredValues::collect(&mut spec, name, known, reader);
    let inputs = compile_inputs(spec.inputs.take(), reader);
    let hosts = checked_hosts(&mut spec, &installed, (known, installation), reader);
    let documents: Vec<Slot> = FROM_DISCOVERY.iter().map(|(fact, _)| reader.names.intern(fact)).collect();
    let addresses = || AddressContext { hosts: hosts.as_deref(), loopback: installation.loopback, documents: &documents };
    let has_discovery = spec.discovery.is_some();
    let discovery = spec.discovery.take().and_then(|template| Discovery::compile(template, &addresses(), reader));
    let issuer = spec.issuer.take().and_then(|template| Issuer::compile(template, has_discovery, &addresses(), reader));
    let (written, pkce) = (spec.written_facts(reader), spec.pkce.unwrap_or(Pkce::S256));
    let (refused, accepted) = (spec.refused.take().unwrap_or_default().0, spec.accepted.take().unwrap_or_default().0);
    let person_is_listed = spec.person.as_ref().is_some_and(|calls| calls.0.len() > 1);
    let of_file = (&*refused, &*accepted, &*written);
    let mut context = StepContext { person_is_listed, ..StepContext::new(known, &installed, addresses(), (pkce, has_discovery), of_file) };
    let keeping = TokenKeepingSpec::take(&mut spec, has_discovery, top, reader);
    let CompiledSteps { mut prepare, authorization, mut calls, mut client_token, behind_all, complete } =
        compile_steps(&mut spec, &mut context, top, reader);
    let keeping = keeping.map(|spec| spec.compile(behind_all.saturating_add(1), &context, reader));
    let exchange = spec.exchange.take().map(|spec| ExchangeWords::compile(spec, behind_all, context, reader));
    let logout = spec.logout.take().and_then(|template| Address::compile(template, &addresses(), reader));
    let (trust, missing) = (spec.trust_email.take(), spec.missing_email.take());
    let asks_for_email = missing.as_ref().filter(|missing| matches!(missing.value, MissingEmailPolicy::Ask)).map(|missing| missing.place);
    let composition = compile_identity(spec.identity.take(), trust.as_ref(), missing.as_ref(), reader);
    let mut authorization = authorization?;
    push_reauthenticate(&mut prepare, &mut authorization.step);
    let file = CompiledFile {
        client_token: client_token.as_ref(),
        prepare: &prepare,
        authorization: &authorization,
        calls: &calls,
        installed: &installed,
        inputs: &inputs,
        identity: &composition,
        trust: trust.as_ref(),
        missing: missing.as_ref(),
        require: spec.require.as_ref(),
        discovery: discovery.as_ref(),
        issuer: issuer.as_ref(),
        has_discovery,
        exchange: exchange.as_ref(),
        logout: logout.as_ref(),
        keeping: keeping.as_ref(),
        pkce,
        known,
        top,
    };
    let is_callback_tied = session_swap::is_callback_tied(&file);
    let (needed, used) = if complete { check_whole_file(&spec, &file, reader) } else { (Vec::new(), Vec::new()) };
    let carried = ProofCheck { file: &file }.carried_facts(reader).into();
    let reports = complete && is_absent(&spec, "exchange", reader) && !reader.has_errors();
    let mut exchange = ExchangeCheck { file: &file }.find(reports, reader);
    let mut keeping = keeping.as_ref().map(|keeping| Box::new(TokenKeepingCheck { file: &file }.settled(keeping, reader)));
    let lifetime = reader.names.intern(standard::LIFETIME);
    if keeping.is_none() && !used.contains(&lifetime) {
        calls.iter_mut().for_each(|step| step.reads.retain(|read| read.written || read.fact != lifetime));
    }
    let ask = exchange.words.as_mut().and_then(|words| words.ask.as_mut());
    let refresh = keeping.as_mut().and_then(|keeping| keeping.refresh.as_mut().ok());
    let others = client_token.iter_mut().chain(ask).chain(refresh);
    complete_steps(&carried, prepare.iter_mut().chain([&mut authorization.step]).chain(&mut calls).chain(others).collect());
    Some(Provider {
        source: source.clone(),
        name: name.into(),
        key,
        key_place,
        title: title.map_or_else(|| name.into(), |title| title.value.into()),
        authorization: authorization.step,
        prepared: prepare.len(),
        calls: prepare.into_iter().chain(calls).chain(client_token).collect(),
        callback: authorization.callback,
        redirect_address: RedirectAddress::compile(spec.redirect_uri.as_ref(), authorization.state_in, reader),
        state_in: authorization.state_in,
        is_callback_tied,
        state: authorization.state,
        pkce,
        scope: authorization.scope.map(|scope| scope.value.into()),
        discovery,
        issuer,
        inputs,
        needed,
        literals: installed.literals.iter().map(|(fact, text, _)| (*fact, text.clone())).collect(),
        identity: composition,
        asks_for_email,
        require: spec.require,
        logo: spec.logo.and_then(|logo| ProviderLogo::compile(&logo, reader)),
        order: spec.order.unwrap_or(100),
        hidden: spec.hidden.unwrap_or(false),
        refuses_embedded_browsers: spec.refuses_embedded_browsers.unwrap_or(false),
        enabled: spec.enabled.unwrap_or(true),
        exchange: Box::new(exchange),
        logout,
        keeping,
        rollout: Rollout::compile(spec.rollout.as_ref(), source, reader),
        listing: spec.catalogue.map(|spec| Box::new(Listing::compile(spec, name, reader))),
        labels: reader.names.iter().map(|(_, name)| Arc::clone(name)).collect(),
        names: reader.names.clone(),
        known,
    })
}

/// The parameters that ask for a login anew stand in a pushed request, if the file has one.
fn push_reauthenticate(prepare: &mut [Step], redirect: &mut Step) {
    let pushed = prepare.iter_mut().find(|step| step.is_standard_push);
    pushed.into_iter().for_each(|pushed| pushed.reauthenticate = std::mem::take(&mut redirect.reauthenticate));
}

/// How the identity is composed, and what proves its address.
fn compile_identity(
    written: Option<IdentitySpec>,
    trust: Option<&Located<EmailTrustPolicy>>,
    missing: Option<&Located<MissingEmailPolicy>>,
    reader: &mut Reader,
) -> IdentityMapping {
    let trust = trust.map_or(EmailTrustPolicy::Claim, |trust| trust.value.clone());
    let missing = missing.map_or(MissingEmailPolicy::Refuse, |missing| missing.value.clone());
    IdentityMapping::compile(written, trust, missing, reader)
}

/// Stores in every step what only the whole file knows: which facts its requests carry, and whether ID tokens must hold `auth_time`.
fn complete_steps(carried: &Arc<[Slot]>, mut steps: Vec<&mut Step>) {
    let demands_auth_time = steps.iter().flat_map(|step| &step.reauthenticate).any(|parameter| *parameter.name == *"max_age");
    for step in &mut steps {
        step.carried = Arc::clone(carried);
        step.demands_auth_time = demands_auth_time;
    }
}

/// Whether a top-level word of the file is missing, rather than unusable or misspelt.
fn is_absent(spec: &ProviderSpec, word: &str, reader: &Reader) -> bool {
    !reader.is_unusable_word(spec.place, word) && !reader.has_unknown_words(spec.place)
}

fn checked_hosts(
    spec: &mut ProviderSpec,
    installed: &DeclaredValues,
    (known, installation): (WellKnownFacts, InstallationContext),
    reader: &mut Reader,
) -> Option<Vec<Template>> {
    let hosts = spec.hosts.take()?.0;
    // The operator chooses the broker's own address, as they choose a setting.
    let set: Vec<Slot> = installed.non_secret_facts().into_iter().chain([known.public_url]).collect();
    hosts::check_host_patterns(&hosts, &set, installation.loopback, reader);
    Some(hosts)
}

/// Checks how the parts of the file go together, unless an unusable word hides one of them. Returns the values that an installation
/// has to set.
fn check_whole_file(spec: &ProviderSpec, file: &CompiledFile<'_>, reader: &mut Reader) -> (Vec<RequiredSetting>, Vec<Slot>) {
    let others = ["discovery", "issuer", "exchange", "refresh", "getClientToken"];
    let mut parts = ["getAuthorizationCode", "getAccessCode", "getUserInfo", "identity"].into_iter().chain(others);
    if parts.any(|word| !is_absent(spec, word, reader)) {
        return (Vec::new(), Vec::new());
    }
    let (needed, used) = FactFlowCheck { file }.check(reader);
    ClientTokenCheck { file }.check(reader);
    ProofCheck { file }.check(reader);
    if is_absent(spec, "sessionSwap", reader) {
        session_swap::check(file, spec.session_swap.as_ref(), reader);
    }
    SenseCheck { file }.check(reader);
    TokenKeepingCheck { file }.check(reader);
    (needed, used)
}

fn checked_title(spec: &mut ProviderSpec, top: Place, reader: &mut Reader) -> Option<Located<String>> {
    let written = spec.name.take();
    match &written {
        None if !is_absent(spec, "name", reader) => {}
        None => {
            reader.complain_missing(top, "the file does not say what the button is called", "add `name: …`, which becomes “Entrar como …”");
        }
        Some(title) if title.contains("${") => {
            reader.complain(title.place, "holes are not filled in `name`", "write the text as the button shall say it");
        }
        Some(title) if title.trim().is_empty() || title.chars().count() > 60 || printable(title) != title.value => {
            reader.complain(title.place, "this name does not fit on a button", "write 1 to 60 visible characters");
        }
        Some(_) => {}
    }
    written
}

fn compile_inputs(written: Option<NamedValues<InputSpec>>, reader: &mut Reader) -> Vec<Input> {
    let compile = |(name, input): &(Located<String>, InputSpec)| {
        check_own_name(name, name.place, reader);
        reader.names.intern(name);
        Input::compile(name, input, reader)
    };
    written.unwrap_or_default().0.iter().map(compile).collect()
}

fn compile_steps(spec: &mut ProviderSpec, context: &mut StepContext<'_>, top: Place, reader: &mut Reader) -> CompiledSteps {
    let mut written = spec.authorization.take().or_else(|| AuthorizationSpec::empty(top).filter(|_| context.discovery));
    if written.is_none() && is_absent(spec, "getAuthorizationCode", reader) {
        let help = "add `getAuthorizationCode: { get: https://… }`, the address to which the browser is sent";
        reader.complain_missing(top, "the file has no getAuthorizationCode", help);
    }
    let mut positions = 0_u16..;
    let mut compile_call = |kind: StepKind, call: CallSpec, context: &StepContext<'_>, reader: &mut Reader| {
        call::compile(call, (kind, positions.next().unwrap_or(u16::MAX)), context, reader)
    };
    let before = written.as_mut().and_then(|spec| spec.prepare.take()).map_or_else(Vec::new, |list| list.0);
    if let Some(spec) = &written {
        (context.has_scope, context.sends_state) = (spec.has_scope(context), spec.sends_state());
    }
    let prepare: Vec<Option<Step>> =
        before.into_iter().map(|call| compile_call(StepKind::GetAuthorizationCode, call, context, reader)).collect();
    let is_prepared = prepare.iter().all(Option::is_some);
    let prepare: Vec<Step> = prepare.into_iter().flatten().collect();
    let authorization = written.and_then(|spec| authorization::compile(spec, is_prepared.then_some(&*prepare), context, reader));
    (context.nonce_is_sent, context.callback_facts) = authorization.as_ref().map_or((true, Vec::new()), Authorization::for_tokens);
    let access =
        spec.access.take().map(|list| list.0).or_else(|| CallSpec::empty(top).filter(|_| context.discovery).map(|call| vec![call]));
    for (name, reading) in access.iter().flatten().flat_map(|call| &call.read).flat_map(|read| &read.0) {
        if reading.uses().iter().any(|used| context.callback_facts.contains(&used.fact)) {
            context.callback_facts.push(reader.names.intern(&name.value));
        }
    }
    let is_signed = authorization.as_ref().is_some_and(|first| first.step.verify.is_some() || first.step.signed.is_some());
    if access.is_none() && is_absent(spec, "getAccessCode", reader) && !is_signed {
        let help = "add `getAccessCode: { post: https://… }`, with `read: { id: … }` where its answer says who the person is; only a callback that is signed (`verify` or `signed`) is proof without it";
        reader.complain_missing(top, "the file has no getAccessCode", help);
    }
    let implied = implied_userinfo(spec, context, reader);
    let person = spec.person.take().map_or_else(Vec::new, |list| list.0);
    let all = access.unwrap_or_default().into_iter().map(|call| (StepKind::GetAccessCode, call));
    let all = all.chain(person.into_iter().map(|call| (StepKind::GetUserInfo, call)));
    let all: Vec<(StepKind, CallSpec)> = all.collect();
    for (_, call) in all.iter().filter(|(kind, call)| *kind == StepKind::GetAccessCode && !call.is_written()).skip(1) {
        let help = "write this request out with `query`, `form` or `json`; only one call of the list can be the standard token request";
        reader.complain(call.place, "the code would be redeemed twice", help);
    }
    let mut calls: Vec<Option<Step>> = all.into_iter().map(|(kind, call)| compile_call(kind, call, context, reader)).collect();
    if let (Some(implied), Some(call)) = (implied, CallSpec::empty(top)) {
        let step = compile_call(StepKind::GetUserInfo, call, context, reader);
        calls.push(step.map(|step| Step { implied: Some(implied), ..step }));
    }
    let written_token = spec.client_token.take();
    let has_token_call = written_token.is_some();
    let client_token = written_token.and_then(|call| {
        let position = positions.next().unwrap_or(u16::MAX);
        client_token::compile(call, position, context, reader)
    });
    let has_access = calls.iter().flatten().any(|call| call.kind == StepKind::GetAccessCode) || is_signed;
    let complete = has_access && is_prepared && calls.iter().all(Option::is_some) && has_token_call == client_token.is_some();
    let behind_all = positions.next().unwrap_or(u16::MAX);
    CompiledSteps { prepare, authorization, complete, client_token, behind_all, calls: calls.into_iter().flatten().collect() }
}

/// The userinfo call that `discovery` implies, unless the file itself says where the person is read.
fn implied_userinfo(spec: &ProviderSpec, context: &StepContext<'_>, reader: &mut Reader) -> Option<ImpliedUserInfo> {
    let known = context.known;
    let is_written = [known.id, known.email, known.email_verified].iter().any(|fact| context.written.contains(fact));
    let is_composed = spec.identity.as_ref().is_some_and(IdentitySpec::composes_person);
    if !context.discovery || spec.person.is_some() || is_written || is_composed || !is_absent(spec, "getUserInfo", reader) {
        return None;
    }
    let trusts_claim = spec.trust_email.as_ref().is_none_or(|trust| matches!(trust.value, EmailTrustPolicy::Claim));
    let required = spec.require.iter().flat_map(|require| &require.0).flat_map(Condition::uses);
    let needs_claim = trusts_claim || required.into_iter().any(|used| used.fact == known.email_verified);
    Some(ImpliedUserInfo { needs_claim })
}
