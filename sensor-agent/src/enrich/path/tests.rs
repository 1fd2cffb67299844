//! Joining and cleaning, as a table.

use proptest::prelude::*;

use super::absolute;

#[test]
fn joined_and_cleaned() {
    let cases: &[(&str, &str, &str)] = &[
        ("/", "etc", "/etc"),
        ("/etc", "shadow", "/etc/shadow"),
        ("/etc", "/root/./x", "/root/x"),
        ("/a/b", "..", "/a"),
        ("/a/b", "../../../..", "/"),
        ("/a", "../../etc//passwd", "/etc/passwd"),
        ("/a/b/", "./c/", "/a/b/c"),
        ("/a", "", "/a"),
        ("/a", ".", "/a"),
        ("/a", "...", "/a/..."),
        ("/", "/", "/"),
        ("/a", "//b//..//c", "/c"),
        ("", "x", "/x"),
        ("/a", "b/../../..", "/"),
    ];
    for (base, name, expect) in cases {
        let found = absolute(base.as_bytes(), name.as_bytes());
        assert_eq!(String::from_utf8_lossy(&found), *expect, "{base} + {name}");
    }
}

proptest! {
    #[test]
    fn the_result_is_absolute_and_stays_the_same(
        base in "[a./]{0,12}", name in "[ab./]{0,16}",
    ) {
        let path = absolute(base.as_bytes(), name.as_bytes());
        prop_assert_eq!(path.first(), Some(&b'/'));
        prop_assert!(path.len() == 1 || path.last() != Some(&b'/'));
        prop_assert_eq!(absolute(b"/elsewhere", &path), path);
    }
}
