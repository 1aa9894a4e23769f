/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * <process.h> for unmodified QNX sources. Linux has no such header; on QNX
 * programs get from it, directly or not, what these declare. SPRNT is a macro
 * of the examples in QNX's manual, which no header of QNX defines.
 */
#ifndef MMAN_PEER_QNX_PROCESS_H
#define MMAN_PEER_QNX_PROCESS_H

#include <sys/types.h>
#include <sys/wait.h>
#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#ifndef SPRNT
#define SPRNT snprintf
#endif

#endif
