/*
 * holding.h: a target that holds a known value in every register, general and
 * vector, and reports each one that changes.
 *
 * The board lies at one fixed low address in tester and target, so that the
 * assembler finds it without a register of its own or with one.
 * hold_in_user_mode() holds until told to stop; hold_in_a_call() holds through
 * one system call. Both run on a stack of their own, which nobody else has a
 * reason to write to. What the registers are is said in a file for each
 * processor, under the same names.
 */
#ifndef HOLDING_H
#define HOLDING_H
#include "disturb.h"

static inline unsigned char pattern(unsigned seed, unsigned i) { return (unsigned char)((i * 167 + seed * 59 + 13) | 1); }

#if defined(__aarch64__)
#include "holding_aarch64.h"
#else
#include "holding_x86.h"
#endif

/* All general registers but those in `but`, a mask of 1 << index. */
static inline void check_general(unsigned but)
{
	int i, bad = 0;
	for (i = 0; i < GENERAL; i++)
		if (!(but >> i & 1) && i < REGISTERS && board.got[i] != board.want[i]) {
			fprintf(stderr, "%s: %#llx, not %#llx\n", general_names[i],
				(unsigned long long)board.got[i], (unsigned long long)board.want[i]);
			bad = 1;
		}
	CHECK(!bad && !board.changed);
}

static inline void check_stack(unsigned seed)
{
	unsigned i;
	for (i = 0; i < STACK_SIZE; i++)
		if (board.stack[i] != pattern(seed, i)) {
			fprintf(stderr, "stack pointer %+d: %02x, not %02x\n", (int)i - STACK_SIZE / 2,
				board.stack[i], pattern(seed, i));
			CHECK(!"the stack must not change");
		}
}

/* The test's main loop: a target that holds, phase by phase, and is disturbed. */
static inline void await_passes(void)
{
	uint64_t from = board.passes;
	AWAIT(board.passes >= from + 3);
}

#endif
