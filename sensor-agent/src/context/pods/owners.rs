//! Controllers of pods, asked for once and remembered.

use std::{num::NonZeroUsize, time::Duration};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, GroupVersionKind},
};
use lru::LruCache;
use tokio::time::timeout;

use crate::{border::context::Owner, context::answer::Keep};

/// Controllers that are remembered; a node's pods have some hundred.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);
/// Longest chain: a cron job, its job, and whatever made the first.
const MAX_CHAIN: usize = 4;
/// Time for one look-up.
const CALL: Duration = Duration::from_secs(2);

/// Kinds that Kubernetes itself has, with their plurals.
const KINDS: [(&str, &str, &str); 7] = [
    ("apps", "ReplicaSet", "replicasets"),
    ("apps", "Deployment", "deployments"),
    ("apps", "DaemonSet", "daemonsets"),
    ("apps", "StatefulSet", "statefulsets"),
    ("batch", "Job", "jobs"),
    ("batch", "CronJob", "cronjobs"),
    ("", "ReplicationController", "replicationcontrollers"),
];

/// Controllers by uid, each with the reference to its own.
pub(super) struct Owners {
    client: Client,
    known: LruCache<String, (Owner, Option<OwnerReference>)>,
    keep: Keep,
}

impl Owners {
    pub(super) fn new(client: Client, keep: Keep) -> Self {
        Self { client, known: LruCache::new(CAPACITY), keep }
    }

    /// The chain that begins with the controller of `metadata`.
    pub(super) async fn of(&mut self, metadata: &ObjectMeta) -> Vec<Owner> {
        let mut chain = Vec::new();
        let mut next = controller(metadata);
        let namespace = metadata.namespace.clone().unwrap_or_default();
        while let Some(reference) = next.take().filter(|_| chain.len() < MAX_CHAIN) {
            let (owner, above) = self.resolve(&reference, &namespace).await;
            chain.push(owner);
            next = above;
        }
        chain
    }

    /// What is not there, or may not be read, keeps what the reference tells and is asked for again another time.
    async fn resolve(&mut self, of: &OwnerReference, namespace: &str) -> (Owner, Option<OwnerReference>) {
        if let Some(known) = self.known.get(&of.uid) {
            return known.clone();
        }
        let named =
            Owner { kind: of.kind.clone(), name: of.name.clone(), uid: of.uid.clone(), ..Owner::default() };
        let Some(resource) = resource(of) else { return (named, None) };
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &resource);
        let Ok(Ok(found)) = timeout(CALL, api.get_metadata(&of.name)).await else { return (named, None) };
        // Another one of the same name, made since, is none of the pod's.
        let metadata = Some(found.metadata).filter(|metadata| metadata.uid.as_ref() == Some(&of.uid));
        let Some(metadata) = metadata else { return (named, None) };
        let above = controller(&metadata);
        let labels = self.keep.labels(metadata.labels.unwrap_or_default());
        let known = (Owner { labels, ..named }, above);
        self.known.put(of.uid.clone(), known.clone());
        known
    }
}

fn controller(metadata: &ObjectMeta) -> Option<OwnerReference> {
    let references = metadata.owner_references.iter().flatten();
    references.into_iter().find(|reference| reference.controller == Some(true)).cloned()
}

/// Other kinds are named, not read: nobody granted that.
fn resource(of: &OwnerReference) -> Option<ApiResource> {
    let (group, version) = of.api_version.split_once('/').unwrap_or(("", &of.api_version));
    let (group, kind, plural) = KINDS.iter().find(|(known, kind, _)| *known == group && *kind == of.kind)?;
    let kind = GroupVersionKind::gvk(group, version, kind);
    Some(ApiResource::from_gvk_with_plural(&kind, plural))
}
