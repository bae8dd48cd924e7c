/* SPDX-License-Identifier: MIT */
/*
 * overflow heap|stack|none
 *
 * Writes a byte beyond the end of a buffer, which aborts the program if its
 * flags detect that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Its size is known only at run time: detected by _FORTIFY_SOURCE=3. */
static void overflow_heap(size_t size, size_t beyond) {
  char *bytes = malloc(size);
  if (bytes == NULL)
    exit(2);
  memset(bytes, 'x', size + beyond);
  printf("%c\n", bytes[size - 1]);
  free(bytes);
}

/* Not written by a function of libc: detected by the stack protector. */
static void overflow_stack(size_t size, size_t beyond) {
  volatile char bytes[16];
  volatile char *at = bytes;
  for (size_t i = 0; i < size + beyond; i++)
    at[i] = 'x';
  printf("%c\n", bytes[size - 1]);
}

int main(int argc, char **argv) {
  const char *where = argc > 1 ? argv[1] : "none";
  size_t beyond = strcmp(where, "none") == 0 ? 0 : 16;
  if (strcmp(where, "stack") == 0)
    overflow_stack(16, beyond);
  else
    overflow_heap(strlen(where), beyond);
  return 0;
}
