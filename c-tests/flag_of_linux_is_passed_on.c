/*
 * Linux's own flags keep their meaning: MAP_GROWSDOWN, MAP_32BIT where the
 * processor heeds it, MAP_SYNC with MAP_SHARED (ignored), MAP_FIXED_NOREPLACE
 * (err_taken_place_is_eexist.c), MAP_HUGETLB on an object that has no huge
 * pages (EINVAL).
 */
#include "target.h"

static void test(struct target *t)
{
	unsigned char *a;
	int fd = memfd_of(1);

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, NOFD, 0));
	CHECK(has_vm_flag(t->pid, a, "gd"));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
#if defined(MAP_32BIT) && defined(__x86_64__)
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_32BIT, NOFD, 0));
	CHECK((uintptr_t)a < 0x80000000u);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED | MAP_32BIT, fd, 0));
	CHECK((uintptr_t)a < 0x80000000u && target_read(t, a) == 1);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
#endif
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED | MAP_SYNC, fd, 0));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HUGETLB, fd, 0) == MAP_FAILED && errno == EINVAL);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HUGETLB, fd, 0), EINVAL);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
