// OpenSSL's message digests for Swift.
#ifndef IMGBASED_CCRYPTO_H
#define IMGBASED_CCRYPTO_H

#include <openssl/evp.h>

#endif
