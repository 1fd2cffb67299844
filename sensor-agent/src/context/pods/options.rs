//! Which API server, which node.

use std::path::PathBuf;

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

/// `metadata.kubernetes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubernetes {
    /// A kubeconfig; else the pod's service account.
    pub kubeconfig: Option<PathBuf>,
    /// Name of this node: only its pods are watched.
    pub node: Option<String>,
}

impl Kubernetes {
    pub(super) async fn client(&self) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
        let config = match &self.kubeconfig {
            Some(path) => {
                let file = Kubeconfig::read_from(path)?;
                Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?
            }
            None => Config::incluster()?,
        };
        Ok(Client::try_from(config)?)
    }
}
