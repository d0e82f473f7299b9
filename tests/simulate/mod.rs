//! Simulated providers from outside: the broker logs in at its own simulation, over real sockets.

mod alone;
pub mod broker;
mod catalogue;
mod faults;
mod handed_in;
mod invented;
mod mirror;
mod prepare;
mod reload;
mod standards;
mod stateless;
