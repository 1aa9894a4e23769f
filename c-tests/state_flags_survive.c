/*
 * A target that computes with any flag of the processor set, the direction
 * flag and the alignment check among them, has them all after hundreds of
 * mappings; and a borrowed call does not stumble over them.
 */
#include "disturb.h"

enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, DF = 0x400, OF = 0x800, NT = 0x4000, AC = 0x40000, ID = 0x200000 };
enum { ALL = CF | PF | AF | ZF | SF | DF | OF | NT | AC | ID, ALWAYS = 0x202 /* bit 1, interrupts on */ };

static const uint64_t combinations[] = { ALL, DF, AC, NT | ID, CF | ZF | OF, PF | SF | AF, DF | AC, 0 };
enum { PHASES = sizeof combinations / sizeof *combinations };

static struct { atomic_uint phase, rounds, stop; } *shared;

/* `loop` counts without touching a flag. */
static uint64_t spin_with_flags(uint64_t flags)
{
	unsigned long after, count = 200000;
	__asm__ volatile(
#if defined(__x86_64__)
		"lea -128(%%rsp), %%rsp\n"      /* not the red zone */
#endif
		"push %2; popf\n"
		"1: loop 1b\n"
		"pushf; pop %0\n"
		"push %3; popf\n"
#if defined(__x86_64__)
		"lea 128(%%rsp), %%rsp\n"
#endif
		: "=r"(after), "+c"(count)
		: "r"((unsigned long)flags | ALWAYS), "r"((unsigned long)ALWAYS) : "cc", "memory");
	CHECK(count == 0);
	return after & ALL;
}

static int spin(int channel)
{
	unsigned phase;
	(void)channel;
	for (phase = 1; phase <= PHASES; phase++) {
		shared->phase = phase;
		do {
			uint64_t got = spin_with_flags(combinations[phase - 1]);
			if (got != combinations[phase - 1])
				fprintf(stderr, "flags %#llx, not %#llx\n", (unsigned long long)got,
					(unsigned long long)combinations[phase - 1]);
			CHECK(got == combinations[phase - 1]);
			shared->rounds++;
		} while (shared->stop < phase);
	}
	return 0;
}

int main(void)
{
	struct peer p;
	unsigned phase, rounds;
	shared = shared_memory(sizeof *shared);
	p = peer_start(spin);
	for (phase = 1; phase <= PHASES; phase++) {
		AWAIT(shared->phase == phase);
		disturb_times(p.pid, 30);
		rounds = shared->rounds;
		AWAIT(shared->rounds > rounds + 1);
		shared->stop = phase;
	}
	CHECK(peer_status(&p) == 0);
	return 0;
}
