//! Which paths a proxy in front of a store sends to the broker, made from the routes.

use crate::web::route_table::RouteRow;

/// The paths that visitors reach through a proxy. No path is named twice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PublicPaths {
    /// These very paths.
    pub(crate) exact: Vec<&'static str>,
    /// Every path that begins with one of these, which end with `/`.
    pub(crate) below: Vec<&'static str>,
}

impl PublicPaths {
    pub(crate) fn of(rows: &[RouteRow]) -> Self {
        let paths = rows.iter().filter(|row| row.is_public()).map(|row| row.path);
        let (mut exact, mut below) = (Vec::new(), Vec::new());
        for path in paths {
            match path.split_once('{') {
                Some((before, _)) => below.push(before),
                None => exact.push(path),
            }
        }
        below.sort_unstable();
        below.dedup_by(|path, shorter| path.starts_with(*shorter));
        exact.retain(|path| !below.iter().any(|above| path.starts_with(above)));
        exact.sort_unstable();
        Self { exact, below }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::route_table::{internal, page};

    #[test]
    fn a_path_is_named_once_and_only_if_it_is_public() {
        let paths = [
            internal("/auth/{below:.*}"),
            page("/").left_to_the_store(),
            page("/login"),
            page("/lab/{name}/tests/{code}"),
            page("/lab/{name}"),
            page("/lab/incidents"),
            page("/lab"),
        ];

        assert_eq!(PublicPaths::of(&paths), PublicPaths { exact: vec!["/lab", "/login"], below: vec!["/lab/"] });
    }
}
