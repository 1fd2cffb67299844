//! What the API server tells of this node's pods: one watch of pods with a field selector on the node, one of namespaces.
//! Controllers are asked for once each, when a pod first names them.
//!
//! RBAC: list and watch of pods and namespaces; get of replicasets, deployments, daemonsets, statefulsets (apps), jobs,
//! cronjobs (batch) and replicationcontrollers. What is forbidden stays unknown.

mod options;
mod owners;
mod store;

pub use options::Kubernetes;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use kube::{
    Api, Client,
    api::{ApiResource, NotUsed, Object, PartialObjectMeta},
    runtime::{WatchStreamExt, watcher},
};
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use self::store::Store;
use super::{answer::Keep, board::Board, hand_over, probes};
use crate::border::{Inbound, Sender};

/// As health names it.
const SOURCE: &str = "Kubernetes";

/// A watch that fails is tried again, and fails again, within half a minute; one that has not failed for so long works.
const QUIET: Duration = Duration::from_secs(60);

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
pub(super) async fn serve(kubernetes: Kubernetes, keep: Keep, answers: Sender<Inbound>, board: Board) {
    let Some(node) = kubernetes.node.clone() else {
        board.set(SOURCE, "pods", Some("the node's name is not known"));
        tracing::warn!(
            "no pods from the Kubernetes API: the node's name is not known, set FALCO_K8S_NODE_NAME"
        );
        return;
    };
    match kubernetes.client().await {
        Ok(client) => watch(client, &node, keep, &answers, &board).await,
        Err(error) => {
            board.set(SOURCE, "pods", Some(&error.to_string()));
            tracing::error!("no pods from the Kubernetes API: {error}");
        }
    }
}

async fn watch(client: Client, node: &str, keep: Keep, answers: &Sender<Inbound>, board: &Board) {
    let pods: Api<Pod> =
        Api::all_with(client.clone(), &ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&()));
    let of_node = watcher::Config::default().fields(&format!("spec.nodeName={node}"));
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let pods = watcher(pods, of_node).default_backoff().map(Change::Pod);
    let namespaces = watcher(namespaces, watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(stream::select(pods, namespaces.map(Change::Namespace)));
    let mut store = Store::new(client, keep);
    let (mut pods, mut namespaces) = (Reporter::of("pods", board), Reporter::of("namespaces", board));
    loop {
        let change = timeout(QUIET, changes.next()).await;
        pods.look();
        namespaces.look();
        let Ok(change) = change else { continue };
        let Some(change) = change else { return };
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
struct Reporter<'a> {
    board: &'a Board,
    what: &'static str,
    failed: Option<Instant>,
}

impl<'a> Reporter<'a> {
    const fn of(what: &'static str, board: &'a Board) -> Self {
        Self { board, what, failed: None }
    }

    fn report<T>(&mut self, event: watcher::Result<T>) -> Option<T> {
        match event {
            Ok(event) => {
                self.works();
                Some(event)
            }
            Err(error) => {
                self.board.set(SOURCE, self.what, Some(&error.to_string()));
                if self.failed.replace(Instant::now()).is_none() {
                    tracing::warn!("the watch of {} failed and is tried again: {error}", self.what);
                }
                None
            }
        }
    }

    /// A watch that goes on where it was says nothing until something changes.
    fn look(&mut self) {
        if self.failed.is_some_and(|failed| failed.elapsed() > QUIET) {
            self.works();
        }
    }

    fn works(&mut self) {
        self.board.set(SOURCE, self.what, None);
        if self.failed.take().is_some() {
            tracing::info!("the watch of {} works again", self.what);
        }
    }
}
