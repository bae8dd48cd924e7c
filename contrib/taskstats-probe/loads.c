/* SPDX-License-Identifier: MIT */
#include "loads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 1024 };

#define COLLECTD "PATH=\"$PATH:/usr/sbin:/sbin\" timeout 20 collectd"

/* Reads the value after the key in the output of collectd -h. */
bool loads_directory(char *directory, size_t size) {
  static const char key[] = "Plugin directory";
  char line[LINE_SIZE];
  bool found = false;
  FILE *help = popen(COLLECTD " -h 2>/dev/null", "re");
  if (help == NULL)
    return false;
  while (fgets(line, sizeof(line), help) != NULL) {
    const char *at = strstr(line, key);
    if (at == NULL)
      continue;
    at += strlen(key);
    at += strspn(at, " \t");
    snprintf(directory, size, "%.*s", (int)strcspn(at, "\n"), at);
    found = true;
  }
  pclose(help);
  return found;
}

/* Whether a line of collectd's output reports success for the plugin. */
static bool is_success(const char *line) {
  return strstr(line, "plugin \"taskstats\" successfully loaded") != NULL;
}

static bool run_collectd(const char *path, char *why, size_t size) {
  char command[LINE_SIZE], line[LINE_SIZE];
  bool loaded = false;
  snprintf(command, sizeof(command), COLLECTD " -T -C %s 2>&1", path);
  snprintf(why, size, "collectd gives no reason");
  FILE *said = popen(command, "re");
  if (said == NULL)
    return false;
  bool first = true;
  while (fgets(line, sizeof(line), said) != NULL) {
    loaded = loaded || is_success(line);
    if (first && (strstr(line, "taskstats") != NULL ||
                  strstr(line, "not found") != NULL)) {
      snprintf(why, size, "%.*s", (int)strcspn(line, "\n"), line);
      first = false;
    }
  }
  pclose(said);
  return loaded;
}

/* A directory with a quotation mark would end the quoted string. */
bool loads_plugin(const char *directory, char *why, size_t size) {
  char path[] = "/tmp/taskstats-probe.XXXXXX";
  int fd = mkstemp(path);
  if (fd < 0 || strpbrk(directory, "\"\\\n") != NULL) {
    snprintf(why, size, "cannot create a configuration for collectd");
    if (fd >= 0) {
      close(fd);
      unlink(path);
    }
    return false;
  }
  dprintf(fd,
          "BaseDir \"/tmp\"\nPluginDir \"%s\"\nLoadPlugin taskstats\n"
          "<Plugin taskstats>\n  WatchCPUs \"none\"\n</Plugin>\n",
          directory);
  close(fd);
  bool loaded = run_collectd(path, why, size);
  unlink(path);
  return loaded;
}
