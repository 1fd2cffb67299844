//! Matchers on bytes, as tables.

use proptest::prelude::*;

use super::{ByteSet, Net, PathSet, contains_folded, glob};

#[test]
fn globs_are_those_of_fnmatch_with_flags_0() {
    for (pattern, text, plain, fold) in [
        ("", "", true, true),
        ("*", "", true, true),
        ("*", "/a/.b", true, true),
        ("a?c", "a/c", true, true),
        ("a*c*e", "abcde", true, true),
        ("a*c*e", "abcdef", false, false),
        ("*.sh", "X.SH", false, true),
        ("[a-c]x", "bx", true, true),
        ("[!a-c]x", "bx", false, false),
        ("[^a-c]x", "dx", true, true),
        ("[A-C]x", "bx", false, true),
        ("[]a]", "]", true, true),
        ("[a-]", "-", true, true),
        ("[[:digit:]]*", "7z", true, true),
        ("[[:upper:]]", "q", false, true),
        ("[a", "[a", true, true),
        ("[a", "a", false, false),
        ("\\*", "*", true, true),
        ("\\*", "x", false, false),
        ("\\", "\\", false, false),
        ("c[0-9][0-9][0-9]", "c042", true, true),
        ("a*", "b", false, false),
    ] {
        assert_eq!(glob(pattern.as_bytes(), text.as_bytes(), false), plain, "{pattern} {text}");
        assert_eq!(glob(pattern.as_bytes(), text.as_bytes(), true), fold, "{pattern} {text}");
    }
}

#[test]
fn paths_cover_whole_components() {
    for (paths, path, covered) in [
        (&["/usr"][..], "/usr", true),
        (&["/usr"], "/usr/lib/x", true),
        (&["/usr"], "/usrx", false),
        (&["/usr", "/usr/lib"], "/usr/bin", true),
        (&["/usr/lib", "/usr/bin"], "/usr/bin/", true),
        (&["/usr/*/x"], "/usr/lib/x/y", true),
        (&["/usr/*/x"], "/usr/lib/z", false),
        (&["//usr//lib/"], "/usr/lib", true),
        (&["tmp"], "/tmp/x", true),
        (&["/"], "/anything", true),
        (&[""], "", true),
        (&[], "/x", false),
        (&["/a/b"], "/a", false),
    ] {
        let set = PathSet::new(paths.iter().map(|path| path.as_bytes()));
        assert_eq!(set.covers(path.as_bytes()), covered, "{paths:?} {path}");
    }
}

#[test]
fn networks_are_of_one_family() {
    let net = |base: &str, bits| Net { base: base.parse().expect("an address"), bits };
    for (net, ip, inside) in [
        (net("10.0.0.0", 8), "10.255.0.1", true),
        (net("10.0.0.0", 8), "11.0.0.1", false),
        (net("0.0.0.0", 0), "255.1.2.3", true),
        (net("10.1.2.3", 32), "10.1.2.3", true),
        (net("10.1.2.3", 32), "10.1.2.2", false),
        (net("fe80::", 10), "fe80::1", true),
        (net("::", 1), "7fff::", true),
        (net("::", 1), "8000::", false),
        (net("0.0.0.0", 0), "::1", false),
    ] {
        assert_eq!(net.has(ip.parse().expect("an address")), inside, "{net:?} {ip}");
    }
}

proptest! {
    #[test]
    fn sets_hold_what_was_put_in(
        items in proptest::collection::vec(proptest::collection::vec(0_u8..4, 0..80), 0..20),
        other in proptest::collection::vec(0_u8..4, 0..80),
    ) {
        let set = ByteSet::new(items.clone());
        prop_assert!(items.iter().all(|item| set.has(item)));
        prop_assert_eq!(set.has(&other), items.contains(&other));
    }

    #[test]
    fn a_text_matches_itself_with_stars_anywhere(text in "[a-c/]{0,30}", at in 0_usize..31) {
        let at = at.min(text.len());
        let pattern = format!("{}*{}", &text[..at], &text[at..]);
        prop_assert!(glob(pattern.as_bytes(), text.as_bytes(), false));
    }

    #[test]
    fn arbitrary_patterns_end(pattern in proptest::collection::vec(any::<u8>(), 0..40), text in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _matches = (glob(&pattern, &text, false), glob(&pattern, &text, true));
        let _covers = PathSet::new([pattern.as_slice()].into_iter()).covers(&text);
        let (needle, lower) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
        prop_assert_eq!(contains_folded(&needle, &text), memchr::memmem::find(&lower, &needle).is_some());
    }
}
