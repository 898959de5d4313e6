/* Preloaded into a process, lets its wall clock lie TALLYGATE_DAYS_OFF days ahead, or behind when negative. Its monotonic
   clock stays the machine's, and waits that end at a wall-clock time end when they should. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>

/* No monotonic clock comes so far; a wall clock that is nearly right is beyond. */
#define WALL_CLOCK 1000000000L

static long offset(void) {
    static long seconds;
    static int known;
    if (!known) {
        const char *days = getenv("TALLYGATE_DAYS_OFF");
        seconds = days ? atol(days) * 86400L : 0;
        known = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, time);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset();
    return failed;
}

__attribute__((optimize("O0"))) int gettimeofday(struct timeval *time, void *zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
    int failed = real(time, zone);
    if (!failed && time) time->tv_sec += offset();
    return failed;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *time, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}

static struct timespec right(const struct timespec *until) {
    struct timespec right = *until;
    if (right.tv_sec > WALL_CLOCK) right.tv_sec -= offset();
    return right;
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    static int (*real)(cnd_t *, mtx_t *, const struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "cnd_timedwait");
    struct timespec time = right(until);
    return real(condition, mutex, &time);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    /* Of the two there are on some machines, the one that programs of today mean. */
    if (!real) real = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real) real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec time = right(until);
    return real(condition, mutex, &time);
}
