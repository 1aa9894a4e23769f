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
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* QNX declares these two here. The other companions are in <mman_peer/companions.h>. */
void *mmap_device_memory(void *addr, size_t len, int prot, int flags, uint64_t physical);
int munmap_device_memory(void *addr, size_t len);

#ifdef __cplusplus
}
#endif

#endif
