// SPDX-License-Identifier: MIT
/*
 * Groups of calls by what a program needs them for, and policies made of them. A call may be in
 * several; a test sees to it that every one that this processor's libseccomp knows is in one, so
 * that a new kernel's calls are sorted and not forgotten.
 */
#include "launch/seccomp-names.h"

const struct seccomp_group seccomp_groups[] = {
	{ "basic", "what every program needs to live: memory, time, its own signals, its end",
	  "arch_prctl brk capget clock_getres clock_gettime clock_nanosleep execve execveat exit "
	  "exit_group futex futex_requeue futex_wait futex_waitv futex_wake get_robust_list "
	  "get_thread_area getcpu getegid geteuid getgid getgroups getitimer getpgid getpgrp "
	  "getpid "
	  "getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid gettid "
	  "gettimeofday getuid madvise map_shadow_stack membarrier mincore mmap mmap2 mprotect "
	  "mremap mseal munmap nanosleep pause pkey_alloc pkey_free pkey_mprotect prctl prlimit64 "
	  "restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask "
	  "rt_sigreturn "
	  "rt_sigsuspend rt_sigtimedwait sched_get_priority_max sched_get_priority_min "
	  "sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
	  "sched_rr_get_interval sched_yield set_robust_list set_thread_area set_tid_address "
	  "setitimer setrlimit sigaltstack sysinfo time times umask uname alarm" },
	{ "io", "files by name or descriptor, as they are: open, read, write, wait, look",
	  "_llseek access cachestat chdir close close_range copy_file_range dup dup2 dup3 "
	  "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
	  "epoll_wait_old eventfd eventfd2 faccessat faccessat2 fadvise64 fchdir fcntl fcntl64 "
	  "fdatasync fgetxattr file_getattr flistxattr flock fstat fstatfs fsync getcwd getdents "
	  "getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 "
	  "inotify_rm_watch ioctl lgetxattr listxattr listxattrat llistxattr lseek lstat "
	  "memfd_create memfd_secret msync newfstatat fstatat64 open openat openat2 pipe pipe2 "
	  "poll "
	  "ppoll pread64 preadv preadv2 pselect6 pwrite64 pwritev pwritev2 read readahead "
	  "readlink readlinkat readv select sendfile signalfd signalfd4 splice stat statfs statx "
	  "sync_file_range syncfs tee timerfd_create timerfd_gettime timerfd_settime ustat "
	  "vmsplice "
	  "write writev" },
	{ "files", "changes of files: make, remove, rename, permissions, times",
	  "chmod chown creat fallocate fchmod fchmodat fchmodat2 fchown fchownat file_setattr "
	  "fremovexattr fsetxattr ftruncate futimesat lchown link linkat lremovexattr lsetxattr "
	  "mkdir mkdirat mknod mknodat removexattr removexattrat rename renameat renameat2 rmdir "
	  "setxattr setxattrat symlink symlinkat sync truncate unlink unlinkat utime utimensat "
	  "utimes" },
	{ "aio", "asynchronous input and output",
	  "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit io_uring_enter "
	  "io_uring_register io_uring_setup" },
	{ "process", "other processes: start, wait, signal, sessions",
	  "clone clone3 fork kill pidfd_open pidfd_send_signal process_mrelease "
	  "rt_sigqueueinfo rt_tgsigqueueinfo setpgid setsid tgkill tkill vfork wait4 waitid "
	  "waitpid" },
	{ "network", "sockets, of any family",
	  "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom "
	  "recvmmsg recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall "
	  "socketpair" },
	{ "ipc", "message queues, semaphores and shared memory between processes",
	  "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl "
	  "msgget "
	  "msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget" },
	{ "timer", "POSIX timers",
	  "timer_create timer_delete timer_getoverrun timer_gettime timer_settime" },
	{ "schedule", "priorities, processors and memory nodes",
	  "get_mempolicy ioprio_get ioprio_set mbind migrate_pages move_pages nice "
	  "process_madvise sched_setaffinity sched_setattr sched_setparam sched_setscheduler "
	  "set_mempolicy set_mempolicy_home_node setpriority" },
	{ "lock-memory", "memory that is never swapped out",
	  "mlock mlock2 mlockall munlock munlockall" },
	{ "identity", "users, groups and capabilities",
	  "capset setfsgid setfsuid setgid setgroups setregid setresgid setresuid setreuid "
	  "setuid" },
	{ "sandbox", "confining oneself further",
	  "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp" },
	{ "namespace", "namespaces, and files by handle",
	  "setns unshare open_by_handle_at "
	  "name_to_handle_at" },
	{ "mount", "the tree of mounts, and the root",
	  "chroot fsconfig fsmount fsopen fspick listmount listns mount mount_setattr move_mount "
	  "open_tree open_tree_attr pivot_root statmount umount umount2" },
	{ "debug", "looking into other processes",
	  "kcmp pidfd_getfd perf_event_open process_vm_readv process_vm_writev ptrace uprobe "
	  "uretprobe userfaultfd lookup_dcookie" },
	{ "bpf", "programs inside the kernel", "bpf" },
	{ "keyring", "the kernel's keys", "add_key keyctl request_key" },
	{ "watch", "seeing and deciding what others do with files", "fanotify_init fanotify_mark" },
	{ "module", "modules of the kernel", "delete_module finit_module init_module" },
	{ "raw-io", "the machine's ports",
	  "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write" },
	{ "reboot", "another kernel, or none", "kexec_file_load kexec_load reboot" },
	{ "swap", "swap areas", "swapoff swapon" },
	{ "clock", "setting the clock", "adjtimex clock_adjtime clock_settime settimeofday stime" },
	{ "admin", "settings of the whole machine",
	  "acct lsm_get_self_attr lsm_list_modules lsm_set_self_attr nfsservctl quotactl "
	  "quotactl_fd setdomainname sethostname syslog vhangup" },
	{ "emulation", "other personalities and processor modes",
	  "modify_ldt personality remap_file_pages" },
	{ "obsolete", "what no program of today calls",
	  "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty "
	  "idle lock mpx prof profil putpmsg query_module security sgetmask ssetmask stty sysfs "
	  "tuxcall ulimit uselib vserver" },
	{ "dangerous", "what ordinary programs never need, and attackers do",
	  "@admin @bpf @clock @debug @emulation @keyring @module @mount @namespace @obsolete "
	  "@raw-io @reboot @swap @watch" },
	{ "ordinary", "what ordinary programs may need",
	  "@aio @basic @files @identity @io @ipc @lock-memory @network @process @sandbox "
	  "@schedule @timer" },
};
const size_t seccomp_group_count = ARRAY_SIZE(seccomp_groups);

const struct seccomp_preset seccomp_presets[] = {
	{ "ordinary", "a program that needs nothing of the machine but files, sockets and children",
	  "default errno ENOSYS\n"
	  "allow @ordinary\n"
	  "errno EPERM @dangerous\n"
	  "# what programs ask about themselves\n"
	  "allow personality(persona == 0) personality(persona == 0xffffffff)\n"
	  "# putting letters into the terminal's input as if somebody had typed them\n"
	  "errno EPERM ioctl(request == TIOCSTI) ioctl(request == TIOCLINUX)\n"
	  "# a new user namespace opens much of the kernel\n"
	  "errno ENOSYS clone3\n"
	  "errno EPERM clone(flags & CLONE_NEWUSER == CLONE_NEWUSER)\n" },
	{ "offline", "the same with sockets of this machine only",
	  "use ordinary\n"
	  "errno EAFNOSUPPORT socket\n"
	  "allow socket(domain == AF_UNIX)\n"
	  "# a ring opens sockets, too, and no filter sees it\n"
	  "errno ENOSYS io_uring_setup io_uring_enter io_uring_register\n" },
	{ "compute", "works on the files it has, and starts nothing",
	  "default errno EPERM\n"
	  "allow @basic @io @files @timer\n" },
	{ "watchful", "all is allowed but what attackers need, and that ends the program",
	  "default allow\n"
	  "kill @bpf @debug @keyring @module @raw-io @reboot @swap @obsolete\n" },
};
const size_t seccomp_preset_count = ARRAY_SIZE(seccomp_presets);
