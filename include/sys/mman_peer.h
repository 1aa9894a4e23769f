/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * <sys/mman_peer.h>: QNX's mmap_peer(), mmap64_peer() and munmap_peer() on
 * Linux, with the constants of QNX that Linux lacks. Link with -lmman_peer.
 *
 * Generated from src/ffi/qnx.rs and cbindgen/sys_mman_peer.h.in: change those
 * and run "make headers".
 */
#ifndef MMAN_PEER_SYS_MMAN_PEER_H
#define MMAN_PEER_SYS_MMAN_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/mman.h>

/* Here MAP_* flags of the kernel have the values used below. */
#if defined(__mips__) || defined(__alpha__) || defined(__sparc__) || \
    defined(__hppa__) || defined(__xtensa__)
#error "<sys/mman_peer.h>: the QNX flags collide with this architecture's"
#endif

/*
 * Names that QNX shares with Linux: the system's values. These are the ones
 * that the C library hides from strictly conforming programs.
 */
#ifndef MAP_FILE
#define MAP_FILE	0
#endif
#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS	0x20
#endif
#ifndef MAP_ANON
#define MAP_ANON	MAP_ANONYMOUS
#endif
#ifndef MAP_NORESERVE
#if defined(__powerpc__)
#define MAP_NORESERVE	0x40
#else
#define MAP_NORESERVE	0x4000
#endif
#endif
#ifndef MAP_STACK
#define MAP_STACK	0x20000
#endif

/*
 * Names that Linux lacks, in bits that no Linux flag has on any supported
 * architecture. Plain mmap() ignores them, except MAP_SYSRAM.
 */
#ifndef NOFD
#define NOFD		(-1)		/* no descriptor */
#endif
#ifndef PROT_NOCACHE
#define PROT_NOCACHE	0x00000800	/* uncached, for physical memory */
#endif
#ifndef MAP_PRIVATEANON
#define MAP_PRIVATEANON	(MAP_PRIVATE | MAP_ANON)
#endif
#ifndef MAP_SYSRAM
#define MAP_SYSRAM	0x00000004	/* never passed in: EINVAL */
#endif
#ifndef MAP_BELOW16M
#define MAP_BELOW16M	0x00000200	/* physical memory below 16 MiB */
#endif
#ifndef MAP_NOX64K
#define MAP_NOX64K	0x00000400	/* not across a 64 KiB boundary */
#endif
#ifndef MAP_PHYS
#define MAP_PHYS	0x00200000	/* physical memory, off its address */
#endif
#ifndef MAP_LAZY
#define MAP_LAZY	0x00400000	/* memory not set aside in advance */
#endif
#ifndef MAP_BELOW
#define MAP_BELOW	0x00800000	/* rather below the hint than above */
#endif
#ifndef MAP_NOINHERIT
#define MAP_NOINHERIT	0x01000000	/* not passed on by fork() */
#endif
#ifndef MAP_HANDLE
#define MAP_HANDLE	0x02000000	/* fd is a handle: ENOTSUP */
#endif

/* Accepted for QNX sources, without effect. */
#ifndef MAP_ELF
#define MAP_ELF		0
#endif
#ifndef MAP_NOINIT
#define MAP_NOINIT	0
#endif
#ifndef MAP_NOSYNCFILE
#define MAP_NOSYNCFILE	0
#endif
#ifndef MAP_RENAME
#define MAP_RENAME	0
#endif
#ifndef UNMAP_INIT_REQUIRED
#define UNMAP_INIT_REQUIRED	1
#endif
#ifndef UNMAP_INIT_OPTIONAL
#define UNMAP_INIT_OPTIONAL	2
#endif

#if defined(_LARGEFILE64_SOURCE) || defined(_GNU_SOURCE)
#define MMAN_PEER_LARGEFILE64	1
#endif

/*
 * The same type as off64_t, which the C library declares only if the program
 * asked for it before its first #include.
 */
typedef int64_t mman_peer_off64_t;

#ifdef __cplusplus
extern "C" {
#endif


/**
 * Creates a mapping in the address space of process pid, as mmap() does in
 * the caller's.
 *
 * addr: NULL, a hint, or with MAP_FIXED the place. len: bytes, not 0; whole
 * pages are mapped. prot: PROT_*. flags: MAP_SHARED or MAP_PRIVATE, with
 * other MAP_* flags. fd: a descriptor of the caller (the target gets none), or
 * NOFD for zeroed memory. off: the offset in the object, in bytes; it need
 * not be a multiple of the page size.
 *
 * Returns the address, valid in process pid only, or MAP_FAILED with errno
 * set. On success errno is left alone.
 *
 * ESRCH   no such process, or it is ending
 * EPERM   the kernel does not let the caller touch it
 * EAGAIN  it cannot be reached now: a debugger holds it, it is frozen
 * EINTR   a signal handler ran during the wait for such a process
 * EINVAL, EBADF, EACCES, ENOMEM, ENXIO, ENOTSUP, ...: as mmap(), for
 *         the caller's descriptor and the limits of process pid
 *
 * mman_peer_explain() in <mman_peer.h> says more. May be called from signal
 * handlers and from any thread; not a cancellation point. Declared by
 * QNX Neutrino 6.4 and later.
 */
void *mmap_peer(pid_t pid,
                void *addr,
                size_t len,
                int prot,
                int flags,
                int fd,
                off_t off);

/**
 * Removes every mapping of process pid from addr to addr + len, as munmap()
 * does in the caller.
 *
 * addr is rounded down to a page and the end up. Holes are fine, and
 * nothing mapped at all is a success. len must not be 0.
 *
 * Returns 0, or -1 with errno set: ESRCH, EPERM, EAGAIN, EINTR as
 * mmap_peer(); EINVAL len is 0 or the range is outside user space; ENOMEM
 * the process would have too many mappings. On success errno is left alone.
 *
 * May be called from signal handlers and from any thread; not a
 * cancellation point. Declared by QNX Neutrino 6.4 and later.
 */
int munmap_peer(pid_t pid, void *addr, size_t len);

#if defined(MMAN_PEER_LARGEFILE64)
/**
 * mmap_peer() with an offset of 64 bits on every system; the type is
 * off64_t. Declared with _LARGEFILE64_SOURCE or _GNU_SOURCE, as QNX does.
 */
void *mmap64_peer(pid_t pid,
                  void *addr,
                  size_t len,
                  int prot,
                  int flags,
                  int fd,
                  mman_peer_off64_t off);
#endif

/*
 * A 32-bit program with an off_t of 64 bits gets the function that takes one,
 * as from mmap().
 */
#if defined(__USE_FILE_OFFSET64) && !defined(__LP64__)
#if defined(__GNUC__)
extern void *mmap_peer(pid_t pid, void *addr, size_t len, int prot, int flags,
		       int fd, off_t off) __asm__("mmap64_peer");
#else
#define mmap_peer mmap64_peer
#endif
#endif

#ifdef __cplusplus
}
#endif

#endif
