//! Which files become rules, in which order.

use std::{fs, path::PathBuf};

use super::{BUNDLED, OWN, read};
use crate::app::{
    AppError,
    config::{Config, ConfigError, Rules},
    files::{FileError, Trust},
};

#[test]
fn files_and_directories_in_load_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("d")).expect("a directory");
    for name in ["a.yaml", "d/2.yml", "d/1.yaml", "d/notes.txt", "plain"] {
        fs::write(at(name), name).expect("writes");
    }
    let rules = |names: &[&str], are_explicit| Rules {
        paths: names.iter().map(|name| at(name)).collect(),
        are_explicit,
        ..Config::default().rules
    };
    let names = |names: &[&str], are_explicit| {
        let found = read(&rules(names, are_explicit), Trust::OwnerOnly)?;
        Ok::<_, AppError>((
            found.files.into_iter().map(|file| file.text).collect::<Vec<_>>(),
            found.notices.len(),
        ))
    };
    let expect = vec!["d/1.yaml".to_owned(), "d/2.yml".into(), "a.yaml".into()];
    assert_eq!(names(&["d", "a.yaml"], true).expect("reads"), (expect, 0));
    fs::create_dir(at("empty")).expect("a directory");
    assert_eq!(names(&["empty", "a.yaml"], false).expect("reads"), (vec!["a.yaml".into()], 0));
    assert_eq!(names(&["missing", "a.yaml", "plain"], false).expect("reads"), (vec!["a.yaml".into()], 2));
    assert!(matches!(names(&["missing", "a.yaml"], true), Err(AppError::File(FileError::Read { .. }))));
    for (paths, are_explicit) in
        [(&["missing"][..], false), (&["plain"], true), (&["empty"], true), (&[], false)]
    {
        let error = names(paths, are_explicit).expect_err("nothing to load");
        assert!(matches!(error, AppError::Config(ConfigError::NoRules { .. })), "{error}");
        assert!(error.to_string().starts_with("You must specify at least one rules file"), "{error}");
    }
}

/// Those of them that are there belong to the machine that runs this.
#[test]
fn places_for_rules_of_ones_own_are_not_missed() {
    let dir = tempfile::tempdir().expect("a directory");
    let base = dir.path().join("base.yaml");
    fs::write(&base, "[]").expect("writes");
    let paths = OWN.iter().map(PathBuf::from).filter(|own| !own.exists()).chain([base]).collect();
    let found = read(&Rules { paths, ..Config::default().rules }, Trust::OwnerOnly).expect("reads");
    assert_eq!(found.notices, Vec::<String>::new());
}

#[test]
fn an_edited_base_file_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("falco_rules.yaml");
    for (text, n_notices) in [
        (BUNDLED.to_owned(), 0),
        (format!("{BUNDLED}\n# mine\n"), 1),
        ("- list: l\n  items: []\n".to_owned(), 0),
    ] {
        fs::write(&path, text).expect("writes");
        let rules = Rules { paths: vec![path.clone()], ..Config::default().rules };
        let notices = read(&rules, Trust::OwnerOnly).expect("reads").notices;
        assert_eq!(notices.len(), n_notices, "{notices:?}");
    }
}
