/*
 * A target runs on a stack of 512 bytes, with no page below it, and takes its
 * signals on an alternate stack, as Go's runtime does. A thousand mappings leave
 * every byte of that stack and the alternate stack's registration as they were.
 */
#include "disturb.h"

enum { PAIRS = 1000, TINY = 512 };

static struct { atomic_ulong rounds; atomic_int stop, urgent; } *shared;

static void on_urg(int sig) { (void)sig; shared->urgent++; }

/* Computes and sleeps in turn, on the tiny stack, and calls nothing. */
static void run_on(char *top)
{
	static struct timespec nap = { 0, 30000 };
#if defined(__i386__)
	__asm__ volatile(
		"push %%ebp; mov %%esp, %%ebp\n"
		"mov %[top], %%esp\n"
		"1: mov $20000, %%ecx\n"
		"2: dec %%ecx; jnz 2b\n"
		"mov $162, %%eax; mov %[nap], %%ebx; xor %%ecx, %%ecx\n"       /* nanosleep */
		"int $0x80\n"
		"lock incl (%[rounds])\n"
		"cmpl $0, (%[stop])\n"
		"je 1b\n"
		"mov %%ebp, %%esp; pop %%ebp\n"
		: [top] "+a"(top)
		: [nap] "d"(&nap), [rounds] "S"(&shared->rounds), [stop] "D"(&shared->stop)
		: "ebx", "ecx", "memory", "cc");
#elif defined(__aarch64__)
	__asm__ volatile(
		"mov x19, sp\n"
		"mov sp, %[top]\n"
		"1: mov x9, #20000\n"
		"2: sub x9, x9, #1; cbnz x9, 2b\n"
		"mov x8, #101; mov x0, %[nap]; mov x1, #0\n"  /* nanosleep */
		"svc #0\n"
		"ldr x9, [%[rounds]]; add x9, x9, #1; str x9, [%[rounds]]\n"  /* nobody else writes it */
		"ldr w9, [%[stop]]\n"
		"cbz w9, 1b\n"
		"mov sp, x19\n"
		: : [top] "r"(top), [nap] "r"(&nap), [rounds] "r"(&shared->rounds), [stop] "r"(&shared->stop)
		: "x0", "x1", "x8", "x9", "x19", "memory", "cc");
#else
	__asm__ volatile(
		"mov %%rsp, %%r12\n"
		"mov %[top], %%rsp\n"
		"1: mov $20000, %%ecx\n"
		"2: dec %%ecx; jnz 2b\n"
		"mov $35, %%eax; mov %[nap], %%rdi; xor %%esi, %%esi\n"        /* nanosleep */
		"syscall\n"
		"lock incq (%[rounds])\n"
		"cmpl $0, (%[stop])\n"
		"je 1b\n"
		"mov %%r12, %%rsp\n"
		: : [top] "r"(top), [nap] "r"(&nap), [rounds] "r"(&shared->rounds), [stop] "r"(&shared->stop)
		: "rax", "rcx", "r11", "r12", "rdi", "rsi", "memory", "cc");
#endif
}

static int target(int channel)
{
	struct sigaction a = { .sa_handler = on_urg, .sa_flags = SA_ONSTACK | SA_RESTART };
	size_t page = check_page(), i;
	stack_t alternate = { .ss_sp = malloc(65536), .ss_size = 65536 }, now;
	char *guarded = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *tiny = guarded + page;
	(void)channel;
	CHECK(guarded != MAP_FAILED && mprotect(tiny, page, PROT_READ | PROT_WRITE) == 0);
	memset(tiny, 0x77, page);
	CHECK(sigaltstack(&alternate, NULL) == 0 && sigaction(SIGURG, &a, NULL) == 0);
	run_on(tiny + TINY);
	for (i = 0; i < page; i++)
		CHECK(tiny[i] == 0x77);
	CHECK(sigaltstack(NULL, &now) == 0);
	CHECK(now.ss_sp == alternate.ss_sp && now.ss_size == alternate.ss_size && now.ss_flags == 0);
	return 0;
}

int main(void)
{
	struct peer p;
	int i, sent = 0, fd = an_object();
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	AWAIT(shared->rounds > 0);
	for (i = 0; i < check_rounds(PAIRS); i++) {
		if (i % 10 == 0 && shared->urgent == sent) {
			CHECK(kill(p.pid, SIGURG) == 0);
			sent++;
		}
		if (i % 4 == 0)
			disturb_by_file(p.pid, fd);
		else
			disturb(p.pid);
	}
	AWAIT(shared->urgent == sent);
	CHECK(sent * 100 > check_rounds(PAIRS));
	shared->stop = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
