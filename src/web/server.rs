//! The listeners: sockets, timeouts and an orderly shutdown.

use crate::web::app::App;
use crate::web::forward_auth::TokenCache;
use crate::web::health;
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};
use actix_web::{App as Routes, HttpServer};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// The largest body that is read.
const LARGEST_BODY: usize = 16 * 1024;

/// Serves until the process is stopped; `ready` is called with the addresses once the server listens.
pub(crate) async fn serve(
    app: Data<App>,
    listen: &[SocketAddr],
    metrics: Option<SocketAddr>,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ready: impl FnOnce(&[SocketAddr]),
) -> io::Result<()> {
    let apart = match metrics {
        None => None,
        Some(address) => {
            let app = app.clone();
            let server = HttpServer::new(move || {
                Routes::new().app_data(app.clone()).route("/metrics", web::get().to(health::metrics_on_own_listener))
            });
            Some(server.workers(1).disable_signals().bind(address)?.run())
        }
    };
    let server = HttpServer::new(move || {
        // Each worker has its own cache, so that workers never wait for each other.
        Routes::new()
            .app_data(app.clone())
            .app_data(Data::new(TokenCache::default()))
            .app_data(PayloadConfig::new(LARGEST_BODY))
            .configure(configure.clone())
    });
    let server = server
        .client_request_timeout(Duration::from_secs(10))
        .client_disconnect_timeout(Duration::from_secs(5))
        // Longer than that of proxies in front, so that they close idle connections first.
        .keep_alive(Duration::from_secs(75))
        .max_connections(5000)
        .shutdown_timeout(25)
        .bind(listen)?;
    ready(&server.addrs());
    if let Some(apart) = apart {
        actix_web::rt::spawn(apart);
    }
    server.run().await
}
