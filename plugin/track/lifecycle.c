/* SPDX-License-Identifier: MIT */
#include "track/lifecycle.h"

struct transition {
  enum process_state next;
  enum process_action action;
};

static const struct transition transitions[PROCESS_STATES][PROCESS_FACTS] = {
    [PROCESS_ANNOUNCED] =
        {
            [FACT_LISTED] = {PROCESS_LISTED, ACTION_RESOLVE},
            [FACT_UNLISTED] = {PROCESS_ANNOUNCED, ACTION_FORGET},
            [FACT_EXITED] = {PROCESS_EXITED, ACTION_RESOLVE_EXIT},
        },
    [PROCESS_LISTED] =
        {
            [FACT_LISTED] = {PROCESS_LISTED, ACTION_SAMPLE},
            [FACT_UNLISTED] = {PROCESS_LISTED, ACTION_FORGET},
            [FACT_EXITED] = {PROCESS_ENDING, ACTION_COUNT_EXIT},
        },
    [PROCESS_EXITED] =
        {
            [FACT_LISTED] = {PROCESS_ENDING, ACTION_SAMPLE_ENDING},
            [FACT_UNLISTED] = {PROCESS_EXITED, ACTION_FORGET},
            [FACT_EXITED] = {PROCESS_EXITED, ACTION_NONE},
        },
    [PROCESS_ENDING] =
        {
            [FACT_LISTED] = {PROCESS_ENDING, ACTION_SAMPLE_ENDING},
            [FACT_UNLISTED] = {PROCESS_ENDING, ACTION_FORGET},
            [FACT_EXITED] = {PROCESS_ENDING, ACTION_NONE},
        },
};

enum process_action lifecycle_action(enum process_state state,
                                     enum process_fact fact) {
  return transitions[state][fact].action;
}

enum process_action lifecycle_advance(enum process_state *state,
                                      enum process_fact fact) {
  const struct transition *transition = &transitions[*state][fact];
  *state = transition->next;
  return transition->action;
}
