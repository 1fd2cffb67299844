//! Answers of a runtime, and their bounds: names, labels and mounts are what a tenant chose.

use std::{collections::HashMap, hash::BuildHasher, io, sync::Arc};

use super::Options;
use crate::border::{
    Context,
    context::{Labels, Pod},
};

/// What a runtime said.
pub(super) type Answer = Result<Box<Context>, Failure>;

/// Why a runtime told nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no socket, and never was one that answered.
    #[error("there is no socket")]
    Absent,
    /// It runs and does not know the container (yet).
    #[error("no such container")]
    NotFound,
    /// It does not answer, or not in a way that can be understood.
    #[error("no answer: {0}")]
    Down(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Down(error.to_string())
    }
}

/// Longest text that is kept, bytes: image references and paths are shorter.
const TEXT_BYTES: usize = 4096;
/// Longest result of a network set-up, bytes.
const CNI_BYTES: usize = 16 << 10;
const MAX_LABELS: usize = 256;
const MAX_MOUNTS: usize = 256;

/// Which labels and annotations are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Keep {
    label_max_len: usize,
    annotations: Arc<[String]>,
}

impl Keep {
    /// As it was configured.
    pub(super) fn of(options: &Options) -> Self {
        Self { label_max_len: options.label_max_len, annotations: options.annotations.as_slice().into() }
    }

    /// Sorted labels, without those whose value is too long.
    pub(super) fn labels(&self, labels: impl IntoIterator<Item = (String, String)>) -> Labels {
        let is_kept =
            |(name, value): &(String, String)| name.len() <= TEXT_BYTES && value.len() <= self.label_max_len;
        sorted(labels.into_iter().filter(is_kept))
    }

    /// Those annotations that are wanted, cut to the bound of a text.
    pub(super) fn annotations(&self, annotations: impl IntoIterator<Item = (String, String)>) -> Labels {
        let mut kept = sorted(annotations.into_iter().filter(|(name, _)| self.annotations.contains(name)));
        for (_, value) in &mut kept {
            cut(value, TEXT_BYTES);
        }
        kept
    }
}

fn sorted(labels: impl Iterator<Item = (String, String)>) -> Labels {
    let mut kept: Labels = labels.collect();
    kept.sort();
    kept.truncate(MAX_LABELS);
    kept
}

/// The pod that labels of a container name; kubelet puts them there whatever the runtime.
pub(super) fn pod_of<S: BuildHasher>(labels: &HashMap<String, String, S>) -> Option<Pod> {
    let of = |name: &str| labels.get(name).cloned();
    let name = of("io.kubernetes.pod.name")?;
    let text = |name: &str| of(name).unwrap_or_default();
    Some(Pod {
        name,
        namespace: text("io.kubernetes.pod.namespace"),
        uid: text("io.kubernetes.pod.uid"),
        sandbox_id: text("io.kubernetes.sandbox.id"),
        ..Pod::default()
    })
}

/// Cuts every text to its bound.
pub(super) fn bounded(mut context: Context) -> Box<Context> {
    let Context { name, image, mounts, ip, cni_json, pod, .. } = &mut context;
    mounts.truncate(MAX_MOUNTS);
    for text in [name, ip, &mut image.reference, &mut image.id, &mut image.repository]
        .into_iter()
        .chain([&mut image.tag, &mut image.digest])
    {
        cut(text, TEXT_BYTES);
    }
    for mount in mounts {
        for text in [&mut mount.source, &mut mount.destination, &mut mount.mode, &mut mount.propagation] {
            cut(text, TEXT_BYTES);
        }
    }
    if let Some(Pod { name, namespace, uid, sandbox_id, ip, cni_json, .. }) = pod {
        for text in [name, namespace, uid, sandbox_id, ip] {
            cut(text, TEXT_BYTES);
        }
        cut(cni_json, CNI_BYTES);
    }
    cut(cni_json, CNI_BYTES);
    Box::new(context)
}

pub(super) fn cut(text: &mut String, max_bytes: usize) {
    let end = (0..=max_bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
}
