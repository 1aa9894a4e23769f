/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * <mman_peer.h>: what libmman_peer offers beyond QNX's functions: its version,
 * why a call failed, and consent. Link with -lmman_peer.
 *
 * Generated from src/ffi/extras.rs and cbindgen/mman_peer.h.in: change those
 * and run "make headers".
 */
#ifndef MMAN_PEER_MMAN_PEER_H
#define MMAN_PEER_MMAN_PEER_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif


/**
 * The version of the library that runs, as "1.2.3". Never NULL.
 */
const char *mman_peer_version(void);

/**
 * Why this thread's last call of the library failed: one sentence, with the
 * remedy where there is one. Never NULL; an empty string if nothing failed.
 *
 * The text belongs to the calling thread and stands until its next call that
 * fails. A success leaves it as it was: ask only after a failure.
 */
const char *mman_peer_explain(void);

/**
 * The caller's consent to be a target, where the Yama security module has
 * kernel.yama.ptrace_scope 1: pid and its descendants may call mmap_peer()
 * and munmap_peer() on the caller, -1 any process of the same user, 0 nobody
 * beyond the caller's ancestors.
 *
 * A process has one such consent: a new call replaces the last. Without any
 * call a program that loads the library admits its own descendants; the
 * environment variable MMAN_PEER_ALLOW (none, descendants, any) changes that.
 * A child of fork() starts without consent.
 *
 * Returns 0, or -1 with errno set: ESRCH no such process; EINVAL pid is below
 * -1. Without Yama no consent is needed, and a process that exists is a
 * success. See PR_SET_PTRACER in prctl(2).
 */
int mman_peer_allow(pid_t pid);

#ifdef __cplusplus
}
#endif

#endif
