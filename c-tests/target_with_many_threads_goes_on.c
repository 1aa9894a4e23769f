/*
 * A target of twelve threads: some compute, some sleep, some wait in futex and
 * poll, some map and unmap for themselves. While mappings are made and
 * removed from outside, each goes on, and each finds its work right. A mapping
 * is there for all threads when the call returns.
 */
#include "disturb.h"
#include <linux/futex.h>

enum { EACH = 3, WORKERS = 4 * EACH };

static struct {
	atomic_int dismissed;
	atomic_ulong progress[WORKERS];
	_Atomic uintptr_t probe;        /* an address that all threads are to read */
	atomic_int probed, probe_number;
} *shared;

static uint64_t compute(void)
{
	uint64_t x = 1;
	int i;
	for (i = 0; i < 5000; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	return x;
}

static void work(int me)
{
	static _Atomic uint64_t right;
	int word = 0;
	struct timespec moment = { 0, 100000 };
	char *m;
	switch (me % 4) {
	case 0:
		right = right ? right : compute();
		CHECK(compute() == right);
		usleep(50);
		break;
	case 1:
		CHECK(usleep(100) == 0);
		break;
	case 2:
		CHECK(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &moment, NULL, 0) == -1 && errno == ETIMEDOUT);
		CHECK(poll(NULL, 0, 1) == 0);
		break;
	default:
		m = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(m != MAP_FAILED);
		memset(m, me, 65536);
		CHECK(m[65535] == me && munmap(m, 65536) == 0);
		usleep(50);
	}
}

static void *worker(void *arg)
{
	int me = (int)(intptr_t)arg, probe = 0;
	while (!shared->dismissed) {
		work(me);
		shared->progress[me]++;
		if (shared->probe_number > probe) {
			probe = shared->probe_number;
			CHECK(*(volatile char *)shared->probe == 0);
			shared->probed++;
		}
	}
	return NULL;
}

static int target(int channel)
{
	pthread_t threads[WORKERS];
	int i;
	(void)channel;
	for (i = 0; i < WORKERS; i++)
		CHECK(pthread_create(&threads[i], NULL, worker, (void *)(intptr_t)i) == 0);
	for (i = 0; i < WORKERS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	return 0;
}

int main(void)
{
	struct peer p;
	unsigned long before[WORKERS];
	int i, round, fd = an_object();
	void *m;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	for (i = 0; i < WORKERS; i++)
		AWAIT(shared->progress[i] > 0);
	for (round = 1; round <= check_fewer(10); round++) {
		disturb_times(p.pid, 10);
		disturb_by_file(p.pid, fd);
		m = map_in(p.pid);
		shared->probed = 0;
		shared->probe = (uintptr_t)m;
		shared->probe_number = round;
		AWAIT(shared->probed == WORKERS);
		unmap_in(p.pid, m);
	}
	for (i = 0; i < WORKERS; i++)
		before[i] = shared->progress[i];
	for (i = 0; i < WORKERS; i++)
		AWAIT(shared->progress[i] > before[i]);
	shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}
