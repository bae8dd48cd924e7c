/* SPDX-License-Identifier: MIT */
#include "kernel/procfs.h"

#include "kernel/procfs_file.h"

#include <errno.h>
#include <stdio.h>

enum { STATM_SIZE = 256 };

/* Parses a statm file, in pages; all are 0 if the task has no memory, or has
 * released it. */
static int take_memory(const char *text, uint64_t page_size,
                       struct procfs_memory *memory) {
  enum { SIZE, RESIDENT, SHARED, TEXT, LIB, DATA, FIELDS };
  uint64_t fields[FIELDS];

  for (unsigned int i = 0; i < FIELDS; i++) {
    if (!procfs_file_take_number(&text, &fields[i]) || *text != ' ')
      return -EBADMSG;
    text++;
  }
  *memory = (struct procfs_memory){.vm_bytes = fields[SIZE] * page_size,
                                   .rss_bytes = fields[RESIDENT] * page_size,
                                   .code_bytes = fields[TEXT] * page_size,
                                   .data_bytes = fields[DATA] * page_size};
  return 0;
}

struct search {
  uint64_t page_size;
  struct procfs_memory memory;
};

/* Returns 1 if the thread has memory. */
static int read_memory_of_thread(void *context, int task_fd, const char *tid) {
  struct search *search = context;
  char name[PROCFS_NAME_SIZE + 256], text[STATM_SIZE];

  snprintf(name, sizeof(name), "%s/statm", tid);
  text[procfs_file_read_at(task_fd, name, text, sizeof(text) - 1)] = '\0';
  return take_memory(text, search->page_size, &search->memory) == 0 &&
         search->memory.vm_bytes > 0;
}

int procfs_memory(struct procfs *proc, pid_t pid,
                  struct procfs_memory *memory) {
  struct search search = {.page_size = proc->page_size};
  char text[STATM_SIZE];

  ssize_t size = procfs_file_read(proc, pid, "statm", text, sizeof(text));
  if (size < 0)
    return (int)size;
  int status = take_memory(text, proc->page_size, memory);
  if (status != 0 || memory->vm_bytes > 0)
    return status;

  hang_guard_enter(&proc->guard, pid);
  status = procfs_file_each_thread(proc, pid, read_memory_of_thread, &search);
  hang_guard_leave(&proc->guard);
  if (status > 0)
    *memory = search.memory;
  return status < 0 ? status : 0;
}
