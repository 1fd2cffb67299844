//! Which files are read, and which are not.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::Path,
};

use super::{FileError, TextFile, Trust, expand, read};

fn write(path: &Path, text: &[u8], mode: u32) {
    fs::write(path, text).expect("writes");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("sets the mode");
}

#[test]
fn what_others_may_write_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("rules.yaml");
    for (mode, is_refused) in
        [(0o644, false), (0o600, false), (0o755, false), (0o664, true), (0o646, true), (0o666, true)]
    {
        write(&path, b"- list: l", mode);
        let result = read(&path, Trust::OwnerOnly);
        match result {
            Err(FileError::Writable { mode: found, .. }) => assert!(is_refused && found == mode, "{mode:o}"),
            Ok(file) => {
                assert!(!is_refused, "{mode:o}");
                assert_eq!(file, TextFile { path: path.clone(), text: "- list: l".into() });
            }
            Err(error) => panic!("{mode:o}: {error}"),
        }
        assert!(read(&path, Trust::Anyone).is_ok(), "{mode:o}: may be looked at");
    }
    write(&path, b"", 0o664);
    let message = read(&path, Trust::OwnerOnly).expect_err("refused").to_string();
    assert!(message.contains("rules.yaml") && message.contains("mode 0664"), "{message}");
}

#[test]
fn only_regular_files_are_read() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(matches!(read(dir.path(), Trust::Anyone), Err(FileError::NotRegular { .. })));
    assert!(matches!(read(Path::new("/dev/zero"), Trust::Anyone), Err(FileError::NotRegular { .. })));
    assert!(matches!(read(&dir.path().join("no"), Trust::Anyone), Err(FileError::Read { .. })));
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("f.yaml");
    write(&path, b"a\xffb", 0o600);
    assert_eq!(read(&path, Trust::OwnerOnly).expect("reads").text, "a\u{fffd}b");
}

#[test]
fn directories_expand_sorted() {
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["20-b.yaml", "10-z.yaml", "3-a.yml", "README"] {
        write(&dir.path().join(name), b"", 0o600);
    }
    fs::create_dir(dir.path().join("sub.yaml")).expect("a directory");
    symlink("20-b.yaml", dir.path().join("30-link.yaml")).expect("a link");
    symlink("nowhere", dir.path().join("40-dangling.yaml")).expect("a link");
    let names: Vec<_> = expand(dir.path())
        .expect("expands")
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    assert_eq!(names, ["10-z.yaml", "20-b.yaml", "3-a.yml", "30-link.yaml", "README"]);
    assert_eq!(expand(&dir.path().join("nothing")).expect("nothing"), Vec::<std::path::PathBuf>::new());
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("sets the mode");
}

#[test]
fn directories_that_others_may_write_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let (parent, inner) = (dir.path().join("a"), dir.path().join("a/b"));
    fs::create_dir_all(&inner).expect("directories");
    write(&inner.join("f.yaml"), b"x", 0o644);
    symlink(inner.join("f.yaml"), dir.path().join("link.yaml")).expect("a link");
    for (bits, is_refused) in [(0o755, false), (0o777, true), (0o1777, false), (0o757, true), (0o700, false)]
    {
        mode(&parent, bits);
        for path in [inner.join("f.yaml"), dir.path().join("link.yaml")] {
            let result = read(&path, Trust::OwnerOnly);
            match &result {
                Err(FileError::WritableParent { directory, mode, .. }) => {
                    assert!(is_refused && *directory == parent && *mode == bits, "{result:?}");
                }
                _ => assert!(!is_refused && result.is_ok(), "{bits:o}: {result:?}"),
            }
            assert!(read(&path, Trust::Anyone).is_ok(), "{bits:o}");
        }
    }
}

/// Needs root, to give a directory to a group.
#[test]
fn a_group_may_write_what_a_config_map_gave_it_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let (volume, data) = (dir.path().join("rules"), dir.path().join("rules/..2026_11_25"));
    fs::create_dir_all(&data).expect("directories");
    write(&data.join("f.yaml"), b"x", 0o664);
    symlink("..data/f.yaml", volume.join("f.yaml")).expect("a link");
    for path in [&volume, &data, &data.join("f.yaml")] {
        if chown(path, None, Some(2000)).is_err() {
            println!("skipped: only root may give files away");
            return;
        }
    }
    // The kubelet makes them so.
    mode(&volume, 0o3777);
    mode(&data, 0o2777);
    let path = volume.join("f.yaml");
    assert!(read(&path, Trust::OwnerOnly).is_err(), "no ..data yet");
    symlink("..2026_11_25", volume.join("..data")).expect("a link");
    assert_eq!(read(&path, Trust::OwnerOnly).expect("a ConfigMap").text, "x");
    mode(&data.join("f.yaml"), 0o666);
    assert!(matches!(read(&path, Trust::OwnerOnly), Err(FileError::Writable { .. })));
}
