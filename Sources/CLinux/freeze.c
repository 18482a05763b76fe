// Only the host tool freezes file systems.
#ifndef IMGBASED_HELPER

#define _GNU_SOURCE
#include "CLinux.h"

#include <signal.h>
#include <sys/ioctl.h>

enum { ready = 'r', begins = 'b', ended = 'e' };

// The milliseconds that the watcher may take to get ready.
static const int patience = 10000;

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell(int other, char what)
{
    while (send(other, &what, 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

static void put(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);

    if (file < 0)
        return;
    if (write(file, text, strlen(text)) < 0) {
        // A missing or forbidden file is ignored: the watcher then is no safer than the process it watches.
    }
    close(file);
}

// Closes all files but two: locks and mounts that other threads have open must not outlive them here.
static void keep(int one, int other)
{
    unsigned int low = (unsigned int)(one < other ? one : other);
    unsigned int high = (unsigned int)(one < other ? other : one);

    if (low > 0)
        (void)close_range(0, low - 1, 0);
    if (high - low > 1)
        (void)close_range(low + 1, high - 1, 0);
    (void)close_range(high + 1, ~0U, 0);
}

// The watcher thaws the file system if the other process dies, or takes longer than `limit`, between "begins"
// and "ended". It runs between fork(2) and _exit(2) of a program with threads, so it calls only functions of
// signal-safety(7).
static _Noreturn void watch(int other, int file_system, int limit)
{
    int64_t deadline = -1;

    keep(other, file_system);
    setsid();
    // systemd kills all processes of a service at once; the kernel's out-of-memory killer picks one.
    put("/sys/fs/cgroup/cgroup.procs", "0");
    put("/sys/fs/cgroup/unified/cgroup.procs", "0");
    put("/sys/fs/cgroup/systemd/cgroup.procs", "0");
    put("/proc/self/oom_score_adj", "-1000");
    tell(other, ready);
    for (;;) {
        struct pollfd waited = { .fd = other, .events = POLLIN };
        int64_t rest = deadline < 0 ? -1 : deadline - milliseconds();
        char what = 0;
        ssize_t count;

        if (deadline >= 0 && rest <= 0) {
            // This fails while the freeze is under way. Try again until the other process has ended or died.
            if (ioctl(file_system, FITHAW, 0) == 0)
                _exit(0);
            deadline = milliseconds() + 1000;
            continue;
        }
        if (poll(&waited, 1, (int)rest) <= 0)
            continue;
        count = recv(other, &what, 1, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count == 1 && what == begins) {
            deadline = milliseconds() + limit;
            continue;
        }
        // The other process has died. If it had not begun, there is nothing to thaw.
        if (count != 1 && deadline >= 0)
            (void)ioctl(file_system, FITHAW, 0);
        _exit(0);
    }
}

static bool is_ready(int watcher)
{
    struct pollfd waited = { .fd = watcher, .events = POLLIN };
    char what = 0;
    int found;

    while ((found = poll(&waited, 1, patience)) < 0 && errno == EINTR)
        ;
    if (found == 0)
        errno = ETIMEDOUT;
    return found == 1 && recv(watcher, &what, 1, 0) == 1 && what == ready;
}

static enum imgbased_freezing freeze(int file_system, int watcher)
{
    enum imgbased_freezing result = imgbased_froze;

    // No call that could wait for the disk may stand between these two.
    tell(watcher, begins);
    if (ioctl(file_system, FIFREEZE, 0) != 0)
        result = imgbased_did_not_freeze;
    else if (ioctl(file_system, FITHAW, 0) != 0)
        result = imgbased_did_not_thaw;
    return result;
}

enum imgbased_freezing imgbased_freeze_and_thaw(int file_system, int limit)
{
    enum imgbased_freezing result = imgbased_not_watched;
    sigset_t all;
    sigset_t before;
    int ends[2];
    int error;
    pid_t watcher;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return result;
    // Signals that can be blocked arrive after the work, in both processes.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watcher = fork();
    if (watcher == 0) {
        watch(ends[1], file_system, limit);
    }
    error = errno;
    close(ends[1]);
    errno = error;
    if (watcher > 0 && is_ready(ends[0]))
        result = freeze(file_system, ends[0]);
    error = errno;
    tell(ends[0], ended);
    close(ends[0]);
    if (watcher > 0)
        while (waitpid(watcher, NULL, 0) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return result;
}

#endif
