#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/openat2.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

static char **arguments;

// The C library passes what main gets to the functions that run before it.
__attribute__((constructor)) static void keep_arguments(int argc, char **argv)
{
    (void)argc;
    arguments = argv;
}

char *const *imgbased_arguments(void)
{
    return arguments;
}

#ifdef IMGBASED_HELPER
// Embedded Swift seeds its hashes with this, and nothing else asks for it. The C library's would wait until the kernel has
// gathered entropy, which early in boot can take long; the 16 bytes the kernel gives to every program are there.
void arc4random_buf(void *buffer, size_t size)
{
    const unsigned char *seed = (const unsigned char *)getauxval(AT_RANDOM);
    unsigned char *bytes = buffer;

    for (size_t i = 0; i < size; i++)
        bytes[i] = seed ? seed[i % 16] : 0;
}
#endif

int imgbased_errno(void)
{
    return errno;
}

int imgbased_open(const char *path, int flags, unsigned int mode)
{
    return open(path, flags, mode);
}

int imgbased_block_device_size(int fd, uint64_t *bytes)
{
    return ioctl(fd, BLKGETSIZE64, bytes);
}

int imgbased_open_in_root(int dirfd, const char *path, int flags, unsigned int mode)
{
    struct open_how how = {
        .flags = (uint64_t)flags | O_CLOEXEC,
        .mode = mode,
        .resolve = RESOLVE_IN_ROOT,
    };
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

int imgbased_open_directory_at(int dirfd, const char *name)
{
    return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int imgbased_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC);
}

int imgbased_process_descriptor(int process)
{
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int imgbased_drop_device_cache(int fd)
{
    return ioctl(fd, BLKFLSBUF, 0);
}

void imgbased_begin_writing(int fd, uint64_t offset, uint64_t length)
{
    // Only a beginning: what goes wrong, fsync tells.
    (void)sync_file_range(fd, (off_t)offset, (off_t)length, SYNC_FILE_RANGE_WRITE);
}

int imgbased_sync_file_system(int fd)
{
    return syncfs(fd);
}
