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
	char *end = user_space_end();
	char *far = sizeof(void *) == 8 ? (char *)(SIZE_MAX / 2 + 1) : (char *)(-2L * PAGE);
	int fd = memfd_of(1);
	const struct bad_call bad[] = {
		{ "highest page", (void *)-(long)PAGE, PAGE, PROT_NONE, fixed, NOFD, 0, EINVAL },
		{ "highest page, object", (void *)-(long)PAGE, PAGE, PROT_READ, fixed, fd, 0, EINVAL },
		{ "highest page, noreplace", (void *)-(long)PAGE, PAGE, PROT_NONE, noreplace, NOFD, 0, EINVAL },
		{ "far outside", far, PAGE, PROT_NONE, fixed, NOFD, 0, EINVAL },
		{ "end outside", (void *)0x10000000, TOO_LONG, PROT_NONE, fixed | MAP_NORESERVE, NOFD, 0, ENOMEM },
		{ "end outside, object", (void *)0x10000000, TOO_LONG, PROT_READ, fixed, fd, 0, ENOMEM },
		{ "page 0", NULL, PAGE, PROT_NONE, fixed, NOFD, 0, EINVAL },
		{ "page 0, object", NULL, PAGE, PROT_READ, fixed, fd, 0, EINVAL },
	};
	CHECK_BAD_CALLS(t, bad);
	if (end != NULL) {
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, end, PAGE, PROT_NONE, fixed, NOFD, 0), EINVAL);
		MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, end - PAGE, 2 * PAGE, PROT_NONE, fixed, NOFD, 0), ENOMEM);
	}
	close(fd);
}

static void page_0_is_for_root(struct target *t)
{
	void *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_FIXED, NOFD, 0));
	CHECK(a == NULL);
	CHECK_RANGE(t, a, PAGE, "---p");
	CHECK_OK(munmap_peer(t->pid, NULL, PAGE));
}

int main(void)
{
	void *a = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	if (a != MAP_FAILED) {
		munmap(a, PAGE);
		own_and_peer(NULL, page_0_is_for_root);
	}
	own_and_peer(ordinary, test);
	return 0;
}
