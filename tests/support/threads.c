// SPDX-License-Identifier: MIT
/*
 * A process with very many threads.
 *
 *   threads COUNT
 *
 * Creates COUNT threads in addition to the main one, or as many as the machine
 * allows. Prints "threads=" and their total number, the error if there are
 * fewer, and "ready". At SIGUSR1, the process ends with all threads at once.
 */
#include "workload.h"

#include <signal.h>
#include <string.h>

enum { LIMIT_S = 120, MAX_THREADS = 100000, STACK_SIZE = 16 * 1024 };

static void *wait_for_end(void *unused) {
  for (;;)
    pause();
  return unused;
}

/* All stacks are in one mapping, because the number of mappings is limited. */
static int start_with_stack(char *stack) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, STACK_SIZE);
  int error = pthread_create(&thread, &attributes, wait_for_end, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: threads COUNT\n", stderr);
    return EXIT_FAILURE;
  }
  uint64_t count = number_up_to(argv[1], MAX_THREADS), made = 0;
  sigset_t go;
  sigemptyset(&go);
  sigaddset(&go, SIGUSR1);
  sigprocmask(SIG_BLOCK, &go, NULL);
  alarm(LIMIT_S);
  char *stacks = mmap(NULL, (count + 1) * STACK_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED)
    die("mmap");
  int error = 0;
  while (made < count &&
         (error = start_with_stack(stacks + made * STACK_SIZE)) == 0)
    made++;
  say("threads=%" PRIu64, made + 1);
  if (error != 0)
    say("no more: %s", strerror(error));
  say("ready");
  while (sigwaitinfo(&go, NULL) != SIGUSR1)
    ;
  return EXIT_SUCCESS;
}
