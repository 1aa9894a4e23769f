/*
 * A 64-bit process executes 32-bit code (Wine does). Mappings meet it there, are
 * made as in any 64-bit process, and its registers and its mode are kept.
 */
#include "disturb.h"
#if defined(__x86_64__)

/* All of it lies below 4 GiB, where 32-bit code can see it. */
#define PLACE 0x20000000
struct narrow {
	char code[4096];
	atomic_uint passes, stop, changed;
	uint64_t rsp, back;
	uint64_t high[8];               /* r8 to r15, which 32-bit code cannot see */
};
#define low ((volatile struct narrow *)PLACE)
_Static_assert(offsetof(struct narrow, rsp) == 4112 && offsetof(struct narrow, high) == 4128, "the assembler knows the places");

extern const char narrow_begin[], narrow_code[], narrow_end[];
__asm__(
	".pushsection .rodata\n"
	".set L, 0x20000000\n"
	"narrow_begin:\n"
	".code64\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov $0x1111111122222222, %r8; lea 1(%r8), %r9; lea 2(%r8), %r10; lea 3(%r8), %r11\n"
	"	lea 4(%r8), %r12; lea 5(%r8), %r13; lea 6(%r8), %r14; lea 7(%r8), %r15\n"
	"	mov %rsp, L+4112\n"
	"	pushq $0x23; pushq $L+(narrow_code-narrow_begin); lretq\n"
	"narrow_code:\n"
	".code32\n"
	"	mov $0x2b, %eax; mov %eax, %ds\n"
	"	mov $0x11, %eax; mov $0x22, %ebx; mov $0x33, %ecx; mov $0x44, %edx\n"
	"	mov $0xfffffe00, %esi; mov $0x66, %edi; mov $0x77, %ebp\n"
	"1:	cmp $0x11, %eax; jne 9f; cmp $0x22, %ebx; jne 9f; cmp $0x33, %ecx; jne 9f; cmp $0x44, %edx; jne 9f\n"
	"	cmp $0xfffffe00, %esi; jne 9f; cmp $0x66, %edi; jne 9f; cmp $0x77, %ebp; jne 9f\n"
	"	incl L+4096\n"
	"	cmpl $0, L+4100\n"
	"	je 1b\n"
	"	jmp 8f\n"
	"9:	movl $1, L+4104\n"
	"8:	ljmp $0x33, $L+(wide_code-narrow_begin)\n"
	"wide_code:\n"
	".code64\n"
	"	mov L+4112, %rsp\n"
	"	mov %r8, L+4128; mov %r9, L+4136; mov %r10, L+4144; mov %r11, L+4152\n"
	"	mov %r12, L+4160; mov %r13, L+4168; mov %r14, L+4176; mov %r15, L+4184\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	"narrow_end:\n"
	".popsection\n"
);

static int target(int channel)
{
	int i;
	(void)channel;
	((void (*)(void))PLACE)();
	CHECK(!low->changed);
	for (i = 0; i < 8; i++)
		CHECK(low->high[i] == 0x1111111122222222 + (uint64_t)i);
	return 0;
}

int main(void)
{
	struct peer p;
	unsigned passes;
	CHECK(mmap((void *)PLACE, sizeof *low, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)PLACE);
	memcpy((void *)low->code, narrow_begin, (size_t)(narrow_end - narrow_begin));
	p = peer_start(target);
	AWAIT(low->passes > 0);
	disturb_times(p.pid, 50);
	passes = low->passes;
	AWAIT(low->passes != passes);
	low->stop = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
#else
int main(void) { check_skip("a program of this processor has no code of another width"); }
#endif
