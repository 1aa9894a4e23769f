/*
 * A target is inside a restartable sequence (rseq(2)) when a mapping is made or
 * removed. The sequence gets its abort, as after any other interruption: it
 * must not commit, for another thread may have run meanwhile. And a sequence
 * that is only announced, but not being executed, does not divert the target.
 *
 * runs-alone
 */
#include "disturb.h"
#include <limits.h>
#include <linux/rseq.h>
#include <sys/rseq.h>

/* glibc registers each thread and wants this word before an abort handler. */
#if defined(__aarch64__)
#define SIGNATURE 0xd428bc00    /* brk #0x45e0 */
#else
#define SIGNATURE 0x53053053
#endif

static struct {
	atomic_ulong inside;    /* the number of the sequence that has begun */
	atomic_ulong release;   /* up to this number it may commit */
	atomic_ulong aborted, committed;
	atomic_ulong spins;
	atomic_int stop_spinning;
} *shared;

static struct rseq *own_rseq(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* An address in 64 bits, and how that of the sequence's description is had. */
#if defined(__i386__)
#define ADDRESS(label) "   .long " #label ", 0\n"
#define DESCRIPTION "call 6f\n" "6: pop %%eax\n" "lea 3b-6b(%%eax), %%eax\n" "mov %%eax, 8(%[area])\n"
#define USED "eax"
#elif defined(__x86_64__)
#define ADDRESS(label) "   .quad " #label "\n"
#define DESCRIPTION "lea 3b(%%rip), %%rax\n" "mov %%rax, 8(%[area])\n"
#define USED "rax"
#else
#define ADDRESS(label) "   .quad " #label "\n"
#define DESCRIPTION "adrp x9, 3b\n" "add x9, x9, :lo12:3b\n" "str x9, [%[area], #8]\n"
#define USED "x9"
#endif

/* Tells its number, waits for it to be released, commits by one store; and the jump to where it was aborted. */
#if defined(__aarch64__)
#define SECTION \
	"1: str %[n], [%[inside]]\n" \
	"5: ldr x9, [%[release]]\n" \
	"cmp x9, %[n]\n" \
	"b.lo 5b\n" \
	"str %[n], [%[committed]]\n" \
	"2:\n"
#define JUMP "b"
#define SIGNED(signature) ".inst " #signature "\n"
#else
#define SECTION \
	"1: mov %[n], (%[inside])\n" \
	"5: pause\n" \
	"cmp %[n], (%[release])\n" \
	"jb 5b\n" \
	"mov %[n], (%[committed])\n" \
	"2:\n"
#define JUMP "jmp"
#define SIGNED(signature) ".byte 0x0f, 0xb9, 0x3d\n" ".long " #signature "\n"     /* ud1, so that disassemblers stay in step */
#endif
#define BEFORE_ABORT(signature) SIGNED(signature)     /* the word behind which an abort handler may stand */

/* Announces itself as sequence n, waits to be released, commits: 1; aborted: 0. */
static int sequence(unsigned long n)
{
	__asm__ goto(
		".pushsection __rseq_cs, \"aw\"\n"
		".balign 32\n"
		"3: .long 0, 0\n"
		ADDRESS(1f) ADDRESS(2f - 1f) ADDRESS(4f)
		".popsection\n"
		DESCRIPTION
		SECTION
		".pushsection __rseq_failure, \"ax\"\n"
		BEFORE_ABORT(SIGNATURE)
		"4: " JUMP " %l[aborted]\n"
		".popsection\n"
		: : [area] "r"(own_rseq()), [n] "r"(n), [inside] "r"(&shared->inside),
		    [release] "r"(&shared->release), [committed] "r"(&shared->committed)
		: USED, "memory", "cc" : aborted);
	return 1;
aborted:
	CHECK(own_rseq()->rseq_cs == 0);
	shared->aborted = n;
	return 0;
}

static int target(int channel)
{
	unsigned long n = 0;
	/* Until the tester dismisses it with a last commit. */
	while (!sequence(++n) || n < hear_word(channel))
		;
	/* The registration stands: the kernel keeps the processor's number up to date. */
	CHECK((int32_t)own_rseq()->cpu_id >= 0 && syscall(SYS_rseq, own_rseq(), 32, 0, SIGNATURE) == -1);
	/* rseq_cs still names the sequence, but this code is not part of it. */
	while (!shared->stop_spinning)
		shared->spins++;
	return 0;
}

enum { ROUNDS = 200 };

int main(void)
{
	struct peer p;
	unsigned long n = 0, spins;
	void *m = NULL;
	int round;
	if (__rseq_size == 0)
		check_skip("this C library has not registered rseq");
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	for (round = 0; round < check_rounds(ROUNDS); round++) {
		AWAIT(shared->inside > n);
		n = shared->inside;
		if (round % 2 == 0)
			m = map_in(p.pid);
		else
			unmap_in(p.pid, m);
		shared->release = n;
		AWAIT(shared->aborted >= n || shared->committed >= n);
		CHECK(shared->committed == 0);
	}
	/*
	 * Undisturbed it does commit: else the above would show nothing. All that are to come
	 * are released at once: one at a time, this test would interrupt each on its processor.
	 */
	shared->release = ULONG_MAX;
	AWAIT(shared->committed != 0);
	tell_word(p.channel, 0);
	AWAIT(shared->spins > 0);
	disturb_times(p.pid, 50);
	spins = shared->spins;
	AWAIT(shared->spins > spins);
	shared->stop_spinning = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
