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
 * Reading procfs (Documentation/filesystems/proc.rst; proc(5)).
 *
 * Functions that take a pid return -ENOENT or -ESRCH if there is no such
 * process; -EACCES or -EPERM where the kernel wants ptrace access; -EBADMSG for
 * contents that no kernel writes. A pid may have changed hands between any two
 * calls: see process identity in reader.c. One thread at a time, but for the
 * calls that look after it.
 */

struct procfs;

/* Whether a status says that there is no such process. */
bool procfs_is_vanished(int status);

/* root is "/proc" but in tests. Returns 0 or a negative errno. */
int procfs_open(const char *root, struct procfs **proc);

/* Takes NULL. */
void procfs_close(struct procfs *proc);

/* Opens the same once more. Returns 0 or a negative errno. */
int procfs_reopen(const struct procfs *proc, struct procfs **again);

/*
 * The calls that read stat, io, exe or cmdline may hang (kernel/hang_guard.h).
 * Another thread may look after the one that uses proc: procfs_call is the call
 * that it is in, or 0, and procfs_call_pid whom that asks. After procfs_abandon
 * nobody uses proc but the thread, which ends when the call returns; then
 * procfs_has_returned, and proc is to be closed.
 */
uint64_t procfs_call(const struct procfs *proc);
pid_t procfs_call_pid(uint64_t call);
bool procfs_abandon(struct procfs *proc, uint64_t call);
bool procfs_has_returned(const struct procfs *proc);

/* Whether the thread that is in a call runs, or waits for a CPU only. False if
 * that cannot be told. */
bool procfs_call_runs(const struct procfs *proc);

/* Begins a listing of all processes. */
void procfs_rewind(struct procfs *proc);

/* The listing's next process, with the inode number of its directory, 32
 * bits, which differs from that of any other process that had the pid before.
 * Returns 1; 0 at the end; or a negative errno. */
int procfs_next(struct procfs *proc, pid_t *pid, uint32_t *inode);

/* The same inode number by name. It changes, too, when the kernel forgets a
 * cached inode, so only an unchanged one says something. */
int procfs_inode(struct procfs *proc, pid_t pid, uint32_t *inode);

/* How many threads a process has. */
int procfs_threads(struct procfs *proc, pid_t pid, uint32_t *threads);

/* Opens <pid>/task to ask the same more often, at a fifth of the cost. Returns
 * a descriptor that the caller closes, or a negative errno. It stays with the
 * process, whoever has the pid later. */
int procfs_task_open(struct procfs *proc, pid_t pid);

/* How many threads a process has. -ESRCH: it is gone. */
int procfs_task_threads(int fd, uint32_t *threads);

enum { PROCFS_COMM_SIZE = 65 }; /* kernel workers have long ones */

struct procfs_stat {
  char comm[PROCFS_COMM_SIZE];
  char state; /* of the main thread; 'Z' for a zombie */
  pid_t ppid;
  /* The main thread ends or has ended: there is no command line any more. */
  bool is_exiting;
  bool is_forked;                      /* never called exec */
  bool is_kernel_thread;               /* and never will */
  uint64_t faults_minor, faults_major; /* ended threads included */
  uint64_t children_faults; /* of children that were waited for, and of theirs;
                             * none has ended without one */
  uint64_t user_ticks, system_ticks; /* ended threads included; USER_HZ */
  uint32_t threads;
  uint64_t start_ticks; /* after boot, CLOCK_BOOTTIME */
};

/* Reads <pid>/stat. */
int procfs_stat(struct procfs *proc, pid_t pid, struct procfs_stat *stat);

/* Whether nothing but the exit status is left: a zombie whose main thread is
 * its last one. (A main thread may end before the others.) */
bool procfs_stat_has_ended(const struct procfs_stat *stat);

struct procfs_memory {
  uint64_t vm_bytes, rss_bytes;
  uint64_t code_bytes; /* of the program, without libraries */
  uint64_t data_bytes; /* with the stack */
};

/* Reads <pid>/statm; if the main thread has ended, that of another one. All are
 * 0 for a kernel thread or a zombie. */
int procfs_memory(struct procfs *proc, pid_t pid, struct procfs_memory *memory);

/* Counts the open files of a process; if the main thread has ended, those of
 * another one. 0 for a kernel thread or a zombie. Before Linux 6.2 <pid>/fd has
 * to be read for that, which its owner alone may, and takes long if there are
 * many. */
int procfs_files(struct procfs *proc, pid_t pid, uint32_t *files);

struct procfs_io { /* of the whole process, ended threads included */
  uint64_t read_chars, write_chars;
  uint64_t read_calls, write_calls;
  uint64_t read_bytes, write_bytes;
};

/* Opens <pid>/io. Returns a descriptor that the caller closes, or a negative
 * errno. The descriptor stays with the process, whoever has the pid later. */
int procfs_io_open(struct procfs *proc, pid_t pid);

/* Reads an open <pid>/io or, if fd is negative, opens and closes it. -ESRCH:
 * its process is gone. */
int procfs_io_read(struct procfs *proc, pid_t pid, int fd,
                   struct procfs_io *io);

/* Adds up <pid>/task/<tid>/io: what the living threads themselves have done.
 * (The process's own file has what ended threads did, too, but also what
 * children did that it has waited for: wait_task_zombie in the kernel.) */
int procfs_io_of_threads(struct procfs *proc, pid_t pid, struct procfs_io *io);

/* Lists the ids of a process's threads, as many as have room. */
int procfs_tids(struct procfs *proc, pid_t pid, uint32_t *tids, size_t size,
                size_t *count);

/* The arguments joined by spaces, in memory that the caller frees; "" for a
 * kernel thread or a zombie. What has no room in PROCFS_CMDLINE_SIZE bytes is
 * left out: a process chooses its arguments itself, as long as it likes. */
enum { PROCFS_CMDLINE_SIZE = 128 * 1024 + 1 };
int procfs_cmdline(struct procfs *proc, pid_t pid, char **cmdline);

/* The path of the file that runs, in size bytes, without the " (deleted)" of
 * one that was replaced. -ENOENT for a kernel thread or a zombie, too. */
int procfs_exe(struct procfs *proc, pid_t pid, char *path, size_t size);

/* The real user id. */
int procfs_uid(struct procfs *proc, pid_t pid, uid_t *uid);

/* The cgroup's path: version 2's or, where systemd uses version 1, that of
 * name=systemd; but before these one of any hierarchy that is preferred, if
 * is_preferred is not NULL. In size bytes. -ENOENT where there is none; -ESRCH
 * where the kernel does not tell it any more, since the process is exiting
 * (version 1); -EXDEV if it is outside of this process's cgroup namespace,
 * where it has no name. */
typedef bool procfs_is_preferred(const char *path, size_t length);
int procfs_cgroup(struct procfs *proc, pid_t pid,
                  procfs_is_preferred *is_preferred, char *path, size_t size);

/* The same path, and that of the memory controller, which is another one where
 * version 1 has it; each "" if it cannot be had. Returns 0, or a negative errno
 * if neither can. */
struct procfs_cgroups {
  char unit[PATH_MAX], memory[PATH_MAX];
};
int procfs_cgroups(struct procfs *proc, pid_t pid,
                   procfs_is_preferred *is_preferred,
                   struct procfs_cgroups *cgroups);

/* Whether the kernel counts all kinds of delay (kernel.task_delayacct), or only
 * those for a CPU. Kernels before 5.14 have no such switch and do. Returns 0;
 * -EOPNOTSUPP if this kernel never does, as it was built or started; -ENOENT
 * where sys is hidden (ProcSubset=pid); or another negative errno. */
int procfs_delay_accounting(struct procfs *proc, bool *on);

/* Whether that can be switched: if not, it has been so since the kernel was
 * started. */
bool procfs_can_switch_delay_accounting(struct procfs *proc);

/* Switches that on: -EACCES without the privilege, -EROFS where sys may only be
 * read (ProtectKernelTunables=, a container), -ENOENT without the switch.
 * Processes that run already get the other kinds only by a restart. */
int procfs_enable_delay_accounting(struct procfs *proc);

/* Whether the pids in it are not this process's: /proc is that of another pid
 * namespace (pid_namespaces(7)). */
bool procfs_has_other_pids(struct procfs *proc);

/* Whether this process's clocks are not the machine's: it is in a time
 * namespace that shifts them (time_namespaces(7)). Kernels before 5.6 have
 * none. */
bool procfs_shifts_clocks(struct procfs *proc);

#endif
