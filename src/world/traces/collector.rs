//! Hands spans to the collector of the operator, by OTLP over HTTP.

use crate::vocabulary::text::Text;
use crate::vocabulary::wire::{LARGEST_ANSWER, Method, Request, USER_AGENT};
use crate::world::addresses::NetworkPolicy;
use crate::world::network::Network;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use url::Url;

/// How long the collector may take.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Collector {
    network: Network,
    request: Request,
    resource: ResourceAttributesWithSchema,
    lost: Arc<AtomicU64>,
    /// Whether it did not take the spans before; that is logged once.
    is_away: bool,
}

impl Collector {
    /// Its address stands in the environment, so it may lie inside the operator's network.
    pub(super) fn new(address: &Url, headers: Vec<(String, Text)>, resource: &Resource, network: &Network, lost: Arc<AtomicU64>) -> Self {
        let host = address.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let own = [("Content-Type", "application/x-protobuf"), ("User-Agent", USER_AGENT)];
        let own = own.map(|(name, value)| (name.into(), Text::plain(value)));
        let request = Request {
            method: Method::Post,
            address: Text::plain(address.as_str()),
            headers: own.into_iter().chain(headers.into_iter().map(|(name, value)| (name.into(), value))).collect(),
            body: None,
            largest: LARGEST_ANSWER,
            timeout: TIMEOUT,
        };
        let network = network.beside(NetworkPolicy { everything: false, private_hosts: vec![host.into()] });
        Self { network, request, resource: resource.into(), lost, is_away: false }
    }

    /// Sends spans. Those that it does not take are lost.
    pub(super) async fn send(&mut self, spans: Vec<SpanData>) {
        let many = u64::try_from(spans.len()).unwrap_or(u64::MAX);
        let message = ExportTraceServiceRequest { resource_spans: group_spans_by_resource_and_scope(spans, &self.resource) };
        let refusal = match self.network.send_bytes(&self.request, message.encode_to_vec()).await {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let rejected = ExportTraceServiceResponse::decode(&*answer.body).ok().and_then(|answer| answer.partial_success);
                let rejected = rejected.and_then(|partial| u64::try_from(partial.rejected_spans).ok()).unwrap_or_default();
                self.lost.fetch_add(rejected.min(many), Ordering::Relaxed);
                None
            }
            Ok(answer) => Some(format!("it answered with the status {}", answer.status)),
            Err(why) => Some(why.sentence_about("the collector")),
        };
        match &refusal {
            Some(reason) => {
                self.lost.fetch_add(many, Ordering::Relaxed);
                if !self.is_away {
                    tracing::warn!(reason, "the collector takes no spans; they are lost until it does, and nothing else waits for it");
                }
            }
            None if self.is_away => tracing::info!("the collector takes spans again"),
            None => {}
        }
        self.is_away = refusal.is_some();
    }
}
