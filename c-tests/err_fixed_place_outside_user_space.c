/*
 * MAP_FIXED: an address outside user space is EINVAL, one inside with the end
 * outside ENOMEM; below vm.mmap_min_addr it is EINVAL where mmap() says EPERM.
 * Nothing changes.
 */
#include "target.h"
#include <linux/capability.h>

/* Who may do raw I/O may map page 0 (cap_mmap_addr() in the kernel). */
static void ordinary(void)
{
	drop_capability(CAP_SYS_RAWIO);
}

static void test(struct target *t)
{
	const int fixed = MAP_PRIVATE | MAP_FIXED, noreplace = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
	/* Of 47 bits; some processors have more. Of 32 bits under a 64-bit kernel. */
	char *last = sizeof(void *) == 8 ? (char *)(uintptr_t)0x7fffffffe000 : (char *)(uintptr_t)0xffffd000;
	char *far = sizeof(void *) == 8 ? (char *)(SIZE_MAX / 2 + 1) : (char *)-8192L;
	int fd = memfd_of(1);
	const struct bad_call bad[] = {
		{ "highest page", (void *)-4096L, 4096, PROT_NONE, fixed, NOFD, 0, EINVAL },
		{ "highest page, object", (void *)-4096L, 4096, PROT_READ, fixed, fd, 0, EINVAL },
		{ "highest page, noreplace", (void *)-4096L, 4096, PROT_NONE, noreplace, NOFD, 0, EINVAL },
		{ "far outside", far, 4096, PROT_NONE, fixed, NOFD, 0, EINVAL },
		{ "end outside", (void *)0x10000000, TOO_LONG, PROT_NONE, fixed | MAP_NORESERVE, NOFD, 0, ENOMEM },
		{ "end outside, object", (void *)0x10000000, TOO_LONG, PROT_READ, fixed, fd, 0, ENOMEM },
		{ "page 0", NULL, 4096, PROT_NONE, fixed, NOFD, 0, EINVAL },
		{ "page 0, object", NULL, 4096, PROT_READ, fixed, fd, 0, EINVAL },
	};
	CHECK_BAD_CALLS(t, bad);
	if (munmap(last + 4096, 4096) == -1) {	/* user space ends here */
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, last + 4096, 4096, PROT_NONE, fixed, NOFD, 0), EINVAL);
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, last, 8192, PROT_NONE, fixed, NOFD, 0), ENOMEM);
	}
	close(fd);
}

static void page_0_is_for_root(struct target *t)
{
	void *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_FIXED, NOFD, 0));
	CHECK(a == NULL);
	CHECK_RANGE(t, a, 4096, "---p");
	CHECK_OK(munmap_peer(t->pid, NULL, 4096));
}

int main(void)
{
	void *a = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	if (a != MAP_FAILED) {
		munmap(a, 4096);
		own_and_peer(NULL, page_0_is_for_root);
	}
	own_and_peer(ordinary, test);
	return 0;
}
