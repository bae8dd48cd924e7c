/* SPDX-License-Identifier: MIT */
#include "table.h"
#include "unixsock.h"

#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection to a collectd whose replies are written before the requests. */
struct talk {
  FILE *connection;
  int collectd;
};

static void talk_begin(struct talk *talk, const char *replies) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  talk->connection = fdopen(ends[0], "r");
  talk->collectd = ends[1];
  assert_non_null(talk->connection);
  ssize_t length = (ssize_t)strlen(replies);
  assert_true(write(talk->collectd, replies, (size_t)length) == length);
  assert_int_equal(shutdown(talk->collectd, SHUT_WR), 0);
}

/* The requests, until the end. */
static void talk_end(struct talk *talk, char *asked, size_t size) {
  size_t length = 0;
  ssize_t more = 0;
  fclose(talk->connection);
  while ((more = read(talk->collectd, asked + length, size - 1 - length)) > 0)
    length += (size_t)more;
  asked[length] = '\0';
  close(talk->collectd);
}

static void takes_replies(void **state) {
  (void)state;
  static const struct {
    const char *name, *reply;
    int status;
    size_t len;
    const char *last;
  } cases[] = {
      {"one", "1 Value found\nvalue=1\n", 0, 1, "value=1"},
      {"two", "2 Values found\nrx=1\ntx=2\n", 0, 2, "tx=2"},
      {"an empty line", "1 Value found\n\n", 0, 1, ""},
      {"none", "0 Values found\n", 0, 0, NULL},
      {"refused", "-1 No such value\n", 0, 0, NULL},
      {"the end", "", -1, 0, NULL},
      {"no status", "Value found\n", -1, 0, NULL},
      {"a line of another reply", "1234567890.123 a/b/c\n", -1, 0, NULL},
      {"cut in the status", "1 Val", -1, 0, NULL},
      {"cut in a line", "1 Value found\nval", -1, 0, NULL},
      {"cut between lines", "2 Values found\nrx=1\n", -1, 0, NULL},
      {"more than there are", "9223372036854775807 Values found\nvalue=1\n", -1,
       0, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = cases[i].name;
    struct talk talk;
    struct unixsock_reply reply;
    char asked[64];
    talk_begin(&talk, cases[i].reply);
    assert_case_int(name,
                    unixsock_ask(talk.connection, "GETVAL", "a/b/c", &reply),
                    cases[i].status);
    assert_case_int(name, (int)reply.len, (int)cases[i].len);
    if (cases[i].last != NULL)
      assert_case_string(name, reply.lines[reply.len - 1], cases[i].last);
    unixsock_reply_free(&reply);
    talk_end(&talk, asked, sizeof(asked));
    assert_case_string(name, asked, "GETVAL \"a/b/c\"\n");
  }
}

static void asks_for_every_name(void **state) {
  (void)state;
  static const struct {
    const char *name, *asked;
  } cases[] = {
      {"a b", "GETVAL \"a b\"\n"}, {"a\"b", "GETVAL \"a\\\"b\"\n"},
      {"\\", "GETVAL \"\\\\\"\n"}, {"", "GETVAL \"\"\n"},
      {NULL, "GETVAL\n"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct talk talk;
    struct unixsock_reply reply;
    char asked[64];
    talk_begin(&talk, "0 Values found\n");
    assert_case_int(
        cases[i].asked,
        unixsock_ask(talk.connection, "GETVAL", cases[i].name, &reply), 0);
    talk_end(&talk, asked, sizeof(asked));
    assert_case_string(cases[i].asked, asked, cases[i].asked);
  }
}

#define OF_63 "123456789-123456789-123456789-123456789-123456789-123456789-123"
#define OF_127 OF_63 OF_63 "4"

/* Each field of these is as long as collectd makes any, or differs from
 * another's at its end alone. */
static const char long_names[] =
    "8 Values found\n"
    "1.000 " OF_127 "/taskstats-" OF_127 "/ps_count\n"
    "1.000 h/taskstats-" OF_63 "b/ps_count\n"
    "1.000 h/taskstats-" OF_63 "a/ps_count\n"
    "1.000 h/taskstats-" OF_63 "a/ps_count" OF_63 "\n"
    "1.000 h/taskstats" OF_63 "-" OF_63 "c/ps_count\n"
    "1.000 " OF_63 "x/taskstats-g/ps_count\n"
    "1.000 " OF_63 "y/taskstats-g/ps_count\n"
    "1.000 h/taskstats-" OF_63 "a/ps_count-" OF_63 "\n"
    "2 Values found\nprocesses=1\nthreads=10\n"
    "2 Values found\nprocesses=2\nthreads=20\n"
    "2 Values found\nprocesses=3\nthreads=30\n"
    "2 Values found\nprocesses=4\nthreads=40\n"
    "2 Values found\nprocesses=5\nthreads=nan\n";

static void has_each_group_of_a_long_name(void **state) {
  (void)state;
  static const struct {
    const char *host, *group, *name;
    double processes, threads;
  } rows[] = {
      {OF_127, OF_127, OF_127, 1, 10},
      {OF_63 "x", "g", OF_63 "x/g", 2, 20},
      {OF_63 "y", "g", OF_63 "y/g", 3, 30},
      {"h", OF_63 "a", "h/" OF_63 "a", 4, 40},
      {"h", OF_63 "b", "h/" OF_63 "b", 5, NAN},
  };
  struct talk talk;
  struct table table, view;
  char asked[4096];
  talk_begin(&talk, long_names);
  assert_int_equal(table_read(&table, NULL, talk.connection), 0);
  assert_int_equal(table.len, COUNT_OF(rows));
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    assert_string_equal(table.rows[i].host, rows[i].host);
    assert_string_equal(table.rows[i].group, rows[i].group);
    assert_string_equal(table.rows[i].name, rows[i].name);
    assert_true(table.rows[i].cells[0] == rows[i].processes);
    assert_true(table.rows[i].cells[1] == rows[i].threads ||
                isnan(rows[i].threads));
    assert_int_equal(isnan(table.rows[i].cells[1]), isnan(rows[i].threads));
  }
  assert_int_equal(table_view(&table, OF_63 "B", 0, &view), 0);
  assert_int_equal(view.len, 1);
  assert_string_equal(view.rows[0].group, OF_63 "b");
  table_free(&view);
  table_free(&table);
  talk_end(&talk, asked, sizeof(asked));
  assert_string_equal(asked,
                      "LISTVAL\n"
                      "GETVAL \"" OF_127 "/taskstats-" OF_127 "/ps_count\"\n"
                      "GETVAL \"" OF_63 "x/taskstats-g/ps_count\"\n"
                      "GETVAL \"" OF_63 "y/taskstats-g/ps_count\"\n"
                      "GETVAL \"h/taskstats-" OF_63 "a/ps_count\"\n"
                      "GETVAL \"h/taskstats-" OF_63 "b/ps_count\"\n");
}

static void gives_up_a_connection(void **state) {
  (void)state;
  static const struct {
    const char *name, *replies;
    int status;
    size_t len;
  } cases[] = {
      {"no values", "0 Values found\n", 0, 0},
      {"refused", "-1 no\n", 0, 0},
      {"the end", "", -1, 0},
      {"no time", "1 Value found\na/taskstats-b/ps_count\n", -1, 0},
      {"no type", "1 Value found\n1 a/taskstats-b\n", -1, 0},
      {"a value is gone",
       "1 Value found\n1 a/taskstats-b/ps_count\n-1 No such value\n", 0, 1},
      {"the end, then", "1 Value found\n1 a/taskstats-b/ps_count\n", -1, 0},
      {"other data sources",
       "1 Value found\n1 a/taskstats-b/ps_cputime\n1 Value found\nuser=1\n", 0,
       1},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct talk talk;
    struct table table;
    char asked[256];
    talk_begin(&talk, cases[i].replies);
    assert_case_int(cases[i].name, table_read(&table, NULL, talk.connection),
                    cases[i].status);
    assert_case_int(cases[i].name, (int)table.len, (int)cases[i].len);
    for (size_t c = 0; table.len > 0 && c < COLUMNS; c++)
      assert_case_int(cases[i].name, isnan(table.rows[0].cells[c]), 1);
    table_free(&table);
    talk_end(&talk, asked, sizeof(asked));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_replies),
      cmocka_unit_test(asks_for_every_name),
      cmocka_unit_test(has_each_group_of_a_long_name),
      cmocka_unit_test(gives_up_a_connection),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
