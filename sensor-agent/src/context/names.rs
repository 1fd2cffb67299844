//! Host names that rules compare with (`fd.sip.name`): looked up by the system's resolver when rules are loaded, and again from
//! time to time. A name that cannot be looked up keeps the addresses that it had. That of the cluster's API service is known
//! without a look-up, because Kubernetes tells each pod its address.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{net::lookup_host, sync::watch, task::JoinSet, time::timeout};

use super::hand_over;
use crate::border::{Inbound, Resolved, Sender};

/// Between two look-ups of names that are known. The system's resolver does not tell for how long an answer is good.
const REFRESH: Duration = Duration::from_secs(60);
/// First pause while a name is unknown; each further one doubles it up to [`REFRESH`].
const RETRY: Duration = Duration::from_secs(1);
/// Of one look-up.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Look-ups at the same time: each has a thread while it waits.
const AT_ONCE: usize = 8;
/// Names that are looked up, in alphabetical order.
const MAX_NAMES: usize = 1024;
/// Addresses of a name that are kept.
const MAX_ADDRESSES: usize = 256;

/// Tells the addresses of the wanted names whenever they change; ends with the sender of `wanted`. `api` is the address
/// of the cluster's API service.
pub(super) async fn serve(
    mut wanted: watch::Receiver<Vec<String>>,
    api: Option<IpAddr>,
    answers: Sender<Inbound>,
) {
    let mut known: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
    let mut told = None;
    let mut pause = RETRY;
    loop {
        let mut names = wanted.borrow_and_update().clone();
        if names.len() > MAX_NAMES {
            tracing::warn!(
                names = names.len(),
                "only the first {MAX_NAMES} host names of rules are looked up"
            );
            names.truncate(MAX_NAMES);
        }
        known.retain(|name, _| names.contains(name));
        let failed = look_up(&names, api, &mut known).await;
        if told.as_ref() != Some(&known) && !(told.is_none() && names.is_empty()) {
            let resolved = known
                .iter()
                .map(|(name, addresses)| Resolved { name: name.clone(), addresses: addresses.clone() });
            hand_over(&answers, Inbound::Names(resolved.collect())).await;
            if !failed.is_empty() {
                tracing::warn!(
                    names = failed.join(", "),
                    "host names of rules cannot be looked up, trying again"
                );
            }
            told = Some(known.clone());
        }
        pause = if failed.is_empty() { REFRESH } else { pause };
        pause = match timeout(pause, wanted.changed()).await {
            Ok(Err(_)) => return,
            Err(_) if !failed.is_empty() => (pause * 2).min(REFRESH),
            Ok(Ok(())) | Err(_) => RETRY,
        };
    }
}

/// Looks up all names; which ones have no answer.
async fn look_up(
    names: &[String],
    api: Option<IpAddr>,
    known: &mut BTreeMap<String, Vec<IpAddr>>,
) -> Vec<String> {
    let mut failed = Vec::new();
    let (services, names): (Vec<_>, Vec<_>) =
        names.iter().partition(|name| api.is_some() && is_api_service(name));
    known.extend(services.into_iter().map(|name| (name.clone(), api.into_iter().collect())));
    for some in names.chunks(AT_ONCE) {
        let mut look_ups = JoinSet::new();
        for name in some {
            let name = (*name).clone();
            look_ups.spawn(async move {
                let answer = timeout(TIMEOUT, lookup_host((name.as_str(), 0))).await;
                (name.clone(), answer.ok().and_then(Result::ok).map(addresses))
            });
        }
        while let Some(Ok((name, answer))) = look_ups.join_next().await {
            if let Some(addresses) = answer {
                known.insert(name, addresses);
            } else {
                known.entry(name.clone()).or_default();
                failed.push(name);
            }
        }
    }
    failed
}

/// The names that a pod's resolver has for the service of the API server, in whatever domain the cluster is.
fn is_api_service(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let rest = name.strip_prefix("kubernetes.default");
    name == "kubernetes" || rest.is_some_and(|rest| ["", ".svc"].contains(&rest) || rest.starts_with(".svc."))
}

fn addresses(answer: impl Iterator<Item = SocketAddr>) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = answer.map(|address| address.ip()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(MAX_ADDRESSES);
    addresses
}

#[cfg(test)]
mod tests {
    use super::is_api_service;

    #[test]
    fn names_of_the_api_service() {
        for (name, expect) in [
            ("kubernetes", true),
            ("kubernetes.default", true),
            ("kubernetes.default.svc", true),
            ("kubernetes.default.svc.cluster.local", true),
            ("Kubernetes.default.svc.corp.example.", true),
            ("kubernetes.shop", false),
            ("kubernetes.default.example", false),
            ("kubernetes.default.svcs", false),
            ("kubernetes.io", false),
            ("", false),
        ] {
            assert_eq!(is_api_service(name), expect, "{name}");
        }
    }
}
