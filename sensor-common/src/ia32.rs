//! Numbers of the 32-bit (ia32) table for the calls of [`crate::syscalls::TABLE`]. Such calls are counted as lost, not
//! decoded, so only the numbers matter.

/// `(native, ia32)` numbers. Calls that came in a 16-bit and a 32-bit form have two.
pub const NUMBERS: &[(u16, u16)] = &[
    (2, 5),     // open
    (257, 295), // openat
    (437, 437), // openat2
    (85, 8),    // creat
    (42, 362),  // connect
    (49, 361),  // bind
    (50, 363),  // listen
    (288, 364), // accept4
    (41, 359),  // socket
    (44, 369),  // sendto
    (46, 370),  // sendmsg
    (307, 345), // sendmmsg
    (45, 371),  // recvfrom
    (47, 372),  // recvmsg
    (59, 11),   // execve
    (322, 358), // execveat
    (56, 120),  // clone
    (57, 2),    // fork
    (58, 190),  // vfork
    (435, 435), // clone3
    (87, 10),   // unlink
    (263, 301), // unlinkat
    (84, 40),   // rmdir
    (83, 39),   // mkdir
    (258, 296), // mkdirat
    (82, 38),   // rename
    (264, 302), // renameat
    (316, 353), // renameat2
    (86, 9),    // link
    (265, 303), // linkat
    (88, 83),   // symlink
    (266, 304), // symlinkat
    (90, 15),   // chmod
    (268, 306), // fchmodat
    (91, 94),   // fchmod
    (92, 182),  // chown
    (92, 212),  // chown32
    (94, 16),   // lchown
    (94, 198),  // lchown32
    (260, 298), // fchownat
    (93, 95),   // fchown
    (93, 207),  // fchown32
    (165, 21),  // mount
    (166, 52),  // umount2
    (319, 356), // memfd_create
    (161, 61),  // chroot
    (80, 12),   // chdir
    (81, 133),  // fchdir
    (101, 26),  // ptrace
    (308, 346), // setns
    (272, 310), // unshare
    (321, 357), // bpf
    (105, 23),  // setuid
    (105, 213), // setuid32
    (106, 46),  // setgid
    (106, 214), // setgid32
    (32, 41),   // dup
    (33, 63),   // dup2
    (292, 330), // dup3
    (62, 37),   // kill
    (313, 350), // finit_module
    (175, 128), // init_module
    (176, 129), // delete_module
    (323, 374), // userfaultfd
    (76, 92),   // truncate
    (76, 193),  // truncate64
    (77, 93),   // ftruncate
    (77, 194),  // ftruncate64
    (42, SOCKETCALL),
    (43, SOCKETCALL),
    (49, SOCKETCALL),
    (50, SOCKETCALL),
    (288, SOCKETCALL),
    (41, SOCKETCALL),
    (44, SOCKETCALL),
    (46, SOCKETCALL),
    (45, SOCKETCALL),
    (47, SOCKETCALL),
];

/// `socketcall` stands for all of them.
const SOCKETCALL: u16 = 102;

/// Whether the call of this ia32 number is lost only if it failed, because another hook tells of success: the rows with
/// [`crate::syscalls::traits::FAILED_ONLY`].
pub const fn is_lost_only_if_failed(nr: u64) -> bool {
    matches!(nr, 2 | 11 | 120 | 190 | 358 | 435)
}

/// Whether each call of the table has its number here: one that is missing would go by uncounted.
const _: () = {
    let mut row = 0;
    while row < crate::syscalls::TABLE.len() {
        let mut i = 0;
        let call = &crate::syscalls::TABLE[row];
        while NUMBERS[i].0 != call.nr {
            i += 1;
        }
        let is_failed_only = call.layout.traits & crate::syscalls::traits::FAILED_ONLY != 0;
        assert!(is_lost_only_if_failed(NUMBERS[i].1 as u64) == is_failed_only);
        row += 1;
    }
};
