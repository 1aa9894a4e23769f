/*
 * Targets end at random instants while mappings are made and removed in them:
 * by exit, by a signal, by the exit of a second thread. Each call succeeds or
 * answers ESRCH, none hangs, and the parent gets the status that the target
 * ended with.
 */
#include "disturb.h"

enum { TARGETS = 240, EXITS = 0, KILLED, THREAD_EXITS, WAYS };

static atomic_uint *round_seed;

/* A call takes far longer than a sleep does on a slow machine. */
static int slowness_of_calls(void) { return check_slowness() * check_slowness() * check_slowness(); }

static void *exit_soon(void *arg)
{
	unsigned seed = *round_seed;
	usleep((useconds_t)(rand_r(&seed) % 1500 * slowness_of_calls()));
	(void)arg;
	_exit(7);
}

static int target(int channel)
{
	pthread_t thread;
	char way;
	hear(channel, &way, 1);
	if (way == EXITS)
		exit_soon(NULL);
	if (way == THREAD_EXITS)
		CHECK(pthread_create(&thread, NULL, exit_soon, NULL) == 0);
	for (;;)
		usleep(10);
	return 0;
}

static void *kill_soon(void *pid)
{
	unsigned seed = *round_seed;
	usleep((useconds_t)(rand_r(&seed) % 1500 * slowness_of_calls()));
	CHECK(kill(*(pid_t *)pid, SIGKILL) == 0);
	return NULL;
}

/* Pairs until the target has ended: their number. */
static int disturb_to_the_end(pid_t pid, int object)
{
	double give_up = check_now() + 5;
	int pairs = 0;
	for (;; pairs++) {
		int fd = pairs % 2 ? object : NOFD;
		void *m;
		errno = 4242;
		m = mmap_peer(pid, NULL, check_page(), PROT_READ, fd == NOFD ? MAP_PRIVATE | MAP_ANON : MAP_SHARED, fd, 0);
		if (m == MAP_FAILED)
			break;
		if (munmap_peer(pid, m, check_page()) == -1)
			break;
		CHECK(errno == 4242 && check_now() < give_up);
	}
	if (errno != ESRCH)
		fprintf(stderr, "errno %d: %s\n", errno, mman_peer_explain());
	CHECK(errno == ESRCH);
	return pairs;
}

int main(void)
{
	const int enough = check_rounds(TARGETS) / 4;
	const double give_up = check_now() + 10;
	int i, pairs = 0, object = an_object();
	round_seed = shared_memory(sizeof *round_seed);
	/* On a busy machine many end before anything is mapped. */
	for (i = 0; i < check_rounds(TARGETS) || (pairs <= enough && check_now() < give_up); i++) {
		struct peer p;
		pthread_t thread;
		int status;
		char way = (char)(i % WAYS);
		*round_seed = (unsigned)(i * 7919 + 1);
		p = peer_start(target);
		tell(p.channel, &way, 1);
		if (way == KILLED)
			CHECK(pthread_create(&thread, NULL, kill_soon, &p.pid) == 0);
		pairs += disturb_to_the_end(p.pid, object);
		if (way == KILLED)
			CHECK(pthread_join(thread, NULL) == 0);
		CHECK(waitpid(p.pid, &status, 0) == p.pid);
		CHECK(way == KILLED ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
			: WIFEXITED(status) && WEXITSTATUS(status) == 7);
		close(p.channel);
	}
	fprintf(stderr, "%d pairs on %d targets\n", pairs, i);
	CHECK(pairs > enough);
	return 0;
}
