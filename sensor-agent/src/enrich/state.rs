//! The process table and what it knows of the host: records go in, events come out.

mod clock;
mod directory;
mod lifecycle;
mod seed;

use std::{net::IpAddr, sync::Arc};

use sensor_common::{Task, event::exit};

use super::{
    Container, Event, Metadata, Process, ProcessKey, Side,
    cgroup::{Cgroup, Cgroups},
    container::Engines,
    context::Contexts,
    host::{Accounts, Found, Host},
    names::Names,
    pods::Pods,
    rosters::{Rosters, Unread},
    table::{Entry, Place, Table},
};
use crate::{
    border::{PodFacts, PodTold, Resolved, Told, Wanted},
    decode::{Body, Record},
};

/// Where something happened that nothing is known of.
pub const UNKNOWN_PLACE: &str = "?";

/// Bounds of the state; each has a counter for what it turned away.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Processes, living and recently ended. One takes about 0.5 KiB, and what its own strings take.
    pub processes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { processes: 300_000 }
    }
}

/// Size of the process table, and what it turned away since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Processes now, living and recently ended.
    pub processes: u64,
    /// Their bound.
    pub processes_max: u64,
    /// Ended processes that went early because the table was full.
    pub processes_evicted: u64,
    /// Processes that were not kept because the table was full of living ones. Their events are handed out all the same.
    pub processes_refused: u64,
    /// Containers that were asked for and are remembered.
    pub containers: u64,
    /// Host names of rules that have an address.
    pub host_names: u64,
}

/// Ancestors that are followed.
const MAX_LINEAGE: usize = 64;

/// Everything that enrichment knows.
#[derive(Debug)]
pub struct State {
    host: Host,
    limits: Limits,
    table: Table,
    cgroups: Cgroups,
    contexts: Contexts,
    rosters: Rosters,
    pods: Pods,
    names: Names,
    /// Events handed out.
    n_events: u64,
    /// Time of the first of them, ns since the epoch; 0 before it.
    first_ns: u64,
    /// Time of the last.
    last_ns: u64,
}

/// What tells an event from the others.
struct Stamp {
    num: u64,
    time_ns: u64,
    before_ns: u64,
}

impl State {
    /// An empty table on this host.
    pub fn new(host: Host, limits: Limits) -> Self {
        let (table, cgroups, contexts) = (Table::new(limits.processes), Cgroups::new(), Contexts::new());
        Self {
            host,
            limits,
            table,
            cgroups,
            contexts,
            rosters: Rosters::new(),
            pods: Pods::new(),
            names: Names::default(),
            n_events: 0,
            first_ns: 0,
            last_ns: 0,
        }
    }

    /// Takes a record in and hands out the events it is: none (first sight), one, or two (fork). A cgroup is one if it is the
    /// first of a container. The event shows
    /// the state with the record in it; only an exit is first an event and then the end.
    pub fn apply(&mut self, record: &Record<'_>, mut handle: impl FnMut(&Event<'_>)) {
        match &record.body {
            Body::Cgroup(cgroup) => {
                let path = record.text(&cgroup.path).unwrap_or_default();
                let cgroup = self.cgroups.learn(cgroup.hierarchy, cgroup.id, path);
                // Before its first process runs.
                if let Some(container) = cgroup.sure_container().map(Arc::clone)
                    && self.contexts.see(&container, record.prefix.header.time_ns)
                {
                    self.hand_out_container(record, container, &mut handle);
                }
            }
            // Seen for the first time: in a pid namespace of its own the agent finds none of the others at start.
            Body::Process(told) => {
                let place = self.snapshot(record, told);
                self.see_roster(place, record.prefix.header.time_ns);
            }
            Body::Fork(told) => self.fork(record, told, &mut handle),
            Body::Exec(told) => {
                let place = self.exec(record, told);
                self.see_roster(place, record.prefix.header.time_ns);
                self.hand_out(record, Side::Caller, place, &mut handle);
            }
            Body::Exit(told) => {
                let place = self.touch(&record.prefix.task);
                self.hand_out(record, Side::Caller, place, &mut handle);
                if told.flags & exit::GROUP_DEAD != 0 {
                    self.end_container(place);
                    self.table.end(place);
                } else if let Some(entry) = self.table.get_mut(place) {
                    entry.process.threads = entry.process.threads.saturating_sub(1).max(1);
                }
            }
            Body::File(file) => {
                let place = self.touch(&record.prefix.task);
                self.follow_directory(record, file, place);
                self.hand_out(record, Side::Caller, place, &mut handle);
            }
            Body::Call(_) | Body::Socket(_) => {
                let place = self.touch(&record.prefix.task);
                self.hand_out(record, Side::Caller, place, &mut handle);
            }
        }
    }

    /// A process by identity, living or recently ended.
    pub fn process(&self, key: ProcessKey) -> Option<&Process> {
        self.at(self.table.find(key)?)
    }

    /// The process that has this tgid now.
    pub fn by_tgid(&self, tgid: u32) -> Option<&Process> {
        self.at(self.table.find_tgid(tgid)?).filter(|process| !process.is_exited)
    }

    /// The parent process, if it is known. That of the acting process is what the kernel says now; that of an ancestor
    /// may have ended since the ancestor's last record, and is still given while it is kept.
    pub fn parent(&self, process: &Process) -> Option<&Process> {
        self.process(process.parent).filter(|parent| parent.key.is_older_than(process.key))
    }

    /// `process`, its parent, and so on; bounded and free of loops.
    pub fn lineage<'a>(&'a self, process: &'a Process) -> impl Iterator<Item = &'a Process> + use<'a> {
        std::iter::successors(Some(process), |process| self.parent(process)).take(MAX_LINEAGE)
    }

    /// Time of the first event, ns since the epoch; 0 before it.
    pub fn first_ns(&self) -> u64 {
        self.first_ns
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Takes the host's accounts as they are now.
    pub fn set_accounts(&mut self, accounts: Accounts) {
        self.host.accounts = accounts;
    }

    /// Asks for accounts of containers from now on ([`Self::take_unread`]); before, they have none.
    pub fn ask_accounts(&mut self) {
        self.rosters.is_asking = true;
    }

    /// Containers whose accounts are wanted since the last call.
    pub fn take_unread(&mut self) -> impl Iterator<Item = Unread> + use<> {
        self.rosters.take_unread().into_iter()
    }

    /// The question for a container's accounts was not taken.
    pub fn forget_accounts(&mut self, full_id: &str) {
        self.rosters.forget(full_id);
    }

    /// Takes the accounts of a container.
    pub fn learn_accounts(&mut self, full_id: &str, found: Found) {
        self.rosters.learn(full_id, found);
    }

    /// Users and groups where this process is; `None` where they are not known.
    pub fn accounts(&self, process: &Process) -> Option<&Accounts> {
        match &process.container {
            Some(container) if self.contexts.fixed.is_none() => self.rosters.of(&container.full_id),
            _ => Some(&self.host.accounts),
        }
    }

    /// Whether events of this container wait for what is told of it.
    pub fn is_awaited(&self, full_id: &str) -> bool {
        self.contexts.is_awaited(full_id) || self.rosters.is_awaited(full_id)
    }

    /// Containers are those from now on. To be called before the first record.
    pub fn recognise(&mut self, engines: Engines) {
        self.contexts.fixed = engines.fixed.as_ref().map(|(_, told)| told.clone());
        self.cgroups.recognise(engines);
    }

    /// Asks for containers from now on ([`Self::take_wanted`]); before, all are unknown.
    pub fn ask(&mut self) {
        self.contexts.is_asking = true;
    }

    /// Containers that were seen since the last call and are not known.
    pub fn take_wanted(&mut self) -> impl Iterator<Item = Wanted> + use<> {
        self.contexts.take_wanted().into_iter()
    }

    /// The question for a container was not taken.
    pub fn forget(&mut self, full_id: &str) {
        self.contexts.forget(full_id);
    }

    /// Whoever was asked has forgotten it: events ask again for what was not answered.
    pub fn ask_again(&mut self) {
        self.contexts.ask_again();
    }

    /// Takes what was told of a container.
    pub fn learn(&mut self, told: Told) {
        self.contexts.learn(told);
    }

    /// Takes what was told of a pod.
    pub fn learn_pod(&mut self, told: PodTold) {
        self.pods.learn(told);
    }

    /// What the API server told of a pod.
    pub fn pod_facts(&self, uid: &str) -> Option<&PodFacts> {
        self.pods.get(uid)
    }

    /// Takes the addresses of all host names that rules compare with.
    pub fn learn_names(&mut self, told: Vec<Resolved>) {
        self.names.learn(told);
    }

    /// Those of these host names that have this address; `None` while nothing was looked up.
    pub fn names_of(&self, address: IpAddr) -> Option<&[String]> {
        self.names.of(address)
    }

    /// `container.id` of a cgroup: `host` of one without a container, [`UNKNOWN_PLACE`] of one that no record told of.
    pub fn place_of(&mut self, hierarchy: u32, cgroup_id: u64) -> String {
        let Some(cgroup) = self.cgroups.get(hierarchy, cgroup_id) else { return UNKNOWN_PLACE.to_owned() };
        // Of a path that only a pid namespace proves to be a container's, nothing is claimed.
        cgroup.sure_container().map_or_else(|| "host".to_owned(), |container| container.id.clone())
    }

    /// Nobody told of a container in time.
    pub fn give_up(&mut self, full_id: &str) {
        self.contexts.give_up(full_id);
        self.rosters.give_up(full_id);
    }

    /// What is known of the container of a process.
    pub fn metadata(&self, process: &Process) -> Metadata<'_> {
        match process.container.as_deref() {
            Some(container) if self.rosters.is_awaited(&container.full_id) => Metadata::Awaited,
            container => self.contexts.of(container),
        }
    }

    /// Counters of the process table.
    pub fn stats(&self) -> Counts {
        Counts {
            processes: self.table.len() as u64,
            processes_max: self.limits.processes as u64,
            processes_evicted: self.table.n_evicted,
            processes_refused: self.table.n_refused,
            containers: self.contexts.len() as u64,
            host_names: self.names.n_resolved,
        }
    }

    fn at(&self, place: Place) -> Option<&Process> {
        self.table.get(place).map(|entry| &entry.process)
    }

    fn hand_out(
        &mut self,
        record: &Record<'_>,
        side: Side,
        place: Place,
        handle: &mut impl FnMut(&Event<'_>),
    ) {
        let Stamp { num, time_ns, before_ns } = self.stamp(record);
        self.see_container(place, record.prefix.header.time_ns);
        let state: &Self = self;
        let Some(actor) = state.at(place) else { return };
        let metadata = state.metadata(actor);
        handle(&Event { num, time_ns, before_ns, record, side, actor, ancestors: None, metadata, state });
    }

    /// Counts the next event.
    fn stamp(&mut self, record: &Record<'_>) -> Stamp {
        let time_ns = self.host.boot_epoch_ns.saturating_add(record.prefix.header.time_ns);
        if self.n_events == 0 {
            (self.first_ns, self.last_ns) = (time_ns, time_ns);
        }
        self.n_events += 1;
        Stamp { num: self.n_events, time_ns, before_ns: std::mem::replace(&mut self.last_ns, time_ns) }
    }

    fn see_container(&mut self, place: Place, now_ns: u64) {
        if let Some(container) = self.table.get(place).and_then(|entry| entry.process.container.as_ref()) {
            self.contexts.see(container, now_ns);
        }
    }

    /// A program has started, or was found.
    fn see_roster(&mut self, place: Place, now_ns: u64) {
        if self.is_inside(place)
            && let Some(Entry { process, .. }) = self.table.get(place)
        {
            self.rosters.see(process, now_ns);
        }
    }

    /// Whether a process is in a container, and not only in its cgroup: runtimes start programs before they are inside, in
    /// the host's mount namespace.
    fn is_inside(&self, place: Place) -> bool {
        let Some(Entry { process, .. }) = self.table.get(place) else { return false };
        let hosts = || Some(self.at(self.table.find_tgid(1)?)?.task.mnt_ns);
        process.container.is_some() && self.contexts.fixed.is_none() && hosts() != Some(process.task.mnt_ns)
    }

    /// The first process of a pid namespace ends: in most cases its container does.
    fn end_container(&mut self, place: Place) {
        let process = self.table.get(place).map(|entry| &entry.process);
        if let Some(Process { container: Some(container), facts, .. }) = process
            && facts.vpid == 1
        {
            self.contexts.end(container);
        }
    }

    /// Falco's `container`: a container is there, whatever its runtime will tell. The process is the one that made the
    /// cgroup, as if it was inside.
    fn hand_out_container(
        &mut self,
        record: &Record<'_>,
        container: Arc<Container>,
        handle: &mut impl FnMut(&Event<'_>),
    ) {
        let place = self.touch(&record.prefix.task);
        let Stamp { num, time_ns, before_ns } = self.stamp(record);
        let state: &Self = self;
        let Some(maker) = state.at(place) else { return };
        let actor = Process { container: Some(container), ..maker.clone() };
        let (side, actor, metadata) = (Side::Caller, &actor, state.metadata(&actor));
        handle(&Event { num, time_ns, before_ns, record, side, actor, ancestors: None, metadata, state });
    }

    /// The process of a record, with what its task tells; put together from that if nothing else is known.
    fn touch(&mut self, task: &Task) -> Place {
        let Some(place) = self.table.find(ProcessKey::of(task)) else { return self.infer(task) };
        if let Some(Entry { process, .. }) = self.table.get_mut(place) {
            if (process.task.cgroup_id, process.task.cgroup_hierarchy)
                != (task.cgroup_id, task.cgroup_hierarchy)
                && let Some(cgroup) = self.cgroups.get(task.cgroup_hierarchy, task.cgroup_id)
            {
                enter(process, cgroup, task);
            }
            process.follow(task);
        }
        place
    }

    fn infer(&mut self, task: &Task) -> Place {
        let mut process = Process::inferred(task, self.host.boot_epoch_ns);
        process.container = self.cgroups.fixed();
        if let Some(cgroup) = self.cgroups.get(task.cgroup_hierarchy, task.cgroup_id) {
            enter(&mut process, cgroup, task);
        }
        self.table.insert(Entry { process, pwd: None })
    }
}

/// Puts a process into a cgroup. One that no record told of leaves it where it was: in its container, if it is in one.
fn enter(process: &mut Process, cgroup: &Cgroup, task: &Task) {
    process.cgroup = Some(cgroup.path.clone());
    process.container = cgroup.container(task.pid_ns);
}

#[cfg(test)]
mod tests;
