/*
 * A file refuses to be mapped, late, when the kernel has made room for it. A thread of
 * the target that maps memory meanwhile, perhaps just there, keeps it.
 */
#include "caller.h"

enum { CALLS = 500 };

static void *maps_and_unmaps(void *unused)
{
	for (;;) {
		volatile unsigned char *p = mmap(NULL, check_page(), READ_WRITE, PRIVATE_ANON, -1, 0);
		CHECK(p != MAP_FAILED);
		*p = 1;
		CHECK(*p == 1);
		CHECK(munmap((void *)p, check_page()) == 0);
	}
	return unused;
}

static int busy(int channel)
{
	CHECK(mman_peer_allow(-1) == 0);
	thread_start(maps_and_unmaps, NULL);
	thread_start(maps_and_unmaps, NULL);
	return obedient_body(channel);
}

int main(int argc, char **argv)
{
	struct peer p;
	int fd;
	be_patient(argc, argv);
	fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		fd = open("/sys/kernel/uevent_seqnum", O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1);
	p = peer_start(busy);
	(void)peer_mapped(&p, NULL);
	for (int i = 0; i < check_fewer(CALLS); i++)
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, check_page(), PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	(void)peer_mapped(&p, NULL);
	peer_dismiss(&p);
	return 0;
}
