/*
 * holding_aarch64.h: the registers of aarch64, for holding.h: x0 to x30, sp,
 * the vector registers with all that SVE adds to them (Z in one length of the
 * machine after the other, P, FFR) and the floating-point control words. One
 * register, x28, holds the board's address; in user mode x16 and x17 count the
 * passes.
 */
#ifndef HOLDING_AARCH64_H
#define HOLDING_AARCH64_H
#include <sys/auxv.h>
#include <sys/prctl.h>

enum { SP = 31, GENERAL = 32, REGISTERS = GENERAL, BASE = 28, COUNT = 16, SCRATCH = 17 };
typedef uint64_t general;
static const char *const general_names[GENERAL] = { "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
	"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
	"x27", "x28", "x29", "x30", "sp" };

/* Where a call has its number and result, and its arguments. */
enum { NUMBER = 8, RESULT = 0, CALL_CHANGES = 0 };
static const int argument[6] = { 0, 1, 2, 3, 4, 5 };

#define LONGEST_VECTOR 256
#define PREDICATES_AT (32 * LONGEST_VECTOR)
#define FFR_AT (PREDICATES_AT + 0x200)
#define VECTOR_SIZE (FFR_AT + 0x200)
#define STACK_SIZE 16384

struct held {
	uint64_t want[GENERAL];                 /* 0x000 */
	uint64_t got[GENERAL];                  /* 0x100 */
	uint64_t passes;                        /* 0x200 */
	uint64_t stop;                          /* 0x208 */
	uint64_t length;                        /* 0x210: of a vector in bytes; 0 without SVE */
	uint64_t old_sp;                        /* 0x218 */
	uint64_t fpcr_want, fpsr_want;          /* 0x220 */
	uint64_t fpcr_got, fpsr_got;            /* 0x230 */
	uint64_t changed;                       /* 0x240 */
	uint64_t phase, phase_done, finished;   /* the tester's and the target's progress */
	uint64_t woken;
	unsigned char vector_want[VECTOR_SIZE] __attribute__((aligned(4096)));
	unsigned char vector_got[VECTOR_SIZE] __attribute__((aligned(4096)));
	unsigned char stack[STACK_SIZE] __attribute__((aligned(4096)));
};
#define BOARD_ADDRESS 0x10000000
#define board (*(volatile struct held *)BOARD_ADDRESS)
_Static_assert(offsetof(struct held, changed) == 0x240, "the assembler below knows the places");
_Static_assert(offsetof(struct held, vector_want) == 0x1000, "likewise");
_Static_assert(offsetof(struct held, vector_got) == 0x4000, "likewise");
_Static_assert(PREDICATES_AT == 0x2000 && FFR_AT == 0x2200, "likewise");

void hold_in_user_mode(void);
void hold_in_a_call(void);
extern const char hold_after_the_call[];

__asm__(
	".pushsection .text\n"
	".arch armv8.2-a+sve\n"
	".macro HOLD_BEGIN\n"
	"	stp x19, x20, [sp, #-160]!; stp x21, x22, [sp, #16]; stp x23, x24, [sp, #32]; stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]; stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]; stp d10, d11, [sp, #112]; stp d12, d13, [sp, #128]; stp d14, d15, [sp, #144]\n"
	"	mov x28, #0x10000000\n"
	"	mov x17, sp; str x17, [x28, #0x218]\n"
	"	ldr x16, [x28, #0x210]\n"
	"	add x17, x28, #0x1000\n"
	"	cbz x16, 2f\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	ldr z\\n, [x17, #\\n, mul vl]\n"
	".endr\n"
	"	add x17, x17, #0x2000\n"
	"	add x16, x17, #0x200\n"
	"	ldr p0, [x16]; wrffr p0.b\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	ldr p\\n, [x17, #\\n, mul vl]\n"
	".endr\n"
	"	b 3f\n"
	"2:\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	ldr q\\n, [x17, #16*\\n]\n"
	".endr\n"
	"3:	ldr x17, [x28, #0x220]; msr fpcr, x17\n"
	"	ldr x17, [x28, #0x228]; msr fpsr, x17\n"
	"	ldr x17, [x28, #0xf8]; mov sp, x17\n"
	"	ldp x0, x1, [x28]; ldp x2, x3, [x28, #0x10]; ldp x4, x5, [x28, #0x20]; ldp x6, x7, [x28, #0x30]\n"
	"	ldp x8, x9, [x28, #0x40]; ldp x10, x11, [x28, #0x50]; ldp x12, x13, [x28, #0x60]; ldp x14, x15, [x28, #0x70]\n"
	"	ldp x16, x17, [x28, #0x80]; ldp x18, x19, [x28, #0x90]; ldp x20, x21, [x28, #0xa0]; ldp x22, x23, [x28, #0xb0]\n"
	"	ldp x24, x25, [x28, #0xc0]; ldp x26, x27, [x28, #0xd0]; ldr x29, [x28, #0xe8]; ldr x30, [x28, #0xf0]\n"
	".endm\n"
	".macro HOLD_END\n"
	"	stp x0, x1, [x28, #0x100]; stp x2, x3, [x28, #0x110]; stp x4, x5, [x28, #0x120]; stp x6, x7, [x28, #0x130]\n"
	"	stp x8, x9, [x28, #0x140]; stp x10, x11, [x28, #0x150]; stp x12, x13, [x28, #0x160]; stp x14, x15, [x28, #0x170]\n"
	"	stp x16, x17, [x28, #0x180]; stp x18, x19, [x28, #0x190]; stp x20, x21, [x28, #0x1a0]; stp x22, x23, [x28, #0x1b0]\n"
	"	stp x24, x25, [x28, #0x1c0]; stp x26, x27, [x28, #0x1d0]; stp x28, x29, [x28, #0x1e0]; str x30, [x28, #0x1f0]\n"
	"	mov x17, sp; str x17, [x28, #0x1f8]\n"
	"	mrs x17, fpcr; str x17, [x28, #0x230]\n"
	"	mrs x17, fpsr; str x17, [x28, #0x238]\n"
	"	ldr x16, [x28, #0x210]\n"
	"	add x17, x28, #0x4000\n"
	"	cbz x16, 4f\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	str z\\n, [x17, #\\n, mul vl]\n"
	".endr\n"
	"	add x17, x17, #0x2000\n"
	"	add x16, x17, #0x200\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	str p\\n, [x17, #\\n, mul vl]\n"
	".endr\n"
	"	rdffr p0.b; str p0, [x16]\n"
	"	b 5f\n"
	"4:\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	str q\\n, [x17, #16*\\n]\n"
	".endr\n"
	"5:	msr fpcr, xzr\n"
	"	ldr x17, [x28, #0x218]; mov sp, x17\n"
	"	ldp d8, d9, [sp, #96]; ldp d10, d11, [sp, #112]; ldp d12, d13, [sp, #128]; ldp d14, d15, [sp, #144]\n"
	"	ldp x21, x22, [sp, #16]; ldp x23, x24, [sp, #32]; ldp x25, x26, [sp, #48]; ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]; ldp x19, x20, [sp], #160\n"
	"	ret\n"
	".endm\n"
	".globl hold_in_user_mode\n"
	"hold_in_user_mode:\n"
	"	HOLD_BEGIN\n"
	"	ldr x16, [x28, #0x200]\n"
	"1:	ldr x17, [x28, #0x200]\n"        /* x16 is the count, or has changed */
	"	cmp x16, x17\n"
	"	b.ne 9f\n"
	"	add x16, x16, #1\n"
	"	str x16, [x28, #0x200]\n"
	"	ldr x17, [x28, #0x208]\n"
	"	cbz x17, 1b\n"
	"	b 8f\n"
	"9:	str x28, [x28, #0x240]\n"
	"8:	HOLD_END\n"
	".globl hold_in_a_call\n"
	"hold_in_a_call:\n"
	"	HOLD_BEGIN\n"
	"	svc #0\n"
	".globl hold_after_the_call\n"
	"hold_after_the_call:\n"
	"	HOLD_END\n"
	".arch armv8-a\n"
	".popsection\n"
);

static inline void board_set_up(void)
{
	CHECK(mmap((void *)BOARD_ADDRESS, sizeof(struct held), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)BOARD_ADDRESS);
}

/* Vectors of 32, 64, 128, 256 and 16 bytes in turn; where there are none, the next shorter ones. */
static inline void set_vector_length(unsigned seed)
{
	int length;
	if (!(getauxval(AT_HWCAP) & HWCAP_SVE))
		return;
	CHECK((length = prctl(PR_SVE_SET_VL, 16ul << seed % 5)) != -1);
	board.length = (uint64_t)(length & PR_SVE_VL_LEN_MASK);
}

static inline size_t vector_length(void) { return board.length != 0 ? board.length : 16; }

/* New values for all registers; those that the caller cares for it sets itself. */
static inline void board_fill(unsigned seed)
{
	unsigned i, k;
	set_vector_length(seed);
	for (i = 0; i < GENERAL; i++) {
		uint64_t v = 0;
		for (k = 0; k < 8; k++)
			v = v << 8 | pattern(seed + i, k);
		board.want[i] = v;
	}
	for (i = 0; i < STACK_SIZE; i++)
		board.stack[i] = pattern(seed, i);
	board.want[SP] = (uintptr_t)&board.stack[STACK_SIZE / 2];
	board.want[BASE] = BOARD_ADDRESS;
	board.changed = 0;
	board.fpcr_want = seed & 1 ? 0 : 0x01000000;    /* FZ */
	board.fpsr_want = seed & 1 ? 0x08000010 : 0x1;  /* QC, IXC; IOC */

	memset((void *)board.vector_got, 0, VECTOR_SIZE);
	memset((void *)board.got, 0, sizeof board.got);
	for (i = 0; i < VECTOR_SIZE; i++)
		board.vector_want[i] = pattern(seed, i);
	/* The first-fault register is a row of ones, then of zeros. */
	memset((void *)&board.vector_want[FFR_AT], 0, 0x200);
	for (i = 0; i < vector_length() / 16; i++)
		board.vector_want[FFR_AT + i] = 0xff;
}

static inline int bytes_held(const char *what, unsigned number, unsigned from, size_t size)
{
	size_t i;
	for (i = from; i < from + size; i++)
		if (board.vector_want[i] != board.vector_got[i]) {
			fprintf(stderr, "%s%u, byte %u: %02x, not %02x\n", what, number, (unsigned)(i - from),
				board.vector_got[i], board.vector_want[i]);
			return 0;
		}
	return 1;
}

/* A call leaves of each vector register the low 128 bits. */
static inline void check_vectors_after_a_call(void)
{
	const size_t length = vector_length();
	unsigned i;
	for (i = 0; i < 32; i++)
		CHECK(bytes_held("q", i, (unsigned)(i * length), 16));
	CHECK(board.fpcr_got == board.fpcr_want && board.fpsr_got == board.fpsr_want);
}

static inline void check_vectors(void)
{
	const size_t length = vector_length();
	unsigned i;
	/* The two that counted passes. */
	board.want[COUNT] = board.got[COUNT];
	board.want[SCRATCH] = board.got[SCRATCH];
	check_vectors_after_a_call();
	if (board.length == 0)
		return;
	for (i = 0; i < 32; i++)
		CHECK(bytes_held("z", i, (unsigned)(i * length), length));
	for (i = 0; i < 16; i++)
		CHECK(bytes_held("p", i, (unsigned)(PREDICATES_AT + i * length / 8), length / 8));
	CHECK(bytes_held("ffr", 0, FFR_AT, length / 8));
}

/* What a program can set besides: nothing. */
static inline void set_the_rest(void) {}
static inline void check_the_rest(void) {}

/* A sleep that was interrupted, by whatever, is restarted as another call (setup_restart_syscall). */
static inline void expect_the_calls_own(void)
{
	if (board.got[NUMBER] == SYS_restart_syscall)
		board.want[NUMBER] = SYS_restart_syscall;
}

#endif
