//! The broker's paths in the files of `docker/proxies`. Of these files only the list between two marks is written here.

use crate::commands::broker::routes;
use crate::web::public_paths::PublicPaths;
use serde_json::json;

/// What stands in the line before a list, behind the mark of a comment.
const BEGIN: &str = "begin of the broker's paths, which `cargo run -- schema` writes from its routes";
/// What stands in the line behind it.
const END: &str = "end of the broker's paths";
/// How many paths stand in one line.
const PATHS_IN_A_LINE: usize = 8;

/// A file of a proxy, and how it lists paths.
pub struct ProxyFile {
    /// Its name below `docker/proxies`.
    pub name: &'static str,
    lines: fn(&PublicPaths) -> Vec<String>,
}

/// The files that hold a list.
pub const PROXY_FILES: [ProxyFile; 8] = [
    ProxyFile { name: "nginx/portaria.conf.template", lines: nginx },
    ProxyFile { name: "caddy/Caddyfile", lines: caddy },
    ProxyFile { name: "haproxy/haproxy.cfg", lines: haproxy },
    ProxyFile { name: "envoy/envoy.yaml.template", lines: envoy },
    ProxyFile { name: "apache/portaria.conf", lines: apache },
    ProxyFile { name: "varnish/portaria.vcl.template", lines: varnish },
    ProxyFile { name: "traefik/portaria.yaml.template", lines: traefik },
    ProxyFile { name: "README.md", lines: readme },
];

impl ProxyFile {
    /// The text of the file with the present paths; `None` if it has no list.
    pub fn with_present_paths(&self, text: &str) -> Option<String> {
        let (before, rest) = text.split_once(BEGIN)?;
        let (mark, rest) = rest.split_once('\n')?;
        let (_, after) = rest.split_once(END)?;
        let line = before.rsplit('\n').next()?;
        let indent: String = line.chars().take_while(|letter| letter.is_whitespace()).collect();
        let list: String = (self.lines)(&PublicPaths::of(&routes())).iter().map(|line| format!("{indent}{line}\n")).collect();
        Some(format!("{before}{BEGIN}{mark}\n{list}{line}{END}{after}"))
    }
}

/// The line of nginx's file that names the broker.
const ONE_BROKER: &str = "    server ${BROKER_ADDRESS}:${BROKER_PORT};\n";
/// The lines in its place where there are two. A broker that gives no answer is left alone for a while.
const TWO_BROKERS: &str = "    server ${BROKER_1_ADDRESS}:${BROKER_1_PORT} max_fails=1 fail_timeout=5s;\n    \
     server ${BROKER_2_ADDRESS}:${BROKER_2_PORT} max_fails=1 fail_timeout=5s;\n";

/// The file for two brokers, below `docker`.
pub const TWO_BROKERS_FILE: &str = "two-brokers/portaria.conf.template";

/// The text of nginx's file for two brokers, from that for one.
pub fn for_two_brokers(text: &str) -> String {
    let variables = ("${BROKER_ADDRESS} ${BROKER_PORT}", "${BROKER_1_ADDRESS} ${BROKER_1_PORT} ${BROKER_2_ADDRESS} ${BROKER_2_PORT}");
    let written = "# This file is written by `cargo run -- schema` from docker/proxies/nginx: two brokers in the place of one.\n";
    format!("{written}{}", text.replace(ONE_BROKER, TWO_BROKERS).replace(variables.0, variables.1))
}

/// Every route with its methods, and where a proxy sends it, for the tests with real proxies and for the files of other proxies.
pub fn routes_json() -> String {
    let rows: Vec<String> = routes()
        .iter()
        .map(|row| {
            let allowed = row.allowed();
            let methods: Vec<&str> = allowed.split(", ").filter(|method| !method.is_empty()).collect();
            json!({ "path": row.path, "methods": methods, "goesTo": if row.is_public() { "broker" } else { "store" } }).to_string()
        })
        .collect();
    format!("[\n  {}\n]\n", rows.join(",\n  "))
}

/// A regular expression for the paths; `end` is what follows an exact one.
fn pattern(paths: &PublicPaths, end: &str) -> String {
    let written = |paths: &[&str]| paths.iter().map(|path| path.trim_start_matches('/').replace('.', "\\.")).collect::<Vec<_>>().join("|");
    format!("^/(?:(?:{}){end}|{})", written(&paths.exact), written(&paths.below))
}

fn nginx(paths: &PublicPaths) -> Vec<String> {
    vec![format!("location ~ {} {{", pattern(paths, "$"))]
}

/// Apache compares the expression with the decoded path, and then with the address as it was written, which may have a query.
fn apache(paths: &PublicPaths) -> Vec<String> {
    let more = "nocanon connectiontimeout=2 timeout=60 retry=0 ttl=20";
    vec![format!("ProxyPassMatch \"{}\" \"http://${{BROKER_ADDRESS}}:${{BROKER_PORT}}\" {more}", pattern(paths, "(?:\\?|$)"))]
}

fn varnish(paths: &PublicPaths) -> Vec<String> {
    vec![format!("if (req.http.Portaria-Path ~ \"{}\") {{", pattern(paths, "$"))]
}

fn traefik(paths: &PublicPaths) -> Vec<String> {
    vec![format!("rule: 'Host(`${{PUBLIC_NAME}}`) && PathRegexp(`{}`)'", pattern(paths, "$"))]
}

/// A route for each path: Envoy takes no pattern of this length.
fn envoy(paths: &PublicPaths) -> Vec<String> {
    let route = |word, path| format!("- {{ match: {{ {word}: {path} }}, route: {{ cluster: broker }}, typed_per_filter_config: *open }}");
    let exact = paths.exact.iter().map(|path| route("path", path));
    exact.chain(paths.below.iter().map(|path| route("prefix", path))).collect()
}

/// Lines with a few paths each.
fn in_lines<'a>(word: &'a str, paths: &'a [&str], end: &'a str) -> impl Iterator<Item = String> + 'a {
    let written = move |path: &&str| format!("{path}{end}");
    paths.chunks(PATHS_IN_A_LINE).map(move |some| format!("{word} {}", some.iter().map(written).collect::<Vec<_>>().join(" ")))
}

fn caddy(paths: &PublicPaths) -> Vec<String> {
    in_lines("path", &paths.exact, "").chain(in_lines("path", &paths.below, "*")).collect()
}

fn haproxy(paths: &PublicPaths) -> Vec<String> {
    in_lines("acl broker path", &paths.exact, "").chain(in_lines("acl broker path_beg", &paths.below, "")).collect()
}

fn readme(paths: &PublicPaths) -> Vec<String> {
    let list = |paths: &[&str]| paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    vec![format!("{}, and every path that begins with one of {}.", list(&paths.exact), list(&paths.below))]
}
