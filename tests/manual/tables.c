/* SPDX-License-Identifier: MIT */
/*
 * Prints the code's tables, which run.bash compares with the documents: one
 * line for each option, default, metric, kind of delay, placeholder, key of the
 * meta data and key of the exit log. Everything comes from the plugin's
 * functions.
 *
 * The arguments are names that may be options: those that the plugin accepts,
 * but does not mention in its list of known options, are ignored ones.
 */
#include "collectd/api.h"
#include "collectd/config.h"
#include "collectd/values.h"
#include "report/exit_fields.h"
#include "report/exit_log_line.h"
#include "report/metric.h"

#include "support/oconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 4096, NAMES = 128 };

/* Where an option may appear. */
static const struct {
  const char *name, *before, *after;
} places[] = {
    {"plugin", "", ""},
    {"process", "<Process \"p\">\n", "</Process>\n"},
    {"group", "<Group \"g-%{1}\">\n", "</Group>\n"},
    {"exclude", "<Group \"g\">\n<Exclude>\n", "</Exclude>\n</Group>\n"},
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };

struct option {
  char name[64];
  unsigned int places; /* as 1 << place */
};

static struct option known[NAMES];
static size_t known_count;

static struct option *find_option(const char *name) {
  for (size_t i = 0; i < known_count; i++)
    if (strcmp(known[i].name, name) == 0)
      return &known[i];
  return NULL;
}

static void add_option(const char *name, size_t place) {
  struct option *option = find_option(name);
  if (option == NULL) {
    if (known_count == NAMES)
      abort();
    option = &known[known_count++];
    snprintf(option->name, sizeof(option->name), "%s", name);
  }
  option->places |= 1U << place;
}

/* Returns the status, and the plugin's error, for the line in this place. */
static int configure(struct settings *settings, const char *line, size_t place,
                     char error[TEXT_SIZE]) {
  char text[TEXT_SIZE];
  snprintf(text, sizeof(text), "%s%s\n%s", places[place].before, line,
           places[place].after);
  error[0] = '\0';
  oconfig_item_t block = oconfig_block(text);
  int status = config_add_block(settings, &block, error, TEXT_SIZE);
  oconfig_clear(&block);
  return status;
}

/* The error for an unknown option lists the known ones. */
static void collect_known(void) {
  static const char before[] = "; known are ";
  for (size_t place = 0; place < PLACES; place++) {
    struct settings settings;
    char error[TEXT_SIZE];
    config_init(&settings);
    configure(&settings, "NoSuchOption true", place, error);
    config_clear(&settings);
    char *list = strstr(error, before);
    if (list == NULL)
      abort();
    for (char *name = strtok(list + strlen(before), ", "); name != NULL;
         name = strtok(NULL, ", "))
      add_option(name, place);
  }
}

static void collect_ignored(int count, char **names) {
  for (int i = 0; i < count; i++) {
    if (find_option(names[i]) != NULL)
      continue;
    for (size_t place = 0; place < PLACES; place++) {
      struct settings settings;
      char line[TEXT_SIZE], error[TEXT_SIZE];
      config_init(&settings);
      snprintf(line, sizeof(line), "%s true", names[i]);
      configure(&settings, line, place, error);
      if (strstr(settings.ignored, names[i]) != NULL)
        add_option(names[i], place);
      config_clear(&settings);
    }
  }
}

static void print_options(void) {
  for (size_t i = 0; i < known_count; i++) {
    printf("option %s", known[i].name);
    for (size_t place = 0; place < PLACES; place++)
      if (known[i].places >> place & 1)
        printf(" %s", places[place].name);
    putchar('\n');
  }
}

/* The bits of collect that an option sets. */
static uint32_t bits_of(const struct option *option) {
  struct settings settings;
  char line[TEXT_SIZE], error[TEXT_SIZE];
  config_init(&settings);
  settings.collect = 0;
  snprintf(line, sizeof(line), "%s true", option->name);
  if ((option->places & 1) != 0)
    configure(&settings, line, 0, error);
  uint32_t bits = settings.collect;
  config_clear(&settings);
  return bits;
}

static void print_boolean(const char *name, bool value) {
  printf("default %s %s\n", name, value ? "true" : "false");
}

static void print_defaults(void) {
  struct settings settings;
  config_init(&settings);
  for (size_t i = 0; i < known_count; i++)
    if (bits_of(&known[i]) != 0)
      print_boolean(known[i].name,
                    (settings.collect & bits_of(&known[i])) != 0);
  print_boolean("Descendants", false); /* of a new rule */
  print_boolean("ProcessEvents", settings.process_events);
  print_boolean("EnableDelayAccounting", settings.enable_delay_accounting);
  print_boolean("ReportSelf", settings.report_self);
  printf("default MaxGroups %u\n", settings.max_groups);
  printf("default NotifyExitRate %u\n", settings.notify_rate);
  printf("default WatchBuffer %zu\n", (size_t)settings.watch_buffer);
  if (settings.watches && settings.watch_cpus == NULL)
    puts("default WatchCPUs \"all\"");
  if (settings.notify == NOTIFY_NONE)
    puts("default NotifyExit \"none\"");
  config_clear(&settings);
}

/* Prints a name, with KIND instead of a kind of delay between before and after.
 */
static void print_name(const char *name, const char *before) {
  const char *at = strstr(name, before);
  for (unsigned int kind = 0; at != NULL && kind < DELAY_KINDS; kind++) {
    const char *word = delay_name((enum delay)kind);
    const char *rest = at + strlen(before);
    if (strncmp(rest, word, strlen(word)) != 0)
      continue;
    printf("%.*sKIND%s", (int)(rest - name), name, rest + strlen(word));
    return;
  }
  fputs(name, stdout);
}

static const char *option_now; /* which reports the metrics */

static void print_metric(const char *type, const char *instance,
                         bool is_derive) {
  char name[256];
  snprintf(name, sizeof(name), "%s%s%s", type, instance[0] != '\0' ? "-" : "",
           instance);
  printf("metric ");
  print_name(name, "-delay-");
  printf(" (%s; %s)\n", is_derive ? "derive" : "gauge", option_now);
}

static void take_metric(void *context, const struct metric_value *value) {
  (void)context;
  print_metric(value->type, value->instance, value->is_derive);
}

/* Stands in for collectd's function: for the plugin's own metrics. */
int plugin_dispatch_values(value_list_t const *list) {
  option_now = "ReportSelf";
  /* According to types.db, total_events is a derive, the others are gauges. */
  print_metric(list->type, list->type_instance,
               strcmp(list->type, "total_events") == 0);
  return 0;
}

cdtime_t cdtime(void) { return 0; }

char *sstrncpy(char *dest, const char *src, size_t n) {
  snprintf(dest, n, "%s", src);
  return dest;
}

static const struct metric_scope everything = {.elapsed = 1,
                                               .delays = UINT32_MAX,
                                               .boot_ns = 2,
                                               .listens = true,
                                               .tells_oom = true};

static void print_metrics(void) {
  uint32_t seen = 0;
  for (size_t i = 0; i < known_count; i++) {
    uint32_t bits = bits_of(&known[i]);
    if ((seen & bits) != 0) /* another name of the same */
      continue;
    seen |= bits;
    const struct rule rule = {.collect = bits};
    struct group group = {
        .rule = &rule, .known_delays = UINT32_MAX, .oldest_ns = 1};
    group.gauges[GAUGE_PROCESSES] = 1;
    group.gauges[GAUGE_KNOWN_MEMORY] = 1;
    group.gauges[GAUGE_KNOWN_FILES] = 1;
    option_now = known[i].name;
    metric_each(&group, &everything, take_metric, NULL);
  }

  const struct own_values own = {
      .has_members = true, .listens = true, .hears_events = true};
  struct tracker *tracker = tracker_create(NULL, 1, 1);
  if (tracker == NULL)
    abort();
  values_dispatch(tracker, &everything, &own);
  tracker_destroy(tracker);
}

static void print_delays(void) {
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    printf("delay %s\n", delay_name((enum delay)kind));
}

static void print_placeholders(void) {
  char error[TEXT_SIZE];
  struct group_name *template;
  if (group_name_parse("%{?}", &template, error, sizeof(error)) == 0)
    abort();
  char *at = strstr(error, "known are ");
  for (at = at != NULL ? strstr(at, "%{") : NULL; at != NULL;
       at = strstr(at + 1, "%{"))
    printf("placeholder %.*s\n", (int)(strcspn(at, "}") + 1), at);
  if (group_name_parse("%%", &template, error, sizeof(error)) == 0) {
    puts("placeholder %%");
    group_name_destroy(template);
  }
}

static void take_field(void *context, const struct exit_field *field) {
  (void)context;
  printf("meta ");
  print_name(field->name, "delay_");
  putchar('\n');
}

/* An exit for which everything is known. */
static struct exit_event event_with(uint32_t exit_code) {
  static const uint64_t used[USE_COUNTERS], longest_ns[DELAY_KINDS];
  return (struct exit_event){
      .comm = "sh",
      .exit_code = exit_code,
      .known = UINT64_MAX,
      .used = used,
      .has_longest = UINT32_MAX,
      .longest_ns = longest_ns,
      .peak_rss = 1,
      .cgroup = "/",
      .unit = "u",
      .oom = {.is_known = true, .is_killed = true, .cgroup = "/"}};
}

static void print_meta(void) {
  const struct exit_event status = event_with(0), signal = event_with(9);
  exit_fields_each(&status, take_field, NULL);
  exit_fields_each(&signal, take_field, NULL);
}

/* The keys of the exit log that are not meta data precede "pid". */
static void print_log_keys(void) {
  const struct exit_event event = event_with(0);
  char *line = NULL, *save = NULL;
  size_t length = exit_log_line(&event, "h", "g", 1, &line);
  if (length == 0)
    abort();
  line[length - 1] = '\0';
  for (char *word = strtok_r(line, "\"", &save); word != NULL;) {
    char *next = strtok_r(NULL, "\"", &save);
    if (strcmp(word, "pid") == 0)
      break;
    if (next != NULL && next[0] == ':')
      printf("log %s\n", word);
    word = next;
  }
  free(line);
}

int main(int argc, char **argv) {
  collect_known();
  collect_ignored(argc - 1, argv + 1);
  print_options();
  print_defaults();
  print_metrics();
  print_delays();
  print_placeholders();
  print_meta();
  print_log_keys();
  return 0;
}
