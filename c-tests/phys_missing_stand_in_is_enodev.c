/*
 * A stand-in that is not there is ENODEV, one that may not be opened EPERM, both
 * with a sentence that names the variable; but a dead target is ESRCH and
 * another user's EPERM all the same. When the file appears, calls succeed.
 */
#include "physmem.h"

static void missing(struct target *t)
{
	const int phys = MAP_PHYS | MAP_SHARED;
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, phys, NOFD, 0), ENODEV);
	CHECK(strstr(mman_peer_explain(), "MMAN_PEER_PHYSMEM") != NULL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_PRIVATE, NOFD, 0), ENODEV);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, phys, physmem, 0), ENODEV);
	/* What is wrong in any case comes first. */
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 0, PROT_READ, phys, NOFD, 0), EINVAL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, phys | MAP_HANDLE, NOFD, 0), ENOTSUP);
}

static void forbidden(struct target *t)
{
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, 0), EPERM);
	CHECK(strstr(mman_peer_explain(), "MMAN_PEER_PHYSMEM") != NULL);
}

static void ordinary(void)
{
	if (geteuid() == 0)
		become_user(65431);
	own_and_peer(NULL, forbidden);
}

static void there(struct target *t)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
}

int main(int argc, char **argv)
{
	struct peer dead;
	(void)argc;
	physmem_begin(argv, 16 * PAGE);
	own_and_peer(NULL, there);
	CHECK(rename(PHYSMEM_NAME, "elsewhere") == 0);
	own_and_peer(NULL, missing);
	dead = consenting_peer();
	peer_kill(&dead);
	CHECK_MAP_FAILS(mmap_peer(dead.pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, 0), ESRCH);
	CHECK(rename("elsewhere", PHYSMEM_NAME) == 0);
	CHECK(fchmod(physmem, 0) == 0);
	in_child(ordinary);
	CHECK(fchmod(physmem, 0600) == 0);
	own_and_peer(NULL, there);
	return 0;
}
