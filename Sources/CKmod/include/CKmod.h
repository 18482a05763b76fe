// libkmod for Swift.
#ifndef IMGBASED_CKMOD_H
#define IMGBASED_CKMOD_H

#include <libkmod.h>

#endif
