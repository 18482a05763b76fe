// The C library and the kernel's interfaces for Swift, and what Swift cannot import of them: variadic functions, macros
// with values, what the headers hide. Code of the initramfs helper imports this and not Glibc, which Embedded Swift does
// not have.
#ifndef IMGBASED_CLINUX_H
#define IMGBASED_CLINUX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/// The arguments of this program, its name first, ended by a null pointer.
char *const *imgbased_arguments(void);

/// The calling thread's errno(3).
int imgbased_errno(void);

/// open(2), with the permissions of a file it makes. Returns a descriptor, or -1 with errno set.
int imgbased_open(const char *path, int flags, unsigned int mode);

/// The next name in `directory` but `.` and `..`: readdir(3). Returns a null pointer at its end, with errno 0, and where it could
/// not be read, with errno set.
const char *imgbased_next_name(DIR *directory);

/// The size in bytes of the open block device `fd`: ioctl(2) `BLKGETSIZE64`. Returns 0, or -1 with errno set.
int imgbased_block_device_size(int fd, uint64_t *bytes);

/// open(2)'s `O_PATH`, which the headers hide: opens the place, not what is there.
extern const int imgbased_path_only;

/// Opens `path` beneath `dirfd`, which it treats as the root: openat2(2) with `RESOLVE_IN_ROOT`, so that no
/// link leads outside it. Tries again where something was renamed meanwhile. Returns a descriptor, or -1 with errno set:
/// EAGAIN only where that has happened at each of many tries.
int imgbased_open_in_root(int dirfd, const char *path, int flags, unsigned int mode);

/// The same, and refuses to follow any link or to enter another file system: `RESOLVE_BENEATH`, `RESOLVE_NO_SYMLINKS`,
/// `RESOLVE_NO_MAGICLINKS` and `RESOLVE_NO_XDEV`.
int imgbased_open_beneath(int dirfd, const char *path, int flags, unsigned int mode);

/// What is at one place, as statx(2) has it, which Glibc's module hides.
struct imgbased_node {
    uint32_t mode;
    uint32_t owner;
    uint32_t group;
    uint32_t modified_nanoseconds;
    int64_t modified_seconds;
    uint64_t size;
    uint64_t allocated;
    uint64_t inode;
    uint64_t links;
    /// Of the file system; major number in the upper half.
    uint64_t device;
    /// Of a device itself; major number in the upper half.
    uint64_t represented;
    /// Whether something is mounted there.
    bool is_mount_point;
    /// Whether it is immutable or can be appended to only.
    bool is_immutable;
};

/// Looks at `name` in `dirfd`, itself where it is a link, or at `dirfd` where it is empty: statx(2). Returns 0, or -1 with
/// errno set.
int imgbased_look(int dirfd, const char *name, struct imgbased_node *node);

/// Makes a device, pipe or socket `name` in `dirfd`: mknodat(2), with a device number as above. Returns 0, or -1 with errno
/// set.
int imgbased_make_node(int dirfd, const char *name, uint32_t mode, uint64_t represented);

/// Copies up to `count` bytes between open files within the kernel, from and to those offsets, which it moves:
/// copy_file_range(2), which Glibc's module hides. Returns how many, or -1 with errno set.
ssize_t imgbased_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, size_t count);

/// Opens the directory `name` of the open directory `dirfd`, itself and not what a link leads to: openat(2). Returns a
/// descriptor, or -1 with errno set.
int imgbased_open_directory_at(int dirfd, const char *name);

/// Makes a pipe whose ends no other program gets: pipe2(2). Returns 0, or -1 with errno set.
int imgbased_pipe(int ends[2]);

/// Writes what was printed and is not written yet: fflush(3), ferror(3). Returns 0, or an error number where not all of what was
/// ever printed could be written: EPIPE where nobody reads it any more.
int imgbased_flush_output(void);

/// A descriptor that can be read when the process ends: pidfd_open(2). Returns it, or -1 with errno set.
int imgbased_process_descriptor(int process);

/// Drops what the kernel has in memory of the block device `fd`, once it is written: ioctl(2) `BLKFLSBUF`. Returns 0, or
/// -1 with errno set.
int imgbased_drop_device_cache(int fd);

/// Has the kernel begin to write what was changed of `fd` from `offset` on: sync_file_range(2).
void imgbased_begin_writing(int fd, uint64_t offset, uint64_t length);

/// Writes everything that waits in memory for the file system `fd` is on: syncfs(2), which Glibc's module hides.
/// Returns 0, or -1 with errno set.
int imgbased_sync_file_system(int fd);

/// What became of an attempt to freeze a file system and thaw it at once; all but the first with errno set.
enum imgbased_freezing {
    imgbased_froze,
    /// There was nobody to thaw it should this program die: nothing was done.
    imgbased_not_watched,
    imgbased_did_not_freeze,
    imgbased_did_not_thaw,
};

/// Freezes the file system that `fd` is on, and thaws it at once: ioctl(2) `FIFREEZE` and `FITHAW`. A process of its own
/// thaws it should this program be killed in between, or take longer than `limit` milliseconds. Of the host tool alone.
enum imgbased_freezing imgbased_freeze_and_thaw(int fd, int limit);

/// Gives what `name` in `dirfd` and `other_name` in `other_dirfd` are each other's names, at once: renameat2(2) with
/// `RENAME_EXCHANGE`, which Glibc's module hides. Returns 0, or -1 with errno set.
int imgbased_exchange(int dirfd, const char *name, int other_dirfd, const char *other_name);

/// The type of the file system that `fd` is on, by the numbers of linux/magic.h: fstatfs(2). Returns 0, or -1 with errno
/// set.
int imgbased_file_system_type(int fd, uint64_t *type);

/// The block of its file system that the first byte of the open file is in, or 0 if none is: ioctl(2) `FIBMAP`. Returns 0, or
/// -1 with errno set.
int imgbased_first_block(int fd, int *block);

/// Gives a file a name that nothing has yet: renameat2(2) with `RENAME_NOREPLACE`. Returns 0, or -1 with errno set.
int imgbased_rename_new(int dirfd, const char *name, int new_dirfd, const char *new_name);

/// Has everything that was journaled for the ext4 file system `fd` is on put in its place: ioctl(2) `EXT4_IOC_CHECKPOINT`,
/// of Linux 5.14 (fs/ext4/ext4.h). Returns 0, or -1 with errno set.
int imgbased_checkpoint(int fd);

/// Starts a child process that locks `fd`, flock(2), for this one as well: it ends with 0 when it has the lock, or with
/// errno. Returns the process, or -1 with errno set.
int imgbased_start_locking(int fd);

/// Loads the kernel module in `fd`, which the kernel decompresses if it `is_compressed`: finit_module(2). Returns 0, or -1
/// with errno set.
int imgbased_load_module(int fd, const char *options, bool is_compressed);

#endif
