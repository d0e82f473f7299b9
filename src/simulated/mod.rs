//! Identity providers that run inside the program: the playground, and a simulation of any provider's file.
//!
//! Both are pure: time and random bytes are arguments, and a response that is to be late carries the delay that the caller waits.

pub mod playground; //       an invented provider, for a login without any settings
pub mod simulation; //       a provider made from its file and its recorded examples
pub(crate) mod http; //      requests and responses of the HTTP server as plain values
pub(crate) mod pages; //     the frame of the pages, and the pages that both use
pub(crate) mod request; //   a request as plain values
pub(crate) mod response; //  a response as plain values

use crate::web::route_table::{RouteRow, page};

pub use crate::simulated::request::SimulatedRequest;
pub use crate::simulated::response::SimulatedResponse;

pub(crate) fn routes() -> Vec<RouteRow> {
    vec![
        page("/playground").all_methods(playground::handler::answer),
        page("/playground/{below:.*}").all_methods(playground::handler::answer),
        page("/simulation/{provider}").all_methods(simulation::handler::answer),
        page("/simulation/{provider}/{below:.*}").all_methods(simulation::handler::answer),
    ]
}
