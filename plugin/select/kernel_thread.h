/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_KERNEL_THREAD_H
#define TASKSTATS_KERNEL_THREAD_H

#include <stddef.h>

/*
 * Threads of the kernel that do the same work are a pool: there is one a CPU, a
 * queue or a device, and its name says which: ksoftirqd/12, irq/24-nvme0q7,
 * scsi_eh_3. All kernel workers are one pool. Their names tell the CPU, and
 * procfs adds what they work on just now (wq_worker_comm); but a worker that
 * ends is kworker/dying, whatever it was, so that no more can be told for each.
 */

/* How much of a kernel thread's name is that of its pool. */
size_t kernel_thread_pool_length(const char *comm);

#endif
