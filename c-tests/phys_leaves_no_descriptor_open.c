/*
 * Physical memory is opened for the call alone: afterwards neither process has a
 * descriptor of it, whether the call succeeded or failed, in the arguments or in
 * the target's mmap(). A target without a free descriptor is EMFILE.
 */
#include "physmem.h"

static const int phys = MAP_PHYS | MAP_SHARED;

static void test(struct target *t)
{
	struct snapshot *before = snapshots_before, *after = snapshots_after;
	unsigned char *a[100];
	size_t i;
	snapshot_fds(&before[0], getpid());
	snapshot_fds(&before[1], t->pid);
	for (i = 0; i < LENGTH_OF(a); i++)
		CHECK_MAPS(a[i], mmap_peer(t->pid, NULL, PAGE, READ_WRITE, phys, NOFD, (off_t)(i % 16 * PAGE)));
	snapshot_fds(&after[0], getpid());
	snapshot_fds(&after[1], t->pid);
	for (i = 0; i < 2; i++)
		CHECK(before[i].fds_size == after[i].fds_size && memcmp(before[i].fds, after[i].fds, after[i].fds_size) == 0);
	CHECK(!physmem_is_open_in(getpid()));
	for (i = 0; i < LENGTH_OF(a); i++)
		CHECK_OK(munmap_peer(t->pid, a[i], PAGE));

	/* Refused by the target's mmap(): below vm.mmap_min_addr, outside user space, taken. */
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, (void *)(-2L * PAGE), PAGE, PROT_READ, phys | MAP_FIXED, NOFD, 0), EINVAL);
	CHECK_MAPS(a[0], mmap_peer(t->pid, NULL, PAGE, READ_WRITE, phys, NOFD, 0));
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, a[0], PAGE, PROT_READ, phys | MAP_FIXED_NOREPLACE, NOFD, 0), EEXIST);
	CHECK_OK(munmap_peer(t->pid, a[0], PAGE));
}

static void no_descriptor_free(void)
{
	struct rlimit none = { 0, 0 };
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
}

static void full(struct target *t)
{
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, phys, NOFD, 0), EMFILE);
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, 16 * PAGE);
	own_and_peer(NULL, test);
	on_peer(no_descriptor_free, full);
	CHECK(!physmem_is_open_in(getpid()));
	return 0;
}
