/*
 * A target's calls become SIGSYS, one after the other, and its handler gives
 * each its result: by syscall user dispatch, or by a seccomp filter that traps.
 * It is often stopped when such a signal is about to come. That is its own: it
 * takes it, every call has the handler's result, and no mapping fails meanwhile.
 *
 * time-limit: 60
 */
#include "deny.h"
#include "user_dispatch.h"

enum { RESULT = 4711 };

static struct { atomic_ulong rounds; atomic_long wrong; atomic_int refused, stop; } *shared;
static volatile char selector;

static void give_result(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	selector = ALLOW;       /* or the return from here would be dispatched */
	set_result(context, RESULT);
}

static int by_dispatch(void)
{
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, DISPATCH_ALL_BUT, 0, 0, &selector);
}

static int by_filter(void)
{
	static const int trapped[] = { SYS_getpriority };
	return filter_calls(trapped, 1, SECCOMP_RET_TRAP, 0);
}

static int (*arrange)(void);

static int target(int channel)
{
	struct sigaction a = { .sa_sigaction = give_result, .sa_flags = SA_SIGINFO };
	(void)channel;
	CHECK(sigaction(SIGSYS, &a, NULL) == 0);
	if (arrange() == -1) {
		shared->refused = 1;
		return 0;
	}
	while (!shared->stop) {
		long result;
		selector = BLOCK;
		result = syscall(SYS_getpriority, 0, 0);
		if (result != RESULT)
			shared->wrong = result;
		shared->rounds++;
	}
	return 0;
}

static void test(int (*arrangement)(void), int object)
{
	struct peer p;
	int i, pairs = check_fewer(check_rounds(1000));
	memset(shared, 0, sizeof *shared);
	arrange = arrangement;
	p = peer_start(target);
	AWAIT(shared->rounds > 0 || shared->refused);
	for (i = 0; i < pairs && !shared->refused; i++) {
		if (object != NOFD && i % 8 == 0)
			disturb_by_file(p.pid, object);
		else
			disturb(p.pid);
		if (shared->wrong != 0)
			fprintf(stderr, "after %d pairs a call returned %ld\n", i + 1, (long)shared->wrong);
		CHECK(shared->wrong == 0);
	}
	shared->stop = 1;
	CHECK(peer_status(&p) == 0);
}

int main(void)
{
	int object = an_object();
	shared = shared_memory(sizeof *shared);
	/* By a filter an ordinary user's object cannot come, see docs/differences.md. */
	test(by_filter, geteuid() == 0 ? object : NOFD);
	CHECK(!shared->refused);
	if (can_be_switched_off())
		test(by_dispatch, object);
	return 0;
}
