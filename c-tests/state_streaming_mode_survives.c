/*
 * A target computes in the streaming mode of aarch64's SME, with known values in
 * the vectors, the predicates and the array ZA, or with ZA in use outside that
 * mode. It has all of them after hundreds of mappings, and is in the mode it was
 * in, for each length that streaming vectors have: a system call of its own would
 * have ended the mode.
 */
#include "disturb.h"

#if defined(__aarch64__)
#include <sys/auxv.h>

#define LONGEST 256
enum { STREAMING = 1, ARRAY = 2 };      /* as in SVCR: PSTATE.SM and PSTATE.ZA */

struct held {
	unsigned char z[32 * LONGEST];
	unsigned char p[16 * LONGEST / 8];
	unsigned char za[LONGEST * LONGEST];
};
struct board {
	uint64_t stop, passes;          /* 0, 8: the assembler knows the places */
	uint64_t mode, mode_got;        /* 16, 24 */
	uint64_t length;                /* 32: of a streaming vector, in bytes */
	struct held want, got;
	atomic_uint phase;
};
static struct board *board;

/* Loads `want`, counts passes until told to stop, and stores to `got`. */
void hold_streaming(struct board *, struct held *want, struct held *got);
__asm__(
	".pushsection .text\n"
	".arch armv8.2-a+sve\n"
	".type hold_streaming, %function\n"
	".globl hold_streaming\n"
	"hold_streaming:\n"
	"	stp d8, d9, [sp, #-64]!; stp d10, d11, [sp, #16]; stp d12, d13, [sp, #32]; stp d14, d15, [sp, #48]\n"
	"	ldr x9, [x0, #16]\n"
	"	ldr x13, [x0, #32]\n"
	"	msr s3_3_c4_c2_2, x9\n"         /* SVCR */
	"	tbz x9, #1, 2f\n"
	"	add x10, x1, #0x2000\n"
	"	add x10, x10, #0x200\n"         /* ZA, row by row: ldr za[w12, 0], [x10] */
	"	mov x12, #0\n"
	"1:	.inst 0xe1000140\n"
	"	add x10, x10, x13\n"
	"	add x12, x12, #1\n"
	"	cmp x12, x13\n"
	"	b.lo 1b\n"
	"2:	tbz x9, #0, 3f\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	ldr z\\n, [x1, #\\n, mul vl]\n"
	".endr\n"
	"	add x10, x1, #0x2000\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	ldr p\\n, [x10, #\\n, mul vl]\n"
	".endr\n"
	"3:	ldr x10, [x0, #8]\n"
	"	add x10, x10, #1\n"
	"	str x10, [x0, #8]\n"
	"	ldr x10, [x0]\n"
	"	cbz x10, 3b\n"
	"	mrs x10, s3_3_c4_c2_2\n"
	"	str x10, [x0, #24]\n"
	"	cmp x10, x9\n"
	"	b.ne 9f\n"                      /* else what follows is no instruction */
	"	tbz x9, #1, 5f\n"
	"	add x10, x2, #0x2000\n"
	"	add x10, x10, #0x200\n"
	"	mov x12, #0\n"
	"4:	.inst 0xe1200140\n"             /* str za[w12, 0], [x10] */
	"	add x10, x10, x13\n"
	"	add x12, x12, #1\n"
	"	cmp x12, x13\n"
	"	b.lo 4b\n"
	"5:	tbz x9, #0, 9f\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	str z\\n, [x2, #\\n, mul vl]\n"
	".endr\n"
	"	add x10, x2, #0x2000\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	str p\\n, [x10, #\\n, mul vl]\n"
	".endr\n"
	"9:	msr s3_3_c4_c2_2, xzr\n"
	"	ldp d10, d11, [sp, #16]; ldp d12, d13, [sp, #32]; ldp d14, d15, [sp, #48]; ldp d8, d9, [sp], #64\n"
	"	ret\n"
	".arch armv8-a\n"
	".popsection\n"
);
_Static_assert(offsetof(struct held, p) == 0x2000 && offsetof(struct held, za) == 0x2200, "the assembler knows the places");

static const uint64_t modes[] = { STREAMING | ARRAY, STREAMING, ARRAY };
enum { MODES = 3, LENGTHS = 5, PHASES = MODES * LENGTHS };

static void compare(const char *what, const unsigned char *want, const unsigned char *got, size_t size)
{
	size_t i;
	for (i = 0; i < size; i++)
		if (want[i] != got[i]) {
			fprintf(stderr, "%s, byte %zu: %02x, not %02x (vectors of %d bytes, mode %d)\n", what, i, got[i], want[i],
				(int)board->length, (int)board->mode);
			check_failed(__FILE__, __LINE__, "what streaming mode has must survive");
		}
}

static int hold(int channel)
{
	unsigned phase;
	size_t i, length;
	int set;
	(void)channel;
	for (phase = 1; phase <= PHASES; phase++) {
		CHECK((set = prctl(63 /* PR_SME_SET_VL */, 16ul << phase % LENGTHS)) != -1);
		length = board->length = (size_t)(set & 0xffff);
		CHECK(length >= 16 && length <= LONGEST);
		board->mode = modes[phase % MODES];
		memset(&board->got, 0, sizeof board->got);
		for (i = 0; i < sizeof board->want; i++)
			((unsigned char *)&board->want)[i] = (unsigned char)(i * 167 + i / 251 + phase * 59) | 1;
		board->stop = 0;
		board->phase = phase;
		hold_streaming(board, &board->want, &board->got);
		if (board->mode_got != board->mode)
			fprintf(stderr, "mode %d, not %d\n", (int)board->mode_got, (int)board->mode);
		CHECK(board->mode_got == board->mode);
		if (board->mode & STREAMING) {
			compare("z", board->want.z, board->got.z, 32 * length);
			compare("p", board->want.p, board->got.p, 16 * length / 8);
		}
		if (board->mode & ARRAY)
			compare("za", board->want.za, board->got.za, length * length);
	}
	return 0;
}

static void await_passes(void)
{
	volatile uint64_t *passes = &board->passes;
	uint64_t from = *passes;
	AWAIT(*passes >= from + 3);
}

int main(void)
{
	struct peer p;
	unsigned phase;
	int i, fd = an_object();
	if (!(getauxval(AT_HWCAP2) >> 23 & 1 /* HWCAP2_SME */))
		check_skip("this processor has no streaming mode, or the kernel does not let programs use it");
	board = shared_memory(sizeof *board);
	p = peer_start(hold);
	for (phase = 1; phase <= PHASES; phase++) {
		AWAIT(board->phase == phase);
		await_passes();
		disturb_times(p.pid, 20);
		for (i = 0; i < 5; i++)
			disturb_by_file(p.pid, fd);
		await_passes();
		board->stop = 1;
	}
	CHECK(peer_status(&p) == 0);
	return 0;
}
#else
int main(void) { check_skip("this processor has no streaming mode"); }
#endif
