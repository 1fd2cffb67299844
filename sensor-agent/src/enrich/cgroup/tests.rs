//! Turning paths round, and what a cgroup's container needs.

use super::{CAPACITY, Cgroups, INITIAL_PID_NS};

#[test]
fn components_come_leaf_first() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "/"),
        (b"leaf\0", "/leaf"),
        (b"c\0b\0a\0", "/a/b/c"),
        (b"c\0b", "/b/c"),
        (b"\0", "/"),
        (b"c\0\0a\0", "/a/c"),
    ];
    let mut cgroups = Cgroups::new();
    for (id, (leaf_first, path)) in cases.iter().enumerate() {
        assert_eq!(*cgroups.learn(0, id as u64, leaf_first).path, *path.as_bytes());
        assert_eq!(*cgroups.get(0, id as u64).expect("learnt").path, *path.as_bytes());
    }
}

#[test]
fn an_id_that_gets_another_path_is_another_cgroup() {
    let mut cgroups = Cgroups::new();
    let host = cgroups.learn(0, 7, b"sshd.service\0system.slice\0").clone();
    assert!(host.container(1).is_none());
    let lxc = cgroups.learn(0, 7, b"web\0lxc\0").clone();
    assert_eq!(lxc.container(1).expect("a container").id, "web");
    assert!(cgroups.get(1, 7).is_none(), "another hierarchy");
    let again = cgroups.learn(0, 7, b"web\0lxc\0").clone();
    assert!(std::sync::Arc::ptr_eq(&lxc.path, &again.path), "the same path is shared");
}

#[test]
fn a_weak_shape_needs_a_pid_namespace() {
    let mut cgroups = Cgroups::new();
    let weak = cgroups.learn(0, 1, b"redis\0default\0").clone();
    assert_eq!(weak.container(17).expect("a container").id, "redis");
    assert!(weak.container(INITIAL_PID_NS).is_none());
    let strong = cgroups.learn(0, 2, b"web\0lxc\0").clone();
    assert!(strong.container(INITIAL_PID_NS).is_some());
}

#[test]
fn memory_is_bounded() {
    let mut cgroups = Cgroups::new();
    let many = CAPACITY.get() as u64 + 10;
    for id in 0..many {
        cgroups.learn(0, id, format!("{id}\0").as_bytes());
    }
    assert_eq!(cgroups.by_id.len(), CAPACITY.get());
    assert!(cgroups.get(0, 0).is_none() && cgroups.get(0, many - 1).is_some());
}
