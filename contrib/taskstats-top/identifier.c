/* SPDX-License-Identifier: MIT */
#include "identifier.h"

#include <stdlib.h>
#include <string.h>

/* Ends the text at the first occurrence of a character. Returns what follows,
 * or NULL if there is none. */
static char *cut_at(char *text, char at) {
  char *found = strchr(text, at);
  if (found != NULL)
    *found++ = '\0';
  return found;
}

static const char *cut_instance(char *text) {
  const char *instance = cut_at(text, '-');
  return instance != NULL ? instance : "";
}

int identifier_parse(struct identifier *identifier, const char *line) {
  const char *name = strchr(line, ' ');
  if (name == NULL)
    return -1;
  size_t size = strlen(++name) + 1;
  char *copies = malloc(2 * size);
  if (copies == NULL)
    return -1;
  memcpy(copies, name, size);
  char *host = memcpy(copies + size, name, size);
  char *plugin = cut_at(host, '/');
  char *type = plugin != NULL ? cut_at(plugin, '/') : NULL;
  if (type == NULL) {
    free(copies);
    return -1;
  }
  *identifier = (struct identifier){.name = copies,
                                    .host = host,
                                    .plugin = plugin,
                                    .plugin_instance = cut_instance(plugin),
                                    .type = type,
                                    .type_instance = cut_instance(type)};
  return 0;
}

int identifier_compare(const void *left, const void *right) {
  const struct identifier *a = left, *b = right;
  const char *pairs[][2] = {{a->host, b->host},
                            {a->plugin, b->plugin},
                            {a->plugin_instance, b->plugin_instance},
                            {a->type, b->type},
                            {a->type_instance, b->type_instance}};
  int order = 0;
  for (size_t i = 0; order == 0 && i < sizeof(pairs) / sizeof(*pairs); i++)
    order = strcmp(pairs[i][0], pairs[i][1]);
  return order;
}

void identifier_free(struct identifier *identifier) {
  free(identifier->name);
  *identifier = (struct identifier){0};
}
