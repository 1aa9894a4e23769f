/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * <mman_peer/companions.h>: functions that QNX programs declare themselves, or
 * carry in a file of their own, around mmap_peer(). They are weak: a program's
 * own copy wins. Link with -lmman_peer.
 *
 * Generated from src/ffi/companions.rs and cbindgen/companions.h.in: change
 * those and run "make headers".
 */
#ifndef MMAN_PEER_COMPANIONS_H
#define MMAN_PEER_COMPANIONS_H

#include <sys/mman_peer.h>

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif


/**
 * munmap_peer() with flags: UNMAP_INIT_REQUIRED, UNMAP_INIT_OPTIONAL or 0,
 * without effect. Other flags are EINVAL.
 */
int munmap_flags_peer(pid_t pid, void *addr, size_t len, unsigned int flags);

/**
 * munmap_peer() by another name.
 */
int munmap64_peer(pid_t pid, void *addr, size_t len);

/**
 * mmap64_peer() that also stores the first page's address in *base and the
 * size in whole pages in *size; either may be NULL. align and preload are
 * not used.
 */
void *_mmap2_peer(pid_t pid,
                  void *addr,
                  size_t len,
                  int prot,
                  int flags,
                  int fd,
                  mman_peer_off64_t off,
                  unsigned int align,
                  unsigned int preload,
                  void **base,
                  size_t *size);

/**
 * Maps one object at one address in the calling process and in pid; addr is a
 * hint, NULL for any. With NOFD they are two objects. Nothing is replaced in
 * either, and after a failure nothing is mapped. Returns the address, or
 * MAP_FAILED.
 */
void *mmap64_join(pid_t pid,
                  void *addr,
                  size_t len,
                  int prot,
                  int flags,
                  int fd,
                  mman_peer_off64_t off);

/**
 * The physical address of addr in process pid, in *offset, and in
 * *contig_len how many bytes from there on are contiguous, at most len. Either
 * may be NULL. EACCES nothing is mapped there; EPERM the kernel hides
 * physical addresses from the caller (CAP_SYS_ADMIN).
 */
int mem_offset64_peer(pid_t pid,
                      uintptr_t addr,
                      size_t len,
                      mman_peer_off64_t *offset,
                      size_t *contig_len);

/**
 * mlock() in process pid, by its limits.
 */
int mlock_peer(pid_t pid, uintptr_t addr, size_t len);

/**
 * munlock() in process pid.
 */
int munlock_peer(pid_t pid, uintptr_t addr, size_t len);

/**
 * Maps physical memory in the calling process: mmap64_peer() of its own pid
 * with MAP_PHYS, MAP_SHARED and NOFD.
 */
void *mmap_device_memory(void *addr,
                         size_t len,
                         int prot,
                         int flags,
                         uint64_t physical);

/**
 * Unmaps it again: munmap() in the calling process.
 */
int munmap_device_memory(void *addr, size_t len);

#ifdef __cplusplus
}
#endif

#endif
