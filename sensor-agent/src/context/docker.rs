//! Docker's API, which Podman speaks, too: HTTP/1 over a unix socket, one connection for each question.

use std::{collections::HashMap, path::Path};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::{net::UnixStream, time::timeout};

use super::{
    answer::{Answer, Failure, Keep, bounded, pod_of},
    grpc::CALL,
    probes,
};
use crate::border::{
    Context,
    context::{Image, Mount},
};

/// Bytes of one answer.
const ANSWER_BYTES: usize = 4 << 20;

/// `GET /containers/ID/json`, what is used of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Inspected {
    name: String,
    /// Id of the image.
    image: String,
    config: Config,
    host_config: HostConfig,
    mounts: Vec<MountPoint>,
    network_settings: NetworkSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    image: String,
    labels: Option<HashMap<String, String>>,
    healthcheck: Option<Healthcheck>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Healthcheck {
    test: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    privileged: bool,
    pid_mode: String,
    network_mode: String,
    ipc_mode: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct MountPoint {
    source: String,
    destination: String,
    mode: String,
    #[serde(rename = "RW")]
    is_writable: bool,
    propagation: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    #[serde(rename = "IPAddress")]
    ip: String,
    networks: Option<HashMap<String, Network>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Network {
    #[serde(rename = "IPAddress")]
    ip: String,
}

/// `GET /images/ID/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InspectedImage {
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

/// The container `id`.
pub(super) async fn find(socket: &Path, id: &str, keep: &Keep) -> Answer {
    // The path of a request is made of what a cgroup is called.
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)) {
        return Err(Failure::NotFound);
    }
    let told: Inspected = get(socket, &format!("/containers/{id}/json")).await?;
    let image_id = told.image.strip_prefix("sha256:").unwrap_or(&told.image).to_owned();
    let stored: InspectedImage = match get(socket, &format!("/images/{image_id}/json")).await {
        Ok(stored) => stored,
        // Removed since; what the container itself tells stays.
        Err(Failure::NotFound) => InspectedImage::default(),
        Err(failure) => return Err(failure),
    };
    Ok(bounded(context(told, image_id, stored, keep)))
}

fn context(told: Inspected, image_id: String, stored: InspectedImage, keep: &Keep) -> Context {
    let mut image = Image::of(&told.config.image);
    image.id = image_id;
    let mut tags = stored.repo_tags.into_iter().flatten();
    if let Some(tagged) = tags.next().filter(|_| image.repository.is_empty()) {
        let named = Image::of(&tagged);
        (image.repository, image.tag) = (named.repository, named.tag);
    }
    if let Some(digest) = stored.repo_digests.into_iter().flatten().next() {
        image.complete(&digest);
    }
    let mut networks: Vec<_> = told.network_settings.networks.into_iter().flatten().collect();
    networks.sort_by(|(a, _), (b, _)| a.cmp(b));
    let addresses =
        std::iter::once(told.network_settings.ip).chain(networks.into_iter().map(|(_, it)| it.ip));
    let test = told.config.healthcheck.and_then(|it| it.test);
    let container_labels = told.config.labels.unwrap_or_default();
    Context {
        name: told.name.trim_start_matches('/').to_owned(),
        image,
        mounts: told.mounts.into_iter().map(mount).collect(),
        privileged: Some(told.host_config.privileged),
        host_pid: Some(told.host_config.pid_mode == "host"),
        host_network: Some(told.host_config.network_mode == "host"),
        host_ipc: Some(told.host_config.ipc_mode == "host"),
        ip: addresses.into_iter().find(|ip| !ip.is_empty()).unwrap_or_default(),
        cni_json: String::new(),
        probes: probes::of_healthcheck(test.unwrap_or_default()),
        pod: pod_of(&container_labels),
        labels: keep.labels(container_labels),
    }
}

fn mount(mount: MountPoint) -> Mount {
    let MountPoint { source, destination, mode, is_writable, propagation } = mount;
    Mount { source, destination, mode, is_writable, propagation }
}

async fn get<A: serde::de::DeserializeOwned>(socket: &Path, path: &str) -> Result<A, Failure> {
    let Ok(answer) = timeout(CALL, exchange(socket, path)).await else {
        return Err(Failure::Down(format!("nothing within {} ms", CALL.as_millis())));
    };
    let (status, body) = answer?;
    match status {
        StatusCode::OK => serde_json::from_slice(&body).map_err(|error| Failure::Down(error.to_string())),
        StatusCode::NOT_FOUND => Err(Failure::NotFound),
        status => Err(Failure::Down(format!("HTTP {status}"))),
    }
}

async fn exchange(socket: &Path, path: &str) -> Result<(StatusCode, Bytes), Failure> {
    let stream = TokioIo::new(UnixStream::connect(socket).await?);
    let broken = |error: hyper::Error| Failure::Down(error.to_string());
    let (mut sender, connection) = http1::handshake(stream).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header("Host", "localhost").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| Failure::Down(error.to_string()))?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| Failure::Down(error.to_string()))?;
    connection.abort();
    Ok((status, body.to_bytes()))
}
