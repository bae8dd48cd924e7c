/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MUTEX_H
#define TASKSTATS_MUTEX_H

#include <pthread.h>

/*
 * Locks, and annotations of what they guard. clang checks them
 * (-Wthread-safety, in ./build.sh lint); gcc ignores them.
 *
 * In C, the annotation of a field can name a global lock, but not one in the
 * same struct or in another object. For an object with its own lock, a global
 * lock that is declared but never defined represents it; the functions that
 * acquire and release the real lock are annotated with the global one. This
 * does not distinguish two objects of one type: the plugin has one of each.
 *
 * Not checked are
 * - calls through function pointers, and accesses through an address that was
 *   taken before;
 * - fields that only one thread writes, with the lock, and that it may
 *   therefore read without the lock, while other threads need it. Such fields
 *   have a comment.
 */

#ifdef __clang__
#define ANNOTATE(...) __attribute__((__VA_ARGS__))
#else
#define ANNOTATE(...)
#endif

/* On a field or a global variable: it is read and written with the lock. */
#define GUARDED_BY(lock) ANNOTATE(guarded_by(lock))

/* On a function: the caller must hold the lock. */
#define REQUIRES(lock) ANNOTATE(requires_capability(lock))

/* The caller must not hold it. */
#define EXCLUDES(lock) ANNOTATE(locks_excluded(lock))

/* The function acquires, or releases it. */
#define ACQUIRES(lock) ANNOTATE(acquire_capability(lock))
#define RELEASES(lock) ANNOTATE(release_capability(lock))

/* Not checked: the function creates or destroys an object that no other thread
 * knows, or acquires the lock that another one represents. */
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
