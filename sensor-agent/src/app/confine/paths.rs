//! Files that the egress half may open, by landlock. Sockets are not files to it: which of them may be connected to is decided by
//! their own permissions. Kernels before 5.13, and those that are booted without landlock, have no such limit.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use crate::app::config::Config;

/// What of a kernel's landlock is used, as far as it has it; 6 (Linux 6.12) limits signals and abstract sockets.
const KNOWN: ABI = ABI::V6;

/// What name look-ups, TLS, clocks and own figures read.
const READ: &[&str] = &[
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    // Modules of name look-ups are loaded with the first one.
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    // Where resolv.conf is a link to.
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/systemd/resolve",
    // The pod's token is renewed.
    "/var/run/secrets",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/proc/sys/fs/file-nr",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
];

/// How much of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Files and folders below it are read.
    Read,
    /// Files in it are made and written to.
    Append,
    /// It is ours.
    Own,
}

/// All places of a configuration.
pub(super) fn of(config: &Config) -> Vec<(PathBuf, Use)> {
    let mut places: Vec<_> = READ.iter().map(|path| (PathBuf::from(path), Use::Read)).collect();
    let outputs = &config.outputs;
    let appended = outputs.file.as_ref().map(|file| &file.path);
    let appended = appended.into_iter().chain(config.metrics.as_ref().and_then(|it| it.output_file.as_ref()));
    // Rotation puts another file in its place.
    places.extend(appended.map(|path| (folder(path).to_owned(), Use::Append)));
    places.extend(outputs.spool.as_ref().map(|spool| (spool.directory.clone(), Use::Own)));
    if let Some(http) = &outputs.http {
        let certificates = [http.ca_cert.as_ref(), http.ca_bundle.as_ref(), Some(&http.ca_path)];
        let own = [&http.client_cert, &http.client_key].map(|path| http.mtls.then_some(path));
        places.extend(certificates.into_iter().chain(own).flatten().map(|path| (path.clone(), Use::Read)));
    }
    let kubeconfig = config.runtimes.kubernetes.as_ref().and_then(|it| it.kubeconfig.as_ref());
    places.extend(kubeconfig.map(|path| (folder(path).to_owned(), Use::Read)));
    // Sockets of users' runtimes are looked for.
    let users = Path::new(&config.runtimes.host_root).join("run/user");
    places.push((Path::new("/").join(users), Use::Read));
    places
}

fn folder(of: &Path) -> &Path {
    match of.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        parent => parent.unwrap_or(of),
    }
}

/// From now on nothing but these places can be opened, nothing be run, and no process outside be signalled.
pub(super) fn restrict(places: &[(PathBuf, Use)]) -> Result<(), String> {
    let status = apply(places).map_err(|error| format!("files cannot be given up: {error}"))?;
    if status == RulesetStatus::NotEnforced {
        return Err(
            "this kernel has no landlock (5.13 and newer have it): files are limited by their permissions \
                    alone"
                .to_owned(),
        );
    }
    Ok(())
}

fn apply(places: &[(PathBuf, Use)]) -> Result<RulesetStatus, RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?;
    for (path, used) in places {
        // What is not there cannot be opened either; what comes later needs a start.
        if let Ok(place) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(place, access(*used, path.is_dir())))?;
        }
    }
    Ok(rules.restrict_self()?.ruleset)
}

fn access(used: Use, is_folder: bool) -> BitFlags<AccessFs> {
    let access = match used {
        Use::Read => AccessFs::ReadFile | AccessFs::ReadDir,
        Use::Append => AccessFs::WriteFile | AccessFs::MakeReg,
        Use::Own => {
            AccessFs::ReadFile
                | AccessFs::ReadDir
                | AccessFs::WriteFile
                | AccessFs::Truncate
                | AccessFs::MakeReg
                | AccessFs::RemoveFile
        }
    };
    if is_folder { access } else { access & AccessFs::from_file(KNOWN) }
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    /// Set where this test starts itself again: landlock is for good.
    const INSIDE: &str = "SAKER_TEST_LANDLOCK";

    #[test]
    fn only_the_named_places_can_be_opened() {
        if let Some(folder) = std::env::var_os(INSIDE) {
            return inside(Path::new(&folder));
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("logs")).expect("a folder");
        fs::write(folder.path().join("logs/old"), "old").expect("a file");
        fs::write(folder.path().join("certificate"), "pem").expect("a file");
        fs::write(folder.path().join("secret"), "s").expect("a file");
        let mut again = Command::new(std::env::current_exe().expect("this test"));
        again.args([
            "--exact",
            "app::confine::paths::tests::only_the_named_places_can_be_opened",
            "--nocapture",
        ]);
        let output = again.env(INSIDE, folder.path()).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    fn inside(folder: &Path) {
        let path = |name: &str| folder.join(name);
        let places =
            [(path("logs"), Use::Append), (path("certificate"), Use::Read), (path("none"), Use::Own)];
        if let Err(why) = restrict(&places) {
            println!("skipped: {why}");
            return;
        }
        let refused = |result: std::io::Result<()>| {
            result.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        };
        assert_eq!(fs::read_to_string(path("certificate")).expect("may be read"), "pem");
        assert!(refused(fs::write(path("logs/old"), "new")), "truncation is not appending");
        let append = |name: &str| fs::OpenOptions::new().append(true).create(true).open(path(name)).map(drop);
        append("logs/new").expect("may be made");
        append("logs/old").expect("may be written to");
        assert!(refused(fs::read_to_string(path("logs/old")).map(drop)), "reading of alerts");
        assert!(refused(fs::read_to_string(path("secret")).map(drop)), "reading elsewhere");
        assert!(refused(append("elsewhere")), "writing elsewhere");
        assert!(refused(fs::remove_file(path("logs/old"))), "removal");
        assert!(refused(Command::new("/bin/true").status().map(drop)), "starting a program");
    }

    #[test]
    fn places_of_a_configuration() {
        let mut config = Config::default();
        config.outputs.file = Some(crate::app::config::FileOutput {
            path: "/var/log/falco/events.txt".into(),
            keep_alive: false,
        });
        config.runtimes.host_root = "/host".to_owned();
        let places = of(&config);
        assert!(places.contains(&("/var/log/falco".into(), Use::Append)));
        assert!(places.contains(&("/host/run/user".into(), Use::Read)));
        assert!(!places.iter().any(|(path, _)| path == Path::new("/etc") || path == Path::new("/")));
        assert_eq!(
            (folder(Path::new("events.txt")), folder(Path::new("/x"))),
            (Path::new("."), Path::new("/"))
        );
    }
}
