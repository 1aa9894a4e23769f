/*
 * A supervisor is asked about a target's munmap() (seccomp_unotify(2)), also when
 * another process has the target make it. A signal comes before the answer: that
 * call has not happened, and is made again. The handler runs once, munmap_peer()
 * succeeds, and what it was to remove is gone.
 *
 * runs-as: user
 */
#include "disturb.h"
#include "notify.h"

static struct { atomic_int handled, supervised, asked; } *shared;
static struct peer target;

static void count(int sig)
{
	(void)sig;
	shared->handled++;
}

static int target_body(int channel)
{
	static const int calls[] = { SYS_munmap };
	struct sigaction a = { .sa_handler = count, .sa_flags = SA_RESTART };
	CHECK(sigaction(SIGUSR1, &a, NULL) == 0);
	CHECK(mman_peer_allow(-1) == 0);
	notify_begin(channel, calls, 1);
	shared->supervised = 1;
	return obedient_body(channel);
}

static void *caller(void *arg)
{
	struct body_request end = { BODY_EXIT, 0, 0 };
	void *m;
	AWAIT(shared->supervised);
	m = map_in(target.pid);
	CHECK(shared->asked == 0 && peer_mapped(&target, m));
	CHECK_OK(munmap_peer(target.pid, m, 2 * check_page()));
	CHECK(shared->asked == 2 && !peer_mapped(&target, m));
	CHECK(shared->handled == 1);
	/* Another, which nobody interrupts. */
	disturb(target.pid);
	CHECK(shared->asked == 3 && shared->handled == 1);
	tell(target.channel, &end, sizeof end);
	return arg;
}

/* The first is not answered before the signal has ended it. */
static int judge(const struct seccomp_notif *request)
{
	CHECK(request->data.nr == SYS_munmap);
	if (++shared->asked == 1) {
		CHECK(kill(target.pid, SIGUSR1) == 0);
		AWAIT(!notify_waits(request));
	}
	return 0;
}

int main(void)
{
	pthread_t thread;
	shared = shared_memory(sizeof *shared);
	target = peer_start(target_body);
	CHECK(pthread_create(&thread, NULL, caller, NULL) == 0);
	notify_serve(&target, judge);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(peer_status(&target) == 0);
	return 0;
}
