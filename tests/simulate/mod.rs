//! Simulated providers from outside: the broker logs in against its own mirror, over real sockets.

mod alone;
mod broker;
mod catalogue;
mod faults;
mod mirror;
mod reload;
