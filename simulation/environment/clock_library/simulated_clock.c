/*
 * Puts a program on the simulated clock: preloaded (LD_PRELOAD), it answers what the program asks the C library about
 * the time (or the kernel's own page, as Go does) from one page of memory that the harness writes. A look at the time
 * costs no system call, takes no lock, and leaves nothing behind: no file, no semaphore, no shared memory of a name.
 *
 *   SIMULATED_CLOCK_PAGE       path of the page, see simulation/clock_file.py
 *   SIMULATED_CLOCK_MONOTONIC  set: the monotonic clocks show the simulated time too, so that timers come due by it
 *
 * Both are read once, when the program starts; what it forks or executes inherits them. Without a page the time is real.
 * Waits until an absolute instant of the simulated clock become waits of the same length by the real one: the kernel
 * knows no other. File times, processor time and waits of a relative length are real, except that where the monotonic
 * clock is simulated sleeping and waiting for a condition or for files end in simulated time, too: see the last parts.
 *
 * Built with -nostdlib, and all it needs of the C library is resolved when it is loaded: it fits whichever glibc (or
 * musl) the program brings, an older one in a container too. Anything it could lack is declared weak.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "clocks.h"

#pragma weak dlsym
#pragma weak __libc_stack_end
#pragma weak pthread_create
#pragma weak pthread_sigmask
#pragma weak pthread_mutex_lock
#pragma weak pthread_mutex_unlock
#pragma weak __pthread_register_cancel
#pragma weak __pthread_unregister_cancel
#pragma weak __pthread_unwind_next
#pragma weak __sigsetjmp
#define EXPORTED __attribute__((visibility("default")))

enum { MICRO = 1000000, NANO = 1000000000 };
#define MARK 0x314b434f4c434d53u         /* the page's first word: "SMCLOCK1" */
#define LATER_THAN_ANY_UPTIME 1000000000 /* seconds: beyond it an absolute time counts from 1970 */

/* A single aligned word, stored and loaded whole: a reader sees the old instant or the new one, never half of each. */
struct page {
    uint64_t mark;
    int64_t microseconds; /* since 1970 */
    uint64_t waits_by_it; /* whether somebody moves the clock on when everybody waits; else waits take real time, too */
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

static void be_interrupted(int unused) { (void)unused; }

/* By a handler for SIGURG the harness sees that it may interrupt the program's waits by that signal: see
 * simulation/targets/process/wakeups.py. Nobody else sends it, and what can be taken up again is. */
static void let_be_interrupted(void) {
    struct sigaction before, ours = {.sa_handler = be_interrupted, .sa_flags = SA_RESTART};
    if (sigaction(SIGURG, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction(SIGURG, &ours, NULL);
}

static void stand_for_the_kernels_page(void);

/* Before the program's first line: it may change its root, or close every file, before it asks for the time. */
__attribute__((constructor)) static void begin(void) {
    if (look_for_page() != &none) {
        if (monotonic_too)
            let_be_interrupted();
        stand_for_the_kernels_page();
    }
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

static int is_simulated(clockid_t clock) { return is_wall_clock(clock) || (is_uptime(clock) && monotonic_too); }

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

/* ---- what a program asks the kernel's page (Go) ------------------------------------------------------------------- */

/* The kernel maps a small library into every program (the vDSO, see vdso(7)), says where in the auxiliary vector, and
 * Go's runtime calls the clock there itself, past the C library. So that entry is made to say where this image is: a
 * library of nothing but a table of symbols, which lead to the functions above. The C library looked before us, and keeps
 * the kernel's. What the image lacks Go asks of the kernel, by a call of the system. */

#define ASKED_FOR(name) #name "\0"
static const char names[] = ASKED_FOR() ASKED_FOR(__vdso_clock_gettime) ASKED_FOR(__vdso_gettimeofday) /* x86-64 */
    ASKED_FOR(__kernel_clock_gettime) ASKED_FOR(__kernel_gettimeofday);                                /* aarch64 */
enum { SYMBOLS = 5 }; /* with the first, which the format leaves undefined */

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    Elf64_Dyn dynamic[6];
    Elf64_Sym symbols[SYMBOLS];
    uint32_t hash[3 + SYMBOLS]; /* one bucket: a chain of all */
    Elf64_Verdef version;       /* of the image itself; its symbols have none, and so fit whichever is asked for */
} image;

extern void *__libc_stack_end; /* of glibc's loader: where the kernel left arguments, environment and auxiliary vector */

/* An address in the image's own terms: how far it is from the image's begin, either way. */
static uint64_t from_begin(const void *address) { return (uintptr_t)address - (uintptr_t)&image; }

static void make_image(void) {
    const void *functions[SYMBOLS] = {NULL, clock_gettime, gettimeofday, clock_gettime, gettimeofday};
    uint32_t name = 0;
    image.header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN, .e_version = EV_CURRENT, .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr),
        .e_phoff = from_begin(image.segments), .e_phnum = 2};
    image.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = sizeof image, .p_memsz = sizeof image};
    image.segments[1] = (Elf64_Phdr){
        .p_type = PT_DYNAMIC, .p_flags = PF_R, .p_offset = from_begin(image.dynamic),
        .p_vaddr = from_begin(image.dynamic), .p_filesz = sizeof image.dynamic, .p_memsz = sizeof image.dynamic};
    image.dynamic[0] = (Elf64_Dyn){DT_HASH, {from_begin(image.hash)}};
    image.dynamic[1] = (Elf64_Dyn){DT_STRTAB, {from_begin(names)}};
    image.dynamic[2] = (Elf64_Dyn){DT_SYMTAB, {from_begin(image.symbols)}};
    image.dynamic[3] = (Elf64_Dyn){DT_STRSZ, {sizeof names}};
    image.dynamic[4] = (Elf64_Dyn){DT_VERDEF, {from_begin(&image.version)}};
    image.version.vd_flags = VER_FLG_BASE;
    image.hash[0] = 1;
    image.hash[1] = SYMBOLS;
    image.hash[2] = 1; /* the bucket leads to the first symbol, and each symbol to the next */
    for (uint32_t number = 1; number < SYMBOLS; number++) {
        while (names[name++])
            ;
        image.symbols[number] = (Elf64_Sym){
            .st_name = name, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1,
            .st_value = from_begin(functions[number])};
        image.hash[3 + number] = (number + 1) % SYMBOLS;
    }
}

static void stand_for_the_kernels_page(void) {
    if (!&__libc_stack_end || !__libc_stack_end) /* it forgets where, when it makes the stack executable */
        return;
    uintptr_t *word = __libc_stack_end;
    word += 1 + *word + 1; /* the number of arguments, as many, NULL */
    while (*word++)
        ; /* the environment */
    for (Elf64_auxv_t *entry = (Elf64_auxv_t *)word; entry->a_type != AT_NULL; entry++)
        if (entry->a_type == AT_SYSINFO_EHDR) {
            make_image();
            entry->a_un.a_val = (uintptr_t)&image;
        }
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

/* The C library's own function of that name, searched for once. */
#define NEXT(name)                                                                                                     \
    ({                                                                                                                 \
        static __typeof__(&name) found;                                                                                \
        if (!found && dlsym)                                                                                           \
            found = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                                        \
        found;                                                                                                         \
    })

/* ---- waits that end in simulated time ----------------------------------------------------------------------------- */

/* The kernel ends no wait when a page changes. So a program whose monotonic clock is simulated has one thread more, from
 * its first such wait on: whenever the harness interrupts the program (a signal, or a stop and a continuation), which it
 * does after it moved the clock, that thread ends the waits that are over. The harness does so only while every other
 * thread sleeps, so that none can be missed on its way to sleep. */

struct wait {
    struct wait *before, *after;
    int64_t due; /* microseconds since 1970 */
    pthread_cond_t *cond; /* what it waits for; NULL: for its own word */
    uint32_t over;
};

static struct wait waits = {&waits, &waits, 0, NULL, 0}; /* a ring */
static uint32_t waits_held;                              /* a lock that is held for a few instructions */
static pid_t ringing_in;                                 /* the process that has the thread: a fork has none */

static void hold_waits(void) {
    while (__atomic_exchange_n(&waits_held, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

static void free_waits(void) { __atomic_store_n(&waits_held, 0, __ATOMIC_RELEASE); }

static void *ring(void *unused) {
    /* Searched for by name, like each function that has had more than one version: bound as usual, without a version, it
     * would be the oldest. */
    __typeof__(&pthread_cond_broadcast) broadcast = NEXT(pthread_cond_broadcast);
    int nothing = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event;
    for (;;) {
        epoll_wait(nothing, &event, 1, -1); /* of all waits this one ends whenever a process is continued */
        hold_waits();
        for (struct wait *each = waits.after; each != &waits; each = each->after)
            if (!each->over && each->due <= simulated()) {
                __atomic_store_n(&each->over, 1, __ATOMIC_RELEASE);
                if (each->cond)
                    broadcast(each->cond);
                else
                    syscall(SYS_futex, &each->over, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
            }
        free_waits();
    }
    return unused;
}

/* Sees to it that this process has the thread; whether it has. */
static int is_rung(void) {
    pid_t own = getpid(), seen = __atomic_load_n(&ringing_in, __ATOMIC_ACQUIRE);
    if (!monotonic_too || !simulated() || !pthread_create || !__pthread_register_cancel)
        return 0;
    if (seen != own && seen != -own &&
        __atomic_compare_exchange_n(&ringing_in, &seen, -own, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        sigset_t all, before;
        pthread_t thread;
        waits.before = waits.after = &waits;
        free_waits();
        sigfillset(&all);
        sigdelset(&all, SIGURG); /* by which the harness interrupts */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int failed = pthread_create(&thread, NULL, ring, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        __atomic_store_n(&ringing_in, failed ? 0 : own, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&ringing_in, __ATOMIC_ACQUIRE) == -own)
        sched_yield();
    return __atomic_load_n(&ringing_in, __ATOMIC_ACQUIRE) == own;
}

static void enter(struct wait *entered) {
    hold_waits();
    entered->before = &waits;
    entered->after = waits.after;
    waits.after->before = entered;
    waits.after = entered;
    free_waits();
}

static void leave(void *left) {
    struct wait *own = left;
    hold_waits();
    own->before->after = own->after;
    own->after->before = own->before;
    free_waits();
}

static int64_t microseconds(const struct timespec *instant) {
    return instant->tv_sec * (int64_t)MICRO + (instant->tv_nsec + 999) / 1000;
}

/* When the kernel is to end the wait by itself: an instant that no uptime reaches, which tells the harness how long the
 * wait is; or, while nobody moves the clock, after as long by the real clock. */
static struct timespec at_the_latest(const struct timespec *instant) {
    return page->waits_by_it ? *instant : moved(instant, CLOCK_MONOTONIC);
}

static int wait_for_cond(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *instant) {
    struct wait own = {NULL, NULL, microseconds(instant), cond, 0};
    struct timespec latest = at_the_latest(instant);
    volatile int result = ETIMEDOUT;
    if (own.due <= simulated()) {
        pthread_mutex_unlock(mutex); /* others may run, as they may in any wait */
        pthread_mutex_lock(mutex);
        return ETIMEDOUT;
    }
    enter(&own);
    pthread_cleanup_push(leave, &own);
    result = NEXT(pthread_cond_clockwait)(cond, mutex, CLOCK_MONOTONIC, &latest);
    pthread_cleanup_pop(1);
    return __atomic_load_n(&own.over, __ATOMIC_ACQUIRE) ? ETIMEDOUT : result;
}

/* Returns 0 when it is over, EINTR when a signal came before: any but the harness's, which ends no sleep by itself. */
static int sleep_until(const struct timespec *instant) {
    struct wait own = {NULL, NULL, microseconds(instant), NULL, 0};
    struct timespec latest = at_the_latest(instant);
    volatile long failed = 0;
    volatile int saved = errno, error = 0;
    sigset_t interruption, before;
    sigemptyset(&interruption);
    sigaddset(&interruption, SIGURG);
    pthread_sigmask(SIG_BLOCK, &interruption, &before);
    enter(&own);
    pthread_cleanup_push(leave, &own);
    while (!error && own.due > simulated()) {
        failed = syscall(SYS_futex, &own.over, FUTEX_WAIT_BITSET_PRIVATE, 0, &latest, NULL, FUTEX_BITSET_MATCH_ANY);
        error = failed ? errno : 0;
    }
    pthread_cleanup_pop(1);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return error == EINTR && own.due > simulated() ? EINTR : 0;
}

static int sleep_for(const struct timespec *length, struct timespec *left) {
    int64_t at = simulated();
    struct timespec instant = {
        at / MICRO + length->tv_sec + (at % MICRO * 1000 + length->tv_nsec) / NANO,
        (at % MICRO * 1000 + length->tv_nsec) % NANO};
    int interrupted = sleep_until(&instant);
    if (interrupted && left)
        *left = until(&instant);
    return interrupted;
}

static int is_length(const struct timespec *length) {
    return length && length->tv_sec >= 0 && length->tv_nsec >= 0 && length->tv_nsec < NANO;
}

EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left) {
    if (!is_simulated(clock) || !is_length(wanted))
        return NEXT(clock_nanosleep)(clock, flags, wanted, left);
    if (is_rung())
        return flags & TIMER_ABSTIME ? sleep_until(wanted) : sleep_for(wanted, left);
    if (!(flags & TIMER_ABSTIME) || !is_moved(wanted))
        return NEXT(clock_nanosleep)(clock, flags, wanted, left);
    struct timespec real_instant = moved(wanted, CLOCK_MONOTONIC);
    return NEXT(clock_nanosleep)(CLOCK_MONOTONIC, flags, &real_instant, left);
}

EXPORTED int nanosleep(const struct timespec *wanted, struct timespec *left) {
    if (!is_length(wanted) || !is_rung())
        return NEXT(nanosleep)(wanted, left);
    int interrupted = sleep_for(wanted, left);
    if (interrupted)
        errno = interrupted;
    return interrupted ? -1 : 0;
}

EXPORTED int usleep(useconds_t wanted) {
    return nanosleep(&(struct timespec){wanted / MICRO, wanted % MICRO * 1000}, NULL);
}

EXPORTED unsigned sleep(unsigned wanted) {
    struct timespec left = {0, 0};
    return nanosleep(&(struct timespec){wanted, 0}, &left) ? (unsigned)left.tv_sec + (left.tv_nsec > 0) : 0;
}

/* A condition variable waits by the clock that it was made with, which cannot be asked for: so by one that is named. */
EXPORTED int pthread_cond_timedwait(
    pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, const struct timespec *restrict instant) {
    __typeof__(&pthread_cond_clockwait) by_clock = NEXT(pthread_cond_clockwait);
    if (!is_moved(instant))
        return NEXT(pthread_cond_timedwait)(cond, mutex, instant);
    if (by_clock && is_rung())
        return wait_for_cond(cond, mutex, instant);
    struct timespec real_instant = moved(instant, by_clock ? CLOCK_MONOTONIC : CLOCK_REALTIME);
    return by_clock ? by_clock(cond, mutex, CLOCK_MONOTONIC, &real_instant)
                    : NEXT(pthread_cond_timedwait)(cond, mutex, &real_instant);
}

EXPORTED int pthread_cond_clockwait(
    pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, clockid_t clock,
    const struct timespec *restrict instant) {
    if (!is_simulated(clock) || !is_moved(instant))
        return NEXT(pthread_cond_clockwait)(cond, mutex, clock, instant);
    return pthread_cond_timedwait(cond, mutex, instant);
}

/* ---- waits for files ----------------------------------------------------------------------------------------------- */

/* Whoever waits for files has the harness's interruption end the wait, and then asks for the time itself. But the kernel
 * ends the wait, too, when as much real time went by: a slow machine would let a time limit pass at an instant at which
 * the harness is still at work for others. So what is left by the simulated clock is waited for anew. */

/* When a wait of so many microseconds is over; 0: whenever the kernel says. */
static int64_t due_after(int64_t length) {
    return length > 0 && monotonic_too && simulated() && page->waits_by_it ? simulated() + length : 0;
}

static int64_t left_until(int64_t due) {
    int64_t left = due - simulated();
    return left > 0 ? left : 0;
}

/* Whether the wait goes on. One that was interrupted when it was over has found nothing. */
static int goes_on(int *result, int64_t due, const sigset_t *mask) {
    if (*result < 0 && errno == EINTR && due && !left_until(due) && !mask)
        *result = 0;
    return *result == 0 && due && left_until(due) && page->waits_by_it;
}

#define WAIT_MILLISECONDS(mask, name, parameters, ...)                                                                 \
    EXPORTED int name parameters {                                                                                     \
        int64_t due = due_after(milliseconds * (int64_t)1000);                                                         \
        int result = NEXT(name)(__VA_ARGS__);                                                                          \
        while (goes_on(&result, due, mask)) {                                                                          \
            milliseconds = (int)((left_until(due) + 999) / 1000);                                                      \
            result = NEXT(name)(__VA_ARGS__);                                                                          \
        }                                                                                                              \
        return result;                                                                                                 \
    }
WAIT_MILLISECONDS(NULL, poll, (struct pollfd * files, nfds_t count, int milliseconds), files, count, milliseconds)
WAIT_MILLISECONDS(
    NULL, epoll_wait, (int set, struct epoll_event *events, int most, int milliseconds), set, events, most, milliseconds)
WAIT_MILLISECONDS(
    mask, epoll_pwait, (int set, struct epoll_event *events, int most, int milliseconds, const sigset_t *mask), set,
    events, most, milliseconds, mask)

static int64_t length_of(const struct timespec *length) { return length ? microseconds(length) : 0; }

/* A millisecond at least: whoever looked more often would never be seen at rest. */
static struct timespec left_as_time(int64_t due) {
    int64_t left = left_until(due) > 1000 ? left_until(due) : 1000;
    return (struct timespec){left / MICRO, left % MICRO * 1000};
}

#define WAIT_TIME(name, parameters, ...)                                                                               \
    EXPORTED int name parameters {                                                                                     \
        int64_t due = due_after(length_of(length));                                                                    \
        int result = NEXT(name)(__VA_ARGS__);                                                                          \
        while (goes_on(&result, due, mask)) {                                                                          \
            struct timespec left = left_as_time(due);                                                                  \
            length = &left;                                                                                            \
            result = NEXT(name)(__VA_ARGS__);                                                                          \
        }                                                                                                              \
        return result;                                                                                                 \
    }
WAIT_TIME(
    ppoll, (struct pollfd * files, nfds_t count, const struct timespec *length, const sigset_t *mask), files, count,
    length, mask)
WAIT_TIME(
    epoll_pwait2,
    (int set, struct epoll_event *events, int most, const struct timespec *length, const sigset_t *mask), set, events,
    most, length, mask)

/* As programs are built that check sizes as they run. */
EXPORTED int __poll_chk(struct pollfd *files, nfds_t count, int milliseconds, size_t size) {
    if (size / sizeof *files < count)
        abort();
    return poll(files, count, milliseconds);
}

EXPORTED int __ppoll_chk(
    struct pollfd *files, nfds_t count, const struct timespec *length, const sigset_t *mask, size_t size) {
    if (size / sizeof *files < count)
        abort();
    return ppoll(files, count, length, mask);
}

enum { SETS = 3, WORD_BITS = 8 * sizeof(long), SET_WORDS = FD_SETSIZE / WORD_BITS };

EXPORTED int pselect(
    int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict exceptional,
    const struct timespec *restrict length, const sigset_t *restrict mask) {
    fd_set *sets[SETS] = {readable, writable, exceptional};
    long asked[SETS][SET_WORDS];
    int words = (count + WORD_BITS - 1) / WORD_BITS;
    int64_t due = count >= 0 && words <= SET_WORDS ? due_after(length_of(length)) : 0;
    for (int i = 0; due && i < SETS; i++)
        for (int word = 0; sets[i] && word < words; word++)
            asked[i][word] = ((long *)sets[i])[word];
    int result = NEXT(pselect)(count, readable, writable, exceptional, length, mask);
    while (goes_on(&result, due, mask)) { /* nothing came, and they were emptied */
        struct timespec left = left_as_time(due);
        for (int i = 0; i < SETS; i++)
            for (int word = 0; sets[i] && word < words; word++)
                ((long *)sets[i])[word] = asked[i][word];
        result = NEXT(pselect)(count, readable, writable, exceptional, &left, mask);
    }
    for (int i = 0; due && !result && i < SETS; i++) /* an interruption leaves them as they were */
        for (int word = 0; sets[i] && word < words; word++)
            ((long *)sets[i])[word] = 0;
    return result;
}

EXPORTED int select(
    int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict exceptional,
    struct timeval *restrict length) {
    int64_t due = length ? due_after(length->tv_sec * (int64_t)MICRO + length->tv_usec) : 0;
    if (!due)
        return NEXT(select)(count, readable, writable, exceptional, length);
    struct timespec left = left_as_time(due);
    int result = pselect(count, readable, writable, exceptional, &left, NULL);
    *length = (struct timeval){left_until(due) / MICRO, left_until(due) % MICRO};
    return result;
}

/* ---- other waits until an instant --------------------------------------------------------------------------------- */

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
