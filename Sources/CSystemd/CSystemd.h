// libsystemd for Swift.
#ifndef IMGBASED_CSYSTEMD_H
#define IMGBASED_CSYSTEMD_H

#include <systemd/sd-journal.h>

#endif
