//! The variables of the environment that OpenTelemetry gives names to. A value that cannot be used ends the start: an operator who asks for
//! traces and gets none would learn it when they are needed.

use crate::provider::hosts::is_loopback;
use crate::vocabulary::text::Text;
use crate::world::secrets::read_variable;
use crate::world::traces::{ENDPOINTS, TraceFault};
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use url::Url;

/// The variable for traces alone and the one for all signals, which counts where the first is not set.
type VariablePair = [&'static str; 2];

/// Variables of which one value alone is supported, with that value and what is done about others.
const FIXED: [(VariablePair, &str, &str); 2] = [
    (["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"], "http/protobuf", ONE_PROTOCOL),
    (["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"], "none", NO_COMPRESSION),
];
const ONE_PROTOCOL: &str =
    "spans are sent as `http/protobuf`, for which collectors listen at port 4318; set that, or leave the variable out";
const NO_COMPRESSION: &str = "spans are sent as they are; set `none`, or leave the variable out";

/// Variables that name files of certificates.
const CERTIFICATES: [VariablePair; 3] = [
    ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"],
    ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"],
    ["OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY"],
];
const HEADERS: VariablePair = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];

/// The variable of a pair that counts, and its value.
fn first_set(names: VariablePair, read: &dyn Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| Some((name, read(name)?)))
}

/// A collector, and what is sent to it.
#[derive(Debug)]
pub(super) struct CollectorSettings {
    pub(super) address: Url,
    pub(super) headers: Vec<(String, Text)>,
    pub(super) sampler: Sampler,
    pub(super) resource: Resource,
}

impl CollectorSettings {
    /// Reads the environment; nothing if it asks for no traces.
    pub(super) fn read() -> Result<Option<Self>, TraceFault> {
        Self::from_variables(&|name| read_variable(name))
    }

    fn from_variables(read: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, TraceFault> {
        let Some((variable, endpoint)) = ENDPOINTS.into_iter().find_map(|name| Some((name, read(name)?))) else { return Ok(None) };
        let is_disabled = match read("OTEL_SDK_DISABLED").map(|value| value.to_ascii_lowercase()).as_deref() {
            Some("true") => true,
            None | Some("false") => false,
            Some(_) => {
                return Err(fault("OTEL_SDK_DISABLED", "is neither `true` nor `false`", "write `true` for no traces, or leave it out"));
            }
        };
        let exporter = read("OTEL_TRACES_EXPORTER");
        if is_disabled || exporter.as_deref() == Some("none") {
            return Ok(None);
        }
        if exporter.is_some_and(|exporter| exporter != "otlp") {
            return Err(fault(
                "OTEL_TRACES_EXPORTER",
                "has another value than `otlp` and `none`",
                "spans are sent by OTLP alone: set `otlp`",
            ));
        }
        for (names, supported, help) in FIXED {
            if let Some((name, _)) = first_set(names, read).filter(|(_, value)| value != supported) {
                return Err(fault(name, &format!("has another value than `{supported}`"), help));
            }
        }
        if let Some((name, _)) = CERTIFICATES.into_iter().find_map(|names| first_set(names, read)) {
            let help =
                "an authority of your own is named in `trustedAuthorities` of the settings; the broker shows the collector no certificate";
            return Err(fault(name, "is not supported", help));
        }
        let (address, headers) = (collector_address(variable, &endpoint)?, headers(read)?);
        let is_readable_on_the_way = address.scheme() == "http" && !is_loopback(address.host_str().unwrap_or_default());
        if let Some((named, _)) = first_set(HEADERS, read).filter(|_| is_readable_on_the_way && !headers.is_empty()) {
            let help = "headers may hold a secret: write `https://`, or send to a collector on this machine, which adds them";
            return Err(fault(variable, &format!("has `http://`, and {named} is set"), help));
        }
        Ok(Some(Self { address, headers, sampler: sampler(read)?, resource: resource(read)? }))
    }
}

/// The values of these variables may be secret, so none is repeated.
fn fault(variable: &str, what: &str, help: &'static str) -> TraceFault {
    TraceFault { message: format!("{variable} {what}"), help }
}

fn collector_address(variable: &str, endpoint: &str) -> Result<Url, TraceFault> {
    let help = "write the address of the collector, such as `http://collector.interno.example:4318`; what it wants to see of the sender belongs in OTEL_EXPORTER_OTLP_HEADERS";
    let url = Url::parse(endpoint).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.filter(|url| url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none());
    let mut url = url.ok_or_else(|| fault(variable, "is not an address with `http://` or `https://`", help))?;
    // The address that is for traces alone is taken as it is.
    if variable == "OTEL_EXPORTER_OTLP_ENDPOINT" {
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Ok(url)
}

/// The pairs of a list such as `key=value,key2=value2`, whose values are percent-encoded.
fn pairs(variable: &str, list: &str) -> Result<Vec<(String, String)>, TraceFault> {
    let odd = || fault(variable, "is not a list such as `key=value,key2=value2`", "write a comma as `%2C`, and other characters in UTF-8");
    let decode = |text: &str| percent_decode_str(text.trim()).decode_utf8().map(String::from).map_err(|_| odd());
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let read = entries.map(|entry| {
        let (key, value) = entry.split_once('=').ok_or_else(odd)?;
        let pair = (decode(key)?, decode(value)?);
        if pair.0.is_empty() { Err(odd()) } else { Ok(pair) }
    });
    read.collect()
}

fn headers(read: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, Text)>, TraceFault> {
    let Some((variable, list)) = first_set(HEADERS, read) else { return Ok(Vec::new()) };
    let label = Arc::from("the header of the collector");
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let header = |(name, value): (String, String)| {
        let is_sendable = name.bytes().all(is_token) && !value.contains(|letter: char| letter.is_control());
        let help = "headers are written as `authorization=Bearer%20…`";
        if is_sendable { Ok((name, Text::secret(value, &label))) } else { Err(fault(variable, "has a header that cannot be sent", help)) }
    };
    pairs(variable, &list)?.into_iter().map(header).collect()
}

fn sampler(read: &dyn Fn(&str) -> Option<String>) -> Result<Sampler, TraceFault> {
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    let ratio = || {
        let written = read(ARGUMENT).unwrap_or_else(|| "1".to_owned());
        let ratio = written.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        let odd = || fault(ARGUMENT, "is not a share from 0 to 1", "write how many traces of all are kept: `0.1` is one of ten");
        Ok(Sampler::TraceIdRatioBased(ratio.ok_or_else(odd)?))
    };
    let by_parent = |root: Sampler| Sampler::ParentBased(Box::new(root));
    match read(SAMPLER).as_deref() {
        None | Some("parentbased_always_on") => Ok(by_parent(Sampler::AlwaysOn)),
        Some("parentbased_always_off") => Ok(by_parent(Sampler::AlwaysOff)),
        Some("parentbased_traceidratio") => ratio().map(by_parent),
        Some("always_on") => Ok(Sampler::AlwaysOn),
        Some("always_off") => Ok(Sampler::AlwaysOff),
        Some("traceidratio") => ratio(),
        Some(_) => {
            let help = "write `parentbased_always_on` (which is the default), `parentbased_traceidratio`, `parentbased_always_off`, `always_on`, `traceidratio` or `always_off`";
            Err(fault(SAMPLER, "names no sampler that there is here", help))
        }
    }
}

/// What the spans are of: this program, unless the environment gives it another name.
fn resource(read: &dyn Fn(&str) -> Option<String>) -> Result<Resource, TraceFault> {
    const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let written = read(ATTRIBUTES).map(|list| pairs(ATTRIBUTES, &list)).transpose()?.unwrap_or_default();
    let name = read("OTEL_SERVICE_NAME").map(|name| KeyValue::new("service.name", name));
    let builder = Resource::builder_empty().with_detector(Box::new(TelemetryResourceDetector));
    let builder =
        builder.with_attributes([KeyValue::new("service.name", "portaria"), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))]);
    let builder = builder.with_attributes(written.into_iter().map(|(key, value)| KeyValue::new(key, value)));
    Ok(builder.with_attributes(name).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::Key;

    /// What these variables ask for.
    fn read(variables: &[(&str, &str)]) -> Result<Option<CollectorSettings>, TraceFault> {
        CollectorSettings::from_variables(&|name| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
    }

    fn with(variables: &[(&str, &str)]) -> Result<CollectorSettings, TraceFault> {
        let all = [&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.interno.example:4318")], variables].concat();
        read(&all).map(|wanted| wanted.expect("traces are wanted"))
    }

    #[test]
    fn the_address_for_traces_is_taken_as_it_is_and_the_common_one_gets_their_path() {
        for (variables, expected) in [
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example:4318")][..], Some("http://c.example:4318/v1/traces")),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c.example/otlp/")], Some("https://c.example/otlp/v1/traces")),
            (&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c.example/spans")], Some("https://c.example/spans")),
            (
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t.example")],
                Some("http://t.example/"),
            ),
            (&[("OTEL_SERVICE_NAME", "login")], None),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example"), ("OTEL_SDK_DISABLED", "true")], None),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example"), ("OTEL_TRACES_EXPORTER", "none")], None),
        ] {
            let wanted = read(variables).expect("the values are right");

            assert_eq!(wanted.as_ref().map(|wanted| wanted.address.as_str()), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named_by_its_variable_and_not_repeated() {
        for (variable, value) in [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "canary.example:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://canary.example"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://canary:canary@c.example"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c.example/?key=canary"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "canary"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "=canary"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "canary name=canary"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary%0A"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary%ff"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/canary.pem"),
            ("OTEL_TRACES_EXPORTER", "canary"),
            ("OTEL_SDK_DISABLED", "canary"),
            ("OTEL_TRACES_SAMPLER", "canary"),
            ("OTEL_RESOURCE_ATTRIBUTES", "canary"),
        ] {
            let fault = with(&[(variable, value)]).expect_err(value);

            let said = format!("{} {}", fault.message, fault.help);
            assert!(said.starts_with(variable) && !said.contains("canary"), "{said}");
        }
        for ratio in ["canary", "-0.1", "1.1", "NaN", "10%"] {
            assert!(with(&[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", ratio)]).is_err(), "{ratio}");
        }
    }

    #[test]
    fn the_variable_for_traces_alone_counts_before_the_common_one_and_is_the_one_that_is_named() {
        let common = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")];
        let own = [("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"), ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none")];

        assert!(with(&[common, own].concat()).is_ok() && with(&common).is_err());
        let fault = with(&[("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=x")]).expect_err("it is readable on the line");
        assert!(fault.message.ends_with("has `http://`, and OTEL_EXPORTER_OTLP_TRACES_HEADERS is set"), "{}", fault.message);
    }

    #[test]
    fn a_header_that_may_be_secret_leaves_this_machine_by_https_alone() {
        let to = |address: &str| read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", address), ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=x")]);

        assert!(to("http://collector.interno.example:4318").is_err());
        assert!(to("https://collector.interno.example").is_ok() && to("http://127.0.0.1:4318").is_ok() && to("http://[::1]:4318").is_ok());
    }

    #[test]
    fn the_sampler_the_headers_and_the_names_are_those_of_the_environment() {
        let wanted = with(&[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://collector.interno.example/v1/traces"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x%2Cy, x-tenant = loja ,"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=outro,deployment.environment.name=produ%C3%A7%C3%A3o"),
            ("OTEL_SERVICE_NAME", "entrada"),
        ])
        .expect("the values are right");

        let attribute = |key: &'static str| wanted.resource.get(&Key::new(key)).map(|value| value.to_string());
        assert_eq!(format!("{:?}", wanted.sampler), "ParentBased(TraceIdRatioBased(0.25))");
        assert_eq!(wanted.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["authorization", "x-tenant"]);
        assert!(!format!("{wanted:?}").contains("Bearer"));
        assert_eq!(attribute("service.name").as_deref(), Some("entrada"));
        assert_eq!(attribute("deployment.environment.name").as_deref(), Some("produção"));
        assert_eq!(attribute("service.version").as_deref(), Some(env!("CARGO_PKG_VERSION")));
        let default = with(&[]).expect("the values are right");
        assert_eq!(format!("{:?}", default.sampler), "ParentBased(AlwaysOn)");
        assert_eq!(default.resource.get(&Key::new("service.name")).map(|value| value.to_string()).as_deref(), Some("portaria"));
    }
}
