/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_KERNEL_THREAD_H
#define TASKSTATS_KERNEL_THREAD_H

#include <stddef.h>

/*
 * Kernel threads that do the same work form a pool: there is one thread per
 * CPU, queue or device, which its name contains: ksoftirqd/12, irq/24-nvme0q7,
 * scsi_eh_3. All kernel workers form one pool: their names contain the CPU, and
 * procfs adds their current work (wq_worker_comm), but a worker that ends is
 * always called kworker/dying.
 */

/* The length of the part of a kernel thread's name that names its pool. */
size_t kernel_thread_pool_length(const char *comm);

#endif
