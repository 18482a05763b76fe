/*
 * The functions of libudev that libdevmapper calls, for the static helper: Debian has no static libudev.
 * libdevmapper only asks whether udevd runs and can answer a cookie. libudev itself checks the same file.
 */
#include <unistd.h>

static char handle;

void *udev_new(void)
{
    return &handle;
}

void *udev_unref(void *udev)
{
    (void)udev;
    return 0;
}

void *udev_queue_new(void *udev)
{
    (void)udev;
    return &handle;
}

void *udev_queue_unref(void *queue)
{
    (void)queue;
    return 0;
}

int udev_queue_get_udev_is_active(void *queue)
{
    (void)queue;
    return access("/run/udev/control", F_OK) == 0;
}
