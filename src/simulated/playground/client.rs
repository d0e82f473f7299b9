//! The playground as the broker itself calls it, without a network.

use crate::simulated::playground::{Playground, PlaygroundRequest};
use crate::stores::connection::{EmbeddedProvider, within_limits};
use crate::vocabulary::wire::{Request, Response, ResponseFuture};
use crate::world::{clock, random};

impl EmbeddedProvider for Playground {
    fn send<'a>(&'a self, public_url: &'a str, below: &'a str, request: &'a Request) -> ResponseFuture<'a> {
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        let sent = request.as_sent();
        let received = PlaygroundRequest {
            method: &request.method.to_string(),
            path: &format!("/{path}"),
            query,
            headers: &sent.headers,
            body: sent.body.as_bytes(),
            public_url,
        };
        let answer = self.answer(&received, clock::now(), random::bytes());
        let headers = answer.headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let response = Response { status: answer.status, headers, body: answer.body };
        Box::pin(within_limits(response, answer.delay, request))
    }
}
