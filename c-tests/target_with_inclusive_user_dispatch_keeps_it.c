/*
 * A target has only the system calls of one range dispatched to it
 * (PR_SYS_DISPATCH_INCLUSIVE_ON, since Linux 6.17): those of a program that it
 * emulates. A mapping that another process makes raises no SIGSYS, wherever the
 * target is at the time; the dispatch is in force afterwards, and for that range.
 */
#include "user_dispatch.h"

enum { RESULT = 4711 };

/* A function that makes one call, getppid(). */
#if defined(__x86_64__)
static const unsigned char stub[] = { 0xb8, 110, 0, 0, 0, 0x0f, 5, 0xc3 };	/* mov $110, %eax; syscall; ret */
#elif defined(__i386__)
static const unsigned char stub[] = { 0xb8, 64, 0, 0, 0, 0xcd, 0x80, 0xc3 };	/* mov $64, %eax; int $0x80; ret */
#elif defined(__aarch64__)
static const unsigned char stub[] = { 0xa8, 0x15, 0x80, 0xd2, 1, 0, 0, 0xd4, 0xc0, 3, 0x5f, 0xd6 };	/* mov x8, #173; svc #0; ret */
#endif

static struct { atomic_int phase, done, dispatched; atomic_ulong rounds; } *shared;
static volatile char selector;
static long (*dispatched_call)(void);

static void give_result(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	CHECK(info->si_syscall == SYS_getppid);
	set_result(context, RESULT);
	shared->dispatched++;
}

/* The range's call is dispatched; others, and those with the door open, are not. */
static void check_dispatch(void)
{
	int before = shared->dispatched;
	CHECK(dispatched_call() == RESULT);
	CHECK(shared->dispatched == before + 1);
	CHECK(getppid() == syscall(SYS_getppid));
	selector = ALLOW;
	CHECK(dispatched_call() == getppid());
	selector = BLOCK;
	CHECK(shared->dispatched == before + 1);
}

static int target(int channel)
{
	struct sigaction a = { .sa_sigaction = give_result, .sa_flags = SA_SIGINFO };
	void *page = mmap(NULL, check_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK(page != MAP_FAILED);
	memcpy(page, stub, sizeof stub);
	CHECK(mprotect(page, check_page(), PROT_READ | PROT_EXEC) == 0);
	__builtin___clear_cache((char *)page, (char *)page + sizeof stub);
	dispatched_call = (long (*)(void))(uintptr_t)page;
	CHECK(sigaction(SIGSYS, &a, NULL) == 0);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ONLY, page, check_page(), &selector) == -1)
		return 77;
	selector = BLOCK;
	check_dispatch();
	/* Asleep, in user mode, and in the range, a call after the other. */
	shared->phase = 1;
	hear_word(channel);
	check_dispatch();
	shared->phase = 2;
	while (shared->done < 2)
		;
	check_dispatch();
	shared->phase = 3;
	for (; shared->done < 3; shared->rounds++)
		CHECK(dispatched_call() == RESULT);
	check_dispatch();
	return 0;
}

int main(void)
{
	struct peer p;
	int status, i, fd = an_object();
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	AWAIT(shared->phase == 1 || waitpid(p.pid, &status, WNOHANG) == p.pid);
	if (shared->phase != 1) {
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 77);
		check_skip("this kernel has no syscall user dispatch of a range only (Linux 6.17)");
	}
	await_syscall(p.pid, CALL_OF_RECV);
	disturb(p.pid);
	disturb_by_file(p.pid, fd);
	tell_word(p.channel, 0);
	AWAIT(shared->phase == 2);
	disturb_times(p.pid, 20);
	disturb_by_file(p.pid, fd);
	shared->done = 2;
	AWAIT(shared->phase == 3 && shared->rounds > 0);
	for (i = 0; i < check_rounds(500); i++) {
		disturb(p.pid);
		if (i % 8 == 0)
			disturb_by_file(p.pid, fd);
	}
	shared->done = 3;
	CHECK(peer_status(&p) == 0);
	return 0;
}
