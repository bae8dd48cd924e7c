/* SPDX-License-Identifier: MIT */
#include "kernel/query.h"

#include "support/answer.h"
#include "support/clock.h"
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * A simulated kernel at the other end of a socket pair: it takes each request
 * and answers according to its script.
 */

struct request {
  uint32_t sequence;
  enum message_target target;
  uint32_t id;
};

struct kernel {
  int fd;
  pthread_t thread;
  void (*play)(struct kernel *kernel);
  atomic_bool is_ending;

  struct request requests[QUERY_BATCH]; /* of this round */
  size_t count;
  unsigned int round; /* 0 is the first */
  struct request previous[QUERY_BATCH];
  size_t previous_count;
};

/* The kernel's values for an id, different for each. */
static struct record record_of(uint32_t id) { return payload_record(16, id); }

static void send_bytes(struct kernel *kernel, const void *data, size_t size) {
  /* The other end may be closed. */
  if (send(kernel->fd, data, size, MSG_NOSIGNAL) < 0)
    return;
}

static void send_record(struct kernel *kernel, const struct request *request,
                        uint32_t id, const struct record *record) {
  struct answer answer;
  answer_record(&answer, request->sequence, request->target, id, record);
  send_bytes(kernel, answer.bytes, answer.size);
}

static void answer_request(struct kernel *kernel,
                           const struct request *request) {
  struct record record = record_of(request->id);
  send_record(kernel, request, request->id, &record);
}

static void refuse_request(struct kernel *kernel, const struct request *request,
                           int error) {
  struct answer answer;
  answer_error(&answer, request->sequence, error);
  send_bytes(kernel, answer.bytes, answer.size);
}

/* A value that no test expects. */
static void send_wrong(struct kernel *kernel, uint32_t sequence, uint32_t id) {
  struct record wrong = payload_record(16, 0xbad);
  struct request request = {sequence, MESSAGE_PROCESS, id};
  send_record(kernel, &request, id, &wrong);
}

static void answer_all(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->count; i++)
    answer_request(kernel, &kernel->requests[i]);
}

/* Returns false at the end. */
static bool take_requests(struct kernel *kernel) {
  unsigned char bytes[(QUERY_BATCH + 1) * MESSAGE_QUERY_SIZE];
  ssize_t size = recv(kernel->fd, bytes, sizeof(bytes), 0);
  if (size <= 0)
    return false;

  memcpy(kernel->previous, kernel->requests, sizeof(kernel->requests));
  kernel->previous_count = kernel->count;
  kernel->count = 0;
  for (size_t at = 0; at < (size_t)size; at += MESSAGE_QUERY_SIZE) {
    struct {
      struct nlmsghdr header;
      struct genlmsghdr genl;
      struct nlattr attr;
      uint32_t id;
    } query;
    memcpy(&query, bytes + at, sizeof(query));
    kernel->requests[kernel->count++] = (struct request){
        query.header.nlmsg_seq,
        query.attr.nla_type == TASKSTATS_CMD_ATTR_TGID ? MESSAGE_PROCESS
                                                       : MESSAGE_THREAD,
        query.id};
  }
  return true;
}

static void *run_kernel(void *arg) {
  struct kernel *kernel = arg;
  for (; take_requests(kernel); kernel->round++)
    kernel->play(kernel);
  return NULL;
}

static struct query *start_kernel(struct kernel *kernel,
                                  void (*play)(struct kernel *kernel)) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds),
                   0);
  *kernel = (struct kernel){.fd = fds[1], .play = play};
  struct query *query;
  assert_int_equal(query_attach(fds[0], ANSWER_FAMILY, &query), 0);
  assert_int_equal(pthread_create(&kernel->thread, NULL, run_kernel, kernel),
                   0);
  return query;
}

static void end_kernel(struct kernel *kernel, struct query *query) {
  atomic_store(&kernel->is_ending, true);
  query_close(query);
  pthread_join(kernel->thread, NULL);
  close(kernel->fd);
}

/* Scripts */

static void play_in_order(struct kernel *kernel) { answer_all(kernel); }

static void play_reversed(struct kernel *kernel) {
  for (size_t i = kernel->count; i > 0; i--)
    answer_request(kernel, &kernel->requests[i - 1]);
}

/* The answers of the previous round arrive again, with wrong values. */
static void play_late(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->previous_count; i++)
    send_wrong(kernel, kernel->previous[i].sequence, kernel->requests[0].id);
  answer_all(kernel);
}

static void play_strays(struct kernel *kernel) {
  uint32_t first = kernel->requests[0].sequence, id = kernel->requests[0].id;
  send_wrong(kernel, 0, id);
  send_wrong(kernel, first - 1, id);
  send_wrong(kernel, first + (uint32_t)kernel->count, id);
  send_wrong(kernel, first + 0x80000000, id);
  answer_all(kernel);
}

static void play_duplicates(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->count; i++) {
    answer_request(kernel, &kernel->requests[i]);
    send_wrong(kernel, kernel->requests[i].sequence, kernel->requests[i].id);
  }
}

static void play_garbage(struct kernel *kernel) {
  unsigned char noise[300];
  for (size_t i = 0; i < sizeof(noise); i++)
    noise[i] = (unsigned char)(i * 37 + 11);
  send_bytes(kernel, noise, sizeof(noise));
  send_bytes(kernel, noise, 3);
  struct nlmsghdr no_answer = {.nlmsg_len = sizeof(no_answer),
                               .nlmsg_type = NLMSG_DONE};
  send_bytes(kernel, &no_answer, sizeof(no_answer));
  no_answer.nlmsg_len = 4; /* less than itself */
  send_bytes(kernel, &no_answer, sizeof(no_answer));
  answer_all(kernel);
}

/* Lengths that libmnl treats as negative. */
static void play_endless(struct kernel *kernel) {
  static const uint32_t lengths[] = {UINT32_MAX, UINT32_MAX - 3, 0x80000000};
  for (size_t i = 0; i < COUNT_OF(lengths); i++) {
    struct record wrong = payload_record(16, 0xbad);
    struct answer answer;
    answer_record(&answer, kernel->requests[0].sequence, MESSAGE_PROCESS,
                  kernel->requests[0].id, &wrong);
    memcpy(answer.bytes, &lengths[i], sizeof(lengths[i]));
    send_bytes(kernel, answer.bytes, answer.size);
  }
  answer_all(kernel);
}

/* A datagram longer than any answer is truncated, and therefore rejected. */
static void play_oversized(struct kernel *kernel) {
  struct record wrong = payload_record(16, 0xbad);
  struct answer answer;
  const struct request *request = &kernel->requests[0];
  static const unsigned char more[3000];

  answer_begin(&answer, ANSWER_FAMILY, request->sequence);
  answer_put_genl(&answer);
  size_t nest = answer_nest(&answer, TASKSTATS_TYPE_AGGR_TGID);
  answer_put_attr(&answer, TASKSTATS_TYPE_TGID, &request->id, 4);
  answer_put_stats(&answer, &wrong);
  answer_end_nest(&answer, nest);
  answer_put_attr(&answer, 42, more, sizeof(more));
  answer_end(&answer);
  send_bytes(kernel, answer.bytes, answer.size);
  answer_all(kernel);
}

/* Several answers in each datagram. */
static void play_together(struct kernel *kernel) {
  unsigned char datagram[2048];
  size_t size = 0;

  for (size_t i = 0; i < kernel->count; i++) {
    struct record record = record_of(kernel->requests[i].id);
    struct answer answer;
    answer_record(&answer, kernel->requests[i].sequence,
                  kernel->requests[i].target, kernel->requests[i].id, &record);
    if (size + answer.size > sizeof(datagram)) {
      send_bytes(kernel, datagram, size);
      size = 0;
    }
    memcpy(datagram + size, answer.bytes, answer.size);
    size += answer.size;
  }
  send_bytes(kernel, datagram, size);
}

static void assert_answers(const char *name, const uint32_t *ids, size_t count,
                           const struct query_answer *answers) {
  for (size_t i = 0; i < count; i++) {
    struct record expected = record_of(ids[i]);
    assert_case_int(name, answers[i].error, 0);
    assert_record(name, &answers[i].record, &expected);
  }
}

static void number_ids(uint32_t *ids, size_t count, uint32_t first) {
  for (size_t i = 0; i < count; i++)
    ids[i] = first + (uint32_t)i * 3;
}

/* Whatever else arrives, each id repeatedly gets its own answer. */
static void gives_each_id_its_answer(void **state) {
  (void)state;
  static const struct {
    const char *name;
    void (*play)(struct kernel *kernel);
  } cases[] = {
      {"in order", play_in_order},
      {"reversed", play_reversed},
      {"late", play_late},
      {"strays", play_strays},
      {"duplicates", play_duplicates},
      {"garbage", play_garbage},
      {"endless", play_endless},
      {"oversized", play_oversized},
      {"together", play_together},
  };
  static const size_t counts[] = {1, 2, QUERY_BATCH};

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct kernel kernel;
    struct query *query = start_kernel(&kernel, cases[i].play);
    for (size_t round = 0; round < 2 * COUNT_OF(counts); round++) {
      size_t count = counts[round % COUNT_OF(counts)];
      uint32_t ids[QUERY_BATCH];
      struct query_answer answers[QUERY_BATCH];

      number_ids(ids, count, (uint32_t)(100 * round + 1));
      memset(answers, 0xa5, sizeof(answers));
      enum message_target target =
          round % 2 == 0 ? MESSAGE_PROCESS : MESSAGE_THREAD;
      assert_case_int(cases[i].name,
                      query_records(query, target, ids, count, answers), 0);
      assert_answers(cases[i].name, ids, count, answers);
    }
    end_kernel(&kernel, query);
  }
}

enum { ODD_ONE = 5 };

static void play_refuse_one(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->count; i++)
    if (i == ODD_ONE)
      refuse_request(kernel, &kernel->requests[i], -ESRCH);
    else
      answer_request(kernel, &kernel->requests[i]);
}

static void play_forbid_one(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->count; i++)
    if (i == ODD_ONE)
      refuse_request(kernel, &kernel->requests[i], -EPERM);
    else
      answer_request(kernel, &kernel->requests[i]);
}

static void play_take_one_for_another(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->count; i++)
    if (i == ODD_ONE)
      send_wrong(kernel, kernel->requests[i].sequence,
                 kernel->requests[i].id + 1);
    else
      answer_request(kernel, &kernel->requests[i]);
}

static void play_empty_one(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->count; i++) {
    struct answer answer;
    if (i != ODD_ONE) {
      answer_request(kernel, &kernel->requests[i]);
      continue;
    }
    answer_begin(&answer, ANSWER_FAMILY, kernel->requests[i].sequence);
    answer_put_genl(&answer);
    answer_end(&answer);
    send_bytes(kernel, answer.bytes, answer.size);
  }
}

static void play_old_one(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->count; i++) {
    struct record record = record_of(kernel->requests[i].id);
    struct answer answer;
    answer_record(&answer, kernel->requests[i].sequence,
                  kernel->requests[i].target, kernel->requests[i].id, &record);
    if (i == ODD_ONE) /* version 7: behind 5 headers and an id */
      memcpy(answer.bytes + 36, &(uint16_t){7}, 2);
    send_bytes(kernel, answer.bytes, answer.size);
  }
}

/* A query that fails does not affect the others. */
static void tells_whose_answer_failed(void **state) {
  (void)state;
  static const struct {
    const char *name;
    void (*play)(struct kernel *kernel);
    int error;
  } cases[] = {
      {"vanished", play_refuse_one, -ESRCH},
      {"forbidden", play_forbid_one, -EPERM},
      {"another id", play_take_one_for_another, -EBADMSG},
      {"empty", play_empty_one, -EBADMSG},
      {"old", play_old_one, -EPROTONOSUPPORT},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct kernel kernel;
    struct query *query = start_kernel(&kernel, cases[i].play);
    uint32_t ids[QUERY_BATCH];
    struct query_answer answers[QUERY_BATCH];

    number_ids(ids, QUERY_BATCH, 1000);
    memset(answers, 0xa5, sizeof(answers));
    const char *name = cases[i].name;
    assert_case_int(
        name, query_records(query, MESSAGE_PROCESS, ids, QUERY_BATCH, answers),
        0);
    assert_answers(name, ids, ODD_ONE, answers);
    assert_case_int(name, answers[ODD_ONE].error, cases[i].error);
    assert_answers(name, ids + ODD_ONE + 1, QUERY_BATCH - ODD_ONE - 1,
                   answers + ODD_ONE + 1);
    end_kernel(&kernel, query);
  }
}

static void limits_a_batch(void **state) {
  (void)state;
  struct kernel kernel;
  struct query *query = start_kernel(&kernel, play_in_order);
  uint32_t ids[QUERY_BATCH + 1] = {0};
  struct query_answer answers[QUERY_BATCH + 1];

  assert_int_equal(
      query_records(query, MESSAGE_PROCESS, ids, QUERY_BATCH + 1, answers),
      -EINVAL);
  assert_int_equal(query_records(query, MESSAGE_PROCESS, ids, 0, answers), 0);
  /* The connection can still be used. */
  ids[0] = 7;
  assert_int_equal(query_records(query, MESSAGE_PROCESS, ids, 1, answers), 0);
  assert_answers("after", ids, 1, answers);
  end_kernel(&kernel, query);
}

static void play_nothing(struct kernel *kernel) { (void)kernel; }

static void play_all_but_one(struct kernel *kernel) {
  for (size_t i = 1; i < kernel->count; i++)
    answer_request(kernel, &kernel->requests[i]);
}

/* Strays keep coming until the other end is closed. */
static void play_strays_only(struct kernel *kernel) {
  while (!atomic_load(&kernel->is_ending)) {
    send_wrong(kernel, kernel->requests[0].sequence + 1000, 1);
    pause_ms(1);
  }
}

static void play_oversized_only(struct kernel *kernel) {
  unsigned char bytes[4000] = {0};
  struct nlmsghdr header = {.nlmsg_len = sizeof(bytes),
                            .nlmsg_type = ANSWER_FAMILY,
                            .nlmsg_seq = kernel->requests[0].sequence};
  memcpy(bytes, &header, sizeof(header));
  send_bytes(kernel, bytes, sizeof(bytes));
}

static void gives_up_waiting(void **state) {
  (void)state;
  static const struct {
    const char *name;
    void (*play)(struct kernel *kernel);
  } cases[] = {
      {"nothing", play_nothing},
      {"all but one", play_all_but_one},
      {"strays only", play_strays_only},
      {"oversized only", play_oversized_only},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct kernel kernel;
    struct query *query = start_kernel(&kernel, cases[i].play);
    uint32_t ids[3] = {1, 2, 3};
    struct query_answer answers[3];

    uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
    assert_case_int(cases[i].name,
                    query_records(query, MESSAGE_PROCESS, ids, 3, answers),
                    -ETIMEDOUT);
    assert_case(cases[i].name, clock_ns(CLOCK_MONOTONIC) - begin_ns >=
                                   QUERY_TIMEOUT_MS * UINT64_C(900000));
    end_kernel(&kernel, query);
  }
}

static void play_close(struct kernel *kernel) {
  answer_request(kernel, &kernel->requests[0]);
  shutdown(kernel->fd, SHUT_RDWR);
}

static void fails_with_its_socket(void **state) {
  (void)state;
  uint32_t ids[3] = {1, 2, 3};
  struct query_answer answers[3];

  struct kernel kernel;
  struct query *query = start_kernel(&kernel, play_close);
  assert_true(query_records(query, MESSAGE_PROCESS, ids, 3, answers) < 0);
  /* Already closed when the request is sent: this causes no signal. */
  assert_int_equal(query_records(query, MESSAGE_PROCESS, ids, 3, answers),
                   -EPIPE);
  end_kernel(&kernel, query);

  struct query *none = NULL;
  assert_int_equal(query_attach(-1, ANSWER_FAMILY, &none), -EBADF);
  query_close(NULL);
}

/* The real kernel */

static void fails_without_descriptors(void **state) {
  (void)state;
  skip_if_emulated("netlink");
  struct rlimit usual, none;
  struct query *query = NULL;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
  none = (struct rlimit){0, usual.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  int status = query_open(&query);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
  assert_int_equal(status, -EMFILE);
}

static struct query *open_or_skip(void) {
  skip_if_emulated("netlink");
  struct query *query = NULL;
  int status = query_open(&query);
  if (status == -ENOENT || status == -EPROTONOSUPPORT)
    skip(); /* no taskstats, or no generic netlink */
  assert_int_equal(status, 0);

  uint32_t self = (uint32_t)getpid();
  struct query_answer answer;
  assert_int_equal(query_records(query, MESSAGE_PROCESS, &self, 1, &answer), 0);
  if (answer.error == -EPERM) {
    query_close(query);
    skip();
  }
  return query;
}

static uint64_t own_clock(void) { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

static void burn(uint64_t ns) {
  for (uint64_t end = own_clock() + ns; own_clock() < end;)
    continue;
}

static void asks_the_kernel_for_its_own_record(void **state) {
  (void)state;
  struct query *query = open_or_skip();
  static const enum message_target targets[] = {MESSAGE_PROCESS,
                                                MESSAGE_THREAD};
  uint32_t ids[QUERY_BATCH];
  struct query_answer answers[QUERY_BATCH];
  for (size_t i = 0; i < QUERY_BATCH; i++)
    ids[i] = (uint32_t)getpid();

  for (size_t t = 0; t < COUNT_OF(targets); t++) {
    burn(20000000);
    pause_ms(1); /* so that its CPU time is accounted */
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
    assert_int_equal(
        query_records(query, targets[t], ids, QUERY_BATCH, answers), 0);
    uint64_t clock = own_clock();
    for (size_t i = 0; i < QUERY_BATCH; i++) {
      const struct record *record = &answers[i].record;
      assert_int_equal(answers[i].error, 0);
      assert_in_range(record->version, 8, 1000);
      assert_in_range(record->cpu_ns, 20000000, clock);
      assert_in_range(record->waits[DELAY_CPU], 1, 1000000000);
      assert_in_range(record->switches_voluntary, usage.ru_nvcsw, 1000000000);
      assert_false(record_is_blank(record));
    }
  }
  query_close(query);
}

static void finds_a_vanished_process_gone(void **state) {
  (void)state;
  struct query *query = open_or_skip();
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0)
    _exit(0);
  assert_int_equal(waitpid(child, NULL, 0), child);

  uint32_t ids[3] = {(uint32_t)getpid(), (uint32_t)child, (uint32_t)getpid()};
  struct query_answer answers[3];
  assert_int_equal(query_records(query, MESSAGE_PROCESS, ids, 3, answers), 0);
  assert_int_equal(answers[0].error, 0);
  assert_int_equal(answers[1].error, -ESRCH);
  assert_int_equal(answers[2].error, 0);
  query_close(query);
}

enum { ENDED_SLEEPS = 200 };

static void *wait_and_end(void *arg) {
  sleep_often(RUSAGE_THREAD, ENDED_SLEEPS);
  return arg;
}

static uint64_t own_switches(struct query *query) {
  uint32_t self = (uint32_t)getpid();
  struct query_answer answer;
  assert_int_equal(query_records(query, MESSAGE_PROCESS, &self, 1, &answer), 0);
  assert_int_equal(answer.error, 0);
  return answer.record.switches_voluntary;
}

/* The result must agree with the record of a thread of the test. */
static void finds_whether_ended_threads_count(void **state) {
  (void)state;
  struct query *query = open_or_skip();
  bool counts, again;
  assert_int_equal(query_counts_ended_threads(query, &counts), 0);

  pthread_t thread;
  uint64_t before = own_switches(query);
  assert_int_equal(pthread_create(&thread, NULL, wait_and_end, NULL), 0);
  pthread_join(thread, NULL);
  bool left_some = own_switches(query) >= before + ENDED_SLEEPS;
  assert_int_equal(counts, left_some);

  assert_int_equal(query_counts_ended_threads(query, &again), 0);
  assert_int_equal(again, counts);
  query_close(query);
}

static void play_say_little(struct kernel *kernel) {
  struct record record = {.version = 16, .cpu_ns = 1, .switches_voluntary = 2};
  for (size_t i = 0; i < kernel->count; i++)
    send_record(kernel, &kernel->requests[i], kernel->requests[i].id, &record);
}

static void play_say_much(struct kernel *kernel) {
  struct record record = {
      .version = 16, .cpu_ns = 1, .switches_voluntary = INT64_MAX};
  for (size_t i = 0; i < kernel->count; i++)
    send_record(kernel, &kernel->requests[i], kernel->requests[i].id, &record);
}

static void play_forbid(struct kernel *kernel) {
  for (size_t i = 0; i < kernel->count; i++)
    refuse_request(kernel, &kernel->requests[i], -EPERM);
}

/* The same with answers of other kernels. */
static void judges_kernels_by_ended_threads(void **state) {
  (void)state;
  struct kernel kernel;
  bool counts = true;

  struct query *query = start_kernel(&kernel, play_say_little);
  assert_int_equal(query_counts_ended_threads(query, &counts), 0);
  assert_false(counts);
  end_kernel(&kernel, query);

  query = start_kernel(&kernel, play_say_much);
  assert_int_equal(query_counts_ended_threads(query, &counts), 0);
  assert_true(counts);
  end_kernel(&kernel, query);

  query = start_kernel(&kernel, play_forbid);
  assert_int_equal(query_counts_ended_threads(query, &counts), -EPERM);
  end_kernel(&kernel, query);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_each_id_its_answer),
      cmocka_unit_test(tells_whose_answer_failed),
      cmocka_unit_test(limits_a_batch),
      cmocka_unit_test(gives_up_waiting),
      cmocka_unit_test(fails_with_its_socket),
      cmocka_unit_test(fails_without_descriptors),
      cmocka_unit_test(asks_the_kernel_for_its_own_record),
      cmocka_unit_test(finds_a_vanished_process_gone),
      cmocka_unit_test(finds_whether_ended_threads_count),
      cmocka_unit_test(judges_kernels_by_ended_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
