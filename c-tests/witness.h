/*
 * witness.h: a target that testifies. It fills its registers with what it can
 * recognise, computes and makes system calls, and compares; so does it with
 * its memory and with the results of calls that sleep. It counts its rounds and
 * notes what it finds broken in a page that the test shares.
 */
#ifndef WITNESS_H
#define WITNESS_H
#include "caller.h"

struct witness {
	volatile unsigned long rounds;
	volatile unsigned long broken;  /* 0, or what: see witness_look */
};

#if defined(__x86_64__)
/*
 * Every register but rsp and the flags is made from the seed; the direction
 * flag is set, and the kernel must give that back too. Returns 0, or the
 * number of the first register that changed (32 the flag, 33 the result).
 */
unsigned long witness_round(unsigned long seed);
__asm__(
	".text\n"
	".type witness_round, @function\n"
	"witness_round:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	push %rdi\n"
	"	mov %rdi, %rax\n"
	"	lea 1(%rax), %rbx;  lea 2(%rax), %rbp;  lea 3(%rax), %r12; lea 4(%rax), %r13\n"
	"	lea 5(%rax), %r14;  lea 6(%rax), %r15;  lea 7(%rax), %rdi; lea 8(%rax), %rsi\n"
	"	lea 9(%rax), %rdx;  lea 10(%rax), %r8;  lea 11(%rax), %r9; lea 12(%rax), %r10\n"
	"	lea 13(%rax), %r11\n"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	lea 100+\\n(%rax), %rcx\n"
	"	movq %rcx, %xmm\\n\n"
	"	punpcklqdq %xmm\\n, %xmm\\n\n"
	".endr\n"
	"	std\n"
	"	mov $300, %ecx\n"
	"1:	dec %ecx\n"             /* user mode, all of them in use */
	"	jnz 1b\n"
	"	mov $14, %ecx\n"
	"	cmp (%rsp), %rax\n"
	"	jne 9f\n"
	"	lea 13(%rax), %rcx\n"
	"	cmp %rcx, %r11\n"
	"	mov $13, %ecx\n"
	"	jne 9f\n"
	"	mov $110, %eax\n"       /* getppid: no arguments, so none are lost */
	"	syscall\n"
	"	mov $33, %ecx\n"
	"	test %rax, %rax\n"
	"	jle 9f\n"
	"	pushf\n"
	"	pop %rcx\n"
	"	test $0x400, %ecx\n"
	"	mov $32, %ecx\n"
	"	jz 9f\n"
	"	mov (%rsp), %rax\n"
	".macro witness_expect number, register\n"
	"	lea \\number(%rax), %rcx\n"
	"	cmp %rcx, \\register\n"
	"	mov $\\number, %ecx\n"
	"	jne 9f\n"
	".endm\n"
	"	witness_expect 1, %rbx\n"
	"	witness_expect 2, %rbp\n"
	"	witness_expect 3, %r12\n"
	"	witness_expect 4, %r13\n"
	"	witness_expect 5, %r14\n"
	"	witness_expect 6, %r15\n"
	"	witness_expect 7, %rdi\n"
	"	witness_expect 8, %rsi\n"
	"	witness_expect 9, %rdx\n"
	"	witness_expect 10, %r8\n"
	"	witness_expect 11, %r9\n"
	"	witness_expect 12, %r10\n"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	movq %xmm\\n, %rbx\n"
	"	psrldq $8, %xmm\\n\n"
	"	movq %xmm\\n, %rbp\n"
	"	witness_expect 100+\\n, %rbx\n"
	"	witness_expect 100+\\n, %rbp\n"
	".endr\n"
	"	xor %ecx, %ecx\n"
	"9:	cld\n"
	"	mov %ecx, %eax\n"
	"	pop %rdi\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	".size witness_round, . - witness_round\n");
#elif defined(__aarch64__)
/*
 * Every register but sp is made from the seed, the vectors' 128 bits too, but
 * x9 and x10, which compare, and x8 and x0, which are the call's. Returns 0, or
 * the number of the first that changed (100 and more: a vector, 33 the result).
 */
unsigned long witness_round(unsigned long seed);
__asm__(
	".text\n"
	".type witness_round, %function\n"
	"witness_round:\n"
	"	stp x19, x20, [sp, #-176]!; stp x21, x22, [sp, #16]; stp x23, x24, [sp, #32]; stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]; stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]; stp d10, d11, [sp, #112]; stp d12, d13, [sp, #128]; stp d14, d15, [sp, #144]\n"
	"	str x0, [sp, #160]\n"
	".macro witness_each what\n"
	"	.irp n, 1,2,3,4,5,6,7,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
	"	\\what \\n\n"
	"	.endr\n"
	".endm\n"
	".macro witness_make n\n"
	"	add x\\n, x0, #\\n\n"
	".endm\n"
	".macro witness_expect n\n"
	"	add x10, x9, #\\n; cmp x10, x\\n; mov x0, #\\n; b.ne 9f\n"
	".endm\n"
	"	witness_each witness_make\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	add x9, x0, #100+\\n\n"
	"	dup v\\n\\().2d, x9\n"
	".endr\n"
	"	mov x9, #300\n"
	"1:	sub x9, x9, #1\n"      /* user mode, all of them in use */
	"	cbnz x9, 1b\n"
	"	ldr x9, [sp, #160]\n"
	"	cmp x9, x0\n"
	"	mov x0, #32\n"
	"	b.ne 9f\n"
	"	mov x8, #173\n"        /* getppid */
	"	svc #0\n"
	"	cmp x0, #0\n"
	"	mov x0, #33\n"
	"	b.le 9f\n"
	"	ldr x9, [sp, #160]\n"
	"	witness_each witness_expect\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	add x10, x9, #100+\\n\n"
	"	mov x0, #100+\\n\n"
	"	umov x11, v\\n\\().d[0]; cmp x11, x10; b.ne 9f\n"
	"	umov x11, v\\n\\().d[1]; cmp x11, x10; b.ne 9f\n"
	".endr\n"
	"	mov x0, #0\n"
	"9:	ldp d8, d9, [sp, #96]; ldp d10, d11, [sp, #112]; ldp d12, d13, [sp, #128]; ldp d14, d15, [sp, #144]\n"
	"	ldp x21, x22, [sp, #16]; ldp x23, x24, [sp, #32]; ldp x25, x26, [sp, #48]; ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]; ldp x19, x20, [sp], #176\n"
	"	ret\n"
	".size witness_round, . - witness_round\n");
#else
/* Elsewhere the compiler's registers are what is watched. */
static inline unsigned long witness_round(unsigned long seed)
{
	volatile unsigned long want = seed * 3;
	unsigned long a = seed, b = seed * 2;
	for (int i = 0; i < 300; i++)
		__asm__ volatile("" : "+r"(a), "+r"(b));
	return getppid() > 0 && a + b == want ? 0 : 1;
}
#endif

enum {
	WITNESS_SLEEP = 1000, WITNESS_SHORT_SLEEP, WITNESS_POLL, WITNESS_FUTEX, WITNESS_MEMORY, WITNESS_MASK
};

/* One look at oneself. Returns 0 or what is broken: a register or WITNESS_*. */
static inline unsigned long witness_look(unsigned long round, unsigned long *memory, size_t words)
{
	unsigned long wrong = witness_round(round * (unsigned long)0x9e3779b97f4a7c15ull);
	struct timespec wait = { 0, 200000 }, begun, ended;
	sigset_t mask;
	int word = 0;
	if (wrong != 0)
		return wrong;
	switch (round % 64) {
	case 8:         /* sleeps, restarted by the kernel's own restart block */
		clock_gettime(CLOCK_MONOTONIC, &begun);
		if (nanosleep(&wait, NULL) != 0)
			return WITNESS_SLEEP;
		clock_gettime(CLOCK_MONOTONIC, &ended);
		if ((ended.tv_sec - begun.tv_sec) * 1000000000l + ended.tv_nsec - begun.tv_nsec < wait.tv_nsec)
			return WITNESS_SHORT_SLEEP;
		break;
	case 24:
		if (poll(NULL, 0, 1) != 0)
			return WITNESS_POLL;
		break;
	case 40:        /* FUTEX_WAIT = 0 */
		if (syscall(SYS_futex, &word, 0, 0, &wait, NULL, 0) != -1 || errno != ETIMEDOUT)
			return WITNESS_FUTEX;
		break;
	case 56:
		if (pthread_sigmask(SIG_SETMASK, NULL, &mask) != 0)
			return WITNESS_MASK;
		for (int s = 1; s < SIGRTMIN; s++)
			if (sigismember(&mask, s) == 1)
				return WITNESS_MASK;
		break;
	}
	for (size_t i = 0; i < words; i += 61)
		if (memory[i] != i * (unsigned long)0x0101010101010101ull)
			return WITNESS_MEMORY;
	return 0;
}

static struct witness *witness;

/* The target: looks at itself for ever, and ends when something is broken. */
static inline int witness_body(int channel)
{
	static unsigned long memory[8192];
	(void)channel;
	CHECK(mman_peer_allow(-1) == 0);
	for (size_t i = 0; i < LENGTH_OF(memory); i++)
		memory[i] = i * (unsigned long)0x0101010101010101ull;
	for (;;) {
		witness->broken = witness_look(witness->rounds, memory, LENGTH_OF(memory));
		if (witness->broken != 0)
			return 1;
		witness->rounds++;
	}
}

static inline struct peer witness_start(void)
{
	struct peer p;
	witness = mmap(NULL, check_page(), READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	CHECK(witness != MAP_FAILED);
	p = peer_start(witness_body);
	AWAIT(witness->rounds > 0);
	return p;
}

/* It lives, it goes on, and nothing is broken: it does two more whole rounds. */
static inline void witness_goes_on(struct peer *p)
{
	unsigned long then = witness->rounds;
	double give_up = check_now() + 10;
	while (witness->rounds < then + 2) {
		if (witness->broken != 0) {
			fprintf(stderr, "the target found %lu broken in round %lu\n", witness->broken, witness->rounds);
			check_failed(__FILE__, __LINE__, "the target must be as it was");
		}
		if (task_state(p->pid) == 'Z' || task_state(p->pid) == 0)
			(void)peer_status(p);   /* says which signal */
		if (check_now() >= give_up) {
			fprintf(stderr, "target %d: state %c, tracer %ld\n", (int)p->pid, task_state(p->pid),
				proc_status(p->pid, "TracerPid"));
			check_failed(__FILE__, __LINE__, "the target must go on");
		}
		sched_yield();
	}
}

#endif
