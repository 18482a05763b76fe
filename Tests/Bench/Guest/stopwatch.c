/*
 * stopwatch [--mount DEVICE PLACE] COMMAND [ARGUMENT...]: runs COMMAND. Prints its time in nanoseconds, the
 * largest resident set of COMMAND and its children in KiB, and its exit status. stopwatch is smaller than any
 * shell's process, so the figures are those of COMMAND. With --mount, the time includes the mount of the ext4 in
 * DEVICE, which COMMAND makes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec start, end;
    struct rusage usage;
    const char *device = NULL, *place = NULL;
    int status;

    if (argc > 4 && strcmp(argv[1], "--mount") == 0) {
        device = argv[2];
        place = argv[3];
        argv += 3;
        argc -= 3;
    }
    if (argc < 2)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = vfork();
    if (child == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0)
        return 1;
    if (device && status == 0 && mount(device, place, "ext4", 0, NULL) < 0) {
        perror(device);
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%lld %ld %d\n",
           (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec),
           usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
