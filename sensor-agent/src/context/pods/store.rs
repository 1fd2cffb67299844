//! Pods and namespaces as the watches told last, and the messages that follow from a change.

use std::collections::{BTreeMap, HashMap, HashSet};

use kube::{Client, runtime::watcher::Event};

use super::{Namespace, Pod, owners::Owners};
use crate::{
    border::{
        PodFacts, PodTold,
        context::{Labels, Owner},
    },
    context::{answer::Keep, probes},
};

/// Pods that are kept; kubelet runs 110 on a node unless told otherwise.
const MAX_PODS: usize = 8192;
/// Namespaces that are kept.
const MAX_NAMESPACES: usize = 65_536;

pub(super) struct Store {
    owners: Owners,
    keep: Keep,
    /// By uid.
    pods: HashMap<String, PodFacts>,
    /// By name: uid and labels.
    namespaces: HashMap<String, (String, Labels)>,
    /// While the list begins anew: what it had so far.
    listed: Option<HashSet<String>>,
}

impl Store {
    pub(super) fn new(client: Client, keep: Keep) -> Self {
        let owners = Owners::new(client, keep.clone());
        Self { owners, keep, pods: HashMap::new(), namespaces: HashMap::new(), listed: None }
    }

    /// Takes what the watch of pods told.
    pub(super) async fn pod(&mut self, event: Event<Pod>) -> Vec<PodTold> {
        match event {
            Event::Init => self.listed = Some(HashSet::new()),
            Event::InitApply(pod) | Event::Apply(pod) => return self.apply(pod).await.into_iter().collect(),
            Event::Delete(pod) => return pod.metadata.uid.map(|uid| self.remove(uid)).into_iter().collect(),
            Event::InitDone => {
                // Deleted while nobody watched.
                let listed = self.listed.take().unwrap_or_default();
                let gone: Vec<_> = self.pods.keys().filter(|uid| !listed.contains(*uid)).cloned().collect();
                return gone.into_iter().map(|uid| self.remove(uid)).collect();
            }
        }
        Vec::new()
    }

    async fn apply(&mut self, pod: Pod) -> Option<PodTold> {
        let uid = pod.metadata.uid.clone()?;
        if let Some(listed) = &mut self.listed {
            listed.insert(uid.clone());
        }
        let owners = self.owners.of(&pod.metadata).await;
        let facts = self.facts(pod, owners);
        let known = self.pods.get(&uid);
        // Most changes are of the status.
        if known == Some(&facts) || (known.is_none() && self.pods.len() >= MAX_PODS) {
            return None;
        }
        self.pods.insert(uid.clone(), facts.clone());
        Some(PodTold { uid, facts: Some(Box::new(facts)) })
    }

    fn facts(&self, pod: Pod, owners: Vec<Owner>) -> PodFacts {
        let namespace = pod.metadata.namespace.unwrap_or_default();
        let (namespace_uid, namespace_labels) = self.namespaces.get(&namespace).cloned().unwrap_or_default();
        PodFacts {
            name: pod.metadata.name.unwrap_or_default(),
            namespace,
            labels: self.labels(pod.metadata.labels),
            service_account: pod.spec.service_account_name,
            node: pod.spec.node_name,
            annotations: self.keep.annotations(pod.metadata.annotations.unwrap_or_default()),
            probes: probes::of_containers(pod.spec.containers),
            namespace_uid,
            namespace_labels,
            owners,
        }
    }

    fn remove(&mut self, uid: String) -> PodTold {
        self.pods.remove(&uid);
        PodTold { uid, facts: None }
    }

    /// Takes what the watch of namespaces told; its pods are told again.
    pub(super) fn namespace(&mut self, event: Event<Namespace>) -> Vec<PodTold> {
        let (Event::InitApply(namespace) | Event::Apply(namespace)) = event else { return Vec::new() };
        let (Some(name), Some(uid)) = (namespace.metadata.name, namespace.metadata.uid) else {
            return Vec::new();
        };
        let known = (uid, self.labels(namespace.metadata.labels));
        let old = self.namespaces.get(&name);
        if old == Some(&known) || (old.is_none() && self.namespaces.len() >= MAX_NAMESPACES) {
            return Vec::new();
        }
        let mut told = Vec::new();
        for (uid, facts) in self.pods.iter_mut().filter(|(_, facts)| facts.namespace == name) {
            (facts.namespace_uid, facts.namespace_labels) = known.clone();
            told.push(PodTold { uid: uid.clone(), facts: Some(Box::new(facts.clone())) });
        }
        self.namespaces.insert(name, known);
        told
    }

    fn labels(&self, labels: Option<BTreeMap<String, String>>) -> Labels {
        self.keep.labels(labels.unwrap_or_default())
    }
}
