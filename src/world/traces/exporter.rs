//! The queue between the spans and the collector. It is bounded: what does not fit is lost, and counted, so that no login waits for a collector.

use crate::world::network::Network;
use crate::world::traces::collector::Collector;
use crate::world::traces::settings::CollectorSettings;
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span, SpanData, SpanProcessor};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// How many spans wait at most.
const LONGEST_QUEUE: usize = 2048;
/// How many spans are sent at once.
const MOST_AT_ONCE: usize = 512;
/// How long a span waits for others.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long the end of the broker waits for the last spans.
const FLUSHING: Duration = Duration::from_secs(3);

/// What makes spans and sends them, once traces are wanted.
pub(super) static EXPORTER: OnceLock<Exporter> = OnceLock::new();

pub(super) struct Exporter {
    pub(super) tracer: SdkTracer,
    waiting: Sender<QueuedItem>,
    lost: Arc<AtomicU64>,
    /// It lives as long as the spans.
    _provider: SdkTracerProvider,
}

enum QueuedItem {
    Span(Box<SpanData>),
    /// Answered when everything before it was sent, or is lost.
    Mark(oneshot::Sender<()>),
}

/// Sends spans from now on, by a task of this runtime.
pub(super) fn begin(wanted: CollectorSettings, network: &Network) {
    let CollectorSettings { address, headers, sampler, resource } = wanted;
    let (sender, waiting) = channel(LONGEST_QUEUE);
    let lost = Arc::new(AtomicU64::new(0));
    let collector = Collector::new(&address, headers, &resource, network, Arc::clone(&lost));
    let queue = SpanQueue { waiting: sender.clone(), lost: Arc::clone(&lost) };
    let provider = SdkTracerProvider::builder().with_sampler(sampler).with_resource(resource).with_span_processor(queue).build();
    let exporter = Exporter { tracer: provider.tracer("portaria"), waiting: sender, lost, _provider: provider };
    if EXPORTER.set(exporter).is_ok() {
        tokio::spawn(send_always(waiting, collector));
    }
}

impl Exporter {
    pub(super) fn lost_spans(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) async fn flush(&self) {
        let flushing = async {
            let (done, sent) = oneshot::channel();
            if self.waiting.send(QueuedItem::Mark(done)).await.is_ok() {
                let _ = sent.await;
            }
        };
        let _ = tokio::time::timeout(FLUSHING, flushing).await;
    }
}

/// Takes the spans that have ended.
#[derive(Debug)]
struct SpanQueue {
    waiting: Sender<QueuedItem>,
    lost: Arc<AtomicU64>,
}

impl std::fmt::Debug for QueuedItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("QueuedItem")
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.waiting.try_send(QueuedItem::Span(Box::new(span))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Sends what waits: when it is much, when it has waited for a while, and when the broker ends.
async fn send_always(mut waiting: Receiver<QueuedItem>, mut collector: Collector) {
    let (mut spans, mut marks) = (Vec::new(), Vec::new());
    while let Some(first) = waiting.recv().await {
        let mut pause = pin!(tokio::time::sleep(INTERVAL));
        let mut next = Some(first);
        while let Some(taken) = next {
            match taken {
                QueuedItem::Span(span) => spans.push(*span),
                QueuedItem::Mark(mark) => marks.push(mark),
            }
            if spans.len() >= MOST_AT_ONCE || !marks.is_empty() {
                break;
            }
            next = tokio::select! {
                next = waiting.recv() => next,
                () = &mut pause => None,
            };
        }
        if !spans.is_empty() {
            collector.send(std::mem::take(&mut spans)).await;
        }
        for mark in marks.drain(..) {
            let _ = mark.send(());
        }
    }
}
