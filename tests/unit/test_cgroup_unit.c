/* SPDX-License-Identifier: MIT */
#include "select/cgroup_unit.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>

#define ID "4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d0123"
#define SHORT_ID "4f1c9e0b7a2d"
#define POD "pod2b5f1d3c-9a41-4b0e-8f0a-5d7f3f0f6c11"
#define SLICE_POD "pod2b5f1d3c_9a41_4b0e_8f0a_5d7f3f0f6c11"
#define USER "/user.slice/user-1000.slice/user@1000.service/"

enum { NAME_SIZE = 256 };

static void finds_the_last_unit(void **state) {
  (void)state;
  static const struct {
    const char *path, *name; /* NULL: none */
  } cases[] = {
      /* systemd */
      {"/init.scope", "init.scope"},
      {"/system.slice", "system.slice"},
      {"/system.slice/nginx.service", "nginx.service"},
      {"/system.slice/system-getty.slice/getty@tty1.service",
       "getty@tty1.service"},
      {"/system.slice/dbus.socket", "dbus.socket"},
      {"/system.slice/dev-hugepages.mount", "dev-hugepages.mount"},
      {"/system.slice/dev-sda2.swap", "dev-sda2.swap"},
      {"/user.slice/user-1000.slice/session-3.scope", "session-3.scope"},
      {USER "init.scope", "init.scope"},
      {"/user.slice/user-1000.slice/user@1000.service", "user@1000.service"},
      {USER "app.slice/firefox.service", "firefox.service"},
      {USER "app.slice/app-gnome-org.gnome.Terminal-4711.scope",
       "app-gnome-org.gnome.Terminal-4711.scope"},
      {"/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator",
       "machine-qemu\\x2d1\\x2dweb.scope"},
      {"/machine.slice/systemd-nspawn@web.service/payload",
       "systemd-nspawn@web.service"},
      /* Below a unit */
      {"/system.slice/foo.service/workers", "foo.service"},
      {"/system.slice/foo.service/a/b", "foo.service"},
      {"/system.slice/foo.service/" SHORT_ID, "foo.service"},
      /* What could be one of the kernel's files */
      {"/system.slice/_cpu.service", "cpu.service"},

      /* docker */
      {"/system.slice/docker-" ID ".scope", SHORT_ID},
      {"/system.slice/docker-" ID ".scope/init", SHORT_ID},
      {USER "user.slice/docker-" ID ".scope", SHORT_ID},
      {"/docker/" ID, SHORT_ID},
      {"/docker/" ID "/init.scope", SHORT_ID},
      {"/docker/buildx/docker/" ID, SHORT_ID},

      /* podman */
      {"/machine.slice/libpod-" ID ".scope", SHORT_ID},
      {"/machine.slice/libpod-" ID ".scope/container", SHORT_ID},
      {USER "user.slice/libpod-" ID ".scope/container", SHORT_ID},
      {"/libpod_parent/libpod-" ID, SHORT_ID},
      {"/machine.slice/libpod-conmon-" ID ".scope",
       "libpod-conmon-" SHORT_ID ".scope"},
      {"/libpod_parent/conmon", NULL},
      {"/system.slice/web.service/libpod-payload-" ID, "web.service"},

      /* kubelet: containerd, CRI-O and docker */
      {"/kubepods.slice/kubepods-" SLICE_POD ".slice/cri-containerd-" ID
       ".scope",
       SHORT_ID},
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" SLICE_POD
       ".slice/crio-" ID ".scope",
       SHORT_ID},
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" SLICE_POD
       ".slice/crio-conmon-" ID ".scope",
       "crio-conmon-" SHORT_ID ".scope"},
      {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort"
       "-" SLICE_POD ".slice/docker-" ID ".scope",
       SHORT_ID},
      {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort"
       "-" SLICE_POD ".slice",
       "kubepods-besteffort-" SLICE_POD ".slice"},
      {"/kubepods/burstable/" POD "/" ID, SHORT_ID},
      {"/kubepods/" POD "/" ID, SHORT_ID},
      {"/kubepods/besteffort/" POD "/crio-" ID, SHORT_ID},
      {"/kubepods/besteffort/" POD "/crio-conmon-" ID, NULL},
      {"/kubepods/burstable/" POD, NULL},
      {"/kubelet.slice/kubelet-kubepods.slice:cri-containerd:" ID, SHORT_ID},
      {"/system.slice/containerd.service/kubepods-besteffort-" SLICE_POD
       ".slice:cri-containerd:" ID,
       SHORT_ID},
      {"/system.slice/nerdctl-" ID ".scope", SHORT_ID},

      /* A namespace's view */
      {"/../nginx.service", "nginx.service"},
      {"/../../" ID, SHORT_ID},

      /* None */
      {"/", NULL},
      {"", NULL},
      {"/..", NULL},
      {"/lxc/web", NULL},
      {"/.service", NULL},
      {"/nginx.services", NULL},
      {"/nginx.timer", NULL},
      {"/docker", NULL},
      {"/docker/" SHORT_ID, NULL},
      {"/docker/a" ID, NULL},
      {"/docker/docker-a" ID, NULL},
      {"/docker/" ID "x", NULL},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char name[NAME_SIZE] = "";
    assert_case_int(cases[i].path,
                    cgroup_unit_name(cases[i].path, name, sizeof(name)),
                    cases[i].name != NULL);
    if (cases[i].name != NULL)
      assert_case_string(cases[i].path, name, cases[i].name);
  }
}

static void cuts_what_is_too_long(void **state) {
  (void)state;
  char name[8];
  assert_true(cgroup_unit_name("/system.slice/nginx.service/x", name, 8));
  assert_string_equal(name, "nginx.s");
  assert_true(cgroup_unit_name("/docker/" ID, name, 8));
  assert_string_equal(name, "4f1c9e0");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_last_unit),
      cmocka_unit_test(cuts_what_is_too_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
