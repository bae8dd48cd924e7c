/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_STEPS_H
#define TASKSTATS_STEPS_H

/*
 * Called by the simulated kernel's functions: meanwhile, the rest of the
 * machine and the plugin's other thread may continue.
 */
void steps_pause(void);

/* The reader begins to list /proc. */
void steps_note_listing(void);

#endif
