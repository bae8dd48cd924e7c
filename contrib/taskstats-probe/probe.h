/* SPDX-License-Identifier: MIT */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

/* The commands. Each parses its own arguments, of which the first is its name,
 * and returns an exit status. */
int check_main(int argc, char **argv);
int get_main(int argc, char **argv);
int listen_main(int argc, char **argv);
int capture_main(int argc, char **argv);

#endif
