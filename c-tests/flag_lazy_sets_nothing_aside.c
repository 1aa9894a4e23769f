/*
 * MAP_LAZY and MAP_NORESERVE reach the kernel as MAP_NORESERVE, with either
 * type; no page is there until it is touched.
 */
#include "target.h"

static void test(struct target *t)
{
	static const int flags[] = { MAP_LAZY, MAP_NORESERVE, MAP_LAZY | MAP_NORESERVE };
	unsigned char *a;
	size_t i;
	for (i = 0; i < 3; i++) {
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | flags[i], NOFD, 0));
		CHECK(has_vm_flag(t->pid, a, "nr"));
		CHECK(pages_present(t->pid, a, 16 * PAGE) == 0);
		target_write(t, a + 5 * PAGE, 1);
		CHECK(pages_present(t->pid, a + 5 * PAGE, PAGE) == 1);
		CHECK_OK(munmap_peer(t->pid, a, 16 * PAGE));
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | flags[i], NOFD, 0));
		target_write(t, a, 1);
		CHECK_OK(munmap_peer(t->pid, a, PAGE));
	}
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, NOFD, 0));
	CHECK(!has_vm_flag(t->pid, a, "nr"));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
