// libdevmapper for Swift, and what Swift cannot import: its variadic log callback.
#ifndef IMGBASED_CDEVICEMAPPER_H
#define IMGBASED_CDEVICEMAPPER_H

#include <libdevmapper.h>

/// What receives libdevmapper's messages: `level` as in `dm_log_with_errno_fn` (4 is a warning, less is
/// worse), `message` one line without its end.
typedef void (*imgbased_dm_log_fn)(int level, const char *message);

/// Sends libdevmapper's messages to `handler` instead of standard error.
void imgbased_dm_log_init(imgbased_dm_log_fn handler);

#endif
