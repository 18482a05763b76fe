#define _GNU_SOURCE
#include "CDeviceMapper.h"

#include <errno.h>
#include <string.h>
#include <sys/sem.h>
#include <time.h>

// A cookie is the key of a semaphore. Every change increments it, udev's rules decrement it, and this program
// holds one count itself (lvm2: libdm/libdm-common.c, _udev_wait, which waits for ever).
static bool wait_for_zero(uint32_t cookie, int seconds)
{
    const int set = semget((key_t)cookie, 1, 0);
    struct sembuf ours = { .sem_op = -1, .sem_flg = IPC_NOWAIT };
    struct sembuf zero = { .sem_op = 0 };
    struct timespec now, end;
    bool done;

    if (set < 0)
        return errno == ENOENT;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    done = semop(set, &ours, 1) == 0;
    while (done) {
        struct timespec left;

        clock_gettime(CLOCK_MONOTONIC, &now);
        left.tv_sec = end.tv_sec - now.tv_sec;
        left.tv_nsec = end.tv_nsec - now.tv_nsec;
        if (left.tv_nsec < 0) {
            left.tv_nsec += 1000000000;
            left.tv_sec--;
        }
        if (left.tv_sec < 0)
            done = false;
        else if (semtimedop(set, &zero, 1, &left) == 0 || errno == EIDRM)
            break;
        else if (errno != EINTR)
            done = false;
    }
    semctl(set, 0, IPC_RMID);
    return done;
}

bool imgbased_dm_udev_wait(uint32_t cookie, int seconds)
{
    const bool done = !dm_udev_get_sync_support() || wait_for_zero(cookie, seconds);

    // The other work of libdevmapper after a wait.
    dm_udev_wait(0);
    return done;
}

bool imgbased_dm_has_target(struct dm_task *task, const char *name)
{
    struct dm_versions *version = dm_task_get_versions(task);

    while (version && strcmp(version->name, name) != 0)
        version = version->next ? (struct dm_versions *)((char *)version + version->next) : NULL;
    return version != NULL;
}
