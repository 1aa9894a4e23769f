/* time-limit: 60
 * However few descriptors the caller has free, memory is moved only while all threads
 * of its process stand still: what they count in it is not lost.
 */
#include "utek.h"
#include <sys/resource.h>

enum { THREADS = 2, FREE = 6 };

#define SIZE ((size_t)32 << 20)

static volatile unsigned long *counters;
static volatile int stop;

static void *counts(void *which)
{
	volatile unsigned long *mine = counters + (uintptr_t)which * SIZE / THREADS / sizeof *counters;
	unsigned long count = 0;
	for (*mine = count; !stop; *mine = ++count)
		if (*mine != count)
			check_failed(__FILE__, __LINE__, "a count is lost");
	return NULL;
}

static int target(int channel)
{
	pthread_t t[THREADS];
	unsigned char *area = utek_memory(SIZE, 1);
	counters = (volatile unsigned long *)area;
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, counts, (void *)i) == 0);
	tell_word(channel, (uintptr_t)area);
	CHECK(hear_word(channel) == 1);
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}

int main(void)
{
	struct rlimit few = { 64, 64 };
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	const int rounds = check_fewer(4);
	for (int i = 0; i < FREE * rounds; i++) {
		const int left = i / rounds;
		/* The one that matters, on a slow machine: enough for the call, but for two at a time. */
		if (check_slowness() > 1 && left != 3)
			continue;
		struct peer p = peer_start(target);
		unsigned char *theirs = (unsigned char *)hear_word(p.channel), *room = utek_room(SIZE);
		int taken[64], n = 0;
		while (n < 64 && (taken[n] = dup(0)) != -1)
			n++;
		for (int j = 0; j < left; j++)
			close(taken[--n]);
		if (utek_call(p.pid, theirs, room, SIZE, RW_SELF, SHARED) == 0)
			CHECK(munmap(room, SIZE) == 0);
		while (n > 0)
			close(taken[--n]);
		tell_word(p.channel, 1);
		CHECK(peer_status(&p) == 0);
		close(p.channel);
	}
	return 0;
}
