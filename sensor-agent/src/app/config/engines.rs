//! Which container runtimes are asked: `container_engines`, or the container plugin's `init_config`, which wins. Both are
//! Falco's, with Falco's defaults.

use std::net::IpAddr;

use super::{
    check::boolean,
    read::{Reader, scalars},
    tree::{Node, Variables},
};
use crate::context::{Engine, Kubernetes, Options};

/// Where a pod is told the name of its node: Falco's chart, and what everybody else does.
const NODE_NAMES: [&str; 2] = ["FALCO_K8S_NODE_NAME", "NODE_NAME"];

/// Where a pod is told the address of the API service.
const API: &str = "KUBERNETES_SERVICE_HOST";

impl Reader<'_> {
    pub(super) fn runtimes(&mut self) -> Options {
        let annotations = self.root.at("metadata.annotations").map(scalars).unwrap_or_default();
        let mut options = Options { annotations, ..Options::default() };
        if let Some(engines) = self.root.at("container_engines") {
            engines_of(engines, &mut options);
        }
        let plugins = self.root.at("plugins").map(Node::items).unwrap_or_default();
        let plugin = plugins.iter().find(|it| it.at("name").and_then(Node::scalar) == Some("container"));
        let Some(init) = plugin.and_then(|plugin| plugin.at("init_config")) else { return options };
        if let Some(engines) = init.at("engines") {
            engines_of(engines, &mut options);
        }
        if let Some(node) = init.at("label_max_len") {
            match node.scalar().and_then(|text| text.parse().ok()) {
                Some(max) => options.label_max_len = max,
                None => self.fault_at(node, "`label_max_len` of the container plugin must be a whole number"),
            }
        }
        options
    }
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
