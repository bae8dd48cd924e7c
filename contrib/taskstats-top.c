/* SPDX-License-Identifier: MIT */
/*
 * taskstats-top: what the taskstats plugin's groups wait for, as a live table.
 *
 * It shows what collectd's unixsock plugin hands out, that is, the same numbers
 * that every other receiver gets.
 */

#include <collectd/client.h>

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  NAME_MIN = 12,
  NAME_MAX_PIPED = 40,
  WIDTH_MAX = 1024, /* of a line; more than any terminal */
  FRAME_LINES = 4,  /* header, sections, titles, the line on what is left out */
};

#define DEFAULT_SOCKET "/run/collectd-unixsock"

typedef void formatter(char *cell, size_t size, double value);

static void format_count(char *cell, size_t size, double value) {
  snprintf(cell, size, "%.0f", value);
}

/* An exact 0 stays "0", so that "0.0" means little, not nothing. */
static void format_amount(char *cell, size_t size, double value) {
  bool with_fraction = value != 0 && value < 99.95;
  snprintf(cell, size, "%.*f", with_fraction ? 1 : 0, value);
}

static void format_bytes(char *cell, size_t size, double value) {
  static const char units[] = {'K', 'M', 'G', 'T', 'P'};
  if (value < 999.5) {
    snprintf(cell, size, "%.0f", value);
    return;
  }
  size_t unit = 0;
  for (value /= 1024; value >= 999.5 && unit + 1 < sizeof(units); unit++)
    value /= 1024;
  snprintf(cell, size, "%.*f%c", value < 9.95 ? 1 : 0, value, units[unit]);
}

/* The table's columns, from left to right. A value comes from one identity, one
 * of its data sources or the sum of two. On a narrow terminal the columns with
 * the highest rank are left out first; those of rank 0 always stay. */
static const struct column {
  const char *section;
  const char *key; /* for --sort and --json */
  const char *title;
  int width;
  int rank;
  const char *type;
  const char *type_instance;
  const char *sources[2];
  double scale;
  formatter *format;
} columns[] = {
#define COUNT(title, source, rank)                                             \
  { "", source, title, 5, rank, "ps_count", "", {source}, 1, format_count }
#define DELAY(kind, title, width, rank)                                        \
  {                                                                            \
    " waited, ms/s ", kind, title, width, rank, "delay_rate", "delay-" kind,   \
        {"value"}, 1e3, format_amount                                          \
  }
#define BYTES(section, key, type, title, source, rank)                         \
  { section, key, title, 5, rank, type, "", {source}, 1, format_bytes }
    COUNT("procs", "processes", 0),
    COUNT("thrds", "threads", 4),
    /* µs per second; 10,000 of them are a percent of one core */
    {"",
     "cpu%",
     "cpu%",
     6,
     0,
     "ps_cputime",
     "",
     {"user", "syst"},
     1e-4,
     format_amount},
    DELAY("cpu", "cpu", 6, 0),
    DELAY("blkio", "blkio", 6, 0),
    DELAY("swapin", "swapin", 6, 0),
    DELAY("freepages", "freepg", 6, 2),
    DELAY("thrashing", "thrash", 6, 3),
    DELAY("compact", "compct", 6, 5),
    DELAY("wpcopy", "wpcopy", 6, 6),
    DELAY("irq", "irq", 5, 7),
    BYTES(" disk, B/s ", "disk_read", "disk_octets", "read", "read", 1),
    BYTES(" disk, B/s ", "disk_write", "disk_octets", "write", "write", 1),
    BYTES("calls, B/s", "calls_read", "io_octets", "read", "rx", 8),
    BYTES("calls, B/s", "calls_write", "io_octets", "write", "tx", 8),
#undef COUNT
#undef DELAY
#undef BYTES
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), RANK_MAX = 8 };

struct row {
  char host[LCC_NAME_LEN];
  char group[LCC_NAME_LEN];
  char name[2 * LCC_NAME_LEN]; /* as it is shown */
  double cells[COLUMNS];       /* NAN: collectd does not have it */
};

struct table {
  char host[LCC_NAME_LEN]; /* the first that there is */
  struct row *rows;
  size_t len;
};

enum { BY_NAME = -1 };

struct options {
  const char *socket;
  const char *groups; /* a pattern of fnmatch(3); NULL: all */
  double interval;
  double seconds; /* INFINITY: until a signal */
  int sort;       /* a column, or BY_NAME */
  bool once;
  bool json;
};

/* What a signal handler has to know */
static volatile sig_atomic_t resized;
static bool on_terminal;

/* Collecting */

static double value_of(const struct column *column, size_t len,
                       const gauge_t *values, char *const *names) {
  double sum = NAN;
  for (size_t s = 0; s < 2 && column->sources[s] != NULL; s++)
    for (size_t i = 0; i < len; i++)
      if (strcmp(names[i], column->sources[s]) == 0)
        sum = s == 0 ? values[i] : sum + values[i];
  return sum * column->scale;
}

static bool column_shows(const struct column *column,
                         const lcc_identifier_t *id) {
  return strcmp(column->type, id->type) == 0 &&
         strcmp(column->type_instance, id->type_instance) == 0;
}

static bool group_shown(const struct options *options, const char *group) {
  return options->groups == NULL || fnmatch(options->groups, group, 0) == 0;
}

static bool identifier_shown(const struct options *options,
                             const lcc_identifier_t *id) {
  if (strcmp(id->plugin, "taskstats") != 0 || id->plugin_instance[0] == '\0' ||
      !group_shown(options, id->plugin_instance))
    return false;
  for (size_t c = 0; c < COLUMNS; c++)
    if (column_shows(&columns[c], id))
      return true;
  return false;
}

/* A value that collectd gave up in the meantime is not an error; only a broken
 * connection is. The library tells them apart in its message alone. */
static int row_fill(struct row *row, lcc_connection_t *connection,
                    lcc_identifier_t *id) {
  size_t len = 0;
  gauge_t *values = NULL;
  char **names = NULL;
  if (lcc_getval(connection, id, &len, &values, &names) != 0)
    return strncmp(lcc_strerror(connection), "Server error", 12) == 0 ? 0 : -1;

  for (size_t c = 0; c < COLUMNS; c++)
    if (column_shows(&columns[c], id))
      row->cells[c] = value_of(&columns[c], len, values, names);

  for (size_t i = 0; i < len; i++)
    free(names[i]);
  free(names);
  free(values);
  return 0;
}

/* The identifiers are sorted, so a group's stand together. Groups of another
 * host than the first one's (collectd may be a server) bear its name. */
static struct row *table_row(struct table *table, const lcc_identifier_t *id) {
  struct row *row = table->len == 0 ? NULL : &table->rows[table->len - 1];
  if (row != NULL && strcmp(row->group, id->plugin_instance) == 0 &&
      strcmp(row->host, id->host) == 0)
    return row;

  row = &table->rows[table->len++];
  memcpy(row->host, id->host, sizeof(row->host));
  memcpy(row->group, id->plugin_instance, sizeof(row->group));
  if (table->len == 1)
    memcpy(table->host, id->host, sizeof(table->host));
  bool other = strcmp(row->host, table->host) != 0;
  snprintf(row->name, sizeof(row->name), "%s%s%s", other ? row->host : "",
           other ? "/" : "", row->group);
  for (size_t c = 0; c < COLUMNS; c++)
    row->cells[c] = NAN;
  return row;
}

static int table_fill(struct table *table, const struct options *options,
                      lcc_connection_t *connection, lcc_identifier_t *ids,
                      size_t len) {
  table->rows = calloc(len + 1, sizeof(*table->rows));
  if (table->rows == NULL)
    return -1;
  lcc_sort_identifiers(connection, ids, len);
  for (size_t i = 0; i < len; i++)
    if (identifier_shown(options, &ids[i]) &&
        row_fill(table_row(table, &ids[i]), connection, &ids[i]) != 0)
      return -1;
  return 0;
}

static void table_free(struct table *table) {
  free(table->rows);
  *table = (struct table){0};
}

/* qsort has no other way to tell a comparison by what. */
static int sort_column = BY_NAME;

/* The largest first, what is not known last; groups alike by their names. */
static int row_compare(const void *left, const void *right) {
  const struct row *a = left, *b = right;
  if (sort_column != BY_NAME) {
    double x = a->cells[sort_column], y = b->cells[sort_column];
    if (isnan(x) != isnan(y))
      return isnan(x) ? 1 : -1;
    if (x > y || x < y)
      return x < y ? 1 : -1;
  }
  return strcmp(a->name, b->name);
}

static void table_sort(struct table *table, int column) {
  sort_column = column;
  qsort(table->rows, table->len, sizeof(*table->rows), row_compare);
}

/* Asks collectd for everything. -1: the connection is of no use any more. */
static int table_read(struct table *table, const struct options *options,
                      lcc_connection_t *connection) {
  lcc_identifier_t *ids = NULL;
  size_t len = 0;
  if (lcc_listval(connection, &ids, &len) != 0)
    return -1;
  int status = table_fill(table, options, connection, ids, len);
  free(ids);
  if (status != 0)
    table_free(table);
  else if (options->sort != BY_NAME)
    table_sort(table, options->sort);
  return status;
}

/* Showing */

struct screen {
  int width, height; /* height 0: no limit */
  int drawn;         /* lines of the frame that stands there */
  bool shown[COLUMNS];
  int name_width;
};

static void line_end(struct screen *screen) {
  fputs(on_terminal ? "\033[K\n" : "\n", stdout);
  screen->drawn++;
}

__attribute__((format(printf, 2, 3))) static void
line_print(struct screen *screen, const char *format, ...) {
  char line[WIDTH_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  printf("%.*s", screen->width, line);
  line_end(screen);
}

/* The next frame takes the last one's place, below what else stands there. */
static void frame_begin(struct screen *screen) {
  if (on_terminal && resized) {
    resized = 0;
    fputs("\033[H\033[2J", stdout); /* the old lines may be wrapped anywhere */
  } else if (on_terminal && screen->drawn > 0) {
    printf("\033[%dA\r", screen->drawn);
  }
  screen->drawn = 0;
}

static void frame_end(void) {
  fputs(on_terminal ? "\033[J" : "\n", stdout);
  fflush(stdout);
}

static void screen_measure(struct screen *screen) {
  struct winsize size;
  if (on_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col > 0 && size.ws_row > 0) {
    screen->width = size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX - 1;
    screen->height = size.ws_row - 1; /* the cursor's line */
  } else {
    screen->width = on_terminal ? 80 : WIDTH_MAX - 1;
    screen->height = 0;
  }
}

/* Chooses the columns that fit, and gives the names what is left. */
static void screen_lay_out(struct screen *screen, int longest) {
  int total = NAME_MIN;
  for (size_t c = 0; c < COLUMNS; c++) {
    screen->shown[c] = true;
    total += 1 + columns[c].width;
  }
  for (int rank = RANK_MAX; rank > 0 && total > screen->width; rank--)
    for (size_t c = 0; c < COLUMNS; c++)
      if (columns[c].rank == rank) {
        screen->shown[c] = false;
        total -= 1 + columns[c].width;
      }

  int spare = on_terminal ? screen->width - total : NAME_MAX_PIPED - NAME_MIN;
  int wanted = longest > NAME_MIN ? longest - NAME_MIN : 0;
  screen->name_width = NAME_MIN + (wanted < spare ? wanted : spare);
  if (screen->name_width < NAME_MIN)
    screen->name_width = NAME_MIN;
}

static void print_section(const char *section, int width) {
  static const char dashes[] = "------------------------------";
  int rest = width - 1 - (int)strlen(section);
  if (section[0] == '\0' || rest < 0)
    printf("%*s", width, "");
  else
    printf(" %.*s%s%.*s", rest / 2, dashes, section, rest - rest / 2, dashes);
}

static void print_sections(struct screen *screen) {
  printf("%*s", screen->name_width, "");
  for (size_t c = 0; c < COLUMNS;) {
    const char *section = columns[c].section;
    int width = 0;
    for (; c < COLUMNS && strcmp(columns[c].section, section) == 0; c++)
      width += screen->shown[c] ? 1 + columns[c].width : 0;
    print_section(section, width);
  }
  line_end(screen);
}

static void print_titles(struct screen *screen) {
  printf("%-*s", screen->name_width, "group");
  for (size_t c = 0; c < COLUMNS; c++)
    if (screen->shown[c])
      printf(" %*s", columns[c].width, columns[c].title);
  line_end(screen);
}

/* Cuts a long name in its middle: names tend to differ at either end. What
 * could steer a terminal (a command may be called anything) becomes '?'. */
static void print_name(const char *name, int width) {
  int len = (int)strlen(name);
  int head = len > width ? width / 2 : len;
  int tail = len > width ? width - head - 1 : 0;
  for (int i = 0; i < head; i++)
    putchar(name[i] < ' ' || name[i] > '~' ? '?' : name[i]);
  if (tail > 0)
    putchar('~');
  for (int i = len - tail; i < len; i++)
    putchar(name[i] < ' ' || name[i] > '~' ? '?' : name[i]);
  printf("%*s", len > width ? 0 : width - len, "");
}

/* On a terminal a wait is bold from a tenth of a thread's time, and red from a
 * whole thread's; NO_COLOR is honoured, see no-color.org. */
static bool coloured(void) {
  const char *unwanted = getenv("NO_COLOR");
  return on_terminal && (unwanted == NULL || unwanted[0] == '\0');
}

static const char *colour_of(const struct column *column, double value) {
  if (!coloured() || strcmp(column->type, "delay_rate") != 0 || !(value >= 100))
    return "";
  return value >= 1000 ? "\033[1;31m" : "\033[1m";
}

static const char *colour_end(void) { return coloured() ? "\033[0m" : ""; }

static void print_row(struct screen *screen, const struct row *row) {
  print_name(row->name, screen->name_width);
  for (size_t c = 0; c < COLUMNS; c++) {
    char cell[64] = "-";
    if (!isnan(row->cells[c]))
      columns[c].format(cell, sizeof(cell), row->cells[c]);
    if (screen->shown[c])
      printf(" %s%*s%s", colour_of(&columns[c], row->cells[c]),
             columns[c].width, cell, colour_end());
  }
  line_end(screen);
}

static void print_rows(struct screen *screen, const struct table *table) {
  size_t room = screen->height > FRAME_LINES
                    ? (size_t)(screen->height - FRAME_LINES)
                    : table->len;
  size_t len = table->len < room ? table->len : room;
  for (size_t i = 0; i < len; i++)
    print_row(screen, &table->rows[i]);
  if (len < table->len)
    line_print(screen, "... and %zu more; enlarge the terminal to see them",
               table->len - len);
}

static int name_longest(const struct table *table) {
  size_t longest = 0;
  for (size_t i = 0; i < table->len; i++)
    if (strlen(table->rows[i].name) > longest)
      longest = strlen(table->rows[i].name);
  return (int)longest;
}

static void table_show(const struct table *table, struct screen *screen) {
  char now[32];
  time_t seconds = time(NULL);
  strftime(now, sizeof(now), "%F %T", localtime(&seconds));

  screen_measure(screen);
  screen_lay_out(screen, name_longest(table));
  frame_begin(screen);
  line_print(screen, "%s  %s  %zu %s", now, table->host, table->len,
             table->len == 1 ? "group" : "groups");
  print_sections(screen);
  print_titles(screen);
  print_rows(screen, table);
  frame_end();
}

/* For programs: an object a table, on a line of its own. Units are those of
 * the table; null is what is not known. */

/* A name may be no UTF-8: the kernel cuts them where it likes. */
static json_t *json_of_name(const char *name) {
  json_t *json = json_string(name);
  if (json != NULL)
    return json;

  char plain[LCC_NAME_LEN];
  size_t length = 0;
  for (; name[length] != '\0' && length < sizeof(plain) - 1; length++)
    plain[length] = (unsigned char)name[length] < 0x80 ? name[length] : '?';
  plain[length] = '\0';
  return json_string(plain);
}

static json_t *json_of_row(const struct row *row) {
  json_t *json = json_object();
  json_object_set_new(json, "host", json_of_name(row->host));
  json_object_set_new(json, "group", json_of_name(row->group));
  for (size_t c = 0; c < COLUMNS; c++)
    json_object_set_new(json, columns[c].key,
                        isnan(row->cells[c]) ? json_null()
                                             : json_real(row->cells[c]));
  return json;
}

static void table_show_json(const struct table *table) {
  json_t *json = json_object(), *groups = json_array();
  json_object_set_new(json, "time", json_integer(time(NULL)));
  for (size_t i = 0; i < table->len; i++)
    json_array_append_new(groups, json_of_row(&table->rows[i]));
  json_object_set_new(json, "groups", groups);
  json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
  putchar('\n');
  fflush(stdout);
  json_decref(json);
}

static void message_show(struct screen *screen, const char *message) {
  screen_measure(screen);
  frame_begin(screen);
  line_print(screen, "%s", message);
  frame_end();
}

/* The terminal and the clock */

static void terminal_restore(void) {
  static const char show_cursor[] = "\033[?25h";
  if (on_terminal && write(STDOUT_FILENO, show_cursor, 6) != 6)
    return; /* nobody is there to see it */
}

static void on_end(int signal) {
  (void)signal;
  terminal_restore();
  _exit(EXIT_SUCCESS);
}

static void on_resize(int signal) {
  (void)signal;
  resized = 1;
}

static void terminal_prepare(void) {
  static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = on_end};
  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
    sigaction(ends[i], &action, NULL);
  /* Only a sleep is to be cut short, never a read of the library's. */
  action = (struct sigaction){.sa_handler = on_resize, .sa_flags = SA_RESTART};
  sigaction(SIGWINCH, &action, NULL);
  signal(SIGPIPE, SIG_IGN); /* collectd may leave at any time */
  if (on_terminal) {
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ * 8); /* a frame at a time */
    fputs("\033[?25l", stdout);
    atexit(terminal_restore);
  }
}

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sleep_until(double when) {
  struct timespec deadline = {.tv_sec = (time_t)when};
  deadline.tv_nsec = (long)((when - (double)deadline.tv_sec) * 1e9);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
}

/* The program */

static const char usage[] =
    "Usage: taskstats-top [OPTION]...\n"
    "What the groups of collectd's taskstats plugin wait for, as a table.\n"
    "\n"
    "  -s, --socket PATH   unixsock's SocketFile (" DEFAULT_SOCKET ")\n"
    "  -i, --interval S    seconds between two tables (1)\n"
    "  -n, --seconds N     end after N seconds\n"
    "  -1, --once          show one table and end; wait 30 s for it at most,\n"
    "                      or --seconds\n"
    "  -g, --group PATTERN only groups of this name, as the shell's patterns\n"
    "  -k, --sort COLUMN   the largest first, by:\n"
    "                      processes, threads, cpu%; cpu, blkio, swapin,\n"
    "                      freepages, thrashing, compact, wpcopy, irq "
    "(waits);\n"
    "                      disk_read, disk_write, calls_read, calls_write;\n"
    "                      or by group (the default)\n"
    "  -j, --json          a line of JSON for each table, with these names\n"
    "  -h, --help          show this\n"
    "\n"
    "The waits are summed over all threads of a group: 1000 ms/s is one\n"
    "thread that waits all the time. \"-\" stands for what is not known.\n"
    "disk is what storage moved, calls what read and write calls moved.\n";

static void socket_explain(const char *socket, int error) {
  fprintf(stderr, "taskstats-top: cannot connect to %s: %s\n", socket,
          strerror(error));
  if (error == EACCES)
    fputs("Run it as root, or set SocketGroup and SocketPerms in collectd's "
          "<Plugin unixsock>.\n",
          stderr);
  else
    fputs("Is collectd running, with \"LoadPlugin unixsock\" in its "
          "configuration? If its SocketFile is another,\ngive it by "
          "--socket.\n",
          stderr);
}

/* The prefix keeps the library from taking a relative path for a host. */
static lcc_connection_t *socket_connect(const char *path) {
  char address[sizeof("unix:") + sizeof(((struct sockaddr_un *)0)->sun_path)];
  lcc_connection_t *connection = NULL;
  if ((size_t)snprintf(address, sizeof(address), "unix:%s", path) >=
      sizeof(address) - 1) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  return lcc_connect(address, &connection) == 0 ? connection : NULL;
}

/* Where a program reads, no message is mixed with what it wants. */
static void wait_show(const struct options *options, struct screen *screen,
                      const char *message) {
  if (!options->json && !options->once)
    message_show(screen, message);
}

/* Reads and shows once; true if there was a table. A lost connection is set to
 * NULL, to be made anew the next time. */
static bool update(const struct options *options, lcc_connection_t **connection,
                   struct screen *screen) {
  struct table table = {0};
  if (*connection == NULL)
    *connection = socket_connect(options->socket);
  if (*connection == NULL || table_read(&table, options, *connection) != 0) {
    lcc_disconnect(*connection);
    *connection = NULL;
    wait_show(options, screen, "collectd is gone; waiting for it to come back");
    return false;
  }
  bool any = table.len > 0;
  if (any && options->json)
    table_show_json(&table);
  else if (any)
    table_show(&table, screen);
  else
    wait_show(options, screen,
              options->groups == NULL ? "waiting for collectd's first values"
                                      : "waiting for a group of that name");
  table_free(&table);
  return any;
}

static int run(const struct options *options) {
  lcc_connection_t *connection = socket_connect(options->socket);
  if (connection == NULL) {
    socket_explain(options->socket, errno);
    return EXIT_FAILURE;
  }
  on_terminal = isatty(STDOUT_FILENO) == 1 && !options->json;
  terminal_prepare();

  struct screen screen = {0};
  bool any = false;
  double next = now_seconds();
  double end = next + options->seconds;
  while (now_seconds() < end) {
    any |= update(options, &connection, &screen);
    if ((any && options->once) || ferror(stdout))
      break;
    next += options->interval;
    if (next < now_seconds())
      next = now_seconds();
    sleep_until(next < end ? next : end);
  }
  lcc_disconnect(connection);
  if (!any && options->once)
    fputs("taskstats-top: no values of any such group have come\n", stderr);
  return any ? EXIT_SUCCESS : EXIT_FAILURE;
}

static double parse_seconds(const char *option, const char *text) {
  char *end = NULL;
  double value = strtod(text, &end);
  if (end != text && *end == '\0' && value > 0 && value <= 1e9)
    return value;
  fprintf(stderr, "taskstats-top: %s \"%s\": a number of seconds is expected\n",
          option, text);
  exit(2);
}

static int parse_column(const char *name) {
  if (strcmp(name, "group") == 0)
    return BY_NAME;
  for (int c = 0; c < COLUMNS; c++)
    if (strcmp(columns[c].key, name) == 0)
      return c;
  fprintf(stderr, "taskstats-top: --sort \"%s\": there is no such column; ",
          name);
  fputs("--help has their names\n", stderr);
  exit(2);
}

static void parse_option(struct options *options, int letter) {
  switch (letter) {
  case 's':
    options->socket = optarg;
    break;
  case 'i':
    options->interval = parse_seconds("--interval", optarg);
    break;
  case 'n':
    options->seconds = parse_seconds("--seconds", optarg);
    break;
  case 'g':
    options->groups = optarg;
    break;
  case 'k':
    options->sort = parse_column(optarg);
    break;
  case '1':
    options->once = true;
    break;
  case 'j':
    options->json = true;
    break;
  default:
    fputs(usage, letter == 'h' ? stdout : stderr);
    exit(letter == 'h' ? EXIT_SUCCESS : 2);
  }
}

/* A script must not wait for ever for what will not come. */
static void limit_once(struct options *options) {
  enum { ONCE_SECONDS = 30 };
  if (options->once && isinf(options->seconds))
    options->seconds = ONCE_SECONDS;
}

static struct options parse(int argc, char **argv) {
  static const struct option known[] = {
      {"socket", required_argument, NULL, 's'},
      {"interval", required_argument, NULL, 'i'},
      {"seconds", required_argument, NULL, 'n'},
      {"group", required_argument, NULL, 'g'},
      {"sort", required_argument, NULL, 'k'},
      {"once", no_argument, NULL, '1'},
      {"json", no_argument, NULL, 'j'},
      {"help", no_argument, NULL, 'h'},
      {0},
  };
  struct options options = {.socket = DEFAULT_SOCKET,
                            .interval = 1,
                            .seconds = INFINITY,
                            .sort = BY_NAME};
  int letter;
  while ((letter = getopt_long(argc, argv, "s:i:n:g:k:1jh", known, NULL)) != -1)
    parse_option(&options, letter);
  if (optind < argc) {
    fprintf(stderr, "taskstats-top: what is \"%s\"? See --help.\n",
            argv[optind]);
    exit(2);
  }
  limit_once(&options);
  return options;
}

int main(int argc, char **argv) {
  struct options options = parse(argc, argv);
  return run(&options);
}
