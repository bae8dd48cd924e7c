/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_STEPS_H
#define TASKSTATS_STEPS_H

/*
 * The simulated kernel's functions call this before they return: the rest of
 * the machine, and the plugin's other thread, may continue meanwhile.
 */
void steps_pause(void);

/* The reader begins to list /proc. */
void steps_note_listing(void);

#endif
