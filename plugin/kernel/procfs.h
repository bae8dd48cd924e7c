/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PROCFS_H
#define TASKSTATS_PROCFS_H

#include "kernel/hang_guard.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads procfs (Documentation/filesystems/proc.rst; proc(5)).
 *
 * Functions with a pid return -ENOENT or -ESRCH if the process does not exist;
 * -EACCES or -EPERM if the kernel requires ptrace access; -EBADMSG for contents
 * that no kernel writes. A pid may be reused between any two calls: see
 * track/listed_process.h. Used by one thread at a time, except for the
 * functions that monitor it.
 */

struct procfs;

/* Whether a status means that the process does not exist. */
bool procfs_is_vanished(int status);

/* root is "/proc" except in tests. Returns 0 or a negative errno. */
int procfs_open(const char *root, struct procfs **proc);

/* proc may be NULL. */
void procfs_close(struct procfs *proc);

/* Opens the same root again. Returns 0 or a negative errno. */
int procfs_reopen(const struct procfs *proc, struct procfs **again);

/*
 * The calls that read stat, io, exe or cmdline may hang (kernel/hang_guard.h).
 * Another thread may monitor the one that uses proc: procfs_call returns its
 * current call, or 0, and procfs_call_pid the process that the call reads.
 * After procfs_abandon, only the abandoned thread uses proc; it ends when the
 * call returns. Once procfs_has_returned is true, proc must be closed.
 */
uint64_t procfs_call(const struct procfs *proc);
pid_t procfs_call_pid(uint64_t call);
bool procfs_abandon(struct procfs *proc, uint64_t call);
bool procfs_has_returned(const struct procfs *proc);

/* Whether the thread in a call is running, or waits only for a CPU. False if
 * unknown. */
bool procfs_call_runs(const struct procfs *proc);

/* Starts a listing of all processes. */
void procfs_rewind(struct procfs *proc);

/* The next process of the listing, with the inode number of its directory, 32
 * bits, which differs from that of earlier processes with the same pid. Returns
 * 1; 0 at the end; or a negative errno. */
int procfs_next(struct procfs *proc, pid_t *pid, uint32_t *inode);

/* The same inode number, by pid. It also changes when the kernel evicts a
 * cached inode, so only an unchanged number is conclusive. */
int procfs_inode(struct procfs *proc, pid_t pid, uint32_t *inode);

/* The number of threads of a process. */
int procfs_threads(struct procfs *proc, pid_t pid, uint32_t *threads);

/* Opens <pid>/task to count the threads more often, at a fifth of the cost.
 * Returns a descriptor that the caller closes, or a negative errno. The
 * descriptor refers to this process even if the pid is reused. */
int procfs_task_open(struct procfs *proc, pid_t pid);

/* The number of threads of a process. -ESRCH: it has ended. */
int procfs_task_threads(int fd, uint32_t *threads);

enum { PROCFS_COMM_SIZE = 65 }; /* kernel workers have long names */

struct procfs_stat {
  char comm[PROCFS_COMM_SIZE];
  char state; /* of the main thread; 'Z' for a zombie */
  pid_t ppid;
  /* The main thread is ending or has ended: the command line is gone. */
  bool is_exiting;
  bool is_forked;                      /* never called exec */
  bool is_kernel_thread;               /* and never will */
  uint64_t faults_minor, faults_major; /* including ended threads */
  /* of children that were waited for, and of theirs; at least one for each that
   * has ended */
  uint64_t children_faults;
  uint64_t user_ticks, system_ticks; /* including ended threads; in USER_HZ */
  uint32_t threads;
  uint64_t start_ticks; /* since boot, CLOCK_BOOTTIME */
};

/* Reads <pid>/stat. */
int procfs_stat(struct procfs *proc, pid_t pid, struct procfs_stat *stat);

/* Whether only the exit status is left: a zombie whose main thread is its last
 * one. (A main thread may end before the others.) */
bool procfs_stat_has_ended(const struct procfs_stat *stat);

struct procfs_memory {
  uint64_t vm_bytes, rss_bytes;
  uint64_t code_bytes; /* of the program, without libraries */
  uint64_t data_bytes; /* including the stack */
};

/* Reads <pid>/statm; if the main thread has ended, that of another thread. All
 * values are 0 for a kernel thread or a zombie. */
int procfs_memory(struct procfs *proc, pid_t pid, struct procfs_memory *memory);

/* Counts the open files of a process; if the main thread has ended, through
 * another thread. 0 for a kernel thread or a zombie. Before Linux 6.2, this
 * reads <pid>/fd, which only the owner may, and which is slow for many files.
 */
int procfs_files(struct procfs *proc, pid_t pid, uint32_t *files);

struct procfs_io { /* of the whole process, including ended threads */
  uint64_t read_chars, write_chars;
  uint64_t read_calls, write_calls;
  uint64_t read_bytes, write_bytes;
};

/* Opens <pid>/io. Returns a descriptor that the caller closes, or a negative
 * errno. The descriptor refers to this process even if the pid is reused. */
int procfs_io_open(struct procfs *proc, pid_t pid);

/* Reads an open <pid>/io or, if fd is negative, opens and closes it. -ESRCH:
 * the process has ended. */
int procfs_io_read(struct procfs *proc, pid_t pid, int fd,
                   struct procfs_io *io);

/* Adds up <pid>/task/<tid>/io: the I/O of the living threads. (The process's
 * own file includes ended threads, but also children that it has waited for:
 * wait_task_zombie in the kernel.) */
int procfs_io_of_threads(struct procfs *proc, pid_t pid, struct procfs_io *io);

/* Lists the ids of a process's threads, as many as fit. */
int procfs_tids(struct procfs *proc, pid_t pid, uint32_t *tids, size_t size,
                size_t *count);

/* The arguments joined by spaces, in memory that the caller frees; "" for a
 * kernel thread or a zombie. Truncated to PROCFS_CMDLINE_SIZE bytes: a process
 * chooses its arguments and their length. */
enum { PROCFS_CMDLINE_SIZE = 128 * 1024 + 1 };
int procfs_cmdline(struct procfs *proc, pid_t pid, char **cmdline);

/* The path of the running program, in size bytes, without the " (deleted)" of a
 * replaced file. Also -ENOENT for a kernel thread or a zombie. */
int procfs_exe(struct procfs *proc, pid_t pid, char *path, size_t size);

/* The real user id. */
int procfs_uid(struct procfs *proc, pid_t pid, uid_t *uid);

/* The cgroup's path: that of version 2 or, if systemd uses version 1, that of
 * name=systemd; but, if is_preferred is not NULL, a path in any hierarchy that
 * is preferred has precedence. In size bytes. -ENOENT if there is none; -ESRCH
 * if the kernel hides it because the process is exiting (version 1); -EXDEV if
 * it is outside this process's cgroup namespace, where it has no name. */
typedef bool procfs_is_preferred(const char *path, size_t length);
int procfs_cgroup(struct procfs *proc, pid_t pid,
                  procfs_is_preferred *is_preferred, char *path, size_t size);

/* The same path, and that in the memory controller, which differs if the
 * controller is in version 1; each is "" if it is unavailable. Returns 0, or a
 * negative errno if both are unavailable. */
struct procfs_cgroups {
  char unit[PATH_MAX], memory[PATH_MAX];
};
int procfs_cgroups(struct procfs *proc, pid_t pid,
                   procfs_is_preferred *is_preferred,
                   struct procfs_cgroups *cgroups);

/* Whether the kernel counts all kinds of delay (kernel.task_delayacct), or only
 * delays for a CPU. Kernels before 5.14 have no switch and always do. Returns
 * 0; -EOPNOTSUPP if this kernel never does, as it was built or booted; -ENOENT
 * if sys is hidden (ProcSubset=pid); or another negative errno. */
int procfs_delay_accounting(struct procfs *proc, bool *on);

/* Whether there is a switch: if not, the setting has been constant since boot.
 */
bool procfs_can_switch_delay_accounting(struct procfs *proc);

/* Turns it on: -EACCES without the privilege, -EROFS if sys is read-only
 * (ProtectKernelTunables=, a container), -ENOENT without the switch. Processes
 * that already run get the other kinds only after a restart. */
int procfs_enable_delay_accounting(struct procfs *proc);

/* Whether its pids are not those of this process: /proc belongs to another pid
 * namespace (pid_namespaces(7)). */
bool procfs_has_other_pids(struct procfs *proc);

/* Whether this process's clocks differ from the machine's: it is in a time
 * namespace that shifts them (time_namespaces(7)). Kernels before 5.6 have
 * none. */
bool procfs_shifts_clocks(struct procfs *proc);

#endif
