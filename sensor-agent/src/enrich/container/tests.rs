//! Paths as runtimes, kubelet and systemd make them, and near misses.

use proptest::prelude::*;

use super::{Container, Evidence};

const ID: &str = "3f5e6a1d0c9b8a7f6e5d4c3b2a1908f7e6d5c4b3a29180f7e6d5c4b3a2918070";
const OTHER: &str = "ab5e6a1d0c9b8a7f6e5d4c3b2a1908f7e6d5c4b3a29180f7e6d5c4b3a29180ff";

/// `#` stands for [`ID`], `@` for [`OTHER`].
fn spelled(path: &str) -> String {
    path.replace('#', ID).replace('@', OTHER)
}

#[test]
fn an_id_of_64_digits() {
    let cases: &[(&str, &str)] = &[
        // Docker: cgroupfs and systemd drivers, a parent of its own, dockershim and cri-dockerd.
        ("/docker/#", "docker"),
        ("/system.slice/docker-#.scope", "docker"),
        ("/docker.slice/docker-#.scope", "docker"),
        ("/custom/parent/#", "docker"),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12_34.slice/docker-#.scope",
            "docker",
        ),
        ("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-#.scope", "docker"),
        // containerd below kubelet: cgroupfs and systemd drivers, and one mistaken for the other.
        ("/kubepods/besteffort/pod0d1c5f4e-62e3-4c44-8f84-5bb8b0b6c8d1/#", "containerd"),
        ("/kubepods/burstable/pod7f/#", "containerd"),
        ("/kubepods/pod7f/#", "containerd"),
        (
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod7f.slice/cri-containerd-#.scope",
            "containerd",
        ),
        ("/kubepods.slice/kubepods-pod7f.slice/cri-containerd-#.scope", "containerd"),
        (
            "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod7f.slice/cri-containerd-#.scope",
            "containerd",
        ),
        ("/system.slice/containerd.service/kubepods-burstable-pod7f.slice:cri-containerd:#", "containerd"),
        ("/kubepods-burstable-pod7f.slice:cri-containerd:#", "containerd"),
        // nerdctl and ctr with generated ids.
        ("/system.slice/nerdctl-#.scope", "containerd"),
        ("/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-#.scope", "containerd"),
        ("/user.slice:nerdctl:#", "containerd"),
        ("/default/#", "containerd"),
        ("/k8s.io/#", "containerd"),
        // CRI-O.
        ("/kubepods/besteffort/pod7f/crio-#", "cri-o"),
        ("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod7f.slice/crio-#.scope", "cri-o"),
        ("/kubepods.slice/kubepods-pod7f.slice/crio-#.scope/container", "cri-o"),
        ("/kubepods-besteffort-pod7f.slice:crio:#", "cri-o"),
        // Podman: root and rootless, crun's inner cgroup, without systemd, split mode.
        ("/machine.slice/libpod-#.scope", "podman"),
        ("/machine.slice/libpod-#.scope/container", "podman"),
        ("/libpod_parent/libpod-#", "podman"),
        ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-#.scope/container", "podman"),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/podman-91.scope/libpod-payload-#",
            "podman",
        ),
        ("/system.slice/web.service/libpod-payload-#", "podman"),
        ("/system.slice/web.service/libpod-payload-#.scope", "podman"),
        // What a container makes below itself, and a container inside another: the inner one.
        ("/docker/#/init.scope", "docker"),
        ("/docker/#/system.slice/nginx.service", "docker"),
        ("/docker/@/kubelet/kubepods/besteffort/pod7f/#", "containerd"),
        ("/lxc/node1/kubepods/pod7f/#", "containerd"),
        ("/docker/#/", "docker"),
        // Static pods: the uid is a hash. k3s and k3d use kubelet's shapes.
        ("/kubepods/burstable/pod3c1e0a7bd1b5a5b0b1c1a2f3e4d5c6b7/#", "containerd"),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod3c1e0a7bd1b5.slice/cri-containerd-#.scope",
            "containerd",
        ),
        ("/docker/@/kubepods/besteffort/pod7f/#", "containerd"),
        // kind and minikube: a node that is a container, cgroupfs and systemd inside, v1 and v2.
        (
            "/docker/@/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod7f.slice/cri-containerd-#.scope",
            "containerd",
        ),
        (
            "/system.slice/docker-@.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod7f.slice/cri-containerd-#.scope",
            "containerd",
        ),
        ("/machine.slice/libpod-@.scope/container/kubelet/kubepods/pod7f/#", "containerd"),
        ("/system.slice/docker-@.scope/docker/#", "docker"),
        // Pods of Podman, with and without systemd.
        ("/machine.slice/machine-libpod_pod_@.slice/libpod-#.scope", "podman"),
        ("/libpod_parent/@/libpod-#", "podman"),
    ];
    for (path, runtime) in cases {
        let path = spelled(path);
        let (found, evidence) = Container::in_cgroup(path.as_bytes()).expect(&path);
        assert_eq!((found.full_id.as_str(), found.runtime), (ID, *runtime), "{path}");
        assert_eq!((found.id.as_str(), evidence), (&ID[..12], Evidence::Strong), "{path}");
    }
}

#[test]
fn names_that_people_gave() {
    use Evidence::{Strong, Weak};
    let cases: &[(&str, &str, &str, Evidence)] = &[
        ("/lxc/web", "web", "lxc", Strong),
        ("/lxc/web/init.scope", "web", "lxc", Strong),
        ("/lxc.payload/a-rather-long-name", "a-rather-long-name", "lxc", Strong),
        ("/lxc.payload.web/system.slice/cron.service", "web", "lxc", Strong),
        ("/machine/web.libvirt-lxc", "web", "libvirt-lxc", Strong),
        (r"/machine.slice/machine-lxc\x2d4184\x2dweb.scope", r"4184\x2dweb", "libvirt-lxc", Strong),
        (r"/machine.slice/machine-lxc\x2d4184\x2dweb.scope/libvirt", r"4184\x2dweb", "libvirt-lxc", Strong),
        ("/libvirt/lxc/web", "web", "libvirt-lxc", Strong),
        ("/system.slice/bpm-router.scope", "router", "bpm", Strong),
        ("/default/redis", "redis", "containerd", Weak),
        ("/k8s.io/my-test_container", "my-test_cont", "containerd", Weak),
        ("/openfaas-fn/figlet", "figlet", "containerd", Weak),
        ("/default/redis/inner", "redis", "containerd", Weak),
        ("/garden/0f6a2b1c-7d52-4f0a-43ad", "0f6a2b1c-7d5", "containerd", Weak),
        ("/default/service.container", "service.cont", "containerd", Weak),
    ];
    for (path, id, runtime, evidence) in cases {
        let (found, how) = Container::in_cgroup(path.as_bytes()).expect(path);
        assert_eq!((found.id.as_str(), found.runtime, how), (*id, *runtime, *evidence), "{path}");
    }
}

#[test]
fn the_host() {
    let cases = [
        "",
        "/",
        "/init.scope",
        "/system.slice",
        "/system.slice/sshd.service",
        "/system.slice/docker.service",
        "/system.slice/containerd.service",
        "/system.slice/docker.service/worker",
        "/system.slice/system-getty.slice/getty@tty1.service",
        "/system.slice/docker-#.service",
        "/system.slice/var-lib-docker-overlay2-#-merged.mount",
        "/user.slice/user-1000.slice/session-3.scope",
        "/user.slice/user-1000.slice/user@1000.service/init.scope",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-12.scope",
        "/user.slice/user-1000.slice/user@1000.service/app.slice/dbus",
        "/kubepods",
        "/kubepods/besteffort",
        "/kubepods/besteffort/pod0d1c5f4e-62e3-4c44-8f84-5bb8b0b6c8d1",
        "/kubepods.slice/kubepods-pod7f.slice",
        "/kubelet/kubepods",
        "/podruntime/kubelet",
        "/machine/qemu-1-vm.libvirt-qemu",
        "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
        "/lxc.monitor/web",
        "/lxc.monitor.web",
        "/kubepods.slice/kubepods-pod7f.slice/crio-conmon-#.scope",
        "/machine.slice/libpod-conmon-#.scope",
        "/machine.slice/libpod-#a.scope",
        "/machine.slice/libpod-g#.scope",
        "/machine.slice/mylibpod-#.scope",
        "/machine.slice/docker-abc.scope",
        "/user.slice/user-0.slice:other:#",
        "/default/redis.service",
        "/default/.scope",
        "/default/##",
        "/na me/redis",
        "/-x/redis",
        "/default",
        "/lxc",
        "default/redis",
    ];
    for path in cases {
        let path = spelled(path);
        assert_eq!(Container::in_cgroup(path.as_bytes()), None, "{path}");
    }
    assert_eq!(Container::in_cgroup(b"/default/\xff\xfe"), None);
}

proptest! {
    #[test]
    fn any_path_is_taken(path in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _found = Container::in_cgroup(&path);
    }

    #[test]
    fn what_looks_like_a_path_gives_a_bounded_id(
        path in r"(/(libpod-|docker-|lxc|crio-|é|default|[a-f0-9]{64}|x\.scope|bpm-){0,3}){0,4}",
    ) {
        if let Some((found, _)) = Container::in_cgroup(path.as_bytes()) {
            prop_assert!(!found.id.is_empty() && found.full_id.len() <= path.len());
        }
    }
}
