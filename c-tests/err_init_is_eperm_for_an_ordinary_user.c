/*
 * Process 1 belongs to root: an ordinary user's calls on it are EPERM, also
 * with arguments that would be refused anyway.
 *
 * runs-as: user
 */
#include "target.h"

int main(void)
{
	struct target t = { .pid = 1 };
	struct stat init;

	CHECK(stat("/proc/1", &init) == 0);
	if (init.st_uid == getuid())
		check_skip("process 1 belongs to the same user here");
	MAP_FAILS_CLEANLY(&t, mmap_peer(1, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), EPERM);
	MAP_FAILS_CLEANLY(&t, mmap_peer(1, NULL, 0, 0x100, 0, CLOSED_FD, 0), EPERM);
	UNMAP_FAILS_CLEANLY(&t, munmap_peer(1, (void *)0x10000, PAGE), EPERM);
	UNMAP_FAILS_CLEANLY(&t, munmap_peer(1, NULL, 0), EPERM);
	return 0;
}
