/*
 * While mappings are made and removed without a break, a stream of real-time
 * signals reaches a target that computes and sleeps in turn. Each handler runs
 * once, in the order of sending, with value and sender; what the target was
 * computing is right, and no sleep ends without a reason.
 */
#include "disturb.h"

enum { MANY = 1500 };
#define SIGNALS check_rounds(MANY)

static struct { atomic_int handled, wrong, dismissed; pid_t sender; } *shared;

static void expect_next(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_int != shared->handled || info->si_pid != shared->sender || info->si_code != SI_QUEUE)
		shared->wrong++;
	shared->handled++;
}

/* The same work each time, all of it in registers. */
static uint64_t compute(void)
{
	uint64_t x = 1;
	int i;
	for (i = 0; i < 20000; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	return x;
}

static int target(int channel)
{
	struct sigaction a = { .sa_sigaction = expect_next, .sa_flags = SA_SIGINFO | SA_RESTART };
	uint64_t right = compute();
	int ends[2];
	char b;
	(void)channel;
	CHECK(sigaction(SIGRTMIN, &a, NULL) == 0);
	CHECK(pipe(ends) == 0);
	tell_word(channel, 1);
	while (!shared->dismissed) {
		struct timespec nap = { 0, 50000 };
		int before = shared->handled;
		CHECK(compute() == right);
		if (nanosleep(&nap, &nap) == -1)
			CHECK(errno == EINTR && shared->handled > before);
		CHECK(write(ends[1], "x", 1) == 1 && read(ends[0], &b, 1) == 1);
	}
	return 0;
}

int main(void)
{
	struct peer p;
	struct storm storm;
	int i;
	shared = shared_memory(sizeof *shared);
	shared->sender = getpid();
	p = peer_start(target);
	CHECK(hear_word(p.channel) == 1);
	storm_begin(&storm, p.pid, an_object());
	for (i = 0; i < SIGNALS; i++) {
		union sigval v = { .sival_int = i };
		CHECK(sigqueue(p.pid, SIGRTMIN, v) == 0);
		/* A few at a time, so that they arrive in all parts of a call. */
		AWAIT(shared->handled > i - 4);
	}
	AWAIT(shared->handled == SIGNALS);
	CHECK(shared->wrong == 0);
	CHECK(storm_end(&storm) > 0);
	shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
