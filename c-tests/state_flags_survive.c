/*
 * A target that computes with any flag of the processor set (on x86 the direction
 * flag and the alignment check among them) has them all after hundreds of
 * mappings; and a borrowed call does not stumble over them.
 */
#include "disturb.h"
#include <sys/auxv.h>

#if defined(__x86_64__) || defined(__i386__)
enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, DF = 0x400, OF = 0x800, NT = 0x4000, AC = 0x40000, ID = 0x200000 };
enum { ALL = CF | PF | AF | ZF | SF | DF | OF | NT | AC | ID, ALWAYS = 0x202 /* bit 1, interrupts on */ };

static const uint64_t combinations[] = { ALL, DF, AC, NT | ID, CF | ZF | OF, PF | SF | AF, DF | AC, 0 };
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
static uint64_t there(uint64_t flags) { return flags; }
#elif defined(__aarch64__)
enum { V = 1 << 28, C = 1 << 29, Z = 1 << 30, DIT = 1 << 24, SSBS = 1 << 12 };
#define N 0x80000000u
#define ALL (N | Z | C | V | DIT | SSBS)

static const uint64_t combinations[] = { ALL, N, Z | C, V, N | V | DIT, C | SSBS, DIT, 0 };

/* Those that this processor has: data independent timing, and safe speculation. */
static uint64_t there(uint64_t flags)
{
	unsigned long can = getauxval(AT_HWCAP);
	return flags & ~(uint64_t)((can & HWCAP_DIT ? 0 : DIT) | (can & HWCAP_SSBS ? 0 : SSBS));
}

/* By number, for assemblers that do not know the name. */
#define DIT_REGISTER  "S3_3_C4_C2_5"
#define SSBS_REGISTER "S3_3_C4_C2_6"
#define WRITE_FLAG(name, value) __asm__ volatile("msr " name ", %0" :: "r"(value))
#define READ_FLAG(name, value)  __asm__ volatile("mrs %0, " name : "=r"(value))

/* `cbnz` counts without touching a flag. */
static uint64_t spin_with_flags(uint64_t flags)
{
	uint64_t after, dit = 0, ssbs = 0, count = 200000, before = 0;
	if (there(DIT))
		WRITE_FLAG(DIT_REGISTER, flags & DIT);
	if (there(SSBS)) {
		READ_FLAG(SSBS_REGISTER, before);
		WRITE_FLAG(SSBS_REGISTER, flags & SSBS);
	}
	__asm__ volatile(
		"msr nzcv, %2\n"
		"1: sub %1, %1, #1\n"
		"cbnz %1, 1b\n"
		"mrs %0, nzcv\n"
		: "=r"(after), "+r"(count) : "r"(flags & 0xf0000000u) : "cc", "memory");
	if (there(DIT)) {
		READ_FLAG(DIT_REGISTER, dit);
		WRITE_FLAG(DIT_REGISTER, 0ul);
	}
	if (there(SSBS)) {
		READ_FLAG(SSBS_REGISTER, ssbs);
		WRITE_FLAG(SSBS_REGISTER, before);
	}
	return after | dit | ssbs;
}
#endif

enum { PHASES = sizeof combinations / sizeof *combinations };

static struct { atomic_uint phase, rounds, stop; } *shared;

static int spin(int channel)
{
	unsigned phase;
	(void)channel;
	for (phase = 1; phase <= PHASES; phase++) {
		shared->phase = phase;
		do {
			uint64_t want = there(combinations[phase - 1]), got = spin_with_flags(want);
			if (got != want)
				fprintf(stderr, "flags %#llx, not %#llx\n", (unsigned long long)got, (unsigned long long)want);
			CHECK(got == want);
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
