/* SPDX-License-Identifier: MIT */
#include "stanzas.h"

#include "collectd/config.h"
#include "conf_file.h"
#include "parser.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool names_plugin(const oconfig_item_t *item) {
  return item->values_num > 0 && item->values[0].type == OCONFIG_TYPE_STRING &&
         strcasecmp(item->values[0].value.string, "taskstats") == 0;
}

static bool is_block_of_plugin(const oconfig_item_t *item) {
  return strcasecmp(item->key, "Plugin") == 0 && item->children_num > 0 &&
         names_plugin(item);
}

static bool loads_plugin(const oconfig_item_t *item) {
  if (strcasecmp(item->key, "LoadPlugin") == 0)
    return names_plugin(item);
  if (strcasecmp(item->key, "AutoLoadPlugin") != 0 || item->values_num != 1)
    return false;
  const oconfig_value_t *value = &item->values[0];
  return value->type == OCONFIG_TYPE_BOOLEAN
             ? value->value.boolean
             : value->type == OCONFIG_TYPE_STRING &&
                   strcasecmp(value->value.string, "true") == 0;
}

/* The first item that loads the plugin. -1: none does, as in a file for
 * Include. */
static int find_load(const oconfig_item_t *root) {
  for (int i = 0; i < root->children_num; i++)
    if (loads_plugin(&root->children[i]))
      return i;
  return -1;
}

static int add_blocks(const oconfig_item_t *root, struct settings *settings,
                      void (*note)(const char *line), char *error,
                      size_t size) {
  int load = find_load(root);
  if (load < 0)
    note("the plugin is not loaded: LoadPlugin taskstats is missing");
  for (int i = 0; i < root->children_num; i++) {
    if (!is_block_of_plugin(&root->children[i]))
      continue;
    if (i < load) {
      note("collectd skips a <Plugin taskstats> block that stands before "
           "LoadPlugin taskstats");
      continue;
    }
    int status = config_add_block(settings, &root->children[i], error, size);
    if (status != 0)
      return status;
  }
  return 0;
}

int stanzas_read(const char *path, struct settings *settings,
                 void (*note)(const char *line), char *error, size_t size) {
  oconfig_item_t root = {0};
  config_init(settings);
  int status = conf_file_read(path, &root, note, error, size);
  if (status == 0 && root.children_num == 0) {
    snprintf(error, size, "%s contains no configuration", path);
    status = -ENOENT;
  }
  if (status == 0)
    status = add_blocks(&root, settings, note, error, size);
  if (status == 0)
    config_finish(settings);
  parser_clear(&root);
  return status;
}
