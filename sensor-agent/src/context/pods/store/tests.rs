//! What is kept of pods and namespaces that came and went, watched or not. Nobody is asked: these pods have no controller.

use std::collections::BTreeMap;

use kube::{Client, Config, runtime::watcher::Event};

use tokio::runtime;

use super::{Keep, Namespace, Pod, PodTold, Store};
use crate::context::Options;

fn with_store(test: impl AsyncFnOnce(Store)) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let config = Config::new("http://127.0.0.1:1".parse().expect("an address"));
        let client = Client::try_from(config).expect("a client that connects later");
        test(Store::new(client, Keep::of(&Options::default()))).await;
    });
}

fn namespace(name: &str, team: &str) -> Namespace {
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some(name.to_owned());
    namespace.metadata.uid = Some(format!("uid-of-{name}"));
    namespace.metadata.labels = Some(BTreeMap::from([("team".to_owned(), team.to_owned())]));
    namespace
}

fn pod(name: &str) -> Pod {
    let mut pod: Pod =
        serde_json::from_str(r#"{"metadata": {"namespace": "shop"}, "spec": {}}"#).expect("a pod");
    pod.metadata.name = Some(name.to_owned());
    pod.metadata.uid = Some(format!("uid-of-{name}"));
    pod
}

/// Uid and the team of the namespace of each pod that was told; no team for a pod that is gone.
fn told(messages: Vec<PodTold>) -> Vec<(String, Option<String>)> {
    let team = |told: PodTold| {
        let facts = told.facts?;
        Some(facts.namespace_labels.into_iter().next().map(|(_, team)| team).unwrap_or_default())
    };
    let mut told: Vec<_> = messages.into_iter().map(|it| (it.uid.clone(), team(it))).collect();
    told.sort();
    told
}

#[test]
fn what_a_list_no_longer_has_is_gone() {
    with_store(async |mut store| {
        store.namespace(Event::Init);
        store.namespace(Event::InitApply(namespace("shop", "a")));
        store.namespace(Event::InitApply(namespace("bank", "b")));
        store.namespace(Event::InitDone);
        store.pod(Event::Init).await;
        for name in ["front", "back"] {
            let uid = format!("uid-of-{name}");
            let messages = store.pod(Event::InitApply(pod(name))).await;
            assert_eq!(told(messages), [(uid, Some("a".to_owned()))]);
        }
        assert!(store.pod(Event::InitDone).await.is_empty());
        // The watch broke, and "back" and "bank" were deleted before it began anew.
        store.pod(Event::Init).await;
        assert!(store.pod(Event::InitApply(pod("front"))).await.is_empty(), "nothing new");
        let messages = store.pod(Event::InitDone).await;
        assert_eq!(told(messages), [("uid-of-back".to_owned(), None)]);
        store.namespace(Event::Init);
        let messages = store.namespace(Event::InitApply(namespace("shop", "c")));
        assert_eq!(told(messages), [("uid-of-front".to_owned(), Some("c".to_owned()))]);
        store.namespace(Event::InitDone);
        assert_eq!(store.namespaces.keys().collect::<Vec<_>>(), ["shop"]);
    });
}

#[test]
fn what_is_deleted_is_gone() {
    with_store(async |mut store| {
        store.namespace(Event::Apply(namespace("shop", "a")));
        store.pod(Event::Apply(pod("front"))).await;
        let messages = store.pod(Event::Delete(pod("front"))).await;
        assert_eq!(told(messages), [("uid-of-front".to_owned(), None)]);
        store.namespace(Event::Delete(namespace("shop", "a")));
        assert!(store.pods.is_empty() && store.namespaces.is_empty());
    });
}
