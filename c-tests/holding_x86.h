/*
 * holding_x86.h: the registers of x86, for holding.h. In 32 bits there are half
 * as many, in the lower halves of the board's places.
 */
#ifndef HOLDING_X86_H
#define HOLDING_X86_H
#include <cpuid.h>
#include <asm/prctl.h>

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, GENERAL };
#if defined(__x86_64__)
enum { REGISTERS = 16 };
typedef uint64_t general;
#elif defined(__i386__)
enum { REGISTERS = 8 };
typedef uint32_t general;
#else
#error "these are the registers of x86"
#endif
static const char *const general_names[GENERAL] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp",
	"rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };

/* Where a call has its number and result, and its arguments. */
enum { NUMBER = RAX, RESULT = RAX };
#if defined(__x86_64__)
static const int argument[6] = { RDI, RSI, RDX, R10, R8, R9 };
#else
static const int argument[6] = { RBX, RCX, RDX, RSI, RDI, RBP };
#endif

#define VECTOR_SIZE 8192
#define STACK_SIZE 16384

struct held {
	uint64_t want[GENERAL];                 /* 0x000 */
	uint64_t got[GENERAL];                  /* 0x080 */
	uint64_t passes;                        /* 0x100 */
	uint64_t stop;                          /* 0x108 */
	uint64_t mask;                          /* 0x110: which vector components */
	uint64_t old_rsp;                       /* 0x118 */
	uint64_t flags;                         /* 0x120 */
	uint64_t changed;                       /* 0x128 */
	uint64_t phase, phase_done, finished;   /* the tester's and the target's progress */
	uint64_t woken;
	unsigned char vector_want[VECTOR_SIZE] __attribute__((aligned(4096)));
	unsigned char vector_got[VECTOR_SIZE];
	unsigned char stack[STACK_SIZE];
};
#define BOARD_ADDRESS 0x10000000
#define board (*(volatile struct held *)BOARD_ADDRESS)
_Static_assert(offsetof(struct held, changed) == 0x128, "the assembler below knows the places");
_Static_assert(offsetof(struct held, vector_want) == 0x1000, "likewise");
_Static_assert(offsetof(struct held, vector_got) == 0x3000, "likewise");

void hold_in_user_mode(void);
void hold_in_a_call(void);
extern const char hold_after_the_call[];

#if defined(__x86_64__)
__asm__(
	".pushsection .text\n"
	".set B, 0x10000000\n"
	".macro HOLD_BEGIN\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, B+0x118\n"
	"	mov B+0x110, %eax; mov B+0x114, %edx\n"
	"	xrstor64 B+0x1000\n"
	"	mov B+0x00, %rax; mov B+0x08, %rbx; mov B+0x10, %rcx; mov B+0x18, %rdx\n"
	"	mov B+0x20, %rsi; mov B+0x28, %rdi; mov B+0x30, %rbp; mov B+0x38, %rsp\n"
	"	mov B+0x40, %r8;  mov B+0x48, %r9;  mov B+0x50, %r10; mov B+0x58, %r11\n"
	"	mov B+0x60, %r12; mov B+0x68, %r13; mov B+0x70, %r14; mov B+0x78, %r15\n"
	".endm\n"
	".macro HOLD_END\n"
	"	mov %rax, B+0x80; mov %rbx, B+0x88; mov %rcx, B+0x90; mov %rdx, B+0x98\n"
	"	mov %rsi, B+0xa0; mov %rdi, B+0xa8; mov %rbp, B+0xb0; mov %rsp, B+0xb8\n"
	"	mov %r8, B+0xc0;  mov %r9, B+0xc8;  mov %r10, B+0xd0; mov %r11, B+0xd8\n"
	"	mov %r12, B+0xe0; mov %r13, B+0xe8; mov %r14, B+0xf0; mov %r15, B+0xf8\n"
	"	mov B+0x110, %eax; mov B+0x114, %edx\n"
	"	xsave64 B+0x3000\n"
	"	mov B+0x118, %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	cld\n"
	"	fninit\n"
	"	movl $0x1f80, -8(%rsp); ldmxcsr -8(%rsp)\n"
	"	ret\n"
	".endm\n"
	".globl hold_in_user_mode\n"
	"hold_in_user_mode:\n"
	"	HOLD_BEGIN\n"
	"1:	cmp B+0x00, %rax; jne 9f; cmp B+0x08, %rbx; jne 9f; cmp B+0x10, %rcx; jne 9f; cmp B+0x18, %rdx; jne 9f\n"
	"	cmp B+0x20, %rsi; jne 9f; cmp B+0x28, %rdi; jne 9f; cmp B+0x30, %rbp; jne 9f; cmp B+0x38, %rsp; jne 9f\n"
	"	cmp B+0x40, %r8;  jne 9f; cmp B+0x48, %r9;  jne 9f; cmp B+0x50, %r10; jne 9f; cmp B+0x58, %r11; jne 9f\n"
	"	cmp B+0x60, %r12; jne 9f; cmp B+0x68, %r13; jne 9f; cmp B+0x70, %r14; jne 9f; cmp B+0x78, %r15; jne 9f\n"
	"	incq B+0x100\n"
	"	cmpq $0, B+0x108\n"
	"	je 1b\n"
	"	jmp 8f\n"
	"9:	movq $1, B+0x128\n"
	"8:	HOLD_END\n"
	".globl hold_in_a_call\n"
	"hold_in_a_call:\n"
	"	HOLD_BEGIN\n"
	"	syscall\n"
	".globl hold_after_the_call\n"
	"hold_after_the_call:\n"
	"	HOLD_END\n"
	".popsection\n"
);
#else
__asm__(
	".pushsection .text\n"
	".set B, 0x10000000\n"
	".macro HOLD_BEGIN\n"
	"	push %ebx; push %ebp; push %esi; push %edi\n"
	"	mov %esp, B+0x118\n"
	"	mov B+0x110, %eax; mov B+0x114, %edx\n"
	"	xrstor B+0x1000\n"
	"	mov B+0x00, %eax; mov B+0x08, %ebx; mov B+0x10, %ecx; mov B+0x18, %edx\n"
	"	mov B+0x20, %esi; mov B+0x28, %edi; mov B+0x30, %ebp; mov B+0x38, %esp\n"
	".endm\n"
	".macro HOLD_END\n"
	"	mov %eax, B+0x80; mov %ebx, B+0x88; mov %ecx, B+0x90; mov %edx, B+0x98\n"
	"	mov %esi, B+0xa0; mov %edi, B+0xa8; mov %ebp, B+0xb0; mov %esp, B+0xb8\n"
	"	mov B+0x110, %eax; mov B+0x114, %edx\n"
	"	xsave B+0x3000\n"
	"	mov B+0x118, %esp\n"
	"	pop %edi; pop %esi; pop %ebp; pop %ebx\n"
	"	cld\n"
	"	fninit\n"
	"	movl $0x1f80, -8(%esp); ldmxcsr -8(%esp)\n"
	"	ret\n"
	".endm\n"
	".globl hold_in_user_mode\n"
	"hold_in_user_mode:\n"
	"	HOLD_BEGIN\n"
	"1:	cmp B+0x00, %eax; jne 9f; cmp B+0x08, %ebx; jne 9f; cmp B+0x10, %ecx; jne 9f; cmp B+0x18, %edx; jne 9f\n"
	"	cmp B+0x20, %esi; jne 9f; cmp B+0x28, %edi; jne 9f; cmp B+0x30, %ebp; jne 9f; cmp B+0x38, %esp; jne 9f\n"
	"	incl B+0x100\n"
	"	cmpl $0, B+0x108\n"
	"	je 1b\n"
	"	jmp 8f\n"
	"9:	movl $1, B+0x128\n"
	"8:	HOLD_END\n"
	".globl hold_in_a_call\n"
	"hold_in_a_call:\n"
	"	HOLD_BEGIN\n"
	"	int $0x80\n"
	".globl hold_after_the_call\n"
	"hold_after_the_call:\n"
	"	HOLD_END\n"
	".popsection\n"
);
#endif

static inline void board_set_up(void)
{
	unsigned a, b, c, d;
	CHECK(mmap((void *)BOARD_ADDRESS, sizeof(struct held), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)BOARD_ADDRESS);
	CHECK(__get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE));
	__asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	/* x87, SSE, AVX and AVX-512; protection keys and tiles have rules of their own. */
	board.mask = (((uint64_t)d << 32) | a) & 0xe7;
	CHECK((board.mask & 3) == 3);
}

/* Where the component lies in the standard format of XSAVE. */
static inline void vector_component(int i, unsigned *offset, unsigned *size)
{
	unsigned c, d;
	CHECK(__get_cpuid_count(0xd, (unsigned)i, size, offset, &c, &d));
	CHECK(*offset + *size <= VECTOR_SIZE);
}

/* New values for all registers; those that the caller cares for it sets itself. */
static inline void board_fill(unsigned seed)
{
	unsigned i, k, offset, size;
	for (i = 0; i < GENERAL; i++) {
		uint64_t v = 0;
		for (k = 0; k < 8; k++)
			v = v << 8 | pattern(seed + i, k);
		board.want[i] = i < REGISTERS ? (general)v : 0;
	}
	for (i = 0; i < STACK_SIZE; i++)
		board.stack[i] = pattern(seed, i);
	board.want[RSP] = (uintptr_t)&board.stack[STACK_SIZE / 2];
	board.changed = 0;

	memset((void *)board.vector_want, 0, VECTOR_SIZE);
	memset((void *)board.vector_got, 0, VECTOR_SIZE);
	memset((void *)board.got, 0, sizeof board.got);
	/* Legacy area: control words, then eight x87 and sixteen SSE registers. */
	*(volatile uint16_t *)&board.vector_want[0] = seed & 1 ? 0x037f : 0x0c7f;
	board.vector_want[4] = 0xff;                    /* all x87 registers in use */
	*(volatile uint32_t *)&board.vector_want[24] = seed & 1 ? 0x9fc0 : 0x1f80;
	for (i = 0; i < 8; i++)
		for (k = 0; k < 10; k++)
			board.vector_want[32 + 16 * i + k] = k == 9 ? 0x3f : k == 7 ? 0x80 | pattern(seed, k + i) : pattern(seed, k + i);
	for (i = 160; i < 416; i++)
		board.vector_want[i] = pattern(seed, i);
	for (i = 2; i < 8; i++)
		if (board.mask >> i & 1) {
			vector_component((int)i, &offset, &size);
			for (k = offset; k < offset + size; k++)
				board.vector_want[k] = pattern(seed, k);
		}
	*(volatile uint64_t *)&board.vector_want[512] = board.mask;
}

static inline int bytes_held(const char *what, unsigned from, unsigned size)
{
	unsigned i;
	for (i = from; i < from + size; i++)
		if (board.vector_want[i] != board.vector_got[i]) {
			fprintf(stderr, "%s, byte %u: %02x, not %02x\n", what, i - from, board.vector_got[i], board.vector_want[i]);
			return 0;
		}
	return 1;
}

static inline void check_vectors(void)
{
	unsigned i, offset, size;
	/* 32-bit code has none of the registers from 16 on (component 7), and whether they
	 * count as used is the processor's affair there. */
	const uint64_t known = REGISTERS == 8 ? ~(UINT64_C(1) << 7) : ~UINT64_C(0);
	CHECK((*(volatile uint64_t *)&board.vector_got[512] & known) == (board.mask & known));
	CHECK(bytes_held("x87 control", 0, 6));
	CHECK(bytes_held("mxcsr", 24, 4));
	for (i = 0; i < 8; i++)
		CHECK(bytes_held("x87", 32 + 16 * i, 10));
	CHECK(bytes_held("xmm", 160, 16 * REGISTERS));
	for (i = 2; i < 8; i++)
		if (board.mask >> i & 1) {
			vector_component((int)i, &offset, &size);
			if (REGISTERS == 8 && i != 5)   /* of the wide registers there are 8, of masks always 8 */
				size = i == 7 ? 0 : size / 2;
			CHECK(bytes_held(i == 2 ? "upper ymm" : "AVX-512", offset, size));
		}
}

/* What a program can set besides, and what the call itself defines. */
static inline uint16_t selector_ds(void) { uint16_t s; __asm__ volatile("mov %%ds, %0" : "=r"(s)); return s; }
static inline uint16_t selector_gs(void) { uint16_t s; __asm__ volatile("mov %%gs, %0" : "=r"(s)); return s; }
static inline uint16_t selector_es(void) { uint16_t s; __asm__ volatile("mov %%es, %0" : "=r"(s)); return s; }

#if defined(__x86_64__)
enum { CALL_CHANGES = 1 << R11, STATUS_FLAGS = 0x8d5 /* CF PF AF ZF SF OF */ };
static inline void set_the_rest(void)
{
	CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123456789000) == 0);
	__asm__ volatile("mov %0, %%ds; mov %0, %%es" :: "r"((uint16_t)0x2b));
}
static inline void check_the_rest(void)
{
	unsigned long base;
	CHECK(selector_ds() == 0x2b && selector_es() == 0x2b);
	CHECK(syscall(SYS_arch_prctl, ARCH_GET_GS, &base) == 0 && base == 0x123456789000);
}
static inline void expect_the_calls_own(void)
{
	board.want[RCX] = (uintptr_t)hold_after_the_call;
	CHECK((board.got[R11] & ~(uint64_t)STATUS_FLAGS) == 0x202);
}
#else
enum { CALL_CHANGES = 0 };
static uint16_t gs_before;      /* the thread's storage */
static inline void set_the_rest(void)
{
	gs_before = selector_gs();
	__asm__ volatile("mov %0, %%ds; mov %0, %%es" :: "r"((uint16_t)0x2b));
}
static inline void check_the_rest(void)
{
	CHECK(selector_ds() == 0x2b && selector_es() == 0x2b && selector_gs() == gs_before);
}
static inline void expect_the_calls_own(void) {}
#endif

/* All vector registers keep all their bits in a call. */
static inline void check_vectors_after_a_call(void) { check_vectors(); }

#endif
