/* SPDX-License-Identifier: MIT */
#include "track/parent_cmdline.h"

#include "kernel/clock.h"

#include <stdlib.h>
#include <string.h>

void parent_cmdlines_begin_batch(struct parent_cmdlines *parents) {
  parents->batch++;
}

static void replace_text(struct parent_cmdline *line, char *text) {
  free(line->text);
  line->text = text;
  pattern_memo_clear(&line->memo);
}

static struct parent_cmdline *find_or_add_line(struct parent_cmdlines *parents,
                                               pid_t pid) {
  for (size_t i = 0; i < PARENT_CMDLINES; i++)
    if (parents->lines[i].pid == pid)
      return &parents->lines[i];
  struct parent_cmdline *line = &parents->lines[parents->next];
  parents->next = (parents->next + 1) % PARENT_CMDLINES;
  replace_text(line, NULL);
  line->pid = pid;
  return line;
}

static void read_identity(struct parent_cmdline *line, struct procfs *proc) {
  struct procfs_stat stat = {0};
  if (procfs_stat(proc, line->pid, &stat) != 0)
    stat.comm[0] = '\0';
  memcpy(line->comm, stat.comm, sizeof(line->comm));
  line->start_ns = stat.start_ticks * clock_tick_ns();
}

static void read_line(struct parent_cmdline *line, struct procfs *proc) {
  char *text = NULL;
  if (procfs_cmdline(proc, line->pid, &text) != 0)
    text = NULL;
  if (text != NULL && line->text != NULL && strcmp(text, line->text) == 0)
    free(text);
  else
    replace_text(line, text);
  /* Afterwards: who has the pid only since then, began later. */
  read_identity(line, proc);
}

struct parent_cmdline *parent_cmdlines_get(struct parent_cmdlines *parents,
                                           struct procfs *proc, pid_t pid,
                                           bool *was_read) {
  struct parent_cmdline *line = find_or_add_line(parents, pid);
  *was_read = line->text == NULL || line->batch != parents->batch;
  if (*was_read)
    read_line(line, proc);
  line->batch = parents->batch;
  return line->text != NULL ? line : NULL;
}

void parent_cmdlines_clear(struct parent_cmdlines *parents) {
  for (size_t i = 0; i < PARENT_CMDLINES; i++)
    replace_text(&parents->lines[i], NULL);
}
