/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MUTEX_H
#define TASKSTATS_MUTEX_H

#include <pthread.h>

/*
 * Locks, and annotations that say what they guard. clang checks them
 * (-Wthread-safety; ./build.sh lint does); gcc knows none of them.
 *
 * In C an annotation of a field can name a global lock, but neither one of the
 * same struct nor that of another object. Where an object has a lock of its
 * own, a global one that is declared and never defined stands for it; the
 * functions that take and release the real one say that they take and release
 * this one. It does not tell two objects of a type from each other: the plugin
 * has one of each.
 *
 * Not checked are
 * - calls through pointers to functions, and what is reached through an address
 *   that was taken before;
 * - fields that one thread alone writes, with the lock, and so may read without
 *   it, while others need it. Such a field has a comment.
 */

#ifdef __clang__
#define ANNOTATE(...) __attribute__((__VA_ARGS__))
#else
#define ANNOTATE(...)
#endif

/* A field, or a global variable: is read and written with the lock. */
#define GUARDED_BY(lock) ANNOTATE(guarded_by(lock))

/* A function: the caller holds the lock. */
#define REQUIRES(lock) ANNOTATE(requires_capability(lock))

/* The caller does not hold it. */
#define EXCLUDES(lock) ANNOTATE(locks_excluded(lock))

/* Takes it, or releases it. */
#define ACQUIRES(lock) ANNOTATE(acquire_capability(lock))
#define RELEASES(lock) ANNOTATE(release_capability(lock))

/* Is not checked: it makes or destroys an object that no other thread knows, or
 * it takes the lock for which another one stands. */
#define UNCHECKED ANNOTATE(no_thread_safety_analysis)

struct ANNOTATE(capability("mutex")) mutex {
  pthread_mutex_t pthread; /* for pthread_cond_wait */
};

/* Releases of clang-format differ about braces in macros. */
/* clang-format off */
#define MUTEX_INITIALIZER {PTHREAD_MUTEX_INITIALIZER}
/* clang-format on */

static inline void mutex_init(struct mutex *mutex) {
  pthread_mutex_init(&mutex->pthread, NULL);
}

static inline void mutex_destroy(struct mutex *mutex) {
  pthread_mutex_destroy(&mutex->pthread);
}

static inline void mutex_lock(struct mutex *mutex) ACQUIRES(mutex) UNCHECKED {
  pthread_mutex_lock(&mutex->pthread);
}

static inline void mutex_unlock(struct mutex *mutex) RELEASES(mutex) UNCHECKED {
  pthread_mutex_unlock(&mutex->pthread);
}

#endif
