//! The mark of a path that services inside the network reach under a host of theirs (`internalHosts`).

pub(crate) struct ReachableInside;
