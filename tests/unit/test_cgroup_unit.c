/* SPDX-License-Identifier: MIT */
#include "select/cgroup_unit.h"

#include "support/test.h"
#include "support/tree.h"

#include <stdio.h>
#include <string.h>

#define ID "4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d4f1c9e0b7a2d0123"
#define SHORT_ID "4f1c9e0b7a2d"
#define OTHER_ID                                                               \
  "91c57c2ae87a8d57123bbb3083b3e158b911c4fd485da131f636f83f979b092c"
#define TASK "8cd79a803caf4d2aa945152e934a5c00"
#define POD "pod2b5f1d3c-9a41-4b0e-8f0a-5d7f3f0f6c11"
#define SLICE_POD "pod2b5f1d3c_9a41_4b0e_8f0a_5d7f3f0f6c11"
#define BURSTABLE                                                              \
  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" SLICE_POD     \
  ".slice/"
#define BESTEFFORT                                                             \
  "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" SLICE_POD   \
  ".slice"
#define USER "/user.slice/user-1000.slice/user@1000.service/"
#define SNAP "snap.firefox.firefox-f10f877c-1072-4caa-a0db-f095531d624f.scope"

enum { PID = 12 };

/* As systemd-cgls and /proc/<pid>/cgroup show them: of Debian, Ubuntu, Fedora,
 * RHEL, Arch, Alpine, Proxmox, Amazon Linux, Flatcar, OpenShift, k3s, kind. */
static const struct {
  const char *path, *name; /* NULL: none */
} units[] = {
    /* systemd */
    {"/init.scope", "init.scope"},
    {"/system.slice", "system.slice"},
    {"/system.slice/nginx.service", "nginx.service"},
    {"/system.slice/dbus.service", "dbus.service"},
    {"/system.slice/system-getty.slice/getty@tty1.service",
     "getty@tty1.service"},
    {"/system.slice/system-postgresql.slice/postgresql@15-main.service",
     "postgresql@15-main.service"},
    {"/system.slice/system-serial\\x2dgetty.slice/serial-getty@ttyS0.service",
     "serial-getty@ttyS0.service"},
    {"/system.slice/dbus.socket", "dbus.socket"},
    {"/system.slice/dev-hugepages.mount", "dev-hugepages.mount"},
    {"/system.slice/dev-disk-by\\x2duuid-0a1b.swap",
     "dev-disk-by\\x2duuid-0a1b.swap"},
    {"/system.slice/systemd-udevd.service/udev", "systemd-udevd.service"},
    {"/system.slice/run-r5a1f0c7d3b6e4a0fb1de7ab1c8ab5c2d.scope",
     "run-r5a1f0c7d3b6e4a0fb1de7ab1c8ab5c2d.scope"},
    {"/system.slice/containerd.service", "containerd.service"},
    {"/srv.slice/web.service", "web.service"},
    {"/nomad.slice/share.slice/b3a5e0f4-7c8e.web.scope",
     "b3a5e0f4-7c8e.web.scope"},
    /* What could be one of the kernel's files */
    {"/system.slice/_cpu.service", "cpu.service"},
    /* Below a unit: ignored */
    {"/system.slice/foo.service/workers", "foo.service"},
    {"/system.slice/foo.service/a/b", "foo.service"},
    {"/system.slice/foo.service/" SHORT_ID, "foo.service"},
    {"/system.slice/foo.service/init.scope", "foo.service"},
    {"/system.slice/foo.service/user@0.service/dbus.service", "foo.service"},

    /* Users: their units are not the system's */
    {"/user.slice/user-1000.slice/session-3.scope", "session-3.scope"},
    {"/user.slice/user-0.slice/session-c1.scope", "session-c1.scope"},
    {"/user.slice/user-1000.slice/user@1000.service", "user@1000.service"},
    {"/user.slice/user-1000.slice/user-runtime-dir@1000.service",
     "user-runtime-dir@1000.service"},
    {USER "init.scope", "user-1000-init.scope"},
    {USER "dbus.service", "user-1000-dbus.service"},
    {USER "app.slice/dbus.service", "user-1000-dbus.service"},
    {USER "session.slice/xdg-desktop-portal.service",
     "user-1000-xdg-desktop-portal.service"},
    {USER "session.slice/org.gnome.Shell@wayland.service",
     "user-1000-org.gnome.Shell@wayland.service"},
    {USER "app.slice/app-gnome-org.gnome.Terminal-4711.scope",
     "user-1000-app-gnome-org.gnome.Terminal-4711.scope"},
    {USER "app.slice/app-at\\x2dspi\\x2ddbus\\x2dbus@autostart.service",
     "user-1000-app-at\\x2dspi\\x2ddbus\\x2dbus@autostart.service"},
    {USER "app.slice", "user-1000-app.slice"},
    {USER "app.slice/_cpu.service", "user-1000-cpu.service"},
    {USER "user@0.service/dbus.service", "user-1000-user@0.service"},
    /* Snaps */
    {USER "app.slice/" SNAP, "user-1000-" SNAP},
    {"/user.slice/user-0.slice/user@0.service/snap.hello.hello.scope",
     "user-0-snap.hello.hello.scope"},
    {"/system.slice/snap.lxd.daemon.service", "snap.lxd.daemon.service"},
    {"/snap.foo.slice/snap.foo.web.service", "snap.foo.web.service"},

    /* Machines: units in them belong to the machine */
    {"/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator",
     "machine-qemu\\x2d1\\x2dweb.scope"},
    {"/machine.slice/machine-lxc\\x2d1268\\x2dsl.scope/system.slice/a.service",
     "machine-lxc\\x2d1268\\x2dsl.scope"},
    {"/machine.slice/machine-web\\x2d1.scope/payload/init.scope",
     "machine-web\\x2d1.scope"},
    {"/machine.slice/machine-web.scope/supervisor", "machine-web.scope"},
    {"/machine.slice/systemd-nspawn@web.service/payload",
     "systemd-nspawn@web.service"},
    {"/machine.slice/systemd-nspawn@web.service/payload/system.slice/"
     "nginx.service",
     "systemd-nspawn@web.service"},
    {"/machine.slice/systemd-nspawn@web.service/system.slice/nginx.service",
     "systemd-nspawn@web.service"}, /* before systemd 240 */
    {"/machine.slice/systemd-nspawn@web.service/payload/user.slice/"
     "user-1000.slice/user@1000.service/dbus.service",
     "systemd-nspawn@web.service"},
    {"/machine.slice/systemd-nspawn@web.service/payload/system.slice/"
     "docker-" ID ".scope",
     SHORT_ID},
    {USER "leaky.scope/payload/system.slice/dbus-broker.service",
     "user-1000-leaky.scope"},
    {"/machine/lxc-1268-sl.libvirt-lxc", "lxc-1268-sl.libvirt-lxc"},
    {"/machine/qemu-1-web.libvirt-qemu/emulator", "qemu-1-web.libvirt-qemu"},

    /* LXC, LXD, Incus, Proxmox */
    {"/lxc/web", "web"},
    {"/lxc/php/system.slice/systemd-update-utmp.service", "php"},
    {"/lxc/mysql-1/user.slice/user-0.slice/user@0.service", "mysql-1"},
    {"/lxc/101/ns/system.slice/postfix@-.service", "101"},
    {"/lxc.payload/web/init.scope", "web"},
    {"/lxc.payload.web", "web"},
    {"/lxc.payload.web.local/system.slice/nginx.service", "web.local"},
    {"/user.slice/user-1000.slice/session-3.scope/lxc.payload.web/init.scope",
     "web"},
    {"/lxc.payload.c1/system.slice/docker-" ID ".scope", SHORT_ID},
    {"/lxc.monitor/web", NULL},
    {"/lxc.monitor.web", NULL},
    {"/user.slice/user-0.slice/session-1.scope/lxc.monitor.web",
     "session-1.scope"},

    /* docker */
    {"/system.slice/docker-" ID ".scope", SHORT_ID},
    {"/system.slice/docker-" ID ".scope/init", SHORT_ID},
    {"/system.slice/docker-" ID ".scope/system.slice/cron.service", SHORT_ID},
    {"/build.slice/docker-" ID ".scope", SHORT_ID},
    {USER "user.slice/docker-" ID ".scope", SHORT_ID},
    {"/docker/" ID, SHORT_ID},
    {"/docker/" ID "/init.scope", SHORT_ID},
    {"/docker/" ID "/system.slice/opendkim.service", SHORT_ID},
    {"/docker/buildx/docker/" ID, SHORT_ID},
    {"/docker/" OTHER_ID "/docker/" ID, SHORT_ID},
    {"/docker/" OTHER_ID "/kubelet/kubepods/besteffort/" POD "/" ID, SHORT_ID},
    {"/system.slice/docker.service/docker/" ID, SHORT_ID},
    {"/" ID, SHORT_ID},

    /* podman */
    {"/machine.slice/libpod-" ID ".scope", SHORT_ID},
    {"/machine.slice/libpod-" ID ".scope/container", SHORT_ID},
    {"/machine.slice/machine-libpod_pod_" OTHER_ID ".slice/libpod-" ID
     ".scope/container",
     SHORT_ID},
    {"/machine.slice/libpod-" ID ".scope/container/system.slice/httpd.service",
     SHORT_ID},
    {USER "user.slice/libpod-" ID ".scope/container", SHORT_ID},
    {USER "user.slice/user-libpod_pod_" OTHER_ID ".slice/libpod-" ID
          ".scope/container",
     SHORT_ID},
    {"/libpod_parent/libpod-" ID, SHORT_ID},
    {"/machine.slice/libpod-conmon-" ID ".scope",
     "libpod-conmon-" SHORT_ID ".scope"},
    {USER "user.slice/libpod-conmon-" ID ".scope",
     "user-1000-libpod-conmon-" SHORT_ID ".scope"},
    {"/libpod_parent/conmon", NULL},
    /* with quadlet, or --cgroups=split */
    {"/system.slice/web.service/libpod-payload-" ID, SHORT_ID},
    {"/system.slice/web.service/libpod-payload-" ID "/init.scope", SHORT_ID},
    {USER "app.slice/web.service/libpod-payload-" ID, SHORT_ID},
    {"/system.slice/web.service/runtime", "web.service"},
    {"/system.slice/web.service/supervisor", "web.service"},
    {USER "app.slice/web.service/runtime", "user-1000-web.service"},

    /* kubelet: containerd, CRI-O and docker */
    {"/kubepods.slice/kubepods-" SLICE_POD ".slice/cri-containerd-" ID ".scope",
     SHORT_ID},
    {BURSTABLE "crio-" ID ".scope", SHORT_ID},
    {BURSTABLE "crio-" ID ".scope/container", SHORT_ID},
    {BURSTABLE "crio-conmon-" ID ".scope", "crio-conmon-" SHORT_ID ".scope"},
    {"/system.slice/crio-conmon-" ID ".scope",
     "crio-conmon-" SHORT_ID ".scope"},
    {BESTEFFORT "/docker-" ID ".scope", SHORT_ID},
    {BESTEFFORT, "kubepods-besteffort-" SLICE_POD ".slice"},
    {"/kubepods/burstable/" POD "/" ID, SHORT_ID},
    {"/kubepods/" POD "/" ID, SHORT_ID},
    {"/kubepods/besteffort/" POD "/crio-" ID, SHORT_ID},
    {"/kubepods/besteffort/" POD "/crio-conmon-" ID, NULL},
    {"/kubepods/burstable/" POD, NULL},
    {"/kubelet.slice/kubelet-kubepods.slice:cri-containerd:" ID, SHORT_ID},
    {"/system.slice/containerd.service/kubepods-besteffort-" SLICE_POD
     ".slice:cri-containerd:" ID,
     SHORT_ID},
    {"/system.slice/docker-" OTHER_ID
     ".scope/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" ID ".scope",
     SHORT_ID},
    {"/system.slice/nerdctl-" ID ".scope", SHORT_ID},
    {"/default/" ID, SHORT_ID},

    /* ECS */
    {"/ecs/" TASK "/" ID, SHORT_ID},
    {"/ecs/web/" TASK "/" ID, SHORT_ID},
    {"/ecs/" TASK "/" TASK "-1053176469", TASK "-1053176469"},
    {"/ecstasks.slice/ecstasks-" TASK ".slice/docker-" ID ".scope", SHORT_ID},
    {"/ecs/" TASK, NULL},
    {"/ecs/" TASK "/" TASK "-", NULL},
    {"/ecs/" TASK "/" TASK "-12x", NULL},

    /* None */
    {"/", NULL},
    {"", NULL},
    {"/.service", NULL},
    {"/nginx.services", NULL},
    {"/nginx.timer", NULL},
    {"/docker", NULL},
    {"/docker/" SHORT_ID, NULL},
    {"/docker/a" ID, NULL},
    {"/docker/docker-a" ID, NULL},
    {"/docker/" ID "x", NULL},
    {"/lxc", NULL},
    {"/lxc.payload.", NULL},
    {USER "user@.service", "user-1000-user@.service"},
};

static void expect_name(const char *path, const char *name) {
  char found[CGROUP_UNIT_SIZE] = "";
  assert_case_int(path, cgroup_unit_name(path, found, sizeof(found)),
                  name != NULL);
  if (name != NULL)
    assert_case_string(path, found, name);
}

static void names_the_unit(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(units); i++)
    expect_name(units[i].path, units[i].name);
  /* As seen in a cgroup namespace */
  expect_name("/..", NULL);
  expect_name("/../nginx.service", "nginx.service");
  expect_name("/../../" ID, SHORT_ID);
}

static void cuts_what_is_too_long(void **state) {
  (void)state;
  static const struct {
    const char *path, *name;
  } cases[] = {{"/system.slice/nginx.service/x", "nginx.s"},
               {"/docker/" ID, "4f1c9e0"},
               {"/lxc/a-container", "a-conta"},
               {"/user@1.service/nginx.service", "user-1-"},
               {"/user@10000.service/nginx.service", "user-10"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char name[8];
    assert_true(cgroup_unit_name(cases[i].path, name, sizeof(name)));
    assert_case_string(cases[i].path, name, cases[i].name);
  }
}

/* Each of the hierarchies */

struct fixture {
  struct tree tree;
  struct procfs *proc;
};

static int set_up(void **state) {
  static struct fixture fixture;
  tree_create(&fixture.tree);
  assert_int_equal(procfs_open(fixture.tree.root, &fixture.proc), 0);
  *state = &fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  procfs_close(fixture->proc);
  tree_remove(&fixture->tree, "");
  return 0;
}

/* Asserts the unit of a process whose /proc/<pid>/cgroup has this text. */
static void expect_unit(struct fixture *fixture, const char *text,
                        const char *unit) {
  char path[PATH_MAX], name[CGROUP_UNIT_SIZE] = "";
  tree_put(&fixture->tree, "12/cgroup", text);
  int status = cgroup_unit_read_path(fixture->proc, PID, path, sizeof(path));
  if (status != 0 && unit != NULL)
    fail_msg("%s: %d instead of a path", text, status);
  bool found = status == 0 && cgroup_unit_name(path, name, sizeof(name));
  assert_case_int(text, found, unit != NULL);
  if (unit != NULL)
    assert_case_string(text, name, unit);
}

/* Writes a text with one path in the place of each "A", another one in that of
 * each "B". */
static void fill_in(const char *form, const char *a, const char *b, char *text,
                    size_t size) {
  size_t used = 0;
  for (; *form != '\0'; form++)
    used += *form == 'A' || *form == 'B'
                ? (size_t)snprintf(text + used, size - used, "%s",
                                   *form == 'A' ? a : b)
                : (size_t)snprintf(text + used, size - used, "%c", *form);
  assert_true(used < size);
}

static void is_told_by_either_version(void **state) {
  struct fixture *fixture = *state;
  static const char *const forms[] = {
      "0::A\n",
      "2:cpu,cpuacct:/x.service\n0::A\n",
      "12:memory:/x.service\n1:name=systemd:A\n",
      "1:name=systemd:A\n0::/\n",
      "0::A (deleted)\n",
  };
  for (size_t i = 0; i < COUNT_OF(units); i++)
    for (size_t f = 0; f < COUNT_OF(forms) && units[i].path[0] != '\0'; f++) {
      char text[PATH_MAX];
      fill_in(forms[f], units[i].path, NULL, text, sizeof(text));
      expect_unit(fixture, text, units[i].name);
    }
}

/* If both versions are in use, either of them, or another hierarchy of version
 * 1, may name the container; and any may come first. */
static void finds_a_container_in_any_hierarchy(void **state) {
  struct fixture *fixture = *state;
  static const struct {
    const char *container, *runtime, *name;
  } cases[] = {
      {"/docker/" ID, "/system.slice/containerd.service", SHORT_ID},
      {"/docker/" ID, "/system.slice/docker.service", SHORT_ID},
      {"/system.slice/docker-" ID ".scope", "/system.slice/docker.service",
       SHORT_ID},
      {"/system.slice/docker-" ID ".scope", USER "app.slice/a.scope", SHORT_ID},
      {"/kubepods/burstable/" POD "/" ID, "/system.slice/k3s.service",
       SHORT_ID},
      {"/kubepods/burstable/" POD "/" ID,
       "/system.slice/snap.microk8s.daemon-containerd.service", SHORT_ID},
      {BURSTABLE "crio-" ID ".scope", "/system.slice/crio.service", SHORT_ID},
      {"/machine.slice/libpod-" ID ".scope",
       "/user.slice/user-0.slice/session-2.scope", SHORT_ID},
      {"/ecs/" TASK "/" TASK "-1053176469", "/system.slice/ecs.service",
       TASK "-1053176469"},
      {"/lxc/web/system.slice/nginx.service", "/system.slice/lxc.service",
       "web"},
      {"/lxc.payload/web", "/init.scope", "web"},
  };
  static const char *const forms[] = {
      "1:name=systemd:A\n0::B\n",
      "0::B\n1:name=systemd:A\n",
      "1:name=systemd:B\n0::A\n",
      "0::A\n1:name=systemd:B\n",
      "4:memory:A\n1:name=systemd:B\n0::/\n",
      "4:memory:A\n1:name=systemd:B\n0::B\n",
      "0::B\n1:name=systemd:B\n4:memory:A\n",
      "0::B\n4:memory:A\n",
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    for (size_t f = 0; f < COUNT_OF(forms); f++) {
      char text[PATH_MAX];
      fill_in(forms[f], cases[i].container, cases[i].runtime, text,
              sizeof(text));
      expect_unit(fixture, text, cases[i].name);
    }
  /* Without systemd: Alpine, Amazon Linux 1 */
  expect_unit(fixture, "3:cpu:/docker/" ID "\n1:name=openrc:/docker\n",
              SHORT_ID);
  expect_unit(fixture, "9:perf_event:/ecs/" TASK "/" ID "\n", SHORT_ID);
  /* Outside the reader's own namespace, it has no name. */
  expect_unit(fixture, "0::/../" ID "\n", NULL);
  expect_unit(fixture, "2:cpu:/../" ID "\n0::/a.service\n", "a.service");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_the_unit),
      cmocka_unit_test(cuts_what_is_too_long),
      cmocka_unit_test_setup_teardown(is_told_by_either_version, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(finds_a_container_in_any_hierarchy,
                                      set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
