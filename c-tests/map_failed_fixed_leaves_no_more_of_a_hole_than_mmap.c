/* A MAP_FIXED that fails late has taken away what was there, or has not, as the
 * kernel's mmap() does; a peer's memory is no worse off than one's own. */
#include "target.h"

/* Whether the page is mapped still, after a socket could not be mapped over it. */
static int kept_in_place(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned char there, *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	int kept;
	CHECK(fd != -1 && at != MAP_FAILED);
	CHECK(mmap(at, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED && errno == ENODEV);
	kept = mincore(at, PAGE, &there) == 0;
	if (kept)
		munmap(at, PAGE);
	close(fd);
	return kept;
}

static void test(struct target *t)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), kept = kept_in_place();
	unsigned char *at;
	CHECK(fd != -1);
	CHECK_MAPS(at, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, NOFD, 0));
	CHECK_MAP_FAILS(mmap_peer(t->pid, at, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0), ENODEV);
	if (kept)
		CHECK(target_mapped(t, at));
	CHECK_OK(munmap_peer(t->pid, at, PAGE));
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
