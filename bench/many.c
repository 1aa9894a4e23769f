/*
 * many.c: many callers on one target, and one caller on many targets, by a
 * service in them and by injection.
 */
#include "bench.h"
#include <sys/mman_peer.h>
#include <mman_peer.h>

enum { MOST_CALLERS = 64, TARGETS = 1000, ROUNDS = 3 };

struct start { volatile int go, ready; volatile double took[MOST_CALLERS]; };
static struct start *start;

static void serve(void)
{
	if (mman_peer_serve() != 0)
		die("mman_peer_serve");
}

/* Many tracers keep each other waiting, up to the time limit: then once more. */
static void pair(pid_t pid)
{
	void *p;
	int done;
	do p = mmap_peer(pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, NOFD, 0);
	while (p == MAP_FAILED && errno == EAGAIN);
	if (p != MAP_FAILED)
		do done = munmap_peer(pid, p, PAGE);
		while (done != 0 && errno == EAGAIN);
	if (p == MAP_FAILED || done != 0) {
		fprintf(stderr, "bench: %s\n", mman_peer_explain());
		_exit(1);
	}
}

static void caller(pid_t target, int warm_up, int pairs)
{
	int i;
	for (i = 0; i < warm_up; i++)
		pair(target);
	__atomic_add_fetch(&start->ready, 1, __ATOMIC_SEQ_CST);
	while (start->go == 0)
		usleep(100);
	for (i = 0; i < pairs; i++)
		pair(target);
	_exit(0);
}

/* Microseconds for a pair, with so many callers at once. */
static double callers_at_once(pid_t target, int count, int warm_up, int pairs)
{
	pid_t pids[MOST_CALLERS];
	double began, took;
	int i, status;
	start->go = start->ready = 0;
	for (i = 0; i < count; i++)
		if ((pids[i] = fork()) == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			caller(target, warm_up, pairs);
		}
	while (start->ready < count)
		usleep(1000);
	began = now();
	start->go = 1;
	for (i = 0; i < count; i++)
		if (waitpid(pids[i], &status, 0) != pids[i] || status != 0)
			die("a caller failed");
	took = now() - began;
	return took / ((double)pairs * count);
}

static double on_all(const struct target *targets, int count)
{
	double began = now();
	int i;
	for (i = 0; i < count; i++)
		pair(targets[i].pid);
	return (now() - began) / count;
}

static struct target *many_targets(void)
{
	struct target *targets = malloc(TARGETS * sizeof *targets);
	int i;
	for (i = 0; targets != NULL && i < TARGETS; i++)
		targets[i] = target_start(1, 0);
	return targets;
}

int main(void)
{
	static const int counts[] = { 1, 8, 64 };
	struct samples s[2][3] = { 0 }, many[2] = { 0 };
	struct target one[2], *all[2];
	int i, k, round;
	start = mmap(NULL, sizeof *start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED)
		die("mmap");
	one[1] = target_start(1, 0);
	all[1] = many_targets();
	target_prepare = serve;
	one[0] = target_start(1, 0);
	all[0] = many_targets();
	for (round = 0; round < ROUNDS; round++)
		for (k = 0; k < 2; k++) {
			for (i = 0; i < 3; i++)
				sample(&s[k][i], callers_at_once(one[k].pid, counts[i], k == 0 ? 40 : 1,
					k == 0 ? 2000 / counts[i] : 64 / counts[i]));
			sample(&many[k], on_all(all[k], TARGETS));
		}
	printf("\n%-42s%20s%20s\n", "Microseconds a pair", "by a service", "by injection");
	for (i = 0; i < 3; i++)
		printf("%5d caller%-31s%17.1f us%17.1f us\n", counts[i], counts[i] == 1 ? " on one target" : "s at once on one target",
		       median(&s[0][i]), median(&s[1][i]));
	printf("%-42s%17.1f us%17.1f us\n", "    1 caller on 1,000 targets in turn", median(&many[0]), median(&many[1]));
	for (k = 0; k < 2; k++) {
		target_end(&one[k]);
		for (i = 0; i < TARGETS; i++)
			target_end(&all[k][i]);
	}
	return 0;
}
