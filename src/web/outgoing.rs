//! How requests to providers leave: by the network, except for those to our own playground, which are answered in the house.

use crate::playground;
use crate::web::app::{App, Front};
use crate::wire::{Answering, Fetch, NoAnswer, Request, Response};
use crate::world::{clock, dice};
use std::time::Duration;

/// A provider that takes longer has not answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way out for one store.
pub struct Outgoing<'a> {
    app: &'a App,
    front: &'a Front,
}

impl<'a> Outgoing<'a> {
    /// The way out for a store.
    pub fn new(app: &'a App, front: &'a Front) -> Self {
        Self { app, front }
    }

    /// The part of an address below our own playground.
    fn in_the_house<'r>(&self, request: &'r Request) -> Option<&'r str> {
        if !self.front.store.playground {
            return None;
        }
        request.address.expose().strip_prefix(&*self.front.store.public_url)?.strip_prefix("/playground/")
    }

    async fn ask_the_playground(&self, below: &str, request: &Request) -> Result<Response, NoAnswer> {
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (&**name, value.expose())).collect();
        let asked = playground::Asked {
            method: &request.method.to_string(),
            path: &format!("/{path}"),
            query,
            headers: &headers,
            body: request.body.as_ref().map_or(b"", |body| body.expose().as_bytes()),
            public_url: &self.front.store.public_url,
        };
        let answer = self.app.playground.answer(&asked, clock::now(), dice::bytes());
        tokio::time::sleep(answer.delay.min(PATIENCE)).await;
        if answer.delay > PATIENCE {
            return Err(NoAnswer::TooSlow);
        }
        if answer.body.len() > request.largest {
            return Err(NoAnswer::TooLarge);
        }
        let headers = answer.headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Ok(Response { status: answer.status, headers, body: answer.body })
    }
}

impl Fetch for Outgoing<'_> {
    fn send<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        match self.in_the_house(request) {
            Some(below) => Box::pin(self.ask_the_playground(below, request)),
            None => self.app.network.send(request),
        }
    }
}
