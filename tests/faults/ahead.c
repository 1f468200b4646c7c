/* The wall clock so many seconds ahead, for whole processes and their children; what measures time goes on as it is.
 *
 * libfaketime would do more, and breaks `time.sleep` or every wait with a time-out of Python 3.11 in doing so.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t ahead(void) {
    const char *seconds = getenv("AHEAD_SECONDS");
    return seconds ? atoll(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*stock)(clockid_t, struct timespec *);
    if (!stock) stock = dlsym(RTLD_NEXT, "clock_gettime");
    int code = stock(clock, now);
    if (!code && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
    return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static int (*stock)(struct timeval *, void *);
    if (!stock) stock = dlsym(RTLD_NEXT, "gettimeofday");
    int code = stock(now, zone);
    if (!code) now->tv_sec += ahead();
    return code;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now) *now = exact.tv_sec;
    return exact.tv_sec;
}
