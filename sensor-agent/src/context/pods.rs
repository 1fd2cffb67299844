//! What the API server tells of this node's pods: one watch of pods with a field selector on the node, one of namespaces.
//! Controllers are asked for once each, when a pod first names them.
//!
//! RBAC: list and watch of pods and namespaces; get of replicasets, deployments, daemonsets, statefulsets (apps), jobs,
//! cronjobs (batch) and replicationcontrollers. What is forbidden stays unknown.

mod options;
mod owners;
mod store;

pub use options::Kubernetes;

use futures_util::{StreamExt, stream};
use kube::{
    Api, Client,
    api::{ApiResource, NotUsed, Object, PartialObjectMeta},
    runtime::{WatchStreamExt, watcher},
};
use serde::Deserialize;

use self::store::Store;
use super::{answer::Keep, hand_over, probes};
use crate::border::{Inbound, Sender};

/// The part of a pod's specification that is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    service_account_name: String,
    node_name: String,
    containers: Vec<probes::ContainerSpec>,
}

type Pod = Object<Spec, NotUsed>;
type Namespace = PartialObjectMeta<k8s_openapi::api::core::v1::Namespace>;

/// What a watch told.
enum Change {
    Pod(watcher::Result<watcher::Event<Pod>>),
    Namespace(watcher::Result<watcher::Event<Namespace>>),
}

/// Watches until the task is dropped.
pub(super) async fn serve(kubernetes: Kubernetes, keep: Keep, answers: Sender<Inbound>) {
    let Some(node) = kubernetes.node.clone() else {
        tracing::warn!(
            "no pods from the Kubernetes API: the node's name is not known, set FALCO_K8S_NODE_NAME"
        );
        return;
    };
    match kubernetes.client().await {
        Ok(client) => watch(client, &node, keep, &answers).await,
        Err(error) => tracing::error!("no pods from the Kubernetes API: {error}"),
    }
}

async fn watch(client: Client, node: &str, keep: Keep, answers: &Sender<Inbound>) {
    let pods: Api<Pod> =
        Api::all_with(client.clone(), &ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&()));
    let of_node = watcher::Config::default().fields(&format!("spec.nodeName={node}"));
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let pods = watcher(pods, of_node).default_backoff().map(Change::Pod);
    let namespaces = watcher(namespaces, watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(stream::select(pods, namespaces.map(Change::Namespace)));
    let mut store = Store::new(client, keep);
    let (mut pods, mut namespaces) = (Reporter::of("pods"), Reporter::of("namespaces"));
    while let Some(change) = changes.next().await {
        let told = match change {
            Change::Pod(event) => match pods.report(event) {
                Some(event) => store.pod(event).await,
                None => continue,
            },
            Change::Namespace(event) => match namespaces.report(event) {
                Some(event) => store.namespace(event),
                None => continue,
            },
        };
        for told in told {
            hand_over(answers, Inbound::Pod(told)).await;
        }
    }
}

/// Tells once that a watch fails, and once that it works again.
struct Reporter {
    what: &'static str,
    is_failing: bool,
}

impl Reporter {
    const fn of(what: &'static str) -> Self {
        Self { what, is_failing: false }
    }

    fn report<T>(&mut self, event: watcher::Result<T>) -> Option<T> {
        let (what, was_failing) = (self.what, self.is_failing);
        self.is_failing = event.is_err();
        match event {
            Ok(event) => {
                if was_failing {
                    tracing::info!("the watch of {what} works again");
                }
                Some(event)
            }
            Err(error) => {
                if !was_failing {
                    tracing::warn!("the watch of {what} failed and is tried again: {error}");
                }
                None
            }
        }
    }
}
