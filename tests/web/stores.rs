//! Stores are distinguished by host and by nothing else; what is good in one is nothing in another.

mod apart;
mod hosts;
mod open_net;

use crate::web::test_broker::TestBroker;

pub const TWO: &str = "publicUrl: http://localhost:8080
returnTo: [ http://localhost:9000 ]
limits: off
stores:
  atacado: { publicUrl: \"http://127.0.0.1:8080\", returnTo: [ http://localhost:9001 ] }
";

pub const OTHER: &str = "127.0.0.1:8080";

async fn two() -> TestBroker {
    TestBroker::builder(TWO).with_standard("acme").build().await
}
