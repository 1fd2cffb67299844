//! What an OCI runtime specification (config.json) tells: mounts, namespaces, and what amounts to privileged.

use serde_json::Value;

use crate::border::context::Mount;

/// A specification; nothing when it could not be read.
#[derive(Debug, Default)]
pub(super) struct Spec(Value);

/// Mount types that are no part of the host: every container has them.
const OWN: [&str; 6] = ["proc", "tmpfs", "devpts", "mqueue", "sysfs", "cgroup"];

impl Spec {
    /// Reads JSON.
    pub(super) fn parse(json: &[u8]) -> Self {
        Self(serde_json::from_slice(json).unwrap_or_default())
    }

    /// Mounts of the host's files.
    pub(super) fn mounts(&self) -> Vec<Mount> {
        let mounts = self.0.get("mounts").and_then(Value::as_array);
        let mounts = mounts.into_iter().flatten();
        mounts.filter(|mount| !OWN.contains(&text(mount, "type"))).map(mount).collect()
    }

    /// Whether there is no namespace of this type of its own; unknown without a specification, and when it joins one.
    pub(super) fn is_on_host(&self, kind: &str) -> Option<bool> {
        let namespaces = self.0.pointer("/linux/namespaces")?.as_array()?;
        let own = namespaces.iter().find(|namespace| text(namespace, "type") == kind);
        match own {
            Some(joined) if !text(joined, "path").is_empty() => None,
            own => Some(own.is_none()),
        }
    }

    /// Runtimes keep no flag: all devices are allowed and no path is masked, which is what `--privileged` makes.
    pub(super) fn is_privileged(&self) -> Option<bool> {
        let linux = self.0.get("linux")?;
        let devices = linux.pointer("/resources/devices").and_then(Value::as_array);
        let allows_all = |device: &Value| {
            device.get("allow").and_then(Value::as_bool) == Some(true)
                && matches!(text(device, "type"), "" | "a")
                && device.get("major").is_none()
        };
        let is_open = devices.is_some_and(|devices| devices.iter().any(allows_all));
        let masked = linux.get("maskedPaths").and_then(Value::as_array);
        Some(is_open && masked.is_none_or(Vec::is_empty))
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn mount(mount: &Value) -> Mount {
    let options = mount.get("options").and_then(Value::as_array);
    let has = |word: &str| options.is_some_and(|options| options.iter().any(|it| it.as_str() == Some(word)));
    let propagations = ["shared", "rshared", "slave", "rslave", "private", "rprivate"];
    Mount {
        source: text(mount, "source").to_owned(),
        destination: text(mount, "destination").to_owned(),
        mode: String::new(),
        is_writable: !has("ro"),
        propagation: propagations.into_iter().find(|word| has(word)).unwrap_or_default().to_owned(),
    }
}
