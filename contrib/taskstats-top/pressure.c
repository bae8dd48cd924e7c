/* SPDX-License-Identifier: MIT */
#include "pressure.h"

#include <stdio.h>
#include <string.h>

/* Reads the line "some avg10=0.00 ..." of a file. */
static bool read_some(const char *path, double *percent) {
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return false;
  bool is_read = fscanf(file, "some avg10=%lf", percent) == 1;
  fclose(file);
  return is_read;
}

bool pressure_line(const char *directory, char *line, size_t size) {
  static const char *const resources[] = {"cpu", "io", "memory"};
  size_t used = 0;
  for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
    char path[256];
    double percent;
    snprintf(path, sizeof(path), "%s/%s", directory, resources[i]);
    if (!read_some(path, &percent) || used >= size)
      continue;
    used += (size_t)snprintf(line + used, size - used, "%s  %s %.2f %%",
                             used == 0 ? "pressure, some, 10 s:" : "",
                             resources[i], percent);
  }
  return used > 0;
}
