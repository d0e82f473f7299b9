//! The broker with everything that the workbench adds to it: proposals, simulations, the playground and the lab.

use crate::lab::handlers::{self as lab_handlers, LabState};
use crate::lab::pages::masked_file::masked_text;
use crate::lab::pages::{LAB_SCRIPT, LAB_STYLE};
use crate::session::seal::MasterKey;
use crate::simulated;
use crate::simulated::playground::Playground;
use crate::simulated::simulation::connection::simulate;
use crate::web;
use crate::web::route_table::{self, RouteRow};
use crate::web::test_logins::TestLoginHandler;
use crate::web::workbench_hooks::WorkbenchHooks;
use crate::workbench::drift::cause::assign_causes;
use crate::workbench::repair::as_it_was::propose_as_it_was;
use crate::workbench::repair::propose_among;
use actix_web::web::{Data, ServiceConfig};
use std::sync::Arc;

/// The parts of the workbench that serve beside the broker.
#[derive(Clone)]
pub struct Broker {
    playground: Arc<Playground>,
    /// The state of the lab.
    pub lab: Arc<LabState>,
}

impl Broker {
    /// `master` is the key from which the playground's key is derived.
    pub fn new(master: &MasterKey) -> Self {
        Self { playground: Arc::new(Playground::new(*master.derive("playground"))), lab: Arc::default() }
    }

    /// What the broker calls of the workbench.
    pub fn hooks(&self) -> WorkbenchHooks {
        WorkbenchHooks {
            propose: propose_among,
            propose_as_it_was,
            mask_file: masked_text,
            find_causes: assign_causes,
            replace_connection: simulate,
            playground: Arc::<Playground>::clone(&self.playground),
            assets: &[LAB_STYLE, LAB_SCRIPT],
        }
    }

    /// Adds every route, and the state of the lab and of the playground.
    pub fn mount(&self, config: &mut ServiceConfig) {
        let test_logins: Arc<dyn TestLoginHandler> = Arc::<LabState>::clone(&self.lab);
        config.app_data(Data::from(test_logins));
        config.app_data(Data::from(Arc::clone(&self.lab)));
        config.app_data(Data::from(Arc::clone(&self.playground)));
        route_table::mount(config, routes(), web::callback::at_registered_address);
    }

    /// The path of every route, and its methods as `Allow` lists them; no methods where the handler judges the method itself.
    pub fn route_list() -> Vec<(&'static str, String)> {
        routes().iter().map(|row| (row.path, row.allowed())).collect()
    }
}

/// Every route of the broker and of the workbench.
pub(crate) fn routes() -> Vec<RouteRow> {
    [web::routes(), lab_handlers::routes(), simulated::routes()].into_iter().flatten().collect()
}
