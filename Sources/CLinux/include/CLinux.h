// The C library and the kernel's interfaces for Swift, with replacements for what Swift cannot import:
// variadic functions, macros with values, and names that the headers hide. The initramfs helper imports this
// instead of Glibc, which Embedded Swift lacks.
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

/// The arguments of this program: its name first, a null pointer last.
char *const *imgbased_arguments(void);

/// The calling thread's errno(3).
int imgbased_errno(void);

/// open(2); `mode` has the permissions of a new file. Returns a descriptor, or -1 with errno set.
int imgbased_open(const char *path, int flags, unsigned int mode);

/// The next name in `directory` except `.` and `..`: readdir(3). Returns a null pointer with errno 0 at the
/// end, and with errno set after an error.
const char *imgbased_next_name(DIR *directory);

/// Gives the calling thread a mount namespace of its own, whose mounts no other sees: unshare(2) with
/// `CLONE_NEWNS`, then mount(2) with `MS_REC | MS_PRIVATE`. Returns 0, or -1 with errno set.
int imgbased_own_mounts(void);

/// The size in bytes of the open block device `fd`: ioctl(2) `BLKGETSIZE64`. Returns 0, or -1 with errno set.
int imgbased_block_device_size(int fd, uint64_t *bytes);

/// Whether `fd` is a loop device that was set up read-only, so that nothing can write through it: ioctl(2)
/// `LOOP_GET_STATUS64`, `LO_FLAGS_READ_ONLY`. 0 as well if `fd` is no loop device.
int imgbased_is_read_only_loop(int fd);

/// open(2)'s `O_PATH`, which the headers hide: opens the place, not its content.
extern const int imgbased_path_only;

/// Opens `path` below `dirfd` as the root: openat2(2) with `RESOLVE_IN_ROOT`, so that no link leads outside.
/// Tries again after a rename during the call. Returns a descriptor, or -1 with errno set: EAGAIN only if
/// each of many tries met a rename.
int imgbased_open_in_root(int dirfd, const char *path, int flags, unsigned int mode);

/// The same, but refuses to follow any link or enter another file system: `RESOLVE_BENEATH`,
/// `RESOLVE_NO_SYMLINKS`, `RESOLVE_NO_MAGICLINKS` and `RESOLVE_NO_XDEV`.
int imgbased_open_beneath(int dirfd, const char *path, int flags, unsigned int mode);

/// The properties of a file from statx(2), which Glibc's module hides.
struct imgbased_node {
    uint32_t mode;
    uint32_t owner;
    uint32_t group;
    uint32_t modified_nanoseconds;
    uint32_t changed_nanoseconds;
    int64_t modified_seconds;
    int64_t changed_seconds;
    uint64_t size;
    uint64_t allocated;
    uint64_t inode;
    uint64_t links;
    /// The device of the file system; major number in the upper half.
    uint64_t device;
    /// The number of a device file itself; major number in the upper half.
    uint64_t represented;
    /// Whether a file system is mounted there.
    bool is_mount_point;
    /// Whether the file is immutable or append-only.
    bool is_immutable;
};

/// Examines `name` in `dirfd` without following a link, or `dirfd` itself if `name` is empty: statx(2).
/// Returns 0, or -1 with errno set.
int imgbased_look(int dirfd, const char *name, struct imgbased_node *node);

/// Creates a device, pipe or socket `name` in `dirfd`: mknodat(2), with a device number as above. Returns 0,
/// or -1 with errno set.
int imgbased_make_node(int dirfd, const char *name, uint32_t mode, uint64_t represented);

/// Copies up to `count` bytes between open files within the kernel, and advances both offsets:
/// copy_file_range(2), which Glibc's module hides. Returns the number of bytes, or -1 with errno set.
ssize_t imgbased_copy_range(int from, int64_t *from_offset, int to, int64_t *to_offset, size_t count);

/// Gives the open file `to` the flags of the open file `from` that chattr(1) can set, but for immutable and
/// append-only: FS_IOC_GETFLAGS and FS_IOC_SETFLAGS. Returns 0, or -1 with errno set; 0 if `from` has none of
/// them, or a file system that knows no flags.
int imgbased_copy_flags(int from, int to);

/// Opens the directory `name` of the open directory `dirfd` without following a link: openat(2). Returns a
/// descriptor, or -1 with errno set.
int imgbased_open_directory_at(int dirfd, const char *name);

/// Creates a pipe whose ends no other program inherits: pipe2(2). Returns 0, or -1 with errno set.
int imgbased_pipe(int ends[2]);

/// Flushes standard output: fflush(3), ferror(3). Returns 0, or an error number if any output so far could
/// not be written: EPIPE if the reader has closed its end.
int imgbased_flush_output(void);

/// A descriptor that becomes readable when the process ends: pidfd_open(2). Returns it, or -1 with errno set.
int imgbased_process_descriptor(int process);

/// Drops the kernel's cache of the block device `fd` after writing it out: ioctl(2) `BLKFLSBUF`. Returns 0,
/// or -1 with errno set.
int imgbased_drop_device_cache(int fd);

/// Makes the kernel begin to write the changes of `fd` in `length` bytes from `offset` on:
/// sync_file_range(2).
void imgbased_begin_writing(int fd, uint64_t offset, uint64_t length);

/// Writes all pending changes of the file system that `fd` is on: syncfs(2), which Glibc's module hides.
/// Returns 0, or -1 with errno set.
int imgbased_sync_file_system(int fd);

/// The result of freezing a file system and thawing it at once; all but the first set errno.
enum imgbased_freezing {
    imgbased_froze,
    /// No watcher was ready to thaw it if this program died: nothing was done.
    imgbased_not_watched,
    imgbased_did_not_freeze,
    imgbased_did_not_thaw,
};

/// Freezes the file system that `fd` is on, and thaws it at once: ioctl(2) `FIFREEZE` and `FITHAW`. A
/// separate process thaws it if this program is killed in between, or takes longer than `limit` milliseconds.
/// Only in the host tool.
enum imgbased_freezing imgbased_freeze_and_thaw(int fd, int limit);

/// Swaps `name` in `dirfd` and `other_name` in `other_dirfd` atomically: renameat2(2) with `RENAME_EXCHANGE`,
/// which Glibc's module hides. Returns 0, or -1 with errno set.
int imgbased_exchange(int dirfd, const char *name, int other_dirfd, const char *other_name);

/// The type of the file system that `fd` is on, a number of linux/magic.h: fstatfs(2). Returns 0, or -1 with
/// errno set.
int imgbased_file_system_type(int fd, uint64_t *type);

/// The file-system block with the first byte of the open file, or 0 without one: ioctl(2) `FIBMAP`. Returns
/// 0, or -1 with errno set.
int imgbased_first_block(int fd, int *block);

/// Renames a file to a name not yet in use: renameat2(2) with `RENAME_NOREPLACE`. Returns 0, or -1 with errno
/// set.
int imgbased_rename_new(int dirfd, const char *name, int new_dirfd, const char *new_name);

/// Moves everything in the journal of the ext4 file system that `fd` is on to its final place: ioctl(2)
/// `EXT4_IOC_CHECKPOINT` of Linux 5.14 (fs/ext4/ext4.h). Returns 0, or -1 with errno set.
int imgbased_checkpoint(int fd);

/// Starts a child process that locks `fd`, flock(2), for this process too. The child exits with 0 once it has
/// the lock, or with errno. Returns the process, or -1 with errno set.
int imgbased_start_locking(int fd);

/// Loads the kernel module in `fd`; the kernel decompresses it if it `is_compressed`: finit_module(2).
/// Returns 0, or -1 with errno set.
int imgbased_load_module(int fd, const char *options, bool is_compressed);

#endif
