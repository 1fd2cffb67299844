//! What counts as a container, and which runtimes are asked: `container_engines`, or the container plugin's `init_config`,
//! which wins. Both are Falco's, with Falco's defaults.

use std::{collections::BTreeMap, net::IpAddr};

use super::{
    check::boolean,
    read::{Reader, scalars},
    tree::{Node, Variables},
};
use crate::{
    border::{Context, context::Image},
    context::{Engine, Kubernetes, Options},
    enrich::{Container, Engines},
};

/// Where a pod is told the name of its node: Falco's chart, and what everybody else does.
const NODE_NAMES: [&str; 2] = ["FALCO_K8S_NODE_NAME", "NODE_NAME"];

/// Engines that are recognised only, and their `container.type`.
const UNASKED: [(&str, &str); 3] = [("lxc", "lxc"), ("libvirt_lxc", "libvirt-lxc"), ("bpm", "bpm")];
/// Where a pod is told the address of the API service.
const API: &str = "KUBERNETES_SERVICE_HOST";

impl Reader<'_> {
    pub(super) fn runtimes(&mut self) -> Options {
        let annotations = self.root.at("metadata.annotations").map(scalars).unwrap_or_default();
        let mut options = Options { annotations, ..Options::default() };
        for engines in engine_nodes(self.root) {
            engines_of(engines, &mut options);
        }
        let Some(init) = plugin(self.root) else { return options };
        if let Some(node) = init.at("label_max_len") {
            match node.scalar().and_then(|text| text.parse().ok()) {
                Some(max) => options.label_max_len = max,
                None => self.fault_at(node, "`label_max_len` of the container plugin must be a whole number"),
            }
        }
        options
    }

    pub(super) fn engines(&mut self) -> Engines {
        let mut engines = Engines::default();
        let mut is_fixed = None;
        let mut fixed: [Option<String>; 3] = Default::default();
        let mut ignored = BTreeMap::new();
        for node in engine_nodes(self.root) {
            let switch = |name: &str| node.at(name)?.at("enabled").and_then(Node::scalar).and_then(boolean);
            for (name, runtime) in UNASKED {
                ignored.extend(switch(name).map(|is_enabled| (runtime, !is_enabled)));
            }
            is_fixed = switch("static").or(is_fixed);
            for (value, key) in fixed.iter_mut().zip(["container_id", "container_name", "container_image"]) {
                let given = node.at("static").and_then(|it| it.at(key)).and_then(Node::scalar);
                *value = given.map(str::to_owned).or(value.take());
            }
        }
        engines.ignored =
            ignored.into_iter().filter(|(_, is_off)| *is_off).map(|(runtime, _)| runtime).collect();
        if is_fixed == Some(true) {
            let [id, name, image] = fixed.map(Option::unwrap_or_default);
            match id.as_str() {
                "" => self.fault(
                    "container_engines.static.enabled",
                    "`container_engines.static` needs a `container_id`",
                ),
                id => {
                    let told = Context { name, image: Image::of(&image), ..Context::default() };
                    engines.fixed = Some((Container::fixed(id), Box::new(told)));
                }
            }
        }
        engines
    }
}

/// Where engines are configured; the last one wins.
fn engine_nodes(root: &Node) -> impl Iterator<Item = &Node> {
    let engines = plugin(root).and_then(|init| init.at("engines"));
    root.at("container_engines").into_iter().chain(engines)
}

/// `init_config` of the container plugin.
fn plugin(root: &Node) -> Option<&Node> {
    let plugins = root.at("plugins").map(Node::items).unwrap_or_default();
    plugins.iter().find(|it| it.at("name").and_then(Node::scalar) == Some("container"))?.at("init_config")
}

/// The API server: asked in a cluster, or where the configuration says so.
pub(super) fn kubernetes(root: &Node, variables: Variables<'_>) -> Option<Kubernetes> {
    let text = |key: &str| root.at(&format!("metadata.kubernetes.{key}")).and_then(Node::scalar);
    let filled = |key| text(key).filter(|text| !text.is_empty()).map(str::to_owned);
    let variable = |name| variables(name).filter(|value| !value.is_empty());
    let is_wanted = text("enabled").and_then(boolean);
    let is_enabled = is_wanted.unwrap_or_else(|| variable(API).is_some());
    let node = filled("node").or_else(|| NODE_NAMES.into_iter().find_map(variable));
    is_enabled.then(|| Kubernetes { kubeconfig: filled("kubeconfig").map(Into::into), node })
}

/// Address of the cluster's API service.
pub(super) fn api(variables: Variables<'_>) -> Option<IpAddr> {
    variables(API)?.trim_matches(['[', ']']).parse().ok()
}

fn engines_of(engines: &Node, options: &mut Options) {
    let all = [
        ("cri", &mut options.cri),
        ("containerd", &mut options.containerd),
        ("docker", &mut options.docker),
        ("podman", &mut options.podman),
    ];
    for (name, Engine { is_enabled, sockets }) in all {
        let Some(engine) = engines.at(name) else { continue };
        let enabled = engine.at("enabled").and_then(Node::scalar).and_then(boolean);
        *is_enabled = enabled.unwrap_or(*is_enabled);
        if let Some(named) = engine.at("sockets").map(scalars).filter(|named| !named.is_empty()) {
            *sockets = named;
        }
    }
}
