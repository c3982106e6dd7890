/*
 * The clock of a program that is linked statically, and so can be given no library: an image of this is put into it when
 * it starts, in place of the small library that the kernel maps into every program (the vDSO, see vdso(7)). See
 * simulation/targets/process/start_static.py. Only x86-64 so far.
 *
 * Before the image lie two pages: one whose first word says whether the monotonic clocks are simulated, too, and the
 * page of the run's clock, see simulation/clock_file.py. It has no data of its own, calls nobody, and is not relocated.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "clocks.h"

#ifndef __x86_64__
#error it calls the kernel as on x86-64
#endif
#define EXPORTED __attribute__((visibility("default")))

enum { MICRO = 1000000, PAGE_BYTES = 4096 };

static uintptr_t begin(void) { /* of the image */
    extern const char __ehdr_start[] __attribute__((visibility("hidden")));
    uintptr_t address = (uintptr_t)__ehdr_start;
    __asm__("" : "+r"(address)); /* what lies before it is none of the compiler's business */
    return address;
}

static int monotonic_too(void) { return *(const uint64_t *)(begin() - 2 * PAGE_BYTES) != 0; }

static int64_t simulated(void) {
    return __atomic_load_n((const int64_t *)(begin() - PAGE_BYTES) + 1, __ATOMIC_ACQUIRE); /* after the page's mark */
}

static int is_simulated(clockid_t clock) { return is_wall_clock(clock) || (is_uptime(clock) && monotonic_too()); }

EXPORTED int __vdso_clock_gettime(clockid_t clock, struct timespec *now) {
    long result = SYS_clock_gettime;
    if (!is_simulated(clock)) {
        __asm__ volatile("syscall" : "+a"(result) : "D"((long)clock), "S"(now) : "rcx", "r11", "memory");
        return (int)result;
    }
    int64_t at = simulated();
    now->tv_sec = at / MICRO;
    now->tv_nsec = at % MICRO * 1000;
    return 0;
}

EXPORTED int __vdso_gettimeofday(struct timeval *now, struct timezone *zone) {
    int64_t at = simulated();
    if (now)
        *now = (struct timeval){at / MICRO, at % MICRO};
    if (zone)
        *zone = (struct timezone){0, 0};
    return 0;
}

EXPORTED time_t __vdso_time(time_t *result) {
    time_t seconds = simulated() / MICRO;
    if (result)
        *result = seconds;
    return seconds;
}
