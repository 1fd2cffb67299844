// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0
//
// The CO-RE accessors: the only file that knows fields of kernel structs, compiled by clang to bitcode and linked
// into the Rust object (Rust has no CO-RE relocations yet). One function per access; src/kernel.rs is the only caller.
//
// Kernel objects are plain 64-bit addresses here. Every read goes through load64/load32: on kernels with
// bpf_rdonly_cast (6.2+) that is one plain load that survives a bad address, before that one bpf_probe_read_kernel.
// The loader picks by patching the magic instructions below (capture/patch.rs). Each architecture has an object of its own,
// from the same sources: arm64's is made with SAKER_ARM64, and with the feature `arm64` on the Rust side.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

#define CORE __attribute__((preserve_access_index))
#define FN __attribute__((always_inline))
#define OFF(t, f) __builtin_preserve_field_info(((struct t *)0)->f, 0)
#define HAS(t, f) __builtin_preserve_field_info(((struct t *)0)->f, 2)
#define TYPE_SIZE(t) __builtin_preserve_type_info(*(struct t *)0, 1)
#define TYPE_ID(t) __builtin_btf_type_id(*(struct t *)0, 1)

static long (*const bpf_probe_read_kernel)(void *dst, u32 size, const void *src) = (void *)113;

// Structs whose first member is a plain integer: what an address is cast to for one load.
struct timespec64 { s64 tv_sec; long tv_nsec; } CORE;
struct seqcount { u32 sequence; } CORE;

// 1 where plain loads are available. Magic: `r0 = imm`, the loader writes the immediate.
static FN u64 plain(void)
{
	register u64 r asm("r0");
	asm(".8byte 0x5EED0001000000b7" : "=r"(r));
	return r;
}

// bpf_rdonly_cast(address, BTF type id). Magic: a call of kfunc 0x5EED0002; the loader writes the kfunc's BTF id,
// or turns the call into `r0 = r1` where there is no such kfunc (that branch is then dead).
static FN void *cast(u64 address, u64 type)
{
	register u64 a asm("r1") = address;
	register u64 b asm("r2") = type;
	register void *r asm("r0");
	asm volatile(".8byte 0x5EED000200002085" : "=r"(r), "+r"(a), "+r"(b)::"r3", "r4", "r5", "memory");
	return r;
}

// Pages are told in units of 4 KiB; arm64 has larger ones, too. Magic: `r0 = imm`, the loader writes the difference of the shifts.
static FN u64 page_shift(void)
{
#ifdef SAKER_ARM64
	register u64 r asm("r0");
	asm(".8byte 0x5EED0003000000b7" : "=r"(r));
	return r;
#else
	return 0;
#endif
}

FN u64 saker_plain(void) { return plain(); }

FN u64 saker_load64(u64 address)
{
	if (plain())
		return *(volatile s64 *)&((struct timespec64 *)cast(address, TYPE_ID(timespec64)))->tv_sec;
	u64 value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

FN u32 saker_load32(u64 address)
{
	if (plain())
		return *(volatile u32 *)&((struct seqcount *)cast(address, TYPE_ID(seqcount)))->sequence;
	u32 value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

#define AT64(name, type, field) FN u64 name(u64 p) { return saker_load64(p + OFF(type, field)); }
#define AT32(name, type, field) FN u32 name(u64 p) { return saker_load32(p + OFF(type, field)); }
#define INSIDE(name, type, field) FN u64 name(u64 p) { return p + OFF(type, field); }

// ---- registers: the tracepoint's argument is typed, its fields are plain loads on every kernel ----
#ifdef SAKER_ARM64
struct pt_regs { unsigned long regs[31], pstate, orig_x0; u32 syscallno; } CORE;
#define NUMBER syscallno
#define ARG0 orig_x0
#define ARG1 regs[1]
#define ARG2 regs[2]
#define ARG3 regs[3]
#define ARG4 regs[4]
#define ARG5 regs[5]
#else
struct pt_regs { unsigned long r10, r9, r8, ax, dx, si, di, orig_ax; } CORE;
#define NUMBER orig_ax
#define ARG0 di
#define ARG1 si
#define ARG2 dx
#define ARG3 r10
#define ARG4 r8
#define ARG5 r9
#endif
FN u64 saker_regs_nr(struct pt_regs *r) { return r->NUMBER; }
FN u64 saker_regs_arg0(struct pt_regs *r) { return r->ARG0; }
FN u64 saker_regs_arg1(struct pt_regs *r) { return r->ARG1; }
FN u64 saker_regs_arg2(struct pt_regs *r) { return r->ARG2; }
FN u64 saker_regs_arg3(struct pt_regs *r) { return r->ARG3; }
FN u64 saker_regs_arg4(struct pt_regs *r) { return r->ARG4; }
FN u64 saker_regs_arg5(struct pt_regs *r) { return r->ARG5; }

// ---- task ----
struct thread_info { u32 status; } CORE;
struct kuid { u32 val; };
#ifdef SAKER_ARM64
struct thread_struct { struct { unsigned long sp; } cpu_context; } CORE;
#else
struct thread_struct { unsigned long sp; } CORE;
#endif
struct fork_frame { struct pt_regs regs; } CORE;
struct task_struct {
	struct thread_info thread_info;
	struct thread_struct thread;
	u32 flags;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	u64 start_boottime;
	const void *cred, *real_cred;
	struct kuid loginuid;
	void *mm, *fs, *files, *nsproxy, *signal, *cgroups, *thread_pid;
	unsigned long maj_flt, min_flt;
	int exit_code;
	char comm[16];
} CORE;
// What depends on the architecture. A task that has not run yet: copy_thread() left a copy of its creator's registers where its
// stack begins.
#ifdef SAKER_ARM64
// The mode that the call came from (PSTATE.nRW): a 32-bit process has the numbers of another table.
FN u64 saker_regs_is_32(struct pt_regs *r, u64 task) { return r->pstate & 0x10; }
#define FORK_REG(load, p, field) load(saker_load64(p + OFF(task_struct, thread.cpu_context.sp)) + OFF(pt_regs, field))
FN u64 saker_task_fork_nr(u64 p) { return FORK_REG(saker_load32, p, NUMBER); }
FN u64 saker_task_fork_arg0(u64 p) { return FORK_REG(saker_load64, p, ARG0); }
#else
// TS_COMPAT
FN u64 saker_regs_is_32(struct pt_regs *r, u64 task) { return saker_load32(task + OFF(task_struct, thread_info.status)) & 2; }
static FN u64 fork_reg(u64 child, u64 offset) { return saker_load64(saker_load64(child + OFF(task_struct, thread.sp)) + offset); }
FN u64 saker_task_fork_nr(u64 p) { return HAS(fork_frame, regs) ? fork_reg(p, OFF(fork_frame, regs.NUMBER)) : 0; }
FN u64 saker_task_fork_arg0(u64 p) { return HAS(fork_frame, regs) ? fork_reg(p, OFF(fork_frame, regs.ARG0)) : 0; }
#endif
AT32(saker_task_flags, task_struct, flags)
AT32(saker_task_tid, task_struct, pid)
AT32(saker_task_tgid, task_struct, tgid)
AT64(saker_task_real_parent, task_struct, real_parent)
AT64(saker_task_group_leader, task_struct, group_leader)
AT64(saker_task_start_boottime, task_struct, start_boottime)
AT64(saker_task_cred, task_struct, cred)
AT64(saker_task_mm, task_struct, mm)
AT64(saker_task_fs, task_struct, fs)
AT64(saker_task_files, task_struct, files)
AT64(saker_task_nsproxy, task_struct, nsproxy)
AT64(saker_task_signal, task_struct, signal)
AT64(saker_task_cgroups, task_struct, cgroups)
AT64(saker_task_thread_pid, task_struct, thread_pid)
AT64(saker_task_maj_flt, task_struct, maj_flt)
AT64(saker_task_min_flt, task_struct, min_flt)
AT32(saker_task_exit_code, task_struct, exit_code)
INSIDE(saker_task_comm, task_struct, comm)
// Kernels without CONFIG_AUDIT have no loginuid.
FN u32 saker_task_loginuid(u64 p)
{
	if (!HAS(task_struct, loginuid))
		return ~0u;
	return saker_load32(p + OFF(task_struct, loginuid));
}

struct kernel_cap { u64 val; };
struct cred { struct kuid euid, egid; struct kernel_cap cap_inheritable, cap_permitted, cap_effective; void *user_ns; } CORE;
AT32(saker_cred_euid, cred, euid)
AT32(saker_cred_egid, cred, egid)
AT64(saker_cred_cap_inheritable, cred, cap_inheritable)
AT64(saker_cred_cap_permitted, cred, cap_permitted)
AT64(saker_cred_cap_effective, cred, cap_effective)
AT64(saker_cred_user_ns, cred, user_ns)

// ---- ids: signal->pids[] (enum pid_type: 2 = process group, 3 = session), struct pid, namespaces ----
struct atomic { int counter; };
struct rlimit { unsigned long rlim_cur, rlim_max; };
struct signal_struct { struct atomic live; void *pids[4]; void *tty; struct rlimit rlim[16]; } CORE;
FN u64 saker_signal_pid(u64 p, u64 type) { return saker_load64(p + OFF(signal_struct, pids) + 8 * type); }
AT64(saker_signal_tty, signal_struct, tty)
AT32(saker_signal_live, signal_struct, live)
FN u64 saker_signal_nofile(u64 p) { return saker_load64(p + OFF(signal_struct, rlim) + 16 * 7); }
struct upid { int nr; void *ns; } CORE;
struct pid { u32 level; struct upid numbers[1]; } CORE;
AT32(saker_pid_level, pid, level)
FN u32 saker_pid_nr(u64 p, u64 level) { return saker_load32(p + OFF(pid, numbers) + 16 * level + OFF(upid, nr)); }
FN u64 saker_pid_ns(u64 p, u64 level) { return saker_load64(p + OFF(pid, numbers) + 16 * level + OFF(upid, ns)); }
struct ns_common { u32 inum; } CORE;
struct pid_namespace { struct ns_common ns; void *child_reaper; } CORE;
struct mnt_namespace { struct ns_common ns; } CORE;
struct net { struct ns_common ns; } CORE;
struct user_namespace { struct ns_common ns; } CORE;
struct nsproxy { void *mnt_ns, *pid_ns_for_children, *net_ns; } CORE;
AT64(saker_nsproxy_mnt, nsproxy, mnt_ns)
AT64(saker_nsproxy_pid, nsproxy, pid_ns_for_children)
AT64(saker_nsproxy_net, nsproxy, net_ns)
AT32(saker_pid_ns_inum, pid_namespace, ns.inum)
AT64(saker_pid_ns_reaper, pid_namespace, child_reaper)
AT32(saker_mnt_ns_inum, mnt_namespace, ns.inum)
AT32(saker_net_ns_inum, net, ns.inum)
AT32(saker_user_ns_inum, user_namespace, ns.inum)
struct tty_driver { int major, minor_start; } CORE;
struct tty_struct { struct tty_driver *driver; int index; } CORE;
AT64(saker_tty_driver, tty_struct, driver)
AT32(saker_tty_index, tty_struct, index)
AT32(saker_tty_driver_major, tty_driver, major)
AT32(saker_tty_driver_minor_start, tty_driver, minor_start)

// ---- memory map ----
struct percpu_counter { s64 count; } CORE;
struct mm_rss_stat { struct { s64 counter; } count[4]; } CORE;
struct mm_struct { unsigned long arg_start, arg_end, env_start, env_end, total_vm; void *exe_file; } CORE;
struct mm_struct___percpu { struct percpu_counter rss_stat[4]; } CORE;   // 6.2 and newer
struct mm_struct___plain { struct mm_rss_stat rss_stat; } CORE;
AT64(saker_mm_arg_start, mm_struct, arg_start)
AT64(saker_mm_arg_end, mm_struct, arg_end)
AT64(saker_mm_env_start, mm_struct, env_start)
AT64(saker_mm_env_end, mm_struct, env_end)
FN u64 saker_mm_total_vm(u64 p) { return saker_load64(p + OFF(mm_struct, total_vm)) << page_shift(); }
AT64(saker_mm_exe_file, mm_struct, exe_file)
FN u64 saker_mm_rss(u64 p, u64 kind)
{
	// percpu_counter.count leaves out what the CPUs have not folded in yet: good to a few dozen pages per CPU.
	if (__builtin_preserve_type_info(*(struct percpu_counter *)0, 0) && HAS(mm_struct___percpu, rss_stat[0].count))
		return saker_load64(p + OFF(mm_struct___percpu, rss_stat) + kind * TYPE_SIZE(percpu_counter) + OFF(percpu_counter, count)) << page_shift();
	return saker_load64(p + OFF(mm_struct___plain, rss_stat) + kind * 8) << page_shift();
}

// ---- files and paths ----
struct path { void *mnt, *dentry; } CORE;
struct file { struct path f_path; void *f_inode, *private_data; u32 f_mode; } CORE;
struct fdtable { u32 max_fds; void **fd; } CORE;
struct files_struct { struct fdtable *fdt; } CORE;
struct fs_struct { struct path root, pwd; } CORE;
AT64(saker_files_fdt, files_struct, fdt)
AT32(saker_fdt_max, fdtable, max_fds)
AT64(saker_fdt_fd, fdtable, fd)
AT64(saker_file_mnt, file, f_path.mnt)
AT64(saker_file_dentry, file, f_path.dentry)
AT64(saker_file_inode, file, f_inode)
AT64(saker_file_private, file, private_data)
AT32(saker_file_mode, file, f_mode)
AT64(saker_fs_root_mnt, fs_struct, root.mnt)
AT64(saker_fs_root_dentry, fs_struct, root.dentry)
AT64(saker_fs_pwd_mnt, fs_struct, pwd.mnt)
AT64(saker_fs_pwd_dentry, fs_struct, pwd.dentry)
struct qstr { union { struct { u32 hash, len; }; u64 hash_len; }; const u8 *name; } CORE;
struct hlist_bl_node { void *next, **pprev; } CORE;
struct dentry { struct hlist_bl_node d_hash; struct dentry *d_parent; struct qstr d_name; void *d_inode; } CORE;
AT64(saker_dentry_parent, dentry, d_parent)
AT32(saker_dentry_len, dentry, d_name.len)
AT64(saker_dentry_name, dentry, d_name.name)
AT64(saker_dentry_pprev, dentry, d_hash.pprev)
struct vfsmount { void *mnt_root; } CORE;
struct mount { struct mount *mnt_parent; void *mnt_mountpoint; struct vfsmount mnt; } CORE;
AT64(saker_vfsmount_root, vfsmount, mnt_root)
FN u64 saker_mount_of(u64 vfsmount) { return vfsmount - OFF(mount, mnt); }
INSIDE(saker_mount_vfs, mount, mnt)
AT64(saker_mount_parent, mount, mnt_parent)
AT64(saker_mount_mountpoint, mount, mnt_mountpoint)
struct super_block { u32 s_dev; unsigned long s_magic; } CORE;
struct inode { unsigned long i_ino; struct super_block *i_sb; unsigned short i_mode; } CORE;
AT64(saker_inode_ino, inode, i_ino)
AT64(saker_inode_sb, inode, i_sb)
FN u32 saker_inode_mode(u64 p) { return saker_load32(p + OFF(inode, i_mode)) & 0xffff; }
AT32(saker_sb_dev, super_block, s_dev)
AT64(saker_sb_magic, super_block, s_magic)
// ovl_inode embeds the inode; the upper dentry follows it (overlayfs is often a module without BTF in vmlinux).
FN u64 saker_ovl_upper(u64 inode) { return saker_load64(inode + TYPE_SIZE(inode)); }
struct inode___sec { s64 i_ctime_sec; u32 i_ctime_nsec; s64 i_mtime_sec; u32 i_mtime_nsec; } CORE;   // 6.11 and newer
struct inode___ctime { struct timespec64 __i_ctime; } CORE;   // 6.6
struct inode___mtime { struct timespec64 __i_mtime; } CORE;   // 6.7
struct inode___old { struct timespec64 i_ctime, i_mtime; } CORE;
static FN u64 timespec(u64 p) { return saker_load64(p) * 1000000000ull + saker_load64(p + 8); }
FN u64 saker_inode_ctime(u64 p)
{
	if (HAS(inode___sec, i_ctime_sec))
		return saker_load64(p + OFF(inode___sec, i_ctime_sec)) * 1000000000ull + saker_load32(p + OFF(inode___sec, i_ctime_nsec));
	if (HAS(inode___ctime, __i_ctime))
		return timespec(p + OFF(inode___ctime, __i_ctime));
	return timespec(p + OFF(inode___old, i_ctime));
}
FN u64 saker_inode_mtime(u64 p)
{
	if (HAS(inode___sec, i_mtime_sec))
		return saker_load64(p + OFF(inode___sec, i_mtime_sec)) * 1000000000ull + saker_load32(p + OFF(inode___sec, i_mtime_nsec));
	if (HAS(inode___mtime, __i_mtime))
		return timespec(p + OFF(inode___mtime, __i_mtime));
	return timespec(p + OFF(inode___old, i_mtime));
}

// ---- sockets ----
struct in6_addr { u8 bytes[16]; };
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
} CORE;
struct sock { struct sock_common __sk_common; u16 sk_protocol; } CORE;
struct socket { short type; struct sock *sk; } CORE;
FN u32 saker_socket_type(u64 p) { return saker_load32(p + OFF(socket, type)) & 0xffff; }
AT64(saker_socket_sk, socket, sk)
FN u32 saker_sock_family(u64 p) { return saker_load32(p + OFF(sock, __sk_common.skc_family)) & 0xffff; }
FN u32 saker_sock_state(u64 p) { return saker_load32(p + OFF(sock, __sk_common.skc_state)) & 0xff; }
FN u32 saker_sock_protocol(u64 p) { return saker_load32(p + OFF(sock, sk_protocol)) & 0xffff; }
FN u32 saker_sock_dport(u64 p) { return saker_load32(p + OFF(sock, __sk_common.skc_dport)) & 0xffff; }
FN u32 saker_sock_num(u64 p) { return saker_load32(p + OFF(sock, __sk_common.skc_num)) & 0xffff; }
AT32(saker_sock_daddr, sock, __sk_common.skc_daddr)
AT32(saker_sock_saddr, sock, __sk_common.skc_rcv_saddr)
INSIDE(saker_sock_daddr6, sock, __sk_common.skc_v6_daddr)
INSIDE(saker_sock_saddr6, sock, __sk_common.skc_v6_rcv_saddr)
struct sockaddr_un { u16 sun_family; };
struct unix_address { int len; struct sockaddr_un name[1]; } CORE;
struct unix_sock { struct unix_address *addr; struct sock *peer; } CORE;
AT64(saker_unix_addr, unix_sock, addr)
AT64(saker_unix_peer, unix_sock, peer)
AT32(saker_unix_addr_len, unix_address, len)
INSIDE(saker_unix_addr_name, unix_address, name)

// ---- cgroups ----
struct kernfs_node { struct kernfs_node *parent; const char *name; u64 id; } CORE;
struct kernfs_node___rcu { struct kernfs_node *__parent; } CORE;   // 6.15 and newer
struct cgroup_root { int hierarchy_id; } CORE;
struct cgroup { struct kernfs_node *kn; struct cgroup_root *root; } CORE;
struct cgroup_subsys_state { struct cgroup *cgroup; } CORE;
enum cgroup_subsys_id { memory_cgrp_id = 4, pids_cgrp_id = 11 };
struct css_set { struct cgroup_subsys_state *subsys[4]; struct cgroup *dfl_cgrp; } CORE;
AT64(saker_css_set_default, css_set, dfl_cgrp)
static FN u64 subsystem(u64 css_set, u64 id)
{
	return saker_load64(saker_load64(css_set + OFF(css_set, subsys) + 8 * id) + OFF(cgroup_subsys_state, cgroup));
}
// Kernels may be built without a controller: then there is nothing to look at.
#define SUBSYSTEM(p, id) (__builtin_preserve_enum_value(*(enum cgroup_subsys_id *)id, 0) ? \
	subsystem(p, __builtin_preserve_enum_value(*(enum cgroup_subsys_id *)id, 1)) : 0)
FN u64 saker_css_set_memory(u64 p) { return SUBSYSTEM(p, memory_cgrp_id); }
FN u64 saker_css_set_pids(u64 p) { return SUBSYSTEM(p, pids_cgrp_id); }
AT64(saker_cgroup_kn, cgroup, kn)
FN u32 saker_cgroup_hierarchy(u64 p) { return saker_load32(saker_load64(p + OFF(cgroup, root)) + OFF(cgroup_root, hierarchy_id)); }
AT64(saker_kn_id, kernfs_node, id)
AT64(saker_kn_name, kernfs_node, name)
FN u64 saker_kn_parent(u64 p)
{
	if (HAS(kernfs_node___rcu, __parent))
		return saker_load64(p + OFF(kernfs_node___rcu, __parent));
	return saker_load64(p + OFF(kernfs_node, parent));
}

// ---- exec, iterators ----
struct linux_binprm { const char *filename; } CORE;
AT64(saker_bprm_filename, linux_binprm, filename)
struct bpf_iter_meta { void *seq; } CORE;
FN u64 saker_iter_seq(struct bpf_iter_meta *m) { return (u64)m->seq; }
