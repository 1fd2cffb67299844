//! What this kernel offers, found by looking, before anything is loaded.

use aya::Btf;
use aya_obj::btf::BtfKind;

use super::CaptureError;

/// Facts about the kernel that decide how the programs are loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// `uname -r`.
    pub release: String,
    /// BTF id of `bpf_rdonly_cast` (6.2 and newer): kernel memory is read by plain loads.
    pub rdonly_cast: Option<u32>,
}

impl Features {
    /// Looks at the running kernel; also gives its BTF, which is parsed once (it is some megabytes).
    pub fn probe() -> Result<(Self, Btf), CaptureError> {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        if version(&release) < (5, 8) {
            return Err(CaptureError::OldKernel { release });
        }
        let btf = Btf::from_sys_fs().map_err(|source| CaptureError::NoBtf { source })?;
        let rdonly_cast = btf.id_by_type_name_kind("bpf_rdonly_cast", BtfKind::Func).ok();
        Ok((Self { release, rdonly_cast }, btf))
    }

    /// Whether kernel memory is read by plain loads.
    pub fn has_plain_loads(&self) -> bool {
        self.rdonly_cast.is_some()
    }
}

/// Major and minor version of a release string; `(0, 0)` when it has none.
fn version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions() {
        for (release, expect) in
            [("5.10.0-30-cloud-amd64", (5, 10)), ("6.18.44-fc-v509", (6, 18)), ("7.2", (7, 2)), ("", (0, 0))]
        {
            assert_eq!(version(release), expect, "{release}");
        }
    }
}
