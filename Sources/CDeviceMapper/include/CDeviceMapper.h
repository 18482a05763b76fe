// libdevmapper for Swift, and what Swift cannot import: its variadic log callback.
#ifndef IMGBASED_CDEVICEMAPPER_H
#define IMGBASED_CDEVICEMAPPER_H

#include <libdevmapper.h>
#include <stdbool.h>

/// What receives libdevmapper's messages: `level` as in `dm_log_with_errno_fn` (4 is a warning, less is
/// worse), `message` one line without its end.
typedef void (*imgbased_dm_log_fn)(int level, const char *message);

/// Sends libdevmapper's messages to `handler` instead of standard error.
void imgbased_dm_log_init(imgbased_dm_log_fn handler);

/// Waits until udev has handled all that has the `cookie`, as dm_udev_wait does, but at most so many seconds, and removes it.
/// Returns whether udev has.
bool imgbased_dm_udev_wait(uint32_t cookie, int seconds);

/// Whether what `task`, a list of versions, got from the kernel has a target called `name`.
bool imgbased_dm_has_target(struct dm_task *task, const char *name);

#endif
