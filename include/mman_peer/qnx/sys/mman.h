/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * <sys/mman.h> for unmodified QNX sources: the system's own, and beside it what
 * QNX's <sys/mman.h> declares and Linux's does not.
 *
 * Put this directory on the path with -isystem ("pkg-config --cflags
 * mman_peer-qnx" does): #include_next is an error under -I with -pedantic.
 */
#ifndef MMAN_PEER_QNX_SYS_MMAN_H
#define MMAN_PEER_QNX_SYS_MMAN_H

#include_next <sys/mman.h>
#include <sys/mman_peer.h>

#endif
