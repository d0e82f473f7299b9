//! Traces: spans of requests, logins and deliveries for a collector of OpenTelemetry. Without the feature `opentelemetry` a span is nothing.
//!
//! A span holds names of methods, routes, stores, provider files, steps and causes, hosts, and numbers. No personal data and no secret may be
//! given to it: no address with values, no header, no id of a person.

#![cfg_attr(not(feature = "opentelemetry"), expect(clippy::unused_self, clippy::unused_async, reason = "a span is nothing then"))]

#[cfg(feature = "opentelemetry")]
mod collector;
#[cfg(feature = "opentelemetry")]
mod exporter;
#[cfg(feature = "opentelemetry")]
mod settings;

use crate::world::network::Network;
use std::fmt;
use std::future::Future;
use url::Url;

#[cfg(feature = "opentelemetry")]
use {
    crate::world::traces::exporter::EXPORTER,
    opentelemetry::trace::{FutureExt as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _},
    opentelemetry::{Context, KeyValue},
};

/// Whether the program was built with traces.
pub(crate) const ARE_BUILT_IN: bool = cfg!(feature = "opentelemetry");

/// The variables that ask for traces.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// A variable of the environment whose value cannot be used: what is so, and what to do.
#[derive(Debug)]
pub(crate) struct TraceFault {
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// What the environment says of traces.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    #[cfg(feature = "opentelemetry")]
    wanted: Option<settings::CollectorSettings>,
}

impl TraceSettings {
    /// Reads the environment. A program without the feature warns that it has no traces.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn read() -> Result<Self, TraceFault> {
        Ok(Self { wanted: settings::CollectorSettings::read()? })
    }

    /// Reads the environment. A program without the feature warns that it has no traces.
    #[cfg(not(feature = "opentelemetry"))]
    #[expect(clippy::unnecessary_wraps, reason = "with traces a value may be wrong")]
    pub(crate) fn read() -> Result<Self, TraceFault> {
        use crate::world::secrets::read_variable;
        let is_off = |name: &str, off: &str| read_variable(name).is_some_and(|value| value.eq_ignore_ascii_case(off));
        let found = ENDPOINTS.into_iter().find(|name| read_variable(name).is_some());
        if let Some(variable) = found.filter(|_| !is_off("OTEL_SDK_DISABLED", "true") && !is_off("OTEL_TRACES_EXPORTER", "none")) {
            tracing::warn!("{variable} is set, and this program was built without traces: build it with `--features opentelemetry`");
        }
        Ok(Self {})
    }

    /// From now on spans are sent to the collector. It is reached through the proxy of the network, which trusts the same authorities.
    pub(crate) fn begin(self, network: &Network) {
        #[cfg(feature = "opentelemetry")]
        if let Some(wanted) = self.wanted {
            exporter::begin(wanted, network);
        }
        #[cfg(not(feature = "opentelemetry"))]
        let _ = network;
    }
}

/// How many spans no collector has got.
pub(crate) fn lost_spans() -> u64 {
    #[cfg(feature = "opentelemetry")]
    {
        EXPORTER.get().map_or(0, exporter::Exporter::lost_spans)
    }
    #[cfg(not(feature = "opentelemetry"))]
    {
        0
    }
}

/// Waits until the spans that have ended are sent, but not for ever.
pub(crate) async fn flush() {
    #[cfg(feature = "opentelemetry")]
    if let Some(exporter) = EXPORTER.get() {
        exporter.flush().await;
    }
}

/// A span, which ends when it is dropped.
#[derive(Default)]
pub(crate) struct TraceSpan {
    #[cfg(feature = "opentelemetry")]
    context: Option<Context>,
}

impl fmt::Debug for TraceSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceSpan").finish_non_exhaustive()
    }
}

impl TraceSpan {
    /// The span of a request that has arrived. `parent` is the header `traceparent` of a proxy that is trusted.
    pub(crate) fn of_request(parent: Option<&str>) -> Self {
        #[cfg(feature = "opentelemetry")]
        {
            Self::start("request", SpanKind::Server, || {
                let parent = parent.and_then(parent_of_header);
                parent.map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent))
            })
        }
        #[cfg(not(feature = "opentelemetry"))]
        {
            let _ = parent;
            Self::default()
        }
    }

    /// The span of something that another server is asked to do, within the span of the request if there is one.
    pub(crate) fn of_call(name: &'static str) -> Self {
        #[cfg(feature = "opentelemetry")]
        {
            Self::start(name, SpanKind::Client, Context::current)
        }
        #[cfg(not(feature = "opentelemetry"))]
        {
            let _ = name;
            Self::default()
        }
    }

    /// The same, and none if there is no request: what is done all the time has no trace.
    pub(crate) fn within_request(name: &'static str) -> Self {
        #[cfg(feature = "opentelemetry")]
        {
            if Context::map_current(Context::has_active_span) { Self::of_call(name) } else { Self::default() }
        }
        #[cfg(not(feature = "opentelemetry"))]
        {
            let _ = name;
            Self::default()
        }
    }

    #[cfg(feature = "opentelemetry")]
    fn start(name: &'static str, kind: SpanKind, parent: impl FnOnce() -> Context) -> Self {
        let context = EXPORTER.get().map(|exporter| {
            let parent = parent();
            let span = exporter.tracer.build_with_context(SpanBuilder::from_name(name).with_kind(kind), &parent);
            parent.with_span(span)
        });
        Self { context }
    }

    pub(crate) fn text(&self, key: &'static str, value: &str) {
        #[cfg(feature = "opentelemetry")]
        if let Some(context) = &self.context {
            context.span().set_attribute(KeyValue::new(key, value.to_owned()));
        }
        #[cfg(not(feature = "opentelemetry"))]
        let _ = (key, value);
    }

    pub(crate) fn number(&self, key: &'static str, value: impl Into<i64>) {
        #[cfg(feature = "opentelemetry")]
        if let Some(context) = &self.context {
            context.span().set_attribute(KeyValue::new(key, value.into()));
        }
        #[cfg(not(feature = "opentelemetry"))]
        let _ = (key, value.into());
    }

    /// The host and the port of an address, and nothing else of it.
    pub(crate) fn server(&self, address: &str) {
        if !self.is_recorded() {
            return;
        }
        let Ok(url) = Url::parse(address) else { return };
        self.text("server.address", url.host_str().unwrap_or_default().trim_matches(['[', ']']));
        self.number("server.port", url.port_or_known_default().unwrap_or_default());
    }

    /// What was asked for has failed, with the word of the cause.
    pub(crate) fn failed(&self, cause: &str) {
        self.text("error.type", cause);
        #[cfg(feature = "opentelemetry")]
        if let Some(context) = &self.context {
            context.span().set_status(Status::error(""));
        }
    }

    /// The span of a request is named by its method and its route.
    pub(crate) fn name(&self, method: &str, route: &str) {
        #[cfg(feature = "opentelemetry")]
        if let Some(context) = &self.context {
            context.span().update_name(format!("{method} {route}").trim_end().to_owned());
        }
        #[cfg(not(feature = "opentelemetry"))]
        let _ = (method, route);
    }

    /// Whether there is a span that will be sent.
    pub(crate) fn is_recorded(&self) -> bool {
        #[cfg(feature = "opentelemetry")]
        {
            self.context.as_ref().is_some_and(|context| context.span().is_recording())
        }
        #[cfg(not(feature = "opentelemetry"))]
        {
            false
        }
    }

    /// The id by which lines of the log and spans meet.
    pub(crate) fn trace_id(&self) -> Option<String> {
        #[cfg(feature = "opentelemetry")]
        {
            let span = self.context.as_ref()?.span().span_context().clone();
            span.is_sampled().then(|| span.trace_id().to_string())
        }
        #[cfg(not(feature = "opentelemetry"))]
        {
            None
        }
    }

    /// The header `traceparent` for a server of the operator's own.
    pub(crate) fn traceparent(&self) -> Option<String> {
        #[cfg(feature = "opentelemetry")]
        {
            let span = self.context.as_ref()?.span().span_context().clone();
            Some(format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags()))
        }
        #[cfg(not(feature = "opentelemetry"))]
        {
            None
        }
    }

    /// What is begun while this is awaited lies within the span.
    pub(crate) fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "opentelemetry")]
        {
            work.with_context(self.context.clone().unwrap_or_default())
        }
        #[cfg(not(feature = "opentelemetry"))]
        {
            work
        }
    }
}

/// It ends here, and not with the work that goes on after its request and still holds the context.
#[cfg(feature = "opentelemetry")]
impl Drop for TraceSpan {
    fn drop(&mut self) {
        if let Some(context) = &self.context {
            context.span().end();
        }
    }
}

/// What goes on after a request, or beside it, lies within its span.
pub(crate) fn in_current_span<F: Future>(work: F) -> impl Future<Output = F::Output> + use<F> {
    #[cfg(feature = "opentelemetry")]
    {
        work.with_current_context()
    }
    #[cfg(not(feature = "opentelemetry"))]
    {
        work
    }
}

/// Notes something in the span of the request.
pub(crate) fn note(key: &'static str, value: &str) {
    #[cfg(feature = "opentelemetry")]
    Context::map_current(|context| context.span().set_attribute(KeyValue::new(key, value.to_owned())));
    #[cfg(not(feature = "opentelemetry"))]
    let _ = (key, value);
}

/// The span of a header as W3C's Trace Context writes it.
#[cfg(feature = "opentelemetry")]
fn parent_of_header(header: &str) -> Option<SpanContext> {
    use opentelemetry::propagation::TextMapPropagator as _;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use std::collections::HashMap;
    let headers = HashMap::from([("traceparent".to_owned(), header.to_owned())]);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
    let parent = context.span().span_context().clone();
    parent.is_valid().then_some(parent)
}
