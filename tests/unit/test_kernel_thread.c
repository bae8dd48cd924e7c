/* SPDX-License-Identifier: MIT */
#include "select/kernel_thread.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>

/* Names as /proc/<pid>/comm and exit records have them, which cut them after 15
 * characters. */
static void finds_the_pool(void **state) {
  (void)state;
  static const struct {
    const char *comm, *pool;
  } cases[] = {
      /* Workers: of a CPU, of none, with a low nice value, rescuers */
      {"kworker/0:1", "kworker"},
      {"kworker/0:1-events", "kworker"},
      {"kworker/127:2H-kblockd", "kworker"},
      {"kworker/u8:1-events_unbound", "kworker"},
      {"kworker/u257:0+flush-254:0", "kworker"},
      {"kworker/R-kblockd", "kworker"},
      {"kworker/R-xfs-b", "kworker"},
      {"kworker/dying", "kworker"},
      /* One a CPU */
      {"ksoftirqd/0", "ksoftirqd"},
      {"ksoftirqd/127", "ksoftirqd"},
      {"migration/3", "migration"},
      {"cpuhp/7", "cpuhp"},
      {"idle_inject/12", "idle_inject"},
      {"rcuop/5", "rcuop"},
      {"rcuog/4", "rcuog"},
      {"rcuc/15", "rcuc"},
      {"ktimers/2", "ktimers"},
      {"irq_work/1", "irq_work"},
      {"backlog_napi/12", "backlog_napi"},
      {"rcu_exp_par_gp_kthread_worker/1", "rcu_exp_par_gp_kthread_worker"},
      /* One an interrupt, a host, a queue, a virtual machine */
      {"irq/9-acpi", "irq"},
      {"irq/25-ACPI:Ged", "irq"},
      {"irq/134-nvme0q12", "irq"},
      {"irq/123-s-mlx5", "irq"},
      {"scsi_eh_0", "scsi_eh"},
      {"scsi_tmf_12", "scsi_tmf"},
      {"napi/eth0-8193", "napi"},
      {"vhost-1234", "vhost"},
      {"kvm-pit/4711", "kvm-pit"},
      /* Of a node, a disk, a file system: there are few, and they differ */
      {"kswapd0", "kswapd0"},
      {"kcompactd1", "kcompactd1"},
      {"jbd2/sda1-8", "jbd2/sda1-8"},
      {"xfsaild/dm-0", "xfsaild/dm-0"},
      {"md0_raid1", "md0_raid1"},
      {"loop7", "loop7"},
      {"kdmflush/253:0", "kdmflush/253:0"},
      {"rcu_preempt", "rcu_preempt"},
      {"kthreadd", "kthreadd"},
      {"rcu_exp_gp_kthr", "rcu_exp_gp_kthr"},
      /* No name, or nothing but a number */
      {"", ""},
      {"7", "7"},
      {"/7", "/7"},
      {"x/", "x/"},
      {"kworker", "kworker"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char pool[64];
    snprintf(pool, sizeof(pool), "%.*s",
             (int)kernel_thread_pool_length(cases[i].comm), cases[i].comm);
    assert_case_string(cases[i].comm, pool, cases[i].pool);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_pool),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
