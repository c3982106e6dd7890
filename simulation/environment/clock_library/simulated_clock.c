/*
 * Puts a program on the simulated clock: preloaded (LD_PRELOAD), it answers what the program asks the C library about
 * the time from one page of memory that the harness writes. A look at the time costs no system call, takes no lock, and
 * leaves nothing behind: no file, no semaphore, no shared memory of a name.
 *
 *   SIMULATED_CLOCK_PAGE       path of the page, see simulation/clock_file.py
 *   SIMULATED_CLOCK_MONOTONIC  set: the monotonic clocks show the simulated time too, so that timers come due by it
 *
 * Both are read once, when the program starts; what it forks or executes inherits them. Without a page the time is real.
 * Waits until an absolute instant of the simulated clock become waits of the same length by the real one: the kernel
 * knows no other. Waits of a relative length, file times and processor time are real.
 *
 * Built with -nostdlib, and all it needs of the C library is resolved when it is loaded: it fits whichever glibc (or
 * musl) the program brings, an older one in a container too. Anything it could lack is declared weak.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#pragma weak dlsym
#define EXPORTED __attribute__((visibility("default")))

enum { MICRO = 1000000, NANO = 1000000000 };
#define MARK 0x314b434f4c434d53u         /* the page's first word: "SMCLOCK1" */
#define LATER_THAN_ANY_UPTIME 1000000000 /* seconds: beyond it an absolute time counts from 1970 */

/* A single aligned word, stored and loaded whole: a reader sees the old instant or the new one, never half of each. */
struct page {
    uint64_t mark;
    int64_t microseconds; /* since 1970 */
};

static const struct page none;  /* stands for: there is no page */
static const struct page *page; /* NULL until it was looked for */
static int (*next_clock_gettime)(clockid_t, struct timespec *);
static int monotonic_too;

static const struct page *look_for_page(void) {
    const struct page *found = &none, *before = NULL;
    const char *path = getenv("SIMULATED_CLOCK_PAGE");
    int saved = errno, file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        const struct page *mapped = mmap(NULL, sizeof *mapped, PROT_READ, MAP_SHARED, file, 0);
        close(file);
        if (mapped != MAP_FAILED && mapped->mark == MARK)
            found = mapped;
        else if (mapped != MAP_FAILED)
            munmap((void *)mapped, sizeof *mapped);
    }
    monotonic_too = getenv("SIMULATED_CLOCK_MONOTONIC") != NULL;
    errno = saved;
    /* Of two threads that look at once one wins, and the other's mapping stays unused: it costs nothing. */
    if (__atomic_compare_exchange_n(&page, &before, found, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return found;
    return before;
}

/* Before the program's first line: it may change its root, or close every file, before it asks for the time. */
__attribute__((constructor)) static void begin(void) {
    look_for_page();
    if (dlsym)
        next_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

/* Microseconds since 1970 by the simulated clock; 0 when there is none. */
static int64_t simulated(void) {
    const struct page *seen = __atomic_load_n(&page, __ATOMIC_ACQUIRE);
    if (!seen)
        seen = look_for_page();
    return seen == &none ? 0 : __atomic_load_n(&seen->microseconds, __ATOMIC_ACQUIRE);
}

static int is_simulated(clockid_t clock) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        return 1;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        return monotonic_too;
    default: /* processor time, devices */
        return 0;
    }
}

static int real(clockid_t clock, struct timespec *now) {
    if (next_clock_gettime) /* the C library's own needs no system call either */
        return next_clock_gettime(clock, now);
    return (int)syscall(SYS_clock_gettime, clock, now);
}

/* ---- what a program asks ------------------------------------------------------------------------------------------ */

EXPORTED int clock_gettime(clockid_t clock, struct timespec *now) {
    int64_t at = simulated();
    if (!at || !is_simulated(clock))
        return real(clock, now);
    now->tv_sec = at / MICRO;
    now->tv_nsec = at % MICRO * 1000;
    return 0;
}

EXPORTED int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec seen;
    clock_gettime(CLOCK_REALTIME, &seen);
    now->tv_sec = seen.tv_sec;
    now->tv_usec = seen.tv_nsec / 1000;
    if (zone)
        *(struct timezone *)zone = (struct timezone){0, 0};
    return 0;
}

EXPORTED time_t time(time_t *result) {
    struct timespec seen;
    clock_gettime(CLOCK_REALTIME, &seen);
    if (result)
        *result = seen.tv_sec;
    return seen.tv_sec;
}

EXPORTED int timespec_get(struct timespec *now, int base) {
    if (base != TIME_UTC)
        return 0;
    clock_gettime(CLOCK_REALTIME, now);
    return base;
}

/* Gone from today's headers, and still called by programs that were built with older ones. */
struct timeb {
    time_t time;
    unsigned short int millitm;
    short int timezone, dstflag;
};

EXPORTED int ftime(struct timeb *now) {
    struct timespec seen;
    clock_gettime(CLOCK_REALTIME, &seen);
    *now = (struct timeb){.time = seen.tv_sec, .millitm = (unsigned short)(seen.tv_nsec / MICRO)};
    return 0;
}

/* ---- waits until an instant --------------------------------------------------------------------------------------- */

/* How long it is until an instant of the simulated clock, at least a nanosecond. */
static struct timespec until(const struct timespec *instant) {
    int64_t at = simulated(), seconds = instant->tv_sec - at / MICRO;
    int64_t nanoseconds = instant->tv_nsec - at % MICRO * 1000;
    if (nanoseconds < 0) {
        nanoseconds += NANO;
        seconds--;
    }
    if (seconds < 0 || (seconds == 0 && nanoseconds == 0))
        return (struct timespec){0, 1};
    return (struct timespec){seconds, nanoseconds};
}

/* The instant of a real clock that is as far away as this one of the simulated clock. */
static struct timespec moved(const struct timespec *instant, clockid_t clock) {
    struct timespec left = until(instant), now;
    real(clock, &now);
    now.tv_sec += left.tv_sec + (now.tv_nsec + left.tv_nsec) / NANO;
    now.tv_nsec = (now.tv_nsec + left.tv_nsec) % NANO;
    return now;
}

/* Whether a deadline was reckoned from the simulated clock. Where monotonic time is real, a deadline of that clock is
 * shorter than any instant since 2001, and is left alone. */
static int is_moved(const struct timespec *instant) {
    return instant && instant->tv_sec > LATER_THAN_ANY_UPTIME && simulated();
}

/* The C library's own function of that name. */
#define NEXT(name) ((__typeof__(&name))(dlsym ? dlsym(RTLD_NEXT, #name) : NULL))

/* A condition variable waits by the clock that it was made with, which cannot be asked for: so by one that is named. */
EXPORTED int pthread_cond_timedwait(
    pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, const struct timespec *restrict instant) {
    __typeof__(&pthread_cond_clockwait) by_clock = NEXT(pthread_cond_clockwait);
    if (!is_moved(instant))
        return NEXT(pthread_cond_timedwait)(cond, mutex, instant);
    struct timespec real_instant = moved(instant, by_clock ? CLOCK_MONOTONIC : CLOCK_REALTIME);
    return by_clock ? by_clock(cond, mutex, CLOCK_MONOTONIC, &real_instant)
                    : NEXT(pthread_cond_timedwait)(cond, mutex, &real_instant);
}

EXPORTED int pthread_cond_clockwait(
    pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, clockid_t clock,
    const struct timespec *restrict instant) {
    if (!is_simulated(clock) || !is_moved(instant))
        return NEXT(pthread_cond_clockwait)(cond, mutex, clock, instant);
    struct timespec real_instant = moved(instant, clock);
    return NEXT(pthread_cond_clockwait)(cond, mutex, clock, &real_instant);
}

/* These wait by CLOCK_REALTIME. */
#define WAIT_UNTIL(name, object)                                                                                       \
    EXPORTED int name(object *restrict waited_for, const struct timespec *restrict instant) {                          \
        if (!is_moved(instant))                                                                                        \
            return NEXT(name)(waited_for, instant);                                                                    \
        struct timespec real_instant = moved(instant, CLOCK_REALTIME);                                                 \
        return NEXT(name)(waited_for, &real_instant);                                                                  \
    }
WAIT_UNTIL(sem_timedwait, sem_t)
WAIT_UNTIL(pthread_mutex_timedlock, pthread_mutex_t)
WAIT_UNTIL(pthread_rwlock_timedrdlock, pthread_rwlock_t)
WAIT_UNTIL(pthread_rwlock_timedwrlock, pthread_rwlock_t)

EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *instant, struct timespec *left) {
    if (!(flags & TIMER_ABSTIME) || !is_simulated(clock) || !is_moved(instant))
        return NEXT(clock_nanosleep)(clock, flags, instant, left);
    struct timespec real_instant = moved(instant, CLOCK_MONOTONIC);
    return NEXT(clock_nanosleep)(CLOCK_MONOTONIC, flags, &real_instant, left);
}

/* A timer's clock is fixed when it is made: an absolute instant becomes the time until then. */
#define SET_TIMER(name, timer, absolute)                                                                               \
    EXPORTED int name(                                                                                                 \
        timer set, int flags, const struct itimerspec *restrict wanted, struct itimerspec *restrict before) {          \
        if (!(flags & (absolute)) || !wanted || !is_moved(&wanted->it_value))                                          \
            return NEXT(name)(set, flags, wanted, before);                                                             \
        struct itimerspec relative = {wanted->it_interval, until(&wanted->it_value)};                                  \
        return NEXT(name)(set, flags & ~(absolute), &relative, before);                                                \
    }
SET_TIMER(timer_settime, timer_t, TIMER_ABSTIME)
SET_TIMER(timerfd_settime, int, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)
