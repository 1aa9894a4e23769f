/*
 * MAP_LOCKED: the pages are present and locked in the target, and counted there
 * (VmLck), not in the caller. Memory that cannot be filled is no error, as for
 * mmap(): no access, or past the object's end.
 */
#include "target.h"

#define LEN (16 * PAGE)

static void locks(struct target *t, int prot, int flags, int fd, size_t present)
{
	long long before = status_value(t->pid, "VmLck"), own = status_value(getpid(), "VmLck");
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, prot, flags | MAP_LOCKED, fd, 0));
	CHECK(status_value(t->pid, "VmLck") == before + LEN / 1024);
	CHECK(t->own || status_value(getpid(), "VmLck") == own);
	CHECK(has_vm_flag(t->pid, a, "lo"));
	CHECK(pages_present(t->pid, a, LEN) == present);
	CHECK_OK(munmap_peer(t->pid, a, LEN));
	CHECK(status_value(t->pid, "VmLck") == before);
}

/*
 * Of memory that may only be executed the kernel brings nothing in where the
 * processor has protection keys: such memory cannot be read at all then.
 */
static size_t executable_pages_present(void)
{
	unsigned char *a = mmap(NULL, LEN, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	size_t present;
	CHECK(a != MAP_FAILED);
	present = pages_present(getpid(), a, LEN);
	munmap(a, LEN);
	return present;
}

static void test(struct target *t)
{
	int fd = memfd_of(16), small = memfd_of(1);
	locks(t, PROT_READ | PROT_WRITE, MAP_PRIVATE, NOFD, 16);
	locks(t, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 16);
	locks(t, PROT_READ, MAP_SHARED, fd, 16);
	locks(t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 16);
	locks(t, PROT_WRITE, MAP_SHARED, fd, 16);
	locks(t, PROT_EXEC, MAP_PRIVATE, NOFD, t->own ? executable_pages_present() : 16);
	locks(t, PROT_NONE, MAP_PRIVATE, NOFD, 0);
	locks(t, PROT_READ, MAP_SHARED, small, 1);
	close(fd);
	close(small);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
