//! Image references: `repository[:tag][@digest]`, or an id (`sha256:…`) alone.

use crate::border::context::Image;

impl Image {
    /// The image that `reference` names; an id alone names no repository.
    pub(crate) fn of(reference: &str) -> Self {
        let mut image = Self { reference: reference.to_owned(), ..Self::default() };
        if let Some(id) = digits(reference) {
            id.clone_into(&mut image.id);
            return image;
        }
        let (name, digest) = reference.split_once('@').unwrap_or((reference, ""));
        // A colon before the last slash is the registry's port.
        let base = name.rfind('/').map_or(0, |slash| slash + 1);
        let colon = name.get(base..).and_then(|last| last.find(':')).map(|colon| base + colon);
        let (repository, tag) = colon.map_or((name, ""), |colon| (&name[..colon], &name[colon + 1..]));
        let owned = str::to_owned;
        Self { repository: owned(repository), tag: owned(tag), digest: owned(digest), ..image }
    }

    /// Adds what a second reference tells (`repository@digest`, or an id).
    pub(super) fn complete(&mut self, reference: &str) {
        let other = Self::of(reference);
        for (own, more) in [
            (&mut self.id, other.id),
            (&mut self.repository, other.repository),
            (&mut self.digest, other.digest),
        ] {
            if own.is_empty() {
                *own = more;
            }
        }
    }
}

/// The digits of an id.
fn digits(reference: &str) -> Option<&str> {
    let hex = reference.strip_prefix("sha256:").unwrap_or(reference);
    (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn parts_of_references() {
        let id = "0123456789abcdef".repeat(4);
        let digest = format!("sha256:{id}");
        let cases: &[(&str, &str, &str, &str, &str)] = &[
            ("busybox", "busybox", "", "", ""),
            ("docker.io/library/busybox:1.36", "docker.io/library/busybox", "1.36", "", ""),
            ("localhost:5000/a/b", "localhost:5000/a/b", "", "", ""),
            ("localhost:5000/a/b:v1", "localhost:5000/a/b", "v1", "", ""),
            ("quay.io/a@sha256:12", "quay.io/a", "", "sha256:12", ""),
            ("quay.io/a:t@sha256:12", "quay.io/a", "t", "sha256:12", ""),
            (&digest, "", "", "", &id),
            (&id, "", "", "", &id),
            ("", "", "", "", ""),
        ];
        for (reference, repository, tag, digest, id) in cases {
            let image = Image::of(reference);
            let parts =
                (image.repository.as_str(), image.tag.as_str(), image.digest.as_str(), image.id.as_str());
            assert_eq!(parts, (*repository, *tag, *digest, *id), "{reference}");
        }
        let mut image = Image::of("busybox:1");
        image.complete(&format!("docker.io/library/busybox@{digest}"));
        image.complete(&digest);
        assert_eq!((image.repository, image.digest, image.id), ("busybox".to_owned(), digest, id));
    }
}
