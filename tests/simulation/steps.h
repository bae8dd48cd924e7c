/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_STEPS_H
#define TASKSTATS_STEPS_H

/*
 * The simulated kernel's functions call this before they answer: the rest of
 * the machine, and the other thread of the plugin, may go on meanwhile.
 */
void steps_pause(void);

/* The reader begins to list /proc. */
void steps_note_listing(void);

#endif
