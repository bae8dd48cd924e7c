/* SPDX-License-Identifier: MIT */
#include "stanzas.h"

#include "collectd/config.h"

#include "support/test.h"
#include "support/tree.h"

static char notes[4096];

static void note(const char *line) {
  size_t used = strlen(notes);
  snprintf(notes + used, sizeof(notes) - used, "%s\n", line);
}

/* Reads <root>/<file>, where %s stands for the root. The names of the stanzas,
 * each with a blank behind it, are in names. */
static int read_names(const struct tree *tree, const char *file, char *names,
                      size_t size, char *error, size_t error_size) {
  char path[TREE_PATH_SIZE];
  struct settings settings;
  tree_path(tree, file, path);
  notes[0] = names[0] = error[0] = '\0';
  int status = stanzas_read(path, &settings, note, error, error_size);
  for (const struct rule *r = settings.rules; r != NULL; r = r->next) {
    size_t used = strlen(names);
    snprintf(names + used, size - used, "%s ", r->name);
  }
  config_clear(&settings);
  return status;
}

static void put_conf(const struct tree *tree, const char *file,
                     const char *format) {
  char text[2048];
  snprintf(text, sizeof(text), "%s", "");
  for (const char *at = format; *at != '\0';) {
    size_t used = strlen(text), length = strcspn(at, "@");
    snprintf(text + used, sizeof(text) - used, "%.*s%s", (int)length, at,
             at[length] == '@' ? tree->root : "");
    at += length + (at[length] == '@');
  }
  tree_put(tree, file, text);
}

#define STANZA(name) "<Plugin taskstats>\nProcess \"" name "\"\n</Plugin>\n"
#define LOAD "LoadPlugin taskstats\n"

/* "@" stands for the directory. Each file is there or empty. */
static void reads_what_collectd_reads(void **state) {
  (void)state;
  static const struct {
    const char *name, *main, *a, *b, *names, *note;
  } cases[] = {
      {"blocks add up", LOAD STANZA("x") STANZA("y"), "", "", "x y ", ""},
      {"other plugins",
       LOAD "<Plugin csv>\nDataDir \"/\"\n</Plugin>\n" STANZA("x"), "", "",
       "x ", ""},
      {"none", LOAD, "", "", "", ""},
      {"with options",
       "<LoadPlugin TaskStats>\nInterval 5\n</LoadPlugin>\n" STANZA("x"), "",
       "", "x ", ""},
      {"automatic", "AutoLoadPlugin true\n" STANZA("x"), "", "", "x ", ""},
      {"before", STANZA("x") LOAD STANZA("y"), "", "", "y ",
       "stands before LoadPlugin"},
      {"not loaded", STANZA("x"), "", "", "x ", "the plugin is not loaded"},
      {"a file", LOAD "Include \"@/d/a.conf\"\n" STANZA("z"), STANZA("a"),
       STANZA("b"), "a z ", ""},
      {"a directory", LOAD "Include \"@/d\"\n", STANZA("a"), STANZA("b"),
       "a b ", ""},
      {"wildcards", LOAD "Include \"@/d/*.conf\"\n", STANZA("a"), STANZA("b"),
       "a b ", ""},
      {"a filter", LOAD "<Include \"@/d\">\nFilter \"b*\"\n</Include>\n",
       STANZA("a"), STANZA("b"), "b ", ""},
      {"loaded by it", "Include \"@/d/a.conf\"\n" STANZA("x"), LOAD, "", "x ",
       ""},
      {"in turn", LOAD "Include \"@/d/a.conf\"\n", "Include \"@/d/b.conf\"\n",
       STANZA("b"), "b ", ""},
      {"missing", LOAD "Include \"@/e/*\"\n" STANZA("x"), "", "", "x ",
       "collectd skips @/e/*: No such file"},
      {"wrong, in a directory", LOAD "Include \"@/d\"\n" STANZA("x"),
       STANZA("a") "Key\n", STANZA("b"), "b x ",
       "collectd skips @/d/a.conf: line 4: expected a value"},
      {"no string", LOAD "Include 5\n" STANZA("x"), "", "", "x ",
       "exactly one string"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct tree tree;
    char names[256], error[1024], expected[256] = "";
    tree_create(&tree);
    put_conf(&tree, "c", cases[i].main);
    put_conf(&tree, "d/a.conf", cases[i].a);
    put_conf(&tree, "d/b.conf", cases[i].b);
    tree_put(&tree, "d/.c.conf", STANZA("hidden"));
    int status =
        read_names(&tree, "c", names, sizeof(names), error, sizeof(error));
    assert_case_string(cases[i].name, error, "");
    assert_case_int(cases[i].name, status, 0);
    assert_case_string(cases[i].name, names, cases[i].names);
    const char *at = strchr(cases[i].note, '@');
    if (at != NULL)
      snprintf(expected, sizeof(expected), "%.*s%s%s",
               (int)(at - cases[i].note), cases[i].note, tree.root, at + 1);
    else
      snprintf(expected, sizeof(expected), "%s", cases[i].note);
    if (expected[0] == '\0')
      assert_case_string(cases[i].name, notes, "");
    assert_case_says(cases[i].name, notes, expected);
    tree_remove(&tree, "");
  }
}

static void refuses_what_collectd_refuses(void **state) {
  (void)state;
  static const struct {
    const char *main, *a, *error;
  } cases[] = {
      {"", "", "contains no configuration"},
      {"Key\n", "", "/c: line 1: expected a value"},
      {LOAD "Include \"@/d/a.conf\"\n", "Key\n",
       "/d/a.conf: line 1: expected a value"},
      {LOAD "Include \"@/d/a.conf\"\n", "Include \"@/d/a.conf\"\n",
       "more than 8 files deep"},
      {LOAD "Include \"$(true)\"\n", "", "the shell cannot expand it"},
      {LOAD "<Plugin taskstats>\n<Group \"x\">\nCommand 5\n</Group>\n"
            "</Plugin>\n",
       "", "Group \"x\": option Command 5 must be a string in quotes"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct tree tree;
    char names[256], error[1024];
    tree_create(&tree);
    put_conf(&tree, "c", cases[i].main);
    put_conf(&tree, "d/a.conf", cases[i].a);
    int status =
        read_names(&tree, "c", names, sizeof(names), error, sizeof(error));
    assert_case(cases[i].main, status < 0);
    assert_case_says(cases[i].main, error, cases[i].error);
    tree_remove(&tree, "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_collectd_reads),
      cmocka_unit_test(refuses_what_collectd_refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
