//! Where a provider's addresses lie at the simulation: `https://idp.example/token` is reached at `{base}/https/idp.example/token`.

/// Where an address of the provider is reached at the simulation.
pub fn simulated_address(base: &str, address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => format!("{}/{scheme}/{rest}", base.trim_end_matches('/')),
        None => address.to_owned(),
    }
}

/// The provider's address that a path below the base stands for; `None` for the simulation's own pages.
pub(crate) fn original_address(path: &str, query: &str) -> Option<String> {
    let below = path.strip_prefix('/')?;
    let (scheme, rest) = below.split_once('/')?;
    let is_address = matches!(scheme, "https" | "http") && !rest.is_empty() && !rest.starts_with('/');
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    is_address.then(|| format!("{scheme}://{rest}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_from_its_path() {
        let base = "http://127.0.0.1:9/simulation/acme";
        for address in ["https://idp.example/token?x=1", "https://idp.example:8443/a//b/", "http://localhost:8080/a%2Fb?c=d%20e&f"] {
            let simulated = simulated_address(base, address);
            let (path, query) = simulated.strip_prefix(base).map(|rest| rest.split_once('?').unwrap_or((rest, ""))).unwrap();
            assert_eq!(original_address(path, query).as_deref(), Some(address));
        }
        for path in ["", "/", "/https", "/https/", "/https//x", "/ftp/x", "/choose", "https/x"] {
            assert_eq!(original_address(path, ""), None, "{path}");
        }
    }
}
