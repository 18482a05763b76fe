#define _GNU_SOURCE
#include "CLinux.h"

#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/module.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static char **arguments;

// The C library passes the arguments of main to constructors too.
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
// Only Embedded Swift calls this, to seed its hashes. The C library's function waits until the kernel has
// gathered entropy, which can take long early in boot. The 16 bytes that the kernel gives to every program
// are there at once.
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

int imgbased_own_mounts(void)
{
    if (unshare(CLONE_NEWNS) != 0)
        return -1;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

const char *imgbased_next_name(DIR *directory)
{
    struct dirent *entry;

    do {
        errno = 0;
        entry = readdir(directory);
    } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry ? entry->d_name : NULL;
}

int imgbased_block_device_size(int fd, uint64_t *bytes)
{
    return ioctl(fd, BLKGETSIZE64, bytes);
}

int imgbased_is_read_only_loop(int fd)
{
    struct loop_info64 info;

    return ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && (info.lo_flags & LO_FLAGS_READ_ONLY);
}

const int imgbased_path_only = O_PATH;

// The kernel gives up on a path with ".." if anything was renamed or mounted anywhere meanwhile (openat2(2),
// EAGAIN). One try in a hundred fails while another thread does nothing but rename.
static int open_again(int dirfd, const char *path, int flags, unsigned int mode, uint64_t resolve)
{
    struct open_how how = {
        .flags = (uint64_t)flags | O_CLOEXEC,
        .mode = mode,
        .resolve = resolve,
    };
    int fd = -1;

    for (int tries = 0; tries < 1000; tries++) {
        fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return fd;
}

int imgbased_open_in_root(int dirfd, const char *path, int flags, unsigned int mode)
{
    return open_again(dirfd, path, flags, mode, RESOLVE_IN_ROOT);
}

int imgbased_open_beneath(int dirfd, const char *path, int flags, unsigned int mode)
{
    return open_again(dirfd, path, flags, mode,
        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
}

int imgbased_look(int dirfd, const char *name, struct imgbased_node *node)
{
    struct statx facts;
    const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;

    if (statx(dirfd, name, flags, STATX_BASIC_STATS, &facts) != 0)
        return -1;
    *node = (struct imgbased_node){
        .mode = facts.stx_mode,
        .owner = facts.stx_uid,
        .group = facts.stx_gid,
        .modified_nanoseconds = facts.stx_mtime.tv_nsec,
        .modified_seconds = facts.stx_mtime.tv_sec,
        .changed_nanoseconds = facts.stx_ctime.tv_nsec,
        .changed_seconds = facts.stx_ctime.tv_sec,
        .size = facts.stx_size,
        .allocated = facts.stx_blocks * 512,
        .inode = facts.stx_ino,
        .links = facts.stx_nlink,
        .device = (uint64_t)facts.stx_dev_major << 32 | facts.stx_dev_minor,
        .represented = (uint64_t)facts.stx_rdev_major << 32 | facts.stx_rdev_minor,
        .is_mount_point = facts.stx_attributes & STATX_ATTR_MOUNT_ROOT,
        .is_immutable = facts.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND),
    };
    return 0;
}

int imgbased_make_node(int dirfd, const char *name, uint32_t mode, uint64_t represented)
{
    return mknodat(dirfd, name, mode, makedev(represented >> 32, represented & UINT32_MAX));
}

ssize_t imgbased_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, size_t count)
{
    return copy_file_range(from, from_offset, to, to_offset, count, 0);
}

int imgbased_copy_flags(int from, int to)
{
    const int wanted = FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_SYNC_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_NOCOMP_FL
        | FS_JOURNAL_DATA_FL | FS_NOTAIL_FL | FS_DIRSYNC_FL | FS_TOPDIR_FL | FS_NOCOW_FL | FS_PROJINHERIT_FL;
    int flags = 0;
    int present = 0;

    if (ioctl(from, FS_IOC_GETFLAGS, &flags) != 0 || (flags & wanted) == 0)
        return 0;
    if (ioctl(to, FS_IOC_GETFLAGS, &present) != 0)
        return -1;
    present |= flags & wanted;
    return ioctl(to, FS_IOC_SETFLAGS, &present);
}

int imgbased_open_directory_at(int dirfd, const char *name)
{
    return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int imgbased_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC);
}

int imgbased_flush_output(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};
    int error;

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    // The stream remembers only that an earlier write failed, not why.
    error = errno ? errno : EIO;
    if (poll(&output, 1, 0) > 0 && output.revents & POLLERR)
        error = EPIPE;
    return error;
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
    // This only starts the writing: fsync reports errors.
    (void)sync_file_range(fd, (off_t)offset, (off_t)length, SYNC_FILE_RANGE_WRITE);
}

int imgbased_sync_file_system(int fd)
{
    return syncfs(fd);
}

int imgbased_exchange(int dirfd, const char *name, int other_dirfd, const char *other_name)
{
    return renameat2(dirfd, name, other_dirfd, other_name, RENAME_EXCHANGE);
}

int imgbased_file_system_type(int fd, uint64_t *type)
{
    struct statfs facts;

    if (fstatfs(fd, &facts) != 0)
        return -1;
    *type = (uint64_t)facts.f_type & UINT32_MAX;
    return 0;
}

int imgbased_first_block(int fd, int *block)
{
    *block = 0;
    return ioctl(fd, FIBMAP, block);
}

int imgbased_rename_new(int dirfd, const char *name, int new_dirfd, const char *new_name)
{
    return renameat2(dirfd, name, new_dirfd, new_name, RENAME_NOREPLACE);
}

int imgbased_checkpoint(int fd)
{
    uint32_t flags = 0;

    return ioctl(fd, _IOW('f', 43, uint32_t), &flags);
}

int imgbased_start_locking(int fd)
{
    const pid_t process = fork();

    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(flock(fd, LOCK_EX) == 0 ? 0 : errno);
    }
    return process;
}

int imgbased_load_module(int fd, const char *options, bool is_compressed)
{
    return (int)syscall(SYS_finit_module, fd, options, is_compressed ? MODULE_INIT_COMPRESSED_FILE : 0);
}
