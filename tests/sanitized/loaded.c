/* SPDX-License-Identifier: MIT
 *
 * Linked into the plugin that is built with a sanitizer. Once collectd has
 * loaded it, programs that collectd executes no longer preload the sanitizer's
 * library, as collectd itself does. If TASKSTATS_FAULT names a kind of fault,
 * the plugin commits it, and the sanitizer must report it.
 */

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static volatile int number = INT_MAX;
static char *volatile bytes;
static int shared;

static void write_beyond(void) {
  bytes = malloc(8);
  bytes[8] = 0;
}

static void overflow(void) { number = number + 1; }

static void leak(void) {
  bytes = malloc(8);
  bytes = NULL;
}

static void *count(void *nothing) {
  for (int i = 0; i < 1000; i++) {
    shared++;
  }
  return nothing;
}

/* Uses new threads, because the sanitizer does not check the thread in which
 * collectd calls dlopen. */
static void race(void) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    if (pthread_create(&threads[i], NULL, count, NULL) != 0) {
      abort();
    }
  }
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
  }
}

static const struct {
  const char *name;
  void (*commit)(void);
} faults[] = {
    {"heap", write_beyond},
    {"undefined", overflow},
    {"leak", leak},
    {"race", race},
};

__attribute__((constructor)) static void start(void) {
  const char *const wanted = getenv("TASKSTATS_FAULT");
  unsetenv("LD_PRELOAD");
  for (size_t i = 0; wanted != NULL && i < sizeof(faults) / sizeof(*faults);
       i++) {
    if (strcmp(faults[i].name, wanted) == 0) {
      faults[i].commit();
    }
  }
}
