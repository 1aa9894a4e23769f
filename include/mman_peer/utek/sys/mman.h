/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * <sys/mman.h> for sources written for Tektronix UTek: the system's own, and
 * UTek's mmap() under that name. Found by "pkg-config --cflags
 * mman_peer-utek"; link with -lmman_peer. See utek_mmap(3).
 *
 * Generated from src/ffi/utek.rs and cbindgen/utek_mman.h.in: change those and
 * run "make headers".
 */
#ifndef MMAN_PEER_UTEK_SYS_MMAN_H
#define MMAN_PEER_UTEK_SYS_MMAN_H

#if defined(__GNUC__)
#pragma GCC system_header
#endif

#include_next <sys/mman.h>
#include <errno.h>
#include <sys/types.h>

/* pid: what is no process */
#define M_SELF		(-1001)		/* the calling process */
#define M_PHYS		(-1002)		/* physical memory */
#define M_ZFILL		(-1003)		/* zero-fill on demand */
#define M_NFILL		(-1004)		/* likewise; UTek leaves it unfilled */
#define M_VMEEXT	(-1005)		/* VME A32 extended */
#define M_VMESTD	(-1006)		/* VME A24 standard */
#define M_VMESHORT	(-1007)		/* VME A16 short */
#define M_VME		M_VMEEXT

/* share */
#define PRIVATE		0		/* a private copy */
#define SHARED		1		/* one memory */

/* prot */
#define M_R_SELF	0x001u
#define M_W_SELF	0x002u
#define M_R_USER	0x004u
#define M_W_USER	0x008u
#define M_R_PGROUP	0x010u
#define M_W_PGROUP	0x020u
#define M_R_GROUP	0x040u
#define M_W_GROUP	0x080u
#define M_R_WORLD	0x100u
#define M_W_WORLD	0x200u

/* errno: numbers that Linux does not use; strerror() has no text for them */
#ifndef EMCOLLIDE
#define EMCOLLIDE	801		/* part of the new area is mapped already */
#endif
#ifndef EMRANGE
#define EMRANGE		802		/* an area outside the address space */
#endif

#ifdef __cplusplus
extern "C" {
#endif


/**
 * Makes len bytes of the caller's at toaddr a view of what process pid has at
 * fromaddr; <sys/mman.h> of the overlay calls it mmap.
 *
 * pid: a process, M_SELF, M_PHYS, M_ZFILL, M_NFILL or one of M_VME. prot: M_R_
 * and M_W_ bits, which belong to this mapping. share: PRIVATE or SHARED.
 * fromaddr, toaddr and len are multiples of getpagesize().
 *
 * Returns 0, or -1 with errno set. On success errno is left alone.
 *
 * EINVAL    an address or len is not on a page boundary, or prot is wrong
 * EMRANGE   an area is outside the address space, or not wholly mapped
 * EMCOLLIDE part of the range at toaddr is mapped already
 * ESRCH     no such process
 * EPERM     the kernel does not let the caller reach it
 * EACCES    the area's protection does not grant what is asked for
 * ENOTSUP, ENODEV, ENOMEM, EAGAIN, EINTR: see utek_mmap(3)
 */
int utek_mmap(int pid,
              char *fromaddr,
              char *toaddr,
              unsigned int len,
              unsigned int prot,
              unsigned int share);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
/* UTek's mremap(from, to, len, prot) is not provided, and Linux's is another. */
#pragma GCC poison mremap
#endif

/* The name means UTek's. For the system's: (mmap)(...), or do not ask for this header. */
#define mmap(pid, fromaddr, toaddr, len, prot, share) \
	utek_mmap((pid), (char *)(fromaddr), (char *)(toaddr), (unsigned int)(len), \
		  (unsigned int)(prot), (unsigned int)(share))

#endif
