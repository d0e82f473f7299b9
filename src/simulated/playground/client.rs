//! The playground as the broker itself calls it, without a network.

use crate::simulated::SimulatedRequest;
use crate::simulated::playground::{PLAYGROUND_BASE, Playground};
use crate::stores::connection::{EmbeddedProvider, within_limits};
use crate::vocabulary::wire::{Request, ResponseFuture};
use crate::world::{clock, random};

impl EmbeddedProvider for Playground {
    fn send<'a>(&'a self, public_url: &'a str, below: &'a str, request: &'a Request) -> ResponseFuture<'a> {
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        let sent = request.as_sent();
        let received = SimulatedRequest {
            method: &request.method.to_string(),
            path: &format!("/{path}"),
            query,
            headers: &sent.headers,
            body: sent.body.as_bytes(),
            public_url,
            base: PLAYGROUND_BASE,
        };
        let answer = self.answer(&received, clock::now(), random::bytes());
        let delay = answer.delay;
        Box::pin(within_limits(answer.into_response(), delay, request))
    }
}
