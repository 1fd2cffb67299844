//! A client of the Container Runtime Interface: pods and containers are made as kubelet does it.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use prost::Message;
use tokio::runtime::{self, Runtime};
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::IMAGE;

/// Time for one call.
const CALL: Duration = Duration::from_secs(30);
/// `NamespaceMode.NODE`
const NODE: i32 = 2;

/// A connection.
pub struct Cri {
    runtime: Runtime,
    client: Grpc<Channel>,
    /// Where containers' outputs go: beside the socket.
    logs: String,
}

/// A pod that runs.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Id of its sandbox.
    pub id: String,
    config: PodSandboxConfig,
}

impl Cri {
    /// Connects to `socket`.
    pub fn connect(socket: &Path) -> Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let endpoint = Endpoint::from_shared(format!("unix://{}", socket.display()))?.timeout(CALL);
        let channel = runtime.block_on(endpoint.connect())?;
        let logs = socket.parent().unwrap_or(socket).join("pod-logs").display().to_string();
        Ok(Self { runtime, client: Grpc::new(channel), logs })
    }

    fn call<Q: Message + 'static, A: Message + Default + 'static>(
        &mut self,
        method: &str,
        question: Q,
    ) -> Result<A> {
        let path: PathAndQuery = format!("/runtime.v1.RuntimeService/{method}").parse()?;
        let client = &mut self.client;
        let answer = self.runtime.block_on(async {
            client.ready().await?;
            let codec: ProstCodec<Q, A> = ProstCodec::default();
            anyhow::Ok(client.unary(Request::new(question), path, codec).await?)
        });
        Ok(answer.with_context(|| method.to_owned())?.into_inner())
    }

    /// Whether it answers.
    pub fn version(&mut self) -> Result<()> {
        self.call("Version", Empty {}).map(|Empty {}| ())
    }

    /// Starts a pod of namespace `shop` with the label `app=NAME`.
    pub fn run_pod(&mut self, name: &str) -> Result<Pod> {
        self.run_pod_as(name, &format!("uid-of-{name}"))
    }

    /// The same with the id that the API server gave.
    pub fn run_pod_as(&mut self, name: &str, uid: &str) -> Result<Pod> {
        let own = |text: &str| text.to_owned();
        let options = NamespaceOption { network: NODE, ..NamespaceOption::default() };
        let config = PodSandboxConfig {
            metadata: Some(PodMetadata { name: own(name), uid: own(uid), namespace: own("shop") }),
            log_directory: self.logs.clone(),
            labels: HashMap::from([(own("app"), own(name))]),
            linux: Some(LinuxPod { security: Some(PodSecurity { options: Some(options) }) }),
        };
        let question = RunPodSandboxRequest { config: Some(config.clone()) };
        let RunPodSandboxResponse { id } = self.call("RunPodSandbox", question)?;
        Ok(Pod { id, config })
    }

    /// Makes and starts a container of the pod; gives its id. It is called NAME and labelled `tier=NAME`, and has `/srv` of
    /// the host read-only at `/data`.
    pub fn run(&mut self, pod: &Pod, name: &str, command: &[&str]) -> Result<String> {
        self.run_as(0, pod, name, command)
    }

    /// The same as this user.
    pub fn run_as(&mut self, user: u32, pod: &Pod, name: &str, command: &[&str]) -> Result<String> {
        let own = |text: &str| text.to_owned();
        let config = ContainerConfig {
            metadata: Some(ContainerMetadata { name: own(name) }),
            image: Some(ImageSpec { image: own(IMAGE), user_specified_image: own(IMAGE) }),
            command: command.iter().map(|word| own(word)).collect(),
            mounts: vec![Mount { container_path: own("/data"), host_path: own("/srv"), readonly: true }],
            labels: kubelet(&pod.config, name),
            linux: Some(LinuxContainer {
                security: Some(ContainerSecurity {
                    options: Some(NamespaceOption { network: NODE, ..NamespaceOption::default() }),
                    user: Some(Int64 { value: user.into() }),
                    group: Some(Int64 { value: user.into() }),
                }),
            }),
        };
        let (pod_sandbox_id, sandbox_config) = (pod.id.clone(), Some(pod.config.clone()));
        let question = CreateContainerRequest { pod_sandbox_id, config: Some(config), sandbox_config };
        let Id { id } = self.call("CreateContainer", question)?;
        self.call("StartContainer", Id { id: id.clone() }).map(|Empty {}| id)
    }

    /// Runs a command in a container, as kubelet's exec probes do; gives its exit code.
    pub fn execute(&mut self, id: &str, command: &[&str]) -> Result<i32> {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let question = ExecSyncRequest { id: id.to_owned(), command, timeout_s: 10 };
        self.call("ExecSync", question).map(|ExecSyncResponse { exit_code }| exit_code)
    }

    /// Kills and removes a container.
    pub fn remove(&mut self, id: &str) -> Result<()> {
        self.call("RemoveContainer", Id { id: id.to_owned() }).map(|Empty {}| ())
    }

    /// Kills and removes a pod with its containers.
    pub fn remove_pod(&mut self, id: &str) -> Result<()> {
        let own = Id { id: id.to_owned() };
        self.call("StopPodSandbox", own.clone()).map(|Empty {}| ())?;
        self.call("RemovePodSandbox", own).map(|Empty {}| ())
    }

    /// Removes every pod.
    pub fn remove_all(&mut self) -> Result<()> {
        let ListPodSandboxResponse { items } = self.call("ListPodSandbox", Empty {})?;
        items.iter().try_for_each(|Id { id }| self.remove_pod(id))
    }
}

/// The labels that kubelet gives to each container.
fn kubelet(pod: &PodSandboxConfig, name: &str) -> HashMap<String, String> {
    let metadata = pod.metadata.clone().unwrap_or_default();
    let labels = [
        ("io.kubernetes.container.name", name),
        ("io.kubernetes.pod.name", &metadata.name),
        ("io.kubernetes.pod.namespace", &metadata.namespace),
        ("io.kubernetes.pod.uid", &metadata.uid),
        ("tier", name),
    ];
    labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[derive(Clone, PartialEq, Message)]
struct Empty {}

/// Requests and answers that are an id in their first field.
#[derive(Clone, PartialEq, Message)]
struct Id {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, Message)]
struct ListPodSandboxResponse {
    #[prost(message, repeated, tag = "1")]
    items: Vec<Id>,
}

#[derive(Clone, PartialEq, Message)]
struct RunPodSandboxRequest {
    #[prost(message, optional, tag = "1")]
    config: Option<PodSandboxConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct RunPodSandboxResponse {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, Message)]
struct PodSandboxConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<PodMetadata>,
    #[prost(string, tag = "3")]
    log_directory: String,
    #[prost(map = "string, string", tag = "6")]
    labels: HashMap<String, String>,
    #[prost(message, optional, tag = "8")]
    linux: Option<LinuxPod>,
}

#[derive(Clone, PartialEq, Message)]
struct PodMetadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxPod {
    #[prost(message, optional, tag = "2")]
    security: Option<PodSecurity>,
}

#[derive(Clone, PartialEq, Message)]
struct PodSecurity {
    #[prost(message, optional, tag = "1")]
    options: Option<NamespaceOption>,
}

#[derive(Clone, PartialEq, Message)]
struct NamespaceOption {
    #[prost(int32, tag = "1")]
    network: i32,
    #[prost(int32, tag = "2")]
    pid: i32,
}

#[derive(Clone, PartialEq, Message)]
struct CreateContainerRequest {
    #[prost(string, tag = "1")]
    pod_sandbox_id: String,
    #[prost(message, optional, tag = "2")]
    config: Option<ContainerConfig>,
    #[prost(message, optional, tag = "3")]
    sandbox_config: Option<PodSandboxConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<ContainerMetadata>,
    #[prost(message, optional, tag = "2")]
    image: Option<ImageSpec>,
    #[prost(string, repeated, tag = "3")]
    command: Vec<String>,
    #[prost(message, repeated, tag = "7")]
    mounts: Vec<Mount>,
    #[prost(map = "string, string", tag = "9")]
    labels: HashMap<String, String>,
    #[prost(message, optional, tag = "15")]
    linux: Option<LinuxContainer>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerMetadata {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct ImageSpec {
    #[prost(string, tag = "1")]
    image: String,
    #[prost(string, tag = "18")]
    user_specified_image: String,
}

#[derive(Clone, PartialEq, Message)]
struct Mount {
    #[prost(string, tag = "1")]
    container_path: String,
    #[prost(string, tag = "2")]
    host_path: String,
    #[prost(bool, tag = "3")]
    readonly: bool,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxContainer {
    #[prost(message, optional, tag = "2")]
    security: Option<ContainerSecurity>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerSecurity {
    #[prost(message, optional, tag = "3")]
    options: Option<NamespaceOption>,
    #[prost(message, optional, tag = "5")]
    user: Option<Int64>,
    #[prost(message, optional, tag = "12")]
    group: Option<Int64>,
}

#[derive(Clone, PartialEq, Message)]
struct Int64 {
    #[prost(int64, tag = "1")]
    value: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ExecSyncRequest {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, repeated, tag = "2")]
    command: Vec<String>,
    #[prost(int64, tag = "3")]
    timeout_s: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ExecSyncResponse {
    #[prost(int32, tag = "3")]
    exit_code: i32,
}
