// Kernel interfaces that Swift's Glibc module does not import.
#ifndef IMGBASED_CLINUX_H
#define IMGBASED_CLINUX_H

#include <linux/fs.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/xattr.h>

/// The size in bytes of the open block device `fd`: ioctl(2) `BLKGETSIZE64`. Returns 0, or -1 with errno set.
int imgbased_block_device_size(int fd, uint64_t *bytes);

/// Opens `path` beneath `dirfd`, which it treats as the root: openat2(2) with `RESOLVE_IN_ROOT`, so that no
/// link leads outside it. Returns a descriptor, or -1 with errno set.
int imgbased_open_in_root(int dirfd, const char *path, int flags, unsigned int mode);

/// Writes everything that waits in memory for the file system `fd` is on: syncfs(2), which Glibc's module hides.
/// Returns 0, or -1 with errno set.
int imgbased_sync_file_system(int fd);

#endif
