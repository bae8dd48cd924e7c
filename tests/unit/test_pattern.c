/* SPDX-License-Identifier: MIT */
#include "select/pattern.h"

#include "support/test.h"

#include <errno.h>
#include <regex.h> /* what the processes plugin matches with */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARTS = 9 };

static enum pattern_result match(const struct pattern *pattern,
                                 const char *text, struct pattern_part *parts,
                                 size_t count) {
  uint64_t steps = PATTERN_MATCH_STEPS;
  return pattern_match(pattern, text, &steps, parts, count);
}

static struct pattern *compile(const char *text) {
  char error[256] = "";
  struct pattern *pattern = NULL;
  if (pattern_compile(text, &pattern, error, sizeof(error)) != 0)
    fail_msg("%s: %s", text, error);
  return pattern;
}

/* Command lines, of which each expression below matches some. */
static const char *const command_lines[] = {
    "/usr/bin/python3 /usr/local/bin/celery -A shop worker --concurrency=4",
    "/usr/bin/python3 /usr/local/bin/celery -A shop beat",
    "[celeryd: celery@web1:MainProcess] -active- (worker -A shop -l info)",
    "gunicorn: master [shop.wsgi]",
    "gunicorn: worker [shop.wsgi]",
    "/opt/venv/bin/python /opt/venv/bin/gunicorn -b 0.0.0.0:8000 shop.wsgi:app",
    "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;",
    "nginx: worker process",
    "nginx: cache manager process",
    "php-fpm: pool www",
    "php-fpm: pool shop-2",
    "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
    "postgres: 15/main: checkpointer ",
    "postgres: 15/main: shop shop 10.0.0.7(41512) idle in transaction",
    "postgres: 15/main: autovacuum launcher ",
    "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main "
    "-c config_file=/etc/postgresql/15/main/postgresql.conf",
    "sshd: alice [priv]",
    "sshd: alice@pts/0",
    "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
    "/usr/sbin/cron -f",
    "CRON -f",
    "java -Xmx4g -Djava.io.tmpdir=/tmp/es -cp /usr/share/elasticsearch/lib/* "
    "org.elasticsearch.bootstrap.Elasticsearch -d",
    "/usr/lib/jvm/java-17/bin/java -Dkafka.logs.dir=/var/log/kafka "
    "-cp /opt/kafka/libs/a.jar:/opt/kafka/libs/b.jar kafka.Kafka "
    "/etc/kafka/server.properties",
    "java -Dzookeeper.log.dir=/var/log org.apache.zookeeper.server.quorum."
    "QuorumPeerMain /etc/zoo.cfg",
    "/usr/bin/java -jar /usr/share/jenkins/jenkins.war --httpPort=8080",
    "/usr/lib/jvm/default/bin/java -Dcatalina.base=/srv/tomcat-9 "
    "org.apache.catalina.startup.Bootstrap start",
    "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock",
    "/usr/bin/containerd-shim-runc-v2 -namespace moby -id 4f1c9e0b7a2d",
    "/usr/local/bin/kubelet --config=/var/lib/kubelet/config.yaml",
    "redis-server 127.0.0.1:6379",
    "redis-server *:6380 [cluster]",
    "/usr/sbin/mysqld --defaults-file=/etc/mysql/my.cnf",
    "/usr/sbin/apache2 -k start",
    "/usr/sbin/httpd -DFOREGROUND",
    "haproxy -Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid",
    "puma 5.6.5 (tcp://0.0.0.0:3000) [shop]",
    "puma: cluster worker 3: 812 [shop]",
    "unicorn_rails worker[2] -c /srv/shop/unicorn.rb -E production",
    "sidekiq 6.5.8 shop [3 of 25 busy]",
    "node /srv/app/server.js --port=3000",
    "/usr/bin/node /srv/app-2/node_modules/.bin/next start",
    "/usr/lib/erlang/erts-13.1/bin/beam.smp -W w -- -root /usr/lib/erlang "
    "-name rabbit@mq1 -s rabbit boot",
    "/usr/sbin/exim4 -bd -q30m",
    "/usr/lib/postfix/sbin/master -w",
    "qmgr -l -t unix -u",
    "smtpd -n smtp -t inet -u -c",
    "/usr/sbin/collectd -f",
    "/usr/bin/qemu-system-x86_64 -name guest=web-1,debug-threads=on -m 4096",
    "/bin/sh -c /usr/local/bin/backup.sh >/dev/null 2>&1",
    "/usr/bin/perl -w /usr/share/munin/munin-update",
    "ruby /usr/bin/puppet agent --verbose --no-daemonize",
    "rsync --server --daemon .",
    "memcached -m 64 -p 11211 -u memcache -l 127.0.0.1",
    "prometheus-node-exporter",
    "[kworker/0:1-events]",
    "kworker/u4:2",
    "multi\nline command",
    "caf\xc3\xa9 --ol\xe9",
    "",
    " ",
};

/* As real configurations of the processes plugin have them. */
static const char *const expressions[] = {
    "celery.*worker",
    "celery.*beat",
    "celeryd: celery@([a-z0-9]+):",
    "^gunicorn: master",
    "gunicorn: (master|worker) \\[([a-z.]+)\\]",
    "/gunicorn .*shop\\.wsgi",
    "^nginx: worker process",
    "nginx: (master|worker|cache [a-z]+) process",
    "^php-fpm: pool ([^ ]+)$",
    "php-fpm: master process",
    "php-fpm.*[0-9]",
    "^postgres: .*: (checkpointer|autovacuum launcher) *$",
    "postgres: [0-9]+/main: ([a-z]+) ([a-z]+) ([0-9.]+)\\(([0-9]+)\\) (.*)",
    "/postgres -D /var/lib/postgresql/([0-9]+)/",
    "^sshd: ([a-z_][a-z0-9_-]*) \\[priv\\]$",
    "sshd: [a-z]+@pts/[0-9]+",
    "sshd.*listener",
    "^/usr/sbin/cron( |$)",
    "[Cc][Rr][Oo][Nn]",
    "org\\.elasticsearch\\.bootstrap\\.Elasticsearch",
    "java.*-Djava.io.tmpdir=([^ ]*)",
    "kafka\\.Kafka",
    "java .*QuorumPeerMain",
    "^(/[^ ]*/)?java .*-jar .*/jenkins\\.war",
    "-Dcatalina\\.base=/srv/(tomcat-[0-9]+)",
    "catalina|jenkins",
    "^/usr/bin/dockerd",
    "containerd-shim.* -namespace ([a-z.]+) -id ([0-9a-f]{12})",
    "containerd-shim.*-id [0-9a-f]{12,}",
    "kubelet --config=",
    "^redis-server .*:([0-9]+)",
    "^redis-server [*0-9.]+:6380",
    "mysqld( |$)",
    "(apache2|httpd)",
    "/(apache2|httpd) -[kD]",
    "haproxy .*-f ([^ ]+)",
    "^puma",
    "puma: cluster worker ([0-9]+):",
    "unicorn_rails worker\\[[0-9]+\\]",
    "sidekiq [0-9]+\\.[0-9]+\\.[0-9]+ ",
    "node .*server\\.js",
    "/srv/(app(-[0-9])?)/",
    "beam\\.smp.* -name rabbit@",
    "exim4? -bd",
    "^(qmgr|smtpd|pickup|cleanup) ",
    "/postfix/(s?bin)/master",
    "^/usr/sbin/collectd( -f)?$",
    "qemu-system-[a-z0-9_]+ .*-name guest=([^,]+),",
    "guest=(web|db)-[0-9]+",
    "backup\\.sh",
    "\\.sh .*2>&1$",
    "^/usr/bin/(perl|python3?)( -[a-z])* ",
    "puppet agent.*--no-daemonize",
    "rsync.*--daemon",
    "memcached .*-l 127\\.0\\.0\\.1$",
    "^prometheus-",
    "^\\[?kworker/u?[0-9]+:[0-9]+",
    "[[:digit:]]+/[[:alpha:]]+:",
    "^[[:space:]]*$",
    "multi.line",
    "^[^/ ]+ [^-]",
    "\\<worker\\>",
    "\\<cron\\>|\\<CRON\\>",
    "\\w+@\\w+",
    "[]/]main",
    "[^]a-z]$",
    "a{2}|p{2,}|[0-9]{,3}:",
    "ol.$",
    "caf.. --",
    "()",
    "master\\b",
    "^(.*/)?([^/ ]+) -f",
};

static bool has_same_parts(const char *text, const regmatch_t *posix,
                           const struct pattern_part *parts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char *start =
        posix[i + 1].rm_so < 0 ? NULL : text + posix[i + 1].rm_so;
    size_t length =
        start == NULL ? 0 : (size_t)(posix[i + 1].rm_eo - posix[i + 1].rm_so);
    if (parts[i].text != start || parts[i].length != length)
      return false;
  }
  return true;
}

static void matches_as_the_processes_plugin(void **state) {
  (void)state;
  unsigned int yes = 0, no = 0, captured = 0;

  assert_true(COUNT_OF(expressions) >= 60);
  for (size_t e = 0; e < COUNT_OF(expressions); e++) {
    const char *expression = expressions[e];
    struct pattern *pattern = compile(expression);
    regex_t posix;
    unsigned int matched = 0;
    assert_case_int(expression, regcomp(&posix, expression, REG_EXTENDED), 0);
    assert_case_int(expression, pattern_captures(pattern), posix.re_nsub);
    for (size_t i = 0; i < COUNT_OF(command_lines); i++) {
      const char *text = command_lines[i];
      regmatch_t found[PARTS + 1];
      struct pattern_part parts[PARTS];
      bool expected = regexec(&posix, text, PARTS + 1, found, 0) == 0;
      enum pattern_result result = match(pattern, text, parts, PARTS);
      if (result != (expected ? PATTERN_YES : PATTERN_NO))
        fail_msg("\"%s\" and \"%s\": %d", expression, text, result);
      if (expected && !has_same_parts(text, found, parts, posix.re_nsub))
        fail_msg("\"%s\" captures other parts of \"%s\"", expression, text);
      matched += expected;
      captured += expected && posix.re_nsub > 0;
    }
    assert_case(expression, matched > 0);
    yes += matched;
    no += (unsigned int)COUNT_OF(command_lines) - matched;
    regfree(&posix);
    pattern_destroy(pattern);
  }
  assert_true(yes > 100 && no > 1000 && captured > 50);
}

struct expectation {
  const char *expression, *text;
  const char *part; /* the first; "": matches, without one; NULL: no match */
};

static void expect(const struct expectation *e) {
  struct pattern *pattern = compile(e->expression);
  struct pattern_part part = {0};
  enum pattern_result result = match(pattern, e->text, &part, 1);
  assert_case_int(e->expression, result, e->part != NULL);
  if (e->part != NULL) {
    assert_case_int(e->expression, part.length, strlen(e->part));
    if (part.length > 0)
      assert_memory_equal(part.text, e->part, part.length);
  }
  pattern_destroy(pattern);
}

/* What collectd-taskstats(5) says. */
static void differs_where_documented(void **state) {
  (void)state;
  static const struct expectation cases[] = {
      /* Classes of Perl, which POSIX takes for letters */
      {"worker-(\\d+)$", "worker-42", "42"},
      {"^(\\S+)\\s", "java -jar", "java"},
      {"\\d", "d", NULL},
      /* Of several alternatives, the first, not the longest */
      {"(web|web-2)", "web-2", "web"},
      {"^(a|ab)(c|bcd)?", "abcd", "a"},
      /* Lazy quantifiers */
      {"-(.*?)-", "a-b-c-d", "b"},
      /* Of two quantifiers in a row, the second makes the first lazy or
         possessive. */
      {"^x+?y", "y", NULL},
      {"a*+a", "aa", NULL},
      /* In brackets a backslash makes the next character literal. */
      {"^([\\].]+)$", "].", "]."},
      {"[\\.]", "\\", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    expect(&cases[i]);
}

static void keeps_what_posix_means(void **state) {
  (void)state;
  static const struct expectation cases[] = {
      {"\\<worker\\>", "a worker", ""},
      {"\\<worker\\>", "coworker", NULL},
      {"\\<worker\\>", "workers", NULL},
      {"\\`a", "ba", NULL},
      {"\\`a", "ab", ""},
      {"a\\'", "ab", NULL},
      {"a\\'", "ba", ""},
      {"[\\<]", "<", ""},
      {"\\\\<", "\\<", ""},
      {"a)", "a)", ""},
      {"(a))", "a)", "a"},
      {"a{,2}b", "aab", ""},
      {"^a{,2}b", "aaab", NULL},
      {"^a{,}b", "aaab", ""},
      {"x{,y}", "x{,y}", ""},
      {"a$", "a\n", NULL}, /* the end of the text only */
      {"a.b", "a\nb", ""},
      {"[^a]b", "\nb", ""},
      {"\xe9$", "caf\xe9", ""}, /* bytes, valid or not */
      {"^.{5}$", "caf\xc3\xa9", ""},
      {"[[:alpha:]]+$", "caf\xc3\xa9", NULL}, /* ASCII */
      {"(x)?a", "a", ""},
      {"[[:alpha:]()]", ")", ""},
      {"[(]", "(", ""},
      /* Perl syntax that leaves other parentheses and braces unchanged */
      {"\\Qa(b\\E(.)", "a(b)", ")"},
      {"^\\Q)\\E$", ")", ""},
      {"\\Qx{,2}", "x{,2}", ""},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    expect(&cases[i]);
}

static void says_what_is_wrong(void **state) {
  (void)state;
  static const struct {
    const char *expression, *reason, *where;
  } cases[] = {
      {"a(b", "missing closing parenthesis", "\"a(b\""},
      {"x[z-a]y", "range out of order", "\"x[z-\""},
      {"[a", "missing terminating ]", "\"[a\""},
      {"ab*{", "", ""}, /* a brace that is no interval */
      {"+a", "quantifier does not follow", "\"\""},
      {"a**", "quantifier does not follow", "\"a*\""},
      {"[[:alfa:]]", "unknown POSIX class name", ""},
      {"\\", "\\ at end of pattern", "\"\\\""},
      /* A process's text may be no UTF-8, which then could not be matched. */
      {"(*UTF)a", "UTF is disabled", "\"(*UTF)\""},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char error[256] = "";
    struct pattern *pattern = NULL;
    int status =
        pattern_compile(cases[i].expression, &pattern, error, sizeof(error));
    pattern_destroy(pattern);
    if (cases[i].reason[0] == '\0') {
      assert_case_int(cases[i].expression, status, 0);
      continue;
    }
    assert_case_int(cases[i].expression, status, -EINVAL);
    assert_case_says(cases[i].expression, error, cases[i].reason);
    assert_case_says(cases[i].expression, error, cases[i].where);
    assert_case_says(cases[i].expression, error, "pcre2syntax(3)");
  }
}

enum { LENGTH = 128 * 1024 };

/* A command line that repeats a word, with a different end. */
static char *fill_text(const char *word) {
  char *text = malloc(LENGTH + 1);
  assert_non_null(text);
  for (size_t i = 0; i < LENGTH; i++)
    text[i] = word[i % strlen(word)];
  memcpy(text + LENGTH - 5, "z1 r;", 6);
  return text;
}

/* Expressions that would take PCRE2 or glibc seconds or hours without a limit
 */
static const char *const bad[] = {
    "celery.*worker",
    "celery( .*)?worker",
    "(.*/)?celery (.*)worker",
    "(celery *)+worker",
    "[^ ]*/celery .*worker",
    "celery[^w]*worker",
    "celery[[:alpha:] ]*[0-9]",
    "(a+)+b",
    "(a*)*\\1z2",
    "^([^ ]+ )*foo$",
    "(.*)(.*)(.*)(.*)z1",
    "[a-z]*[a-z]*[a-z]*[a-z]*1z",
    "(x|a|ab|aba)*z1",
    "([a-z]+ *)+;",
    "(.*)(.*)(.*)(.*)(.*)(.*)\\1z2",
};
static const char *const words[] = {
    "celery worke ", "celery w", "celery ", "a", "ab", "/a ", "0123456789"};

static void decides_within_a_limit(void **state) {
  (void)state;
  unsigned int limited = 0, decided = 0;

  for (size_t w = 0; w < COUNT_OF(words); w++) {
    char *text = fill_text(words[w]);
    for (size_t b = 0; b < COUNT_OF(bad); b++) {
      struct pattern *pattern = compile(bad[b]);
      uint64_t steps = PATTERN_MATCH_STEPS;
      enum pattern_result result =
          pattern_match(pattern, text, &steps, NULL, 0);
      /* The last one of them may pass all of the text. */
      assert_case(bad[b], steps <= PATTERN_MATCH_STEPS + LENGTH + 4);
      limited += result == PATTERN_STEPS;
      decided += result == PATTERN_YES || result == PATTERN_NO;
      pattern_destroy(pattern);
    }
    free(text);
  }
  assert_true(limited > 10 && decided > 10);
}

static void finds_what_is_at_the_end(void **state) {
  (void)state;
  char *text = fill_text("-cp /usr/share/java/x.jar:");
  static const char *const present[] = {
      "z1 r;$", "^-cp [^ ]*.*z1", "([^ /]+);$", "[0-9] (r|s);", "x.jar.*z1 r"};

  for (size_t i = 0; i < COUNT_OF(present); i++) {
    struct pattern *pattern = compile(present[i]);
    assert_case_int(present[i], match(pattern, text, NULL, 0), PATTERN_YES);
    pattern_destroy(pattern);
  }
  free(text);
}

static void takes_no_more_steps_than_it_may(void **state) {
  (void)state;
  char *text = fill_text("celery ");
  struct pattern *pattern = compile("celery( .*)?worker");
  static const uint64_t allowed[] = {0, 1, 5000, 1000000};
  for (size_t i = 0; i < COUNT_OF(allowed); i++) {
    uint64_t steps = allowed[i];
    assert_int_equal(pattern_match(pattern, text, &steps, NULL, 0),
                     PATTERN_STEPS);
    assert_true(steps <= allowed[i] + LENGTH + 4);
  }
  pattern_destroy(pattern);
  free(text);
}

/* Runs of letters, between blanks. */
static char *fill_runs(const char *begin, size_t run) {
  char *text = malloc(LENGTH + 1);
  assert_non_null(text);
  memset(text, 'a', LENGTH);
  text[LENGTH] = '\0';
  size_t length = strlen(begin);
  memcpy(text, begin, length);
  for (size_t i = length + run; i < LENGTH; i += run)
    text[i] = ' ';
  return text;
}

/* Expressions that compare much text and then fail: these took seconds. */
static void counts_what_fails_late(void **state) {
  (void)state;
  static const struct {
    const char *expression, *begin;
    size_t run;
    enum pattern_result result;
  } cases[] = {
      {"(a{10})\\1{13000}[xy]", "", LENGTH, PATTERN_STEPS},
      {"[a-z]{50000}[xy]", "", 60000, PATTERN_STEPS},
      {"^(\\w+) .*\\1\\b", "java -Dapp=", 40000, PATTERN_NO},
      {"-Dapp=(\\w+) .*\\1\\b", "java -Dapp=", 40000, PATTERN_STEPS},
      {"-Dapp=(?<n>\\w+) .*(?P=n)\\b", "java -Dapp=", 40000, PATTERN_STEPS},
      {"-Dapp=(?<n>\\w+) .*\\k{n}\\b", "java -Dapp=", 40000, PATTERN_STEPS},
      {"-Dapp=(\\w+) .*\\g{-1}\\b", "java -Dapp=", 40000, PATTERN_STEPS},
      /* With text of usual length, it is as cheap as others. */
      {"-Dapp=(\\w+) .*\\1\\b", "java -Dapp=x ", 40000, PATTERN_NO},
      {"[0-9a-f]{64}[xy]", "", 60, PATTERN_NO},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char *text = fill_runs(cases[i].begin, cases[i].run);
    struct pattern *pattern = compile(cases[i].expression);
    assert_case_int(cases[i].expression, match(pattern, text, NULL, 0),
                    cases[i].result);
    pattern_destroy(pattern);
    free(text);
  }
}

/* An expression that can neither repeat nor backtrack is always decided. */
static void decides_plain_expressions_always(void **state) {
  (void)state;
  static const struct {
    const char *expression;
    enum pattern_result result;
  } cases[] = {
      {"kafka\\.Kafka", PATTERN_NO},   {"z1 r;", PATTERN_YES},
      {"z1 r;$", PATTERN_YES},         {"^[^a(*]elery", PATTERN_YES},
      {"foo|z1|bar", PATTERN_YES},     {"[]*(+?{]", PATTERN_NO},
      {"[[:digit:](] r", PATTERN_YES}, {"\\d\\s\\w;", PATTERN_YES},
      {"1\\b r", PATTERN_YES},         {"\\*|\\(", PATTERN_NO},
      {"celery.*z1", PATTERN_STEPS},   {"(z1)", PATTERN_STEPS},
      {"z1 r?", PATTERN_STEPS},        {"z{1,2}", PATTERN_STEPS},
      {"\\Qz1", PATTERN_STEPS},
  };
  char *text = fill_text("celery ");
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct pattern *pattern = compile(cases[i].expression);
    uint64_t steps = 0;
    assert_case_int(cases[i].expression,
                    pattern_match(pattern, text, &steps, NULL, 0),
                    cases[i].result);
    assert_case(cases[i].expression, steps > 0);
    pattern_destroy(pattern);
  }
  free(text);
}

/* PCRE2 stores each place to which it may have to backtrack. */
static void has_memory_for_long_command_lines(void **state) {
  (void)state;
  static const struct {
    const char *expression, *begin, *fill, *end;
  } cases[] = {
      {"^java [^ ]+( -[^ ]+)* x( -[^ ]+)* kafka.Kafka", "java -cp x",
       " -Dopt=val", " kafka.Kafka"},
      {"(.|x)*kafka.Kafka", "java ", "x", " kafka.Kafka"},
      {"^([^ ]+ )*kafka.Kafka", "java ", "a ", " kafka.Kafka"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    enum { SIZE = 76000 };
    char *text = calloc(1, SIZE + 100);
    assert_non_null(text);
    size_t length = strlen(strcpy(text, cases[i].begin));
    for (size_t word = strlen(cases[i].fill); length < SIZE; length += word)
      memcpy(text + length, cases[i].fill, word);
    length -= text[length - 1] == ' ';
    strcpy(text + length, cases[i].end);
    struct pattern *pattern = compile(cases[i].expression);
    assert_case_int(cases[i].expression, match(pattern, text, NULL, 0),
                    PATTERN_YES);
    pattern_destroy(pattern);
    free(text);
  }
}

/* In a child in which no memory can be made executable, so that there is no
 * machine code. (PR_SET_MDWE, as systemd's MemoryDenyWriteExecute=) */
static void needs_no_machine_code(void **state) {
  enum { SET_MDWE = 65, REFUSE_EXEC_GAIN = 1, UNSUPPORTED = 77 };
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
      _exit(UNSUPPORTED);
    matches_as_the_processes_plugin(state);
    decides_within_a_limit(state);
    counts_what_fails_late(state);
    has_memory_for_long_command_lines(state);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == UNSUPPORTED)
    skip(); /* before Linux 6.3 */
  assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(matches_as_the_processes_plugin),
      cmocka_unit_test(differs_where_documented),
      cmocka_unit_test(keeps_what_posix_means),
      cmocka_unit_test(says_what_is_wrong),
      cmocka_unit_test(decides_within_a_limit),
      cmocka_unit_test(finds_what_is_at_the_end),
      cmocka_unit_test(takes_no_more_steps_than_it_may),
      cmocka_unit_test(counts_what_fails_late),
      cmocka_unit_test(decides_plain_expressions_always),
      cmocka_unit_test(has_memory_for_long_command_lines),
      cmocka_unit_test(needs_no_machine_code),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
