//! System calls of the halves, by what they are for. None starts a program, opens a BPF object, traces, mounts, or reaches
//! another process; `io_uring`, which would go past the filter, is none of them either.

macro_rules! calls {
    ($($call:ident)*) => { &[$(libc::$call),*] };
}

/// Memory, threads, time, own descriptors, files that may be opened.
pub(super) const COMMON: &[i64] = calls! {
    // Memory.
    SYS_brk SYS_madvise SYS_mmap SYS_mprotect SYS_mremap SYS_munmap
    // Threads.
    SYS_exit SYS_exit_group SYS_futex SYS_gettid SYS_membarrier SYS_prctl SYS_rseq
    SYS_sched_getaffinity SYS_sched_yield SYS_set_robust_list SYS_set_tid_address
    // Signals to itself.
    SYS_restart_syscall SYS_rt_sigaction SYS_rt_sigprocmask SYS_rt_sigreturn SYS_sigaltstack
    // Time.
    SYS_clock_getres SYS_clock_gettime SYS_clock_nanosleep SYS_gettimeofday SYS_nanosleep
    // Itself.
    SYS_capget SYS_getegid SYS_geteuid SYS_getgid SYS_getpid SYS_getppid SYS_getpriority SYS_getrandom
    SYS_getrusage SYS_getuid SYS_prlimit64 SYS_sysinfo SYS_uname
    // Descriptors that are open.
    SYS_close SYS_close_range SYS_dup SYS_dup3 SYS_eventfd2 SYS_fcntl SYS_fdatasync SYS_flock SYS_fstat
    SYS_fstatfs SYS_fsync SYS_ftruncate SYS_getdents64 SYS_ioctl SYS_lseek SYS_pipe2 SYS_pread64 SYS_pwrite64
    SYS_read SYS_readv SYS_write SYS_writev
    // Waiting.
    SYS_epoll_create1 SYS_epoll_ctl SYS_epoll_pwait SYS_epoll_pwait2 SYS_ppoll SYS_pselect6
    // Files.
    SYS_chdir SYS_faccessat SYS_faccessat2 SYS_fchmod SYS_getcwd SYS_mkdirat SYS_newfstatat SYS_openat
    SYS_openat2 SYS_readlinkat SYS_statfs SYS_statx SYS_umask SYS_unlinkat
    // Sockets that are open: the supervisor's and the other half's.
    SYS_getpeername SYS_getsockname SYS_getsockopt SYS_recvfrom SYS_recvmsg SYS_sendmsg SYS_sendto
    SYS_setsockopt SYS_shutdown
};

/// Watched files.
pub(super) const SENSOR: &[i64] = calls! {
    SYS_inotify_add_watch SYS_inotify_init1 SYS_inotify_rm_watch
};

/// The network, and the spool's files.
pub(super) const EGRESS: &[i64] = calls! {
    SYS_accept4 SYS_bind SYS_connect SYS_recvmmsg SYS_renameat2 SYS_renameat SYS_sendfile SYS_sendmmsg
    SYS_socket SYS_socketpair
};

/// Older calls that newer ones of the tables above replace. Only x86-64 has them.
#[cfg(target_arch = "x86_64")]
pub(super) const OLDER: &[i64] = calls! {
    SYS_accept SYS_access SYS_arch_prctl SYS_epoll_wait SYS_lstat SYS_mkdir SYS_open SYS_pipe SYS_poll
    SYS_readlink SYS_rename SYS_stat SYS_time SYS_unlink
};

/// Other architectures began without them.
#[cfg(not(target_arch = "x86_64"))]
pub(super) const OLDER: &[i64] = &[];
