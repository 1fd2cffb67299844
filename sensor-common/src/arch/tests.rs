//! The numbers against the kernel's own headers, where they are installed.

extern crate std;

use std::{collections::BTreeMap, fs, println, string::String, vec::Vec};

use super::{Arch, GETPRIORITY};
use crate::{arm64, syscalls::TABLE};

/// Part of every libc's development files, whatever the machine.
const GENERIC: &str = "/usr/include/asm-generic/unistd.h";

/// `#define __NR_name number`; names that are spelled by way of `__NR3264_` have their number there.
fn generic() -> Option<BTreeMap<String, u16>> {
    let text = fs::read_to_string(GENERIC).ok()?;
    let numbers = text.lines().filter_map(|line| {
        let definition = line.strip_prefix("#define ")?;
        let name = ["__NR_", "__NR3264_"].iter().find_map(|prefix| definition.strip_prefix(prefix))?;
        let (name, number) = name.split_once(' ')?;
        // What has another name where registers have 64 bits.
        let name = if name == "fstatat" { "newfstatat" } else { name };
        Some((name.into(), number.trim().parse().ok()?))
    });
    let mut numbers: BTreeMap<String, u16> = numbers.collect();
    // How many there are, not a call.
    numbers.remove("syscalls");
    Some(numbers)
}

#[test]
fn numbers_of_arm64_are_the_kernels() {
    let Some(generic) = generic() else {
        println!("skipped: there is no {GENERIC}");
        return;
    };
    let newest = generic.values().max().copied().unwrap_or_default();
    let wrong: Vec<_> = TABLE
        .iter()
        .map(|row| (row.name, Arch::Arm64.number(row.nr)))
        // Headers are of the distribution's kernel, the table is of the newest.
        .filter(|(name, number)| {
            generic.get(*name) != number.as_ref() && number.is_none_or(|number| number <= newest)
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_number_is_of_one_call() {
    let mut natives: Vec<u16> = arm64::NUMBERS.iter().map(|(_, native)| *native).collect();
    natives.sort_unstable();
    assert!(natives.is_sorted_by(|a, b| a < b), "{natives:?}");
    for (nr, _) in arm64::NUMBERS {
        assert!(*nr == GETPRIORITY || TABLE.iter().any(|row| row.nr == *nr), "{nr} has no row");
    }
}

#[test]
fn flags_of_open_are_told_as_on_x86() {
    const DIRECTORY: u64 = 0o40_000;
    const NOFOLLOW: u64 = 0o100_000;
    const DIRECT: u64 = 0o200_000;
    const LARGEFILE: u64 = 0o400_000;
    const CREATE: u64 = 0o101;
    for (arm64, x86) in [
        (CREATE | DIRECTORY, CREATE | 0o200_000),
        (NOFOLLOW, 0o400_000),
        (DIRECT, 0o40_000),
        (LARGEFILE, 0o100_000),
        (DIRECTORY | LARGEFILE, 0o300_000),
        // O_CLOEXEC, O_PATH, O_TMPFILE without O_DIRECTORY; and bits that no kernel knows.
        (0o32_000_000 | 1 << 40, 0o32_000_000 | 1 << 40),
    ] {
        assert_eq!(Arch::Arm64.open_flags(arm64), x86, "{arm64:o}");
        assert_eq!(Arch::X86_64.open_flags(arm64), arm64);
    }
}
