/*
 * The smallest possible program: only the device-mapper calls for one layer, with fixed tables. imgbase-initrd
 * takes longer by the time that it needs to find the tables. The output of `imgbase-initrd plan` becomes tables.h.
 */
#include <libdevmapper.h>
#include <stdint.h>

struct device {
    const char *name, *uuid;
    int read_only;
    uint16_t flags;
};

struct target {
    int device;
    uint64_t start, length;
    const char *type, *parameters;
};

#include "tables.h"

int main(void)
{
    uint32_t cookie = 0;

    for (int d = 0; d < DEVICES; d++) {
        struct dm_task *task = dm_task_create(DM_DEVICE_CREATE);
        if (!task || !dm_task_set_name(task, devices[d].name) || !dm_task_set_uuid(task, devices[d].uuid))
            return 1;
        if (devices[d].read_only && !dm_task_set_ro(task))
            return 1;
        for (int t = 0; t < TARGETS; t++)
            if (targets[t].device == d
                && !dm_task_add_target(task, targets[t].start, targets[t].length, targets[t].type,
                                       targets[t].parameters))
                return 1;
        if (!dm_task_set_cookie(task, &cookie, devices[d].flags) || !dm_task_run(task))
            return 1;
        dm_task_destroy(task);
    }
    dm_udev_wait(cookie);
    return 0;
}
