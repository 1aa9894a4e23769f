/*
 * The first thread of a target has ended (pthread_exit in main); the process
 * lives on by its other threads. Mappings are made and removed as ever.
 */
#include "disturb.h"

static struct { atomic_int dismissed; atomic_ulong progress; _Atomic uintptr_t probe; size_t pages; } *shared;

static void *survivor(void *reads)
{
	while (!shared->dismissed) {
		uintptr_t at = reads ? shared->probe : 0;
		CHECK(usleep(500) == 0);
		if (at) {
			unsigned char present[8];
			CHECK(shared->pages == 0 || (mincore((void *)at, shared->pages * check_page(), present) == 0 &&
						     memcmp(present, "\1\1\1\1\1\1\1\1", shared->pages) == 0));
			CHECK(*(volatile char *)at == 0);
			shared->probe = 0;
		}
		shared->progress++;
	}
	_exit(0);
}

static int target(int channel)
{
	pthread_t thread;
	(void)channel;
	CHECK(pthread_create(&thread, NULL, survivor, shared) == 0);
	CHECK(pthread_create(&thread, NULL, survivor, NULL) == 0);
	syscall(SYS_exit, 0);
	return 1;
}

int main(void)
{
	struct peer p;
	int i, fd = an_object();
	void *m;
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	await_state(p.pid, 'Z');
	AWAIT(shared->progress > 0);
	for (i = 0; i < check_rounds(50); i++) {
		m = map_in(p.pid);
		shared->probe = (uintptr_t)m;
		AWAIT(shared->probe == 0);
		unmap_in(p.pid, m);
		disturb_by_file(p.pid, fd);
	}
	/* Its memory is looked into by those that live. */
	CHECK_MAPS(m, mmap_peer(p.pid, NULL, 8 * check_page(), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANON | MAP_POPULATE, NOFD, 0));
	shared->pages = 8;
	shared->probe = (uintptr_t)m;
	AWAIT(shared->probe == 0);
	shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	/* Nothing is left of it now. */
	CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), ESRCH);
	return 0;
}
