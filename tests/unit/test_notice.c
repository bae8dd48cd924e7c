/* SPDX-License-Identifier: MIT */
#include "report/notice.h"

#include "support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 256 };

#define MS UINT64_C(1000000)
#define S (1000 * MS)

struct use {
  unsigned int counter;
  uint64_t value;
};

static void describes_an_end(void **state) {
  (void)state;
  enum { USES = 6 };
  static const struct {
    uint32_t exit_code;
    bool dumped_core;
    uint64_t elapsed_us;
    struct use uses[USES];
    const char *text;
  } cases[] = {
      {0,
       false,
       5000,
       {{0, 0}},
       "nginx (pid 4711, uid 33) exited with status 0 after 0.005 s; used "
       "0.000 s CPU; read 0 bytes, wrote 0 bytes"},
      {0x100,
       false,
       9999000,
       {{COUNTER_CPU_USER, 300 * MS},
        {COUNTER_CPU_SYSTEM, 950 * MS},
        {COUNTER_READ_CHARS, 1023},
        {COUNTER_WRITE_CHARS, 1024}},
       "nginx (pid 4711, uid 33) exited with status 1 after 9.999 s; used "
       "1.250 s CPU; read 1023 bytes, wrote 1.0 KiB"},
      {0xff00,
       false,
       10000000,
       {{COUNTER_READ_CHARS, 10240}, {COUNTER_WRITE_CHARS, 1536}},
       "nginx (pid 4711, uid 33) exited with status 255 after 10 s; used "
       "0.000 s CPU; read 10 KiB, wrote 1.5 KiB"},
      {SIGKILL,
       false,
       119000000,
       {{COUNTER_CPU_USER, 61 * S},
        {COUNTER_READ_CHARS, UINT64_C(5) << 20},
        {COUNTER_WRITE_CHARS, UINT64_C(300) << 20}},
       "nginx (pid 4711, uid 33) was killed by SIGKILL after 119 s; used 61 s "
       "CPU; read 5.0 MiB, wrote 300 MiB"},
      {SIGSEGV,
       true,
       120000000,
       {{COUNTER_READ_CHARS, UINT64_C(3) << 30},
        {COUNTER_WRITE_CHARS, UINT64_C(20000) << 40}},
       "nginx (pid 4711, uid 33) was killed by SIGSEGV, core dumped, after 2 "
       "min; used 0.000 s CPU; read 3.0 GiB, wrote 20000 TiB"},
      {SIGABRT | 0x80,
       true,
       1000,
       {{0, 0}},
       "nginx (pid 4711, uid 33) was killed by SIGABRT, core dumped, after "
       "0.001 s; used 0.000 s CPU; read 0 bytes, wrote 0 bytes"},
      {40,
       false,
       UINT64_C(86400000000),
       {{0, 0}},
       "nginx (pid 4711, uid 33) was killed by signal 40 after 1440 min; used "
       "0.000 s CPU; read 0 bytes, wrote 0 bytes"},
      {0,
       false,
       1000000,
       {{COUNTER_DELAY + DELAY_CPU, 999999},
        {COUNTER_DELAY + DELAY_BLKIO, 1 * MS}},
       "nginx (pid 4711, uid 33) exited with status 0 after 1.000 s; used "
       "0.000 s CPU; waited for blkio 0.001 s; read 0 bytes, wrote 0 bytes"},
      {0,
       false,
       1000000,
       {{COUNTER_DELAY + DELAY_CPU, 20 * MS},
        {COUNTER_DELAY + DELAY_SWAPIN, 12 * S},
        {COUNTER_DELAY + DELAY_IRQ, 1500 * MS}},
       "nginx (pid 4711, uid 33) exited with status 0 after 1.000 s; used "
       "0.000 s CPU; waited for cpu 0.020 s, swapin 12 s, irq 1.500 s; read 0 "
       "bytes, wrote 0 bytes"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    uint64_t used[COUNTERS] = {0};
    for (size_t u = 0; u < USES; u++)
      used[cases[i].uses[u].counter] += cases[i].uses[u].value;
    const struct exit_event event = {
        .comm = "nginx",
        .pid = 4711,
        .ppid = 1,
        .uid = 33,
        .exit_code = cases[i].exit_code,
        .dumped_core = cases[i].dumped_core,
        .elapsed_us = cases[i].elapsed_us,
        .known = UINT64_MAX,
        .used = used,
    };
    char text[TEXT_SIZE];
    notice_describe(&event, text, sizeof(text));
    assert_case_string(cases[i].text, text, cases[i].text);
  }
}

static void tells_what_matters(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t elapsed_us, longest_ns[DELAY_KINDS], peak_rss;
    struct exit_oom oom;
    const char *text;
  } cases[] = {
      {"the limit of a cgroup",
       5000000,
       {0},
       UINT64_C(512) << 20,
       {true, true, true, OOM_LIMIT_CGROUP, "/system.slice/web.service"},
       "nginx (pid 4711, uid 33) was killed by the OOM killer (limit of "
       "/system.slice/web.service) after 5.000 s; used 0.000 s CPU; peak "
       "memory "
       "512 MiB; read 0 bytes, wrote 0 bytes"},
      {"that of one which is not known",
       5000000,
       {0},
       0,
       {true, true, true, OOM_LIMIT_CGROUP, NULL},
       "nginx (pid 4711, uid 33) was killed by the OOM killer (limit of a "
       "cgroup) after 5.000 s; used 0.000 s CPU; read 0 bytes, wrote 0 bytes"},
      {"the machine",
       5000000,
       {0},
       0,
       {true, true, true, OOM_LIMIT_MACHINE, NULL},
       "nginx (pid 4711, uid 33) was killed by the OOM killer (the machine's "
       "memory) after 5.000 s; used 0.000 s CPU; read 0 bytes, wrote 0 bytes"},
      {"not sure",
       5000000,
       {0},
       0,
       {true, true, false, OOM_LIMIT_UNKNOWN, NULL},
       "nginx (pid 4711, uid 33) was probably killed by the OOM killer after "
       "5.000 s; used 0.000 s CPU; read 0 bytes, wrote 0 bytes"},
      {"a long path",
       5000000,
       {0},
       0,
       {true, true, true, OOM_LIMIT_CGROUP,
        "/kubepods.slice/kubepods-burstable.slice/"
        "kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice/"
        "cri-containerd-0123456789abcdef.scope"},
       "nginx (pid 4711, uid 33) was killed by the OOM killer (limit of "
       "...-pod0123456789abcdef0123456789abcdef.slice/"
       "cri-containerd-0123456789abcdef.scope) after 5.000 s; used 0.000 s "
       "CPU; "
       "read 0 bytes, wrote 0 bytes"},
      {"a plain kill",
       5000000,
       {0},
       0,
       {true, false, false, OOM_LIMIT_UNKNOWN, NULL},
       "nginx (pid 4711, uid 33) was killed by SIGKILL after 5.000 s; used "
       "0.000 s CPU; read 0 bytes, wrote 0 bytes"},
      {"a wait of a tenth of its life",
       5000000,
       {[DELAY_CPU] = 20 * MS, [DELAY_BLKIO] = 501 * MS},
       0,
       {0},
       "nginx (pid 4711, uid 33) was killed by SIGKILL after 5.000 s; used "
       "0.000 s CPU; longest wait 0.501 s for blkio; read 0 bytes, wrote 0 "
       "bytes"},
      {"none that long",
       5000000,
       {[DELAY_CPU] = 20 * MS, [DELAY_BLKIO] = 500 * MS},
       0,
       {0},
       "nginx (pid 4711, uid 33) was killed by SIGKILL after 5.000 s; used "
       "0.000 s CPU; read 0 bytes, wrote 0 bytes"},
      {"a wait of over a second",
       UINT64_C(86400000000),
       {[DELAY_SWAPIN] = 1001 * MS},
       0,
       {0},
       "nginx (pid 4711, uid 33) was killed by SIGKILL after 1440 min; used "
       "0.000 s CPU; longest wait 1.001 s for swapin; read 0 bytes, wrote 0 "
       "bytes"},
      {"nothing to speak of",
       1000,
       {[DELAY_CPU] = 900000},
       0,
       {0},
       "nginx (pid 4711, uid 33) was killed by SIGKILL after 0.001 s; used "
       "0.000 s CPU; read 0 bytes, wrote 0 bytes"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    uint64_t used[COUNTERS] = {0};
    const struct exit_event event = {
        .comm = "nginx",
        .pid = 4711,
        .ppid = 1,
        .uid = 33,
        .exit_code = SIGKILL,
        .elapsed_us = cases[i].elapsed_us,
        .used = used,
        .longest_ns = cases[i].longest_ns,
        .has_longest = UINT32_MAX,
        .peak_rss = cases[i].peak_rss,
        .oom = cases[i].oom,
    };
    char text[TEXT_SIZE];
    notice_describe(&event, text, sizeof(text));
    assert_case_string(cases[i].name, text, cases[i].text);
  }
}

/* Everything fits; with too little room, the text is truncated. */
static void fits_into_the_room(void **state) {
  (void)state;
  uint64_t used[COUNTERS];
  for (unsigned int i = 0; i < COUNTERS; i++)
    used[i] = UINT64_MAX;
  const struct exit_event event = {
      .comm = "0123456789abcdef0123456789abcde",
      .pid = UINT32_MAX,
      .uid = UINT32_MAX,
      .exit_code = SIGVTALRM,
      .dumped_core = true,
      .elapsed_us = UINT64_MAX,
      .used = used,
  };
  char text[TEXT_SIZE + 1];
  for (size_t size = 1; size <= TEXT_SIZE; size++) {
    memset(text, 'x', sizeof(text));
    notice_describe(&event, text, size);
    assert_true(strlen(text) < size);
    assert_int_equal(text[size], 'x');
  }
}

static void names_signals(void **state) {
  (void)state;
  static const struct {
    int signal;
    const char *name;
  } cases[] = {
      {SIGKILL, "SIGKILL"},      {SIGSEGV, "SIGSEGV"}, {SIGTERM, "SIGTERM"},
      {SIGHUP, "SIGHUP"},        {SIGBUS, "SIGBUS"},   {SIGSYS, "SIGSYS"},
      {SIGPIPE, "SIGPIPE"},      {34, "signal 34"},    {64, "signal 64"},
      {100000, "signal 100000"},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char text[32];
    notice_signal_name(cases[i].signal, text, sizeof(text));
    assert_case_string(cases[i].name, text, cases[i].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(describes_an_end),
      cmocka_unit_test(tells_what_matters),
      cmocka_unit_test(fits_into_the_room),
      cmocka_unit_test(names_signals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
