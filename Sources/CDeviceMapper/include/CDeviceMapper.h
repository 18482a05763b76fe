// libdevmapper for Swift, with a replacement for its variadic log callback, which Swift cannot import.
#ifndef IMGBASED_CDEVICEMAPPER_H
#define IMGBASED_CDEVICEMAPPER_H

#include <libdevmapper.h>
#include <stdbool.h>

/// Receives libdevmapper's messages: `level` as in `dm_log_with_errno_fn` (4 is a warning, a lower number is
/// worse), `message` as one line without its end.
typedef void (*imgbased_dm_log_fn)(int level, const char *message);

/// Sends libdevmapper's messages to `handler` instead of standard error.
void imgbased_dm_log_init(imgbased_dm_log_fn handler);

/// Waits until udev has handled everything with the `cookie`, as dm_udev_wait does, but at most `seconds`.
/// Removes the cookie. Returns whether udev has finished.
bool imgbased_dm_udev_wait(uint32_t cookie, int seconds);

/// Whether the kernel's answer to `task`, a list of versions, contains a target called `name`.
bool imgbased_dm_has_target(struct dm_task *task, const char *name);

#endif
