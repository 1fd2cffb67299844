//! Names of flags and numbers whose values Falco takes from the kernel as they are.

use super::flags::Set;

pub(super) static SEEK: Set = Set::plain(&[(2, "SEEK_END"), (1, "SEEK_CUR"), (0, "SEEK_SET")]);
pub(super) static PROT: Set = Set::plain(&[
    (1, "PROT_READ"),
    (2, "PROT_WRITE"),
    (4, "PROT_EXEC"),
    (8, "PROT_SEM"),
    (0x0100_0000, "PROT_GROWSDOWN"),
    (0x0200_0000, "PROT_GROWSUP"),
    (0, "PROT_NONE"),
]);
pub(super) static ACCESS: Set = Set::plain(&[(0, "F_OK"), (4, "R_OK"), (2, "W_OK"), (1, "X_OK")]);
pub(super) static SHUT: Set = Set::plain(&[(2, "SHUT_RDWR"), (1, "SHUT_WR"), (0, "SHUT_RD")]);
pub(super) static FLOCK: Set =
    Set::plain(&[(1, "LOCK_SH"), (2, "LOCK_EX"), (4, "LOCK_NB"), (8, "LOCK_UN"), (0, "LOCK_NONE")]);
pub(super) static RLIMIT: Set = Set::plain(&[
    (15, "RLIMIT_RTTIME"),
    (14, "RLIMIT_RTPRIO"),
    (13, "RLIMIT_NICE"),
    (12, "RLIMIT_MSGQUEUE"),
    (11, "RLIMIT_SIGPENDING"),
    (10, "RLIMIT_LOCKS"),
    (9, "RLIMIT_AS"),
    (8, "RLIMIT_MEMLOCK"),
    (7, "RLIMIT_NOFILE"),
    (6, "RLIMIT_NPROC"),
    (5, "RLIMIT_RSS"),
    (4, "RLIMIT_CORE"),
    (3, "RLIMIT_STACK"),
    (2, "RLIMIT_DATA"),
    (1, "RLIMIT_FSIZE"),
    (0, "RLIMIT_CPU"),
]);
pub(super) static MLOCKALL: Set = Set::plain(&[(1, "MCL_CURRENT"), (2, "MCL_FUTURE"), (4, "MCL_ONFAULT")]);
pub(super) static PRCTL: Set = Set::plain(&[
    (3, "PR_GET_DUMPABLE"),
    (4, "PR_SET_DUMPABLE"),
    (7, "PR_GET_KEEPCAPS"),
    (8, "PR_SET_KEEPCAPS"),
    (15, "PR_SET_NAME"),
    (16, "PR_GET_NAME"),
    (21, "PR_GET_SECCOMP"),
    (22, "PR_SET_SECCOMP"),
    (23, "PR_CAPBSET_READ"),
    (24, "PR_CAPBSET_DROP"),
    (27, "PR_GET_SECUREBITS"),
    (28, "PR_SET_SECUREBITS"),
    (33, "PR_MCE_KILL"),
    (33, "PR_MCE_KILL"),
    (35, "PR_SET_MM"),
    (36, "PR_SET_CHILD_SUBREAPER"),
    (37, "PR_GET_CHILD_SUBREAPER"),
    (38, "PR_SET_NO_NEW_PRIVS"),
    (39, "PR_GET_NO_NEW_PRIVS"),
    (40, "PR_GET_TID_ADDRESS"),
    (41, "PR_SET_THP_DISABLE"),
    (42, "PR_GET_THP_DISABLE"),
    (47, "PR_CAP_AMBIENT"),
]);
pub(super) static KEYCTL: Set = Set::plain(&[
    (0, "KEYCTL_GET_KEYRING_ID"),
    (1, "KEYCTL_JOIN_SESSION_KEYRING"),
    (2, "KEYCTL_UPDATE"),
    (3, "KEYCTL_REVOKE"),
    (4, "KEYCTL_CHOWN"),
    (5, "KEYCTL_SETPERM"),
    (6, "KEYCTL_DESCRIBE"),
    (7, "KEYCTL_CLEAR"),
    (8, "KEYCTL_LINK"),
    (9, "KEYCTL_UNLINK"),
    (10, "KEYCTL_SEARCH"),
    (11, "KEYCTL_READ"),
    (12, "KEYCTL_INSTANTIATE"),
    (13, "KEYCTL_NEGATE"),
    (14, "KEYCTL_SET_REQKEY_KEYRING"),
    (15, "KEYCTL_SET_TIMEOUT"),
    (16, "KEYCTL_ASSUME_AUTHORITY"),
    (17, "KEYCTL_GET_SECURITY"),
    (18, "KEYCTL_SESSION_TO_PARENT"),
    (19, "KEYCTL_REJECT"),
    (20, "KEYCTL_INSTANTIATE_IOV"),
    (21, "KEYCTL_INVALIDATE"),
    (22, "KEYCTL_GET_PERSISTENT"),
    (23, "KEYCTL_DH_COMPUTE"),
    (24, "KEYCTL_PKEY_QUERY"),
    (25, "KEYCTL_PKEY_ENCRYPT"),
    (26, "KEYCTL_PKEY_DECRYPT"),
    (27, "KEYCTL_PKEY_SIGN"),
    (28, "KEYCTL_PKEY_VERIFY"),
    (29, "KEYCTL_RESTRICT_KEYRING"),
    (30, "KEYCTL_MOVE"),
    (31, "KEYCTL_CAPABILITIES"),
    (32, "KEYCTL_WATCH_KEY"),
]);
pub(super) static SPLICE: Set =
    Set::plain(&[(1, "SPLICE_F_MOVE"), (2, "SPLICE_F_NONBLOCK"), (4, "SPLICE_F_MORE"), (8, "SPLICE_F_GIFT")]);
