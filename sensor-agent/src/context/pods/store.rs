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
    listed_pods: Listing,
    listed_namespaces: Listing,
}

/// What a list that begins anew had so far: the rest was deleted while nobody watched.
#[derive(Default)]
struct Listing(HashSet<String>);

impl Listing {
    fn saw(&mut self, key: &str) {
        self.0.insert(key.to_owned());
    }

    fn end<V>(&mut self, known: &HashMap<String, V>) -> Vec<String> {
        let listed = std::mem::take(&mut self.0);
        known.keys().filter(|key| !listed.contains(*key)).cloned().collect()
    }
}

impl Store {
    pub(super) fn new(client: Client, keep: Keep) -> Self {
        let owners = Owners::new(client, keep.clone());
        let (pods, namespaces) = (HashMap::new(), HashMap::new());
        let (listed_pods, listed_namespaces) = Default::default();
        Self { owners, keep, pods, namespaces, listed_pods, listed_namespaces }
    }

    /// Takes what the watch of pods told.
    pub(super) async fn pod(&mut self, event: Event<Pod>) -> Vec<PodTold> {
        match event {
            Event::Init => self.listed_pods = Listing::default(),
            Event::InitApply(pod) => {
                self.listed_pods.saw(pod.metadata.uid.as_deref().unwrap_or_default());
                return self.apply(pod).await.into_iter().collect();
            }
            Event::Apply(pod) => return self.apply(pod).await.into_iter().collect(),
            Event::Delete(pod) => return pod.metadata.uid.map(|uid| self.remove(uid)).into_iter().collect(),
            Event::InitDone => {
                let gone = self.listed_pods.end(&self.pods);
                return gone.into_iter().map(|uid| self.remove(uid)).collect();
            }
        }
        Vec::new()
    }

    async fn apply(&mut self, pod: Pod) -> Option<PodTold> {
        let uid = pod.metadata.uid.clone()?;
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

    /// Takes what the watch of namespaces told; the pods of one that changed are told again.
    pub(super) fn namespace(&mut self, event: Event<Namespace>) -> Vec<PodTold> {
        match event {
            Event::Init => self.listed_namespaces = Listing::default(),
            Event::InitApply(namespace) => {
                self.listed_namespaces.saw(namespace.metadata.name.as_deref().unwrap_or_default());
                return self.label(namespace);
            }
            Event::Apply(namespace) => return self.label(namespace),
            Event::Delete(namespace) => {
                self.namespaces.remove(namespace.metadata.name.as_deref().unwrap_or_default());
            }
            Event::InitDone => {
                for name in self.listed_namespaces.end(&self.namespaces) {
                    self.namespaces.remove(&name);
                }
            }
        }
        Vec::new()
    }

    fn label(&mut self, namespace: Namespace) -> Vec<PodTold> {
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

#[cfg(test)]
mod tests;
