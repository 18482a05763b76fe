#include "CDeviceMapper.h"

#include <stdarg.h>
#include <stdio.h>

static imgbased_dm_log_fn log_handler;

static void __attribute__((format(printf, 5, 6)))
forward(int level, const char *file, int line, int error, const char *format, ...)
{
    (void)file;
    (void)line;
    (void)error;
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (log_handler)
        log_handler(level & 0x07, message);
}

void imgbased_dm_log_init(imgbased_dm_log_fn handler)
{
    log_handler = handler;
    dm_log_with_errno_init(forward);
}
