//! Providers that run inside the program: the playground, and the simulation of any provider from its file and examples.

pub mod playground;
pub mod simulation;

use crate::web::route_table::{RouteRow, page};

pub(crate) fn routes() -> Vec<RouteRow> {
    vec![
        page("/playground").all_methods(playground::handler::answer),
        page("/playground/{below:.*}").all_methods(playground::handler::answer),
        page("/simulation/{provider}").all_methods(simulation::handler::answer),
        page("/simulation/{provider}/{below:.*}").all_methods(simulation::handler::answer),
    ]
}
