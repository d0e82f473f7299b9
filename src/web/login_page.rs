//! `/login`: the providers of the store, and who is signed in already.

use crate::pages::frame::address;
use crate::pages::{EmailCodeForm, LoginChoice, LoginInputField, LoginNotice, LoginPage, PasskeyForm, ProviderIcon, SignedInUser};
use crate::provider::Provider;
use crate::provider::callback::CallbackMethod;
use crate::provider::email_code::EMAIL_CODE;
use crate::provider::hosts::is_loopback;
use crate::provider::passkey::PASSKEY;
use crate::session::Session;
use crate::stores::live::LiveProvider;
use crate::stores::settings::browser_host;
use crate::web::apps::after_logout;
use crate::web::apps::login_for_app::{self, LoginForApp};
use crate::web::logout::provider_with_logout;
use crate::web::passkey_form::{passkey_page_address, sign_in_options_address};
use crate::web::rate_limits::RateLimitKind;
use crate::web::request_context::RequestContext;
use crate::web::sign_in_offer::SignInOffer;
use crate::web::user_facing_error::UserFacingError;
use crate::web::{cookies, email_code, forms, hand_over, headers, passkey_offer};
use actix_web::http::header::{CONTENT_SECURITY_POLICY, VARY};
use actix_web::{HttpResponse, HttpResponseBuilder};
use std::borrow::Borrow;
use std::sync::Arc;

pub(crate) async fn show(context: RequestContext) -> Result<HttpResponse, UserFacingError> {
    context.check_rate_limit(RateLimitKind::Page)?;
    let return_to = context.return_to()?;
    let for_app = login_for_app::of_return_address(&context, return_to.as_deref())?;
    let (live_store, session) = (context.live_store(), context.session());
    if return_to.is_none()
        && session.is_none()
        && let Some(response) = after_logout::resume(&context)
    {
        return Ok(response);
    }
    // A session that is not enough for the app is not offered.
    let is_enough = |session: &&Session| for_app.as_ref().is_none_or(|for_app| !for_app.needs_login(&context, session));
    let offered_session = session.as_ref().filter(is_enough);
    let here = address(&["login"], &[("return_to", return_to.as_deref())]);
    let SignInOffer { live_providers, email_code, passkey, in_app } = SignInOffer::new(&context, for_app.as_ref(), &here);
    let has_passkey = passkey && offered_session.is_none();
    let new_passkey = match offered_session {
        Some(session) => passkey_offer::form_of_signed_in(&context, session, return_to.as_deref()).await,
        None => None,
    };
    let has_script = has_passkey || new_passkey.is_some();
    let (form, form_key) = forms::browser_token(&context);
    let has_form = |live_provider: &LiveProvider| live_provider.provider.begins_by_form() && live_provider.provider.inputs.is_empty();
    let choice = |live_provider: &Arc<LiveProvider>| LoginChoice {
        form: has_form(live_provider).then(|| form.clone()),
        ..provider_choice(live_provider, return_to.as_deref(), &context.language().code)
    };
    let email_code = email_code.then(|| EmailCodeForm { action: email_code::page_address(return_to.as_deref()), form: form.clone() });
    let has_browser_form = email_code.is_some() || live_providers.iter().any(|live_provider| has_form(live_provider));
    let offered = context.offered_languages();
    let page = LoginPage {
        frame: context.frame(&offered, &here),
        choices: live_providers.iter().map(choice).collect(),
        return_to: return_to.as_deref(),
        place: return_to.as_deref().map(|return_to| name_of_place(&context, return_to)),
        app: for_app.as_ref().map(LoginForApp::app_name),
        email_code,
        passkey: has_passkey.then(|| passkey_form(&context, return_to.as_deref(), None)),
        new_passkey,
        in_app,
        last: context.cookies().last_provider(&live_store.store),
        person: offered_session.map(|session| signed_in_person(&context, session, return_to.as_deref())),
        notice: context.query_parameter("signed_out")?.is_some().then_some(LoginNotice::SignedOut),
        operator: live_store.store.loopback,
    };
    let origin = for_app.as_ref().map(LoginForApp::origin);
    let destinations = form_destinations(&context, &live_providers, offered_session, origin.as_deref());
    let mut response =
        if has_script { response_with_passkeys(&context, &destinations, origin.as_deref()) } else { response_to(&context, &destinations) };
    if offered_session.is_none() && has_browser_form {
        cookies::append_to(&mut response, [form_key]);
    }
    // A cookie that stands for no session is cleared.
    if session.is_none() && context.cookies().unique(&live_store.store.cookie).is_some() {
        cookies::append_to(&mut response, cookies::clear_session(&live_store.store, context.cookies()));
    }
    Ok(response.body(page.render()))
}

/// The options of a login in its address.
const OPTIONS: [&str; 3] = ["login_hint", "ui_locales", "reauthenticate"];

/// The page of one provider, whose button begins the login with what the address says. What the address lacks of the provider's inputs
/// is asked for.
pub(crate) fn show_one(context: &RequestContext, live_provider: &LiveProvider) -> Result<HttpResponse, UserFacingError> {
    let return_to = context.return_to()?;
    let inputs = live_provider.provider.inputs.iter().map(|input| &*input.name);
    let mut parameters = Vec::new();
    for name in std::iter::once("return_to").chain(OPTIONS).chain(inputs) {
        parameters.push((name, context.query_parameter(name)?));
    }
    let parameters: Vec<(&str, Option<&str>)> = parameters.iter().map(|(name, value)| (*name, value.as_deref())).collect();
    let here = address(&["login", &live_provider.provider.name], &parameters);
    let for_app = login_for_app::of_return_address(context, return_to.as_deref())?;
    let (form, form_key) = forms::browser_token(context);
    let language = &context.language().code;
    let choice = if lacks_input(context, live_provider)? {
        let carried = OPTIONS.into_iter().filter_map(|option| {
            let (_, value) = parameters.iter().find(|(name, _)| *name == option)?;
            value.map(|value| (option, value.to_owned()))
        });
        LoginChoice { carried: carried.collect(), ..provider_choice(live_provider, None, language) }
    } else {
        LoginChoice { href: here.clone(), inputs: Vec::new(), form: Some(form), ..provider_choice(live_provider, None, language) }
    };
    let offered = context.offered_languages();
    let page = LoginPage {
        frame: context.frame(&offered, &here),
        choices: vec![choice],
        return_to: return_to.as_deref(),
        place: return_to.as_deref().map(|return_to| name_of_place(context, return_to)),
        app: for_app.as_ref().map(LoginForApp::app_name),
        email_code: None,
        passkey: None,
        new_passkey: None,
        in_app: None,
        last: None,
        person: None,
        notice: None,
        operator: false,
    };
    let origin = for_app.as_ref().map(LoginForApp::origin);
    let mut response = response_to(context, &form_destinations(context, std::slice::from_ref(live_provider), None, origin.as_deref()));
    cookies::append_to(&mut response, [form_key]);
    Ok(response.body(page.render()))
}

/// The page with the passkey alone, whether or not the person is signed in.
pub(crate) fn show_passkey(context: &RequestContext) -> Result<HttpResponse, UserFacingError> {
    let return_to = context.return_to()?;
    let for_app = login_for_app::of_return_address(context, return_to.as_deref())?;
    let others = address(&["login"], &[("return_to", return_to.as_deref())]);
    let has_others = SignInOffer::new(context, for_app.as_ref(), &others).has_others_than_passkey();
    let (offered, here) = (context.offered_languages(), passkey_page_address(return_to.as_deref()));
    let page = LoginPage {
        frame: context.frame(&offered, &here),
        choices: Vec::new(),
        return_to: return_to.as_deref(),
        place: return_to.as_deref().map(|return_to| name_of_place(context, return_to)),
        app: for_app.as_ref().map(LoginForApp::app_name),
        email_code: None,
        passkey: Some(passkey_form(context, return_to.as_deref(), Some(others).filter(|_| has_others))),
        new_passkey: None,
        in_app: None,
        last: None,
        person: None,
        notice: None,
        operator: false,
    };
    let origin = for_app.as_ref().map(LoginForApp::origin);
    Ok(response_with_passkeys(context, &[], origin.as_deref()).body(page.render()))
}

fn passkey_form(context: &RequestContext, return_to: Option<&str>, others: Option<String>) -> PasskeyForm {
    let device = cookies::device_cookie(&context.live_store().store);
    PasskeyForm { action: passkey_page_address(return_to), options: sign_in_options_address(return_to), device, others }
}

/// The head of a page whose passkey leads to the places of the store, or to an app, beside what its other forms lead to.
fn response_with_passkeys(context: &RequestContext, destinations: &[&str], app_origin: Option<&str>) -> HttpResponseBuilder {
    let store = &context.live_store().store;
    let app = app_origin.map(headers::app_destinations);
    let own = store.return_to.iter().map(|origin| &**origin).chain(app.as_deref());
    let all = destinations.iter().copied().chain(own);
    let mut response = response_to(context, &[]);
    response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_passkeys(&store.public_url, all)));
    response
}

/// The name of the place at an address: the store, or the host where it is another than the store's own.
fn name_of_place(context: &RequestContext, return_to: &str) -> String {
    let live_store = context.live_store();
    let host = browser_host(return_to).filter(|host| {
        let is_of_store = |origin: &str| browser_host(origin).as_deref() == Some(host);
        !is_loopback(host) && *live_store.store.host != **host && !live_store.look.home.as_deref().is_some_and(is_of_store)
    });
    host.map_or_else(|| live_store.look.title.clone(), |host| host.strip_prefix("www.").unwrap_or(&host).to_owned())
}

/// Whether the address of a login lacks a value that the provider needs of the shopper.
pub(crate) fn lacks_input(context: &RequestContext, live_provider: &LiveProvider) -> Result<bool, UserFacingError> {
    for input in &live_provider.provider.inputs {
        if context.query_parameter(&input.name)?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The head of a page whose forms lead to these destinations as well.
fn response_to(context: &RequestContext, destinations: &[&str]) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((VARY, "Cookie, Accept-Language"));
    if !destinations.is_empty() {
        response.insert_header((CONTENT_SECURITY_POLICY, headers::policy_with_forms(destinations.iter().copied())));
    }
    context.keep_language(&mut response);
    response
}

/// The button of a provider.
pub(crate) fn provider_choice(live_provider: &LiveProvider, return_to: Option<&str>, language: &str) -> LoginChoice {
    let provider = &live_provider.provider;
    let inputs = provider.inputs.iter().map(|input| LoginInputField {
        name: input.name.to_string(),
        label: input.label.in_language(language).to_owned(),
        pattern: input.pattern_text().map(str::to_owned),
    });
    LoginChoice::new(&provider.name, &provider.title, return_to, provider_icon(live_provider), inputs.collect())
}

/// What stands in front of a provider's name.
pub(crate) fn provider_icon(live_provider: &LiveProvider) -> ProviderIcon {
    let provider = &live_provider.provider;
    ProviderIcon::new(&provider.name, &provider.title, live_provider.logo.as_ref().map(|logo| logo.has_ground))
}

fn signed_in_person(context: &RequestContext, session: &Session, return_to: Option<&str>) -> SignedInUser {
    let phrases = &context.language().phrases;
    let provider_title = match &*session.person.provider {
        EMAIL_CODE => Some(phrases.email_code.name.clone()),
        PASSKEY => Some(phrases.passkey.name.clone()),
        _ => provider_title(context, session),
    };
    let goes_on = return_to
        .map(
            |return_to| {
                if hand_over::is_handed_over(context, return_to) { hand_over::continue_address(return_to) } else { return_to.to_owned() }
            },
        )
        .or_else(|| Some(context.live_store().default_landing()).filter(|landing| landing != "/login"));
    SignedInUser {
        email: session.person.email.key().to_owned(),
        name: session.person.name.as_deref().map(str::to_owned),
        provider_title,
        continue_to: goes_on,
    }
}

/// The title of the provider of a session, while its file is live.
fn provider_title(context: &RequestContext, session: &Session) -> Option<String> {
    let live_provider = context.live_store().providers.snapshot().provider_by_key(&session.person.provider).cloned();
    live_provider.map(|live_provider| live_provider.provider.title.to_string())
}

/// The origins to which the forms of the page lead, with that of an app for which the person signs in: browsers apply the page's policy
/// to redirects after a form.
fn form_destinations<'a>(
    context: &'a RequestContext,
    live_providers: &[impl Borrow<LiveProvider>],
    session: Option<&Session>,
    app_origin: Option<&'a str>,
) -> Vec<&'a str> {
    let store = &context.live_store().store;
    let has_form =
        |provider: &Provider| !provider.inputs.is_empty() || provider.callback != CallbackMethod::Get || provider.begins_by_form();
    let leads_to_provider = live_providers.iter().any(|live_provider| has_form(&live_provider.borrow().provider))
        || session.is_some_and(|session| provider_with_logout(context, session).is_some());
    let own = session.into_iter().flat_map(|_| store.return_to.iter().map(|origin| &**origin));
    leads_to_provider.then(|| headers::provider_destinations(store.loopback)).into_iter().chain(own).chain(app_origin).collect()
}
