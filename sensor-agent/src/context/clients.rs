//! The runtimes that are asked: one client for each socket, and which of them a container may belong to.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{Access, AtFlags, CWD, accessat},
    io::Errno,
};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    Options,
    answer::{Answer, Failure, Keep},
    board::Board,
    breaker::Breaker,
    containerd, cri, docker,
    grpc::Server,
};
use crate::border::{Context, Wanted};

/// Sockets of users that are followed.
const MAX_USERS: usize = 64;
/// Calls that one runtime gets at a time.
const CALLS: usize = 16;

/// What is spoken at a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Cri,
    Containerd,
    Docker,
    Podman,
}

/// A runtime at a socket.
#[derive(Debug)]
struct Client {
    kind: Kind,
    socket: PathBuf,
    /// gRPC only.
    server: Option<Server>,
    breaker: Breaker,
    calls: Semaphore,
    /// containerd serves CRI and its own interface at one socket.
    is_both: bool,
    keep: Keep,
    /// CRI only.
    sandboxes: cri::Sandboxes,
    board: Board,
}

/// What a runtime told.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) context: Box<Context>,
    /// A sandbox that is being made: it will have an address.
    pub(super) is_early: bool,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Clients {
    by_socket: BTreeMap<(Kind, PathBuf), Arc<Client>>,
    /// `/run/user`, if Podman's sockets there are asked.
    users: Option<PathBuf>,
    is_containerd_asked: bool,
    keep: Keep,
    board: Board,
}

impl Clients {
    /// Clients of the configured sockets; nothing is connected yet.
    pub(super) fn new(options: &Options, board: Board) -> Self {
        let defaults = Options::default();
        let users = options.podman.is_enabled && options.podman.sockets == defaults.podman.sockets;
        let users = users.then(|| options.on_host("/run/user"));
        let (is_containerd_asked, keep) = (options.containerd.is_enabled, Keep::of(options));
        let mut all = Self { by_socket: BTreeMap::new(), users, is_containerd_asked, keep, board };
        for (kind, engine) in [
            (Kind::Cri, &options.cri),
            (Kind::Containerd, &options.containerd),
            (Kind::Docker, &options.docker),
            (Kind::Podman, &options.podman),
        ] {
            engine.sockets().for_each(|socket| all.add(kind, options.on_host(socket)));
        }
        all
    }

    fn add(&mut self, kind: Kind, socket: PathBuf) {
        let is_grpc = matches!(kind, Kind::Cri | Kind::Containerd);
        let server = match is_grpc.then(|| Server::at(&socket)).transpose() {
            Ok(server) => server,
            Err(failure) => {
                tracing::error!("{}: {failure}", socket.display());
                return;
            }
        };
        let (breaker, calls) = (Breaker::default(), Semaphore::new(CALLS));
        let is_both = kind == Kind::Cri && self.is_containerd_asked;
        let (keep, sandboxes) = (self.keep.clone(), cri::Sandboxes::default());
        let board = self.board.clone();
        self.by_socket.entry((kind, socket.clone())).or_insert_with(|| {
            Arc::new(Client { kind, socket, server, breaker, calls, is_both, keep, sandboxes, board })
        });
    }

    /// Clients to ask for a container. Without any, nobody can know it.
    pub(super) fn of(&mut self, wanted: &Wanted) -> Asked {
        self.find_users(wanted);
        let kinds = kinds(&wanted.runtime);
        let clients = self.by_socket.values().filter(|client| kinds.contains(&client.kind));
        Asked(clients.cloned().collect())
    }

    /// Every client, with Podman's of users.
    pub(super) fn all(mut self, nobody: &Wanted) -> Asked {
        self.find_users(nobody);
        Asked(self.by_socket.into_values().collect())
    }

    /// Podman of users who came since the last look.
    fn find_users(&mut self, wanted: &Wanted) {
        let Some(users) = self.users.as_ref().filter(|_| wanted.runtime == "podman") else { return };
        let homes = fs::read_dir(users).into_iter().flatten().flatten().take(MAX_USERS);
        let sockets: Vec<_> = homes.map(|home| home.path().join("podman/podman.sock")).collect();
        self.by_socket.retain(|(kind, socket), client| {
            let is_kept = *kind != Kind::Podman || !socket.starts_with(users) || sockets.contains(socket);
            if !is_kept {
                self.board.forget(client.place().0, &socket.to_string_lossy());
            }
            is_kept
        });
        for socket in sockets {
            self.add(Kind::Podman, socket);
        }
    }
}

/// What may have made a container whose cgroup path looks like `runtime`'s. A bare id below an unknown parent looks like
/// Docker's and may be anybody's.
fn kinds(runtime: &str) -> &'static [Kind] {
    match runtime {
        "containerd" => &[Kind::Cri, Kind::Containerd],
        "cri-o" => &[Kind::Cri],
        "podman" => &[Kind::Podman],
        "docker" => &[Kind::Cri, Kind::Containerd, Kind::Docker, Kind::Podman],
        _ => &[],
    }
}

/// Clients that are asked for one container.
#[derive(Clone, Debug)]
pub(super) struct Asked(Vec<Arc<Client>>);

impl Asked {
    /// Asks all at once; the first that knows it answers. Else the most hopeful reason.
    pub(super) async fn ask(&self, wanted: &Wanted) -> Result<Found, Failure> {
        let mut calls = JoinSet::new();
        for client in &self.0 {
            let (client, wanted) = (Arc::clone(client), wanted.clone());
            calls.spawn(async move { client.ask(&wanted).await });
        }
        let mut worst = Failure::Absent;
        while let Some(done) = calls.join_next().await {
            match done {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(Failure::NotFound)) if matches!(worst, Failure::Absent) => worst = Failure::NotFound,
                Ok(Err(Failure::Absent | Failure::NotFound)) => {}
                Ok(Err(down)) => worst = down,
                Err(error) => worst = Failure::Down(error.to_string()),
            }
        }
        Err(worst)
    }
}

impl Client {
    /// What is spoken, and where.
    fn place(&self) -> (&'static str, &Path) {
        let kind = match self.kind {
            Kind::Cri => "CRI",
            Kind::Containerd => "containerd",
            Kind::Docker => "Docker",
            Kind::Podman => "Podman",
        };
        (kind, &self.socket)
    }

    async fn ask(&self, wanted: &Wanted) -> Result<Found, Failure> {
        match may_be_asked(&self.socket) {
            Ok(()) => {}
            Err(Errno::NOENT) if self.breaker.has_answered() => {
                let gone = "the socket is gone";
                self.show(Some(gone));
                return Err(Failure::Down(gone.to_owned()));
            }
            Err(Errno::NOENT) => return Err(Failure::Absent),
            // Waiting does not help: as if it was not there, but loudly.
            Err(Errno::ACCESS) => {
                self.show(Some("permission denied"));
                if self.breaker.fail("not permitted") {
                    let socket = self.socket.display();
                    tracing::warn!("the container runtime at {socket} may not be asked: permission denied");
                }
                return Err(Failure::Absent);
            }
            Err(error) => return Err(io::Error::from(error).into()),
        }
        if let Some(reason) = self.breaker.is_open() {
            return Err(Failure::Down(reason));
        }
        // A closed semaphore: there is none.
        let _turn = self.calls.acquire().await;
        let mut is_early = false;
        let answer = match (self.kind, &self.server) {
            (Kind::Cri, Some(server)) => {
                match cri::find(server, &self.sandboxes, &wanted.full_id, &self.keep).await {
                    // No kubelet's, or a sandbox that is being made. CRI-O has no such interface, and so does not know it either.
                    Err(Failure::NotFound) if self.is_both => {
                        let answer = containerd::find(server, wanted, &self.keep).await;
                        let pod = answer.as_ref().ok().and_then(|context| context.pod.as_ref());
                        is_early = pod.is_some_and(|pod| pod.sandbox_id == wanted.full_id);
                        answer
                    }
                    answer => answer,
                }
            }
            (Kind::Containerd, Some(server)) => containerd::find(server, wanted, &self.keep).await,
            _ => docker::find(&self.socket, &wanted.full_id, &self.keep).await,
        };
        self.remember(&answer);
        answer.map(|context| Found { context, is_early })
    }

    fn remember(&self, answer: &Answer) {
        let socket = self.socket.display();
        if let Err(Failure::Down(reason)) = answer {
            self.show(Some(reason));
            if self.breaker.fail(reason) {
                tracing::warn!("the container runtime at {socket} does not answer: {reason}");
            }
        } else {
            self.show(None);
            if self.breaker.succeed() {
                tracing::info!("the container runtime at {socket} answers again");
            }
        }
    }

    fn show(&self, fault: Option<&str>) {
        let (kind, socket) = self.place();
        self.board.set(kind, &socket.to_string_lossy(), fault);
    }
}

/// Whether there is a socket that this process may connect to.
fn may_be_asked(socket: &Path) -> Result<(), Errno> {
    accessat(CWD, socket, Access::WRITE_OK, AtFlags::EACCESS)
}
