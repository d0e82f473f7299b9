//! Bad times, with the real program: it is killed, its disk is full, its storage goes away, its clock jumps. What it has answered
//! stays true, nothing is half-made, and it is well again by itself.

mod certificates;
mod clocks;
mod crowd;
mod full_disk;
mod full_log;
mod killed;
mod log_lines;
mod odd_files;
pub mod place;
mod pooled;
mod promoted;
mod read_only;
mod restored;
mod server_away;
mod store_events;
mod stopped;
mod surroundings;
mod two_brokers;

/// Behaviours, each shown on both engines.
macro_rules! on_both {
    ($($(#[$meta:meta])* $name:ident: $test:expr;)+) => {
        $(
            $(#[$meta])*
            mod $name {
                use super::*;

                #[test]
                fn sqlite() {
                    $test(Place::on_sqlite());
                }

                #[test]
                fn postgres() {
                    $test(Place::on_postgres());
                }
            }
        )+
    };
}
pub(crate) use on_both;
