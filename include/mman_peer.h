/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * <mman_peer.h>: what libmman_peer offers beyond QNX's functions: its version,
 * why a call failed, consent, and a target's own service. Link with -lmman_peer.
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

/**
 * Starts a service in the calling process: from now on peers that call
 * mmap_peer() or munmap_peer() on it have two threads of the library's make
 * the calls, instead of stopping one of the program's. That takes no right to
 * trace, whatever kernel.yama.ptrace_scope or a container forbid, and goes on
 * while a debugger holds the other threads.
 *
 * Root and the processes of the same user may map then: those of whom one of
 * the real or effective user is the calling process's real or saved one.
 *
 * The service takes no signal, keeps none of the program's descriptors open
 * and none of its own among them, and ends with the process or an exec. A child
 * of fork() has none until it calls this itself. A program that is started with
 * MMAN_PEER_SERVE=1 in its environment has one from the beginning, and so have
 * its children.
 *
 * Returns 0, also if the service runs already, or -1 with errno set: EPERM a
 * set-uid program; EAGAIN no thread can be made; EADDRINUSE the name is taken
 * by another process; ENOSYS before Linux 5.9. Not for signal handlers.
 */
int mman_peer_serve(void);

/**
 * Ends the service of the calling process. When it returns, its threads are
 * gone, and what peers ask is done by injection, where they may. Returns 0,
 * also if there was none. Not for signal handlers.
 */
int mman_peer_serve_stop(void);

#ifdef __cplusplus
}
#endif

#endif
